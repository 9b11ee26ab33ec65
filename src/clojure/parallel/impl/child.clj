(ns ^:no-doc parallel.impl.child
  "What a worker does with a form."
  (:require [clojure.string :as str]
            [parallel.api]
            [parallel.impl.reload :as reload])
  (:import [clojure.lang Compiler Compiler$CompilerException LineNumberingPushbackReader RT]
           [java.io StringReader]
           [java.util.concurrent TimeUnit]
           [java.util.concurrent.locks ReentrantLock]
           [java.util.function Function]
           [parallel.clojure DirectWriter LineWriter NoInput]
           [parallel.codec Codec]
           [parallel.control Language$BadArgument Language$NotEvaluable]
           [parallel.runtime Context]))

(set! *warn-on-reflection* true)

(defn prepare
  "Called once on the evaluation thread, before the worker is ready."
  [own-process?]
  (when own-process?
    (alter-var-root #'*out* (constantly (DirectWriter. System/out)))
    (alter-var-root #'*err* (constantly (DirectWriter. System/err)))
    (alter-var-root #'*in* (constantly (NoInput.)))
    (alter-var-root #'*command-line-args* (constantly nil))
    (reload/note-all)
    (.setContextClassLoader (Thread/currentThread)
                            (clojure.lang.DynamicClassLoader. (.getContextClassLoader (Thread/currentThread))))))

(defn describe
  "The text of what a work evaluates."
  [work]
  (binding [*print-length* 200 *print-level* 20 *print-meta* false *print-namespace-maps* false]
    (if-let [code (:code work)] code (pr-str (:form work)))))

;; ---- the namespace

(defn- refer-core [ns]
  (binding [*ns* ns]
    (refer 'clojure.core)))

(defn- ensure-alias [ns alias-sym target]
  (let [target (the-ns target)]
    (when-not (= target (get (ns-aliases ns) alias-sym))
      (ns-unalias ns alias-sym)
      (.addAlias ^clojure.lang.Namespace ns alias-sym target))))

(defn- ensure-refer [^clojure.lang.Namespace ns sym target]
  (when-let [v (find-var target)]
    (when-not (identical? v (.getMapping ns sym))
      (.unmap ns sym)
      (.refer ns sym v))))

(defn- own-interns? [ns]
  (seq (ns-interns ns)))

(def ^:private loading
  "Held while namespaces load: a second thread takes one for loaded as soon as its loading has begun."
  (ReentrantLock.))

(def ^:private loading-patience-s
  "A namespace that waits, while it loads, for a worker that is a thread and loads another must not wait without limit."
  10)

(defn- loading-alone [f]
  (let [^ReentrantLock lock loading
        alone? (.tryLock lock loading-patience-s TimeUnit/SECONDS)]
    (try
      (f)
      (finally
        (when alone?
          (.unlock lock))))))

(defn- require-all [libs]
  (loading-alone
    #(try
       (apply require libs)
       (catch Throwable e
         (reload/forget-unfinished)
         (throw e)))))

(defn- setup
  "The namespace of the call site, as far as the form needs it."
  [{ns-sym :ns :keys [aliases refers imports requires]}]
  (when (seq requires)
    (require-all requires))
  (let [existed (find-ns ns-sym)
        ns (or existed (create-ns ns-sym))]
    (when-not (and existed (get (ns-map ns) 'defn))
      (when-not (own-interns? ns)
        (refer-core ns)))
    (when-not (and (contains? (ns-aliases ns) 'parallel) (contains? aliases 'parallel))
      (ensure-alias ns 'parallel 'parallel.api))
    (doseq [[alias-sym target] aliases :when (find-ns target)]
      (ensure-alias ns alias-sym target))
    (doseq [[sym target] refers]
      (ensure-refer ns sym target))
    (doseq [^String class-name imports
            :let [c (try (clojure.lang.RT/classForName class-name) (catch Throwable _ nil))]
            :when c]
      (.importClass ^clojure.lang.Namespace ns c))
    ns))

;; ---- evaluation

(defn- compiling?
  "Whether the exception says that a form does not read, expand or compile (not: that it threw when it ran)."
  [e]
  (contains? #{:read-source :macro-syntax-check :macroexpansion :compile-syntax-check :compilation}
             (:clojure.error/phase (ex-data e))))

(defn- data-in-code?
  "Whether the compiler gave up since a form holds data, which it makes code of."
  [^Throwable e]
  (let [message (str (ex-message e))]
    (or (re-find #"too large|Can't embed" message)
        (and (nil? (ex-message e))
             (some #(.startsWith (.getClassName ^StackTraceElement %) "clojure.asm.") (take 5 (.getStackTrace e)))))))

(defn- data-as-code [^Throwable e]
  (doto (RuntimeException. (str (or (ex-message e) "A constant of the form is too large for the compiler.")
                                " What a form holds is compiled as code: pass data as an argument, "
                                "(run '(fn [xs] ...) xs)."))
    (.setStackTrace (.getStackTrace e))))

(defn- not-evaluable
  "The exception for a form that does not read, expand or compile for that reason. An interrupt is none: it hit what is
  evaluated."
  [e]
  (let [chain (vec (take-while some? (iterate ex-cause e)))]
    (or (first (filter #(instance? InterruptedException %) chain))
        (Language$NotEvaluable. (if (data-in-code? (peek chain)) (data-as-code (peek chain)) e)))))

(defmacro ^:private telling-phases
  "A compiler's error becomes NotEvaluable; what a form threw while running loses the compiler's wrapper."
  [& body]
  `(try
     ~@body
     (catch Compiler$CompilerException e#
       (throw (if (compiling? e#)
                (not-evaluable e#)
                (or (.getCause e#) e#))))))

(defn- compiled
  "The form as a function of no arguments: what fails here is the form's text, not its run."
  [form]
  (try
    (eval (list 'fn* [] form))
    (catch Throwable e
      (throw (not-evaluable e)))))

(def ^:private most-kept 256)

(def ^:private kept
  "[namespace, text of the form] to the function that it was compiled to, and what names meant then."
  (atom {}))

(defn- lasting?
  "Whether what a symbol means for the compiler can change only together with the mappings of the namespace."
  [sym]
  (let [target (try (resolve sym) (catch Exception _ nil))]
    (cond
      (var? target)   (or (= "clojure.core" (namespace (symbol target)))
                          (not (or (.isMacro ^clojure.lang.Var target) (:inline (meta target)) (:const (meta target)))))
      (class? target) (not (instance? clojure.lang.DynamicClassLoader (.getClassLoader ^Class target)))
      :else           true)))

(defn- text-of
  "A form in words that no other form has: equal forms, such as (f (1)) and (f [1]), may mean different things."
  [form]
  (binding [*print-meta*           true
            *print-length*         nil
            *print-level*          nil
            *print-dup*            false
            *print-readably*       true
            *print-namespace-maps* false]
    (pr-str form)))

(defn- compiled-once
  "The same, kept for when the form comes again: as long as names mean the same in the namespace, and nothing was loaded
  again, it would be the same."
  [form]
  (let [^clojure.lang.Namespace ns *ns*
        mappings (.getMappings ns)
        aliases  (.getAliases ns)
        key      [(ns-name ns) (text-of form) (reload/loaded-again)]
        known    (get @kept key)]
    (if (and known (identical? (:mappings known) mappings) (identical? (:aliases known) aliases))
      (:f known)
      (let [f (compiled form)]
        (when (every? lasting? (filter symbol? (tree-seq coll? seq form)))
          (swap! kept #(assoc (if (< (count %) (long most-kept)) % {}) key {:f f :mappings mappings :aliases aliases})))
        f))))

(defn- expanded
  "As the compiler does it: definterface, for one, wants its loader."
  [form]
  (try
    (with-bindings {Compiler/LOADER (RT/makeClassLoader)}
      (macroexpand form))
    (catch Throwable e
      (throw (not-evaluable e)))))

(defn- definition? [form]
  (and (seq? form) (symbol? (first form)) (str/starts-with? (name (first form)) "def")))

(defn- eval-form
  "As clojure.core/eval, which takes a top-level do apart, too; but it tells a form that does not compile from one that
  throws."
  [form]
  (let [form (expanded form)]
    (cond
      (not (coll? form)) (telling-phases (eval form))
      (and (seq? form) (= 'do (first form))) (reduce (fn [_ part] (eval-form part)) nil (rest form))
      (definition? form) (telling-phases (eval form))
      :else ((compiled-once form)))))

(defn- read-one [reader]
  (try
    (read {:eof ::end :read-cond :allow} reader)
    (catch Throwable e
      (throw (not-evaluable e)))))

(defn- eval-code [^String code]
  (let [reader (LineNumberingPushbackReader. (StringReader. code))]
    (loop [value nil]
      (let [form (read-one reader)]
        (if (= form ::end)
          value
          (recur (eval-form form)))))))

(defn- arguments [args]
  (if (bytes? args) (Codec/fromBytes ^bytes args) args))

(defn- described [x]
  (binding [*print-length* 5 *print-level* 3]
    (let [text (pr-str x)]
      (subs text 0 (min 100 (count text))))))

(defn- value-of [{:keys [form code args]}]
  (let [value (cond code (eval-code code) (fn? form) form :else (eval-form form))]
    (cond
      (fn? value) (apply value (arguments args))
      (seq (arguments args))
      (throw (Language$BadArgument.
              (str "The value of its form is no function, but " (described value) ", and was given arguments: "
                   (described (vec (arguments args))) ". Give a function, (run '(fn [x] ...) x), or the form alone.")))
      :else value)))

;; ---- definitions that came with a form

(def ^:private defined
  "[name key] to what was last evaluated for it: a form, its locals, or the bytes of a value."
  (atom {}))

(defn- own-var
  "The namespace's own var of that name, made if need be; a name that means clojure.core's, or another's, means it from
  now on."
  ^clojure.lang.Var [^clojure.lang.Namespace ns sym]
  (let [mapped (.getMapping ns sym)]
    (if (and (var? mapped) (identical? ns (.ns ^clojure.lang.Var mapped)))
      mapped
      (do (when mapped
            (.unmap ns sym))
          (intern ns sym)))))

(defn- namespace-of [target]
  (let [ns-sym (symbol (namespace target))]
    (or (find-ns ns-sym) (doto (create-ns ns-sym) (refer-core)))))

(defn- define-value [{:keys [name dynamic? ^bytes value]}]
  (let [v (own-var (namespace-of name) (symbol (clojure.core/name name)))]
    (when dynamic?
      (.setDynamic v)
      (alter-meta! v assoc :dynamic true))
    (.bindRoot v (Codec/fromBytes value))))

(def ^:private function-of-locals
  "Loaded when it is needed: most workers start without."
  (delay (requiring-resolve 'parallel.impl.analysis/function-of-locals)))

(defn- define-with-locals [form locals]
  (let [values (Codec/fromBytes ^bytes locals)]
    ((eval (@function-of-locals (keys values) form)) values)))

(defn- check-shape
  "Throws where the function that a source gives here has captured other values than the one that it is the source of."
  [name shape]
  (let [f (some-> (find-var name) deref)
        has (when (fn? f)
              (sort (for [^java.lang.reflect.Field field (.getDeclaredFields (class f))
                          :when (not (java.lang.reflect.Modifier/isStatic (.getModifiers field)))
                          :let [x (.get (doto field (.setAccessible true)) f)]
                          :when (or (number? x) (string? x) (ident? x) (char? x))]
                      (hash x))))]
    (when-not (= shape has)
      (throw (ex-info (str name ", which the form uses, cannot be sent to a worker. Its source gives another function "
                           "there: it has captured a value that differs each time. "
                           "Put that value into a def of its own.")
                      {:var name})))))

(defn- content
  "What a definition is, to be compared: one that has a form is another one once a namespace was loaded again, whose
  macros and classes the form may use."
  [{:keys [form value locals]}]
  (mapv #(if (bytes? %) (java.nio.ByteBuffer/wrap %) %) [form value locals (when form (reload/loaded-again))]))

(defn- define [{:keys [name key form value locals shape] :as definition}]
  (let [content (content definition)]
    (when-not (= content (get @defined [name key]))
      (if value
        (define-value definition)
        (binding [*ns* (setup definition)]
          (if locals
            (define-with-locals form locals)
            ;; noted: a worker of this one may need it
            ((requiring-resolve 'parallel.impl.definitions/evaluate) eval-form form))))
      (when shape
        (check-shape name shape))
      (swap! defined assoc [name key] content))))

(defn- declare-all
  "So that functions may call each other."
  [definitions]
  (doseq [{target :name key :key} definitions
          :when (nil? key)]
    (own-var (namespace-of target) (symbol (name target)))))

(defn- untagged
  "A dispatch value or a tag of a hierarchy, as it was where it came from."
  [x]
  (cond
    (:parallel.impl.form/class x) (RT/classForName (:parallel.impl.form/class x))
    (vector? x)                   (mapv untagged x)
    :else                         x))

(def ^:private derived
  "[tag parent] that came with a form and were not here before."
  (atom #{}))

(defn- take-over-hierarchy [pairs]
  (let [pairs (into #{} (map (fn [pair] (mapv untagged pair))) pairs)]
    (doseq [[x parent] (remove pairs @derived)]
      (underive x parent))
    (let [new (into #{} (remove (fn [[x parent]] (contains? (parents x) parent))) pairs)]
      (doseq [[x parent] new]
        (derive x parent))
      (swap! derived #(into (set (filter pairs %)) new)))))

(defn- take-over-multi [{:keys [name methods prefers]}]
  (let [^clojure.lang.MultiFn multi @(find-var name)
        wanted (into #{} (map untagged) methods)]
    (doseq [x (keys (clojure.core/methods multi)) :when (not (wanted x))]
      (remove-method multi x)
      (swap! defined #(into {} (remove (fn [[[defined-name key] _]] (and key (= name defined-name)))) %)))
    (doseq [[x y] prefers
            :let [x (untagged x) y (untagged y)]
            :when (not (contains? (get (clojure.core/prefers multi) x) y))]
      (prefer-method multi x y))))

(defn- define-all [{:keys [definitions multis hierarchy]}]
  (locking defined
    (declare-all definitions)
    (when hierarchy
      (take-over-hierarchy hierarchy))
    (run! define definitions)
    (run! take-over-multi multis)))

(defn- carried
  "Dynamic vars to what the thread that gave the work has bound them to."
  [{:keys [bindings]}]
  (into {} (for [[sym value] bindings
                 :let [^clojure.lang.Var v (find-var sym)]
                 :when v]
             [v (Codec/fromBytes ^bytes value)])))

(defn- advised
  "e, or where it says that a name means nothing which meant something at the prompt of the call, an exception that says
  what to do."
  [^Language$NotEvaluable e {:keys [names advice]}]
  (let [^Throwable innermost (last (take-while some? (iterate ex-cause e)))
        unknown (second (re-find #"(?:Unable to resolve symbol|No such var): (?:\S+/)?(\S+)"
                                 (str (ex-message innermost))))]
    (if (some #{unknown} names)
      (Language$NotEvaluable. (doto (RuntimeException. ^String advice)
                                (.setStackTrace (.getStackTrace innermost))))
      e)))

;; ---- code that has changed on disk

(def ^:private ^:dynamic *used*
  "Takes the namespaces that are used by functions which arrive in this thread; nil where nobody wants to know."
  nil)

(defn- roots
  "The namespaces that a work uses by itself."
  [{:keys [requires definitions]}]
  (if (seq definitions)
    (into (vec requires) (mapcat :requires) definitions)
    requires))

(defn- make-fresh [roots]
  (when reload/on?
    (when *used*
      (swap! *used* into roots))
    (when (reload/due? roots)
      (loading-alone #(reload/refresh roots)))))

(defn- evaluate-here [work own-process?]
  (binding [*ns* *ns*
            *warn-on-reflection* *warn-on-reflection*
            *unchecked-math* *unchecked-math*
            *math-context* *math-context*
            *print-length* *print-length*
            *print-level* *print-level*
            *print-meta* *print-meta*
            *print-namespace-maps* *print-namespace-maps*
            *data-readers* *data-readers*
            *default-data-reader-fn* *default-data-reader-fn*
            *compile-path* *compile-path*
            *assert* *assert*
            *command-line-args* nil
            reload/*began* (System/currentTimeMillis)
            *file* "NO_SOURCE_PATH"]
    (set! *ns* (try
                 (when own-process?
                   (make-fresh (roots work))
                   (define-all work))
                 (setup work)
                 (catch Throwable e
                   (throw (not-evaluable e)))))
    (try
      (let [carried (carried work)]
        (if (seq carried)
          (with-bindings (assoc carried #'parallel.api/*carried* carried)
            (parallel.api/realized (value-of work)))
          (parallel.api/realized (value-of work))))
      (catch Language$NotEvaluable e
        (throw (if (:missing work) (advised e (:missing work)) e))))))

(defn- kept-fresh
  "What a work has given, a function of a pool, made again by each call before which something was loaded again."
  ^Function [work f used]
  (let [made (volatile! {:f f :as-of (reload/loaded-again)})]
    (reify Function
      (apply [_ args]
        (try
          (make-fresh used)
          (catch Throwable e
            (throw (not-evaluable e))))
        (let [now (reload/loaded-again)]
          (when-not (= now (:as-of @made))
            (vreset! made {:f (evaluate-here work true) :as-of now})))
        (.apply ^Function (:f @made) args)))))

(defn- evaluate-fresh [work]
  (if-not reload/on?
    (evaluate-here work true)
    (let [used  (atom #{})
          value (binding [*used* used] (evaluate-here work true))]
      (if (instance? Function value)
        (kept-fresh work value @used)
        value))))

(defn evaluate
  "Evaluates a work in the calling thread; called by the core."
  [work]
  (let [context (Context/current)]
    (if (.ownsProcess context)
      (evaluate-fresh work)
      (with-open [out (LineWriter. context false)
                  err (LineWriter. context true)]
        (binding [parallel.api/*context* context
                  *out* out
                  *err* err
                  *in* (NoInput.)]
          ;; namespaces are shared: what was defined there is defined here
          (evaluate-here work false))))))

;; ---- before anybody asks

(def ^:private typical
  '(let [parent (parallel/parent)
         message (parallel/receive parent)
         total (atom 0)]
     (println "rehearsed" (vec (range 3)))
     (doseq [[k v] {:a 1 :b 2} :when (number? v)]
       (swap! total + v))
     (parallel/send parent (assoc message :xs (double-array [1 2]) :total @total :text (str/upper-case "text")))
     (remove-ns 'parallel.rehearsal)
     (loop [n 0]
       (if (< n 10) (recur (inc n)) [n :done]))))

(defn typical-work
  "The bytes of a work that does what workers do, in a namespace of its own, which it removes."
  []
  (Codec/toBytes {:ns 'parallel.rehearsal :form typical :args [] :requires '[clojure.string]
                  :aliases '{str clojure.string} :refers {} :imports []}))

;; ---- records that arrive

(defn- worker-process? []
  (let [context (Context/current)]
    (and (.ownsProcess context) (pos? (.id context)))))

(def ^:private arrived
  "[name of a record's class, how much was loaded again] to the bytes of the definitions that came with it last."
  (atom {}))

(defn define-arrived
  "Evaluates the definitions that came with a record, if they are others than those that came last. In a worker's own
  process only: its parent has evaluated them, too. Called by the codec."
  [class-name ^bytes definitions]
  (let [key [class-name (reload/loaded-again)]]
    (when (and (worker-process?)
               (not (java.util.Arrays/equals definitions ^bytes (get @arrived key))))
      (define-all (Codec/fromBytes definitions))
      (swap! arrived assoc key definitions))))

;; ---- functions that are sent

(def ^:private most-compiled 1000)

(def ^:private compiled-functions
  "What functions that have arrived were compiled to, by their content."
  (atom {}))

(defn- place
  "The namespace in which a function that has arrived is compiled. Elsewhere than in a worker's own process it is as it
  is."
  [{:keys [ns] :as parts}]
  (if (worker-process?)
    (do (define-all parts)
        (setup parts))
    (or (find-ns ns) (setup parts))))

(defn compiled-in-place
  "Called with its locals by name it gives the function; compiled once per content."
  [{:keys [ns form names definitions] :as parts}]
  (when (worker-process?)
    (make-fresh (roots parts)))
  (let [content [ns form names (map content definitions) (reload/loaded-again)]]
    (or (get @compiled-functions content)
        (let [f (binding [*ns* (place parts)]
                  (eval (@function-of-locals names form)))]
          (swap! compiled-functions #(assoc (if (< (count %) (long most-compiled)) % {}) content f))
          f))))
