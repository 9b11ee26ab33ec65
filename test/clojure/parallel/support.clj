(ns parallel.support
  "What the tests of the public API share."
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest]]
            [parallel.api :as parallel])
  (:import [java.io File]
           [parallel.place Bases]
           [parallel.process ClassPath StartCache]))

(def ^:dynamic *kind* :process)

(defn await-true
  "Waits until the thunk returns true; its last value after at most ms milliseconds."
  ([thunk] (await-true thunk 60000))
  ([thunk ms]
   (let [deadline (+ (System/nanoTime) (* ms 1000000))]
     (loop []
       (let [v (thunk)]
         (if (or v (> (System/nanoTime) deadline))
           v
           (do (Thread/sleep 2) (recur))))))))

(defmacro defboth
  "A claim that holds for workers that are processes and for workers that are threads: two tests. What workers it leaves
  are stopped."
  [name & body]
  (letfn [(in [kind]
            `(deftest ~(with-meta (symbol (str name "--" (clojure.core/name kind)))
                         (cond-> (meta name) (= :thread kind) (assoc :elsewhere false)))
               (binding [*kind* ~kind]
                 (try
                   ~@body
                   (finally
                     (run! parallel/kill (parallel/children))
                     (await-true #(empty? (parallel/children))))))))]
    `(do ~(in :process) ~(in :thread))))

(def quick-jvm
  "Of a worker, or a root, that lives for a second: what costs the least processor time until then."
  ["-XX:TieredStopAtLevel=1" "-XX:+UseSerialGC"])

(def ^:private started-soon
  "[options class-path] of a JVM that starts from the start cache as a worker does, so that it need not compile the
  library; nil while the cache is not there."
  (delay
    (let [^StartCache cache (.orElse (StartCache/find (Bases/ofThisJvm)) nil)]
      (when (and cache (seq (.flags cache)))
        [(.flags cache) (str/join File/pathSeparator (.classPath cache (ClassPath/current)))]))))

(defn clojure-main
  "The command of a JVM that runs clojure.main on this class path, up to the arguments of main. Its workers start from
  the start cache, if it is filled; otherwise from PARALLEL_CACHE, as the environment says."
  [& jvm-opts]
  (let [[options class-path] @started-soon]
    (-> [(str (System/getProperty "java.home") "/bin/java")]
        (into quick-jvm)
        (into jvm-opts)
        (into options)
        (into ["-cp" (or class-path (System/getProperty "java.class.path")) "clojure.main"]))))

(def sampled-property "Set by the runner's --quick and --not-once." "parallel.test.sampled")

(defn thorough?
  "Is there time for every row of a table, and for long random tests? In a whole run, on its first JDK."
  []
  (not (Boolean/getBoolean sampled-property)))

(defn sampled
  "Of a table of rows by columns, every cell; in a quick run every nth of each row, and of each column."
  [n rows columns]
  (for [[i row] (map-indexed vector rows), [j column] (map-indexed vector columns)
        :when (or (thorough?) (zero? (mod (+ i j) n)))]
    [row column]))

(def ^:private elsewhere
  "The host that workers live on which would be processes of this machine; nil: they are."
  (atom nil))

(def ^:private here-as-elsewhere {:start ["env"] :address "127.0.0.1" :name "elsewhere" :nice 0})

(defn elsewhere?
  "Do workers of the root, for which nothing else is said, live on a host? Then there are more rings on the way."
  []
  (some? @elsewhere))

(defn back-elsewhere!
  "Where workers live on a host: one that a test has closed or lost is brought in again."
  []
  (when-let [^parallel.Host h @elsewhere]
    (when-not (#{"UP" "SILENT"} (str (.state (.status h))))
      (reset! elsewhere ((requiring-resolve 'parallel.hosts/add) here-as-elsewhere)))))

(defn- in-place-of-processes
  "Options of a worker of this JVM's root that would be a process of this machine, for one on the host."
  [options]
  (if (and (map? options) (#{nil :process} (:in options :process)) (zero? (parallel/id)))
    (assoc options :in @elsewhere)
    options))

(defn go-elsewhere!
  "From now on what would be a process of this machine, started by the root, is one of a host, which is this machine."
  []
  (reset! elsewhere ((requiring-resolve 'parallel.hosts/add) here-as-elsewhere))
  (require 'parallel.impl.worker-options)
  (alter-var-root (resolve 'parallel.impl.worker-options/worker-options)
                  (fn [worker-options] (comp worker-options in-place-of-processes))))

(defn opts
  "Options for this test's kind of worker."
  ([] (opts {}))
  ([m] (assoc m :in *kind*)))

(defn error
  "The ex-data of what the thunk throws, with its message; nil when it throws nothing."
  [thunk]
  (try
    (thunk)
    nil
    (catch clojure.lang.ExceptionInfo e
      (assoc (ex-data e) :message-of-error (ex-message e)))))

(defn error-kind
  "The :parallel/error of what the thunk throws."
  [thunk]
  (:parallel/error (error thunk)))

(defn within
  "The value of f, or ::late after ms milliseconds: what must not hang."
  [ms f]
  (let [answer (future (try [(f) nil] (catch Throwable e [nil e])))
        [v e] (deref answer ms [::late nil])]
    (when (= v ::late)
      (future-cancel answer))
    (when e
      (throw e))
    v))
