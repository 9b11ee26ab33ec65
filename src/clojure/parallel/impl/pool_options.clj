(ns ^:no-doc parallel.impl.pool-options
  "The tables of options of pools and of their maps: they serve validation, errors and docs."
  (:require [parallel.impl.errors :as errors]
            [parallel.impl.options :as options])
  (:import [parallel WorkerOptions]
           [parallel.pool Limits Pool Pools Shares]))

(set! *warn-on-reflection* true)

(defn- number-from [least]
  (fn [x] (and (int? x) (<= (long least) (long x)))))

(def pool-table
  "Options of pool, besides those of its workers."
  [{:key :min :takes "a number of workers, 0 or more, at most :max" :valid? (number-from 0)
    :default "n" :doc "workers that are kept"}
   {:key :max :takes "a number of workers from 1 to 1024, at least :min" :valid? #(and (int? %) (<= 1 (long %) Pools/MOST_WORKERS))
    :default "n" :doc "workers that there may be: the pool grows while tasks wait"}
   {:key :idle-timeout-ms :takes "a number of milliseconds, 0 or more" :valid? (number-from 0)
    :set (fn [^Limits l v] (.idleMs l v)) :default "60000" :doc "after which an idle worker above :min ends"}
   {:key :max-tasks :takes "a number of tasks, 1 or more" :valid? (number-from 1)
    :set (fn [^Limits l v] (.maxTasks l v)) :default "none" :doc "after which a worker is renewed; elements of a map count each"}
   {:key :queue-bytes :takes "a number of bytes, 0 or more" :valid? (number-from 0)
    :set (fn [^Limits l v] (.queueBytes l v)) :default "the larger of 128 MiB and a quarter of the heap"
    :doc "of tasks that wait; one larger is always admitted"}
   {:key :queue-length :takes "a number of tasks, 1 or more" :valid? #(and (int? %) (<= 1 (long %) Integer/MAX_VALUE))
    :set (fn [^Limits l v] (.queueLength l (int v))) :default "1000000" :doc "of tasks that wait: submit blocks, try-submit returns nil"}
   {:key :retries :takes "a number of 0 or more" :valid? #(and (int? %) (<= 0 (long %) Integer/MAX_VALUE))
    :set (fn [^Limits l v] (.retries l (int v))) :default "1"
    :doc "how often a task is tried again after its worker died; never when it has killed two"}
   {:key :cores-per-worker :takes "a number of cores, 1 or more" :valid? #(and (int? %) (<= 1 (long %) 65536))
    :default "the cores of this JVM divided by the workers" :doc "the size that each worker's JVM takes for its inner pools"}])

(def map-table
  "Options of pmap, pmap-unordered and fold."
  [{:key :pool :takes "a pool" :valid? #(instance? Pool %)
    :default "(default-pool); in a task of a pool: none, it is evaluated there" :doc "whose workers do it"}
   {:key :chunk :takes ":auto or a number of elements, 1 or more" :valid? #(or (= :auto %) ((number-from 1) %))
    :default ":auto" :doc "elements that travel together; :auto: 20 ms of work, as measured, growing from 1"}
   {:key :in-flight :takes "a number of elements, 1 or more" :valid? (number-from 1)
    :default "3 chunks per worker; with :chunk :auto at most as many as were taken, and 3 per worker"
    :doc "the look-ahead: elements that were given out and whose results are not taken yet"}
   {:key :on-error :takes ":throw, :value or a function of the error" :valid? #(or (= :throw %) (= :value %) (and (ifn? %) (not (keyword? %))))
    :default ":throw" :doc ":throw stops the rest; :value puts the error in place; a function's value is put in place"}
   {:key :retries :takes "a number of 0 or more" :valid? (number-from 0)
    :default "1" :doc "how often an element is tried again whose worker died; never when it has killed two"}
   {:key :retry? :takes "a function of the error" :valid? #(and (ifn? %) (not (keyword? %)))
    :default "always" :doc "whether to try an element again whose worker died of it"}
   {:key :timeout-ms :takes "a number of milliseconds, 1 or more" :valid? (number-from 1)
    :default "none" :doc "for each element: it is interrupted, and its worker replaced if that does not help"}
   {:key :seed :takes "an integer of 64 bits" :valid? int?
    :default "another one each time" :doc "of (rng): the same numbers for an element whatever the workers"}
   {:key :progress :takes "true, false, or a function of a map" :valid? #(or (boolean? %) (nil? %) (ifn? %))
    :default "false" :doc "true: a bar on a terminal, a line now and then elsewhere"}])

(defn- check [what table m]
  (when-not (map? m)
    (throw (errors/bad-argument (str "Options of " what " are a map, not " (pr-str m) "."))))
  (doseq [{:keys [key takes valid?]} table
          :when (contains? m key)
          :let [v (get m key)]]
    (when-not (valid? v)
      (throw (errors/bad-argument (str "Option " key " of " what " is " (pr-str v) "; allowed is " takes ".") {:option key :allowed takes}))))
  m)

(defn map-options
  "The checked options of a map."
  [what m]
  (check what map-table m)
  (options/check-known what m (map :key map-table)))

(defn check-elements
  "Throws :bad-argument when what is to be mapped has no elements."
  [what coll]
  (when-not (seqable? coll)
    (throw (errors/bad-argument (str "(" what " ...) takes a collection, not " (pr-str coll) ", a " (.getName (class coll)) ".")))))

(defn- workers [n]
  (when-not (and (int? n) (<= 1 (long n) Pools/MOST_WORKERS))
    (throw (errors/bad-argument (str "(pool ...) takes a number of workers from 1 to " Pools/MOST_WORKERS ", not " (pr-str n) "."))))
  (int n))

(defn- limits ^Limits [n {:keys [min max] :as opts}]
  (let [l     (Limits. (workers n))
        least (or min (clojure.core/min (long n) (long (or max n))))
        most  (or max (clojure.core/max (long n) (long least)))]
    (when (> (long least) (long most))
      (throw (errors/bad-argument (str "Option :min is " least " and :max is " most "; allowed is :min at most :max.") {:option :min})))
    (.between l least most)
    (doseq [{:keys [key set]} pool-table
            :when (and set (contains? opts key))]
      (set l (get opts key)))
    l))

(defn pool-options
  "[limits, options of the workers] of the checked options of a pool."
  [m n]
  (check "pool" pool-table m)
  (options/check-known "pool" m (concat (map :key pool-table) (map :key options/table)))
  (let [own            (map :key pool-table)
        ^Limits l      (limits n m)
        ^WorkerOptions given (options/worker-options (apply dissoc (merge {:name "pool"} m) own))]
    [(.graceMs l (Pools/graceMs given))
     (errors/surfacing (Shares/applied given (.max l) (int (:cores-per-worker m 0))))]))
