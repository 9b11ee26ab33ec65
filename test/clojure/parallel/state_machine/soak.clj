(ns parallel.state-machine.soak
  "Random sequences of API calls for minutes: nothing may go against the model, a deadlock that is none included, and
  nothing may grow.

    bin/clojure -M:soak [minutes]     10 by default"
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test.check.generators :as gen]
            [parallel.look :as look]
            [parallel.state-machine.machine :as machine])
  (:import [java.lang ProcessHandle]
           [java.nio.file Files]))

(def ^:private threads-per-process "So many sequences on thread workers for each on process workers." 10)
(def ^:private size 30)

(defn- measured
  "What a leak would make grow. What ends by itself is given a moment."
  []
  (Thread/sleep 2000)
  (dotimes [_ 3] (System/gc))
  (let [runtime (Runtime/getRuntime)]
    {:descriptors (count (.list (io/file "/proc/self/fd")))
     :mappings    (count (filter #(str/includes? % "/parallel-")
                                 (Files/readAllLines (.toPath (io/file "/proc/self/maps")))))
     :threads     (count (Thread/getAllStackTraces))
     :files       (count (filter #(str/includes? (str %) (str "-" (.pid (ProcessHandle/current)) "-"))
                                 (file-seq (io/file "/dev/shm"))))
     :children    (.count (.descendants (ProcessHandle/current)))
     :heap-mib    (quot (- (.totalMemory runtime) (.freeMemory runtime)) 1048576)}))

(def ^:private tolerance
  "By how much each may differ: threads of pools come and go, and compiled forms of thread workers stay in the heap."
  {:descriptors 8, :mappings 0, :threads 8, :files 0, :children 0, :heap-mib 64})

(defn- grown [before after]
  (for [[what n] after :when (> n (+ (before what) (tolerance what)))]
    (str what " was " (before what) ", is " n)))

(defn- sequences-until
  "Runs sequences from a seed on until a time; how many they were."
  [seed until]
  (loop [n 0]
    (if (neg? (- (System/nanoTime) until))
      (let [in       (if (zero? (mod (inc n) threads-per-process)) :process :thread)
            commands (gen/generate (machine/sequences 30 3) size (+ seed n))]
        (when-let [wrong (machine/wrong in commands)]
          (println "seed" (+ seed n) "on" in "\n" (pr-str commands) "\n" (pr-str wrong))
          (System/exit 1))
        (recur (inc n)))
      n)))

(defn- in-seconds [s] (+ (System/nanoTime) (long (* s 1e9))))

(defn -main [& [minutes]]
  ;; No sequence has a deadlock: an alarm is an error of a call of which the model knows nothing.
  (look/watch! {:on-deadlock :throw})
  (let [seconds (* 60 (parse-double (or minutes "10")))
        seed    (System/currentTimeMillis)
        warm    (sequences-until seed (in-seconds (/ seconds 5)))
        before  (measured)
        n       (sequences-until (+ seed warm) (in-seconds (* 4/5 seconds)))
        after   (measured)
        more    (grown before after)]
    (println (+ warm n) "sequences;" before "after" warm "of them," after "at the end")
    (run! println more)
    (System/exit (if (seq more) 1 0))))
