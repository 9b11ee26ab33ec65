(ns parallel.codec.unloaded-b
  "Loaded by nothing but the arrival of a record. The same as unloaded-a, so that the one's bytes become the other's.")

(defrecord Late [x])

(defn order [a b] (compare a b))
