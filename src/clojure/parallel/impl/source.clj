(ns ^:no-doc parallel.impl.source
  "What a fold is over, cut into parts: a vector and an array into slices, a range into ranges, which are sent as three
  numbers, anything else as a seq is. What is cut anywhere has smaller parts at its end, so that the workers end
  together."
  (:import [clojure.lang IteratorSeq LongRange]
           [java.lang.reflect Array]))

(set! *warn-on-reflection* true)

(def ^:private parts-per-worker 4)
(def ^:private most-elements "Of a part of automatic size that is not sent as memory is." 100000)
(def ^:private usual-size
  "The size of parts of what is not counted, and the least of those at the end, as of clojure.core.reducers/fold."
  512)
(def ^:private taper "How much smaller than the others the last part is." 8)

(defn- auto? [chunk]
  (or (nil? chunk) (= :auto chunk)))

(defn- array? [x]
  (and (some? x) (.isArray (class x))))

(defn- slice
  "An array of the elements from a to b."
  [xs a b]
  (let [part (Array/newInstance (.getComponentType (class xs)) (int (- (long b) (long a))))]
    (System/arraycopy xs a part 0 (- (long b) (long a)))
    part))

(defn- part-size [n workers free?]
  (let [parts (* (long parts-per-worker) (long workers))
        share (quot (+ (long n) parts -1) parts)]
    (max 1 (if free? share (min (long most-elements) share)))))

(defn- cuts
  "[begin end] of the parts of n elements, lazily: of size each, and towards the end half of a worker's share of what is
  left."
  [n size workers]
  (let [n     (long n)
        size  (long size)
        least (max (quot size (long taper)) (min size (long usual-size)))]
    ((fn more [begin]
       (lazy-seq
        (let [begin (long begin)
              left  (- n begin)]
          (when (pos? left)
            (let [end (min n (+ begin (max least (min size (quot left (* 2 (long workers)))))))]
              (cons [begin end] (more end)))))))
     0)))

(defn- slices [n chunk workers free? cut]
  (let [parts (if (auto? chunk)
                (cuts n (part-size n workers free?) workers)
                (map (fn [begin] [begin (min (long n) (+ (long begin) (long chunk)))]) (range 0 n chunk)))]
    (map (fn [[begin end]] {:offset begin :elements (cut begin end)}) parts)))

(defn- range-slice [^LongRange xs begin end]
  (let [from (long (first xs))
        by   (if (next xs) (- (long (second xs)) from) 1)]
    {::range [(+ from (* by (long begin))) (- (long end) (long begin)) by]}))

(defn- pairs
  "A part of a map as a vector, key, value, key, value: what a map becomes on its way."
  [entries]
  {::pairs (into [] (mapcat (fn [^java.util.Map$Entry e] [(.getKey e) (.getValue e)])) entries)})

(defn walked
  "coll as a seq that is walked once, one element at a time: a seq of an Iterable reads 32 ahead, and loses them if one
  throws."
  [coll]
  (if (and (instance? Iterable coll) (not (instance? clojure.lang.Seqable coll)))
    (IteratorSeq/create (.iterator ^Iterable coll))
    (seq coll)))

(defn later
  "What follows the first of xs, not looked at yet."
  [xs]
  (lazy-seq (rest xs)))

(defn next-elements
  "[vector of at most n elements, the rest or nil, the exception that xs threw or nil]"
  [n xs]
  (loop [taken [] xs xs]
    (if (= (long n) (count taken))
      [taken xs nil]
      (let [next (try
                   (when-let [xs (seq xs)]
                     {:x (first xs) :more (later xs)})
                   (catch Throwable e
                     {:threw e}))]
        (cond
          (nil? next)   [taken nil nil]
          (:threw next) [taken nil (:threw next)]
          :else         (recur (conj taken (:x next)) (:more next)))))))

(defn- cut-seq
  "Vectors of n elements of coll, lazily; what it throws comes after those before it."
  [n coll]
  ((fn more [xs]
     (lazy-seq
      (let [[taken xs e] (next-elements n xs)]
        (cond
          e          (concat (when (seq taken) [taken]) (lazy-seq (throw e)))
          (seq taken) (cons taken (when xs (more xs)))))))
   (lazy-seq (walked coll))))

(defn parts
  "The parts of coll, lazily: {:offset of the first element, :elements}."
  [coll chunk workers]
  (cond
    (instance? LongRange coll) (slices (count coll) chunk workers true #(range-slice coll %1 %2))
    (array? coll)              (slices (Array/getLength coll) chunk workers true #(slice coll %1 %2))
    (vector? coll)             (slices (count coll) chunk workers false #(subvec coll %1 %2))
    :else
    (let [size (cond (not (auto? chunk)) chunk
                     (or (counted? coll) (instance? java.util.Map coll)) (part-size (count coll) workers false)
                     :else usual-size)]
      (map-indexed (fn [i xs]
                     {:offset   (* (long i) (long size))
                      :elements (if (instance? java.util.Map coll) (pairs xs) (vec xs))})
                   (cut-seq size coll)))))

(defn reducible
  "[f elements], there: what is to be reduced with f, a function of the value so far and an element, or a key and its
  value."
  [f elements]
  (let [[from n by] (when (map? elements) (::range elements))]
    (cond
      n                  [f (range from (+ (long from) (* (long n) (long by))) by)]
      (map? elements)    [(fn [acc [k v]] (f acc k v)) (partition 2 (::pairs elements))]
      :else              [f elements])))
