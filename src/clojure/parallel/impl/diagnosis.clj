(ns ^:no-doc parallel.impl.diagnosis
  "What is wrong in a session: each finding is a look at what its processes write anyway, or at the process table."
  (:require [clojure.string :as str]
            [parallel.api :as parallel])
  (:import [java.io IOException]
           [java.lang ProcessHandle]
           [java.nio.file Files Path]
           [java.util.stream Stream]
           [parallel.codec ByName]
           [parallel.runtime SessionMemory Waits WorkerHandle]))

(set! *warn-on-reflection* true)

;; ---- what is looked at

(def ^:private full "Of a heap, that counts as nearly all." 0.9)
(def ^:private much-unread "Bytes that wait to be received." 16000000)
(def ^:private many-unread "Messages that wait to be received." 10000)
(def ^:private little-memory "Bytes: a pair of rings and a spare." 16000000)
(def ^:private patience-ms "A wait for less is no finding." 500)
(def ^:private recent-ns "How long a task that kills is a finding." 60000000000)
(def ^:private thrash-ns "The time of which most is taken by collections." 5000000000)

(defn- handle
  "The form of a live worker of this process."
  [id]
  (list 'some (list 'fn '[w] (list 'when (list '= id '(.id ^parallel.Worker w)) 'w)) '(parallel.api/children)))

(defn- named [id]
  (if (zero? (long id)) "the root" (str "worker " id)))

(defn- capitalized [s]
  (str (str/upper-case (subs s 0 1)) (subs s 1)))

(defn- signal [pid name]
  (list '.waitFor (list '.start (list 'java.lang.ProcessBuilder. ["kill" (str "-" name) (str pid)]))))

(defn- seconds [ms]
  (format "%.1f s" (/ ms 1000.0)))

(defn- megabytes [n]
  (format "%.0f MB" (/ n 1e6)))

(defn- finding [kind ids text form]
  {:finding kind :text (capitalized text) :ids (vec ids) :do form})

;; ---- the findings, worst first

(defn- deadlock [{:keys [deadlocks]}]
  (for [cycle deadlocks]
    (finding :deadlock (distinct (map :id cycle))
             (str (str/join ", " (for [{:keys [id for on]} cycle]
                                   (str (named id) " waits in " (name for) " for " (str/join " and " (map named on)))))
                  ": nothing can end that.")
             '(parallel.look/watch! {:on-deadlock :throw}))))

(defn- stopped? [pid]
  (try
    (let [stat (String. (Files/readAllBytes (Path/of (str "/proc/" pid "/stat") (make-array String 0))))]
      (str/starts-with? (subs stat (+ 2 (str/last-index-of stat ")"))) "T"))
    (catch IOException _ false)))        ; it has ended

(defn- process-stopped [{:keys [statuses]}]
  (for [{:keys [id pid host state]} statuses
        :when (and pid (nil? host) (not (#{:ended :failed :dead} state)) (stopped? pid))]
    (finding :process-stopped [id] (str (named id) " (pid " pid ") is stopped by a signal.") (signal pid "CONT"))))

(defn- ring-full [{:keys [waits stuck?]}]
  (let [takes?  (set (mapcat (fn [{:keys [id for on]}] (when (#{:receive :select} for) (map #(vector id %) on)))
                             waits))]
    (for [{:keys [id for on since-ms]} waits
          :when (and (= :room for) (not (stuck? id)) (< (long patience-ms) (long since-ms)))
          to    on
          :when (not (takes? [to id]))]
      (finding :ring-full [id to]
               (str (named id) " has waited " (seconds since-ms) " for room to send to " (named to)
                    ", which does not receive.")
               (if (zero? (long to))
                 (list 'parallel.api/receive (handle id) 1000 nil)
                 (list 'println (list 'parallel.api/threads (handle to))))))))

(defn- parent-waits [{:keys [waits stuck?]}]
  (for [{:keys [id for on since-ms]} waits
        :when (and (#{:join :reply :step} for) (not (stuck? id)) (< (long patience-ms) (long since-ms)))
        worker on
        :when (some #(and (= worker (:id %)) (#{:receive :select} (:for %)) (some #{id} (:on %))) waits)]
    (finding :parent-waits [id worker]
             (str (named id) " has waited " (seconds since-ms) " in " (name for) " for " (named worker)
                  ", which waits for a message of it. Send it one, or end the stream.")
             (list 'parallel.api/send-end (handle worker)))))

(defn- much? [messages bytes]
  (or (< (long much-unread) (long bytes)) (< (long many-unread) (long messages))))

(defn- inbox-grows [{:keys [statuses handles]}]
  (concat
   (for [{:keys [id queue]} statuses
         :when (much? (:messages queue 0) (:bytes queue 0))]
     (finding :inbox-grows [id]
              (str (:messages queue) " messages (" (megabytes (:bytes queue)) ") wait to be received by " (named id)
                   ".")
              (list 'println (list 'parallel.api/threads (handle id)))))
   (for [^WorkerHandle w handles
         :let [messages (.unreadMessages w), bytes (.unreadBytes w)]
         :when (much? messages bytes)]
     (finding :inbox-grows [(parallel/id) (.id w)]
              (str messages " messages (" (megabytes bytes) ") of " (named (.id w)) " wait to be received.")
              (list 'parallel.api/receive (handle (.id w)) 1000 nil)))))

(defn- heap-full [{:keys [handles status-of]}]
  (for [^WorkerHandle w handles
        :let [{:keys [heap-bytes host pid]} (status-of (.id w))
              most                          (.heapLimitBytes w)]
        :when (and heap-bytes (nil? host) (not= pid (.pid (ProcessHandle/current)))
                   (< (* (double full) most) (long heap-bytes)))]
    (finding :heap-full [(.id w)]
             (str (named (.id w)) " uses " (megabytes heap-bytes) " of a heap of " (megabytes most)
                  ". Give its successor more by :max-heap.")
             (list 'parallel.api/stop (handle (.id w))))))

(defn- gc-thrash [{:keys [timeline now]}]
  (for [[id records] (group-by :id (filter (comp #{:gc} :kind) timeline))
        :let [from  (- (long now) (long thrash-ns))
              spent (reduce + (for [{:keys [from-ns to-ns]} records]
                                (max 0 (- (long (or to-ns now)) (max from (long from-ns))))))]
        :when (< (quot (long thrash-ns) 2) spent)]
    (finding :gc-thrash [id] (str (named id) " has spent " (seconds (quot spent 1000000))
                                  " of the last 5 s on collections. Give it more heap by :max-heap.")
             (list 'parallel.look/timeline (handle id)))))

(defn- shm-low [_]
  (when (Waits/table)
    (let [^Path directory (SessionMemory/directory)
          store (Files/getFileStore directory)
          left  (.getUsableSpace store)]
      (when (< left (min (long little-memory) (quot (.getTotalSpace store) 20)))
        [(finding :shm-low [(parallel/id)]
                  (str (megabytes left) " are left where shared memory is (" (.name store)
                       "). Spares are given back; in Docker, --shm-size=1g makes it larger.")
                  '(parallel.api/warm 0))]))))

(defn- poison-element [{:keys [timeline dead now]}]
  (let [deadly  (filter (fn [{:keys [id kind from-ns to-ns]}]
                          (and (#{:element :part :task} kind) (nil? to-ns) (dead id)
                               (< (- (long now) (long from-ns)) (long recent-ns))))
                        timeline)
        ;; of a part and the element within it, the element
        by-name (vals (group-by (juxt :name :index) (vals (into (sorted-map) (map (juxt :id identity)) deadly))))]
    (for [[{:keys [name index]} :as records] by-name
          :when (< 1 (count records))]
      (finding :poison-element (map :id records)
               (str (count records) " workers died of " name (when index (str ", element " index)) ".")
               (list 'filter (list 'fn '[r] '(nil? (:outcome r))) '(parallel.look/timeline))))))

(defn- stale-code [{:keys [statuses]}]
  (for [{:keys [id stale]} statuses :when (seq stale)]
    (finding :stale-code [id]
             (str (named id) " runs code that is older than the disk: " (str/join ", " stale) ".")
             (list 'parallel.api/exec (handle id)
                   (list 'quote (list* 'require (concat (map #(list 'quote %) stale) [:reload])))))))

(defn- spare-orphan [{:keys [statuses]}]
  ;; A root may be process 1 itself, as in a container: what it has started, its spares too, is no orphan.
  (let [below (iterator-seq (.iterator ^Stream (.descendants (ProcessHandle/current))))
        ours  (into (into #{} (keep :pid) statuses) (map #(.pid ^ProcessHandle %)) below)]
    (for [^ProcessHandle process (iterator-seq (.iterator ^Stream (ProcessHandle/allProcesses)))
          :let [command (str/join " " (.orElse (.arguments (.info process)) (make-array String 0)))]
          :when (and (str/includes? command ByName/MAIN)
                     (not (ours (.pid process)))
                     (= (.user (.info process)) (.user (.info (ProcessHandle/current))))
                     (= 1 (.orElse (.map (.parent process) (reify java.util.function.Function
                                                             (apply [_ p] (.pid ^ProcessHandle p))))
                                   1)))]
      (finding :spare-orphan [] (str "the process " (.pid process) " was a worker or spare whose parent is gone.")
               (signal (.pid process) "KILL")))))

(defn- host-silent [_]
  (when-let [hosts (some-> (find-ns 'parallel.hosts) (ns-resolve 'hosts))]
    (for [{:keys [name state]} (hosts)
          :when (= :silent state)]
      (finding :host-silent [] (str "nothing is heard of host " name ". It is lost after its :host-timeout-ms.")
               '(parallel.hosts/print-hosts)))))

(def ^:private findings
  [deadlock process-stopped ring-full parent-waits inbox-grows heap-full gc-thrash shm-low poison-element stale-code
   spare-orphan host-silent])

(defn diagnose
  "The findings of what look has: {:waits :deadlocks :timeline}, worst first."
  [look]
  (let [handles   (parallel/children)
        statuses  (parallel/status)
        status-of (into {} (map (juxt :id identity)) statuses)
        session   (assoc look
                         :handles handles :statuses statuses :status-of status-of :dead (complement status-of)
                         :stuck? (into #{} (mapcat #(map :id %)) (:deadlocks look)) :now (System/nanoTime))]
    (into [] (mapcat #(% session)) findings)))
