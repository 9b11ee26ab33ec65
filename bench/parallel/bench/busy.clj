(ns parallel.bench.busy
  "Messages beside threads of other processes that want a processor all the time, niced and not."
  (:require [parallel.bench.contender :refer [rounds warm-up with-contenders]]
            [parallel.bench.row :as row]))

(def ^:private burns "while :; do :; done")

(defn- burner
  "A process that wants a processor; niced so much."
  ^Process [nice]
  (.start (ProcessBuilder. ^java.util.List ["nice" "-n" (str nice) "sh" "-c" burns])))

(defn- beside
  "Calls f while so many burn a processor each."
  [n nice f]
  (let [burners (doall (repeatedly n #(burner nice)))]
    (try
      (f)
      (finally
        (run! #(doto ^Process % .destroyForcibly .waitFor) burners)))))

(def ^:private loads
  "[text burners nice goals], goals are [reference percentile goal]."
  [["beside one"         1 0  [["Aeron IPC" 50 [:<= 2.0]] ["bare ring" 50 nil] ["Open MPI" 50 nil]
                               ["Unix socket" 50 nil] ["Unix socket" 90 [:<= 0.5]]]]
   ["beside two"         2 0  [["Unix socket" 50 [:<= 1.0]] ["Unix socket" 90 [:<= 1.0]] ["Aeron IPC" 50 nil]
                               ["bare ring" 50 nil]]]
   ["beside one, nice 19" 1 19 [["Aeron IPC" 50 nil] ["Unix socket" 50 nil] ["Unix socket" 90 nil]]]
   ["beside two, nice 19" 2 19 [["Aeron IPC" 50 nil] ["Unix socket" 50 nil] ["Unix socket" 90 nil]]]])

(def ^:private seconds-of-round "A contender goes there and back as often as it does in about that time." 1.0)
(def ^:private most-times 1000000)

(defn- at-percentile [percentile {:keys [percentiles]}]
  (some (fn [[p ns]] (when (== p percentile) ns)) percentiles))

(defn- times
  "How often each goes there and back: what fits into a second under the load, so that no turn sees only what the
  scheduler has done in a few milliseconds."
  [contenders]
  (let [tries (rounds contenders {:turns 1 :warm-ups 0} (constantly ["ping" 8 2000]))]
    (update-vals tries (fn [[{:keys [p50]}]]
                         (-> (/ (* 1e9 seconds-of-round) p50) long (max 2000) (min most-times))))))

(defn- load-rows [contenders missing options [text n nice goals]]
  (let [results (beside n nice #(let [times (times contenders)]
                                  (rounds contenders options (fn [name] ["ping" 8 (times name)]))))]
    (for [[of percentile goal] goals
          :let [figure (format "ping-pong of a long, %s, p%d" text percentile)
                value  #(map (partial at-percentile percentile) (results %))]]
      (if-let [why (missing of)]
        (row/missing figure of why)
        (row/row {:figure figure :of of :unit "ns" :goal goal :ours (value "parallel") :reference (value of)})))))

(defn busy
  "Rows of ping-pong beside other ways, under each load."
  [{:keys [quick?] :as options}]
  (with-contenders [contenders missing ["parallel" "bare ring" "Aeron IPC" "Open MPI" "Unix socket"]]
    (warm-up contenders (if quick? 1000 3000) (fn [name] ["ping" 8 (if (= "Unix socket" name) 5000 100000)]))
    (into [] (mapcat #(load-rows contenders missing options %)) loads)))
