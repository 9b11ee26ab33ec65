(ns parallel.numeric
  "Numeric programs on shared arrays whose parts workers do: for the tests, which compare results, and for bench, which
  compares times."
  (:require [parallel.api :as parallel]
            [parallel.shared :as shared :refer [aget* aset*]]))

(set! *warn-on-reflection* true)

(defn multiply-rows!
  "Rows [from, to) of c = a b, square matrices of n rows."
  [^doubles a ^doubles b ^doubles c n from to]
  (let [n (long n) to (long to)]
    (loop [i (long from)]
      (when (< i to)
        (let [row (* i n)]
          (loop [k 0]
            (when (< k n)
              (let [x (double (aget* a (+ row k))) below (* k n)]
                (loop [j 0]
                  (when (< j n)
                    (aset* c (+ row j) (+ (double (aget* c (+ row j))) (* x (double (aget* b (+ below j))))))
                    (recur (inc j)))))
              (recur (inc k)))))
        (recur (inc i))))))

(defn- parts-of [rows n]
  (mapv (fn [i] [(quot (* i rows) n) (quot (* (inc i) rows) n)]) (range n)))

(defn multiply
  "c = a b, the rows in so many workers; none: here."
  [ws a b c]
  (let [n (first (shared/shape a))]
    (if (seq ws)
      (run! deref
            (mapv (fn [w [from to]] (parallel/exec w `multiply-rows! a b c n from to)) ws (parts-of n (count ws))))
      (multiply-rows! a b c n 0 n))))

(defn matrix
  "A square matrix of random elements."
  ^parallel.SharedArray [n]
  (let [random (java.util.Random. 1)]
    (shared/shared {:from (double-array (repeatedly (* n n) #(.nextDouble random)))} :double [n n])))

(defn nearest
  "The index of the centre (of k, in two dimensions) that is nearest to point i."
  ^long [^doubles points ^doubles centres ^long k ^long i]
  (let [x (aget* points (* 2 i)) y (aget* points (inc (* 2 i)))]
    (loop [c 0, best -1, least Double/MAX_VALUE]
      (if (= c k)
        best
        (let [dx (- x (aget* centres (* 2 c))) dy (- y (aget* centres (inc (* 2 c)))) d (+ (* dx dx) (* dy dy))]
          (if (< d least) (recur (inc c) c d) (recur (inc c) best least)))))))

(defn sums-of-part
  "Of the points [from, to): sums of x, of y, and numbers, for each of k centres."
  [points centres k from to]
  (let [sums (double-array (* 3 k)) k (long k) to (long to) ^doubles points points]
    (loop [i (long from)]
      (when (< i to)
        (let [c (* 3 (nearest points centres k i))]
          (aset sums c (+ (aget sums c) (aget* points (* 2 i))))
          (aset sums (+ c 1) (+ (aget sums (+ c 1)) (aget* points (inc (* 2 i)))))
          (aset sums (+ c 2) (inc (aget sums (+ c 2)))))
        (recur (inc i))))
    sums))

(defn new-centres!
  "From the sums of all parts, a row of 3 k for each."
  [centres k sums]
  (let [total (apply mapv + (partition (* 3 k) sums))]
    (dotimes [c k]
      (let [n (total (+ 2 (* 3 c)))]
        (when (pos? n)
          (aset* centres (* 2 c) (/ (total (* 3 c)) n))
          (aset* centres (inc (* 2 c)) (/ (total (inc (* 3 c))) n)))))))

(defn k-means-part!
  "All rounds of one of those who share the work: i of n. They meet at the barrier; the first makes the new centres."
  [{:keys [points centres sums barrier k rounds]} i n]
  (let [[from to] ((parts-of (quot (count points) 2) n) i)]
    (dotimes [_ rounds]
      (shared/copy-to! (sums-of-part points centres k from to) 0 sums (* i 3 k) (* 3 k))
      (shared/await barrier)
      (when (zero? i)
        (new-centres! centres k sums))
      (shared/await barrier))))

(defn k-means
  "The centres after so many rounds, by so many workers; none: here."
  [ws points k rounds]
  (let [n (max 1 (count ws))]
    (with-open [centres (shared/shared {:from (shared/slice points 0 (* 2 k))})
                sums    (shared/shared :double (* n 3 k))
                barrier (shared/barrier n)]
      (let [work {:points points :centres centres :sums sums :barrier barrier :k k :rounds rounds}]
        (if (seq ws)
          (run! deref (doall (map-indexed (fn [i w] (parallel/exec w `k-means-part! work i n)) ws)))
          (k-means-part! work 0 1))
        (vec (shared/->array centres))))))

(defn points
  "n points in the plane, whole numbers, so that sums are exact in any order."
  ^parallel.SharedArray [n]
  (let [random (java.util.Random. 42)]
    (shared/shared {:from (double-array (repeatedly (* 2 n) #(.nextInt random 1000)))})))
