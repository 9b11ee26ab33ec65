(ns ^:no-doc parallel.impl.options
  "The one table of options: it serves validation, errors and docs."
  (:require [clojure.string :as str]
            [parallel.impl.errors :as errors])
  (:import [java.io Writer]
           [java.nio.file Path]
           [java.time Duration]
           [java.util.function Consumer]
           [parallel ParallelException WorkerOptions WorkerOptions$Builder]
           [parallel.clojure ClojureErrors LabelledByParent]))

(set! *warn-on-reflection* true)

(defn- path ^Path [x]
  (if (instance? Path x) x (Path/of (str x) (make-array String 0))))

(defn- entries [x]
  (if (string? x)
    (vec (.split ^String x (java.util.regex.Pattern/quote java.io.File/pathSeparator)))
    (mapv str x)))

(defn- writes-lines
  "Whole lines to a writer, each with one flush."
  ^Consumer [^Writer w]
  (reify Consumer
    (accept [_ line]
      (locking w
        (.write w (str line "\n"))
        (.flush w)))))

(defn- event-listener ^Consumer [f]
  (reify Consumer
    (accept [_ event]
      (f (into {} (map (fn [[k v]]
                         [(keyword k)
                          (cond (= k "event") (keyword v)
                                (instance? ParallelException v) (ClojureErrors/exInfo v)
                                :else v)]))
               event)))))

(defn- number-from
  ([least] (number-from least Long/MAX_VALUE))
  ([least most] #(and (int? %) (<= (long least) (long %) (long most)))))

(def table
  "Each option: what it takes, in words and as a predicate; how it is set; its default and meaning."
  [{:key :jvm-opts :takes "a sequential collection of strings" :valid? #(and (sequential? %) (every? string? %))
    :set (fn [^WorkerOptions$Builder b v] (.jvmOpts b (vec v)))
    :default "[]" :doc "arguments for the worker's JVM; they win over the library's own"}
   {:key :max-heap :takes "a string as -Xmx takes it, such as \"512m\"" :valid? #(and (string? %) (re-matches #"[1-9][0-9]*[kKmMgGtT]?" %))
    :set (fn [^WorkerOptions$Builder b v] (.maxHeap b v))
    :default "the JVM's" :doc "largest heap of the worker"}
   {:key :env :takes "a map of strings to strings, or to nil" :valid? #(and (map? %) (every? (fn [[k v]] (and (string? k) (or (nil? v) (string? v)))) %))
    :set (fn [^WorkerOptions$Builder b v] (.env b v))
    :default "{}" :doc "environment variables added to the inherited ones; nil takes one away"}
   {:key :dir :takes "a path: a string, File or Path" :valid? #(or (string? %) (instance? java.io.File %) (instance? Path %))
    :set (fn [^WorkerOptions$Builder b v] (.dir b (path v)))
    :default "this JVM's" :doc "working directory"}
   {:key :classpath :takes "a string or a vector of strings" :valid? #(or (string? %) (and (sequential? %) (every? string? %)))
    :set (fn [^WorkerOptions$Builder b v] (.classpath b (entries v)))
    :default "this JVM's, libraries added at the prompt included" :doc "class path; parallel and Clojure must be on it"}
   {:key :java :takes "a java command: a string, File or Path" :valid? #(or (string? %) (instance? java.io.File %) (instance? Path %))
    :set (fn [^WorkerOptions$Builder b v] (.java b (path v)))
    :default "this JVM's" :doc "the java command"}
   {:key :name :takes "a string, keyword or symbol" :valid? #(or (string? %) (ident? %))
    :set (fn [^WorkerOptions$Builder b v] (.name b (name v)))
    :default "none" :doc "shown in status and errors"}
   {:key :ring-bytes :takes "a power of two from 8192 to 1073741824" :valid? #(and ((number-from 8192 1073741824) %) (= 1 (Long/bitCount %)))
    :set (fn [^WorkerOptions$Builder b v] (.ringBytes b (int v)))
    :default "1048576 (1 MiB)" :doc "capacity of each of the two rings, in bytes"}
   {:key :inbox-bytes :takes "a number of bytes, 0 or more" :valid? (number-from 0)
    :set (fn [^WorkerOptions$Builder b v] (.inboxBytes b (long v)))
    :default "the larger of 128 MiB and a quarter of the heap" :doc "most bytes of messages that wait in an inbox"}
   {:key :out :takes "a java.io.Writer" :valid? #(instance? Writer %)
    :set (fn [^WorkerOptions$Builder b v] (if (instance? LabelledByParent v) b (.out b (writes-lines v))))
    :default "*out* of the call" :doc "where the lines of its stdout go"}
   {:key :err :takes "a java.io.Writer" :valid? #(instance? Writer %)
    :set (fn [^WorkerOptions$Builder b v] (if (instance? LabelledByParent v) b (.err b (writes-lines v))))
    :default "*err* of the call" :doc "where the lines of its stderr go"}
   {:key :on-event :takes "a function of one map" :valid? ifn?
    :set (fn [^WorkerOptions$Builder b v] (.onEvent b (event-listener v)))
    :default "none" :doc "gets {:event :started|:ready|:ended|:failed|:died, :worker/id n, :worker/pid n, :error e, :at-ms t}"}
   {:key :start-timeout-ms :takes "a number of milliseconds above 0" :valid? (number-from 1)
    :set (fn [^WorkerOptions$Builder b v] (.startTimeout b (Duration/ofMillis v)))
    :default "60000" :doc "how long the worker may take to become ready"}
   {:key :grace-ms :takes "a number of milliseconds, 0 or more" :valid? (number-from 0)
    :set (fn [^WorkerOptions$Builder b v] (.grace b (Duration/ofMillis v)))
    :default "2000" :doc "how long stop may take in all before SIGKILL"}
   {:key :max-depth :takes "a number of 1 or more" :valid? (number-from 1)
    :set (fn [^WorkerOptions$Builder b v] (.maxDepth b (int (min (long v) Integer/MAX_VALUE))))
    :default "8" :doc "how deep workers may start workers"}
   {:key :max-workers :takes "a number from 1 to 1024" :valid? (number-from 1 1024)
    :set (fn [^WorkerOptions$Builder b v] (.maxWorkers b (int v)))
    :default "256" :doc "how many live workers the session may have"}
   {:key :in :takes ":process or :thread" :valid? #{:process :thread}
    :set (fn [^WorkerOptions$Builder b v] (if (= v :thread) (.inThread b) b))
    :default ":process" :doc ":thread makes the worker a thread of this JVM, with the same semantics"}])

(def ^:private by-key (into {} (map (juxt :key identity)) table))

(defn check-known
  "Throws :bad-argument when what should be options is no map (or nil), or has a key that is not among the known ones."
  [what m known]
  (when-not (or (nil? m) (map? m))
    (throw (errors/bad-argument (str "Options of " what " are a map, not " (pr-str m) "."))))
  (when-let [unknown (seq (remove (set known) (keys m)))]
    (throw (errors/bad-argument
            (str "Unknown option " (str/join ", " (map pr-str unknown)) " of " what "; known are "
                 (str/join " " (sort-by str known)) ".")
            {:unknown (vec unknown) :known (vec (sort-by str known))})))
  m)

(defn worker-options
  "The checked options of run and fork, with *out* and *err* of the call as defaults."
  ^WorkerOptions [m]
  (when-not (map? m)
    (throw (errors/bad-argument (str "Options are a map, not " (pr-str m) "."))))
  (check-known "run and fork" m (keys by-key))
  (let [builder (WorkerOptions/builder)]
    (doseq [[k v] (merge {:out *out* :err *err*} m)
            :let [{:keys [takes valid? set]} (by-key k)]]
      (when-not (valid? v)
        (throw (errors/bad-argument (str "Option " k " is " (pr-str v) "; allowed is " takes ".") {:option k :allowed takes})))
      (errors/surfacing (set builder v)))
    (.build builder)))
