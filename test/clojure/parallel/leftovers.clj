(ns parallel.leftovers
  "What a test left behind: snapshots of this machine's processes, files, threads and mappings that are ours, and their
  difference.

  Ours are the processes that carry our value of PARALLEL_TEST_RUN in their environment, which every descendant
  inherits, one whose parent is gone included; and the directories of the sessions of those processes."
  (:require [clojure.java.io :as io]
            [clojure.string :as str])
  (:import [java.io File IOException]
           [java.lang ProcessHandle]
           [java.nio.charset StandardCharsets]
           [java.nio.file Files]
           [java.util Optional Timer TimerTask]))

(def ^:private run-variable "PARALLEL_TEST_RUN")

(def ^:private transient-threads
  "Threads of the library that may outlive a test: one for control per process, and those that deliver output or see to
  shared memory, which end by themselves."
  #"parallel-(control|output|shared)\b.*")

(def ^:private poll-ms 20)

;; --- Processes

(defn read-text
  "A file's text, or nil. Files/readAllBytes, since slurp of what is in /proc fails on some kernels."
  [path]
  (try (String. (Files/readAllBytes (.toPath (io/file path))) StandardCharsets/UTF_8)
       (catch IOException _ nil)))

(defn- own-pid [] (.pid (ProcessHandle/current)))

(defn- all-pids []
  (keep #(parse-long (.getName ^File %)) (.listFiles (io/file "/proc"))))

(defn- marked?
  "Does the process carry our mark in its environment? Not when it is a zombie: its environment is empty."
  [mark pid]
  (and (not= pid (own-pid))
       (str/includes? (str (read-text (str "/proc/" pid "/environ"))) mark)))

(def ^:private mark
  (some->> (System/getenv run-variable) (str run-variable "=")))

(defn processes
  "The pids of the living processes of this run, without our own."
  []
  (set (if (and mark (.isDirectory (io/file "/proc/self")))
         (filter #(marked? mark %) (all-pids))
         (map #(.pid ^ProcessHandle %) (iterator-seq (.iterator (.descendants (ProcessHandle/current))))))))

(defn- start-ms
  "When a living process was started, in ms since the machine was; nil once it is gone."
  [pid]
  (some-> (read-text (str "/proc/" pid "/stat"))
          (str/replace #"^.*\) " "")
          (str/split #" ")
          (nth 19)
          parse-long
          (* 10)))

(def ^:private known
  "What has been seen since `watch`. :alive is pid to when it was started of what is ours, to nil of what is not; :ours
  has [pid start] of all that ever was: pids are given again. It tells whose a directory is whose owner has ended."
  (atom {:alive {}, :ours #{}}))

(defn- look []
  (swap! known (fn [{:keys [alive ours]}]
                 (let [now (into {} (map (fn [pid] [pid (if (contains? alive pid)
                                                          (alive pid)
                                                          (when (marked? mark pid) (start-ms pid)))]))
                                 (all-pids))]
                   {:alive now, :ours (into ours (filter val) now)}))))

(defn- ever-ours? [[pid start]] (contains? (:ours @known) [pid start]))

(defn watch
  "Notes from now on, ten times a second, which processes are of this run; any JVM lives longer than that. By a timer: a
  thread that sleeps might act, and no call of this process would ever be part of a deadlock."
  []
  (when mark
    (.schedule (Timer. "test watch" true) ^TimerTask (proxy [TimerTask] [] (run [] (look))) 0 100)))

(defn- command-line [pid]
  (some-> (read-text (str "/proc/" pid "/cmdline")) (str/replace "\u0000" " ") str/trim))

;; --- Files

(defn- session-owner
  "[pid start] in the name of a session's directory, parallel-<uid>-<pid>-<start>-<namespace>-<count>, or nil."
  [^File file]
  (some->> (re-matches #"parallel-\d+-(\d+)-(\d+)(?:-\d+)+" (.getName file)) rest (mapv parse-long)))

(defn- files
  "The directories of sessions that a test could have left: those of processes of this run, but not of this JVM, whose
  session goes on. Other programs may come and go meanwhile."
  []
  (set (for [directory (distinct (remove str/blank? ["/dev/shm" "/tmp" (System/getProperty "java.io.tmpdir")
                                                     (System/getenv "XDG_RUNTIME_DIR")]))
             ^File file (.listFiles (io/file directory))
             :let [owner (session-owner file)]
             :when (and owner (not= (first owner) (own-pid)) (ever-ours? owner))]
         (.getPath file))))

;; --- Threads

(defn- waits-for-work?
  "Is it a pool's thread that has nothing to do?"
  [stack]
  (some (fn [^StackTraceElement frame]
          (and (str/ends-with? (.getClassName frame) "ThreadPoolExecutor") (= "getTask" (.getMethodName frame))))
        stack))

(defn- counts?
  "Is it a thread that a test has to end: not a daemon, or the library's?"
  [^Thread thread stack]
  (and (not (re-matches transient-threads (.getName thread)))
       (not (waits-for-work? stack))
       (or (not (.isDaemon thread)) (str/starts-with? (.getName thread) "parallel-"))))

(defn- threads []
  (set (for [[^Thread thread stack] (Thread/getAllStackTraces)
             :when (counts? thread stack)]
         thread)))

;; --- Mappings

(defn- pair-mappings
  "How many mappings this JVM has of the library's files that have no name any more. A session has one for its page."
  []
  (->> (str/split-lines (str (read-text "/proc/self/maps")))
       (filter #(and (str/includes? % "/parallel-") (str/ends-with? % "(deleted)")))
       count))

(def ^:private session-mappings
  "What the first use of the library in this JVM maps for good: the session's page."
  1)

;; --- The difference

(defn- unreferenced-let-go
  "The ring of a worker that died with messages that nobody received stays mapped until its handle is collected."
  [mappings]
  (when (< session-mappings (pair-mappings))
    (System/gc))
  (min mappings (pair-mappings)))

(defn snapshot []
  {:processes (processes), :files (files), :threads (threads), :mappings (pair-mappings)})

(defn leftovers
  "What is there after and was not before: a vector of sentences, empty when nothing is left."
  [before after]
  (vec
    (concat
      (for [pid (remove (:processes before) (:processes after))]
        (str "process " pid ": " (command-line pid)))
      (for [file (remove (:files before) (:files after))]
        (str "file " file))
      (for [^Thread thread (remove (:threads before) (:threads after))]
        (str "thread " (.getName thread) (when-not (.isDaemon thread) ", not a daemon")
             ", in " (str/join " < " (take 12 (.getStackTrace thread)))))
      (when (> (unreferenced-let-go (:mappings after)) (max session-mappings (:mappings before)))
        [(str (- (:mappings after) (:mappings before)) " mapping(s) of deleted files more than before")]))))

(defn await-none
  "Waits until nothing is left, at most so many ms. Returns what is: `leftovers`."
  [before timeout-ms]
  (let [deadline (+ (System/nanoTime) (* 1000000 timeout-ms))]
    (loop []
      (let [left (leftovers before (snapshot))]
        (if (or (empty? left) (neg? (- deadline (System/nanoTime))))
          left
          (do (Thread/sleep (long poll-ms)) (recur)))))))

(defn kill-processes
  "Ends every process of this run but our own."
  [pids]
  (doseq [pid pids, :let [^Optional handle (ProcessHandle/of pid)], :when (.isPresent handle)]
    (.destroyForcibly ^ProcessHandle (.get handle))))
