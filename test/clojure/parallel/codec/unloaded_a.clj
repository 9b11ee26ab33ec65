(ns parallel.codec.unloaded-a
  "The same as unloaded-b.")

(defrecord Late [x])

(defn order [a b] (compare a b))
