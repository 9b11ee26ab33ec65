(ns parallel.bench.program
  "A program that uses parallel.api as anyone would: a contender (see parallel.bench.contender) whose rounds are named
  in `plays`."
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
  (parallel/warm 1)
  (Thread/sleep (long refill-ms))
  (first-message nil nil))

(defn- warm-first-messages
  "A message of each of n workers that take the spares."
  [n _]
  (parallel/warm n)
  (Thread/sleep (long (* n refill-ms)))
  (let [ws (volatile! nil)
        ns (nanos (vreset! ws (vec (repeatedly n #(parallel/run '(parallel/send (parallel/parent) :here)))))
                  (parallel/receive @ws))]
    (parallel/join @ws)
    {:ns ns}))

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

;; ---- workers that wait, which stay until others take their place

(def ^:private waiting (atom []))

(defn- replace-waiting
  "Stops those that wait and starts others: how long it took until await had returned, and their process ids."
  [start await]
  (parallel/stop @waiting)
  (let [ns (nanos (reset! waiting (start))
                  (await @waiting))]
    {:ns ns, :pids (mapv :pid (parallel/status @waiting))}))

(defn- fork
  "n idle workers."
  [n _]
  (replace-waiting #(parallel/fork n)
                   (fn [ws] (run! deref (parallel/exec ws '(parallel/id))))))

(defn- crowd
  "n workers that answer each message with it."
  [n _]
  (replace-waiting #(vec (repeatedly n (fn [] (parallel/run '(let [parent (parallel/parent)]
                                                               (parallel/send parent :here)
                                                               (run! (fn [m] (parallel/send parent m))
                                                                     (parallel/messages parent)))))))
                   parallel/receive))

(defn- select-among
  "One of a crowd is sent a message, and select takes its answer."
  [_ times]
  (let [ws @waiting]
    (median-of times #(do (parallel/send (nth ws (rem % (count ws))) %)
                          (parallel/select ws)))))

(defn- broadcast
  "A message to all of them, and an answer from each."
  [_ times]
  (let [ws @waiting]
    (median-of times #(do (parallel/send ws %)
                          (parallel/receive ws)))))

(def ^:private plays
  {"small-map" small-map, "first-message" first-message, "warm-first-message" warm-first-message
   "warm-first-messages" warm-first-messages, "ancestor" ancestor
   "fork" fork, "crowd" crowd, "select" select-among, "broadcast" broadcast})

(defn answer
  "Says that it is ready, plays the rounds that stdin names, and ends when that does. plays: their names to functions of
  size and times."
  [plays]
  (prn {:ready true})
  (doseq [line (line-seq (java.io.BufferedReader. *in*))]
    (let [[what size times] (str/split line #" ")]
      (prn ((plays what) (parse-long size) (parse-long times)))))
  (parallel/close)
  (shutdown-agents))

(defn -main []
  (answer plays))
