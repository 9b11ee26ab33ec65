(ns ^:no-doc parallel.impl.collectives
  "What a group does together, on both sides: parallel.shared, which says what each call does, calls this."
  (:require [parallel.api :as parallel]
            [parallel.impl.arrays :as arrays :refer [primitive-array?]]
            [parallel.impl.errors :as errors :refer [refuse]])
  (:import [java.lang.reflect Array]
           [java.util.function DoubleBinaryOperator LongBinaryOperator]
           [parallel SharedArray]
           [parallel.shared SharedArrays]))

(set! *warn-on-reflection* true)

;; ---- give to all

(defn- share [x]
  (if (primitive-array? x) (errors/surfacing (SharedArrays/of x)) x))

(defn broadcast
  "Sends x to all; returns what was sent."
  [ws x]
  (let [x (share x)]
    (parallel/send ws x)
    x))

;; ---- deal out and collect

(defn- bounds
  "[from to] of each of n parts of so many elements, whose lengths differ by one at most."
  [total n]
  (let [least (quot total n)
        longer (rem total n)
        from #(+ (* % least) (min % longer))]
    (mapv (fn [i] [(from i) (from (inc i))]) (range n))))

(defn- array-part [array [from to]]
  (let [part (Array/newInstance (.getComponentType (class array)) (int (- to from)))]
    (System/arraycopy array from part 0 (- to from))
    part))

(defn- split [x n]
  (cond
    (instance? SharedArray x) (arrays/parts x n)
    (primitive-array? x)      (mapv #(array-part x %) (bounds (Array/getLength x) n))
    :else                     (let [xs (vec x)] (mapv (fn [[from to]] (subvec xs from to)) (bounds (count xs) n)))))

(defn scatter
  "Sends each worker its part of x; returns the parts."
  [ws x]
  (when-not (and (sequential? ws) (seq ws))
    (refuse "scatter" "a group of workers" ws))
  (when-not (or (instance? java.util.Collection x) (primitive-array? x) (instance? SharedArray x))
    (refuse "scatter" "a collection, a primitive array or a shared array" x))
  (let [parts (split x (count ws))]
    (run! (fn [[w part]] (parallel/send w part)) (map vector ws parts))
    parts))

(defn give
  "A worker's side of gather: sends x, and returns it."
  [parent x]
  (parallel/send parent x)
  x)

;; ---- combine

(def ^:private operations
  "What reduce-all knows by name; for these, and for the functions themselves, it adds doubles and longs without
  boxing."
  {:sum     [+
             (reify DoubleBinaryOperator (applyAsDouble [_ a b] (+ a b)))
             (reify LongBinaryOperator (applyAsLong [_ a b] (unchecked-add a b)))]
   :product [*
             (reify DoubleBinaryOperator (applyAsDouble [_ a b] (* a b)))
             (reify LongBinaryOperator (applyAsLong [_ a b] (unchecked-multiply a b)))]
   :min     [min
             (reify DoubleBinaryOperator (applyAsDouble [_ a b] (Math/min a b)))
             (reify LongBinaryOperator (applyAsLong [_ a b] (Math/min a b)))]
   :max     [max
             (reify DoubleBinaryOperator (applyAsDouble [_ a b] (Math/max a b)))
             (reify LongBinaryOperator (applyAsLong [_ a b] (Math/max a b)))]})

(defn- operation
  "[function double-operator long-operator]; the operators are nil for a function of the user's."
  [op]
  (or (operations op)
      (some (fn [[f :as known]] (when (identical? f op) known)) (vals operations))
      (if (and (ifn? op) (not (keyword? op)))
        [op nil nil]
        (refuse "reduce-all" "a function of two, or :sum, :product, :min or :max" op))))

(def ^:private doubles-class (class (double-array 0)))
(def ^:private longs-class (class (long-array 0)))

(defn- combine-doubles! [^DoubleBinaryOperator op ^doubles acc ^doubles x]
  (dotimes [i (alength acc)]
    (aset acc i (.applyAsDouble op (aget acc i) (aget x i)))))

(defn- combine-longs! [^LongBinaryOperator op ^longs acc ^longs x]
  (dotimes [i (alength acc)]
    (aset acc i (.applyAsLong op (aget acc i) (aget x i)))))

(def ^:private coercions
  {Byte/TYPE byte Short/TYPE short Integer/TYPE int Long/TYPE long
   Float/TYPE float Double/TYPE double Character/TYPE char Boolean/TYPE boolean})

(defn- combine-any! [f acc x]
  (let [coerce (coercions (.getComponentType (class acc)))]
    (dotimes [i (Array/getLength acc)]
      (Array/set acc i (coerce (f (Array/get acc i) (Array/get x i)))))))

(defn- elements-of
  "A primitive array of its own with the elements of an array; anything else as it is."
  [x]
  (cond
    (instance? SharedArray x) (arrays/copied x nil nil)
    (primitive-array? x)      (array-part x [0 (Array/getLength x)])
    :else                     x))

(defn- check-alike [acc x]
  (when-not (and (= (class acc) (class x)) (= (Array/getLength acc) (Array/getLength x)))
    (refuse "reduce-all"
            (str "contributions of one type and length: a " (.getTypeName (class acc)) " of " (Array/getLength acc)
                 " elements")
            x)))

(defn- combine [[f of-doubles of-longs] acc x]
  (if-not (primitive-array? acc)
    (f acc x)
    (let [x (elements-of x)]
      (check-alike acc x)
      (cond
        (and of-doubles (instance? doubles-class acc)) (combine-doubles! of-doubles acc x)
        (and of-longs (instance? longs-class acc))     (combine-longs! of-longs acc x)
        :else                                          (combine-any! f acc x))
      acc)))

(defn- combine-all
  "The parent's side of reduce-all."
  [ws operation x]
  (let [contributions (cond->> (parallel/receive ws) (some? x) (cons x))
        combined      (reduce (partial combine operation) (elements-of (first contributions)) (rest contributions))
        result        (if (instance? SharedArray (first contributions)) (share combined) combined)]
    (parallel/send ws result)
    result))

(defn reduce-all
  "What op makes of the contributions of all, on either side."
  [peer op x]
  (let [operation (operation op)]
    (if (sequential? peer)
      (combine-all peer operation x)
      (do (parallel/send peer x)
          (parallel/receive peer)))))
