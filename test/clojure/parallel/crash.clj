(ns parallel.crash
  "The crash matrix as data, and how one row of it is played: who dies, what it does at that moment, which call its
  parent is in. The tests assert what comes of each row; bin/bench failures measures how long it takes."
  (:require [clojure.java.io :as io]
            [clojure.walk :as walk]
            [parallel.api :as parallel]
            [parallel.support :refer [await-true clojure-main quick-jvm within]])
  (:import [java.io BufferedReader File InputStreamReader StringWriter]
           [java.lang ProcessBuilder ProcessBuilder$Redirect ProcessHandle]
           [java.nio.file Files Path]
           [java.nio.file.attribute FileAttribute]))

;; ---- how a worker dies

(def lost-record
  "A record that can be written here and read in no other process: its namespace has no file."
  (delay (binding [*ns* (create-ns 'parallel.of-this-process-only)]
           (refer 'clojure.core)
           (eval '(do (defrecord Lost [x]) (->Lost 1))))))

(def process-deaths
  "What ends the process at any moment, from outside or on a thread of its own; and what its parent sees."
  {:exit-0  {:form '(System/exit 0)                 :error {:parallel/error :worker-died :exit 0 :signal nil}}
   :exit-3  {:form '(System/exit 3)                 :error {:parallel/error :worker-died :exit 3 :signal nil}}
   :halt    {:form '(.halt (Runtime/getRuntime) 4)  :error {:parallel/error :worker-died :exit 4 :signal nil}}
   :kill-9  {:signal "KILL"                         :error {:parallel/error :worker-died :exit 137 :signal :kill}}
   :kill-15 {:signal "TERM"                         :error {:parallel/error :worker-died :exit 143 :signal :term}}
   :segv    {:signal "SEGV"                         :error {:parallel/error :worker-died :exit 134 :signal :abrt}}})

(def throws
  "What ends the evaluation, on its own thread; and what the parent sees."
  {:uncaught    {:form '(throw (ex-info "uncaught" {:x 1}))
                 :error {:parallel/error :remote-exception :class "clojure.lang.ExceptionInfo" :message "uncaught"
                         :data {:x 1}}}
   :overflow    {:form '((fn f [x] (inc (f x))) 1)
                 :error {:parallel/error :remote-exception :class "java.lang.StackOverflowError"}}
   :memory      {:opts {:max-heap "64m"} :form '(vec (repeatedly (fn [] (long-array 100000))))
                 :error {:parallel/error :remote-exception :class "java.lang.OutOfMemoryError"}}
   :write-fails {:form '(parallel/send (parallel/parent) {:a [1 inc]})
                 :error {:parallel/error :remote-exception :class "clojure.lang.ExceptionInfo"}
                 :data {:parallel/error :not-transferable :class "clojure.core$inc" :path [:a 1]}}
   :read-fails  {:form '(parallel/receive (parallel/parent)) :before #(parallel/send % [@lost-record])
                 :error {:parallel/error :remote-exception :class "clojure.lang.ExceptionInfo"}
                 :data {:parallel/error :not-transferable :class "parallel.of_this_process_only.Lost"}}})

;; ---- what it does then, and what its parent does

(def large "A message of 100 MB." (delay (byte-array 100000000)))

(defn- in-state [state]
  (fn [w] (= state (:state (parallel/status w)))))

(defn- blocked?
  "Sleeps the thread in a call of the library?"
  [^Thread thread]
  (some #(= "parallel.transport.Parker" (.getClassName ^StackTraceElement %)) (.getStackTrace thread)))

(def doings
  ":form what the worker does, :call the parent's; each is there before the death: :worker says when the worker is, and
  the parent's thread is blocked. :late calls are made after the death, since they would take what the worker is to wait
  for."
  {:computing-join      {:form '(while true)                            :call parallel/join}
   :computing-deref     {:form '(while true)                            :call deref}
   :receiving-receive   {:form '(parallel/receive (parallel/parent))    :call parallel/receive
                         :worker (in-state :receiving)}
   :receiving-select    {:form '(parallel/receive (parallel/parent))    :call #(parallel/select [%])
                         :worker (in-state :receiving)}
   :receiving-group     {:form '(parallel/receive (parallel/parent))    :call #(parallel/receive [%])
                         :worker (in-state :receiving)}
   :idle-receive        {:fork true                                     :call parallel/receive
                         :worker (in-state :idle)}
   :computing-send-full {:form '(while true) :opts {:ring-bytes 8192}
                         :call #(while true (parallel/send % (byte-array 3000)))}
   :computing-send-100M {:form '(while true)                            :call #(parallel/send % @large)}
   :send-full-join      {:form '(while true (parallel/send (parallel/parent) (byte-array 3000)))
                         :opts {:ring-bytes 8192} :call parallel/join :late true :worker (in-state :sending)}
   :send-100M-receive   {:form '(parallel/send (parallel/parent) (byte-array 100000000))
                         :call parallel/receive :late true :worker (in-state :sending)}})

(def calls
  "What the parent does while an evaluation throws."
  {:join      {:call parallel/join}
   :deref     {:call deref}
   :receive   {:call parallel/receive}
   :select    {:call #(parallel/select [%])}
   :send-full {:opts {:ring-bytes 8192} :call #(while true (parallel/send % (byte-array 3000)))}})

;; ---- a row

(defn temporary ^File []
  (.toFile (Files/createTempDirectory "crash" (make-array FileAttribute 0))))

(defn delete [^File tree]
  (run! #(.delete ^File %) (reverse (file-seq tree))))

(defn signal [^long pid name]
  (.waitFor (.start (ProcessBuilder. ^java.util.List ["kill" (str "-" name) "--" (str pid)]))))

(def ^:private up-and-doing
  "A worker says that it is up. Then it does something, and on a thread of its own it dies when there is a file of that
  name."
  '(let [file (java.io.File. :file)
         wait (fn [] (while (not (.exists file)) (Thread/sleep 1)))]
     (doto (Thread. (fn [] (wait) :death)) (.setDaemon true) .start)
     (parallel/send (parallel/parent) :up)
     :doing))

(defn- fill-in [form holes]
  (walk/postwalk #(if (contains? holes %) (holes %) %) form))

(defn- started
  "The worker of a row, at what it does."
  [{:keys [form opts before fork]} file death]
  (let [opts (merge {:dir (System/getProperty "java.io.tmpdir") :jvm-opts quick-jvm :out (StringWriter.)
                     :err (StringWriter.)}
                    opts)
        form (fill-in up-and-doing {:file (str file) :death death :doing form})
        w (if fork (parallel/fork opts) (parallel/run opts form))]
    (when fork
      (parallel/exec w form))
    (when before
      (before w))
    (assert (= :up (within 60000 #(parallel/receive w))))
    w))

(defn- call-in-thread
  "Calls f; a promise of the nanoTime at which it ended, and how."
  [f]
  (let [outcome (promise)]
    [(doto (Thread. #(let [e (try (f) (catch Throwable e e))] (deliver outcome [(System/nanoTime) e])) "crash call")
       (.setDaemon true)
       .start)
     outcome]))

(defn ready-row
  "Starts the worker of a row and brings both sides to what they do. A function that lets the worker die and returns
  what came of it: {:worker handle, :error what the parent's call threw, :ms from the death to that}."
  [{:keys [call late worker] :as row} {death :form death-signal :signal}]
  (let [directory (temporary)
        file (io/file directory "die")
        w (started row file death)
        at-it? (or worker (in-state :running))
        _ (assert (await-true #(at-it? w)) "the worker does not do what it should")
        [thread outcome] (when-not late (call-in-thread #(call w)))]
    (when thread
      (assert (await-true #(blocked? thread)) "the parent's call does not block"))
    (fn []
      (let [start (System/nanoTime)
            _ (if death-signal (signal (.pid ^parallel.Worker w) death-signal) (spit file ""))
            _ (when late (assert (await-true #(not (parallel/alive? w))) "the worker does not die"))
            outcome (or outcome (second (call-in-thread #(call w))))
            [end e] (deref outcome 60000 [(System/nanoTime) ::hangs])]
        (delete directory)
        {:worker w :error e :ms (/ (- end start) 1e6)}))))

(defn row-of-process-death [death doing]
  (ready-row (doings doing) (process-deaths death)))

(defn row-of-throw
  "The evaluation waits for the file itself."
  [throw call]
  (let [{:keys [form opts before]} (throws throw)
        {call-opts :opts call :call} (calls call)]
    (ready-row {:form (list 'do '(wait) form) :opts (merge call-opts opts) :before before :call call} {})))

(defn row-of-start
  "As ready-row, for a worker that dies so many ms after run has returned."
  [death ms]
  (let [w (parallel/run {:dir (System/getProperty "java.io.tmpdir") :jvm-opts quick-jvm :out (StringWriter.)
                         :err (StringWriter.)}
                        '(parallel/receive (parallel/parent)))
        [_ outcome] (call-in-thread #(parallel/join w))]
    (fn []
      (Thread/sleep (long ms))
      (await-true #(pos? (.pid ^parallel.Worker w)))
      (let [start (System/nanoTime)
            _ (signal (.pid ^parallel.Worker w) (:signal (process-deaths death)))
            [end e] (deref outcome 60000 [(System/nanoTime) ::hangs])]
        {:worker w :error e :ms (/ (- end start) 1e6)}))))

;; ---- how a parent dies

(defn start-root
  "A root JVM with a process group of its own, which Ctrl-C reaches also where these tests run in the background, whose
  processes inherit that it is ignored. Its process and its lines."
  [& arguments]
  (let [process (-> (ProcessBuilder. ^java.util.List
                                     (vec (concat ["env" "--default-signal=INT" "setsid"]
                                                  (clojure-main "-XX:-UsePerfData")
                                                  arguments)))
                    (.redirectError ProcessBuilder$Redirect/DISCARD)
                    .start)]
    {:process process :reader (BufferedReader. (InputStreamReader. (.getInputStream process)))}))

(defn next-line [{:keys [^BufferedReader reader]}]
  (within 100000 #(.readLine reader)))

(defn descendants-of [{:keys [^Process process]}]
  (vec (iterator-seq (.iterator (.descendants (.toHandle process))))))

(defn left-of
  "The names in the file system that carry a root's pid."
  [{:keys [^Process process]}]
  (vec (for [directory ["/dev/shm" (System/getProperty "java.io.tmpdir")]
             name (.list (File. ^String directory))
             :when (re-find (re-pattern (str "^parallel-\\d+-" (.pid process) "-")) name)]
         (str directory "/" name))))

(defn- kill-all [{:keys [^Process process] :as root}]
  (.waitFor (.start (ProcessBuilder. ^java.util.List
                                     (into ["kill" "-9" (str (.pid process))] (map #(str (.pid ^ProcessHandle %)))
                                           (descendants-of root))))))

(def parent-deaths
  "What ends a root, the exit code of which it then has, and whether somebody is there to remove its directory."
  {:kill-9         {:end (fn [{:keys [^Process process]}] (.destroyForcibly process)) :exit 137}
   :exit-5         {:end (fn [{:keys [^Process process]}]
                           (doto (.getOutputStream process) (.write (.getBytes "exit\n")) .flush))
                    :exit 5}
   :ctrl-c-group   {:end (fn [{:keys [^Process process]}] (signal (- (.pid process)) "INT")) :exit 130}
   :kill-9-of-all  {:end kill-all :exit 137 :nobody-left true}})

(defn- zombie?
  "Has it ended, and nobody has asked for its exit code yet? Whose parent is gone waits for process 1, which takes its
  time in some containers; it has no memory, file or thread any more."
  [^ProcessHandle process]
  (try (let [status (Path/of "/proc" (into-array String [(str (.pid process)) "status"]))]
         (re-find #"(?m)^State:\s+[ZX]" (String. (Files/readAllBytes status))))
       (catch java.io.IOException _ nil)))

(defn runs? [^ProcessHandle process]
  (and (.isAlive process) (not (zombie? process))))

(defn ended?
  "Has the root ended, and all that it started?"
  [{:keys [^Process process]} descendants]
  (not (or (.isAlive process) (some runs? descendants))))

;; ---- the code of such a root

(defn- thread-in [f]
  (doto (Thread. ^Runnable f "crash root") (.setDaemon true) .start))

(def ^:private three-deep
  '(let [inner (parallel/run {:jvm-opts ["-XX:TieredStopAtLevel=1" "-XX:+UseSerialGC"]}
                             '(let [innermost (parallel/run {:jvm-opts ["-XX:TieredStopAtLevel=1" "-XX:+UseSerialGC"]}
                                                            '(do (parallel/send (parallel/parent) [(parallel/id)])
                                                                 (parallel/receive (parallel/parent))))]
                                (parallel/send (parallel/parent) (conj (parallel/receive innermost) (parallel/id)))
                                (parallel/receive innermost)))]
     (parallel/send (parallel/parent) (conj (parallel/receive inner) (parallel/id)))
     (parallel/receive inner)))

(defn start-three-deep
  "A worker with a worker with a worker, and their ids, the innermost first."
  []
  (let [w (parallel/run {:jvm-opts quick-jvm} three-deep)]
    [w (parallel/receive w)]))

(defn busy-root
  "A root in every kind of call at once, with workers in each: says \"up\" when all are there. Four more start one after
  the other, so that when it says \"now\" they have started 1000, 500, 200 and 50 ms ago. Then it waits for a line, and
  exits with 5."
  []
  (let [opts {:jvm-opts quick-jvm :out (StringWriter.)}
        run (fn [more form] (parallel/run (merge opts more) form))
        [deep] (start-three-deep)
        computes (run {} '(while true))
        waits    (run {} '(parallel/receive (parallel/parent)))
        full     (run {:ring-bytes 8192} '(while true (Thread/sleep 1000)))
        takes    (run {} '(while true (Thread/sleep 1000)))
        sends    (run {} '(parallel/send (parallel/parent) (byte-array 100000000)))
        idle     (parallel/fork opts)
        threads  (mapv thread-in
                       [#(parallel/receive deep) #(parallel/join computes) #(deref computes) #(parallel/select [waits])
                        #(while true (parallel/send full (byte-array 3000))) #(parallel/send takes @large)])]
    (assert (await-true #(= [:running :receiving :running :running :sending :idle]
                            (map :state (parallel/status [computes waits full takes sends idle])))))
    (assert (await-true #(every? blocked? threads)))
    (println "up")
    (let [started (vec (for [ms [500 300 150 50]]
                         (let [w (run {} '(parallel/receive (parallel/parent)))]
                           (Thread/sleep (long ms))
                           w)))]
      (println "now")
      (thread-in #(when (await-true (fn [] (every? (comp #{:receiving} :state) (parallel/status started))))
                    (println "connected"))))
    (thread-in #(while true))
    (when (read-line)
      (System/exit 5))))

(defn small-root
  "A root with one worker, for figures."
  []
  (let [w (parallel/run {:jvm-opts quick-jvm}
                        '(do (parallel/send (parallel/parent) :up) (parallel/receive (parallel/parent))))]
    (parallel/receive w)
    (println "up")
    (when (read-line)
      (System/exit 5))))

(defn deep-root
  "A root with three workers within each other: prints their ids, then what it sees of its worker when that dies, then
  waits for a line."
  []
  (let [[w ids] (start-three-deep)]
    (prn (vec (reverse ids)))
    (prn (try (parallel/receive w)
              (catch clojure.lang.ExceptionInfo e
                (let [{:keys [data] :as its} (ex-data e)]
                  (map (juxt :worker/id :parallel/error :exit :signal) [its data])))))
    (prn (parallel/children))
    (read-line)))

(defn -main [which]
  (case which
    "busy" (busy-root)
    "small" (small-root)
    "deep" (deep-root))
  (shutdown-agents))
