(ns parallel.hosts
  "Other machines that workers can be started on.

  In    add add-all slurm local calibrate!
  Look  hosts host print-hosts
  Out   remove close with-hosts

    (require '[parallel.api :as parallel] '[parallel.hosts :as hosts])
    (def big1 (hosts/add \"big1\"))
    (def pod (hosts/add {:start [\"kubectl\" \"exec\" \"-i\" \"pod-1\" \"--\"] :name \"pod\" :address \"10.1.2.3\"}))
    @(parallel/run {:in pod} '(+ 1 2)) ; => 3
    (hosts/close)

  Needs the artifact parallel-cluster of the same version on the class path. Only the root adds hosts, not a worker.
  Safe from any thread. Every function throws :bad-argument for arguments of another number or kind."
  (:refer-clojure :exclude [remove])
  (:require [parallel.api :as parallel]
            [parallel.impl.errors :as errors :refer [defcall refuse]]
            [parallel.impl.options :as options :refer [number-from path?]]
            [parallel.impl.worker-options :as worker-options])
  (:import [java.io Writer]
           [java.nio.file Path]
           [java.time Duration]
           [java.util.function Consumer UnaryOperator]
           [parallel Host HostOptions HostStatus HostStatus$Traffic Hosts SlurmOptions]
           [parallel.hosts Calibration Calibration$Load HostHandle HostRegistry LocalHost]))

(set! *warn-on-reflection* true)

(defmethod print-method HostHandle [h ^Writer w]
  (.write w (str "#<" h ">")))

(defmethod print-method LocalHost [h ^Writer w]
  (.write w (str "#<" h ">")))

;; ---- options

(defn- words? [x]
  (and (sequential? x) (seq x) (every? #(and (string? %) (seq %)) x)))

(defn- path ^Path [x]
  (if (instance? Path x) x (Path/of (str x) (make-array String 0))))

(defn- listener ^Consumer [f]
  (reify Consumer
    (accept [_ event]
      (f (into {} (map (fn [[k v]] [(keyword k) (if (= k "event") (keyword v) v)])) event)))))

(def ^:private table
  "Options of a host; the last argument of :set is the value."
  [{:key :ssh-opts :takes "a sequential collection of strings" :valid? #(and (sequential? %) (every? string? %))
    :doc "further arguments for ssh" :otherwise "none"
    :set (fn [^HostOptions o v] (.sshOpts o (vec v)))}
   {:key :forward :takes ":tcp" :valid? #{:tcp}
    :doc "for an sshd that forwards no sockets: its agent listens on a port of its loopback interface"
    :otherwise "a socket"
    :set (fn [^HostOptions o _] (.forwardTcp o))}
   {:key :classpath :takes ":same" :valid? #{:same}
    :doc "the class path is there, at the same paths" :otherwise "it is sent there"
    :set (fn [^HostOptions o _] (.sameClasspath o))}
   {:key :name :takes "a string, not empty" :valid? #(and (string? %) (seq %))
    :doc "its name in this session" :otherwise "the machine's own"
    :set (fn [^HostOptions o v] (.name o v))}
   {:key :address :takes "a name or number of the machine, a string" :valid? #(and (string? %) (seq %))
    :doc "where its agent listens for this session" :otherwise "the machine's name, else its first address"
    :set (fn [^HostOptions o v] (.address o v))}
   {:key :cores :takes "a number of 1 or more" :valid? (number-from 1 Integer/MAX_VALUE)
    :doc "how many processors its workers may use" :otherwise "those that are there"
    :set (fn [^HostOptions o v] (.cores o (int v)))}
   {:key :java :takes "a java command there: a string, File or Path" :valid? path?
    :doc "the java command there" :otherwise "that of JAVA_HOME, else the one that is found"
    :set (fn [^HostOptions o v] (.java o (path v)))}
   {:key :dir :takes "a path there: a string, File or Path" :valid? path?
    :doc "where its workers start" :otherwise "where the command starts the agent"
    :set (fn [^HostOptions o v] (.dir o (path v)))}
   {:key :env :takes "a map of strings to strings"
    :valid? #(and (map? %) (every? (fn [[k v]] (and (string? k) (string? v))) %))
    :doc "environment variables of its workers" :otherwise "none"
    :set (fn [^HostOptions o v] (.env o v))}
   {:key :jvm-opts :takes "a sequential collection of strings" :valid? #(and (sequential? %) (every? string? %))
    :doc "arguments for the JVM of its agent" :otherwise "none"
    :set (fn [^HostOptions o v] (.jvmOpts o (vec v)))}
   {:key :host-timeout-ms :takes "a number of milliseconds from 3000 to 600000" :valid? (number-from 3000 600000)
    :doc "how long nothing may be heard of it" :otherwise "30000 at a prompt, 12000 in a program"
    :set (fn [^HostOptions o v] (.hostTimeout o (Duration/ofMillis v)))}
   {:key :start-timeout-ms :takes "a number of milliseconds above 0" :valid? (number-from 1)
    :doc "how long its agent may take to be up" :default 60000
    :set (fn [^HostOptions o v] (.startTimeout o (Duration/ofMillis v)))}
   {:key :nice :takes "a number from 0 to 19" :valid? (number-from 0 19)
    :doc "how nice its agent and workers are to others" :default 5
    :set (fn [^HostOptions o v] (.nice o (int v)))}
   {:key :speed :takes "a number above 0, at most 1" :valid? #(and (number? %) (< 0 %) (<= % 1))
    :doc "of its cores, relative to the fastest host's; calibrate! measures it" :otherwise "none: all are equally fast"
    :set (fn [^HostOptions o v] (.speed o (double v)))}
   {:key :on-event :takes "a function of one map" :valid? ifn?
    :doc "called with a map for each event of the host" :otherwise "none"
    :set (fn [^HostOptions o v] (.onEvent o (listener v)))}])

(defn- reached
  "Options that have only how the host is reached."
  ^HostOptions [{:keys [ssh start] :as spec}]
  (cond
    (and (contains? spec :ssh) (contains? spec :start))
    (throw (errors/bad-argument (str "A host has one of the options :ssh, its name as for ssh, and :start, the words "
                                     "of a command; this one has both.")))

    (contains? spec :ssh)
    (if (string? ssh)
      (errors/surfacing (HostOptions/ssh ssh))
      (refuse "add" "as :ssh a string, the name that ssh knows" ssh))

    (words? start)
    (HostOptions/start ^java.util.List (vec start))

    :else
    (throw (errors/bad-argument (str "Option :start of a host is " (pr-str start) "; allowed is a vector of strings, "
                                     "the words of a command that runs what follows them on the host, with stdin and "
                                     "stdout. A host that ssh reaches has :ssh in its place.")))))

(def ^:private timeout-at-prompt-ms "Somebody's laptop may be asleep for a moment." 30000)

(defn- with-options
  "Options of a host, or of an allocation, with what a spec has of a table."
  [options table spec]
  (reduce (fn [o {:keys [key set]}] (if (contains? spec key) (set o (get spec key)) o)) options table))

(defn- patient-at-prompt [spec]
  (merge (when (worker-options/prompt?) {:host-timeout-ms timeout-at-prompt-ms}) spec))

(defn- host-options ^HostOptions [spec]
  (options/check-known "a host" spec (into [:ssh :start] (map :key table)))
  (let [reached (reached spec)
        spec    (patient-at-prompt spec)]
    (options/check-values "a host" table spec)
    (with-options reached table spec)))

(def ^:private allocation-table
  "Options of a new allocation of Slurm, besides how many nodes it has."
  [{:key :time :takes "a time as Slurm writes it, such as \"01:00:00\"" :valid? #(and (string? %) (seq %))
    :set (fn [^SlurmOptions o v] (.time o v))}
   {:key :args :takes "a sequential collection of strings, arguments for salloc"
    :valid? #(and (sequential? %) (every? string? %))
    :set (fn [^SlurmOptions o v] (.args o (vec v)))}])

(def ^:private node-table
  "Options that the hosts of an allocation have together."
  (filterv (comp (complement #{:ssh-opts :forward :name :address}) :key) table))

(def ^:private nodes-row
  {:key :nodes :takes "a number of 1 or more" :valid? (number-from 1 Integer/MAX_VALUE)})

(defn- slurm-options ^SlurmOptions [spec]
  (let [rows (concat [nodes-row] allocation-table node-table)
        spec (patient-at-prompt (or (options/check-known "an allocation" spec (map :key rows)) {}))]
    (options/check-values "an allocation" rows spec)
    (.each ^SlurmOptions (with-options (if (contains? spec :nodes)
                                         (SlurmOptions/nodes (int (:nodes spec)))
                                         (SlurmOptions/existing))
                                       allocation-table spec)
           (reify UnaryOperator
             (apply [_ host] (with-options host node-table spec))))))

(defn- one-host ^Host [call x]
  (cond
    (instance? Host x) x
    (string? x)              (errors/surfacing (.named (HostRegistry/current) x))
    :else                    (refuse call "a host or the name of one" x)))

;; ---- in

(defn- checked-spec ^HostOptions [call spec]
  (cond
    (string? spec) (host-options {:ssh spec})
    (map? spec)    (host-options spec)
    :else          (refuse call "the name of a host that ssh knows, or a map of options" spec)))

(defcall add
  "Adds a host: starts an agent there and connects to it. Blocks until the agent is up. Returns the host.

  spec  what ssh calls the host, or a map: :ssh, that, or :start, the words of a command that runs what follows them on
        the host, with stdin and stdout; and options, see the guide; unknown keys are refused.

  Throws :start-failed when the agent does not come up, with a sentence that says what to do; :bad-argument where the
  artifact is missing, the name is taken or this is a worker. An interrupt ends it: the host is not added.

    (hosts/add \"big1\")                                                ; as ~/.ssh/config says of it
    (hosts/add {:start [\"env\"] :name \"here\" :address \"127.0.0.1\"}) ; this machine, as if it were another"
  [spec]
  (let [checked (checked-spec "add" spec)]
    (errors/surfacing (Hosts/add checked))))

(defcall add-all
  "Adds hosts at the same time: all of them, or none. Blocks until each of them is up or has failed. Returns a vector
  of the hosts, in the order of specs.

  specs   a sequential collection of what add takes.

  Throws :several when one or more could not be added, with :errors, the error of each of them; the others are removed.
  Throws :bad-argument as add does, before any is added. Safe from any thread.

    (hosts/add-all [{:start [\"env\"] :name \"a\" :address \"127.0.0.1\"}
                    {:start [\"env\"] :name \"b\" :address \"127.0.0.1\"}])"
  [specs]
  (when-not (sequential? specs)
    (refuse "add-all" "a sequential collection of specs, as add takes them" specs))
  (let [checked (mapv #(checked-spec "add-all" %) specs)]
    (vec (errors/surfacing (Hosts/addAll checked)))))

(defcall slurm
  "Adds an allocation of Slurm, a host for each of its nodes, named as the node: all of them, or none. Blocks until
  they are up. Returns a vector of the hosts, in the order of Slurm. Without :nodes it is the allocation that this JVM
  runs in, as SLURM_JOB_ID says. Agents are started by srun, as further steps of the job; each listens on a port of its
  node, by TLS.

  opts    a map; unknown keys are refused:
    :nodes  makes a new allocation of so many nodes by salloc. It is given back with the last of its hosts, and when
            this JVM ends, however it ends. Blocks until it is granted, for :start-timeout-ms (default 60000) at most;
            the agents then have as long again.
    :time   for how long, as Slurm writes it; default: the partition's. Of a new allocation
    :args   further arguments for salloc, a sequential collection of strings; default none. Of a new allocation
    and for each host :cores (default: what the allocation has there) :java :dir :env :jvm-opts :classpath
    :host-timeout-ms :start-timeout-ms :nice :speed :on-event, as add takes them.

  Throws :bad-argument outside an allocation, in a worker, and where srun or salloc is not on the PATH; :start-failed
  when no allocation is granted, with the message of Slurm and the reason for which it waits; nothing is left in the
  queue then; :several as add-all does. Safe from any thread.

    (hosts/slurm)                                                                 ; in a job of sbatch
    (hosts/slurm {:nodes 4 :time \"01:00:00\" :args [\"-p\" \"gpu\" \"--exclusive\"]}) ; from a login node"
  ([] (slurm {}))
  ([opts]
   (let [checked (errors/surfacing (slurm-options opts))]
     (vec (errors/surfacing (Hosts/slurm checked))))))

(defcall local
  "Returns this machine, where a host is wanted: {:in (hosts/local)} starts a worker as {} does, whose status has :host
  nil. It is not among (hosts), and removing it does nothing. Needs no second artifact. Never blocks; throws nothing.

    @(parallel/run {:in (hosts/local)} '(parallel.hosts/host)) ; => nil"
  []
  (Hosts/local))

;; ---- look

(defn- status [^Host h]
  (let [^HostStatus s         (.status h)
        ^HostStatus$Traffic t (.traffic s)
        positive              #(when (pos? (double %)) %)]
    {:name (.name s) :host/id (.number s) :state (keyword (.toLowerCase (str (.state s)))) :via (keyword (.via s))
     :address (.address s) :pid (positive (.pid s)) :cores (positive (.cores s)) :free-cores (.freeCores s)
     :memory-bytes (positive (.memoryBytes s)) :load (when-not (neg? (.load s)) (.load s)) :jdk (positive (.jdk s))
     :java (.java s) :dir (.directory s) :speed (positive (.speed s))
     :rtt-us (some-> (.roundTrip s) .toNanos (quot 1000))
     :mb-per-s (positive (.megabytesPerSecond s)) :workers (.workers s) :spares (.spares s)
     :sent {:messages (.messagesSent t) :bytes (.bytesSent t)}
     :received {:messages (.messagesReceived t) :bytes (.bytesReceived t)}
     :since (.since s) :last-heard-ms (some-> (.lastHeard s) .toMillis) :error (.error s)}))

(defcall host
  "Returns the name of the host that this worker lives on; nil on the machine of the root. Never blocks; throws
  nothing.

    @(parallel/run {:in pod} '(parallel.hosts/host)) ; => \"pod\""
  []
  (HostRegistry/hostOfThis))

(defcall hosts
  "Returns the hosts of this session, a vector of maps in the order in which they were added; those that were removed
  or lost are among them until close. Never blocks; throws nothing. All keys are always there, nil where nothing is
  known:

  :name :host/id       the number is never used again    :state       :starting :up :silent :lost :closed
  :via :address        how its agent is reached          :pid         of its agent
  :cores :free-cores   that workers may use              :memory-bytes :load   of the machine
  :jdk :java :dir      of its agent                      :speed :mb-per-s      nil until they are measured
  :rtt-us              round trip to its agent           :workers :spares      how many live there
  :sent :received      {:messages n :bytes n} of its workers, as their status counts, ended ones included
  :since               the Instant of its state          :last-heard-ms        time since anything was heard of it
  :error               why it was lost

    (map (juxt :name :state) (hosts/hosts)) ; => ([\"pod\" :up])"
  []
  (mapv status (Hosts/all)))

(def ^:private print-table (delay (requiring-resolve 'parallel.impl.look/print-hosts)))

(defcall print-hosts
  "Prints (hosts) as a table: a line for each host. Never blocks. Returns nil. Throws nothing.

    (hosts/print-hosts)"
  []
  (@print-table (hosts)))

;; ---- how fast they are

(defn- load-of
  "Evaluates form in all workers of a host at the same time, once to warm up and once to be measured."
  ^Calibration$Load [form]
  (let [ns-sym (ns-name *ns*)
        timed  `(let [begun# (System/nanoTime)]
                  ~form
                  (/ 1e9 (- (System/nanoTime) begun#)))]
    (reify Calibration$Load
      (play [_ host cores]
        (parallel/with-workers [ws (parallel/fork {:in host :name "calibrate"} cores)]
          (let [rates #(mapv deref (parallel/exec-in ns-sym ws timed))]
            (rates)
            (rates)))))))

(defcall calibrate!
  "Measures hosts, one after the other, each with a worker on each of its cores: d[i] += 13 s[i] over 10000 doubles,
  compiled, for a second; the median of a host's workers counts. Blocks for some three seconds for each host. Returns
  their maps, as (hosts) has them. :speed is relative to the fastest of them, above 0, two decimals; :mb-per-s is the
  throughput of the connection to the host, :rtt-us its round trip. Where several hosts share workers, a host of half
  the speed gets half as many for its cores.

  hs      a host, the name of one, or a sequential collection of these; (hosts/local) may be among them
  opts    {:form '(...)}: a load of your own, evaluated in each worker twice; its second evaluation is measured. It sees
          what any form sees; its value is not looked at.

  Throws :bad-argument where one of them is not up, :host-lost where one is lost meanwhile, and what the form throws:
  then nothing is set. Safe from any thread.

    (map (juxt :name :speed) (hosts/calibrate! [\"big1\" (hosts/local)])) ; => ([\"big1\" 1.0] [\"local\" 0.74])"
  ([hs] (calibrate! hs {}))
  ([hs {:keys [form] :as opts}]
   (options/check-known "calibrate!" opts [:form])
   (let [hs (mapv #(one-host "calibrate!" %) (if (sequential? hs) hs [hs]))]
     (errors/surfacing (Calibration/of hs (when (contains? opts :form) (load-of form))))
     (mapv status hs))))

;; ---- out

(defcall remove
  "Removes a host: stops its workers, as stop does, then its agent. Blocks until that is done. Returns nil. A host that
  was lost or removed already is left as it is. Throws :bad-argument for what is not a host or the name of one.

    (hosts/remove pod)"
  [h]
  (.close (one-host "remove" h)))

(defcall close
  "Removes all hosts and forgets them. Blocks until that is done. Idempotent. Returns nil. Throws nothing.

    (hosts/close)"
  []
  (Hosts/close))

(defmacro ^{:added "0.2"} with-hosts
  "Adds hosts, as add-all does, evaluates body with a vector of them bound to name, and removes them, whatever happens.
  Returns the value of body. Throws as add-all, and what body throws.

    (hosts/with-hosts [hs [{:start [\"env\"] :address \"127.0.0.1\"}]]
      @(parallel/run {:in (first hs)} '(+ 1 2)))"
  [[name specs] & body]
  `(let [added# (add-all ~specs)]
     (try
       (let [~name added#]
         ~@body)
       (finally
         (run! remove (rseq added#))))))
