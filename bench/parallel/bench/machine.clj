(ns parallel.bench.machine
  "The machine that figures are of, and what else it did meanwhile."
  (:require [clojure.java.io :as io]
            [clojure.string :as str])
  (:import [java.nio.file Files Path]
           [java.time LocalDate]))

(defn read-proc
  "The text of a file of /proc; nil where there is none. (slurp fails on some of them.)"
  [& path]
  (try
    (String. (Files/readAllBytes (Path/of (str "/proc/" (str/join "/" path)) (make-array String 0))))
    (catch java.io.IOException _ nil)))

(defn memory
  "Bytes of a process: {:private :pss}; private is what would be free without it."
  [pid]
  (let [kib (into {} (map (fn [[_ k v]] [k (parse-long v)]))
                  (re-seq #"(?m)^(\w+):\s+(\d+) kB$" (read-proc pid "smaps_rollup")))]
    {:private (* 1024 (+ (kib "Private_Clean") (kib "Private_Dirty")))
     :pss     (* 1024 (kib "Pss"))}))

(defn threads
  "How many a process has."
  [pid]
  (parse-long (second (re-find #"(?m)^Threads:\s+(\d+)" (read-proc pid "status")))))

(def ^:private threads-of-the-jvm
  "Of HotSpot, which no program sees: a command has 15 letters."
  #"java|VM .*|C[12] Compiler.*|GC .*|G1 .*|Service Thread|Monitor Deflati|Notification Th|Sweeper thread")

(defn java-threads
  "How many a process has, without those of HotSpot itself."
  [pid]
  (count (remove #(re-matches threads-of-the-jvm (str/trim (or (read-proc pid "task" % "comm") "java")))
                 (.list (io/file "/proc" (str pid) "task")))))

(defn cpu-nanos
  "CPU time of all threads of a process that live."
  [pid]
  (transduce (keep #(some-> (read-proc pid "task" % "schedstat") (str/split #" ") first parse-long)) +
             (.list (io/file "/proc" (str pid) "task"))))

(defn idle-percent
  "CPU that each process uses while ms milliseconds pass, in percent of a core."
  [pids ms]
  (let [before (mapv cpu-nanos pids)
        start  (System/nanoTime)]
    (Thread/sleep (long ms))
    (mapv #(* 100.0 (/ (- (cpu-nanos %2) %1) (double (- (System/nanoTime) start)))) before pids)))

(defn cpu-model []
  (or (some->> (read-proc "cpuinfo") (re-find #"(?m)^model name\s*:\s*(.*)$") second)
      (System/getProperty "os.arch")))

(defn caption
  "The machine and the date, for tables and plots."
  []
  (format "%s, %d cores, Linux %s; JDK %s, Clojure %s; %s"
          (cpu-model) (.availableProcessors (Runtime/getRuntime))
          (first (str/split (System/getProperty "os.version") #"-"))
          (System/getProperty "java.version") (clojure-version) (LocalDate/now)))

(def ^:private ticks-per-second 100.0)      ; USER_HZ, which is 100 wherever Linux is

(defn- machine-ticks
  "Of all processors since the start of the machine: those busy, and those that a hypervisor gave to others."
  []
  (when-let [line (some-> (read-proc "stat") (str/split-lines) first)]
    (let [[user nice system _idle _io irq soft steal] (map parse-long (rest (str/split line #"\s+")))]
      {:busy (+ user nice system irq soft), :steal steal})))

(defn- own-ticks
  "Of this process and of its children that have ended."
  []
  (when-let [text (read-proc "self" "stat")]
    (let [fields (str/split (subs text (+ 2 (str/last-index-of text ")"))) #" ")]
      (transduce (map #(parse-long (nth fields %))) + [11 12 13 14]))))

(defn snapshot
  "To be compared with a later one, when the processes that were started in between have ended."
  []
  (assoc (machine-ticks) :own (own-ticks) :at (System/nanoTime)))

(defn meanwhile
  "What else the machine did between two snapshots: {:others :steal}, each in cores; :seconds between them."
  [before after]
  (let [seconds (/ (- (:at after) (:at before)) 1e9)
        cores   (fn [k] (if (and (k before) (k after)) (/ (- (k after) (k before)) ticks-per-second seconds) 0.0))]
    {:others (max 0.0 (- (cores :busy) (cores :own))), :steal (cores :steal), :seconds seconds}))

(def ^:private quiet-cores 0.1)

(defn warning
  "A sentence when others used the machine, else nil."
  [{:keys [others steal]}]
  (when (or (> others quiet-cores) (> steal quiet-cores))
    (format (str "The machine was busy: others used %.2f of a core, the hypervisor withheld %.2f. "
                 "Ratios of one run still compare; run it again when it is quiet.")
            others steal)))

(defn command?
  "Is there such a command on the PATH?"
  [command]
  (some #(.canExecute (io/file % command)) (str/split (or (System/getenv "PATH") "") #":")))
