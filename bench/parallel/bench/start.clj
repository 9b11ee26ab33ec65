(ns parallel.bench.start
  "How long it takes to have a worker."
  (:require [clojure.java.io :as io]
            [parallel.bench.contender :as contender :refer [ask rounds with-contenders]]
            [parallel.bench.row :as row])
  (:import [java.lang ProcessBuilder$Redirect]))

(defn- run-program
  "Milliseconds that a JVM takes on the plain class path."
  [& arguments]
  (let [start   (System/nanoTime)
        process (.start (doto (ProcessBuilder. ^java.util.List (into [contender/java "-cp" contender/plain-class-path]
                                                                     arguments))
                          (.redirectErrorStream true)
                          (.redirectOutput (ProcessBuilder$Redirect/to (io/file contender/scratch "start.log")))))]
    (when-not (zero? (.waitFor process))
      (throw (ex-info (str "java " (vec arguments) " failed; see target/bench/start.log") {})))
    (/ (- (System/nanoTime) start) 1e6)))

(defn- ms [answer] (/ (:ns answer) 1e6))

(defn start
  "From run to the worker's first message, beside clojure.main. bin/bench has filled the start cache."
  [{:keys [quick?]}]
  (with-contenders [{program "parallel.api"} _ ["parallel.api"]]
    (ask program ["first-message" 0 1])
    (run-program "clojure.main" "-e" "nil")
    (let [turns (vec (repeatedly (if quick? 5 11)
                                 (fn [] [(ms (ask program ["first-message" 0 1]))
                                         (run-program "clojure.main" "-e" "nil")])))]
      [(row/row {:figure "run to the worker's first message" :of "clojure.main -e nil" :unit "ms" :goal [:<= 0.6]
                 :ours (map first turns) :reference (map second turns)})])))

(defn warm
  "The same with a spare waiting, beside Python's forkserver."
  [{:keys [quick?]}]
  (with-contenders [contenders missing ["parallel.api" "Python forkserver"]]
    (let [figure  "run to the first message, warm spare waiting"
          four    (mapv #(ask % ["warm-first-messages" 4 1])
                        (repeat (if quick? 3 5) (contenders "parallel.api")))
          results (rounds contenders {:turns (if quick? 4 9) :warm-ups 1}
                          {"parallel.api" ["warm-first-message" 0 1], "Python forkserver" ["first-message" 0 10]})
          ours    (results "parallel.api")]
      [(if-let [why (missing "Python forkserver")]
         (row/missing figure "Python forkserver" why)
         (row/row {:figure figure :of "Python forkserver" :unit "ms" :goal [:<= 1.0]
                   :ours (map ms ours) :reference (map #(/ (:p50 %) 1e6) (results "Python forkserver"))}))
       ;; the figure of the Lua library whose descendant this is
       (row/row {:figure "four workers from four spares, all answering" :unit "ms" :goal [:below 47]
                 :ours (map ms four)})])))
