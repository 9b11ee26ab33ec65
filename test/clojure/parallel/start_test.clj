(ns ^:jvm parallel.start-test
  "Workers that do not start: each reason has its own words, with the facts, in seconds rather than at the time-out."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.api :as parallel]
            [parallel.support :refer [error within]])
  (:import [java.io File]
           [java.nio.file Files]
           [java.nio.file.attribute FileAttribute]))

(defn- temporary ^File []
  (.toFile (Files/createTempDirectory "start-test" (make-array FileAttribute 0))))

(defn- delete [^File tree]
  (run! #(.delete ^File %) (reverse (file-seq tree))))

(defn- script ^String [directory name & lines]
  (let [file (io/file directory name)]
    (spit file (str/join "\n" (cons "#!/bin/sh" lines)))
    (.setExecutable file true)
    (str file)))

(def ^:private entries
  (str/split (System/getProperty "java.class.path") (re-pattern File/pathSeparator)))

(defn- another-version
  "A directory that, in front of a class path, makes it that of another version of the library."
  [directory]
  (let [in-jar "parallel/control/Version.class"
        bytes (slurp (io/resource in-jar) :encoding "ISO-8859-1")
        file (io/file directory in-jar)]
    (io/make-parents file)
    (is (str/includes? bytes "0.2.0"))
    (spit file (str/replace bytes "0.2.0" "9.9.9") :encoding "ISO-8859-1")
    (str directory)))

(defn- reasons
  "What is wrong: options, form, and what the error must say; exit is among its facts where a process has exited."
  [directory]
  (let [text (str (io/file directory "text"))]
    (spit text "no program")
    {"java is missing"        [{:java "/no/such/java"} nil #"There is no file /no/such/java"]
     "java is a directory"    [{:java (str directory)} nil #"is a directory, not an executable file"]
     "java is not executable" [{:java text} nil #"is not executable"]
     "java is another program" [{:java "/bin/true"} nil
                                #"ended before it was ready, with exit code 0\. Its java command is /bin/true" 0]
     "java says no"           [{:java (script directory "refuses" "echo licence expired >&2" "exit 9")} nil
                               #"(?s)with exit code 9\. .*licence expired" 9]
     "java is killed"         [{:java (script directory "dies" "kill -9 $$")} nil
                               #"before it was ready, killed by SIGKILL" 137]
     "a flag is bad"          [{:jvm-opts ["-Xmxbad"]} nil #"(?s)exit code 1\..*Invalid maximum heap size: -Xmxbad" 1]
     "a flag is unknown"      [{:jvm-opts ["-XX:+NoSuchFlag"]} nil #"(?s)exit code 1\..*NoSuchFlag" 1]
     "nothing on the class path" [{:classpath ["/no/such/dir" "/no/lib/*"]} nil
                                  #"(?s)entries that do not exist: /no/such/dir, /no/lib/\*\..*parallel.child.Main" 1]
     "no Agrona"              [{:classpath (remove #(re-find #"agrona" %) entries)} nil #"(?s)org/agrona" 1]
     "no Clojure"             [{:classpath (filter #(re-find #"agrona|classes" %) entries)} nil
                               #"class path has no Clojure" 0]
     "no Clojure of ours"     [{:classpath (remove #(str/ends-with? % "src/clojure") entries)} nil
                               #"could not load what it needs: .*parallel/impl/child" 0]
     "another version"        [{:classpath (cons (another-version (io/file directory "another")) entries)} nil
                               (re-pattern (str #"(?s)The parent has version 0\.2\.0\S* of the library parallel, "
                                                #"this worker's class path has version 9\.9\.9\S*: "
                                                #"put the same version on both"))
                               70]
     "an unknown symbol"      [{} '(do (require 'clojure.set) (+ 1 no-such-symbol))
                               #"does not read, expand or compile: .*no-such-symbol" 0]
     "a directory is missing" [{:dir "/no/such/dir"} nil #"directory /no/such/dir does not exist"]}))

(deftest what-keeps-a-worker-from-starting-is-said-at-once
  (let [directory (temporary)]
    (try
      (let [started (System/nanoTime)
            err (java.io.StringWriter.)
            failed (vec (for [[what [opts form says exit]] (reasons directory)]
                          [what says exit (binding [*err* err]
                                            (parallel/run (merge {:start-timeout-ms 200000} opts)
                                                          (or form '(+ 1 2))))]))]
        (doseq [[what says exit w] failed]
          (testing what
            (let [e (error #(within 100000 (fn [] (parallel/join w))))]
              (is (= :start-failed (:parallel/error e)))
              (is (re-find says (str (:message-of-error e))))
              (is (= exit (:exit e)))
              (is (vector? (:stderr-tail e)))
              (is (= [:failed (.id w)] [(:state (parallel/status w)) (:worker/id e)]))
              (is (re-find #"java|true|refuses|dies|text|start-test" (first (:command e))))
              (is (some #{"parallel.child.Main"} (:command e)) "the command is told in full"))))
        (is (> 100 (/ (- (System/nanoTime) started) 1e9)) "long before the time-out"))
      (is (= 3 @(parallel/run '(+ 1 2))) "the next one starts")
      (finally
        (delete directory)))))

(deftest a-worker-that-does-not-answer-fails-at-the-start-time-out
  (let [directory (temporary)
        _ (doto (io/file directory "parallel/impl/child.clj") io/make-parents (spit "(Thread/sleep 60000)"))
        reasons {"the program sleeps" [{:java (script directory "sleeps" "exec sleep 60") :start-timeout-ms 700} 700
                                       #"its JVM has not connected\. Its java command is .*sleeps"]
                 "the JVM is slow"    [{:start-timeout-ms 1} 1 #"its JVM has not connected"]
                 "its code is slow"   [{:classpath (cons (str directory) entries) :start-timeout-ms 5000} 5000
                                       #"its JVM has connected, and has not loaded what it needs"]}
        failed (vec (for [[what [opts ms says]] reasons]
                      [what ms says (parallel/run opts '(+ 1 2))]))]
    (try
      (doseq [[what ms says w] failed]
        (testing what
          (let [e (error #(within 60000 (fn [] (parallel/join w))))]
            (is (= :start-failed (:parallel/error e)))
            (is (str/includes? (:message-of-error e) (str "It was not ready within " ms " ms (start-timeout-ms): ")))
            (is (re-find says (:message-of-error e)))
            (is (not (contains? e :exit)) "we ended it: its exit says nothing")
            (is (seq (:command e)))
            (is (vector? (:stderr-tail e)))
            (is (= e (error #(parallel/receive w)) (error #(parallel/send w 1))) "each time"))))
      (finally
        (delete directory)))))

(deftest the-version-that-is-compared-is-that-of-the-build
  (let [version (.invoke (doto (.getDeclaredMethod (Class/forName "parallel.control.Version") "library"
                                                   (make-array Class 0))
                           (.setAccessible true))
                         nil (object-array 0))]
    (is (str/includes? (slurp "build.clj") (str "(def ^:private version " (pr-str version) ")")))))
