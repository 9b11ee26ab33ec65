(ns ^:no-doc parallel.impl.pool-options
  "The options of pools and of their maps."
  (:require [parallel.impl.errors :as errors]
            [parallel.impl.journal :as journal]
            [parallel.impl.options :as options :refer [number-from]]
            [parallel.impl.worker-options :as worker-options])
  (:import [java.util.concurrent ConcurrentLinkedQueue]
           [parallel Host WorkerOptions]
           [parallel.hosts LocalHost Placement]
           [parallel.place Workers]
           [parallel.pool Limits Pool Pools ResourceShares ResourceShares$Machine]))

(set! *warn-on-reflection* true)

(defn- function? [x]
  (and (ifn? x) (not (keyword? x))))

(def ^:private ^Limits unset "What parallel.pool.Limits has for an option that is not given." (Limits. 1))

(def pool-table
  "Options of pool, besides those of its workers."
  [{:key :min :takes "a number of workers, 0 or more, at most :max" :valid? (number-from 0)
    :otherwise "n" :doc "workers that are kept"}
   {:key :max :takes "a number of workers from 1 to 1024, at least :min" :valid? (number-from 1 Pools/MOST_WORKERS)
    :otherwise "n" :doc "workers that there may be: the pool grows while tasks wait"}
   {:key :idle-timeout-ms :takes "a number of milliseconds, 0 or more" :valid? (number-from 0)
    :set (fn [^Limits l v] (.idleMs l v))
    :default (.idleMs unset) :doc "after which an idle worker above :min ends"}
   {:key :max-tasks :takes "a number of tasks, 1 or more" :valid? (number-from 1)
    :set (fn [^Limits l v] (.maxTasks l v))
    :otherwise "none" :doc "tasks after which a worker is renewed; each element of a map counts"}
   {:key :max-heap-use :takes "a fraction above 0 and below 1" :valid? #(and (number? %) (< 0 % 1))
    :set (fn [^Limits l v] (.maxHeapUse l (double v)))
    :otherwise "none"
    :doc "of its heap: a worker with more that is live after a collection is replaced between two tasks or elements"}
   {:key :queue-length :takes "a number of tasks, 1 or more" :valid? (number-from 1 Integer/MAX_VALUE)
    :set (fn [^Limits l v] (.queueLength l (int v)))
    :default (.queueLength unset) :doc "tasks that may wait; when so many do, submit blocks and try-submit returns nil"}
   {:key :queue-bytes :takes "a number of bytes, 0 or more" :valid? (number-from 0)
    :set (fn [^Limits l v] (.queueBytes l v))
    :otherwise "a quarter of the heap" :doc "bytes of tasks that may wait; one larger task is always admitted"}
   {:key :retries :takes "a number of 0 or more" :valid? (number-from 0 Integer/MAX_VALUE)
    :set (fn [^Limits l v] (.retries l (int v)))
    :default (.retries unset)
    :doc "how often a task is tried again after its worker died; never when it has killed two"}
   {:key :on-host-lost :takes ":retry or :fail" :valid? #{:retry :fail}
    :set (fn [^Limits l v] (.failOnHostLost l (= :fail v)))
    :default :retry
    :doc "what becomes of the tasks that a host had when it was lost: others do them, or they fail with :host-lost"}
   {:key :cores-per-worker :takes "a number of cores, 1 or more" :valid? (number-from 1 65536)
    :otherwise "the cores of this JVM divided by the workers"
    :doc "size that each worker's JVM takes for its inner thread pools"}])

(def map-table
  "Options of pmap, pmap-unordered and fold."
  [{:key :pool :takes "a pool" :valid? #(instance? Pool %)
    :otherwise "(default-pool); within a task of a pool none: it is evaluated there" :doc "pool whose workers do it"}
   {:key :chunk :takes ":auto or a number of elements, 1 or more" :valid? #(or (= :auto %) ((number-from 1) %))
    :default :auto :doc "elements that are sent together; with :auto 20 ms of work, as measured, growing from 1"}
   {:key :in-flight :takes "a number of elements, 1 or more" :valid? (number-from 1)
    :otherwise "3 chunks per worker; with :auto at most as many as were taken, and 3 per worker"
    :doc "the look-ahead: elements that are given out and whose results are not taken yet"}
   {:key :on-error :takes ":throw, :value or a function of the error" :valid? #(or (#{:throw :value} %) (function? %))
    :default :throw :doc ":throw stops the rest; :value puts the error in place; a function's value is put in place"}
   {:key :retries :takes "a number of 0 or more" :valid? (number-from 0)
    :default 1 :doc "how often an element is tried again whose worker died; never when it has killed two"}
   {:key :retry? :takes "a function of the error" :valid? function?
    :default (constantly true) :otherwise "always" :doc "whether to try an element again whose worker died of it"}
   {:key :timeout-ms :takes "a number of milliseconds, 1 or more" :valid? (number-from 1)
    :otherwise "none" :doc "for each element: it is interrupted, and its worker replaced if that does not help"}
   {:key :seed :takes "an integer of 64 bits" :valid? int?
    :otherwise "another one each time" :doc "of (rng): the same numbers for an element whatever the workers"}
   {:key :progress :takes "true, false, or a function of a map" :valid? #(or (boolean? %) (nil? %) (ifn? %))
    :default false
    :doc "true: a bar on a terminal, a line now and then elsewhere; a function is called with the figures"}])

(def journal-table
  "Options of pmap and pmap-unordered alone."
  [{:key :journal :takes "a path: a string, a File or a Path" :valid? journal/path?
    :otherwise "none"
    :doc "file that keeps what each element has come to: the same call later evaluates what is missing"}
   {:key :journal-key :takes "a value that can be sent" :valid? some?
    :otherwise "the function as it is sent, and :seed" :doc "what a journal is known by"}])

(defn map-options
  "The checked options of a map, with the defaults; table has those that it knows."
  [what table m]
  (options/check-map what m)
  (options/check-values what table m)
  (options/check-known what m (map :key table))
  (when (and (contains? m :journal-key) (not (contains? m :journal)))
    (throw (errors/bad-argument ":journal-key needs the option :journal, which is not given."
                                {:option :journal-key})))
  (merge (options/defaults table) m))

(defn check-elements
  "Throws :bad-argument when what is to be mapped has no elements."
  [what coll]
  (when-not (seqable? coll)
    (errors/refuse what "a collection" coll
                   (when (or (instance? clojure.lang.IReduceInit coll)
                             (satisfies? clojure.core.protocols/CollReduce coll))
                     " What can only be reduced, such as that of clojure.core.reducers, is given as (into [] ...)."))))

(defn- workers
  "How many, of n and the hosts, if any."
  [n hosts]
  (let [cores #(if hosts
                 (reduce + (map (fn [^Host h] (.cores h)) hosts))
                 (.availableProcessors (Runtime/getRuntime)))
        n     (if (= :cores n) (min (long (cores)) Pools/MOST_WORKERS) n)]
    (when-not (and (int? n) (<= 1 (long n) Pools/MOST_WORKERS))
      (errors/refuse-value "pool" (str "a number of workers from 1 to " Pools/MOST_WORKERS ", or :cores") n))
    (int n)))

(defn- limits ^Limits [n {:keys [min max] :as opts}]
  (let [l     (Limits. n)
        least (or min (clojure.core/min (long n) (long (or max n))))
        most  (or max (clojure.core/max (long n) (long least)))]
    (when (> (long least) (long most))
      (throw (errors/bad-argument
              (str "Option :min is " least " and :max is " most "; allowed is :min at most :max.")
              {:option :min})))
    (.between l least most)
    (doseq [{:keys [key set]} pool-table
            :when (and set (contains? opts key))]
      (set l (get opts key)))
    l))

(defn- on-hosts
  "A function that gives the options of a worker that is started now: on one of the hosts, with its share of that. The
  first of them, which are started at once, are placed together; one that takes another's place goes where fewest are."
  [hosts ^WorkerOptions given most cores]
  (let [^Placement placement (errors/surfacing (Placement/of hosts (int most)))
        together             (ConcurrentLinkedQueue. (.hosts placement))
        each                 (long (Math/ceil (/ (double most) (count hosts))))]
    (fn []
      (let [^Host host (or (.poll together) (Placement/next hosts))
            there      (if (instance? LocalHost host) given (.build (.in (.toBuilder given) host)))
            machine    (ResourceShares$Machine. (max 1 (.cores host)) (.memoryBytes (.status host)) each)]
        (ResourceShares/applied there machine most cores)))))

(defn pool-options
  "[limits, where its workers are, a function that gives the options of the next worker] of the checked options of a
  pool."
  [m n]
  (options/check-map "pool" m)
  (options/check-values "pool" pool-table m)
  (options/check-known "pool" m (map :key (concat pool-table worker-options/table)))
  (let [hosts                (worker-options/hosts-of (:in m))
        ^Limits l            (limits (workers n hosts) m)
        of-workers           (apply dissoc (merge {:name "pool"} m) (map :key pool-table))
        ^WorkerOptions given (worker-options/worker-options (if hosts (dissoc of-workers :in) of-workers))
        cores                (int (:cores-per-worker m 0))
        make                 (if hosts
                               (on-hosts hosts given (.max l) cores)
                               (constantly (errors/surfacing (ResourceShares/applied given (.max l) cores))))]
    [(.graceMs l (Pools/graceMs given))
     (if hosts (Placement/destination hosts) (errors/surfacing (Workers/destination given)))
     make]))
