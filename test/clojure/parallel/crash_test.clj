(ns ^:jit ^:jvm ^:elsewhere parallel.crash-test
  "The crash matrix: who dies, doing what, and what the other side sees. parallel.crash has the rows; the runner proves
  that nothing is left: no process, file, thread or mapping. The limits here are for a loaded machine;
  doc/design/failures.md has the figures."
  (:require [clojure.test :refer [deftest is testing]]
            [parallel.api :as parallel]
            [parallel.crash :as crash]
            [parallel.support :refer [await-true error quick-jvm sampled within]])
  (:import [java.io File]
           [java.lang ProcessHandle]
           [java.util.concurrent Callable Executors ExecutorService Future TimeUnit]))

(def ^:private error-within-ms 30000)
(def ^:private clean-within-ms 30000)
(def ^:private side-by-side "Rows that are played at the same time: while one waits, another's JVM starts." 4)

(defn- answers? []
  (= 3 (within 60000 #(deref (parallel/run {:jvm-opts quick-jvm} '(+ 1 2))))))

(defn- check-error
  "The exact error of a row, once and for ever after, and that the worker has ended."
  [{:keys [worker ms] e :error} expected expected-data]
  (is (instance? clojure.lang.ExceptionInfo e) (str e))
  (let [data (if (instance? clojure.lang.ExceptionInfo e) (ex-data e) {})
        seen #(select-keys % (keys expected))]
    (is (= expected (merge (zipmap (keys expected) (repeat nil)) (seen data))))
    (when expected-data
      (is (= expected-data (select-keys (:data data) (keys expected-data)))))
    (is (= [(.id ^parallel.Worker worker) (.pid ^parallel.Worker worker)] [(:worker/id data) (:worker/pid data)]))
    (is (> error-within-ms ms))
    (doseq [call [parallel/join #(while true (parallel/receive %)) #(parallel/send % 1)]]
      (is (= (seen data) (seen (error #(within 60000 (fn [] (call worker))))))))
    (is (= [false (if (= :worker-died (:parallel/error expected)) :dead :failed)]
           [(parallel/alive? worker) (:state (parallel/status worker))]))
    (is (not-any? #{worker} (parallel/children)))
    (some-> ^String (:hs-err data) File. .delete)))

(defn- play-all
  "Plays the rows, some at a time: each is [name f], f checks one. A row's worker is also the new one that answers after
  another's death."
  [rows]
  (let [^ExecutorService pool (Executors/newFixedThreadPool side-by-side)
        play (fn [[row f]]
               (bound-fn []
                 (testing row
                   (try (f)
                        (catch Throwable e (is (nil? e)))))))]
    (try
      (run! #(.get ^Future %) (mapv #(.submit pool ^Callable (play %)) rows))
      (finally
        (.shutdownNow pool)
        (.awaitTermination pool 60 TimeUnit/SECONDS)))
    (is (answers?))))

(deftest ^{:deadline-s 900} a-process-that-dies-ends-every-call-whatever-it-does
  (play-all (for [[doing death] (sampled 3 (keys crash/doings) (keys crash/process-deaths))]
              [(str death " " doing)
               #(check-error ((crash/row-of-process-death death doing)) (:error (crash/process-deaths death)) nil)])))

(deftest ^{:deadline-s 900} an-evaluation-that-throws-ends-every-call
  (play-all (for [[call death] (sampled 3 (keys crash/calls) (keys crash/throws))]
              [(str death " " call)
               #(check-error ((crash/row-of-throw death call)) (:error (crash/throws death))
                             (:data (crash/throws death)))])))

(deftest ^{:deadline-s 900} a-worker-killed-while-it-starts-is-a-failed-start
  (play-all (for [[ms death] (sampled 2 [50 200 500 1000] [:kill-9 :kill-15 :segv])]
              [(str death " after " ms " ms")
               #(let [{:keys [ms worker] e :error} ((crash/row-of-start death ms))]
                  (is (#{:start-failed :worker-died} (:parallel/error (ex-data e))))
                  (is (contains? ({:kill-9 #{137} :kill-15 #{143} :segv #{134 139}} death) (:exit (ex-data e)))
                      "134 once the JVM catches it")
                  (is (= (.id ^parallel.Worker worker) (:worker/id (ex-data e))))
                  (is (> error-within-ms ms))
                  (some-> ^String (:hs-err (ex-data e)) File. .delete))])))

(deftest what-was-committed-before-a-death-is-received-before-its-error
  (play-all (for [[how exit death] [["halt" 9 '(.halt (Runtime/getRuntime) 9)]
                                    ["kill -9" 137
                                     '(.start (ProcessBuilder. ["kill" "-9"
                                                                (str (.pid (java.lang.ProcessHandle/current)))]))]]]
              [how #(let [w (parallel/run {:jvm-opts quick-jvm}
                                          (list 'do '(dotimes [i 1000] (parallel/send (parallel/parent) i)) death
                                                '(while true)))]
                      (error (fn [] (parallel/join w)))
                      (is (= (range 1000) (repeatedly 1000 (fn [] (parallel/receive w)))))
                      (dotimes [_ 2]
                        (is (= exit (:exit (error (fn [] (parallel/receive w))))))))])))

;; ---- the parent dies

(defn- only-an-empty-directory? [paths]
  (and (<= (count paths) 1)
       (every? #(empty? (.list (File. ^String %))) paths)))

(defn- next-session-sweeps? [root]
  (let [next (crash/start-root "-e"
                               (str "(do (require '[parallel.api :as parallel]) @(parallel/run {:in :thread} '(+ 1 2))"
                                    " (println \"up\"))"))]
    (is (= "up" (crash/next-line next)))
    (is (.waitFor ^Process (:process next) 60 TimeUnit/SECONDS))
    (empty? (crash/left-of root))))

(defn- check-parent-death [{:keys [end exit nobody-left]}]
  (let [{:keys [^Process process] :as root} (crash/start-root "-m" "parallel.crash" "busy")]
    (try
      (is (= ["up" "now"] (repeatedly 2 #(crash/next-line root))))
      (is (await-true #(= 13 (count (crash/descendants-of root)))) "the last of them was asked for a moment ago")
      (when nobody-left
        (is (= "connected" (crash/next-line root))
            "a worker that starts has a socket with a name, which nobody would remove"))
      (let [descendants (crash/descendants-of root)]
        (end root)
        (is (await-true #(crash/ended? root descendants) clean-within-ms))
        (is (= exit (.exitValue process)))
        (if nobody-left
          (do (is (only-an-empty-directory? (crash/left-of root))
                  (pr-str (mapcat #(.list (File. ^String %)) (crash/left-of root))))
              (is (next-session-sweeps? root)))
          (is (await-true #(empty? (crash/left-of root)) clean-within-ms))))
      (finally
        (.destroyForcibly process)))))

(deftest ^{:deadline-s 900 :elsewhere false} nothing-is-left-of-a-parent-that-dies-in-every-call-at-once
  (doseq [[how death] crash/parent-deaths]
    (testing how
      (check-parent-death death))))

(deftest ^{:elsewhere false} when-the-middle-is-killed-the-innermost-ends-and-the-root-goes-on
  (let [{:keys [^Process process] :as root} (crash/start-root "-m" "parallel.crash" "deep")]
    (try
      (is (= "[1 2 3]" (crash/next-line root)) "ids are unique in the session, however deep")
      (let [workers (crash/descendants-of root)
            child #(first (iterator-seq (.iterator (.children ^ProcessHandle %))))
            ^ProcessHandle middle (child (child (.toHandle process)))]
        (is (= 3 (count workers)))
        (crash/signal (.pid middle) "KILL")
        (is (= "([1 :remote-exception nil nil] [2 :worker-died 137 :kill])" (crash/next-line root))
            "it throws to its parent, which throws to the root")
        (is (= "[]" (crash/next-line root)))
        (is (await-true #(not-any? crash/runs? workers) clean-within-ms))
        (is (.isAlive process))
        (doto (.getOutputStream process) (.write (.getBytes "\n")) .flush)
        (is (.waitFor process 20 TimeUnit/SECONDS))
        (is (empty? (crash/left-of root))))
      (finally
        (.destroyForcibly process)))))
