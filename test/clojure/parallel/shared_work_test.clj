(ns parallel.shared-work-test
  "Work on shared arrays: numeric programs whose parts workers do, arrays larger than a Java array can be, and libraries
  that take them."
  (:require [clojure.test :refer [deftest is testing]]
            [parallel.api :as parallel]
            [parallel.numeric :as numeric]
            [parallel.shared :as shared :refer [aget* aset*]]
            [parallel.support :refer [error-kind]])
  (:import [java.nio DoubleBuffer]
           [java.util.function LongToDoubleFunction]
           [java.util.stream LongStream]
           [org.apache.commons.math3.linear AbstractRealMatrix LUDecomposition RealMatrix]
           [org.apache.commons.math3.stat StatUtils]))

(set! *warn-on-reflection* true)

(deftest two-workers-multiply-as-one-does
  (parallel/with-workers [ws (parallel/fork 2)]
    (let [n 60]
      (with-open [a (numeric/matrix n) b (numeric/matrix n) c (shared/shared :double [n n])
                  alone (shared/shared :double [n n])]
        (numeric/multiply nil a b alone)
        (numeric/multiply ws a b c)
        (is (= (vec (shared/->array alone)) (vec (shared/->array c))))
        (is (not (zero? (aget* c 59 59))))))
    (testing "and find the same clusters"
      (with-open [ps (numeric/points 5000)]
        (is (= (numeric/k-means nil ps 4 5) (numeric/k-means ws ps 4 5)))))))

;; ---- larger than a Java array

(deftest ^:slow ^:jvm an-array-of-4-GiB-is-touched-at-both-ends-from-two-processes
  (parallel/with-workers [w (parallel/fork)]
    (let [n (bit-shift-left 1 29)]
      (with-open [xs (shared/shared :double n)]
        (is (= [n n :bad-argument] [(shared/length xs)
                                    (reduce + (map #(.remaining ^DoubleBuffer %) (shared/buffers xs)))
                                    (error-kind #(aget* xs n))]))
        (aset* xs 0 1.5)
        (aset* xs (dec n) 2.5)
        ;; the last elements of the first map, and the first of the next
        (let [border (dec (bit-shift-left 1 27))
              there @(parallel/exec w '(fn [^doubles xs border]
                                         (let [n (shared/length xs)
                                               seen [(shared/aget* xs 0) (shared/aget* xs (dec n))]]
                                           (shared/aset* xs 1 3.5)
                                           (shared/aset* xs (- n 2) 4.5)
                                           (shared/copy-to! (double-array (range 1000)) 0 xs (- border 500) 1000)
                                           (shared/close xs)
                                           seen))
                                    xs border)]
          (is (= [1.5 2.5] there))
          (is (= [3.5 4.5] [(aget* xs 1) (aget* xs (- n 2))]))
          (is (= (map double (range 1000)) (vec (shared/->array xs (- border 500) (+ border 500)))))
          (let [^doubles part (shared/slice xs (- border 500) (+ border 500))]
            (is (= 499500.0 (reduce + part)
                   (loop [i 0 s 0.0] (if (< i 1000) (recur (inc i) (+ s (aget* part i))) s))))))))))

;; ---- libraries

(defn matrix-over
  "A matrix of Apache Commons Math whose elements are those of a shared array."
  ^RealMatrix [a]
  (let [[rows columns] (shared/shape a)]
    (proxy [AbstractRealMatrix] []
      (getRowDimension [] (int rows))
      (getColumnDimension [] (int columns))
      (createMatrix [r c] (matrix-over (shared/shared :double [r c])))
      (copy [] (matrix-over (shared/shared {:from a})))
      (getEntry [i j] (aget* a i j))
      (setEntry [i j x] (aset* a i j x)))))

(deftest a-library-of-matrices-works-on-shared-elements
  (with-open [a (shared/shared {:from [2 1 1 3]} :double [2 2])]
    (is (< (abs (- 5.0 (.getDeterminant (LUDecomposition. (matrix-over a))))) 1e-12))
    (.setEntry (matrix-over a) 1 1 4.0)
    (is (= 4.0 (aget* a 1 1)) "in place")
    (is (= 2.0 (StatUtils/mean (shared/->array a))) "or by a copy")))

(deftest streams-and-buffers-read-shared-elements
  (with-open [xs (shared/shared {:from (range 1000)} :double)]
    (let [^doubles a xs]
      (is (= 499500.0 (-> (LongStream/range 0 (shared/length a))
                          (.mapToDouble (reify LongToDoubleFunction (applyAsDouble [_ i] (aget* a i))))
                          .parallel
                          .sum))))
    (let [^DoubleBuffer buffer (first (shared/buffers xs))]
      (.put buffer 3 -3.0)
      (is (= [1000 -3.0] [(.remaining buffer) (aget* xs 3)])))))

(defmacro ^:private afill!
  "As hiphip's: each element of a shared array of doubles becomes the value of expr, in which x is what it was and i its
  index."
  [[[i x] a] expr]
  `(let [^{:tag ~'doubles} a# ~a
         n# (shared/length a#)]
     (loop [~i 0]
       (when (< ~i n#)
         (let [~x (aget* a# ~i)]
           (aset* a# ~i ~expr))
         (recur (inc ~i))))))

(deftest primitive-loops-in-the-style-of-hiphip-need-no-reflection
  (let [warnings (java.io.StringWriter.)]
    (binding [*err* warnings, *warn-on-reflection* true, *ns* (the-ns 'parallel.shared-work-test)]
      (let [f (eval '(fn [xs] (afill! [[i x] xs] (+ (* 2.0 x) i))))]
        (with-open [xs (shared/shared {:from [1 1 1]} :double)]
          (f xs)
          (is (= [2.0 3.0 4.0] (seq xs))))))
    (is (= "" (str warnings)))))
