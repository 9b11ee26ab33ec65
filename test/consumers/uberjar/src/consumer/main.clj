(ns consumer.main
  (:gen-class)
  (:require [consumer.square :as square]
            [parallel.api :as parallel]
            [parallel.pool :as pool]))

(defn -main [& _]
  (println "form:" @(parallel/run `(square/square 7)))
  (println "function:" @(parallel/run (let [n 2] (parallel/pfn [x] (+ n (square/square x)))) 3))
  (println "map:" (vec (pool/pmap #'square/square (range 5))))
  (parallel/close)
  (shutdown-agents))
