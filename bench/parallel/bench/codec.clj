(ns parallel.bench.codec
  "Values to bytes and back, under JMH, beside other codecs; a small map to a worker and back beside nippy, which has no
  wire to cross."
  (:require [clojure.data.json :as json]
            [clojure.java.io :as io]
            [clojure.string :as str]
            [parallel.bench.contender :as contender :refer [rounds with-contenders]]
            [parallel.bench.row :as row])
  (:import [java.io File]
           [java.lang ProcessBuilder$Redirect]))

(def ^:private nippy-jars
  "Of Debian's libnippy-clojure and what it depends on."
  (delay (let [jars (map #(io/file "/usr/share/java" (str % ".jar"))
                         ["nippy" "encore" "tools.reader" "lz4-java" "snappy-java" "xz"])]
           (when (every? #(.exists ^File %) jars)
             (map str jars)))))

(defn- arguments [{:keys [quick?]} libraries result]
  (into ["CodecBenchmark" "-p" (str "library=" (str/join "," libraries)) "-f" "1" "-rf" "json" "-rff" (str result)]
        (if quick?
          ["-wi" "2" "-w" "400ms" "-i" "3" "-r" "300ms"]
          ["-wi" "4" "-w" "500ms" "-i" "5" "-r" "500ms"])))

(defn- jmh
  "One run, a JVM for each library and value: {[library value] [ns of an iteration ...]}."
  [options libraries]
  (let [result (io/file contender/scratch "jmh.json")
        log    (io/file contender/scratch "jmh.log")
        ;; nippy's jars name Debian's Clojure in their manifests: they come last.
        path   (str/join File/pathSeparator (cons (System/getProperty "java.class.path") @nippy-jars))
        code   (.waitFor (.start (doto (ProcessBuilder. ^java.util.List
                                                        (into [contender/java "-Djmh.ignoreLock=true" "-cp" path
                                                               "org.openjdk.jmh.Main"]
                                                              (arguments options libraries result)))
                                   (.redirectErrorStream true)
                                   (.redirectOutput (ProcessBuilder$Redirect/to log)))))]
    (when-not (zero? code)
      (throw (ex-info (str "JMH failed; see " log) {:exit code})))
    (into {}
          (map (fn [{:strs [params primaryMetric]}] [[(params "library") (params "value")]
                                                     (vec (flatten (primaryMetric "rawData")))]))
          (json/read-str (slurp result)))))

(defn- codec-row [times value label [library goal]]
  (if-let [reference (times [library value])]
    (row/row {:figure (str label ", written and read") :of library :unit "us" :goal goal
              :ours (map #(/ % 1e3) (times ["parallel" value])) :reference (map #(/ % 1e3) reference)})
    (row/missing (str label ", written and read") library "apt-get install libnippy-clojure")))

(defn codec [{:keys [quick?] :as options}]
  (with-contenders [contenders _ ["parallel.api"]]
    (let [libraries (cond-> ["parallel"] @nippy-jars (conj "nippy") (not quick?) (conj "fressian" "edn"))
          one-turn  (fn []
                      [(map :p50
                            (get (rounds contenders {:turns 3 :warm-ups 1}
                                         (constantly ["small-map" 0 (if quick? 30000 100000)]))
                                 "parallel.api"))
                       (jmh options libraries)])
          turns     (vec (repeatedly (if quick? 1 2) one-turn))
          times     (apply merge-with into (map second turns))
          there     (mapcat first turns)]
      (cons
       (if-let [nippy (times ["nippy" "small"])]
         (row/row {:figure "small map to a worker and back, p50" :of "nippy, twice" :unit "us" :goal [:<= 0.25]
                   :ours (map #(/ % 1e3) there) :reference (map #(* 2 (/ % 1e3)) nippy)})
         (row/missing "small map to a worker and back, p50" "nippy, twice" "apt-get install libnippy-clojure"))
       (concat (map #(codec-row times "small" "small map" %)
                    (cons ["nippy" nil] (when-not quick? [["fressian" nil] ["edn" nil]])))
               (map #(codec-row times "thousand" "vector of 1000 maps" %)
                    (cons ["nippy" [:faster 8]] (when-not quick? [["fressian" nil] ["edn" nil]]))))))))
