(ns parallel.cluster.faults.rooted
  "A root JVM in a network namespace, told what to do by forms, and hosts that it has in others."
  (:require [clojure.edn :as edn]
            [clojure.java.io :as io]
            [clojure.string :as str]
            [parallel.cluster.faults.nemesis :as nemesis]
            [parallel.support :as support])
  (:import [java.io File]
           [java.lang ProcessBuilder$Redirect]
           [java.util.concurrent LinkedBlockingQueue TimeUnit]))

(def ^:dynamic *run*
  "What all rows share: :namespaces and :addresses by the letters a, b and c, :directory, :seed."
  nil)

(def answer-ms 120000)

(def ^:private far-shell (.getAbsolutePath (io/file "cluster/test/far-shell.pl")))

(def ^:private roots (atom 0))

(defn start-root
  "Starts a root in namespace a."
  []
  (let [n       (swap! roots inc)
        mark    (str (:mark *run*) "-" n)
        said    (io/file (:directory *run*) (str "root-" n ".err"))
        command (into ["ip" "netns" "exec" (:a (:namespaces *run*))]
                      (conj (support/clojure-main "-Xmx1g") "-m" "parallel.cluster.faults.load"))
        process (.start (doto (ProcessBuilder. ^java.util.List command)
                          (.redirectError (ProcessBuilder$Redirect/to said))
                          (-> .environment (.put "PARALLEL_FAULTS" mark))))
        answers (LinkedBlockingQueue.)]
    (doto (Thread. ^Runnable (fn []
                               (doseq [line (line-seq (io/reader (.getInputStream process)))]
                                 (if (str/starts-with? line "=> ")
                                   (.add answers (subs line 3))
                                   (spit said (str line "\n") :append true))))
                   (str "root " n))
      (.setDaemon true)
      .start)
    {:process process :pid (.pid process) :n n :mark (str "PARALLEL_FAULTS=" mark) :answers answers
     :in (io/writer (.getOutputStream process))}))

(defn tell
  "The value of a form in the root; throws when that throws, or does not answer within two minutes."
  [{:keys [in ^LinkedBlockingQueue answers]} form]
  (doto ^java.io.Writer in (.write (str (pr-str form) "\n")) .flush)
  (let [line   (.poll answers answer-ms TimeUnit/MILLISECONDS)
        answer (when line (edn/read-string {:default (fn [_ v] v)} line))]
    (cond
      (nil? line)       (throw (ex-info (str "The root does not answer to " (pr-str form)) {}))
      (:message answer) (throw (ex-info (str (pr-str form) ": " (:message answer)) (or (:error answer) {})))
      :else             (:value answer))))

;; ---- hosts

(defn spec [letter timeout-ms]
  (let [address (get (:addresses *run*) letter)]
    (merge {:host-timeout-ms timeout-ms :nice 0}
           (if (:slurm? *run*)
             {:nodes 1 :args ["--cpus-per-task=4" (str "--nodelist=" (name letter))]}
             {:start ["perl" far-shell (get (:namespaces *run*) letter) address] :address address
              :name (name letter)}))))

(defn bring-in
  "Adds a host and starts two workers there: {:letter :name :timeout-ms :agent :link :workers :pids}."
  [root letter timeout-ms]
  (let [{:keys [pid host/id]} (tell root (list 'add! (spec letter timeout-ms)))
        names (mapv #(str (name letter) id "-" %) [1 2])
        ws    (tell root (list 'fork! (name letter) names))]
    {:letter letter :name (name letter) :timeout-ms timeout-ms :agent pid :link (tell root '(link-pid))
     :host/id id :workers names :pids (mapv :pid ws)}))

(defn processes
  "Of a host: its agent and its workers."
  [host]
  (cons (:agent host) (:pids host)))

(defn launcher-processes
  "The host's command here, with what that has started."
  [host]
  (nemesis/launchers (:link host) (if (:slurm? *run*)
                                    (str "--nodelist=" (:name host) " ")
                                    (str "far-shell.pl " (get (:namespaces *run*) (:letter host)) " "))))

;; ---- the load of a host

(defn file-of [row worker] (str (io/file (:directory *run*) (str row "-" worker))))

(defn begin
  "Begins the load of a row: the first worker has a large message under way, each way, for some time."
  [root row host {:keys [large every-ms] :or {large 100 every-ms 10}}]
  (tell root (list 'begin! (into {} (map-indexed (fn [i worker]
                                                   [worker {:file     (file-of row worker)
                                                            :seed     (+ (:seed *run*) i 1)
                                                            :large    (when (and (zero? i) (pos? large)) large)
                                                            :every-ms every-ms}])
                                                 (:workers host))))))

;; ---- what is left

(defn- session-directories [pids]
  (for [place ["/dev/shm" "/tmp"]
        ^File file (.listFiles (io/file place))
        :let [[_ pid] (re-matches #"parallel-\d+-(\d+)-.*" (.getName file))]
        :when (and pid (pids (parse-long pid)) (not (empty? (.list file))))]
    (.getPath file)))

(defn left-of
  "What a root that has ended has left: nothing, after a while."
  [{:keys [mark]} pids within-ms]
  (let [deadline (+ (System/nanoTime) (* within-ms 1000000))]
    (loop []
      (let [left (concat (map #(str "process " % " " (let [text (nemesis/command-line %)]
                                                       (subs text (max 0 (- (count text) 120)))))
                              (nemesis/with-mark mark))
                         (session-directories (set pids)))]
        (cond
          (empty? left)                    []
          (> (System/nanoTime) deadline)   (mapv #(str "left: " %) left)
          :else                            (do (Thread/sleep 50) (recur)))))))

(defn end-root
  "Ends a root in order: what it leaves."
  [{:keys [process in] :as root} pids]
  (.close ^java.io.Writer in)
  (if (.waitFor ^Process process 60 TimeUnit/SECONDS)
    (left-of root (cons (:pid root) pids) 10000)
    (do (.destroyForcibly ^Process process)
        ["the root does not end"])))
