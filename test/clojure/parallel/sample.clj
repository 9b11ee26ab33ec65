(ns parallel.sample
  "Functions of a namespace that is on the class path and loads quickly.")

(defn twice [x] (* 2 x))

(defn fails-deep-inside [] (/ 1 0))
