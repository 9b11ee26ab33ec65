(ns ^:no-doc parallel.impl.arrays
  "What parallel.shared and its collectives both do with arrays, shared and primitive ones."
  (:require [parallel.impl.errors :as errors :refer [refuse]])
  (:import [java.lang.reflect Array]
           [parallel.shared ArrayHandle]))

(set! *warn-on-reflection* true)

(defn array-of
  "x, if it is a shared array; else throws the error of the call."
  ^ArrayHandle [call x]
  (if (instance? ArrayHandle x) x (refuse call "a shared array" x)))

(defn primitive-array?
  "Whether x is an array of primitives."
  [x]
  (boolean (some-> x class .getComponentType .isPrimitive)))

(defn range-of
  "[from to] within a shared array: from the first element and to the end where they are nil. Else throws the error of
  the call."
  [call a from to]
  (let [n (.length (array-of call a))
        from (or from 0)
        to (or to n)]
    (if (and (int? from) (int? to) (<= 0 (long from) (long to) n))
      [from to]
      (refuse call (str "a range of the array, which has " n " elements") [from to]))))

(defn copied
  "A primitive array with a copy of the elements of a shared one."
  [a from to]
  (let [[from to] (range-of "->array" a from to)
        n         (- (long to) (long from))]
    (when (> n (- Integer/MAX_VALUE 8))
      (refuse "->array" "a range that fits into a Java array" n))
    (errors/surfacing
     (let [copy (Array/newInstance (.elementType (array-of "->array" a)) (int n))]
       (.copyTo (array-of "->array" a) (long from) copy (int 0) (int n))
       copy))))

(defn parts
  "All elements of a shared array as n slices in order."
  [a n]
  (when-not (and (int? n) (<= 1 (long n) ArrayHandle/MOST_PARTS))
    (refuse "parts" (str "a number of parts, 1 to " ArrayHandle/MOST_PARTS) n))
  (errors/surfacing (vec (.parts (array-of "parts" a) (int n)))))
