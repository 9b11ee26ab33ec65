(ns parallel.bench.idle
  "What a worker costs that waits."
  (:require [parallel.bench.contender :refer [ask with-contenders]]
            [parallel.bench.row :as row]))

(defn idle [{:keys [quick?]}]
  (with-contenders [{worker "parallel"} _ ["parallel"]]
    (ask worker ["ping" 8 50000])
    (ask worker ["wake" 8 200])
    (let [turns (if quick? 2 5)
          idle  (vec (repeatedly turns #(ask worker ["idle" 8 (if quick? 2000 4000)])))
          wake  (vec (repeatedly (if quick? 3 7) #(ask worker ["wake" 8 500])))]
      [(row/row {:figure "CPU of a blocked, idle worker" :unit "% core" :goal [:below 0.1]
                 :ours (map #(* 100 (:cores %)) idle)})
       (row/row {:figure "there and back after 2 ms of silence, p50" :unit "us" :goal [:below 50]
                 :ours (map #(/ (:p50 %) 1e3) wake)})])))
