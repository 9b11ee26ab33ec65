(ns parallel.bench.messages
  "Messages of the public Java API between two processes beside other ways to exchange them."
  (:require [parallel.bench.contender :refer [rounds warm-up with-contenders]]
            [parallel.bench.row :as row]))

(defn- sample [results name k]
  (map k (results name)))

(defn- compared
  "Rows of ours beside each reference that was measured or is missing."
  [{:keys [figure unit value results missing ours]} references]
  (for [[of goal] references]
    (if-let [why (missing of)]
      (row/missing figure of why)
      (row/row {:figure figure :of of :unit unit :goal goal
                :ours (map value (results (or ours "parallel")))
                :reference (map value (results of))}))))

(defn- warm-ms [{:keys [quick?]}]
  (if quick? 1000 3000))

(def ^:private slow
  "Those that ask the kernel for each message."
  #{"Unix socket" "TCP" "JeroMQ" "Python Pipe"})

(defn- at-percentile [percentile {:keys [percentiles]}]
  (some (fn [[p ns]] (when (== p percentile) ns)) percentiles))

(defn ping
  "There and back, of a long."
  [{:keys [quick?] :as options}]
  (with-contenders [contenders missing
                    ["parallel" "bare ring" "Aeron IPC" "Open MPI" "Unix socket" "TCP" "JeroMQ" "Python Pipe"]]
    (let [times   (fn [name] (if (slow name) (if quick? 5000 20000) (if quick? 100000 300000)))
          round   (fn [name] ["ping" 8 (times name)])
          _       (warm-up contenders (warm-ms options) round)
          results (rounds contenders options round)]
      (with-meta
        (concat
         (compared {:figure "ping-pong of a long, p50" :unit "ns" :value :p50 :results results :missing missing}
                   [["bare ring" [:<= 1.15]] ["Aeron IPC" [:<= 1.0]] ["Open MPI" [:<= 1.0]]
                    ["Unix socket" [:faster 20]] ["JeroMQ" [:faster 20]] ["Python Pipe" [:faster 20]]
                    ["TCP" nil]])
         (compared {:figure "the same, p90" :unit "ns" :value (partial at-percentile 90) :results results
                    :missing missing}
                   [["bare ring" nil]])
         (compared {:figure "the same, p99" :unit "ns" :value (partial at-percentile 99) :results results
                    :missing missing}
                   [["Aeron IPC" [:<= 2.0]] ["Open MPI" [:<= 2.0]]])
         [(row/row {:figure "allocated by an end for a round trip" :unit "bytes"
                    :ours (sample results "parallel" :allocated)})])
        {:latencies (update-vals results #(mapv :percentiles %))}))))

(defn- playing
  "Rounds of some of the contenders, warmed up."
  [contenders names options round]
  (let [some-of (select-keys contenders names)]
    (warm-up some-of (warm-ms options) (constantly round))
    (rounds some-of options (constantly round))))

(def ^:private beside-small
  "What small messages are measured beside, and the goals."
  [["bare ring" [:>= 0.9]] ["Aeron IPC" [:>= 1.0]] ["Open MPI" [:>= 1.0]]])

(defn one-way
  "Small messages, as many as go."
  [{:keys [quick?] :as options}]
  (with-contenders [contenders missing ["parallel" "parallel, receiveInto" "bare ring" "Aeron IPC" "Open MPI"]]
    (let [times   (if quick? 2000000 5000000)
          all     ["parallel" "bare ring" "Aeron IPC" "Open MPI"]
          value   #(/ (:per-second %) 1e6)
          doubles (fn [size]
                    (compared {:figure (format "one way, double[%d]" size) :unit "M/s"
                               :value #(/ (:bytes-per-second %) 8e6 size) :missing missing
                               :results (playing contenders all options ["array" size times])}
                              beside-small))
          longs   (playing contenders all options ["one-way" 8 times])
          bytes64 (playing contenders (conj all "parallel, receiveInto") options ["one-way" 64 times])]
      (concat
       (compared {:figure "one way, a long" :unit "M/s" :value value :results longs :missing missing} beside-small)
       (compared {:figure "one way, byte[64]" :unit "M/s" :value value :results bytes64 :missing missing} beside-small)
       (compared {:figure "one way, byte[64], receiveInto" :unit "M/s" :value value :results bytes64 :missing missing
                  :ours "parallel, receiveInto"}
                 [["bare ring" nil]])
       (doubles 8)
       (doubles 32)))))

(def ^:private array-goals
  {100000 0.6, 1000000 0.9, 10000000 0.9})

(def ^:private array-ways
  ["Aeron IPC" "Unix socket" "TCP" "Open MPI" "Python shared_memory"])

(defn- arrays-of [contenders missing {:keys [quick?] :as options} size]
  (let [times   (max 3 (quot (if quick? 40000000 200000000) size))
        results (rounds contenders options (constantly ["array" size times]))]
    (compared {:figure (format "double[%,d], one way" size) :unit "GB/s" :value #(/ (:bytes-per-second %) 1e9)
               :results results :missing missing}
              (into [["arraycopy" [:>= (array-goals size)]] ["bare ring" [:>= (array-goals size)]]]
                    (map #(vector % [:>= 1.0]))
                    array-ways))))

(defn- new-array-rows
  "A million elements received as a new array, beside into one that is there."
  [contenders {:keys [quick?] :as options}]
  (let [size     1000000
        times    (if quick? 40 200)
        measured (fn [what] (get (playing contenders ["parallel"] options [what size times]) "parallel"))
        into-one (measured "array")
        new-ones (measured "new-array")
        gb       #(/ (:bytes-per-second %) 1e9)]
    [(row/row {:figure "double[1,000,000], received as a new array" :of "into an array" :unit "GB/s" :goal [:>= 0.6]
               :ours (map gb new-ones) :reference (map gb into-one)})
     (row/row {:figure "memory that it takes there" :of "the array" :unit "MB" :goal [:<= 1.1]
               :ours (map #(/ (:allocated %) 1e6) new-ones) :reference [(* 8e-6 size)]})]))

(defn arrays
  "double[], one way, received into an array. The bare ring, in fragments of 16 KiB, says what the machine allows."
  [options]
  (with-contenders [contenders missing (into ["parallel" "arraycopy" "bare ring"] array-ways)]
    (warm-up contenders (warm-ms options) (constantly ["array" 100000 100]))
    (into (vec (mapcat #(arrays-of contenders missing options %) (sort (keys array-goals))))
          (new-array-rows contenders options))))

(def ^:private sizes-of-plot
  "Elements: 64 bytes to 80 MB."
  [8 32 128 512 2048 8192 32768 131072 524288 2097152 10000000])

(defn sizes
  "For the plot: bytes per second by the size of a double[]. One row: the least ratio to the fastest other."
  [{:keys [quick?] :as options}]
  (let [ours "parallel"
        ways (into [ours "bare ring"] array-ways)]
    (with-contenders [contenders _ ways]
      (warm-up contenders (warm-ms options) (constantly ["array" 2048 10000]))
      (let [measured (for [size (if quick? (take-nth 3 sizes-of-plot) sizes-of-plot)
                           :let [times (-> (quot 40000000 size) (max 4) (min 50000))]]
                       [size
                        (update-vals (rounds contenders {:turns (if quick? 1 3) :warm-ups 1}
                                             (constantly ["array" size times]))
                                     #(row/median (map :bytes-per-second %)))])
            curves   (for [way ways :when (contenders way)]
                       [way (vec (for [[size results] measured] [(* 8 size) (results way)]))])]
        (with-meta
          (vec (for [[size results] measured
                     :let [[of fastest] (apply max-key val (dissoc results ours "bare ring"))]]
                 (row/row {:figure (format "double[%,d], one way" size) :of (str of ", the fastest") :unit "GB/s"
                           :goal [:>= 1.0] :ours [(/ (results ours) 1e9)] :reference [(/ fastest 1e9)]})))
          {:sizes curves})))))
