(ns parallel.bench.shared
  "What is claimed about shared arrays, measured: bin/clojure -M:bench:test -m parallel.bench.shared, or a part of
  bin/bench.

  References run in the same run, turn by turn with ours. What a reference needs and is not there leaves its row out."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [parallel.api :as parallel]
            [parallel.numeric :as numeric]
            [parallel.shared :as shared :refer [aget*]])
  (:import [java.util.concurrent TimeUnit]))

(set! *warn-on-reflection* true)

(def ^:private elements 10000000)
(def ^:private workers 4)
(def ^:private stride "Elements of a page." 512)

(defn- ms [f]
  (let [start (System/nanoTime)]
    (f)
    (/ (- (System/nanoTime) start) 1e6)))

(defn- median [xs]
  (nth (sort xs) (quot (count xs) 2)))

(defn- turns
  "The medians of two, each measured n times, turn by turn."
  [n ours reference]
  (let [times (vec (repeatedly n (fn [] [(ms ours) (ms reference)])))]
    [(median (map first times)) (median (map second times))]))

(defn- row
  "faster: reference / ours, which must be at least the goal."
  [figure [ours reference] goal]
  (let [ratio (/ reference ours)]
    {:figure figure :ours ours :reference reference :ratio ratio :goal goal :held? (>= ratio goal) :unit "ms"}))

;; ---- access in place

(defn- sum-shared ^double [^doubles xs]
  (let [n (shared/length xs)]
    (loop [i 0, sum 0.0]
      (if (< i n) (recur (unchecked-inc i) (+ sum (aget* xs i))) sum))))

(defn- sum-plain ^double [^doubles xs]
  (let [n (alength xs)]
    (loop [i 0, sum 0.0]
      (if (< i n) (recur (unchecked-inc i) (+ sum (aget xs i))) sum))))

(defn- access []
  (let [data (double-array (range elements))]
    (with-open [xs (shared/shared {:from data})]
      (dotimes [_ 20] (sum-shared xs) (sum-plain data))
      (row "sum of 1e7 doubles in place, of a double[]" (turns 15 #(sum-shared xs) #(sum-plain data)) 0.9))))

;; ---- broadcast

(def ^:private touch
  '(fn [stride close?]
     (loop []
       (let [^doubles xs (shared/broadcast (parallel/parent))]
         (when xs
           (let [n (shared/length xs)
                 sum (loop [i 0, sum 0.0]
                       (if (< i n) (recur (+ i (long stride)) (+ sum (double (shared/aget* xs i)))) sum))]
             (when close?
               (shared/close xs))
             (shared/gather (parallel/parent) sum)
             (recur)))))))

(defn- broadcast-ms
  "The median of so many rounds: (give ws), one element of each page read in each worker, answered, (after given)."
  [rounds close? give after]
  (parallel/with-workers [ws (parallel/fork workers)]
    (run! deref (parallel/exec ws '(shared/usage)))
    (parallel/exec ws touch stride close?)
    (let [round #(let [start (System/nanoTime)
                       given (give ws)]
                   (shared/gather ws)
                   (let [t (/ (- (System/nanoTime) start) 1e6)]
                     (after given)
                     t))]
      (dotimes [_ 3] (round))
      (let [times (vec (repeatedly rounds round))]
        (parallel/send ws nil)
        (median times)))))

(defn- fresh-ms
  "A new array each time, as Python's block is."
  [data rounds]
  (broadcast-ms rounds true #(shared/broadcast % data) shared/close))

(defn- again-ms
  "Into an array that all have mapped, as MPI's buffers are there."
  [data rounds]
  (with-open [xs (shared/shared {:from data})]
    (broadcast-ms rounds false #(shared/broadcast % (shared/copy-to! data xs)) identity)))

(defn- output
  "What a command prints, as a number; nil where it cannot be run."
  [& command]
  (try
    (let [process (.start (doto (ProcessBuilder. ^java.util.List (vec command)) (.redirectError (io/file "/dev/null"))))
          text (slurp (.getInputStream process))]
      (when (and (.waitFor process 120 TimeUnit/SECONDS) (zero? (.exitValue process)))
        (parse-double (str/trim text))))
    (catch java.io.IOException _ nil)))

(defn- mpi-ms [rounds]
  (let [program (str (io/file "target" "broadcast"))
        command  (into-array String ["mpicc" "-O2" "-o" program "bench/c/broadcast.c"])
        compiler (try (.waitFor (.start (ProcessBuilder. ^"[Ljava.lang.String;" command)))
                      (catch java.io.IOException _ 1))]
    (when (zero? compiler)
      (output "mpirun" "--allow-run-as-root" "--oversubscribe" "-n" (str (inc workers)) program (str elements)
              (str rounds)))))

(defn- broadcasts [rounds]
  (let [data   (double-array (range elements))
        python (output "python3" "bench/python/broadcast.py" (str workers) (str elements) (str rounds))
        fresh  (fresh-ms data rounds)
        mpi    (mpi-ms rounds)
        again  (again-ms data rounds)]
    (keep (fn [[figure ours reference]] (when reference (row figure [ours reference] 1.0)))
          [["broadcast of 80 MB to 4 workers, a new array, of Python shared_memory" fresh python]
           ["broadcast of 80 MB to 4 workers, into one they have, of Open MPI" again mpi]])))

;; ---- two workers against one

(defn- speed-ups []
  (parallel/with-workers [ws (parallel/fork 2)]
    (let [n 800]
      (with-open [a (numeric/matrix n), b (numeric/matrix n), c (shared/shared :double [n n]),
                  points (numeric/points 2000000)]
        (let [rows (fn [figure f]
                     (dotimes [_ 5] (f ws))
                     (row figure (turns 5 #(f ws) #(f (take 1 ws))) 1.8))]
          [(rows "dense 800 x 800 matrix product by 2 workers, of 1" #(numeric/multiply % a b c))
           (rows "k-means of 2 000 000 points by 2 workers, of 1" #(numeric/k-means % points 16 5))])))))

(defn- print-row [{:keys [figure ours reference ratio goal held? unit]}]
  (println (format "%-72s %9.2f %s   of %9.2f   %5.2f x, at least %.1f x %s" figure ours unit reference ratio goal
                   (if held? "" "NOT HELD")))
  (flush))

(defn shared-figures
  "Measures, prints a row for each figure, and returns them: a vector of {:figure :ours :reference :ratio :goal :held?
  :unit}."
  []
  (let [rows (vec (concat [(access)] (broadcasts 7) (speed-ups)))]
    (run! print-row rows)
    rows))

(defn -main [& _]
  (shared-figures)
  (shutdown-agents))
