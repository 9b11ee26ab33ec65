(ns ^:no-doc parallel.impl.worker-options
  "The options of run and fork. Which there are, their defaults and their texts is parallel.WorkerOptions$Option's to
  say; this says what Clojure's values for them are."
  (:require [clojure.string :as str]
            [parallel.impl.errors :as errors]
            [parallel.impl.options :as options :refer [number-from path?]]
            [parallel.impl.reload :as reload]
            [parallel.impl.terminal :as terminal])
  (:import [java.io Writer]
           [java.nio.file Path]
           [java.time Duration]
           [java.util List Map]
           [java.util.function Consumer]
           [parallel Host ParallelException WorkerOptions WorkerOptions$Builder WorkerOptions$Option]
           [parallel.clojure ClojureErrors LabelledByParent]
           [parallel.hosts HostRegistry LocalHost Placement]))

(set! *warn-on-reflection* true)

;; ---- values as Java takes them

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
      (terminal/write-line w line))))

(defn- event-listener ^Consumer [f]
  (reify Consumer
    (accept [_ event]
      (f (into {} (map (fn [[k v]]
                         [(keyword k)
                          (cond (= k "event") (keyword v)
                                (instance? ParallelException v) (ClojureErrors/exInfo v)
                                :else v)]))
               event)))))

(defn- default-of
  "{:default value} of an option that Java has a default for."
  [^WorkerOptions$Option option]
  (when-some [v (.get (.build (WorkerOptions/builder)) option Object)]
    {:default (condp instance? v
                Duration (.toMillis ^Duration v)
                List     (vec v)
                Map      (into {} v)
                v)}))

(defn- host
  "The host that is meant, by itself or by its name."
  ^Host [x]
  (if (string? x)
    (errors/surfacing (.named (HostRegistry/current) x))
    x))

(defn several-hosts
  "The hosts of an :in that is a collection of hosts and names; nil where it is none."
  [in]
  (when (sequential? in)
    (when-not (and (seq in) (every? #(or (string? %) (instance? Host %)) in))
      (throw (errors/bad-argument (str "Option :in is " (errors/shown in) "; a collection has one host or more, each a "
                                       "host or the name of one.")
                                  {:option :in})))
    (mapv host in)))

(defn hosts-of
  "The hosts of an :in: several, or the one; nil where it is none."
  [in]
  (or (several-hosts in)
      (when (or (string? in) (instance? Host in))
        [(host in)])))

(defn placed
  "The options of n workers that are started together, each with the one host that it is on. Where there are more
  workers than free cores a line on *err* says so."
  [{:keys [in] :as opts} n]
  (if-let [hosts (several-hosts in)]
    (let [^Placement placement (errors/surfacing (Placement/of hosts (int n)))]
      (when (pos? (.over placement))
        (binding [*out* *err*]
          (println (str "parallel: " n " workers on " (str/join ", " (map #(.name ^Host %) hosts)) ": "
                        (.over placement) " more than there are free cores."))))
      (mapv #(assoc opts :in %) (.hosts placement)))
    (repeat n opts)))

;; ---- the table

(def ^:private rows
  "A row for each of Java's options; of a row without :otherwise the default is shown."
  [{:key :in :option WorkerOptions$Option/IN
    :takes ":process, :thread, a host or the name of one; or a vector of hosts, which share the workers"
    :valid? #(or (#{:process :thread} %) (string? %) (instance? Host %))
    :set (fn [^WorkerOptions$Builder b v]
           (case v
             :thread  (.inThread b)
             :process b
             (when-not (instance? LocalHost v)      ; it is where a worker lives anyway
               (.in b (host v)))))
    :default :process}
   {:key :name :option WorkerOptions$Option/NAME :takes "a string, keyword or symbol"
    :valid? #(or (string? %) (ident? %))
    :set (fn [^WorkerOptions$Builder b v] (.name b (name v)))
    :otherwise "none"}
   {:key :max-heap :option WorkerOptions$Option/MAX_HEAP :takes "a string as -Xmx takes it, such as \"512m\""
    :valid? #(and (string? %) (re-matches #"[1-9][0-9]*[kKmMgGtT]?" %))
    :set (fn [^WorkerOptions$Builder b v] (.maxHeap b v))
    :otherwise "the JVM's own choice"}
   {:key :jvm-opts :option WorkerOptions$Option/JVM_OPTS :takes "a sequential collection of strings"
    :valid? #(and (sequential? %) (every? string? %))
    :set (fn [^WorkerOptions$Builder b v] (.jvmOpts b (vec v)))}
   {:key :env :option WorkerOptions$Option/ENV :takes "a map of strings to strings, or to nil"
    :valid? #(and (map? %) (every? (fn [[k v]] (and (string? k) (or (nil? v) (string? v)))) %))
    :set (fn [^WorkerOptions$Builder b v] (.env b v))}
   {:key :dir :option WorkerOptions$Option/DIR :takes "a path: a string, File or Path" :valid? path?
    :set (fn [^WorkerOptions$Builder b v] (.dir b (path v)))
    :otherwise "this JVM's"}
   {:key :java :option WorkerOptions$Option/JAVA :takes "a java command: a string, File or Path" :valid? path?
    :set (fn [^WorkerOptions$Builder b v] (.java b (path v)))
    :otherwise "this JVM's"}
   {:key :classpath :option WorkerOptions$Option/CLASSPATH :takes "a string or a vector of strings"
    :valid? #(or (string? %) (and (sequential? %) (every? string? %)))
    :set (fn [^WorkerOptions$Builder b v] (.classpath b (entries v)))
    :otherwise "this JVM's, libraries added at the prompt included"}
   {:key :cpus :option WorkerOptions$Option/CPUS :takes "a vector of numbers of processors, from 0, or :one-each"
    :valid? #(or (= :one-each %) (and (sequential? %) (seq %) (every? (number-from 0 65535) %)))
    :set (fn [^WorkerOptions$Builder b v] (if (= :one-each v) (.oneCpuEach b) (.cpus b (mapv int v))))
    :otherwise "all that this process may use"}
   {:key :nice :option WorkerOptions$Option/NICE :takes "a number from 0 to 19" :valid? (number-from 0 19)
    :set (fn [^WorkerOptions$Builder b v] (.nice b (int v)))}
   {:key :reload :option WorkerOptions$Option/RELOAD :takes ":changed or :never" :valid? #{:changed :never}
    :set (fn [^WorkerOptions$Builder b v] (.reload b (= :changed v)))
    :otherwise ":changed at a prompt, :never in a program"}
   {:key :flight :option WorkerOptions$Option/FLIGHT :takes "a boolean" :valid? boolean?
    :set (fn [^WorkerOptions$Builder b v] (.flight b v))}
   {:key :ring-bytes :option WorkerOptions$Option/RING_BYTES :takes "a power of two from 8192 to 1073741824"
    :valid? #(and ((number-from 8192 1073741824) %) (= 1 (Long/bitCount %)))
    :set (fn [^WorkerOptions$Builder b v] (.ringBytes b (int v)))}
   {:key :inbox-bytes :option WorkerOptions$Option/INBOX_BYTES :takes "a number of bytes, 0 or more"
    :valid? (number-from 0)
    :set (fn [^WorkerOptions$Builder b v] (.inboxBytes b (long v)))
    :otherwise "a quarter of the heap, for all channels of a process together"}
   {:key :out :option WorkerOptions$Option/OUT :takes "a java.io.Writer" :valid? #(instance? Writer %)
    :set (fn [^WorkerOptions$Builder b v] (if (instance? LabelledByParent v) b (.out b (writes-lines v))))
    :otherwise "*out* of the call"}
   {:key :err :option WorkerOptions$Option/ERR :takes "a java.io.Writer" :valid? #(instance? Writer %)
    :set (fn [^WorkerOptions$Builder b v] (if (instance? LabelledByParent v) b (.err b (writes-lines v))))
    :otherwise "*err* of the call"}
   {:key :on-event :option WorkerOptions$Option/ON_EVENT :takes "a function of one map" :valid? ifn?
    :set (fn [^WorkerOptions$Builder b v] (.onEvent b (event-listener v)))
    :otherwise "none"}
   {:key :start-timeout-ms :option WorkerOptions$Option/START_TIMEOUT :takes "a number of milliseconds above 0"
    :valid? (number-from 1)
    :set (fn [^WorkerOptions$Builder b v] (.startTimeout b (Duration/ofMillis v)))}
   {:key :grace-ms :option WorkerOptions$Option/GRACE :takes "a number of milliseconds, 0 or more"
    :valid? (number-from 0)
    :set (fn [^WorkerOptions$Builder b v] (.grace b (Duration/ofMillis v)))}
   {:key :max-depth :option WorkerOptions$Option/MAX_DEPTH :takes "a number of 1 or more" :valid? (number-from 1)
    :set (fn [^WorkerOptions$Builder b v] (.maxDepth b (int (min (long v) Integer/MAX_VALUE))))}
   {:key :max-workers :option WorkerOptions$Option/MAX_WORKERS :takes "a number from 1 to 1024"
    :valid? (number-from 1 1024)
    :set (fn [^WorkerOptions$Builder b v] (.maxWorkers b (int v)))}])

(def table
  "The options of run and fork, as parallel.impl.options has tables."
  (mapv (fn [{:keys [^WorkerOptions$Option option] :as row}]
          (merge (default-of option) {:doc (.text option)} row))
        rows))

(def ^:private by-key (into {} (map (juxt :key identity)) table))

(defn prompt?
  "Whether this thread evaluates what somebody types: at clojure.main's prompt, or in an nREPL session."
  []
  (boolean (or (if-let [v (resolve 'clojure.core/*repl*)]
                 @v
                 (some #(str/starts-with? (.getClassName ^StackTraceElement %) "clojure.main$repl$")
                       (.getStackTrace (Thread/currentThread))))
               (some-> (find-ns 'nrepl.middleware.interruptible-eval) (ns-resolve '*msg*) deref))))

(defn- reload-default
  "A worker's own workers are as it is."
  []
  (if (or reload/on? (prompt?)) :changed :never))

(defn worker-options
  "The checked options of run and fork, with *out* and *err* of the call as defaults."
  ^WorkerOptions [m]
  (when-not (map? m)
    (throw (errors/bad-argument (str "Options are a map, not " (pr-str m) "."))))
  (options/check-known "run and fork" m (keys by-key))
  (let [m       (if-let [hosts (several-hosts (:in m))]
                  (assoc m :in (errors/surfacing (Placement/next hosts)))
                  m)
        m       (options/check-values table (merge {:out *out* :err *err* :reload (reload-default)} m))
        builder (WorkerOptions/builder)]
    (doseq [[k v] m]
      (errors/surfacing ((:set (by-key k)) builder v)))
    (.build builder)))
