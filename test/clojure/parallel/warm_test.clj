(ns ^:jvm parallel.warm-test
  "Spares: JVMs that are booted before anybody asks for a worker. Who takes one cannot tell it from a new worker, but by
  its pid."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing use-fixtures]]
            [parallel.api :as parallel]
            [parallel.support :refer [await-true clojure-main error within]])
  (:import [java.io File]
           [java.lang ProcessBuilder ProcessHandle]
           [java.nio.file Files]
           [java.nio.file.attribute FileAttribute]
           [java.util.concurrent TimeUnit]
           [parallel Parallel WorkerOptions]
           [parallel.example Summer]))

(def ^:private ^:dynamic *directory* nil)

(defn- delete [^File tree]
  (run! #(.delete ^File %) (reverse (file-seq tree))))

(use-fixtures :each
  (fn [test]
    (let [directory (.toFile (Files/createTempDirectory "warm-test" (make-array FileAttribute 0)))]
      (try
        (binding [*directory* directory] (test))
        (finally
          (parallel/everywhere-forget)
          (parallel/close)
          (delete directory))))))

(defn- alive? [pid]
  (.isPresent (.filter (ProcessHandle/of pid)
                       (reify java.util.function.Predicate (test [_ p] (.isAlive ^ProcessHandle p))))))

(defn- idle
  "The pids of the spares once there are n that have booted, and none that boots."
  [n]
  (when-not (await-true #(let [states (map :state (parallel/spares))]
                           (and (= n (count states)) (every? #{:idle} states))))
    (throw (ex-info (str "There are not " n " spares") {:spares (parallel/spares)})))
  (mapv :pid (parallel/spares)))

(defn- pid-of [w] (:pid (parallel/status w)))

;; ---- taken

(deftest a-run-takes-a-spare-and-the-next-is-started-in-its-place
  (parallel/warm 1)
  (let [[pid]  (idle 1)
        before (parallel/fork {:in :thread})
        w      (parallel/run '[(parallel/id) (parallel/receive (parallel/parent))])]
    (is (= pid (pid-of w)))
    (parallel/send w :hello)
    (is (= [(.id ^parallel.Worker w) :hello] @w))
    (is (< (.id ^parallel.Worker before) (.id ^parallel.Worker w)) "its id is of when it was started")
    (is (not= [pid] (idle 1)))))

(deftest forks-take-what-there-is-and-the-others-start-anew
  (parallel/warm 2)
  (let [pids (set (idle 2))
        ws   (parallel/fork 3)]
    (is (= [1 1 1] (mapv deref (parallel/exec ws '(count (parallel/receive (parallel/parent) 0 [1]))))))
    (is (= pids (set (filter pids (map pid-of ws)))))
    (parallel/join ws)))

(deftest a-spare-that-still-boots-is-taken-too
  (parallel/warm 1)
  (is (await-true #(seq (parallel/spares))))
  (let [[{:keys [pid]}] (parallel/spares)
        w (parallel/run '(+ 1 2))]
    (is (= 3 @w))
    (is (= pid (pid-of w)))))

(deftest who-takes-a-spare-has-a-new-worker-in-all-respects
  (parallel/warm 1)
  (let [[pid]  (idle 1)
        events (atom [])
        out    (java.io.StringWriter.)
        now    (java.time.Instant/now)
        _      (parallel/everywhere '(def said-before 42))
        w      (parallel/fork {:name "taker" :out out :on-event #(swap! events conj (:event %))})]
    (is (= pid (pid-of w)))
    (is (= [42 true nil []]
           @(parallel/exec w '(do (println "printed") [said-before (pos? (parallel/id)) (find-ns 'parallel.rehearsal)
                                                       (vec (parallel/children))]))))
    (let [{:keys [name started-at state doing sent received parent]} (parallel/status w)]
      (is (= ["taker" :idle nil 0] [name state doing parent]))
      (is (= [{:messages 0 :bytes 0} {:messages 0 :bytes 0}] [sent received]) "what it has rehearsed does not count")
      (is (not (.isBefore ^java.time.Instant started-at now))))
    (parallel/join w)
    (is (await-true #(= [:started :ready :ended] @events)))
    (is (= (str "<parallel#" (format "%03d" (.id ^parallel.Worker w)) "> printed\n") (str out)))))

(deftest what-a-spare-rehearses-succeeds
  (is (= :rehearsed
         @(parallel/run '(do (.invoke (doto (.getDeclaredMethod (Class/forName "parallel.child.Rehearsal") "play"
                                                                (into-array Class [parallel.control.Language
                                                                                   parallel.runtime.Context]))
                                        (.setAccessible true))
                                      nil
                                      (object-array [(parallel.control.Language/find)
                                                     (parallel.runtime.Context/current)]))
                             :rehearsed)))))

(deftest large-messages-go-both-ways
  (parallel/warm 1)
  (idle 1)
  (let [w (parallel/run '(let [xs (parallel/receive (parallel/parent))]
                           (parallel/send (parallel/parent) xs)
                           (alength xs)))]
    (parallel/send w (double-array 500000))
    (is (= 500000 (alength (doubles (parallel/receive w)))))
    (is (= 500000 @w))))

(deftest the-deaths-of-one-that-was-a-spare-are-told-as-any
  (parallel/warm 3)
  (let [pids (set (idle 3))
        kinds (for [form ['(System/exit 3) '(throw (ex-info "no" {:n 1})) '(undefined-name)]
                    :let [w (parallel/run {} form)
                          {kind :parallel/error :keys [exit class]} (error #(parallel/join w))]]
                [kind exit class (:state (parallel/status w)) (contains? pids (pid-of w))])]
    (is (= [[:worker-died 3 nil :dead true]
            [:remote-exception nil "clojure.lang.ExceptionInfo" :failed true]]
           (take 2 kinds)))
    (is (= [:start-failed :failed] ((juxt first #(nth % 3)) (last kinds))))))

(deftest a-spare-is-no-worker
  (parallel/warm 2)
  (idle 2)
  (is (= [] (parallel/children) (parallel/status)))
  (is (= [nil nil] (map :id (parallel/spares))))
  (testing "nor does it count as one"
    (let [w (parallel/fork {:max-workers 1})]
      (is (= 1 @(parallel/exec w '(+ 0 1))))
      (is (= 1 (count (parallel/children)) (count (parallel/status))))
      (is (= :bad-argument (:parallel/error (error #(parallel/fork {:max-workers 1})))))
      (parallel/join w)))
  (testing "people see them apart"
    (idle 2)
    (is (re-find #"^no workers\s+2 spares: pid \d+ idle" (with-out-str (parallel/print-status))))))

;; ---- which one fits

(deftest options-of-the-process-have-spares-of-their-own
  (parallel/warm {:max-heap "64m"} 1)
  (let [[pid] (idle 1)
        other (parallel/run '(+ 1 1))
        w     (parallel/run {:max-heap "64m" :name "another name" :grace-ms 100} '(.maxMemory (Runtime/getRuntime)))]
    (is (not= pid (pid-of other)))
    (is (= 2 @other))
    (is (= pid (pid-of w)))
    (is (> (* 70 1024 1024) @w))))

(deftest environment-and-directory-are-those-of-the-options
  (let [opts {:env {"WARM_TEST" "yes"} :dir *directory*}]
    (parallel/warm opts 1)
    (let [[pid] (idle 1)
          w     (parallel/run opts '[(System/getenv "WARM_TEST") (System/getProperty "user.dir")])]
      (is (= ["yes" (str (.getCanonicalFile ^File *directory*))] @w))
      (is (= pid (pid-of w))))))

(defn- jar [file text]
  (with-open [out (java.util.jar.JarOutputStream. (io/output-stream file))]
    (.putNextEntry out (java.util.jar.JarEntry. "warm_test_lib.clj"))
    (.write out (.getBytes (str "(ns warm-test-lib) (def text \"" text "\")")))))

(deftest a-spare-of-what-was-is-not-taken
  (let [file (io/file *directory* "lib.jar")
        data (io/file *directory* "data_readers.clj")
        opts {:classpath [(str file) (str *directory*) (System/getProperty "java.class.path")]}
        text #(parallel/run opts '(do (require 'warm-test-lib)
                                      [@(resolve 'warm-test-lib/text) (symbol (get *data-readers* 'warm/test))]))
        now  (fn [what change]
               (testing what
                 (let [[pid] (do (parallel/warm opts 1) (idle 1))
                       _     (change)
                       w     (text)
                       value @w]
                   (is (not= pid (pid-of w)))
                   (is (await-true #(not (alive? pid))))
                   value)))]
    (jar file "first")
    (spit data "{warm/test clojure.core/inc}")
    (is (= ["second!" 'clojure.core/inc] (now "a jar is another" #(jar file "second!"))))
    (is (= ["second!" 'clojure.core/identity]
           (now "data readers are others" #(spit data "{warm/test clojure.core/identity}"))))
    (let [[pid] (idle 1)
          w     (text)]
      (is (= ["second!" 'clojure.core/identity] @w))
      (is (= pid (pid-of w)) "nothing has changed"))))

(deftest a-library-that-is-added-at-the-prompt-is-known-to-new-workers-and-to-new-spares
  (let [file   (io/file *directory* "lib.jar")
        thread (Thread/currentThread)
        before (.getContextClassLoader thread)
        form   '(do (require 'warm-test-lib) @(resolve 'warm-test-lib/text))]
    (jar file "added")
    (parallel/warm 1)
    (let [[pid] (idle 1)]
      (try
        (.setContextClassLoader thread
                                (doto (clojure.lang.DynamicClassLoader. before) (.addURL (.toURL (.toURI file)))))
        (let [w (parallel/run form)]
          (is (= "added" @w))
          (is (not= pid (pid-of w)) "the spare was started without it"))
        (let [[pid] (idle 1)
              w     (parallel/run form)]
          (is (= "added" @w))
          (is (= pid (pid-of w)) "the spare that followed has it"))
        (finally
          (.setContextClassLoader thread before))))))

;; ---- kept

(deftest a-spare-that-is-killed-is-replaced
  (parallel/warm 1)
  (let [[pid] (idle 1)]
    (.destroyForcibly ^ProcessHandle (.get (ProcessHandle/of pid)))
    (is (await-true #(not= [pid] (map :pid (parallel/spares)))))
    (is (not= [pid] (idle 1)))))

(deftest one-that-does-not-boot-is-not-tried-again
  (let [script (io/file *directory* "java")
        tries  (io/file *directory* "tries")]
    (spit script (str "#!/bin/sh\necho x >> " tries "\nexit 7\n"))
    (.setExecutable script true)
    (parallel/warm {:java script} 1)
    (is (await-true #(and (.exists tries) (= [] (parallel/spares)))))
    (is (= 7 (:exit (error #(parallel/join (parallel/run {:java script} '(+ 1 1)))))))
    (is (= 2 (count (str/split-lines (slurp tries)))))))

(deftest fewer-are-wanted
  (parallel/warm 2)
  (let [pids (idle 2)]
    (parallel/warm 1)
    (is (await-true #(= 1 (count (filter alive? pids)))))
    (is (= 1 (count (parallel/spares))))
    (parallel/warm {:max-heap "64m"} 1)
    (idle 2)
    (parallel/warm 0)
    (is (= [] (parallel/spares)))
    (is (await-true #(not-any? alive? pids)))))

(deftest close-gives-them-back
  (parallel/warm 2)
  (let [pids (idle 2)]
    (within 20000 parallel/close)
    (is (not-any? alive? pids))
    (is (= 3 @(parallel/run '(+ 1 2))))
    (is (= [] (parallel/spares)) "and how many there were to be is forgotten")))

(deftest what-is-not-a-number-of-spares-is-refused
  (doseq [f [#(parallel/warm -1) #(parallel/warm 1.5) #(parallel/warm nil) #(parallel/warm {} 1000000000000)
             #(parallel/warm 257)
             #(parallel/warm {:unknown 1} 1) #(parallel/warm 1 {})]]
    (is (= :bad-argument (:parallel/error (error f)))))
  (is (re-find #"a number of spares, 0 or more, not -1" (:message-of-error (error #(parallel/warm -1)))))
  (is (re-find #"0 to 256 spare workers \(max-workers\), not 257" (:message-of-error (error #(parallel/warm 257)))))
  (is (= [] (parallel/spares))))

(deftest workers-that-are-threads-need-none
  (parallel/warm {:in :thread} 2)
  (is (= [] (parallel/spares)))
  (is (= 3 @(parallel/run {:in :thread} '(+ 1 2)))))

(deftest a-worker-has-spares-of-its-own
  (let [w (parallel/run '(do (parallel/warm 1)
                             (while (not= [:idle] (map :state (parallel/spares))) (Thread/sleep 5))
                             (let [pid (:pid (first (parallel/spares)))
                                   below (parallel/run '[(parallel/id) (.id (parallel/parent))])]
                               (parallel/send (parallel/parent)
                                              [(= pid (:pid (parallel/status below))) @below (parallel/id)])
                               (while (not= [:idle] (map :state (parallel/spares))) (Thread/sleep 5))
                               (parallel/send (parallel/parent) (:pid (first (parallel/spares))))
                               (parallel/receive (parallel/parent)))))
        [taken? [id parent] of-worker] (parallel/receive w)
        spare (parallel/receive w)]
    (is taken?)
    (is (< of-worker id))
    (is (= parent of-worker))
    (parallel/kill w)
    (is (await-true #(not (alive? spare))) "they end with it, also when it is killed")))

(deftest Java-has-it-too
  (let [options (.build (.maxHeap (WorkerOptions/builder) "64m"))]
    (Parallel/warm options 1)
    (let [[pid] (idle 1)
          w     (Parallel/run options Summer (object-array [2.0]))]
      (.send w (double-array [1 2 3]))
      (is (= 12.0 (.join w)))
      (is (= pid (.pid w))))
    (Parallel/warm 0)
    (is (= [] (parallel/spares)))))

;; ---- processes of their own

(defn- program
  "clojure.main in a process of its own; what it prints is to be read."
  [& arguments]
  (.start (.redirectErrorStream (ProcessBuilder. ^java.util.List (into (clojure-main) arguments))
                                true)))

(defn- ended-with [^Process process]
  (is (.waitFor process 60 TimeUnit/SECONDS))
  (.exitValue process))

(def ^:private two-spares
  (pr-str '(require '[parallel.api :as parallel])
          '(parallel/warm 2)
          '(while (not= [:idle :idle] (map :state (parallel/spares))) (Thread/sleep 5))
          '(prn (mapv :pid (parallel/spares)))
          '(read-line)))

(deftest they-end-with-the-program-however-it-ends
  (doseq [[how end code] [["it ends" (fn [^Process p] (doto (.getOutputStream p) (.write 10) .flush)) 0]
                          ["it is killed" (fn [^Process p] (.destroyForcibly p)) 137]]]
    (testing how
      (let [process (program "-e" two-spares)
            pids    (read-string (.readLine ^java.io.BufferedReader (io/reader (.getInputStream process))))]
        (is (every? alive? pids))
        (end process)
        (is (= code (ended-with process)))
        (is (await-true #(not-any? alive? pids) 20000)))))
  (testing "it is killed while they boot"
    (let [process (program "-e"
                           (str/replace two-spares "(while (not= [:idle :idle]"
                                        "(while (not= 2 (count (parallel/spares))) (Thread/sleep 1)) (while (= :no"))
          pids    (read-string (.readLine ^java.io.BufferedReader (io/reader (.getInputStream process))))]
      (.destroyForcibly process)
      (ended-with process)
      (is (= 2 (count pids)))
      (is (await-true #(not-any? alive? pids) 20000)))))

(def ^:private at-most-one
  "Forms for a prompt: what (spares) says before and after a worker, who the next worker is, and what remains when none
  are wanted."
  ["(require '[parallel.api :as parallel])"
   (str "(defn settled [] (let [end (+ 60000 (System/currentTimeMillis))]"
        " (while (and (not= [:idle] (map :state (parallel/spares))) (< (System/currentTimeMillis) end))"
        " (Thread/sleep 5)) (map :pid (parallel/spares))))")
   "(prn :before (count (parallel/spares)))"
   "@(parallel/run '(+ 1 1))"
   "(def pids (settled))"
   "(prn :after (count pids))"
   "(def w (parallel/run '(parallel/id)))"
   "(prn :id @w :taken (= pids [(:pid (parallel/status w))]))"
   "(parallel/warm 0)"
   "@(parallel/run '(+ 1 1))"
   "(prn :at-the-end (count (parallel/spares)))"])

(deftest at-a-prompt-there-is-one-from-the-first-worker-on
  (let [process (program "-r")]
    (with-open [in (io/writer (.getOutputStream process))]
      (.write in (str (str/join "\n" at-most-one) "\n")))
    (let [text (slurp (.getInputStream process))]
      (is (= 0 (ended-with process)))
      (is (= [":before 0" ":after 1" ":id 2 :taken true" ":at-the-end 0"]
             (re-seq #":before \d|:after \d|:id \d :taken \w+|:at-the-end \d" text))))))

(deftest a-program-has-none
  (let [process (program "-e" (pr-str '(require '[parallel.api :as parallel])
                                      '(let [w (parallel/fork)]
                                         @(parallel/exec w '(+ 1 1))
                                         (Thread/sleep 200)
                                         (prn (count (parallel/spares))))))]
    (is (= "0\n" (slurp (.getInputStream process))))
    (is (= 0 (ended-with process)))))
