(ns ^:no-doc parallel.impl.source
  "What a fold is over, cut into parts: a vector and an array into slices, a range into ranges, which travel as three numbers, anything
  else as a seq is."
  (:import [clojure.lang LongRange]
           [java.lang.reflect Array]))

(set! *warn-on-reflection* true)

(def ^:private parts-per-worker 8)
(def ^:private most-elements "Of a part of automatic size that does not travel as memory is." 100000)
(def ^:private unknown-size "The size of parts of what is not counted, as of clojure.core.reducers/fold." 512)

(defn- array? [x]
  (and (some? x) (.isArray (class x))))

(defn- length ^long [x]
  (if (array? x) (Array/getLength x) (count x)))

(defn- slice
  "An array of the elements from a to b."
  [xs a b]
  (let [part (Array/newInstance (.getComponentType (class xs)) (int (- (long b) (long a))))]
    (System/arraycopy xs a part 0 (- (long b) (long a)))
    part))

(defn- part-size [chunk n workers free?]
  (if (or (nil? chunk) (= :auto chunk))
    (let [share (quot (+ (long n) (* (long parts-per-worker) (long workers)) -1) (* (long parts-per-worker) (long workers)))]
      (max 1 (if free? share (min (long most-elements) share))))
    chunk))

(defn- slices [n size cut]
  (map (fn [a] {:offset a :elements (cut a (min (long n) (+ (long a) (long size))))})
       (range 0 n size)))

(defn- range-parts [^LongRange xs n size]
  (let [from (long (first xs))
        by   (if (next xs) (- (long (second xs)) from) 1)]
    (slices n size (fn [a b] {::range [(+ from (* by (long a))) (- (long b) (long a)) by]}))))

(defn- pairs
  "A part of a map as a vector, key, value, key, value: what a map becomes on its way."
  [entries]
  {::pairs (into [] (mapcat (fn [^java.util.Map$Entry e] [(.getKey e) (.getValue e)])) entries)})

(defn parts
  "The parts of coll, lazily: {:offset of the first element, :elements}."
  [coll chunk workers]
  (cond
    (instance? LongRange coll) (let [n (count coll)] (range-parts coll n (part-size chunk n workers true)))
    (array? coll)              (let [n (length coll)] (slices n (part-size chunk n workers true) (fn [a b] (slice coll a b))))
    (vector? coll)             (let [n (count coll)] (slices n (part-size chunk n workers false) (fn [a b] (subvec coll a b))))
    :else
    (let [size (cond (and (some? chunk) (not= :auto chunk)) chunk
                     (or (counted? coll) (instance? java.util.Map coll)) (part-size chunk (count coll) workers false)
                     :else unknown-size)]
      (map-indexed (fn [i xs] {:offset (* (long i) (long size)) :elements (if (instance? java.util.Map coll) (pairs xs) (vec xs))})
                   (partition-all size coll)))))

(defn reducible
  "[f elements], there: what is to be reduced with f, a function of the value so far and an element, or a key and its value."
  [f elements]
  (let [[from n by] (when (map? elements) (::range elements))]
    (cond
      n                  [f (range from (+ (long from) (* (long n) (long by))) by)]
      (map? elements) [(fn [acc [k v]] (f acc k v)) (partition 2 (::pairs elements))]
      :else              [f elements])))
