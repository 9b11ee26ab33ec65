(ns parallel.bench
  "What is claimed about speed, measured: bin/bench [figures | values | start | failures], all by default."
  (:require [parallel.api :as parallel]
            [parallel.failures :as failures])
  (:import [parallel.codec Codec]))

(defn- figures []
  (.invoke (.getMethod (Class/forName "parallel.bench.Figures") "main" (into-array Class [(Class/forName "[Ljava.lang.String;")]))
           nil (object-array [(make-array String 0)])))

(defn- nanos-per [n f]
  (let [start (System/nanoTime)]
    (dotimes [_ n] (f))
    (/ (- (System/nanoTime) start) (double n))))

(defn- median-nanos [n f]
  (nth (sort (repeatedly 9 #(nanos-per n f))) 4))

(defn- values []
  (let [small {:op :eval :id 42 :xs [1 2 3]}
        big (vec (repeat 1000 small))]
    (printf "small map, encode + decode            %8.2f us%n" (/ (median-nanos 200000 #(Codec/fromBytes (Codec/toBytes small))) 1e3))
    (printf "vector of 1000 maps, encode + decode  %8.2f us%n" (/ (median-nanos 500 #(Codec/fromBytes (Codec/toBytes big))) 1e3))
    (let [w (parallel/run '(run! #(parallel/send (parallel/parent) %) (parallel/messages (parallel/parent))))]
      (printf "small map there and back              %8.2f us%n" (/ (median-nanos 50000 #(do (parallel/send w small) (parallel/receive w))) 1e3))
      (parallel/send-end w)
      (parallel/join w))))

(defn- start []
  (printf "run to the first message              %8.0f ms%n"
          (/ (nth (sort (repeatedly 5 #(nanos-per 1 (fn [] (let [w (parallel/run '(parallel/send (parallel/parent) 1))]
                                                            (parallel/receive w))))))
                  2)
             1e6)))

(defn -main [& parts]
  (doseq [[part f] [["figures" figures] ["values" values] ["start" start] ["failures" failures/print-table]]
          :when (or (empty? parts) (some #{part} parts))]
    (f)
    (flush)))
