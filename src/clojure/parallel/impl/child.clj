(ns ^:no-doc parallel.impl.child
  "What a worker does with a form."
  (:require [clojure.string :as str]
            [parallel.api])
  (:import [clojure.lang Compiler Compiler$CompilerException LineNumberingPushbackReader RT]
           [java.io StringReader]
           [java.util.concurrent TimeUnit]
           [java.util.concurrent.locks ReentrantLock]
           [parallel.clojure DirectWriter LineWriter NoInput]
           [parallel.codec Codec]
           [parallel.runtime Context Language$NotEvaluable]))

(set! *warn-on-reflection* true)

(defn prepare
  "Called once on the evaluation thread, before the worker is ready."
  [own-process?]
  (when own-process?
    (alter-var-root #'*out* (constantly (DirectWriter. System/out)))
    (alter-var-root #'*err* (constantly (DirectWriter. System/err)))
    (alter-var-root #'*in* (constantly (NoInput.)))
    (alter-var-root #'*command-line-args* (constantly nil))
    (.setContextClassLoader (Thread/currentThread)
                            (clojure.lang.DynamicClassLoader. (.getContextClassLoader (Thread/currentThread))))))

(defn describe
  "The text of a job."
  [job]
  (binding [*print-length* 200 *print-level* 20 *print-meta* false *print-namespace-maps* false]
    (if-let [code (:code job)] code (pr-str (:form job)))))

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
  "A namespace that waits, while it loads, for a worker that is a thread and loads another must not wait for ever."
  10)

(defn- require-all [libs]
  (let [^ReentrantLock lock loading
        alone? (.tryLock lock loading-patience-s TimeUnit/SECONDS)]
    (try
      (apply require libs)
      (finally
        (when alone?
          (.unlock lock))))))

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

(defn- not-evaluable
  "The exception for a form that does not read, expand or compile for that reason. An interrupt is none: it hit what is evaluated."
  [e]
  (or (first (filter #(instance? InterruptedException %) (take-while some? (iterate ex-cause e))))
      (Language$NotEvaluable. e)))

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
    (eval (with-meta (list 'fn* [] form) {:once true}))
    (catch Throwable e
      (throw (not-evaluable e)))))

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
  "As clojure.core/eval, which takes a top-level do apart, too; but it tells a form that does not compile from one that throws."
  [form]
  (let [form (expanded form)]
    (cond
      (and (seq? form) (= 'do (first form))) (reduce (fn [_ part] (eval-form part)) nil (rest form))
      (definition? form) (telling-phases (eval form))
      :else ((compiled form)))))

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

(defn- value-of [{:keys [form code args]}]
  (let [value (cond code (eval-code code) (fn? form) form :else (eval-form form))]
    (if (fn? value)
      (apply value (if (bytes? args) (Codec/fromBytes ^bytes args) args))
      value)))

(defn- realized
  "A lazy seq is realised where it was made: with its bindings, and its exception is the form's."
  [value]
  (if (seq? value) (doall value) value))

;; ---- definitions that came along

(def ^:private defined
  "[name key] to the form that was last evaluated for it."
  (atom {}))

(defn- define [{:keys [name key form] :as definition}]
  (when-not (= form (get @defined [name key]))
    (binding [*ns* (setup definition)]
      (eval-form form))
    (swap! defined assoc [name key] form)))

(defn- declare-all
  "So that functions may call each other."
  [definitions]
  (doseq [{target :name} definitions
          :let [ns-sym (symbol (namespace target))
                ns     (or (find-ns ns-sym) (doto (create-ns ns-sym) (refer-core)))
                sym    (symbol (name target))]
          :when (nil? (.getMapping ^clojure.lang.Namespace ns sym))]
    (intern ns sym)))

(defn- define-all [definitions]
  (declare-all definitions)
  (run! define definitions))

(defn- advised
  "e, or where it says that a name means nothing which meant something at the prompt of the call, an exception that says what to do."
  [^Language$NotEvaluable e {:keys [names advice]}]
  (let [^Throwable innermost (last (take-while some? (iterate ex-cause e)))
        unknown (second (re-find #"(?:Unable to resolve symbol|No such var): (?:\S+/)?(\S+)" (str (ex-message innermost))))]
    (if (some #{unknown} names)
      (Language$NotEvaluable. (doto (RuntimeException. ^String advice)
                                (.setStackTrace (.getStackTrace innermost))))
      e)))

(defn- evaluate-here [job own-process?]
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
            *file* "NO_SOURCE_PATH"]
    (set! *ns* (try
                 (when own-process?
                   (define-all (:definitions job)))
                 (setup job)
                 (catch Throwable e
                   (throw (not-evaluable e)))))
    (try
      (realized (value-of job))
      (catch Language$NotEvaluable e
        (throw (if (:missing job) (advised e (:missing job)) e))))))

(defn evaluate
  "Evaluates a job in the calling thread; called by the core."
  [job]
  (let [context (Context/current)]
    (if (.ownsProcess context)
      (evaluate-here job true)
      (with-open [out (LineWriter. context false)
                  err (LineWriter. context true)]
        (binding [parallel.api/*context* context
                  *out* out
                  *err* err
                  *in* (NoInput.)]
          ;; namespaces are shared: what was defined there is defined here
          (evaluate-here job false))))))

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

(defn typical-job
  "The bytes of a job that does what workers do, in a namespace of its own, which it removes."
  []
  (Codec/toBytes {:ns 'parallel.rehearsal :form typical :args [] :requires '[clojure.string] :aliases '{str clojure.string}
                  :refers {} :imports []}))

;; ---- functions that travel

(def ^:private most-compiled 1000)

(def ^:private compiled-functions
  "What functions that have arrived were compiled to, by their content."
  (atom {}))

(defn- worker-process? []
  (let [context (Context/current)]
    (and (.ownsProcess context) (pos? (.id context)))))

(defn- place
  "The namespace in which a function that has arrived is compiled. Elsewhere than in a worker's own process it is as it is."
  [{:keys [ns definitions] :as parts}]
  (if (worker-process?)
    (do (define-all definitions)
        (setup parts))
    (or (find-ns ns) (setup parts))))

(defn compiled-in-place
  "Called with the values of its locals it gives the function; compiled once per content."
  [{:keys [ns form names definitions] :as parts}]
  (let [content [ns form names (map :form definitions)]]
    (or (get @compiled-functions content)
        (let [f (binding [*ns* (place parts)]
                  (eval (list 'fn* names form)))]
          (swap! compiled-functions #(assoc (if (< (count %) (long most-compiled)) % {}) content f))
          f))))
