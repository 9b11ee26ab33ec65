(ns parallel.bench.pool
  "What is claimed about pools: the cost of a tiny task, and the speed-up of real work on two workers. The references
  are in this JVM, which has the pool, and Python."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [parallel.bench.row :as row]
            [parallel.pool :as pool])
  (:import [java.io File]
           [java.nio.file Files]
           [java.nio.file.attribute FileAttribute]
           [java.util.concurrent ExecutorService Executors]
           [java.util.random RandomGenerator]
           [parallel.pool ElementRandom]))

(set! *warn-on-reflection* true)

(def ^:private tiny 100000)

(defn- seconds [f]
  (let [start (System/nanoTime)]
    (f)
    (/ (- (System/nanoTime) start) 1e9)))

(defn- warm-up
  "Plays f for so many seconds, after once, which may have to wait for workers: hot code comes after seconds."
  [f most]
  (f)
  (loop [left (double most)]
    (when (pos? left)
      (recur (- left (double (seconds f)))))))

(defn- in-turns
  "The seconds of each f, [[of a turn ...] ...]: warmed up one after the other, then A B C A B C."
  [{:keys [quick? turns]} fs]
  (run! #(warm-up % (if quick? 1 4)) fs)
  (apply mapv vector (repeatedly turns (fn [] (mapv seconds fs)))))

;; ---- a tiny task

(defn- nanos-per-task [n times]
  (mapv #(/ (* 1e9 (double %)) (long n)) times))

(defn- threads-each
  "A task of an executor for each element."
  [^ExecutorService executor]
  (run! deref (mapv (fn [x] (.submit executor ^Callable (fn [] (inc (long x))))) (range tiny))))

(def ^:private python "
import time, multiprocessing, sys
def inc(x): return x + 1
if __name__ == '__main__':
    n = int(sys.argv[1])
    with multiprocessing.Pool(2) as pool:
        def best(f):
            f()
            times = []
            for _ in range(3):
                t = time.perf_counter(); f(); times.append(time.perf_counter() - t)
            return min(times)
        print(best(lambda: pool.map(inc, range(n // 10), chunksize=1)) / (n // 10) * 1e9)
        print(best(lambda: pool.map(inc, range(n))) / n * 1e9)
")

(defn- python-nanos
  "[a task by itself, a task of Python's own chunks], or nil where there is no Python."
  []
  (let [script (File/createTempFile "pool" ".py")]
    (try
      (spit script python)
      (let [command (into-array String ["python3" (str script) (str tiny)])
            process (.start (.redirectErrorStream (ProcessBuilder. ^"[Ljava.lang.String;" command) true))
            lines   (str/split-lines (slurp (.getInputStream process)))]
        (when (zero? (.waitFor process))
          (mapv parse-double lines)))
      (catch java.io.IOException _ nil)
      (finally
        (.delete script)))))

(defn- tiny-rows [p options]
  (let [executor (Executors/newFixedThreadPool 2)]
    (try
      (let [[ours cores threads] (map #(nanos-per-task tiny %)
                                      (in-turns options [#(dorun (pool/pmap {:pool p} 'clojure.core/inc (range tiny)))
                                                         #(dorun (pmap inc (range tiny)))
                                                         #(threads-each executor)]))
            [single chunked]     (python-nanos)
            tiny-row             (fn [of reference goal]
                                   (row/row {:figure "tiny task in pmap, automatic chunks" :of of :unit "ns" :ours ours
                                             :reference reference :goal goal}))]
        (cond-> [(tiny-row "clojure.core/pmap" cores [:<= 1.0])
                 (tiny-row "ExecutorService of 2" threads [:<= 1.0])]
          single (conj (tiny-row "Python, single tasks" [single] [:faster 10.0])
                       (tiny-row "Python, its own chunks" [chunked] [:<= 1.0]))))
      (finally
        (.shutdown executor)))))

(defn- journal-rows
  "What it costs to keep each element: the difference is what counts, as a tiny task itself costs less."
  [p options]
  (let [file (File/createTempFile "pool" ".journal")]
    (try
      (let [in-pool      #(dorun (pool/pmap (assoc % :pool p) 'clojure.core/inc (range tiny)))
            with-journal #(do (.delete file) (in-pool {:journal file}))
            micros       (fn [times] (mapv #(/ (double %) 1e3) (nanos-per-task tiny times)))
            [kept plain] (map micros (in-turns options [with-journal #(in-pool {})]))]
        [(row/row {:figure "tiny task in pmap with a journal" :of "pmap without" :unit "us" :ours kept
                   :reference plain})
         (row/row {:figure "what the journal costs each" :unit "us" :ours (mapv - kept plain) :goal [:below 3.0]})])
      (finally
        (.delete file)))))

;; ---- real work

(defn add-wave [sum x]
  (+ (double sum) (Math/sin (Math/sqrt (double x)))))

(defn hits
  "How many of n points of the unit square are within the circle."
  [^RandomGenerator random n]
  (loop [i 0 hits 0]
    (if (= i (long n))
      hits
      (let [x (.nextDouble random) y (.nextDouble random)]
        (recur (inc i) (if (< (+ (* x x) (* y y)) 1.0) (inc hits) hits))))))

(defn hits-of-element [n] (hits (pool/rng) n))

(defn words
  "How often each word is in a file."
  [path]
  (frequencies (re-seq #"\w+" (slurp path))))

(defn primes
  "How many primes there are from a to b."
  [[a b]]
  (count (filter (fn [^long n]
                   (and (> n 1) (loop [d 2] (cond (> (* d d) n) true (zero? (rem n d)) false :else (recur (inc d))))))
                 (range a b))))

(defn- with-texts [f]
  (let [directory (.toFile (Files/createTempDirectory "texts" (make-array FileAttribute 0)))
        random    (ElementRandom. 1 1)
        files     (mapv #(io/file directory (str "text-" % ".txt")) (range 48))]
    (try
      (doseq [file files]
        (spit file (str/join " " (repeatedly 60000 #(str "word" (.nextInt ^RandomGenerator random 500))))))
      (f (mapv str files))
      (finally
        (run! #(.delete ^File %) files)
        (.delete directory)))))

(defn- speed-up
  "The time of the work in one thread of this JVM, of its time in the pool. Both must come to the same."
  [options figure in-pool here]
  (when-not (= (in-pool) (here))
    (throw (ex-info (str figure ": the results differ") {})))
  (let [[ours reference] (in-turns options [in-pool here])]
    (row/row {:figure figure :of "one thread" :unit "s" :ours ours :reference reference :goal [:faster 1.8]})))

(defn- work-rows [p options]
  (let [numbers (range 10000000)
        batches (vec (repeat 64 1000000))
        spans   (mapv (fn [i] [(* 20000 i) (* 20000 (inc i))]) (range 100))]
    (into
     [(speed-up options "2 workers: fold of 1e7, sin sqrt x"
                #(Math/round (double (pool/fold {:pool p} '+ `add-wave numbers)))
                #(Math/round (double (reduce add-wave 0 numbers))))
      (speed-up options "2 workers: pi, 6.4e7 points with :seed"
                #(reduce + (pool/pmap {:pool p :seed 1} `hits-of-element batches))
                #(reduce + (map-indexed (fn [i n] (hits (ElementRandom. 1 i) n)) batches)))
      (speed-up options "2 workers: primes below 2e6"
                #(reduce + (pool/pmap {:pool p} `primes spans))
                #(reduce + (map primes spans)))]
     (with-texts
       (fn [paths]
         [(speed-up options "2 workers: words of 48 files"
                    #(reduce (partial merge-with +) (pool/pmap {:pool p} `words paths))
                    #(reduce (partial merge-with +) (map words paths)))])))))

(defn pool
  "The rows."
  [options]
  (pool/with-pool [p {:cores-per-worker 1} 2]
    (-> (tiny-rows p options)
        (into (journal-rows p options))
        (into (work-rows p options)))))
