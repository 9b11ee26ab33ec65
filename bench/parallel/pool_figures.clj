(ns parallel.pool-figures
  "What is claimed about pools, measured: the cost of a tiny task, and the speed-up of real work on two workers. Every ratio is within one
  run. (pool-figures) prints the rows and returns them."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [parallel.pool :as pool])
  (:import [java.io File]
           [java.util.concurrent ExecutorService Executors]
           [java.util.random RandomGenerator]
           [parallel.pool ElementRandom]))

(set! *warn-on-reflection* true)

(def ^:private tiny 100000)
(def ^:private rounds 5)

(defn- seconds [f]
  (let [start (System/nanoTime)]
    (f)
    (/ (- (System/nanoTime) start) 1e9)))

(defn- best
  "The best of some rounds, after two that warm up: what else the machine does only ever adds."
  [f]
  (dotimes [_ 2] (f))
  (apply min (repeatedly rounds #(seconds f))))

(defn- nanos-per-task [n f]
  (/ (* 1e9 (double (best f))) (long n)))

(defn- row
  "A row whose ratio, of ours to the reference, must be at most the goal."
  [figure ours reference goal]
  (let [ratio (/ (double ours) (double reference))]
    {:figure figure :unit "ns" :ours ours :reference reference :ratio ratio :goal (str "<= " goal) :held? (<= ratio (double goal))}))

;; ---- a tiny task

(defn- threads-each
  "A task of an executor with two threads for each element."
  []
  (let [^ExecutorService executor (Executors/newFixedThreadPool 2)]
    (try
      (nanos-per-task tiny #(run! deref (mapv (fn [x] (.submit executor ^Callable (fn [] (inc (long x))))) (range tiny))))
      (finally
        (.shutdown executor)))))

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
      (let [process (.start (.redirectErrorStream (ProcessBuilder. ^"[Ljava.lang.String;" (into-array String ["python3" (str script) (str tiny)])) true))
            lines   (str/split-lines (slurp (.getInputStream process)))]
        (when (zero? (.waitFor process))
          (mapv parse-double lines)))
      (catch java.io.IOException _ nil)
      (finally
        (.delete script)))))

(defn- tiny-rows [p]
  (let [ours            (nanos-per-task tiny #(dorun (pool/pmap {:pool p} 'clojure.core/inc (range tiny))))
        [single chunked] (python-nanos)]
    (concat
     [(row "tiny task in pmap, automatic chunks; reference: clojure.core/pmap" ours (nanos-per-task tiny #(dorun (pmap inc (range tiny)))) 1.0)
      (row "the same; reference: an ExecutorService of 2 threads" ours (threads-each) 5.0)]
     (when single
       [(row "the same; reference: Python multiprocessing.Pool.map, task by task" ours single 0.1)
        (row "the same; reference: Python multiprocessing.Pool.map, its own chunks" ours chunked 10.0)]))))

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
  (count (filter (fn [^long n] (and (> n 1) (loop [d 2] (cond (> (* d d) n) true (zero? (rem n d)) false :else (recur (inc d))))))
                 (range a b))))

(defn- with-texts [f]
  (let [directory (.toFile (java.nio.file.Files/createTempDirectory "texts" (make-array java.nio.file.attribute.FileAttribute 0)))
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
  "The time of the work in one thread of this JVM, divided by its time in the pool. Both must come to the same."
  [figure in-pool here]
  (when-not (= (in-pool) (here))
    (throw (ex-info (str figure ": the results differ") {})))
  (let [ours (best in-pool) reference (best here) ratio (/ (double reference) (double ours))]
    {:figure (str "speed-up on 2 workers: " figure) :unit "s" :ours ours :reference reference :ratio ratio :goal ">= 1.8" :held? (>= ratio 1.8)}))

(defn- work-rows [p]
  (let [numbers (range 10000000)
        batches (vec (repeat 64 1000000))
        spans   (mapv (fn [i] [(* 20000 i) (* 20000 (inc i))]) (range 100))]
    (concat
     [(speed-up "fold of 1e7 numbers, the sum of sin sqrt x"
                #(Math/round (double (pool/fold {:pool p} '+ `add-wave numbers)))
                #(Math/round (double (reduce add-wave 0 numbers))))
      (speed-up "Monte Carlo pi, 6.4e7 points with :seed"
                #(reduce + (pool/pmap {:pool p :seed 1} `hits-of-element batches))
                #(reduce + (map-indexed (fn [i n] (hits (ElementRandom. 1 i) n)) batches)))
      (speed-up "primes below 2e6"
                #(reduce + (pool/pmap {:pool p} `primes spans))
                #(reduce + (map primes spans)))]
     (with-texts
       (fn [paths]
         [(speed-up "word count over 48 files"
                    #(reduce (partial merge-with +) (pool/pmap {:pool p} `words paths))
                    #(reduce (partial merge-with +) (map words paths)))])))))

(defn- print-row [{:keys [figure unit ours reference ratio goal held?]}]
  (println (format "%-76s %10.4g %10.4g %s   ratio %6.2f   goal %s %s" figure (double ours) (double reference) unit ratio goal (if held? "" "NOT HELD"))))

(defn pool-figures
  "Prints a row for each figure, and returns them: {:figure :unit :ours :reference :ratio :goal :held?}."
  []
  (pool/with-pool [p {:cores-per-worker 1} 2]
    (let [rows (vec (concat (tiny-rows p) (work-rows p)))]
      (run! print-row rows)
      rows)))

(defn -main [& _]
  (pool-figures)
  (shutdown-agents))
