(ns ^:jvm parallel.last-words-test
  "What is told of a worker that does not answer in time, and of one that has died."
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.api :as parallel]
            [parallel.support :refer [await-true error within]])
  (:import [java.lang ProcessBuilder]
           [java.util.concurrent TimeUnit TimeoutException]
           [parallel ParallelException Worker]))

(defn- signal [w name]
  (.waitFor (.start (ProcessBuilder. ^java.util.List ["kill" (str "-" name) (str (.pid ^Worker w))]))))

(defn- timed
  "[value ms]"
  [f]
  (let [started (System/nanoTime)
        value (f)]
    [value (quot (- (System/nanoTime) started) 1000000)]))

(defn- timeout-data
  "The facts of a time-out of the Java API: the data of the exception's cause."
  [f]
  (try
    (f)
    nil
    (catch TimeoutException e
      (assoc (into {} (.data ^ParallelException (.getCause e))) :message (ex-message e)))))

(def ^:private computing
  '(do (parallel/send (parallel/parent) :up)
       (loop [i 0] (when (< i Long/MAX_VALUE) (recur (inc i))))))

(defn- by-name [data]
  (into {} (map (fn [[k v]] [(subs (str k) 1) v])) data))

(defn- unanswered-calls
  "Every call that throws a time-out, on a worker that takes nothing: its facts by name, keywords or strings."
  [w]
  {"send" (by-name (error #(parallel/send w (byte-array 100000) {:timeout-ms 60})))
   "join" (timeout-data #(.join ^Worker w 60 TimeUnit/MILLISECONDS))
   "get"  (timeout-data #(.get ^Worker w 60 TimeUnit/MILLISECONDS))})

(deftest a-time-out-tells-what-the-worker-does-and-where-its-threads-are-if-it-answers
  (let [w (parallel/run {:ring-bytes 8192 :name "busy"} computing)]
    (is (= :up (parallel/receive w)))
    (testing "computing"
      (doseq [[call e] (assoc (unanswered-calls w) "receive"
                              (timeout-data #(.receive ^Worker w 1000 TimeUnit/MILLISECONDS)))]
        (testing call
          (is (pos? (get e "timeout-ms")))
          (is (= (.id w) (get e "worker/id")))
          (is (some? (get e "status")))
          (is (str/includes? (str (get e "threads")) "parallel-eval"))
          (is (re-find #"timed out after \d+ ms; it is running, doing \(do \(parallel/send"
                       (str (or (:message e) (get e "message-of-error")))))))
      (let [e (timeout-data #(.receive ^Worker w 5 TimeUnit/MILLISECONDS))]
        (is (some? (get e "status")))
        (is (not (contains? e "threads")) "who polls does not wait for a thread dump"))
      (let [e (error #(parallel/send [w] (byte-array 100000) {:timeout-ms 60}))]
        (is (= [[(.id w)] [:running]] [(:unsent e) (map :state (:status e))])))
      (is (= [:running "busy"] ((juxt :state :name) (parallel/status w)))))
    (testing "stopped by a signal"
      (signal w "STOP")
      (try
        (let [[_ ms] (timed #(dotimes [_ 100] (parallel/status w) (parallel/status) (parallel/alive? w)))]
          (is (> 500 ms) "status does not wait"))
        (is (= :running (:state (parallel/status w))) "as it was last")
        (doseq [[call e] (unanswered-calls w)]
          (testing call
            (is (some? (get e "status")))
            (is (not (contains? e "threads")))))
        (let [[e ms] (timed #(error (fn [] (parallel/send w (byte-array 100000) {:timeout-ms 100}))))]
          (is (= :timeout (:parallel/error e)))
          (is (> 1100 ms)))
        (is (nil? (parallel/threads w 50)))
        (finally
          (signal w "CONT"))))
    (is (str/includes? (str (parallel/threads w 20000)) "parallel-eval") "it goes on, and answers")
    (parallel/kill w)
    (is (= :worker-died (:parallel/error (error #(parallel/join w)))))
    (testing "dead"
      (let [[_ ms] (timed #(dotimes [_ 100] (parallel/status w)))]
        (is (> 500 ms)))
      (is (= [:dead 137 :kill] ((juxt :state :exit :signal) (parallel/status w)))))))

(deftest a-dead-worker-tells-what-it-did-last
  (let [w (parallel/run {:name "talker" :err (java.io.StringWriter.)}
                        '(let [said (parallel/receive (parallel/parent))]
                           (dotimes [i 30] (binding [*out* *err*] (println "line" i)))
                           (parallel/send (parallel/parent) [said said])
                           (parallel/send (parallel/parent) (byte-array 1000))
                           (parallel/receive (parallel/parent))))
        now (System/currentTimeMillis)]
    (parallel/send w "hello")
    (is (= ["hello" "hello"] (parallel/receive w)))
    (is (await-true #(= :receiving (:state (parallel/status w)))))
    (is (await-true #(some-> (parallel/status w) :heap-bytes pos?)))
    (signal w "KILL")
    (let [e (error #(within 60000 (fn [] (parallel/join w))))
          status (:status e)]
      (is (= [:worker-died 137 :kill] ((juxt :parallel/error :exit :signal) e)))
      (is (str/starts-with? (:doing e) "(let [said (parallel/receive"))
      (is (= (mapv #(str "line " %) (range 10 30)) (:stderr-tail e)))
      (is (= [:receiving "talker" 2 1] [(:state status) (:name status) (:messages (:sent status))
                                        (:messages (:received status))])
          "as it was when it died")
      (is (pos? (:heap-bytes status)))
      (is (< 1000 (:bytes (:last-sent e)) 1100))
      (is (< 5 (:bytes (:last-received e)) 50))
      (is (<= now (:at-ms (:last-sent e)) (System/currentTimeMillis)))
      (is (<= now (:at-ms (:last-received e)) (System/currentTimeMillis)))
      (is (not (contains? e :hs-err)))
      (is (re-find (re-pattern (str #"(?s)died, killed by SIGKILL, doing \(let .*It was receiving, had sent 2 messages "
                                    #"\(the last of \d+ bytes\) and received 1 message \(the last of \d+ bytes\); "
                                    #"heap in use: \d+ MiB\. This library did not kill it"
                                    #".*last lines of its stderr:\s+line 10\n"))
                   (:message-of-error e))))))

(deftest a-worker-that-ran-out-of-memory-says-so
  (let [dir (System/getProperty "java.io.tmpdir")
        out (java.io.StringWriter.)
        devour '(long-array 100000000)
        start (fn [opts form]
                (binding [*out* out *err* out] (parallel/run (merge {:max-heap "48m" :dir dir} opts) form)))
        exits   (start {:jvm-opts ["-XX:+ExitOnOutOfMemoryError"]} devour)
        crashes (start {:jvm-opts ["-XX:+CrashOnOutOfMemoryError"]} devour)
        thread  (start {} '(do (doto (Thread. (fn [] (long-array 100000000))) .start .join)
                               (.halt (Runtime/getRuntime) 7)))
        failed (fn [w] (error #(within 100000 (fn [] (parallel/join w)))))]
    (testing "the JVM exits at once"
      (let [e (failed exits)]
        (is (= [:worker-died 3] ((juxt :parallel/error :exit) e)))
        (is (re-find (re-pattern (str #"It had run out of memory \(Terminating due to java.lang.OutOfMemoryError: "
                                      #"Java heap space\): give it more with max-heap"))
                     (:message-of-error e)))))
    (testing "it crashes, with a report"
      (let [e (failed crashes)]
        (is (= [:worker-died 134 :abrt] ((juxt :parallel/error :exit :signal) e)))
        (is (re-find #"It had run out of memory .*OutOfMemoryError" (:message-of-error e)))
        (is (str/includes? (:message-of-error e) (str "crash report: " (:hs-err e))))
        (is (.delete (java.io.File. ^String (:hs-err e))))))
    (testing "a thread of its code has said so on stderr"
      (let [e (failed thread)]
        (is (= 7 (:exit e)))
        (is (re-find #"It had run out of memory \(.*OutOfMemoryError.*\)" (:message-of-error e)))))
    (testing "an evaluation has failed with it before"
      (let [w (parallel/fork {:max-heap "48m"})]
        (is (= "java.lang.OutOfMemoryError" (:class (error (fn [] @(parallel/exec w devour))))))
        (parallel/exec w '(.halt (Runtime/getRuntime) 8))
        (let [e (failed w)]
          (is (= 8 (:exit e)))
          (is (str/starts-with? (str (:last-error e)) "java.lang.OutOfMemoryError"))
          (is (re-find #"It had run out of memory \(java.lang.OutOfMemoryError" (:message-of-error e))))))))
