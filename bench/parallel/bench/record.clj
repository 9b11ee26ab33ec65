(ns parallel.bench.record
  "What it costs a worker to write down what it does."
  (:require [parallel.bench.row :as row])
  (:import [java.nio.file Files Path]
           [java.nio.file.attribute FileAttribute]
           [parallel.bench RecordCost]))

(set! *warn-on-reflection* true)

(defn- directory ^Path []
  (let [memory (Path/of "/dev/shm" (make-array String 0))]
    (if (Files/isWritable memory)
      memory
      (Files/createTempDirectory "parallel-bench" (make-array FileAttribute 0)))))

(defn record [{:keys [turns]}]
  (RecordCost/nanos (directory))
  (let [pairs (vec (repeatedly turns #(vec (RecordCost/nanos (directory)))))]
    [(row/row {:figure "an element in the flight record" :of "a look at the clock" :unit "ns" :goal [:below 40]
               :ours (mapv first pairs) :reference (mapv second pairs)})]))
