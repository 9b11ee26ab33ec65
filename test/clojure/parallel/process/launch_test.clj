(ns ^:jvm parallel.process.launch-test
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing use-fixtures]]
            [parallel.process.support :as support :refer [*directory* hang-ms probe start with-process]])
  (:import (java.nio.file Files Path)
           (java.nio.file.attribute FileAttribute PosixFilePermissions)
           (java.util Optional)
           (parallel.process Base Launch Launch$Builder LaunchException Signals ThisProcess)))

(use-fixtures :each support/nothing-left)

(defn- facts
  "What Probe tells about how it was started: kind -> vector of facts."
  [launch]
  (with-process [process launch]
    (let [lines (support/all-lines (.stdout process))]
      (is (= "end" (last lines)) (support/all-lines (.stderr process)))
      (reduce (fn [facts line]
                (let [[kind fact] (str/split line #" " 2)]
                  (update facts kind (fnil conj []) fact)))
              {"ours" [(.command process) (.pid process)]}
              lines))))

(def ^:private awkward
  ["plain" "" "two words" "a\"quote" "it's" "back\\slash" "C:\\new\\table" "# no comment" "@none" "a\nnewline"
   "tab\tstop"
   "$HOME" "`id`" "-Dafter=main" "*"])

(deftest arguments-arrive-as-they-were-and-never-on-the-command-line
  (let [facts (facts (probe (into ["tell"] awkward)
                            (fn [^Launch$Builder b] (.jvmOpts b ["-Dsecret=pass word" "-Xss2m"]) (.maxHeap b "64m"))))]
    (is (= (map #(str/replace % "\n" "<newline>") awkward) (get facts "argument")))
    (is (some #{"-Dsecret=pass word"} (get facts "flag")))
    (is (some #{"-Xmx64m"} (get facts "flag")))
    (testing "the process list shows a file of ours and nothing else"
      (is (re-matches #"\S+/java @/proc/\d+/fd/\d+ " (first (get facts "command-line")))))
    (testing "the command is told in full for errors"
      (is (= (into ["parallel.process.Probe" "tell"] awkward)
             (take-last (+ 2 (count awkward)) (first (get facts "ours"))))))
    (testing "the pid is that of the JVM itself"
      (is (= (str (second (get facts "ours"))) (first (get facts "pid")))))
    (testing "a process and its parent agree on when it was started"
      (is (re-matches #"\d+" (first (get facts "start")))))
    (is (= [] (support/files-in *directory*)) "no file is left while it runs")))

(deftest a-class-path-with-awkward-names-loads
  (let [names   ["with space" "it's \"quoted\"" "back\\slash" "#hash" "grün" "wild"]
        entries (mapv #(str *directory* "/" %) names)]
    (run! #(Files/createDirectory (Path/of % (make-array String 0)) (make-array FileAttribute 0)) entries)
    (io/copy (io/file (some #(when (str/ends-with? % ".jar") %) (support/class-path)))
             (io/file (last entries) "some.jar"))
    (let [given (-> (vec (butlast entries)) (conj (str (last entries) "/*")) (into (support/class-path)))
          facts (facts (probe ["tell"] (fn [^Launch$Builder b] (.base b (support/base given)))))
          paths (str/split (first (get facts "class-path")) #":")]
      (is (= (map #(str *directory* "/" %) (butlast names)) (take 5 paths)))
      (is (= (str *directory* "/wild/some.jar") (nth paths 5)) "the wildcard is expanded by the launcher"))))

;; ---- what it is started from

(deftest everything-that-a-launch-has-of-a-jvm-is-its-bases
  (let [from   (fn [^Base base] (probe ["tell"] (fn [^Launch$Builder b] (.base b base))))
        base   (Base. ["/a" "/b"] "/no/jdk" "1.2.3" ["-ea:x.y"] (Optional/empty))
        e      (is (thrown? LaunchException (start (from base))))
        words  (.command ^LaunchException e)]
    (is (= "/no/jdk/bin/java" (first words)))
    (is (some #{"-ea:x.y"} words))
    (is (= "/a:/b" (second (drop-while #(not= "-cp" %) words))))
    (testing "another base is another launch"
      (is (= (.fingerprint (from base)) (.fingerprint (from base))))
      (is (= 4 (count (set (map #(.fingerprint ^Launch (from %))
                                [base
                                 (Base. ["/b" "/a"] "/no/jdk" "1.2.3" ["-ea:x.y"] (Optional/empty))
                                 (Base. ["/a" "/b"] "/other" "1.2.3" ["-ea:x.y"] (Optional/empty))
                                 (Base. ["/a" "/b"] "/no/jdk" "1.2.3" [] (Optional/empty))]))))))
    (testing "without one there is none"
      (is (thrown? IllegalStateException (.build (.mainClass (Launch/builder) "Main")))))))

(deftest relative-class-path-entries-survive-another-directory
  (let [facts (facts (probe ["tell"] (fn [^Launch$Builder b]
                                       (.directory b *directory*)
                                       (.base b (support/base (into ["some/where" ""] (support/class-path)))))))
        here  (System/getProperty "user.dir")]
    (is (= (str *directory*) (first (get facts "directory"))))
    (is (= [(str here "/some/where") here] (take 2 (str/split (first (get facts "class-path")) #":"))))))

(deftest a-class-path-of-a-megabyte-is-no-problem
  (let [long-path (mapv #(str "/nowhere/" (apply str (repeat 100 "x")) "/" %) (range 10000))
        facts     (facts (probe ["tell"] (fn [^Launch$Builder b]
                                           (.base b (support/base (into long-path (support/class-path)))))))]
    (is (< 1000000 (count (first (get facts "class-path")))))))

(deftest the-environment-is-inherited-but-for-what-would-change-the-jvm
  (let [facts (facts (probe ["tell"] (fn [^Launch$Builder b] (.environment b {"ADDED" "ä=b" "HOME" nil
                                                                            "JAVA_TOOL_OPTIONS" "-Dfrom.user=yes"}))))
        env   (set (get facts "env"))]
    (is (some #(str/starts-with? % "PATH=") env))
    (is (contains? env "ADDED=ä=b"))
    (is (not-any? #(str/starts-with? % "HOME=") env))
    (is (not-any? #(re-find #"^(CLASSPATH|JDK_JAVA_OPTIONS|_JAVA_OPTIONS)=" %) env))
    (is (contains? env "JAVA_TOOL_OPTIONS=-Dfrom.user=yes") "what the user sets is set")
    (is (some #{"-Dfrom.user=yes"} (get facts "flag")))))

(deftest flags-for-loading-code-are-inherited-and-others-are-not
  (let [facts (facts (probe ["tell"] (fn [^Launch$Builder b]
                                       (.jvmOpts b
                                                 ["-Dmine=1" "--add-opens=java.base/java.lang=ALL-UNNAMED" "-ea:a.b..."
                                                  "-Xmx65m" "--enable-native-access=ALL-UNNAMED" "-verbose:gc"
                                                  "--add-reads=no.such.module=ALL-UNNAMED" "-Xlog:disable"]))))]
    (is (some #{"--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED"} (get facts "flag")) "ours, for Agrona")
    (is (= ["--add-opens=java.base/java.lang=ALL-UNNAMED" "-ea:a.b..." "--enable-native-access=ALL-UNNAMED"]
           (remove (set (ThisProcess/inheritedJvmFlags)) (get facts "inherits")))
        "ours are not inherited again at each generation, nor what names a module that is none of the JDK")))

(deftest the-users-options-win-and-may-name-argument-files
  (spit (str *directory* "/more") "-Dfrom.file=yes -Xmx70m")
  (let [facts (facts (probe ["tell" "@/none"]
                            (fn [^Launch$Builder b] (.maxHeap b "64m")
                              (.jvmOpts b ["-Dfirst=1" (str "@" *directory* "/more") "-XX:+UsePerfData" "-Dlast=1"]))))
        flags (get facts "flag")]
    (is (= ["-Xmx64m" "-Xmx70m"] (filter #(str/starts-with? % "-Xmx") flags)) "the later one wins")
    (is (= "-XX:+UsePerfData" (last (filter #(str/ends-with? % "UsePerfData") flags))))
    (is (= ["-Dfirst=1" "-Dfrom.file=yes" "-Dlast=1"] (filter #(re-find #"^-D(first|from|last)" %) flags)))
    (is (= ["@/none"] (get facts "argument")))
    (Files/delete (.resolve *directory* "more"))))

(deftest libraries-added-later-are-on-the-class-path-of-workers
  (let [facts   (facts (probe ["tell"]))
        current (get facts "current")]
    (is (= (str/split (first (get facts "class-path")) #":") (drop-last 2 current)))
    (is (= ["/added/a.jar" "/added later/b.jar"] (take-last 2 current)) "parents first, files only")))

(defn- refusal
  "The sentence with which the launch is refused."
  [& options]
  (try
    (support/kill (start (apply probe ["tell"] options)))
    nil
    (catch LaunchException e
      (ex-message e))))

(deftest what-is-missing-is-said-in-a-sentence-of-its-own
  (let [file (spit (str *directory* "/java") "#!/bin/sh\n")
        here (str *directory*)
        sentence (fn [command] (refusal (fn [^Launch$Builder b] (.javaCommand b command))))]
    (is (nil? file))
    (is (= "There is no file /no/such/java (the java command)." (sentence "/no/such/java")))
    (is (= (str here " (the java command) is a directory, not an executable file.") (sentence here)))
    (when-not (Files/isExecutable (.resolve *directory* "java"))
      (is (= (str here "/java (the java command) is not executable for this user.") (sentence (str here "/java")))))
    (is (str/starts-with? (sentence "no-such-java") "There is no executable file no-such-java in PATH ("))
    (is (= (str "There is no file " (System/getProperty "user.dir") "/no/java (the java command).")
           (sentence "no/java")))
    (is (= "The java command is empty." (sentence " ")))
    (is (= (str "The worker's directory " here "/none does not exist.")
           (refusal (fn [^Launch$Builder b] (.directory b (.resolve *directory* "none"))))))
    (is (= (str "The worker's directory " here "/java is not a directory.")
           (refusal (fn [^Launch$Builder b] (.directory b (.resolve *directory* "java"))))))
    (is (= "\"A=B\" cannot be the name of an environment variable."
           (refusal (fn [^Launch$Builder b] (.environment b {"A=B" "c"})))))
    (is (= "An option of the worker has a NUL character in it."
           (refusal (fn [^Launch$Builder b] (.jvmOpts b ["-Da=\u0000"])))))
    (Files/delete (.resolve *directory* "java"))
    (is (= [] (support/files-in *directory*)) "nothing is left of a launch that failed")))

(deftest a-launch-without-a-scratch-directory-says-so
  (let [e (is (thrown? LaunchException (.start (probe ["tell"]) (.resolve *directory* "gone"))))]
    (is (str/includes? (ex-message e) "arguments could not be written"))
    (is (= "tell" (last (.command ^LaunchException e))))))

(deftest java-is-found-in-path
  (let [java (Path/of (.javaCommand (support/base)) (make-array String 0))]
    (with-process [process (probe ["echo"] (fn [^Launch$Builder b]
                                             (.javaCommand b "java")
                                             (.environment b {"PATH" (str "/no:" (.getParent java))})))]
      (is (= (str java) (first (.command process)))))))

(deftest a-program-that-is-no-java-ends-with-what-the-shell-says
  (let [script (.resolve *directory* "java")]
    (spit (str script) "#!/no/such/interpreter\n")
    (Files/setPosixFilePermissions script (PosixFilePermissions/fromString "rwx------"))
    (with-process [process (probe ["tell"] (fn [^Launch$Builder b] (.javaCommand b (str script))))]
      (is (.awaitExit process hang-ms))
      (is (#{126 127} (.exitCode process)))
      (is (seq (first (support/all-lines (.stderr process))))))
    (Files/delete script)))

(deftest standard-input-is-the-workers-own
  (with-process [process (probe ["echo"])]
    (doto (.stdin process) (.write (.getBytes "secret\nrest")) (.close))
    (is (= ["secret" "rest"] (support/all-lines (.stdout process))))
    (is (.awaitExit process hang-ms))
    (is (= 0 (.exitCode process)))))

(deftest terminate-and-kill-reach-the-jvm-itself
  (testing "SIGTERM ends it"
    (with-process [process (probe ["wait"])]
      (is (= "ready" (support/first-line (.stdout process))))
      (is (not (.awaitExit process 0)))
      (is (.isAlive process))
      (.terminate process)
      (is (.awaitExit process hang-ms))
      (is (= 143 (.exitCode process)))
      (is (= "TERM" (.get (Signals/nameOf (.exitCode process)))))))
  (testing "SIGTERM runs what the worker asked for"
    (with-process [process (probe ["terminate"])]
      (let [out (io/reader (.stdout process))]
        (is (= "ready" (support/within-deadline (.readLine out))))
        (.terminate process)
        (is (= "terminated" (support/within-deadline (.readLine out))))
        (is (.awaitExit process hang-ms))
        (is (= 7 (.exitCode process))))))
  (testing "SIGKILL"
    (with-process [process (probe ["wait"])]
      (.kill process)
      (is (.awaitExit process hang-ms))
      (is (= "KILL" (.get (Signals/nameOf (.exitCode process)))))
      (.kill process)
      (.terminate process))))

(defn- signal [^long pid signal]
  (is (zero? (.waitFor (.start (ProcessBuilder. ^java.util.List ["kill" (str "-" signal) (str pid)]))))))

(deftest ctrl-c-goes-past-a-worker
  (with-process [process (probe ["echo"])]
    (.write (.stdin process) (.getBytes "one\n"))
    (.flush (.stdin process))
    (let [out (io/reader (.stdout process))]
      (is (= "one" (support/within-deadline (.readLine out))))
      (signal (.pid process) "INT")
      (.write (.stdin process) (.getBytes "two\n"))
      (.flush (.stdin process))
      (is (= "two" (support/within-deadline (.readLine out)))))))

(deftest a-crash-leaves-a-log-that-is-found-and-no-core
  (with-process [process (probe ["wait"] (fn [^Launch$Builder b] (.directory b *directory*)))]
    (is (= "ready" (support/first-line (.stdout process))))
    (is (.isEmpty (.crashLog process)))
    (signal (.pid process) "SEGV")
    (is (.awaitExit process hang-ms))
    (is (= "ABRT" (.get (Signals/nameOf (.exitCode process)))))
    (is (= (.resolve *directory* (str "hs_err_pid" (.pid process) ".log")) (.get (.crashLog process))))
    (is (= 1 (count (support/files-in *directory*))))
    (Files/delete (.get (.crashLog process)))))

(deftest a-killed-worker-leaves-no-file-in-the-temp-directory
  (with-process [process (probe ["wait"])]
    (is (= "ready" (support/first-line (.stdout process))))
    (let [pid (str (.pid process))]
      (.kill process)
      (is (.awaitExit process hang-ms))
      (is (not-any? #(= pid (.getName ^java.io.File %))
                    (file-seq (io/file (System/getProperty "java.io.tmpdir")
                                       (str "hsperfdata_" (System/getProperty "user.name")))))))))

(deftest class-paths-that-nobody-can-read-make-a-start-that-says-so
  (with-process [process (probe ["tell"] (fn [^Launch$Builder b] (.base b (support/base ["/no/such/place"]))))]
    (is (.awaitExit process hang-ms))
    (is (= 1 (.exitCode process)))
    (is (str/includes? (str/join (support/all-lines (.stderr process))) "parallel.process.Probe"))))

(deftest an-interrupted-thread-can-start-a-worker
  (.interrupt (Thread/currentThread))
  (let [process (start (probe ["echo"]))]
    (is (Thread/interrupted) "the flag stays")
    (.close (.stdin process))
    (is (.awaitExit process hang-ms))
    (is (= 0 (.exitCode process)))
    (.close process)))
