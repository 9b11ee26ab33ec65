(ns ^:once ^:jvm ^:slow parallel.cluster.slurm-test
  "Hosts that are nodes of an allocation: a real Slurm of these tests' own. bin/lib/slurm.bash sets it up. Roots are
  JVMs of their own, as the environment says where Slurm is."
  (:require [clojure.edn :as edn]
            [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing use-fixtures]]
            [parallel.api :as parallel]
            [parallel.cluster.on-host :refer [gone? kill! start-cache]]
            [parallel.hosts :as hosts]
            [parallel.root :as root]
            [parallel.support :refer [await-true error within]])
  (:import [java.io BufferedReader File PrintWriter]
           [java.lang ProcessHandle]
           [java.nio.file Files]
           [java.nio.file.attribute FileAttribute]
           [java.util.concurrent TimeUnit]
           [parallel Hosts SlurmOptions]))

;; ---- Slurm

(def ^:dynamic *conf* "The configuration of the Slurm that runs; nil: there is none." nil)

(def ^:private script "bin/lib/slurm.bash")

(defn- said
  "What a command prints, on both streams; nil where it fails."
  [& command]
  (let [builder (doto (ProcessBuilder. ^java.util.List command) (.redirectErrorStream true))
        _       (when *conf* (.put (.environment builder) "SLURM_CONF" (str *conf*)))
        process (.start builder)
        text    (slurp (.getInputStream process))]
    (when (zero? (.waitFor process))
      (str/trim text))))

(def ^:private installed?
  (delay
    (or (some? (said script "install"))
        (when (= "true" (System/getenv "CI"))
          (throw (IllegalStateException. "under CI a Slurm has to be had; bin/lib/slurm.bash install says why not")))
        (println "*** The tests of Slurm are LEFT OUT: there is none. Install slurm-wlm and munge."))))

(defn- jobs
  "The jobs that wait or run: [id name state nodes]."
  []
  (->> (str/split-lines (said "squeue" "--noheader" "--format=%i %j %T %N"))
       (remove str/blank?)
       (map #(str/split % #" "))
       (filterv (comp #{"PENDING" "RUNNING"} #(nth % 2)))))

;; ---- roots, which evaluate what they are asked

(def ^:private answering
  "The program of a root: says the value of each form that it reads, or its error."
  '[(require '[parallel.api :as parallel] '[parallel.hosts :as hosts])
    (loop []
      (let [form (read {:eof ::end} *in*)]
        (when-not (= ::end form)
          (println "answer" (pr-str (try {:value (eval form)}
                                         (catch Throwable e
                                           (-> (select-keys (ex-data e) [:parallel/error :host :why])
                                               (assoc :message (ex-message e)
                                                      :errors (mapv ex-message (:errors (ex-data e)))))))))
          (flush)
          (recur))))
    (System/exit 0)])

(defn- ask
  "What a root answers to a form."
  [{:keys [^PrintWriter in ^BufferedReader lines]} form]
  (binding [*out* in] (prn form))
  (within 120000 (fn []
                   (loop [before []]
                     (let [line (.readLine lines)]
                       (cond
                         (nil? line)                       {:ended before}
                         (str/starts-with? line "answer ") (edn/read-string {:default list} (subs line 7))
                         :else                             (recur (conj before line))))))))

(defn- value [root form]
  (let [answer (ask root form)]
    (is (contains? answer :value) (pr-str form answer))
    (:value answer)))

(defn- started-root [options]
  (let [process (root/start (assoc-in options [:env "SLURM_CONF"] (str *conf*)) answering)]
    {:process process
     :in      (PrintWriter. (.getOutputStream process) true)
     :lines   (io/reader (.getInputStream process))}))

(defn- with-root*
  "Calls f with a root, which must end by itself and leave neither a job nor a process."
  [options f]
  (when *conf*
    (let [{:keys [^Process process ^PrintWriter in] :as root} (started-root options)]
      (try
        (f root)
        (.close in)
        (is (within 30000 (fn [] (.waitFor process 20 TimeUnit/SECONDS))) "the root ends")
        (is (await-true #(empty? (jobs)) 10000) (pr-str (jobs)))
        (finally
          (.destroyForcibly process)
          (.waitFor process))))))

(defmacro ^:private with-root [[name options] & body]
  `(with-root* ~options (fn [~name] ~@body)))

(def ^:dynamic *root* "The root that most tests share, as none of them ends it. In a session of its own." nil)

(defn- with-shared-root*
  "Calls f with the shared root, which has neither hosts nor jobs afterwards."
  [f]
  (when *conf*
    (try
      (f *root*)
      (finally
        (value *root* '(hosts/close))
        (is (await-true #(empty? (jobs)) 5000) (pr-str (jobs)))))))

(defmacro ^:private with-shared-root [[name] & body]
  `(with-shared-root* (fn [~name] ~@body)))

(defn- with-its-root
  "Calls f while the shared root lives. What that has at its end is given back, too."
  [f]
  (let [{:keys [^Process process ^PrintWriter in] :as root} (started-root {:shell "exec setsid \"$@\""})]
    (try
      (value root '@(parallel/run '(+ 1 2)))      ; its session is there
      (binding [*root* root]
        (f))
      (value root '(count (hosts/slurm {:nodes 1})))
      (.close in)
      (is (within 30000 (fn [] (.waitFor process 20 TimeUnit/SECONDS))) "the root ends")
      (is (await-true #(empty? (jobs)) 5000) "a root that ends gives its allocation back")
      (finally
        (.destroyForcibly process)))))

(defn- with-slurm
  "A fixture: Slurm runs."
  [f]
  (if-not @installed?
    (f)
    (let [directory (.toFile (Files/createTempDirectory "parallel-slurm-test" (make-array FileAttribute 0)))
          log       (io/file directory "log")
          process   (do (said script "make" (str directory))
                        (-> (ProcessBuilder. ^java.util.List [script "run" (str directory)])
                            (.redirectErrorStream true) (.redirectOutput log) .start))]
      (try
        (is (await-true #(said script "ready" (str directory)) 30000) (slurp log))
        (binding [*conf* (io/file directory "slurm.conf")]
          @start-cache
          (with-its-root f))
        (finally
          (.destroy process)
          (.waitFor process)
          (run! io/delete-file (reverse (file-seq directory))))))))

(use-fixtures :once with-slurm)

(defn- pid-of-root [{:keys [^Process process]}] (.pid process))

;; ---- what runs

(defn- command-line [pid]
  (try
    (str/replace (String. (Files/readAllBytes (.toPath (io/file "/proc" (str pid) "cmdline")))) "\0" " ")
    (catch java.io.IOException _ "")))

(defn- below
  "The pids of what a root has started, by what it started, whose command lines a regex matches."
  [root regex]
  (let [^ProcessHandle handle (.toHandle ^Process (:process root))]
    (filterv #(re-find regex (command-line %))
             (map #(.pid ^ProcessHandle %) (iterator-seq (.iterator (.descendants handle)))))))

(defn- srun-of
  "The pid of the srun of a node; its helper process has the same words."
  [root node]
  (apply min (below root (re-pattern (str "^srun .*--nodelist=" node " ")))))

(def ^:private names-and-states '(mapv (juxt :name :state :via :cores) (hosts/hosts)))

(defn- pids
  "Of agents and of workers of a root."
  [root]
  (value root '(into (mapv :pid (hosts/hosts)) (map (comp :pid parallel/status)) (parallel/children))))

(defn- sweep
  "Starts an agent: it removes the empty directory of one that was killed."
  [root]
  (value root '(do (hosts/close) (hosts/slurm {:nodes 1}) (hosts/close))))

(def ^:private a-worker-on-each
  "A form: hosts with a worker each that does not end."
  '(run! (fn [h]
           (let [w (parallel/run {:in h} '(do (parallel/send (parallel/parent) :up) (Thread/sleep 1000000)))]
             (parallel/receive w)))
         (map :name (filter (comp #{:up} :state) (hosts/hosts)))))

;; ---- an allocation that is there

(def ^:private misleading
  "Options of a first step, which a job has in its environment: none of them is meant for an agent."
  (str "SLURM_LABELIO=1 SLURM_NTASKS=2 SLURM_NNODES=2 SLURM_CPUS_PER_TASK=1 SRUN_CPUS_PER_TASK=1 SLURM_EXACT=1 "
       "SLURM_UNBUFFEREDIO=1"))

(deftest the-allocation-that-this-jvm-runs-in-is-a-host-for-each-node
  (with-root [root {:shell (str "exec salloc --quiet --nodes=2 --cpus-per-task=2 env " misleading " \"$@\"")}]
    (is (= [["n1" :up :slurm 2] ["n2" :up :slurm 2]]
           (value root (list 'do '(hosts/slurm) names-and-states))))
    (testing "a message goes there and back, on the node that the host is named as"
      (is (= [["n1" "n1" 300000] ["n2" "n2" 300000]]
             (value root '(vec (for [h ["n1" "n2"]]
                                 (let [w (parallel/run {:in h} '[(parallel.hosts/host) (System/getenv "SLURMD_NODENAME")
                                                                 (alength (parallel/receive (parallel/parent)))])]
                                   (parallel/send w (double-array 300000))
                                   @w)))))))
    (testing "an agent has all processors of the job there"
      (is (= (.availableProcessors (Runtime/getRuntime))
             (value root '@(parallel/run {:in "n2"} '(.availableProcessors (Runtime/getRuntime)))))))
    (testing "its names are taken"
      (is (= :several (:parallel/error (ask root '(hosts/slurm))))))
    (testing "it is not given back: it is not ours"
      (value root '(hosts/close))
      (is (= 1 (count (jobs)))))
    (testing "what is set for its hosts holds for each"
      (is (= [["n1" :up :slurm 1] ["n2" :up :slurm 1]]
             (value root (list 'do '(hosts/slurm {:cores 1 :env {"SAID" "yes"}}) names-and-states))))
      (is (= "yes" (value root '@(parallel/run {:in "n1"} '(System/getenv "SAID"))))))))

(deftest outside-an-allocation-is-said
  (with-shared-root [root]
    (let [{:keys [message] :as answer} (ask root '(hosts/slurm))]
      (is (= :bad-argument (:parallel/error answer)))
      (is (re-find #"does not run in an allocation of Slurm: SLURM_JOB_ID is not set" (str message)) message)))
  (with-root [root {:env {"SLURM_JOB_ID" "123456" "SLURM_JOB_NODELIST" "n[1-2]"}}]
    (let [{:keys [errors] :as answer} (ask root '(hosts/slurm))]
      (is (= :several (:parallel/error answer)))
      (is (every? #(re-find #"Slurm has not started its agent: .*Invalid job id" %) errors) (pr-str answer)))))

;; ---- an allocation that is made

(deftest an-allocation-that-is-made-is-given-back-with-its-last-host
  (with-shared-root [root]
    (is (= [["n1" :up :slurm 3] ["n2" :up :slurm 3]]
           (value root (list 'do '(hosts/slurm {:nodes 2 :time "00:10:00" :args ["-c" "3"]}) names-and-states))))
    (is (= [["parallel" "RUNNING" "n[1-2]"]] (map rest (jobs))))
    (testing "removed"
      (value root '(hosts/remove "n1"))
      (is (= 1 (count (jobs))))
      (value root '(hosts/remove "n2"))
      (is (await-true #(empty? (jobs)) 1000) "remove has waited for it"))
    (testing "closed"
      (value root '(count (hosts/slurm {:nodes 2})))
      (value root '(hosts/close))
      (is (await-true #(empty? (jobs)) 1000)))
    (testing "lost"
      (value root '(count (hosts/slurm {:nodes 1})))
      (kill! (first (pids root)))
      (is (await-true #(empty? (jobs)) 5000))
      (sweep root))))

(deftest a-root-that-is-killed-leaves-neither-an-allocation-nor-a-process
  (with-root [root {}]
    (value root '(count (hosts/slurm {:nodes 2})))
    (value root a-worker-on-each)
    (let [left  (into (pids root) (below root #"^(sh -c trap|salloc|srun) "))
          began (System/nanoTime)]
      (is (< 8 (count left)) (pr-str (map command-line left)))
      (kill! (pid-of-root root))
      (is (await-true #(every? gone? left) 10000) (pr-str (map command-line left)))
      (is (await-true #(empty? (jobs)) 10000))
      (println "  killed root: nothing is left after" (quot (- (System/nanoTime) began) 1000000) "ms")))
  (testing "while it waits in the queue"
    (with-root [root {}]
      (binding [*out* (:in root)] (prn '(hosts/slurm {:nodes 2 :args ["-p" "broken"]})))
      (is (await-true #(= ["PENDING"] (map (fn [[_ _ state]] state) (jobs))) 20000))
      (kill! (pid-of-root root))
      (is (await-true #(empty? (jobs)) 10000)))))

(deftest an-allocation-whose-salloc-is-killed-is-given-back
  (with-shared-root [root]
    (value root '(count (hosts/slurm {:nodes 1})))
    (kill! (first (below root #"^salloc ")))
    (is (await-true #(empty? (jobs)) 10000))
    (is (await-true #(= :lost (value root '(:state (first (hosts/hosts))))) 10000))))

;; ---- ends

(deftest a-host-of-which-srun-or-the-agent-is-killed-is-lost-within-two-seconds
  (with-shared-root [root]
    (doseq [[victim why] {#(srun-of root "n1") :launcher-exit, #(first (pids root)) :agent-died}]
      (value root '(count (hosts/slurm {:nodes 2})))
      (value root a-worker-on-each)
      (let [[_ _ & workers :as all] (pids root)
            began (System/nanoTime)]
        (is (= 2 (count workers)))
        (kill! (victim))
        (let [answer (ask root '(parallel/join (first (filter (comp #{"n1"} :host parallel/status)
                                                              (parallel/children)))))
              ms     (quot (- (System/nanoTime) began) 1000000)]
          (is (= [:host-lost "n1" why] ((juxt :parallel/error :host :why) answer)) (pr-str answer))
          (is (< ms 4000) "two seconds, and what two processors with other work take")
          (println "  killed" (name why) ms "ms")
          (is (await-true #(every? gone? [(first all) (first workers)]) 4000) "agent and worker of n1")
          (is (= [:up] (value root '(mapv :state (filter (comp #{"n2"} :name) (hosts/hosts))))) "n2 is as it was"))
        (value root '(hosts/close))
        (is (await-true #(every? gone? all) 5000))))
    (sweep root)))

(deftest ctrl-c-at-the-terminal-goes-past-srun-and-salloc
  (with-shared-root [root]
    (value root '(count (hosts/slurm {:nodes 1})))
    (let [group #(said "ps" "-o" "pgid=" "-p" (str %))
          its   (group (pid-of-root root))]
      (doseq [pid (below root #"^(sh -c trap|salloc|srun) ")]
        (is (not= its (group pid)) (command-line pid))))))

;; ---- what goes wrong is said

(deftest an-allocation-that-does-not-come-is-said-and-leaves-nothing-in-the-queue
  (with-shared-root [root]
    (doseq [[opts what]
            {{:nodes 2 :args ["-p" "broken"] :start-timeout-ms 3000}
             #"(?s)within 3000 ms \(start-timeout-ms\).*the queue's reason was: .*DOWN.*Pending job"
             {:nodes 1 :time "10:00:00" :start-timeout-ms 3000} #"the queue's reason was: PartitionTimeLimit"
             {:nodes 1 :args ["-p" "nix"]}                      #"(?s)1 node\. .*Invalid partition name specified"
             {:nodes 1 :time "soon"}                            #"Invalid --time specification"
             {:nodes 1 :args ["--no-such-option"]}              #"unrecognized option '--no-such-option'"}]
      (testing (pr-str opts)
        (let [{:keys [message] :as answer} (ask root (list 'hosts/slurm opts))]
          (is (= :start-failed (:parallel/error answer)))
          (is (re-find what (str message)) message)
          (is (await-true #(empty? (jobs)) 1000) (pr-str (jobs)))
          (is (= [] (value root '(hosts/hosts)))))))))

(deftest nodes-that-fail-take-the-others-with-them
  (with-shared-root [root]
    (testing "an agent that cannot be started"
      (let [answer (ask root '(hosts/slurm {:nodes 2 :java "/no/such/java"}))]
        (is (= [:several 2] [(:parallel/error answer) (count (:errors answer))]))
        (is (every? #(re-find #"Install Java 17 or newer there" %) (:errors answer)) (pr-str answer))
        (is (await-true #(empty? (jobs)) 1000))))
    (testing "a node that has died, which Slurm does not know yet"
      (kill! (parse-long (str/trim (slurp (io/file (.getParentFile ^File *conf*) "n3.pid")))))
      (let [{:keys [errors] :as answer} (ask root '(hosts/slurm {:nodes 2 :args ["-p" "fragile"]}))]
        (is (= [:several 1] [(:parallel/error answer) (count errors)]))
        (is (re-find #"Host n3 .*Slurm has not started its agent: .*Communication connection failure"
                     (str (first errors)))
            (pr-str answer))
        (is (= [] (remove #{:closed} (value root '(mapv :state (hosts/hosts))))) "n1 is removed")
        (is (await-true #(empty? (jobs)) 1000))))))

(deftest a-machine-without-slurm-is-said
  (let [{:keys [said]} (apply root/run {:env {"PATH" "/nowhere"}}
                              (concat root/prelude
                                      '[(require '[parallel.hosts :as hosts])
                                        (println "said" (pr-str (outcome (hosts/slurm {:nodes 1}))))
                                        (System/exit 0)]))]
    (is (some #(re-find #"said \[:bad-argument.*no command srun of Slurm on this machine's PATH, which is /nowhere" %)
              said)
        (str/join "\n" said))))

(deftest options-that-are-not-allowed-are-refused-before-anything-is-started
  (doseq [[opts what] {{:nodes 0}                          #":nodes of an allocation is 0; allowed is a number"
                       {:nodes "2"}                        #":nodes of an allocation is \"2\""
                       {:nodes nil}                        #":nodes of an allocation is nil"
                       {:nodes 1 :time 60}                 #":time of an allocation is 60; allowed is a time as Slurm"
                       {:nodes 1 :time ""}                 #":time of an allocation is \"\""
                       {:nodes 1 :args "-p gpu"}           #":args of an allocation is \"-p gpu\"; allowed is a seq"
                       {:nodes 1 :args ["--no-shell"]}     #"args of an allocation .* without --no-shell"
                       {:nodes 1 :name "x" :address "y"}   #"Unknown option :name, :address of an allocation; known"
                       {:nodes 1 :start ["env"]}           #"Unknown option :start"
                       {:nodes 1 :cores 0}                 #":cores of an allocation is 0"
                       {:time "1:00"}                      #"Option time needs a new allocation"
                       {:args ["-p" "x"]}                  #"Option args needs a new allocation"
                       [:nodes 1]                          #"Options of an allocation are a map"}]
    (let [e (error #(hosts/slurm opts))]
      (is (= :bad-argument (:parallel/error e)) (pr-str opts))
      (is (re-find what (str (:message-of-error e))) (pr-str opts (:message-of-error e)))))
  (testing "in Java"
    (doseq [call [#(SlurmOptions/nodes 0) #(.time (SlurmOptions/existing) "1:00") #(.time (SlurmOptions/nodes 1) nil)
                  #(.args (SlurmOptions/nodes 1) nil) #(.each (SlurmOptions/nodes 1) nil) #(Hosts/slurm nil)
                  #(Hosts/slurm (.each (SlurmOptions/nodes 1) (reify java.util.function.UnaryOperator (apply [_ _]))))
                  #(parallel.HostOptions/slurm "x" "n1") #(parallel.HostOptions/slurm "1" "-n1")]]
      (is (thrown? parallel.ParallelException (call)))))
  (testing "in a worker"
    (is (re-find #"has no hosts"
                 (str @(parallel/run '(try (parallel.hosts/slurm) (catch Exception e (ex-message e)))))))))

;; ---- who is kept out

(deftest neither-process-tables-nor-slurm-say-what-is-run
  (with-shared-root [root]
    (value root '(count (hosts/slurm {:nodes 2})))
    (value root '(let [w (parallel/fork {:in "n1"})]
                   (parallel/exec w '(do "tell-nobody-of-this-form" (parallel/receive (parallel/parent))))
                   nil))
    (let [known #"tell-nobody-of-this-form|agrona|BEGIN|parallel-need|-Dparallel|umask"
          pids  (into (pids root) (below root #"^(sh -c trap|salloc|srun) "))
          steps (remove str/blank? (str/split-lines (or (said "pgrep" "-f" "^slurmstepd: ") "")))]
      (is (< 8 (count pids)))
      (is (<= 2 (count steps)))
      (doseq [pid (concat pids steps), what ["cmdline" "environ"]
              :let [text (try (String. (Files/readAllBytes (.toPath (io/file "/proc" (str pid) what))))
                              (catch java.io.IOException _ ""))
                    text (str/replace text #"(JAVA_TOOL|PARALLEL_TEST)\S+" "")]]
        (is (not (re-find known text)) (pr-str what pid text)))
      (testing "nor do the files of Slurm"
        (doseq [^File file (file-seq (.getParentFile ^File *conf*))
                :when (and (.isFile file) (not= "munge.key" (.getName file)))]
          (is (not (re-find known (slurp file :encoding "ISO-8859-1"))) (str file)))))))
