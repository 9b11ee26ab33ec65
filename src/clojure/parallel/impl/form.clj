(ns ^:no-doc parallel.impl.form
  "A form with all that it needs to mean the same in a worker as at its call site: the namespace's name, the aliases,
  refers and imports that the form uses, and the definitions of what exists at the prompt only."
  (:require [clojure.string :as str]
            [parallel.impl.analysis :as analysis]
            [parallel.impl.definitions :as definitions]
            [parallel.impl.errors :as errors])
  (:import [clojure.lang Namespace Var]
           [parallel StartFailedException]
           [parallel.clojure PortableFunction]
           [parallel.codec Codec UnserializableException]
           [parallel.control Errors Work]
           [parallel.place Workers]))

(set! *warn-on-reflection* true)

(defn- symbols
  "All symbols in a form, in its maps, sets and metadata too."
  [form]
  (->> form
       (tree-seq coll? (fn [x]
                         (if (meta x)
                           (cons (dissoc (meta x) :line :column :end-line :end-column :file :source) (seq x))
                           (seq x))))
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
  "What one symbol of a form needs from its namespace: {:aliases {..} :refers {..} :imports #{..} :requires #{..} :own?
  bool}."
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

(defn- callable?
  "Whether the head of a form can be called: what has no name has been evaluated already."
  [head]
  (or (symbol? head) (keyword? head) (coll? head) (instance? clojure.lang.IFn head)))

(defn- start-of [x]
  (binding [*print-length* 5 *print-level* 3]
    (pr-str x)))

(defn check
  "The form itself, or :bad-argument when it is not one."
  [form]
  (cond
    (var? form) (symbol form)
    (instance? PortableFunction form) form
    (fn? form) (throw (errors/bad-argument
                       (str "A function object cannot be sent: " (class form)
                            ". Give a quoted form, '(fn [x] ...), a qualified symbol, a var, #'f, or (pfn [x] ...).")
                       {:class (.getName (class form))}))
    (and (seq? form) (seq form) (not (callable? (first form))))
    (throw (errors/bad-argument
            (str "The form " (start-of form) " calls " (start-of (first form))
                 ", which is no function: was the quote forgotten? (run '(f x)), not (run (f x)).")))
    :else form))

;; ---- how long an analysis stands

(defn- unchanged-namespace
  "A function that says whether names still mean the same in a namespace, as vars or classes."
  [^Namespace ns]
  (let [ns-sym (ns-name ns) mappings (.getMappings ns) aliases (.getAliases ns)]
    (fn []
      (and (identical? ns (find-ns ns-sym))
           (identical? mappings (.getMappings ns))
           (identical? aliases (.getAliases ns))))))

(defn- target-in
  "What a symbol means in a namespace: a var, a class or nil."
  [ns sym]
  (try (ns-resolve ns sym) (catch Exception _ nil)))

(defn- lasting-name?
  "Whether a name that a form refers to means the same as long as its namespace and vars do not change. The expansion of
  a macro that is not clojure.core's may depend on anything."
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

;; ---- definitions that are sent

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

(defn- cannot-go-along
  "The error that a var, which a form uses, holds what cannot be serialized."
  [^Var v what ^UnserializableException e]
  (let [cause (Errors/notTransferable e)]
    (parallel.NotTransferableException.
     (str "The " what " of " (symbol v) ", which the form uses, cannot be serialized. " (ex-message cause)
          " If each worker is to have one of its own, define it with defonce; "
          "or pass what it is made of as an argument.")
     (assoc (into {} (.data cause)) "var" (str (symbol v)))
     cause)))

(defn- refused [^Var v why held]
  (parallel.NotTransferableException. (str (symbol v) ", which the form uses, cannot be sent to a worker. " why)
                                      {"class" (.getName (class held)) "path" [] "var" (str (symbol v))} nil))

(defn- bytes-of [^Var v what value]
  (when (definitions/endless? value)
    (throw (refused v
                    "It holds a seq that has no end within a million elements. Make it a function, or a vector."
                    value)))
  (try
    (Codec/toBytes value)
    (catch UnserializableException e
      (throw (cannot-go-along v what e)))))

(defn- has-function? [value]
  (and (coll? value) (not (definitions/endless? value)) (some fn? (tree-seq coll? seq value))))

(defn- gather-form [acc target {:keys [ns form locals shape]} key]
  (-> (gather acc (the-ns ns) form)
      (update :definitions conj (cond-> (assoc (context ns form) :form form :name target :key key)
                                  shape  (assoc :shape shape)
                                  locals (assoc :locals (bytes-of (find-var target) "locals" locals))))))

(defn- gather-value [acc ^Var v]
  (let [value (.getRawRoot v)]
    (update acc :definitions conj {:ns (ns-name (.ns v)) :name (symbol v) :dynamic? (.isDynamic v)
                                   :value (bytes-of v "value" value)})))

(defn- tag
  "A dispatch value or a tag of a hierarchy as it is serialized: classes by name."
  [x]
  (cond
    (class? x)  {::class (.getName ^Class x)}
    (vector? x) (mapv tag x)
    :else       x))

(defn- transferable? [x]
  (try
    (Codec/toBytes x)
    true
    (catch UnserializableException _ false)))

(defn- gather-multi
  "What a multimethod has now: methods that were removed are removed there, and its preferences hold."
  [acc ^Var v]
  (let [multi (.getRawRoot v)]
    (if (instance? clojure.lang.MultiFn multi)
      (do
        (when-let [[dispatch-value] (seq (definitions/unknown-methods v loadable?))]
          (throw (refused v (str "The source of its method for " (pr-str dispatch-value) " is not known.") multi)))
        (update acc :multis conj {:name    (symbol v)
                                :methods (into [] (filter transferable?) (map tag (keys (methods multi))))
                                :prefers (vec (for [[x ys] (prefers multi)
                                                    y      ys
                                                    :let   [pair [(tag x) (tag y)]]
                                                    :when  (transferable? pair)]
                                                pair))}))
      acc)))

(def ^:private of-core
  "The dynamic vars of clojure.core that are the user's to bind; the others are of each thread, or of the compiler."
  '#{*print-length* *print-level* *print-meta* *print-dup* *print-readably* *print-namespace-maps* *flush-on-newline*
     *math-context*})

(defn- of-the-library?
  "Whether a namespace is one of this library's: what it binds is of each thread."
  [ns-name]
  (or (contains? #{"parallel.api" "parallel.pool" "parallel.shared" "parallel.nrepl"} ns-name)
      (str/starts-with? ns-name "parallel.impl.")))

(defn- gather-binding
  "The value of a dynamic var in the calling thread, where that has bound it."
  [acc ^Var v]
  (let [sym (symbol v)]
    (if (and (.isDynamic v) (thread-bound? v)
             (not (of-the-library? (namespace sym)))
             (or (not= "clojure.core" (namespace sym)) (of-core (.sym v))))
      (let [value @v]
        (-> (update acc :bindings assoc sym (bytes-of v "binding" value))
            (update :unchanged conj (fn [] (and (thread-bound? v) (identical? value @v))))))
      (update acc :unchanged conj (if (.isDynamic v) (fn [] (not (thread-bound? v))) (constantly true))))))

(defn- gather-definition [acc ^Var v]
  (let [target (symbol v)
        source (definitions/source v)
        kind   (definitions/kind v source)]
    (cond
      (and (= :value kind) (not (has-function? (.getRawRoot v)))) (gather-value acc v)
      source (gather-multi (gather-form acc target (assoc source :shape (definitions/shape v)) nil) v)
      (definitions/replaced? v)
      (throw (parallel.NotTransferableException.
              (str target ", which the form uses, was replaced by a function whose source is not known, "
                   "as with-redefs and alter-var-root do. "
                   "Define it again with defn, or pass the function as an argument, as (pfn [x] ...).")
              {"class" (.getName (class (.getRawRoot v))) "path" [] "var" (str target)} nil))
      :else  (update acc :missing conj target))))

(defn- gather-var [acc ^Var v]
  (let [target (symbol v)]
    (if (contains? (:seen acc) target)
      acc
      (let [acc (gather-binding (update acc :seen conj target) v)]
        (if (= core (ns-name (.ns v)))
          acc
          (let [acc (update acc :unchanged conj (definitions/unchanged v) (unchanged-namespace (.ns v)))
                acc (if (from-class-path? v) acc (gather-definition acc v))]
            (reduce (fn [acc [key addition]] (gather-form acc target addition key)) acc (definitions/additions v))))))))

(defn- gather-foreign
  "What the prompt or the script has added to multimethods and protocols of others: code of theirs may call it at any
  time."
  [acc ns]
  (reduce (fn [acc [target key addition]]
            (if (contains? (:seen acc) [target key])
              acc
              (gather-form (update acc :seen conj [target key]) target addition key)))
          acc
          (definitions/foreign-additions ns from-class-path?)))

(defn- gather
  "acc with what a form refers to and exists only at the prompt, the definitions in the order in which they must be
  evaluated. What says whether something has changed since is made before that is looked at."
  [acc ns form]
  (let [acc   (update acc :unchanged conj (unchanged-namespace ns))
        names (analysis/names ns form)]
    (reduce gather-var
            (update acc :lasting? #(and % (lasting? ns form names)))
            (keep #(meant ns %) (:free names)))))

(def ^:private nothing
  {:seen #{} :definitions [] :multis [] :bindings {} :missing #{} :lasting? true :unchanged []})

(def ^:private asks-the-hierarchy '#{isa? parents ancestors descendants derive underive})

(defn- hierarchy
  "[tag parent] of the global hierarchy."
  []
  (into [] (for [[x parents] (:parents @(var clojure.core/global-hierarchy)) parent parents
                 :let [pair [(tag x) (tag parent)]] :when (transferable? pair)]
             pair)))

(defn- unique
  "One form may define several names: it is evaluated once."
  [definitions]
  (second (reduce (fn [[seen out] {:keys [form] :as definition}]
                    (if (and form (some #(identical? form %) seen))
                      [seen out]
                      [(conj seen form) (conj out definition)]))
                  [[] []]
                  definitions)))

;; ---- records in values

(def ^:private of-records
  "Class to {:bytes of its definitions or nil, :unchanged functions that say together whether they would be the same
  now}."
  (java.util.Collections/synchronizedMap (java.util.WeakHashMap.)))

(def ^:private ^:dynamic *being-gathered*
  "Classes of records whose definitions are being gathered: data that they refer to may have such records."
  #{})

(defn- gathered-definitions [^Class c]
  (binding [*being-gathered* (conj *being-gathered* c)]
    (let [{:keys [definitions multis unchanged]} (if-let [v (definitions/of-class c)] (gather-var nothing v) nothing)]
      {:unchanged unchanged
       :bytes     (when (seq definitions)
                    (Codec/toBytes (cond-> {:definitions (unique definitions)}
                                     (seq multis) (assoc :multis multis :hierarchy (hierarchy)))))})))

(defn record-definitions
  "The bytes of the definitions that another process needs to read records of a class; nil where the class is on the
  class path, or nothing is known of it. Called by the codec for each message that has such a record."
  ^bytes [^Class c]
  (when-not (contains? *being-gathered* c)
    (let [known (.get ^java.util.Map of-records c)]
      (:bytes (if (and known (every? #(%) (:unchanged known)))
                known
                (doto (gathered-definitions c)
                  (->> (.put ^java.util.Map of-records c))))))))

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
      :unknown-namespace (str "No such namespace: " (str/join ", " (distinct (map namespace names)))
                              " (in " listed "). "
                              "Require it in the namespace of the form, "
                              "(require '[the.namespace :as " (namespace (first names)) "]): "
                              "the form's aliases are sent with it.")
      :unbound (str "Unable to resolve symbol: " listed
                    ". A quoted form does not see the locals around it: pass them as arguments, "
                    "(run '(fn [x] ...) x), or write the body in (spawn ...), which sends them.")
      :missing (str "Unable to resolve symbol: " listed ". "
                    (if one? "It was" "They were") " defined at the prompt, and "
                    (if one? "its source is" "their sources are") " not known. "
                    "Define " (if one? "it" "them") " again, if this is the prompt of clojure.main, or in all workers, "
                    "(everywhere '(defn " (name (first names)) " ...)), "
                    "or in a file of the class path; an nREPL server with "
                    "parallel.nrepl/middleware records what is defined at its prompt, and sends it."))))

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

;; ---- the work

(defn- with-definitions
  "[what is sent besides the form, symbols of vars that exist at the prompt only and whose definition is not known,
  functions that say together whether that would be the same now; nil where nothing can]"
  [ns-sym forms]
  (let [ns (or (find-ns ns-sym) (create-ns ns-sym))
        {:keys [definitions multis bindings missing lasting? unchanged]}
        (gather-foreign (reduce #(gather %1 ns %2) nothing forms) ns)]
    [(cond-> (context ns-sym forms)
       (seq definitions) (assoc :definitions (unique definitions))
       (seq multis)      (assoc :multis multis)
       (seq bindings)    (assoc :bindings bindings)
       (or (seq multis)
           (some asks-the-hierarchy (symbols (into (vec forms) (map :form) definitions))))
       (assoc :hierarchy (hierarchy)))
     missing
     (when lasting? unchanged)]))

(defn travelling
  "What is sent besides a form."
  [ns-sym form]
  (first (with-definitions ns-sym [form])))

(defn- encoded
  "Args are bytes by themselves: they may need the definitions to be read."
  ^Work [context form args]
  (let [args (vec args)]
    (Workers/work Work/FORM
                 (reify java.util.function.Supplier
                   (get [_]
                     (Codec/toBytes (assoc context
                                           (if (string? form) :code :form) form
                                           :args (if (seq args) (Codec/toBytes args) args))))))))

(defn- with-advice
  "context, with what a worker says that does not know a name of which only this prompt knows what it means."
  [context missing]
  (cond-> context
    (seq missing) (assoc :missing {:names (mapv name missing) :advice (sentence :missing (sort missing))})))

(defn- failing-work
  "What make returns; where something that the form uses cannot be sent, a Work that fails."
  ^Work [make]
  (try
    (make)
    (catch parallel.NotTransferableException e
      (Work/failed e))))

(defn work
  "The work of evaluating a form, and calling its value with args where it is a function; a Work that fails where
  something cannot be sent."
  ^Work [ns-sym form args]
  (let [form (check form)]
    (failing-work
     #(let [[context missing] (with-definitions ns-sym (if (string? form) (read-all ns-sym form) [form]))]
        (encoded (with-advice context missing) form args)))))

(defn lasting-work
  "[the work of evaluating a form, a function that says whether it would be the same work now; nil where nothing can say
  that]"
  [ns-sym form]
  (let [form (check form)
        [context missing unchanged] (errors/surfacing (with-definitions ns-sym [form]))]
    [(encoded (with-advice context missing) form [])
     (when (and unchanged (not (analysis/anything-being-loaded?)))
       (fn [] (and (not (analysis/anything-being-loaded?))
                   (every? #(%) unchanged))))]))

(defn work-of-run
  "The same for a new worker; a Work that fails also where a name certainly means nothing there."
  ^Work [ns-sym opts form args]
  (let [form (check form)
        code? (string? form)]
    (failing-work
     #(let [[context missing] (with-definitions ns-sym (if code? (read-all ns-sym form) [form]))]
        (if-let [e (when-not code? (refusal (the-ns ns-sym) form missing (= :thread (:in opts))))]
          (Work/failed e)
          (encoded context form args))))))
