(ns parallel.test-runner
  "Runs the tests below test/clojure in this JVM: every deftest on a thread of its own, with a deadline, and checked afterwards for
  what it left. bin/test calls it once for each JDK and each Clojure; bin/clojure -M:test runs it alone.

    --only REGEX    the tests whose namespace/name matches
    --quick         without namespaces and tests marked ^:slow
    --not-once      without those marked ^:once, which need no second run on another JDK
    --not-jvm       without those marked ^:jvm, which need no second run with another Clojure
    --clojure V     nothing is run unless this is the Clojure that runs, say 1.12
    --result FILE   writes \"passed failed\" and a line per failure there

  A test takes at most 300 s; ^{:deadline-s n} on its name says otherwise."
  (:require [clojure.java.io :as io]
            [clojure.stacktrace :as stacktrace]
            [clojure.string :as str]
            [clojure.test :as t]
            [parallel.leftovers :as leftovers])
  (:import [java.io File]
           [java.util.concurrent TimeUnit]))

(def ^:private default-deadline-s 300)
(def ^:private fixture-deadline-s 300)
(def ^:private slow-s "From here on a test's time is worth a line." 5)
(def ^:private leftover-patience-ms 10000)
(def ^:private exit-patience-ms 60000)

;; --- Which tests

(def ^:private root "test/clojure")

(defn- namespace-of [^File file]
  (-> (str (.relativize (.toPath (io/file root)) (.toPath file)))
      (str/replace #"\.clj$" "")
      (str/replace File/separator ".")
      (str/replace "_" "-")
      symbol))

(defn- namespaces []
  (->> (file-seq (io/file root))
       (filter #(str/ends-with? (.getName ^File %) "_test.clj"))
       (map namespace-of)
       sort))

(defn- wanted? [{:keys [only quick not-once not-jvm]} v]
  (let [marks (merge (meta (:ns (meta v))) (meta v))]
    (and (or (nil? only) (re-find only (str (symbol v))))
         (not (and quick (:slow marks)))
         (not (and not-once (:once marks)))
         (not (and not-jvm (:jvm marks))))))

(defn- tests-of [options ns-name]
  (->> (vals (ns-interns ns-name))
       (filter #(:test (meta %)))
       (filter #(wanted? options %))
       (sort-by (comp (juxt :line (comp str :name)) meta))))

;; --- What the assertions said

(def ^:private seen
  "The assertions of the test that is running, from whatever thread: {:pass n :fail n :error n :first text of the first that failed}."
  (atom {}))

(def ^:private text-chars 300)

(defn- text-of
  "An assertion that failed, in a line."
  [{:keys [file line message actual]}]
  (let [text (str file ":" line (when message (str " " message)) ": " (if (instance? Throwable actual) (str actual) (pr-str actual)))]
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
  "Calls f on a thread of its own. True when it has ended in time; otherwise prints every thread, ends this run's processes and
  interrupts the thread."
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
  "Calls f; what it throws is an error of the test that is running (clojure.test catches only what the test's body throws)."
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

(defn- run-namespace [options ns-name]
  (when (load-namespace ns-name)
    (when-let [tests (seq (tests-of options ns-name))]
      (let [started (System/nanoTime)]
        (run-tests ns-name tests)
        (println (format "%-48s %4d tests %8.1f s" ns-name (count tests) (seconds-since started)))
        (flush)))))

;; --- The command

(defn- parse [arguments]
  (loop [[flag value & more :as arguments] arguments, options {}]
    (case flag
      nil          options
      "--only"     (recur more (assoc options :only (re-pattern value)))
      "--result"   (recur more (assoc options :result value))
      "--clojure"  (recur more (assoc options :clojure value))
      "--quick"    (recur (rest arguments) (assoc options :quick true))
      "--not-once" (recur (rest arguments) (assoc options :not-once true))
      "--not-jvm"  (recur (rest arguments) (assoc options :not-jvm true))
      (throw (ex-info (str "Unknown option " flag ": --only, --quick, --not-once, --not-jvm, --clojure and --result are known.") {})))))

(defn- exit
  "Ends the JVM, also when a shutdown hook hangs."
  [code]
  (doto (Thread. ^Runnable (fn [] (Thread/sleep (long exit-patience-ms)) (.halt (Runtime/getRuntime) 3)) "exit watch")
    (.setDaemon true)
    .start)
  (System/exit code))

(defn -main [& arguments]
  (let [options (parse arguments)]
    (when-not (str/starts-with? (clojure-version) (:clojure options ""))
      (throw (ex-info (str "This is Clojure " (clojure-version) ", not " (:clojure options) ".") {})))
    (watch-reports)
    (leftovers/watch)
    (run! #(run-namespace options %) (namespaces))
    (let [{:keys [passed failed]} @results]
      (when (seq failed)
        (println "\nFailures:")
        (doseq [[test-name reason] failed] (println " " test-name "-" reason)))
      (when-let [file (:result options)]
        (spit file (str passed " " (count failed) "\n" (str/join (for [[n reason] failed] (str n " - " reason "\n"))))))
      (println (str passed " passed, " (count failed) " failed"))
      (exit (if (or (seq failed) (zero? passed)) 1 0)))))
