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

;; ---- a small map there and back

(def ^:private small {:op :eval :id 42 :xs [1 2 3]})

(def ^:private echo
  (delay (parallel/run '(run! #(parallel/send (parallel/parent) %) (parallel/messages (parallel/parent))))))

(defn- small-map [_ times]
  (let [w     @echo
        taken (long-array times)]
    (dotimes [i times]
      (aset taken i (long (nanos (parallel/send w small) (parallel/receive w)))))
    (java.util.Arrays/sort taken)
    {:p50 (aget taken (quot times 2))}))

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

(defn- answering
  "Lets the idle workers answer each message, until nil."
  []
  (parallel/exec @idle-workers '(loop []
                                  (when-some [m (parallel/receive (parallel/parent))]
                                    (parallel/send (parallel/parent) m)
                                    (recur)))))

(defn- select-among
  "One of the workers is sent a message, and select takes its answer: median of that."
  [_ times]
  (let [replies (answering)
        ws      @idle-workers
        taken   (long-array times)]
    (dotimes [i times]
      (let [w (nth ws (rem i (count ws)))]
        (aset taken i (long (nanos (parallel/send w i) (parallel/select ws))))))
    (parallel/send ws nil)
    (run! deref replies)
    (java.util.Arrays/sort taken)
    {:p50 (aget taken (quot times 2))}))

(defn- broadcast
  "A message to all and an answer from each: median of that."
  [_ times]
  (let [replies (answering)
        ws      @idle-workers
        taken   (long-array times)]
    (dotimes [i times]
      (aset taken i (long (nanos (parallel/send ws i) (parallel/receive ws)))))
    (parallel/send ws nil)
    (run! deref replies)
    (java.util.Arrays/sort taken)
    {:p50 (aget taken (quot times 2))}))

(def ^:private plays
  {"small-map" small-map, "first-message" first-message, "warm-first-message" warm-first-message, "ancestor" ancestor
   "fork" fork, "select" select-among, "broadcast" broadcast})

(defn -main []
  (prn {:ready true})
  (doseq [line (line-seq (java.io.BufferedReader. *in*))]
    (let [[what size times] (str/split line #" ")]
      (prn ((plays what) (parse-long size) (parse-long times)))))
  (parallel/close)
  (shutdown-agents))
