(ns parallel.bench.scaling
  "Workers by the dozen on the cores that there are: what each of many costs beside each of a few. What grew with the
  square of n would show as a ratio far above 1."
  (:require [parallel.bench.contender :refer [ask with-contenders]]
            [parallel.bench.footprint :refer [end-bare start-bare]]
            [parallel.bench.machine :as machine]
            [parallel.bench.row :as row]))

(def ^:private rest-ms 1500)

(defn- idle-ms [{:keys [quick?]}]
  (if quick? 1500 3000))

(defn- bare-idle
  "CPU that a JVM uses which has loaded clojure.main and waits, in percent of a core: a median of three."
  [options]
  (let [bare (vec (repeatedly 3 start-bare))]
    (try
      (Thread/sleep (long rest-ms))
      (row/median (machine/idle-percent (map #(.pid ^Process %) bare) (idle-ms options)))
      (finally
        (run! end-bare bare)))))

(defn- with-n
  "What n workers cost that wait for messages."
  [program n {:keys [quick?] :as options}]
  (let [{:keys [ns pids]} (ask program ["crowd" n 0])
        times (if quick? 300 1000)
        twice (fn [what times]               ; the first is a warm-up
                (ask program [what 0 times])
                (/ (:p50 (ask program [what 0 times])) 1e3))]
    (Thread/sleep (long rest-ms))
    {:n         n
     :start-ms  (/ ns 1e6)
     :idle      (reduce + (machine/idle-percent pids (idle-ms options)))
     :private   (/ (transduce (map (comp :private machine/memory)) + pids) 1048576.0)
     :select    (twice "select" times)
     :broadcast (twice "broadcast" (quot times 5))}))

(defn- per-worker-row [what unit goal k few many]
  (row/row {:figure (format "%s, each of %d" what (:n many)) :of (format "each of %d" (:n few)) :unit unit :goal goal
            :ours [(/ (k many) (:n many))] :reference [(/ (k few) (:n few))]}))

(defn- rows-of [few many bare]
  [(row/row {:figure (format "CPU of %d idle workers together" (:n many)) :of (format "%d bare clojure.main" (:n many))
             :unit "% core"
            :goal [:<= 0.4] :ours [(:idle many)] :reference [(* (:n many) bare)]})
   (per-worker-row "start, side by side" "ms" [:<= 1.3] :start-ms few many)
   (per-worker-row "private memory" "MiB" [:<= 1.2] :private few many)
   (per-worker-row "message to all, an answer from each" "us" [:<= 2.0] :broadcast few many)
   (row/row {:figure (format "select over %d, a message there and back" (:n many)) :of (format "over %d" (:n few))
             :unit "us" :goal [:<= 2.0]
             :ours [(:select many)] :reference [(:select few)]})])

(defn scaling
  "Rows of the largest number beside a small one; the metadata has all, for plots."
  [{:keys [quick?] :as options}]
  (with-contenders [{program "parallel.api"} _ ["parallel.api"]]
    (ask program ["first-message" 0 1])
    (let [bare  (bare-idle options)
          costs (mapv #(with-n program % options) (if quick? [2 8] [2 8 32 100]))]
      (with-meta (rows-of (first costs) (peek costs) bare) {:costs costs}))))
