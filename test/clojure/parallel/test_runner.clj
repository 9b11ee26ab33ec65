(ns parallel.test-runner
  "Runs the tests below test/clojure in this JVM: every deftest on a thread of its own, with a deadline, and checked
  afterwards for what it left. bin/test calls it once for each JDK and each Clojure; bin/clojure -M:test runs it alone,
  and with the aliases :cluster and :cluster-test the tests below cluster/test/clojure, too.

    --only NAME     a namespace, a namespace/name, or a regex: the tests whose namespace/name it is found in
    --quick         without namespaces and tests marked ^:slow, and with samples of large tables (support/thorough?)
    --not-once      without those marked ^:once, which need no second run on another JDK, and as --quick otherwise
    --elsewhere     those marked ^:elsewhere alone; workers that would be processes of this machine live on a host that
                    is this machine
    --not-jvm       without those marked ^:jvm, which need no second run with another Clojure
    --clojure V     nothing is run unless this is the Clojure that runs, say 1.12
    --claims DIR    other JVMs run the same tests with the same directory: each namespace is run by one of them
    --result FILE   writes \"passed failed\" and a line per failure there

  A test takes at most 300 s; ^{:deadline-s n} on its name says otherwise."
  (:require [clojure.java.io :as io]
            [clojure.stacktrace :as stacktrace]
            [clojure.string :as str]
            [clojure.test :as t]
            [parallel.leftovers :as leftovers]
            [parallel.support :as support])
  (:import [java.io File]
           [java.util.concurrent TimeUnit]
           [parallel.place Bases]
           [parallel.process StartCache]))

(def ^:private default-deadline-s 300)
(def ^:private fixture-deadline-s 300)
(def ^:private slow-s "From here on a test's time is worth a line." 5)
(def ^:private leftover-patience-ms 10000)
(def ^:private exit-patience-ms 60000)
(def ^:private start-cache-patience-ms 120000)
(def ^:private ticks-per-s "Of Linux, in /proc." 100.0)

;; --- Which tests

(def ^:private roots "Where tests are; those of the second artifact only when they are on the class path."
  (cond-> ["test/clojure"]
    (str/includes? (System/getProperty "java.class.path") "cluster/test/clojure") (conj "cluster/test/clojure")))

(defn- namespace-of [root ^File file]
  (-> (str (.relativize (.toPath (io/file root)) (.toPath file)))
      (str/replace #"\.clj$" "")
      (str/replace File/separator ".")
      (str/replace "_" "-")
      symbol))

(defn test-names
  "The names that a file gives to its tests, in order. It is read, not loaded: loading all of them takes many seconds."
  [file]
  (map second (re-seq #"\((?:deftest|defboth|defspec)\s+(?:\^\{[^}]*\}\s+|\^[^{\s]\S*\s+)*([^\s()^]+)" (slurp file))))

(defn- with-kinds
  "The names that parallel.support/defboth makes of a test's, and the name itself."
  [test-name]
  (map #(str test-name %) ["" "--process" "--thread"]))

(def ^:private longest
  "These run first, so that no JVM is left alone with one of them at the end."
  '[parallel.crash-test parallel.start-cache-test parallel.bounds-test parallel.api-test parallel.nrepl-test
    parallel.pages-test parallel.commands-test parallel.warm-test parallel.state-machine-test parallel.life-test
    parallel.pool-test])

(defn- namespaces
  "[namespace names-of-its-tests] of every file of tests that can have wanted ones."
  [{:keys [elsewhere]}]
  (->> (for [root roots
             ^File file (file-seq (io/file root))
             :when (str/ends-with? (.getName file) "_test.clj")
             :when (or (not elsewhere) (str/includes? (slurp file) "^:elsewhere"))]
         [(namespace-of root file) (set (mapcat with-kinds (test-names file)))])
       (sort-by (fn [[ns-name _]] [(get (zipmap longest (range)) ns-name (count longest)) (str ns-name)]))))

(defn- matcher
  "Whether namespace/name is selected: by its namespace, by its name, or by a regex that is found in it."
  [only all]
  (let [ns-names (set (map (comp str first) all))
        names    (set (for [[ns-name tests] all, n tests] (str ns-name "/" n)))]
    (cond
      (nil? only)               any?
      (contains? ns-names only) #(str/starts-with? % (str only "/"))
      (contains? names only)    (set (with-kinds only))
      :else                     #(re-find (re-pattern only) %))))

(defn- wanted? [{:keys [selected? quick not-once not-jvm elsewhere]} v]
  (let [marks (merge (meta (:ns (meta v))) (meta v))]
    (and (selected? (str (symbol v)))
         (not (and (or quick not-once) (:slow marks)))
         (not (and not-once (:once marks)))
         (not (and not-jvm (:jvm marks)))
         (or (not elsewhere) (:elsewhere marks)))))

(defn- all-tests [ns-name]
  (filter #(:test (meta %)) (vals (ns-interns ns-name))))

(defn- tests-of [options ns-name]
  (->> (all-tests ns-name)
       (filter #(wanted? options %))
       (sort-by (comp (juxt :line (comp str :name)) meta))))

(defn- claim?
  "Is the namespace this JVM's to run? The first that asks gets it."
  [{:keys [claims]} ns-name]
  (or (nil? claims)
      (.createNewFile (io/file claims (str ns-name)))))

;; --- What the assertions said

(def ^:private seen
  "The assertions of the test that is running, from whatever thread: {:pass n :fail n :error n :first text of the first
  that failed}."
  (atom {}))

(def ^:private text-chars 300)

(defn- text-of
  "An assertion that failed, in a line."
  [{:keys [file line message actual]}]
  (let [text (str file ":" line (when message (str " " message)) ": "
                  (if (instance? Throwable actual) (str actual) (pr-str actual)))]
    (str/replace (subs text 0 (min text-chars (count text))) #"\s+" " ")))

(defn- watch-reports
  "Counts assertions through the root of clojure.test/report: a test's own threads report there too."
  []
  (let [print-report t/report]
    (alter-var-root #'t/report
      (constantly (fn [{:keys [type] :as event}]
                    (when (#{:pass :fail :error} type)
                      (swap! seen update type (fnil inc 0)))
                    (when (#{:fail :error} type)
                      (swap! seen update :first #(or % (text-of event)))
                      (print-report event)
                      (flush)))))))

;; --- A deadline

(defn- stack-lines [^Thread thread stack]
  (cons (str "\"" (.getName thread) "\" " (.getState thread))
        (map #(str "    at " %) stack)))

(defn- print-own-threads []
  (println "Threads of this JVM:")
  (doseq [[thread stack] (Thread/getAllStackTraces), line (stack-lines thread stack)]
    (println line)))

(defn- print-threads-of
  "What jcmd says of another JVM; it has 10 s."
  [pid]
  (println "Threads of process" pid)
  (let [said    (File/createTempFile "threads" ".txt" (doto (io/file "target") .mkdirs))
        command (into-array String [(str (System/getProperty "java.home") "/bin/jcmd") (str pid) "Thread.print"])
        process (-> (ProcessBuilder. ^"[Ljava.lang.String;" command)
                    (.redirectErrorStream true)
                    (.redirectOutput said)
                    .start)]
    (when-not (.waitFor process 10 TimeUnit/SECONDS)
      (.destroyForcibly process))
    (println (slurp said))
    (.delete said)))

(defn- print-all-threads []
  (print-own-threads)
  (run! print-threads-of (leftovers/processes))
  (flush))

(defn- run-within
  "Calls f on a thread of its own. True when it has ended in time; otherwise prints every thread, ends this run's
  processes and interrupts the thread."
  [what seconds f]
  (let [^Thread thread (doto (Thread. ^Runnable (bound-fn* f) (str "test " what)) (.setDaemon false) .start)]
    (.join thread (* 1000 seconds))
    (or (not (.isAlive thread))
        (do (println "\nTOO LONG:" what "has not ended after" seconds "s")
            (print-all-threads)
            (leftovers/kill-processes (leftovers/processes))
            (.interrupt thread)
            (.join thread 5000)
            false))))

;; --- Running

(def ^:private results
  "{:passed n :failed [[test reason]...]}"
  (atom {:passed 0 :failed []}))

(defn- failed! [test-name reason]
  (swap! results update :failed conj [(str test-name) reason]))

(defn- verdict
  "Why a test has failed, or nil."
  [in-time? {:keys [pass fail error first]} left]
  (cond
    (not in-time?)               "took too long"
    (or fail error)              (str (or fail 0) " failed assertions, " (or error 0) " errors; " first)
    (seq left)                   (str "left behind: " (str/join "; " left))
    (not pass)                   "made no assertion"))

(defn- reporting
  "Calls f; what it throws is an error of the test that is running (clojure.test catches only what the test's body
  throws)."
  [f]
  (try (f)
       (catch Throwable e
         (t/do-report {:type :error, :message "Uncaught outside of the test's body", :expected nil, :actual e}))))

(defn- seconds-since [nanos]
  (/ (- (System/nanoTime) nanos) 1e9))

(defn- note-slow [v seconds]
  (when (> seconds slow-s)
    (println (format "  %.1f s: %s" seconds (symbol v)))
    (flush)))

(defn- run-test [each v]
  (support/back-elsewhere!)
  (let [before   (leftovers/snapshot)
        started  (System/nanoTime)
        _        (reset! seen {})
        deadline (or (:deadline-s (meta v)) default-deadline-s)
        in-time? (run-within (symbol v) deadline (fn [] (reporting #(each (fn [] (t/test-var v))))))
        _        (note-slow v (seconds-since started))
        left     (leftovers/await-none before leftover-patience-ms)
        reason   (verdict in-time? @seen left)]
    (leftovers/kill-processes (remove (:processes before) (leftovers/processes)))
    (if reason
      (do (println "FAILED" (symbol v) "-" reason)
          (failed! (symbol v) reason))
      (swap! results update :passed inc))))

(defn- load-namespace
  "True when it loads; otherwise it is a failure of its own."
  [ns-name]
  (try (require ns-name) true
       (catch Throwable e
         (println "FAILED" ns-name "does not load")
         (stacktrace/print-cause-trace e)
         (failed! ns-name (str "does not load: " (ex-message (last (take-while some? (iterate ex-cause e))))))
         false)))

(defn- run-tests
  "Runs a namespace's tests inside its fixtures. A test that a fixture kept from running is a failure."
  [ns-name tests]
  (let [fixtures (meta (the-ns ns-name))
        once     (t/join-fixtures (::t/once-fixtures fixtures))
        each     (t/join-fixtures (::t/each-fixtures fixtures))
        limit    (reduce + fixture-deadline-s (map #(or (:deadline-s (meta %)) default-deadline-s) tests))
        reached  (atom #{})
        run-all  #(doseq [v tests] (swap! reached conj v) (run-test each v))
        broken   (atom nil)]
    (when-not (run-within ns-name limit #(try (once run-all) (catch Throwable e (reset! broken e))))
      (failed! ns-name "its fixtures took too long"))
    (when-let [e @broken]
      (stacktrace/print-cause-trace e)
      (failed! ns-name (str "a fixture threw " e)))
    (doseq [v (remove @reached tests)]
      (failed! (symbol v) "not reached"))))

(defn- processor-seconds
  "What this JVM has used of the processors, and its children that have ended; 0 where the system does not tell."
  []
  (if-let [stat (leftovers/read-text "/proc/self/stat")]
    (let [after-name (str/split (subs stat (+ 2 (str/last-index-of stat ")"))) #" ")]
      (/ (reduce + (map parse-long (take 4 (drop 11 after-name)))) ticks-per-s))
    0.0))

(def ^:private running "The namespace whose tests are running." (atom nil))

(defn- run-namespace [options ns-name names]
  (when (load-namespace ns-name)
    (reset! running (find-ns ns-name))
    (doseq [v (all-tests ns-name) :when (not (contains? names (name (symbol v))))]
      (failed! (symbol v) "is not found by test-names, so --only would not find it either"))
    (when-let [tests (seq (tests-of options ns-name))]
      (let [started   (System/nanoTime)
            processor (processor-seconds)]
        (run-tests ns-name tests)
        (println (format "%-48s %4d tests %8.1f s, %6.1f s of processors" ns-name (count tests) (seconds-since started)
                         (- (processor-seconds) processor)))
        (flush)))))

(defn- run-namespaces [{:keys [selected?] :as options} all]
  (doseq [[ns-name names] all
          :when (and (some #(selected? (str ns-name "/" %)) names) (claim? options ns-name))]
    (run-namespace options ns-name names))
  (when-let [claims (:claims options)]
    (spit (io/file claims ".all") "")))         ; there is nothing left for another JVM

;; --- Cheap workers

(defn- as-users-have-them?
  "Have workers the JVM's default options now? In the namespaces marked ^:jit, in a whole run, on its first JDK."
  []
  (and (support/thorough?) (:jit (meta @running))))

(defn- make-workers-quick
  "A worker of a test has the JVM's options that cost the least, unless the test says otherwise. The default ones, which
  are for a longer life, are half as dear again."
  []
  (require 'parallel.impl.worker-options)
  (alter-var-root (resolve 'parallel.impl.worker-options/worker-options)
                  (fn [worker-options]
                    (fn [options]
                      (worker-options (if (and (map? options) (not= :thread (:in options)) (not (as-users-have-them?)))
                                        (merge {:jvm-opts support/quick-jvm} options)
                                        options))))))

;; --- The start cache

(defn- fill-start-cache
  "What a session does in the background after its first worker is done beforehand, so that each worker starts soon, and
  as the others do. One of the JVMs that share the tests does it; the others wait for it."
  [options]
  (when-let [^StartCache cache (.orElse (StartCache/find (Bases/ofThisJvm)) nil)]
    (if (claim? options ".start-cache")
      (when-not (.isComplete cache)
        (-> (ProcessBuilder. ^java.util.List [(str (System/getProperty "java.home") "/bin/java")
                                              "-XX:TieredStopAtLevel=1" "-cp" (System/getProperty "java.class.path")
                                              "clojure.main" "-m" "parallel.impl.start-cache"])
            .inheritIO
            .start
            .waitFor))
      (support/await-true #(.isComplete cache) start-cache-patience-ms))))

;; --- Workers on a host

(defn- go-elsewhere
  "A host fills a start cache of its own in the background, while its first worker lives. It is filled beforehand."
  []
  @@(requiring-resolve 'parallel.cluster.on-host/start-cache)
  (support/go-elsewhere!))

;; --- The command

(defn- parse [arguments]
  (loop [[flag value & more :as arguments] arguments, options {}]
    (case flag
      nil          options
      "--only"     (recur more (assoc options :only value))
      "--result"   (recur more (assoc options :result value))
      "--clojure"  (recur more (assoc options :clojure value))
      "--claims"   (recur more (assoc options :claims value))
      "--quick"    (recur (rest arguments) (assoc options :quick true))
      "--not-once" (recur (rest arguments) (assoc options :not-once true))
      "--not-jvm"  (recur (rest arguments) (assoc options :not-jvm true))
      "--elsewhere" (recur (rest arguments) (assoc options :elsewhere true))
      (throw (ex-info (str "Unknown option " flag
                           ": --only, --quick, --not-once, --not-jvm, --elsewhere, --clojure, --claims and --result "
                           "are known.")
                      {})))))

(defn- exit
  "Ends the JVM, also when a shutdown hook hangs."
  [code]
  (doto (Thread. ^Runnable (fn [] (Thread/sleep (long exit-patience-ms)) (.halt (Runtime/getRuntime) 3)) "exit watch")
    (.setDaemon true)
    .start)
  (System/exit code))

(defn -main [& arguments]
  (let [options (parse arguments)
        all     (namespaces options)]
    (when-not (str/starts-with? (clojure-version) (:clojure options ""))
      (throw (ex-info (str "This is Clojure " (clojure-version) ", not " (:clojure options) ".") {})))
    (watch-reports)
    (leftovers/watch)
    (when (or (:quick options) (:not-once options))
      (System/setProperty support/sampled-property "true"))
    (make-workers-quick)
    (fill-start-cache options)
    (when (:elsewhere options)
      (go-elsewhere))
    (run-namespaces (assoc options :selected? (matcher (:only options) all)) all)
    (let [{:keys [passed failed]} @results]
      (when (seq failed)
        (println "\nFailures:")
        (doseq [[test-name reason] failed] (println " " test-name "-" reason)))
      (when-let [file (:result options)]
        (spit file (str passed " " (count failed) "\n" (str/join (for [[n reason] failed] (str n " - " reason "\n"))))))
      (println (str passed " passed, " (count failed) " failed"))
      (exit (if (or (seq failed) (zero? passed)) 1 0)))))
