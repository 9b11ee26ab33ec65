(ns parallel.failures
  "How long it takes until a failure is seen: the rows of the crash matrix, each 20 times, one at a time. The table of
  doc/design/failures.md is what this prints."
  (:require [clojure.string :as str]
            [parallel.api :as parallel]
            [parallel.crash :as crash]
            [parallel.support :refer [await-true]])
  (:import [java.io File]))

(def ^:private times 20)

(defn- median-and-worst [ms]
  (let [sorted (vec (sort ms))]
    [(nth sorted (quot (count sorted) 2)) (peek sorted)]))

(defn- print-row [cells ms]
  (println (str "| " (str/join " | " cells) " | " (str/join " | " (map #(format "%.0f" %) (median-and-worst ms))) " |"))
  (flush))

(defn- seen
  "What tells one error from another."
  [e]
  (let [{:keys [exit signal class] kind :parallel/error :as data} (ex-data e)]
    (some-> ^String (:hs-err data) File. .delete)
    (str/join ", "
              (remove nil? [(str "`" kind "`") (when exit (str "`:exit " exit "`"))
                            (when signal (str "`:signal " signal "`"))
                            (when class (str "`" (last (str/split class #"\.")) "`"))]))))

(defn- play [row]
  (let [{:keys [ms error worker]} ((row))]
    (await-true #(not (parallel/alive? worker)))
    [ms (seen error)]))

(defn- measure [cells row]
  (let [results (vec (repeatedly times #(play row)))]
    (print-row (conj cells (str/join " or " (distinct (map second results)))) (map first results))))

(def ^:private in-words
  {:exit-0 "`System/exit` 0" :exit-3 "`System/exit` 3" :halt "`Runtime.halt` 4" :kill-9 "kill -9" :kill-15 "kill -15"
   :segv "SIGSEGV"
   :uncaught "uncaught throw" :overflow "StackOverflowError" :memory "OutOfMemoryError, `:max-heap \"64m\"`"
   :write-fails "throw while it writes a value" :read-fails "throw while it reads a value"
   :computing-join "computes; join" :computing-deref "computes; deref" :receiving-receive "blocked in receive; receive"
   :receiving-select "blocked in receive; select" :receiving-group "blocked in receive; receive of a group"
   :idle-receive "idle fork; receive"
   :computing-send-full "computes; send, ring full" :computing-send-100M "computes; in the middle of sending 100 MB"
   :send-full-join "blocked in send, ring full; join" :send-100M-receive "in the middle of sending 100 MB; receive"
   :ctrl-c-group "Ctrl-C to the process group" :exit-5 "`System/exit` 5"
   :kill-9-of-all "kill -9 of it and all its workers"})

(defn- gone-after
  "Milliseconds from a root's death until neither it, nor a worker, nor a file is left; where nobody lives to remove the
  session's directory, it may stay, empty."
  [{:keys [end nobody-left]}]
  (let [{:keys [^Process process] :as root} (crash/start-root "-m" "parallel.crash" "small")]
    (crash/next-line root)
    (let [descendants (crash/descendants-of root)
          start (System/nanoTime)]
      (end root)
      (await-true #(and (crash/ended? root descendants) (or nobody-left (empty? (crash/left-of root)))))
      (let [ms (/ (- (System/nanoTime) start) 1e6)]
        (.waitFor process)
        ms))))

(defn- worker-table []
  (println (format "JDK %s, %d processors, %d of each; milliseconds" (System/getProperty "java.version")
                   (.availableProcessors (Runtime/getRuntime)) times))
  (println "| a worker dies by | it; its parent | the parent sees | median | worst |\n|---|---|---|---:|---:|")
  (doseq [death (keys crash/process-deaths)]
    (measure [(in-words death) (in-words :receiving-receive)] #(crash/row-of-process-death death :receiving-receive)))
  (doseq [doing (remove #{:receiving-receive} (keys crash/doings))]
    (measure [(in-words :kill-9) (in-words doing)] #(crash/row-of-process-death :kill-9 doing)))
  (doseq [throw (keys crash/throws)]
    (measure [(in-words throw) (in-words :computing-join)] #(crash/row-of-throw throw :join)))
  (doseq [ms [50 200 500 1000]]
    (measure [(in-words :kill-9) (str "starting, " ms " ms after `run`; join")] #(crash/row-of-start :kill-9 ms))))

(defn- parent-table []
  (println "\n| a parent dies by | nothing is left after: median | worst |\n|---|---:|---:|")
  (doseq [[how death] crash/parent-deaths]
    (print-row [(in-words how)] (repeatedly times #(gone-after death)))))

(defn print-table
  "That of workers, then that of parents."
  []
  (worker-table)
  (parent-table))
