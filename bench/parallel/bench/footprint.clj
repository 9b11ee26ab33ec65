(ns parallel.bench.footprint
  "What a worker costs in memory and threads while it waits, beside a JVM that does nothing but hold Clojure."
  (:require [clojure.java.io :as io]
            [parallel.bench.contender :as contender :refer [ask with-contenders]]
            [parallel.bench.machine :as machine]
            [parallel.bench.row :as row])
  (:import [java.io BufferedReader Writer]
           [java.lang ProcessBuilder$Redirect]))

(def ^:private rest-ms 1500)

(defn start-bare
  "A JVM that has loaded clojure.main and waits for a line."
  []
  (let [process (.start (doto (ProcessBuilder. ^java.util.List [contender/java "-cp" contender/plain-class-path
                                                                "clojure.main"
                                                                "-e" "(do (println :ready) (flush) (read-line))"])
                          (.redirectError ProcessBuilder$Redirect/INHERIT)))]
    (.readLine ^BufferedReader (io/reader (.getInputStream process)))
    process))

(defn end-bare
  "Ends it."
  [^Process process]
  (.close ^Writer (io/writer (.getOutputStream process)))
  (.waitFor process))

(defn- mib [pid key]
  (/ (key (machine/memory pid)) 1048576.0))

(defn footprint [{:keys [quick?]}]
  (with-contenders [{program "parallel.api"} _ ["parallel.api"]]
    (let [n    (if quick? 3 5)
          _    (ask program ["first-message" 0 1])
          bare (vec (repeatedly n start-bare))
          pids (:pids (ask program ["fork" n 0]))
          _    (Thread/sleep (long rest-ms))
          bare-pids (map #(.pid ^Process %) bare)
          compared (fn [figure unit goal f]
                     (row/row {:figure figure :of "bare clojure.main" :unit unit :goal goal :ours (map f pids)
                               :reference (map f bare-pids)}))
          idle (machine/idle-percent (concat pids bare-pids) (if quick? 2000 5000))
          rows [(compared "private memory of an idle Clojure worker" "MiB" [:<= 1.0] #(mib % :private))
                (compared "its share of all memory (PSS)" "MiB" nil #(mib % :pss))
                (compared "threads of it, the JVM's own included" "" nil #(double (machine/threads %)))
                (row/row {:figure "CPU of it" :of "bare clojure.main" :unit "% core"
                          :ours (take n idle) :reference (drop n idle)})]]
      (run! end-bare bare)
      rows)))
