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
                   [["bare ring" [:<= 2.0]] ["Aeron IPC" [:<= 2.0]] ["Unix socket" [:faster 20]] ["JeroMQ" [:faster 20]]
                    ["Python Pipe" [:faster 20]]
                    ["TCP" [:faster 20]] ["Open MPI" nil]])
         (compared {:figure "the same, p90" :unit "ns" :value (partial at-percentile 90) :results results
                    :missing missing}
                   [["bare ring" nil]])
         [(row/row {:figure "allocated by an end for a round trip" :unit "bytes"
                    :ours (sample results "parallel" :allocated)})])
        {:latencies (update-vals results #(mapv :percentiles %))}))))

(defn one-way
  "Small messages, as many as go."
  [{:keys [quick?] :as options}]
  (with-contenders [contenders missing ["parallel" "parallel, receiveInto" "bare ring" "Aeron IPC"]]
    (let [times (if quick? 2000000 5000000)
          of-size (fn [size names]
                    (let [playing (select-keys contenders names)
                          round   (constantly ["one-way" size times])]
                      (warm-up playing (warm-ms options) round)
                      (rounds playing options round)))
          value   #(/ (:per-second %) 1e6)
          longs   (of-size 8 ["parallel" "bare ring" "Aeron IPC"])
          bytes64 (of-size 64 ["parallel" "parallel, receiveInto" "bare ring" "Aeron IPC"])]
      (concat
       (compared {:figure "one way, a long" :unit "M/s" :value value :results longs :missing missing}
                 [["bare ring" [:>= 0.5]] ["Aeron IPC" nil]])
       (compared {:figure "one way, byte[64]" :unit "M/s" :value value :results bytes64 :missing missing}
                 [["bare ring" [:>= 0.5]] ["Aeron IPC" nil]])
       (compared {:figure "one way, byte[64], receiveInto" :unit "M/s" :value value :results bytes64 :missing missing
                  :ours "parallel, receiveInto"}
                 [["bare ring" [:>= 0.5]]])))))

(def ^:private array-goals
  {100000 0.6, 1000000 0.9, 10000000 0.9})

(def ^:private array-ways
  ["Aeron IPC" "Unix socket" "TCP" "Open MPI" "Python shared_memory"])

(defn- arrays-of [contenders missing {:keys [quick?] :as options} size]
  (let [times   (max 3 (quot (if quick? 40000000 200000000) size))
        results (rounds contenders options (constantly ["array" size times]))]
    (compared {:figure (format "double[%,d], one way" size) :unit "GB/s" :value #(/ (:bytes-per-second %) 1e9)
               :results results :missing missing}
              (into [["arraycopy" [:>= (array-goals size)]] ["bare ring" nil]] (map #(vector % [:>= 1.0]))
                    array-ways))))

(defn arrays
  "double[], one way, received into an array. The bare ring, in fragments of 16 KiB, says what the machine allows."
  [options]
  (with-contenders [contenders missing (into ["parallel" "arraycopy" "bare ring"] array-ways)]
    (warm-up contenders (warm-ms options) (constantly ["array" 100000 100]))
    (doall (mapcat #(arrays-of contenders missing options %) (sort (keys array-goals))))))

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
                           :ours [(/ (results ours) 1e9)] :reference [(/ fastest 1e9)]})))
          {:sizes curves})))))
