(ns parallel.bench.figures
  "The plots, from what the parts have measured."
  (:require [clojure.java.io :as io]
            [parallel.bench.machine :as machine]
            [parallel.bench.plot :as plot]
            [parallel.bench.row :refer [median]]))

(defn- median-curve
  "Of several measurements of the same curve, [[x y] ...] each."
  [curves]
  (apply mapv (fn [& points] [(ffirst points) (median (map second points))]) curves))

(def ^:private ours "parallel")

(defn- ours-first [by-name]
  (sort-by (fn [[name]] [(not= name ours) name]) by-name))

(defn- latency [latencies]
  ;; A percentile p is at 1 / (1 - p), so that tails have room.
  (let [tail (fn [[p ns]] (when (< p 100) [(/ 1 (- 1 (/ p 100.0))) (max 1.0 ns)]))]
    {:title  "There and back of a long between two processes: distribution"
     :x      "percentile" :y "nanoseconds"
     :x-ticks [[1 "0"] [2 "50"] [10 "90"] [100 "99"] [1000 "99.9"] [10000 "99.99"]]
     :series (map (fn [[name curves]] [name (keep tail (median-curve curves))]) (ours-first latencies))}))

(defn- bandwidth [sizes]
  {:title  "Arrays one way between two processes, received into an array"
   :x      "bytes of a message" :y "bytes per second"
   :series (map (fn [[name points]] [name (sort points)]) (ours-first sizes))})

(defn- scaling [costs]
  (let [points (fn [k] (map (juxt :n k) costs))]
    {:title  "What n workers cost"
     :x      "workers" :y "see the names"
     :x-ticks (map (juxt :n :n) costs)
     :series [["start of all, ms" (points :start-ms)]
              ["private memory, MiB" (points :private)]
              ["message to all and back, us" (points :broadcast)]
              ["select over all, us" (points :select)]]}))

(defn write
  "Writes the plots that the parts' data allow into a directory; data: {:latencies :sizes :costs}, as the parts'
  metadata has them."
  [directory {:keys [latencies sizes costs]}]
  (doseq [[file chart] {"latency.svg"   (some-> latencies latency)
                        "bandwidth.svg" (some-> sizes bandwidth)
                        "scaling.svg"   (some-> costs scaling)}
          :when chart]
    (let [target (io/file directory file)]
      (io/make-parents target)
      (spit target (plot/svg (assoc chart :caption (machine/caption) :ours ours)))
      (println "Wrote" (str target)))))
