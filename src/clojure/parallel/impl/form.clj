(ns ^:no-doc parallel.impl.form
  "A form with all that it needs to mean the same in a worker as at its call site: the namespace's name, the aliases, refers and
  imports that the form uses, and the definitions of what exists at the prompt only."
  (:require [clojure.string :as str]
            [parallel.impl.analysis :as analysis]
            [parallel.impl.definitions :as definitions]
            [parallel.impl.errors :as errors])
  (:import [clojure.lang IRecord Namespace Var]
           [parallel StartFailedException]
           [parallel.clojure PortableFunction]
           [parallel.codec Codec]
           [parallel.runtime Job Workers]))

(set! *warn-on-reflection* true)

(defn- symbols
  "All symbols in a form, in its maps, sets and metadata too."
  [form]
  (->> (tree-seq coll? (fn [x] (if (meta x) (cons (dissoc (meta x) :line :column :end-line :end-column :file :source) (seq x)) (seq x))) form)
       (filter symbol?)
       (into #{})))

(defn loadable?
  "Whether a worker can require the namespace: it is on the class path, and not just being loaded here."
  [ns-sym]
  (and (not= ns-sym 'user)
       (analysis/on-class-path? ns-sym)
       (not (analysis/being-loaded? ns-sym))))

(def ^:private core 'clojure.core)

(defn- needs-of
  "What one symbol of a form needs from its namespace: {:aliases {..} :refers {..} :imports #{..} :requires #{..} :own? bool}."
  [ns sym]
  (let [qualifier (some-> (namespace sym) symbol)
        aliased (when qualifier (get (ns-aliases ns) qualifier))]
    (cond
      (= qualifier (ns-name ns)) {:own? true}
      aliased {:aliases {qualifier (ns-name aliased)} :requires #{(ns-name aliased)}}
      qualifier (merge (when (or (find-ns qualifier) (analysis/on-class-path? qualifier)) {:requires #{qualifier}})
                       (when (class? (get (ns-imports ns) qualifier))
                         {:imports #{(.getName ^Class (get (ns-imports ns) qualifier))}}))
      :else
      (let [bare (symbol (str/replace (name sym) #"(?<=.)\.$" ""))
            target (or (get (ns-map ns) sym) (get (ns-map ns) bare))]
        (cond
          (class? target) {:imports #{(.getName ^Class target)}}
          (not (var? target)) nil
          (= (.ns ^Var target) ns) {:own? true}
          (= (ns-name (.ns ^Var target)) core) (when-not (= (.sym ^Var target) sym) {:refers {sym (symbol target)}})
          :else {:refers {sym (symbol target)} :requires #{(ns-name (.ns ^Var target))}})))))

(defn- merge-needs [a b]
  (merge-with (fn [x y] (if (coll? x) (into x y) (or x y))) a b))

(defn- default-import? [class-name]
  (str/starts-with? class-name "java.lang."))

(defn context
  "What a form needs from the namespace named ns-sym."
  [ns-sym form]
  (let [ns (or (find-ns ns-sym) (create-ns ns-sym))
        needs (reduce (fn [acc sym] (merge-needs acc (needs-of ns sym)))
                      {:aliases {} :refers {} :imports #{} :requires #{} :own? false}
                      (symbols form))]
    {:ns ns-sym
     :aliases (:aliases needs)
     :refers (:refers needs)
     :imports (vec (remove default-import? (:imports needs)))
     :requires (vec (filter loadable? (cond-> (disj (:requires needs) ns-sym core)
                                        (:own? needs) (conj ns-sym))))}))

(defn- read-all
  "The forms of a string of code as far as they read, to find what they need; the worker reads them itself."
  [ns-sym ^String code]
  (let [reader (clojure.lang.LineNumberingPushbackReader. (java.io.StringReader. code))]
    (binding [*ns* (or (find-ns ns-sym) *ns*) *read-eval* false]
      (loop [forms []]
        (let [form (try
                     (read {:eof ::end :read-cond :allow} reader)
                     (catch Exception _ ::end))]
          (if (= form ::end) forms (recur (conj forms form))))))))

(defn check
  "The form itself, or :bad-argument when it is not one."
  [form]
  (cond
    (var? form) (symbol form)
    (instance? PortableFunction form) form
    (fn? form) (throw (errors/bad-argument
                       (str "A function object cannot travel: " (class form)
                            ". Give a quoted form, '(fn [x] ...), a qualified symbol, a var, #'f, or (pfn [x] ...).")
                       {:class (.getName (class form))}))
    :else form))

;; ---- how long an analysis stands

(defn- unchanged-namespace
  "A function that says whether names still mean the same in a namespace, as vars or classes."
  [^Namespace ns]
  (let [ns-sym (ns-name ns) mappings (.getMappings ns) aliases (.getAliases ns)]
    (fn [] (and (identical? ns (find-ns ns-sym)) (identical? mappings (.getMappings ns)) (identical? aliases (.getAliases ns))))))

(defn- target-in
  "What a symbol means in a namespace: a var, a class or nil."
  [ns sym]
  (try (ns-resolve ns sym) (catch Exception _ nil)))

(defn- lasting-name?
  "Whether a name that a form refers to means the same as long as its namespace and vars do not change. The expansion of a macro that is
  not clojure.core's may depend on anything."
  [ns sym]
  (let [target (target-in ns sym)]
    (cond
      (var? target)   (or (= core (ns-name (.ns ^Var target))) (not (.isMacro ^Var target)))
      (class? target) true
      :else           (and (namespace sym) (class? (target-in ns (symbol (namespace sym))))))))

(defn- lasting-qualifier?
  "Whether what stands before the slash, if anything does, is something now, and not only once it is loaded."
  [ns sym]
  (let [q (some-> (namespace sym) symbol)]
    (or (nil? q) (get (ns-aliases ns) q) (find-ns q) (class? (target-in ns q)))))

(defn- lasting-leaf? [x]
  (or (nil? x) (symbol? x) (keyword? x) (string? x) (boolean? x) (char? x) (int? x) (float? x) (coll? x)))

(defn- lasting?
  "Whether a form, and what it refers to, can change only together with namespaces and vars."
  [ns form {:keys [free all?]}]
  (and all?
       (every? #(lasting-name? ns %) free)
       (every? #(lasting-qualifier? ns %) (symbols form))
       (every? lasting-leaf? (tree-seq coll? seq form))))

;; ---- definitions that travel

(defn- from-class-path? [^Var v]
  (or (loadable? (ns-name (.ns v)))
      (definitions/in-a-resource? v)))

(defn- meant
  "The var that a symbol of a form means, that of its constructor for a record or type of the prompt; or nil."
  [ns sym]
  (let [target (target-in ns sym)]
    (if (class? target)
      (when (instance? clojure.lang.DynamicClassLoader (.getClassLoader ^Class target))
        (definitions/of-class target))
      (some-> target definitions/defining))))

(declare gather)

(defn- gather-form [acc target {:keys [ns form]} key]
  (-> (gather acc (the-ns ns) form)
      (update :definitions conj (assoc (context ns form) :form form :name target :key key))))

(defn- gather-var [acc ^Var v]
  (let [target (symbol v)]
    (if (or (contains? (:seen acc) target) (= core (ns-name (.ns v))))
      acc
      (let [acc    (-> (update acc :seen conj target)
                       (update :unchanged conj (definitions/unchanged v) (unchanged-namespace (.ns v))))
            source (definitions/source v)
            acc    (cond
                     source               (gather-form acc target source nil)
                     (from-class-path? v) acc
                     :else                (update acc :missing conj target))]
        (reduce (fn [acc [key addition]] (gather-form acc target addition key)) acc (definitions/additions v))))))

(defn- gather
  "acc with what a form refers to and exists only at the prompt, the definitions in the order in which they must be evaluated. What
  says whether something has changed since is made before that is looked at."
  [acc ns form]
  (let [acc   (update acc :unchanged conj (unchanged-namespace ns))
        names (analysis/names ns form)]
    (reduce gather-var
            (update acc :lasting? #(and % (lasting? ns form names)))
            (keep #(meant ns %) (:free names)))))

(defn- gather-records
  "The same for the records among args, and directly inside one."
  [acc args]
  (reduce gather-var acc
          (for [arg args
                x   (cons arg (when (and (coll? arg) (not (record? arg))) (take 100 arg)))
                :when (instance? IRecord x)
                :let [v (when (instance? clojure.lang.DynamicClassLoader (.getClassLoader (class x))) (definitions/of-class (class x)))]
                :when v]
            v)))

(def ^:private nothing {:seen #{} :definitions [] :missing #{} :lasting? true :unchanged []})

(defn- unique
  "One form may define several names: it is evaluated once."
  [definitions]
  (second (reduce (fn [[seen out] {:keys [form] :as definition}]
                    (if (some #(identical? form %) seen) [seen out] [(conj seen form) (conj out definition)]))
                  [[] []]
                  definitions)))

;; ---- refusing in advance

(def ^:private everywhere-symbols
  "What forms given to everywhere mention: a worker may have it from there."
  (atom #{}))

(defn note-everywhere! [form]
  (swap! everywhere-symbols into (symbols form)))

(defn forget-everywhere! []
  (reset! everywhere-symbols #{}))

(defn- sentence [kind names]
  (let [listed (str/join ", " names) one? (= 1 (count names))]
    (case kind
      :unknown-namespace (str "No such namespace: " (str/join ", " (distinct (map namespace names))) " (in " listed "). Require it where the "
                              "form stands, (require '[the.namespace :as " (namespace (first names)) "]): the form's aliases go along.")
      :unbound (str "Unable to resolve symbol: " listed ". A quoted form does not see the locals around it: pass them as arguments, "
                    "(run '(fn [x] ...) x), or write the body in (spawn ...), which takes them along.")
      :missing (str "Unable to resolve symbol: " listed ". " (if one? "It was" "They were") " defined at the prompt, and "
                    (if one? "its source is" "their sources are") " not known. Define " (if one? "it" "them") " in all workers, "
                    "(everywhere '(defn " (name (first names)) " ...)), or in a file of the class path; an nREPL server with "
                    "parallel.nrepl/middleware notes what is defined at its prompt, and sends it along."))))

(defn- refusal
  "The error of a run whose form certainly cannot be compiled in the worker, or nil."
  [ns form missing in-thread?]
  (let [known   @everywhere-symbols
        {:keys [free sure?]} (analysis/names ns form)
        unbound (when sure? (remove known (analysis/unbound ns free)))
        missing (when (and sure? (not in-thread?)) (remove #(or (known %) (known (symbol (name %)))) missing))]
    (when-let [[kind names] (cond (some namespace unbound) [:unknown-namespace (filter namespace unbound)]
                                  (seq unbound) [:unbound unbound] (seq missing) [:missing missing])]
      (StartFailedException. (str "Its form does not read, expand or compile: " (sentence kind (sort names)))
                             {"symbols" (vec names)} nil))))

;; ---- the job

(defn- with-definitions
  "[what travels besides the form, symbols of vars that exist at the prompt only and whose definition is not known, functions that
  say together whether that would be the same now; nil where nothing can]"
  [ns-sym forms args]
  (let [ns (or (find-ns ns-sym) (create-ns ns-sym))
        {:keys [definitions missing lasting? unchanged]} (gather-records (reduce #(gather %1 ns %2) nothing forms) args)]
    [(cond-> (context ns-sym forms)
       (seq definitions) (assoc :definitions (unique definitions)))
     missing
     (when lasting? unchanged)]))

(defn travelling
  "What travels besides a form, and besides values that it is given."
  [ns-sym form values]
  (first (with-definitions ns-sym [form] values)))

(defn- encoded
  "Args are bytes by themselves where they may need the definitions to be read."
  ^Job [context form args]
  (let [args (vec args)]
    (Workers/job Job/FORM
                 (reify java.util.function.Supplier
                   (get [_]
                     (Codec/toBytes (assoc context
                                           (if (string? form) :code :form) form
                                           :args (if (:definitions context) (Codec/toBytes args) args))))))))

(defn- with-advice
  "context, with what a worker says that does not know a name of which only this prompt knows what it means."
  [context missing]
  (cond-> context
    (seq missing) (assoc :missing {:names (mapv name missing) :advice (sentence :missing (sort missing))})))

(defn job
  "The job of evaluating a form, and calling its value with args where it is a function; a Job that fails where something
  cannot travel."
  ^Job [ns-sym form args]
  (let [form (check form)
        [context missing] (with-definitions ns-sym (if (string? form) (read-all ns-sym form) [form]) args)]
    (encoded (with-advice context missing) form args)))

(defn lasting-job
  "[the job of evaluating a form, a function that says whether it would be the same job now; nil where nothing can say that]"
  [ns-sym form]
  (let [form (check form)
        [context missing unchanged] (with-definitions ns-sym [form] [])]
    [(encoded (with-advice context missing) form [])
     (when (and unchanged (not (analysis/anything-being-loaded?)))
       (fn [] (and (not (analysis/anything-being-loaded?))
                   (every? #(%) unchanged))))]))

(defn job-of-run
  "The same for a new worker; a Job that fails also where a name certainly means nothing there."
  ^Job [ns-sym opts form args]
  (let [form (check form)
        code? (string? form)
        [context missing] (with-definitions ns-sym (if code? (read-all ns-sym form) [form]) args)]
    (if-let [e (when-not code? (refusal (the-ns ns-sym) form missing (= :thread (:in opts))))]
      (Job/failed e)
      (encoded context form args))))
