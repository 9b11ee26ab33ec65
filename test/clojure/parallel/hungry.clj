(ns parallel.hungry
  "Random traffic between a root and workers of small heaps: each call comes to a value or to an error that says why,
  and none hangs. -main runs it for some seconds with a seed; run it in a root of 32 to 96 MB."
  (:require [clojure.string :as str]
            [parallel.api :as parallel]
            [parallel.support :refer [quick-jvm]])
  (:import [java.util Random]))

(def ^:private hang-ms 90000)

(defn- opts [^Random r]
  {:max-heap (str (+ 32 (.nextInt r 65)) "m") :jvm-opts quick-jvm})

(defn- size
  "Bytes: mostly small, now and then more than a heap."
  [^Random r]
  (bit-shift-left 1 (case (.nextInt r 10)
                      (0 1 2 3 4 5) (.nextInt r 12) (6 7 8) (+ 12 (.nextInt r 10)) 9 (+ 22 (.nextInt r 5)))))

(defn- value [^Random r n]
  (case (.nextInt r 3)
    0 (byte-array n)
    1 (vec (repeat (min 20000 (quot n 50)) {:a "some text" :n n}))
    2 (apply str (repeat (min 1000000 n) \x))))

(def ^:private chatty
  '(fn [seed n]
     (let [r (java.util.Random. seed)]
       (dotimes [_ n]
         (parallel/send (parallel/parent) (byte-array (bit-shift-left 1 (.nextInt r 20)))))
       (dotimes [_ (quot n 2)]
         (parallel/receive (parallel/parent) 50 nil))
       n)))

(defn- drained [w]
  (loop [n 0]
    (if (= ::none (parallel/receive w 200 ::none)) n (recur (inc n)))))

(defn- action
  "One call, or a few, with a worker: [name thunk]."
  [^Random r]
  (let [seed (.nextLong r) n (inc (.nextInt r 200)) bytes (size r)]
    (case (.nextInt r 6)
      0 [:chat #(let [w (parallel/run (opts r) chatty seed n)]
                  (dotimes [_ (quot n 2)] (parallel/send w (value r (min bytes 100000)) {:timeout-ms 2000}))
                  (parallel/join w))]
      1 [:large #(let [w (parallel/run (opts r) '(alength (bytes (parallel/receive (parallel/parent)))))]
                   (parallel/send w (byte-array bytes))
                   (parallel/join w))]
      2 [:exec #(let [w (parallel/fork (opts r))]
                  (try
                    (mapv (fn [reply]
                            (try (deref reply) (catch clojure.lang.ExceptionInfo e (:parallel/error (ex-data e)))))
                          (mapv (fn [_] (parallel/exec w 'count (value r bytes))) (range (quot n 20))))
                    (finally (parallel/stop w))))]
      3 [:reply #(let [w (parallel/fork (opts r))]
                   (try
                     (count (deref (parallel/exec w (list 'vec (list 'byte-array (min bytes 4000000))))))
                     (finally (parallel/stop w))))]
      4 [:joined #(let [w (parallel/run (opts r) chatty seed n)]
                    (parallel/join w)
                    (drained w))]
      5 [:select #(let [ws (vec (repeatedly 2 (fn [] (parallel/run (opts r) chatty seed (quot n 4)))))]
                    (loop [n 0] (if (parallel/select ws 5000 nil) (recur (inc n)) n)))])))

(defn- outcome [f]
  (let [answer (promise)]
    (doto (Thread. ^Runnable #(deliver answer (try (f) :value
                                                   (catch clojure.lang.ExceptionInfo e
                                                     (or (:parallel/error (ex-data e)) (ex-message e)))
                                                   (catch OutOfMemoryError _ :out-of-memory)
                                                   (catch Throwable e (class e)))))
      (.setDaemon true)
      .start)
    (deref answer hang-ms :hangs)))

(def ^:private allowed
  #{:value :out-of-memory :not-transferable :remote-exception :worker-died :start-failed :timeout :closed :several})

(defn -main [seconds seed]
  (let [seed (parse-long seed) r (Random. seed)
        end  (+ (System/nanoTime) (* 1000000000 (parse-long seconds)))]
    (println "seed" seed)
    (loop [counts {}]
      (if (< (System/nanoTime) end)
        (let [[what f] (action r) came-to (outcome f)]
          (when-not (allowed came-to)
            (println "WRONG" what came-to))
          (run! parallel/kill (parallel/children))
          (recur (update counts [what came-to] (fnil inc 0))))
        (println (str/join ", "
                           (map (fn [[[what came-to] n]] (str (name what) " " came-to " " n)) (sort-by str counts))))))
    (parallel/close)
    (println "end" (count (parallel/children)))
    (flush)
    (System/exit 0)))
