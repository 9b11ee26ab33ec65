(ns parallel.bench.ancestor
  "The job that the Lua library, whose descendant this is, was measured with: four workers, 1000 rounds, a map with a
  double[10000] to each, a short string back from each. Its figure, 0.51 s, is a fixed one; the goal is for a machine
  whose cores are near each other."
  (:require [parallel.bench.contender :refer [rounds with-contenders]]
            [parallel.bench.row :as row]))

(def ^:private near-ns 250)

(defn ancestor [{:keys [quick?]}]
  (with-contenders [contenders _ ["parallel.api" "bare ring"]]
    (let [results (rounds contenders {:turns (if quick? 2 5) :warm-ups (if quick? 0 1)}
                          {"parallel.api" ["ancestor" 4 1000], "bare ring" ["ping" 8 100000]})
          ring    (row/median (map :p50 (results "bare ring")))
          figure  (fn [label k seconds]
                    (row/row {:figure (str "4 workers, 1000 rounds, " label
                                           (when (> ring near-ns) " (cores far apart)"))
                              :unit "s" :goal (when (<= ring near-ns) [:below seconds])
                              :ours (map k (results "parallel.api"))}))]
      [(figure "hot" :hot 0.2) (figure "fresh workers" :fresh 0.5)])))
