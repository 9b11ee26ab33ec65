(ns parallel.codec.records
  "Records and orders that values of the codec's tests are made of.")

(defrecord Point [x y])
(defrecord Typed [^long n ^double d ^String s])
(defrecord Bare [])

(def point-class Point)

(defn by-length [a b] (compare [(count a) a] [(count b) b]))
