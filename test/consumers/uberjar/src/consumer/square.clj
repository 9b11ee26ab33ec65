(ns consumer.square)

(defn square [x]
  (* x x))
