(ns ^:jvm parallel.process.this-process-test
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is testing use-fixtures]]
            [parallel.process.support :as support :refer [await-true hang-ms probe with-process]])
  (:import (java.io File)
           (java.lang ProcessHandle)
           (java.net URL URLClassLoader)
           (java.nio.file CopyOption Files Path StandardCopyOption)
           (parallel.process ClassPath Signals ThisProcess)))

(use-fixtures :each support/nothing-left)

(deftest a-process-is-known-by-pid-and-start
  (let [pid (ThisProcess/pid), start (ThisProcess/startMs)]
    (is (= (.pid (ProcessHandle/current)) pid))
    (is (pos? start))
    (is (= start (ThisProcess/startMs pid)))
    (is (ThisProcess/isAlive pid start))
    (is (ThisProcess/isAlive pid 0) "an unknown start fits any")
    (is (not (ThisProcess/isAlive pid (inc start))) "the pid was used again")
    (is (not (ThisProcess/isAlive 999999999 0)))
    (is (= 0 (ThisProcess/startMs 999999999)))))

(deftest parent-and-child-read-the-same-start
  (with-process [process (probe ["tell"])]
    (let [start (ThisProcess/startMs (.pid process))
          lines (support/all-lines (.stdout process))]
      (is (some #{(str "start " start)} lines))
      (is (.awaitExit process hang-ms))
      (is (not (ThisProcess/isAlive (.pid process) start))))))

(deftest a-process-that-nobody-has-reaped-is-not-alive
  (testing "a shell that never waits leaves a zombie"
    (let [process (support/shell "true & echo $!; exec sleep 60")]
      (try
        (let [pid (parse-long (support/first-line (.getInputStream process)))]
          (is (await-true #(not (ThisProcess/isAlive pid 0)))))
        (finally
          (support/end-shell process))))))

(deftest a-name-with-blanks-and-brackets-does-not-mislead
  (let [^Path odd (.resolve ^Path support/*directory* "a) Z 1 (b")]
    (Files/copy (Path/of "/bin/sleep" (make-array String 0)) odd
                ^"[Ljava.nio.file.CopyOption;" (into-array CopyOption [StandardCopyOption/COPY_ATTRIBUTES]))
    (let [process (.start (ProcessBuilder. ^java.util.List [(str odd) "60"]))
          pid     (.pid process)]
      (try
        (is (ThisProcess/isAlive pid (ThisProcess/startMs pid)))
        (is (<= (ThisProcess/startMs) (ThisProcess/startMs pid)))
        (finally
          (support/end-shell process))))))

(deftest an-interrupted-thread-can-ask
  (.interrupt (Thread/currentThread))
  (let [alive (ThisProcess/isAlive (ThisProcess/pid) (ThisProcess/startMs))
        kept  (Thread/interrupted)]
    (is (true? alive))
    (is (true? kept) "the flag stays")))

(deftest signals-have-names
  (is (= "KILL" (.get (Signals/nameOf 137))))
  (is (= "TERM" (.get (Signals/nameOf 143))))
  (is (= "SEGV" (.get (Signals/nameOf 139))))
  (is (= "ABRT" (.get (Signals/nameOf 134))))
  (is (= "HUP" (.get (Signals/nameOf 129))))
  (is (= "SYS" (.get (Signals/nameOf 159))))
  (is (every? #(.isEmpty (Signals/nameOf %)) [0 1 127 128 160 -1 255])))

(deftest the-java-command-is-that-of-this-jvm
  (let [java (.javaCommand (support/base))]
    (is (.canExecute (File. java)))
    (is (str/starts-with? java (System/getProperty "java.home")))))

(deftest class-paths-are-absolute-and-each-entry-stands-once
  (let [here (System/getProperty "user.dir")]
    (is (= [(str here "/a") "/b" here (str here "/lib/*")]
           (ClassPath/absolute ["a:/b" "" "/b" "lib/*" "a"]))))
  (is (every? #(.isAbsolute (File. ^String %)) (ClassPath/current)))
  (testing "class loaders of the calling thread count, parents first"
    (let [thread (Thread/currentThread)
          before (.getContextClassLoader thread)
          outer  (URLClassLoader. (into-array URL [(URL. "file:/x/a.jar")]) before)]
      (try
        (.setContextClassLoader thread
                                (URLClassLoader. (into-array URL [(URL. "file:/x/b%20c.jar")
                                                                  (URL. "jar:file:/x/a.jar!/b.jar")])
                                                 outer))
        (is (= ["/x/a.jar" "/x/b c.jar"] (take-last 2 (ClassPath/current))))
        (finally
          (.setContextClassLoader thread before))))))
