(ns parallel.cluster.faults.nemesis
  "Makes faults: in the network of a namespace, and of processes."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [parallel.leftovers :refer [read-text]])
  (:import [java.io File]
           [java.util.concurrent TimeUnit]))

;; ---- commands

(defn run-command!
  "Runs a command with text on its stdin; throws when it fails."
  [words in]
  (let [process (.start (doto (ProcessBuilder. ^java.util.List words) (.redirectErrorStream true)))]
    (with-open [stdin (io/writer (.getOutputStream process))]
      (.write stdin (str in)))
    (let [said (slurp (.getInputStream process))]
      (when-not (and (.waitFor process 20 TimeUnit/SECONDS) (zero? (.exitValue process)))
        (throw (ex-info (str (str/join " " words) ": " said) {})))
      said)))

(defn- inside [namespace & words] (into ["ip" "netns" "exec" namespace] words))

;; ---- the network of a host: its namespace has the interface eth0 alone

(defn- table
  "Rules of what comes in and of what goes out. nft wants a line for each."
  [in out]
  (letfn [(chain [hook rules]
            (str "chain " hook " {\ntype filter hook " hook " priority 0\npolicy accept\n"
                 (str/join (map #(str % "\n") rules)) "}\n"))]
    (str "flush ruleset\ntable inet fault {\n" (chain "input" in) (chain "output" out) "}\n")))

(defn- rules [in out]
  (table (map #(str "iifname \"eth0\" " %) in) (map #(str "oifname \"eth0\" " %) out)))

(defn- loss [percent] [(str "numgen random mod 100 < " percent " drop")])

(def network-faults
  {:cut     (rules ["drop"] ["drop"])
   :deaf    (rules ["drop"] [])
   :mute    (rules [] ["drop"])
   :loss-3  (rules (loss 3) (loss 3))
   :loss-30 (rules (loss 30) (loss 30))
   :reset   (rules ["meta l4proto tcp reject with tcp reset"]
                   ["tcp flags & rst == 0 reject with tcp reset"])})     ; what the first sends has to get out

(defn- slow! [namespace]
  (run-command! (inside namespace "tc" "qdisc" "replace" "dev" "eth0" "root" "tbf" "rate" "1mbit" "burst" "16kb"
                        "latency" "400ms") nil))

(defn heal! [namespace]
  (run-command! (inside namespace "nft" "-f" "-") "flush ruleset\n")
  (try
    (run-command! (inside namespace "tc" "qdisc" "del" "dev" "eth0" "root") nil)
    (catch Exception _ nil)))            ; there was none

(defn network! [namespace fault]
  (if (= :slow fault)
    (slow! namespace)
    (run-command! (inside namespace "nft" "-f" "-") (network-faults fault))))

;; ---- processes

(defn- stat
  "The fields of /proc/PID/stat after the name, or nil."
  [pid]
  (when-let [text (not-empty (read-text (str "/proc/" pid "/stat")))]
    (str/split (subs text (+ 2 (str/last-index-of text ")"))) #" ")))

(defn gone?
  "Also when nobody has asked yet how it ended."
  [pid]
  (contains? #{nil "Z" "X"} (first (stat pid))))

(defn- parent-of [pid] (some-> (second (stat pid)) parse-long))

(defn signal!
  "KILL, STOP or CONT, to a process of a root's that may be gone, and its number another's."
  [signal pid]
  (when (str/includes? (str (read-text (str "/proc/" pid "/environ"))) "PARALLEL_FAULTS=")
    (try (run-command! ["kill" (str "-" signal) (str pid)] nil)
         (catch Exception e (when-not (gone? pid) (throw e))))))

(defn- all-pids []
  (keep #(parse-long (.getName ^File %)) (.listFiles (io/file "/proc"))))

(defn with-mark
  "Pids of living processes that have a text in their environment."
  [text]
  (filterv (fn [pid]
             (and (str/includes? (str (read-text (str "/proc/" pid "/environ"))) text)
                  (not (gone? pid))))
           (all-pids)))

(defn command-line [pid]
  (str/trim (str/replace (str (read-text (str "/proc/" pid "/cmdline"))) "\u0000" " ")))

(defn children-of [pid] (filterv #(= pid (parent-of %)) (all-pids)))

(defn launchers
  "The commands that a process holding connections has started, whose command lines have a text."
  [link-pid text]
  (filterv #(str/includes? (command-line %) text) (children-of link-pid)))

(defn resident-mb [pid]
  (some-> (re-find #"VmRSS:\s+(\d+)" (str (read-text (str "/proc/" pid "/status")))) second parse-long (/ 1024.0)))

(defn watch-ends
  "Notes when processes end: an atom of pid to nanoseconds, and a function that stops the watch."
  [pids]
  (let [ends (atom {})
        stop (atom false)]
    (doto (Thread. ^Runnable
                   (fn []
                     (while (not (or @stop (= (count pids) (count @ends))))
                       (doseq [pid pids :when (and (not (@ends pid)) (gone? pid))]
                         (swap! ends assoc pid (System/nanoTime)))
                       (Thread/sleep 10)))
                   "watch ends")
      (.setDaemon true)
      .start)
    [ends #(reset! stop true)]))
