(ns parallel.bench.program
  "A program that uses parallel.api as anyone would: a contender (see parallel.bench.contender) whose rounds are named in `plays`."
  (:require [clojure.string :as str]
            [parallel.api :as parallel]))

(defmacro ^:private nanos
  "How long body took."
  [& body]
  `(let [start# (System/nanoTime)]
     ~@body
     (- (System/nanoTime) start#)))

(defn- median-of
  "Median of what f takes, times times; f gets the count."
  [times f]
  (let [taken (long-array times)]
    (dotimes [i times]
      (aset taken i (long (nanos (f i)))))
    (java.util.Arrays/sort taken)
    {:p50 (aget taken (quot times 2))}))

;; ---- a small map there and back

(def ^:private small {:op :eval :id 42 :xs [1 2 3]})

(def ^:private echo
  (delay (parallel/run '(run! #(parallel/send (parallel/parent) %) (parallel/messages (parallel/parent))))))

(defn- small-map [_ times]
  (let [w @echo]
    (median-of times (fn [_] (parallel/send w small) (parallel/receive w)))))

;; ---- start

(defn- first-message [_ _]
  (let [w  (volatile! nil)
        ns (nanos (vreset! w (parallel/run '(parallel/send (parallel/parent) :here)))
                  (parallel/receive @w))]
    (parallel/join @w)
    {:ns ns}))

(def ^:private refill-ms 2500)

(defn- warm-first-message
  "The same with a spare waiting, which is given time to boot and to come to rest."
  [_ _]
  (if-let [warm (ns-resolve 'parallel.api 'warm)]
    (do (warm 1)
        (Thread/sleep (long refill-ms))
        (first-message nil nil))
    {:missing "parallel.api has no warm"}))

;; ---- four workers, 1000 rounds

(def ^:private ancestor-worker
  '(let [parent (parallel/parent)]
     (parallel/send parent :here)
     (doseq [{:keys [data]} (parallel/messages parent)]
       (parallel/send parent (str "received " (alength ^doubles data))))))

(def ^:private hot-after
  "Thousands of rounds after which the workers' code is compiled."
  5)

(defn- ancestor
  "The first 1000 rounds of fresh workers, and 1000 of the same when they are hot."
  [n times]
  (let [ws   (vec (repeatedly n #(parallel/run ancestor-worker)))
        data (double-array 10000)
        thousand (fn []
                   (/ (nanos (dotimes [i times]
                               (parallel/send ws {:round i :data data})
                               (parallel/receive ws)))
                      1e9))]
    (parallel/receive ws)
    (let [seconds (vec (repeatedly (inc hot-after) thousand))]
      (run! parallel/send-end ws)
      (parallel/join ws)
      {:fresh (first seconds), :hot (peek seconds)})))

;; ---- idle workers, which stay until the next round

(def ^:private idle-workers (atom []))

(defn- fork
  "n idle workers: how long it took until all had answered, and their process ids."
  [n _]
  (parallel/stop @idle-workers)
  (let [ns (nanos (reset! idle-workers (parallel/fork n))
                  (run! deref (parallel/exec @idle-workers '(parallel/id))))]
    {:ns ns, :pids (mapv :pid (parallel/status @idle-workers))}))

(defn- answer
  "From now on the idle workers answer each message."
  [_ _]
  (run! deref (parallel/exec @idle-workers '(defn answer []
                                              (doseq [m (parallel/messages (parallel/parent))]
                                                (parallel/send (parallel/parent) m)))))
  (parallel/exec @idle-workers '(answer))
  {})

(defn- select-among
  "One of the answering workers is sent a message, and select takes its answer."
  [_ times]
  (let [ws @idle-workers]
    (median-of times #(do (parallel/send (nth ws (rem % (count ws))) %)
                          (parallel/select ws)))))

(defn- broadcast
  "A message to all of them, and an answer from each."
  [_ times]
  (let [ws @idle-workers]
    (median-of times #(do (parallel/send ws %)
                          (parallel/receive ws)))))

(def ^:private plays
  {"small-map" small-map, "first-message" first-message, "warm-first-message" warm-first-message, "ancestor" ancestor
   "fork" fork, "answer" answer, "select" select-among, "broadcast" broadcast})

(defn -main []
  (prn {:ready true})
  (doseq [line (line-seq (java.io.BufferedReader. *in*))]
    (let [[what size times] (str/split line #" ")]
      (prn ((plays what) (parse-long size) (parse-long times)))))
  (parallel/close)
  (shutdown-agents))
