(ns ^:once ^:jvm ^:slow parallel.cluster.ssh-test
  "Hosts that ssh reaches: a real sshd of these tests' own, on the loopback interface. bin/lib/sshd.bash sets it up."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing use-fixtures]]
            [parallel.api :as parallel]
            [parallel.cluster.ends :refer [recording]]
            [parallel.cluster.on-host :refer [*host* about-host agent-pid closing-hosts gone? kill! on-host pid
                                              start-cache]]
            [parallel.hosts :as hosts]
            [parallel.pool :as pool]
            [parallel.root :as root]
            [parallel.support :refer [await-true error error-kind within]])
  (:import [java.io File RandomAccessFile]
           [java.lang ProcessHandle]
           [java.net InetSocketAddress Socket]
           [java.nio.file Files LinkOption]
           [java.nio.file.attribute FileAttribute PosixFilePermissions]
           [java.security MessageDigest]
           [java.util HexFormat]))

;; ---- the sshd

(def ^:dynamic *sshd* "The directory and the port of the sshd, and its process." nil)

(def ^:private script "bin/lib/sshd.bash")

(defn- said
  "What a command prints, on both streams; nil where it fails."
  [& command]
  (let [process (-> (ProcessBuilder. ^java.util.List command) (.redirectErrorStream true) .start)
        text    (slurp (.getInputStream process))]
    (if (zero? (.waitFor process))
      (str/trim text)
      (do (println text) nil))))

(def ^:private installed?
  (delay
    (or (some? (said script "install"))
        (when (= "true" (System/getenv "CI"))
          (throw (IllegalStateException. "under CI an sshd has to be had: see above")))
        (println "*** The tests of ssh are LEFT OUT: there is no sshd. Install openssh-server."))))

(defn- answers? [port]
  (try
    (with-open [socket (Socket.)]
      (.connect socket (InetSocketAddress. "127.0.0.1" (int port)) 1000)
      true)
    (catch java.io.IOException _ false)))

(defn- temporary ^File []
  (.toFile (Files/createTempDirectory "parallel-ssh-test" (make-array FileAttribute 0))))

(defn- with-sshd*
  "Calls f while an sshd runs; options as sshd_config has them."
  [options f]
  (when @installed?
    (let [directory (temporary)
          port      (parse-long (said script "make" (str directory)))
          log       (io/file directory "log")
          process   (-> (ProcessBuilder. ^java.util.List (into [script "run" (str directory)] options))
                        (.redirectErrorStream true) (.redirectOutput log) .start)]
      (try
        (is (await-true #(answers? port) 20000) (slurp log))
        (binding [*sshd* {:directory directory :port port :log log}]
          (f))
        (finally
          (hosts/close)
          (.destroy process)
          (.waitFor process)
          (run! io/delete-file (reverse (file-seq directory))))))))

(defmacro ^:private with-sshd [options & body]
  `(with-sshd* ~options (fn [] ~@body)))

(defn- by-ssh
  "A spec of a host of that name in the sshd's configuration."
  ([ssh-name] (by-ssh ssh-name {}))
  ([ssh-name options]
   (merge {:ssh ssh-name :ssh-opts ["-F" (str (io/file (:directory *sshd*) "config"))] :host-timeout-ms 12000}
          options)))

(use-fixtures :each closing-hosts)

;; ---- what runs

(defn- file-of-process [pid what]
  (try
    (str/replace (String. (Files/readAllBytes (.toPath (io/file "/proc" (str pid) what)))) "\0" " ")
    (catch java.io.IOException _ "")))

(defn- ssh-client
  "The ssh that this process's hosts are reached by, or nil."
  ^ProcessHandle []
  (first (filter #(re-find #"^ssh -T" (file-of-process (.pid ^ProcessHandle %) "cmdline"))
                 (iterator-seq (.iterator (.descendants (ProcessHandle/current)))))))

(defn- ends-of-forward
  "The sockets that the ssh of a host connects: here and there."
  []
  (next (re-find #"-L (\S+):(/\S+)" (file-of-process (.pid (ssh-client)) "cmdline"))))

(defn- ports
  "Of the TCP sockets that a process listens on, the kernel's lines."
  [pid]
  (let [open  (set (keep #(second (re-find #"socket:\[(\d+)\]" (str (try (Files/readSymbolicLink (.toPath ^File %))
                                                                         (catch java.io.IOException _)))))
                         (.listFiles (io/file "/proc" (str pid) "fd"))))]
    (for [table ["/proc/net/tcp" "/proc/net/tcp6"]
          line  (rest (Files/readAllLines (.toPath (io/file table))))   ; slurp asks how much there is, which fails
          :let  [[_ _ _ state _ _ _ _ _ inode] (str/split (str/trim line) #"\s+")]
          :when (and (= "0A" state) (open inode))]
      line)))

(defn- parent-of [pid]
  (.pid ^ProcessHandle (.get (.parent ^ProcessHandle (.get (ProcessHandle/of pid))))))

(deftest a-host-by-ssh-is-as-any-and-opens-no-port
  (with-sshd []
    @start-cache
    (binding [*host* (hosts/add (by-ssh "big1"))]
      (let [{:keys [name via address state]} (about-host)]
        (is (= ["big1" :ssh "big1" :up] [name via address state])))
      (is (= ["big1" 3] @(parallel/run (on-host) '[(parallel.hosts/host) (+ 1 2)])))
      (let [w       (parallel/fork {:in "big1"})
            secret  "tell-nobody-of-this-form"
            reply   (parallel/exec w (list 'do secret '(parallel/receive (parallel/parent))))
            doubles (double-array (range 300000))]
        (parallel/send w doubles)
        (is (= 300000 (alength ^doubles (within 60000 (fn [] @reply)))))
        (let [client (.pid (ssh-client))
              pids   [client (parent-of client) (agent-pid) (pid w) (parent-of (agent-pid))]
              ends   (ends-of-forward)]
          (testing "no port is open, and no socket has a name any more"
            (is (= [] (mapcat ports pids)))
            (is (= 2 (count ends)))
            (is (not-any? #(.exists (io/file %)) (conj ends (.getParent (io/file (second ends)))))))
          (testing "no command line and no environment says what is run"
            (let [texts (for [pid pids, what ["cmdline" "environ"]] (file-of-process pid what))]
              (is (not-any? #(re-find (re-pattern (str secret "|agrona|\\.jar|BEGIN|-Dparallel")) %)
                            (map #(str/replace % #"JAVA_TOOL\S+" "") texts))
                  (pr-str (remove str/blank? texts))))))
        (parallel/join w))
      (let [pids [(agent-pid) (.pid (ssh-client))]]
        (hosts/remove *host*)
        (is (await-true #(every? gone? pids)))))))

(deftest nothing-is-in-clear-between-the-machines
  (with-sshd []
    (recording (:port *sshd*)
               (fn [near passed]
                 (let [known "what-nobody-may-read"
                       w     (do (hosts/add (update (by-ssh "big1") :ssh-opts into ["-o" (str "Port=" near)]))
                                 (parallel/run {:in "big1"} (list 'do known '(parallel/receive (parallel/parent)))))]
                   (parallel/send w (apply str (repeat 10000 known)))
                   (is (= 200000 (count (within 60000 (fn [] @w)))))
                   (is (< 200000 (count (passed))) "it has passed")
                   (is (re-find #"^SSH-2" (passed)))
                   (is (not-any? #(.contains ^String (passed) ^String %)
                                 [known "agrona" "target/classes" "clojure.jar" "parallel-agent" "umask"])))))))

(deftest a-host-by-ssh-that-is-lost-leaves-nothing
  (with-sshd []
    (doseq [[victim whys] {#(.pid (ssh-client)) #{:launcher-exit}
                           agent-pid            #{:agent-died}}]
      (binding [*host* (hosts/add (by-ssh "big1"))]
        (let [w    (parallel/run (on-host) '(Thread/sleep 100000))
              _    (is (await-true #(= :running (:state (parallel/status w)))))
              pids [(pid w) (agent-pid) (.pid (ssh-client))]]
          (kill! (victim))
          (let [{:keys [host why] :as e} (error #(within 60000 (fn [] (parallel/join w))))]
            (is (= [:host-lost "big1"] [(:parallel/error e) host]))
            (is (whys why) why))
          (is (await-true #(every? gone? pids)) "the agent and its workers end by themselves"))))))

;; ---- what goes wrong is said

(defn- start-failed
  "The message of the error of a host that cannot be brought in, and how long it took, in ms."
  [spec]
  (let [began (System/nanoTime)
        e     (within 60000 (fn [] (error #(hosts/add spec))))]
    (is (= :start-failed (:parallel/error e)))
    (is (nil? (ssh-client)))
    (is (= [] (hosts/hosts)))
    [(:message-of-error e) (quot (- (System/nanoTime) began) 1000000)]))

(defn- java-that-says
  "A java command of another version."
  [version]
  (let [file (io/file (:directory *sshd*) (str "java-" version))]
    (spit file (str "#!/bin/sh\necho 'openjdk version \"" version "\" 2018-10-16' >&2\n"))
    (.setExecutable file true)
    (str file)))

(deftest what-goes-wrong-with-ssh-is-said-within-seconds-and-nothing-is-left
  (with-sshd []
    (hosts/add (by-ssh "big1"))
    (hosts/remove "big1")       ; the process that holds the hosts is there
    (hosts/close)
    (doseq [[spec what]
            {(by-ssh "nowhere")                               #"no machine with the name nowhere"
             (by-ssh "unknown")                               #"(?s)not know the key of unknown.*ssh -F \S+ unknown"
             (by-ssh "changed")                               #"The key of changed is not the one that ssh knows"
             (by-ssh "stranger")                              #"stranger does not let you in"
             (by-ssh "big1" {:ssh-opts ["-F" "/no/such"]})    #"exit code 255"
             (by-ssh "big1" {:java "/no/such/java"})          #"Install Java 17 or newer there"
             (by-ssh "big1" {:java (java-that-says "11.0.2")}) #"Java 11\.0\.2|too old: give it one of 17"
             (by-ssh "big1" {:java (java-that-says "1.8.0")}) #"too old: give it one of 17"}]
      (testing (pr-str spec)
        (let [[message ms] (start-failed spec)]
          (is (re-find what (str message)) message)
          (is (< ms 20000)))))))

(deftest an-sshd-that-forwards-no-sockets-is-said-and-tcp-is-the-way-out
  (with-sshd ["AllowStreamLocalForwarding=no"]
    (let [[message] (start-failed (by-ssh "big1"))]
      (is (re-find #"forwards no sockets: .*option forward tcp" (str message)) message))
    (hosts/add (by-ssh "big1" {:forward :tcp}))
    (is (= 3 @(parallel/run {:in "big1"} '(+ 1 2))))
    (is (= [] (ports (agent-pid))) "the port is closed once the connection is there")))

(deftest a-machine-without-ssh-is-said
  (when @installed?
    (let [{:keys [said]} (apply root/run {:env {"PATH" "/nowhere"}}
                                (concat root/prelude
                                        '[(require '[parallel.hosts :as hosts])
                                          (println "said" (pr-str (outcome (hosts/add "big1"))))
                                          (System/exit 0)]))]
      (is (some #(re-find #"said \[:start-failed.*There is no ssh on this machine" %) said) (str/join "\n" said)))))

(deftest names-that-ssh-would-take-for-something-else-are-refused
  (doseq [ssh-name ["-oProxyCommand=touch /tmp/x" "" " " "a b" "a\nb" nil 7]]
    (is (= :bad-argument (error-kind #(hosts/add {:ssh ssh-name}))) (pr-str ssh-name)))
  (is (= :bad-argument (error-kind #(hosts/add {:ssh "a" :start ["env"]}))))
  (is (= :bad-argument (error-kind #(hosts/add {:ssh "a" :forward :udp}))))
  (is (= :bad-argument (error-kind #(hosts/add {:ssh "a" :classpath ["x"]})))))

;; ---- code

(defn- jars [^File directory]
  (sort (filter #(str/ends-with? (.getName ^File %) ".jar") (.listFiles directory))))

(defn- sum [^File file]
  (.formatHex (HexFormat/of) (.digest (MessageDigest/getInstance "SHA-256") (Files/readAllBytes (.toPath file)))))

(defn- whole? [^File jar] (= (str (sum jar) ".jar") (.getName jar)))

(defn- permissions [^File file]
  (PosixFilePermissions/toString (Files/getPosixFilePermissions (.toPath file) (make-array LinkOption 0))))

(defn- cached
  "An option of sshd: where hosts keep what they are sent."
  [directory]
  (str "SetEnv=PARALLEL_TEST_RUN=" (or (System/getenv "PARALLEL_TEST_RUN") "none") " PARALLEL_CACHE=" directory))

(defn- flip-a-byte! [^File file]
  (with-open [f (RandomAccessFile. file "rw")]
    (let [middle (quot (.length f) 2)
          b      (do (.seek f middle) (.read f))]
      (.seek f middle)
      (.write f (bit-xor b 1)))))

(defn- spit-source! [^File directory value]
  (let [file (io/file directory "of_a_host" "changed.clj")]
    (io/make-parents file)
    (spit file (str "(ns of-a-host.changed) (def value " value ")"))))

(deftest code-goes-along-once-and-what-is-not-whole-goes-again
  (let [cache (temporary)
        blobs (io/file cache "blobs")
        own   (temporary)
        now   (fn [] (into {} (map (fn [^File f] [(.getName f) (.lastModified f)])) (jars blobs)))]
    (try
      (with-sshd [(cached cache)]
        (hosts/add (by-ssh "big1"))
        (is (< 5 (count (jars blobs)) 20) "what the agent needs, and no more")
        (is (= 3 @(parallel/run {:in "big1"} '(+ 1 2))))
        (is (= "rwx------" (permissions blobs)))
        (is (= #{"rw-------"} (set (map permissions (jars blobs)))))
        (is (every? whole? (jars blobs)))
        (is (not @(parallel/run {:in "big1"} '(boolean (some #(.isDirectory (java.io.File. ^String %))
                                                             (.split (System/getProperty "java.class.path") ":")))))
            "all of the class path there are jars")
        (testing "a second time nothing is sent"
          (let [before (now)]
            (hosts/remove "big1")
            (hosts/add (by-ssh "big1"))
            (is (= 3 @(parallel/run {:in "big1"} '(+ 1 2))))
            (is (= before (now)))))
        (testing "a jar with a flipped byte is not used"
          (hosts/remove "big1")
          (run! flip-a-byte! (jars blobs))
          (hosts/add (by-ssh "big1"))
          (is (= 3 @(parallel/run {:in "big1"} '(+ 1 2))))
          (is (every? whole? (jars blobs))))
        (testing "a changed source file is seen by the next worker"
          (let [run #(deref (parallel/run {:in "big1" :classpath (cons (str own) (parallel.process.ClassPath/current))}
                                          '(do (require 'of-a-host.changed)
                                               @(resolve 'of-a-host.changed/value))))]
            (spit-source! own 1)
            (is (= 1 (run)))
            (spit-source! own 2)
            (is (= 2 (run)))))
        (is (not-any? #(str/starts-with? (.getName ^File %) "part") (.listFiles blobs))))
      (finally
        (run! io/delete-file (mapcat #(reverse (file-seq %)) [cache own]))))))

(deftest a-cache-that-others-could-write-to-is-refused
  (let [cache (temporary)
        blobs (io/file cache "blobs")]
    (try
      (.mkdirs blobs)
      (Files/setPosixFilePermissions (.toPath blobs) (PosixFilePermissions/fromString "rwxrwxrwx"))
      (with-sshd [(cached cache)]
        (is (re-find #"blobs is not this user's alone" (str (first (start-failed (by-ssh "big1")))))))
      (finally
        (run! io/delete-file (reverse (file-seq cache)))))))

(deftest where-no-cache-can-be-made-code-is-kept-in-tmp
  (let [other   (io/file (str "/tmp/parallel-cache-" (said "id" "-u")))
        before? (.exists other)]
    (try
      (with-sshd [(cached "/dev/null")]
        (hosts/add (by-ssh "big1"))
        (is (= "rwx------" (permissions other)))
        (is (= (str other) @(parallel/run {:in "big1"}
                                          '(-> (System/getProperty "java.class.path") (.split ":") first java.io.File.
                                               .getParent)))))
      (finally
        (when-not before?
          (run! io/delete-file (reverse (file-seq other))))))))

;; ---- far away

(deftest ^{:deadline-s 300} a-pool-gives-a-far-worker-longer-parts
  (with-sshd []
    (let [delayed (str "ProxyCommand=perl cluster/test/delay.pl 127.0.0.1 " (:port *sshd*) " 20")
          far     (hosts/add (update (by-ssh "big1" {:name "far"}) :ssh-opts conj "-o" delayed))]
      (is (await-true #(< 30000 (or (:rtt-us (about-host)) 0))) (pr-str (about-host)))
      (pool/with-pool [p {:in [far (hosts/local)]} 2]
        (is (await-true #(= [:idle :idle] (map (comp :state parallel/status) (pool/workers p)))))
        (let [each   '(fn [x] (java.util.concurrent.locks.LockSupport/parkNanos 200000) x)
              _      (is (= (range 200) (pool/pmap {:pool p} each (range 200))))
              before (:messages (:received (about-host)))]
          (is (= (range 20000) (pool/pmap {:pool p} each (range 20000))))
          (is (< (- (:messages (:received (about-host))) before) 50)
              "parts of 20 ms would be a hundred, and each would be waited for"))))))
