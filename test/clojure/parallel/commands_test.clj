(ns ^:once parallel.commands-test
  "The commands of bin/, run as a person runs them; most in a small project of their own below target/."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing use-fixtures]]
            [parallel.coordinates :as coordinates])
  (:import [java.io File]
           [java.lang ProcessBuilder$Redirect]
           [java.net Socket]
           [java.nio.file CopyOption Files LinkOption Path StandardCopyOption]
           [java.nio.file.attribute FileAttribute]
           [java.util.concurrent TimeUnit]))

(def ^:private top (.getCanonicalFile (io/file ".")))
(def ^:private command-deadline-s 240)

(def ^:private ^:dynamic *scratch*
  "A directory for the tests of this namespace."
  nil)

(def ^:private ^:dynamic *path*
  "A PATH on which there is no Clojure CLI, so that bin/clojure's own ways are tested wherever the tests run."
  nil)

;; --- Running commands

(defn- delete-tree [^File file]
  (when (and (.isDirectory file) (not (Files/isSymbolicLink (.toPath file))))
    (run! delete-tree (.listFiles file)))
  (Files/deleteIfExists (.toPath file)))

(defn- scratch-dir ^File [prefix]
  (.toFile (Files/createTempDirectory (.toPath ^File *scratch*) prefix (make-array FileAttribute 0))))

(defn- path-without
  "A PATH of one directory of links: to every command on ours except those named."
  [left-out]
  (let [directory (.toPath (scratch-dir "path"))]
    (doseq [from    (str/split (System/getenv "PATH") #":")
            ^File command (.listFiles (io/file from))
            :let [link (.resolve directory (.getName command))]
            :when (not (or (left-out (.getName command)) (Files/exists link (into-array [LinkOption/NOFOLLOW_LINKS]))))]
      (Files/createSymbolicLink link (.toPath (.getAbsoluteFile command)) (make-array FileAttribute 0)))
    (str directory)))

(defn- start
  "Starts a command with its output in files. Options: :dir, :env, :in (text for stdin)."
  [{:keys [dir env in]} command]
  (let [out (scratch-dir "run")
        builder (ProcessBuilder. ^java.util.List (mapv str command))
        input (io/file out "in")]
    (spit input (or in ""))
    (doto (.environment builder) (.put "PATH" *path*) (.put "PARALLEL_CACHE" "off") (.putAll (or env {})))
    {:out (io/file out "out")
     :err (io/file out "err")
     :process (.start (doto builder
                        (.directory (io/file (or dir top)))
                        (.redirectInput ^File input)
                        (.redirectOutput (ProcessBuilder$Redirect/to (io/file out "out")))
                        (.redirectError (ProcessBuilder$Redirect/to (io/file out "err")))))}))

(defn- finish
  "Waits for a command: {:out :err :exit}."
  [{:keys [^Process process out err]}]
  (when-not (.waitFor process command-deadline-s TimeUnit/SECONDS)
    (.destroyForcibly process))
  {:out (slurp out) :err (slurp err) :exit (.waitFor process)})

(defn- sh [options & command]
  (finish (start options command)))

(defn- bin
  "A command of the project in a directory."
  [directory command]
  (str (io/file directory "bin" command)))

(defn- clojure
  "Runs the project's own bin/clojure."
  [& arguments]
  (apply sh {} (bin top "clojure") arguments))

(defn- value
  "The last line of what a command printed, read."
  [{:keys [out err exit]}]
  (is (zero? exit) err)
  (some-> (last (str/split-lines out)) not-empty read-string))

;; --- A small project

(def ^:private tiny-java
  "package parallel; public final class Tiny { private Tiny() { } public static int number() { return %d; } }\n")

(def ^:private tiny-api
  "(ns parallel.api) (defn id [] (parallel.Tiny/number)) (defn exec-me [m] (prn m))\n")

(defn- write [directory path text]
  (let [file (io/file directory path)]
    (io/make-parents file)
    (spit file text)))

(defn- copy-tree [from to]
  (doseq [^File file (file-seq (io/file top from)), :when (.isFile file)]
    (let [target (.resolve (.toPath (io/file to)) (.relativize (.toPath ^File top) (.toPath file)))]
      (Files/createDirectories (.getParent ^Path target) (make-array FileAttribute 0))
      (Files/copy (.toPath file) ^Path target
                  ^"[Ljava.nio.file.CopyOption;" (into-array CopyOption [StandardCopyOption/COPY_ATTRIBUTES])))))

(defn- tiny-project
  "This project's commands and deps.edn around a library of one class and one namespace. `parallel.api/id` is 1."
  ^File []
  (doto (scratch-dir "project")
    (->> (copy-tree "bin"))
    (->> (copy-tree "deps.edn"))
    (write "dev/parallel/prompt.clj" (slurp "dev/parallel/prompt.clj"))
    (write "src/java/parallel/Tiny.java" (format tiny-java 1))
    (write "src/clojure/parallel/api.clj" tiny-api)
    (write "src/clojure/parallel/impl/definitions.clj"
           "(ns parallel.impl.definitions) (defn evaluate [eval form] (eval form))\n")
    (write "src/clojure/parallel/nrepl.clj" "(ns parallel.nrepl) (defn middleware [handler] handler)\n")))

(def ^:private ^:dynamic *tiny*
  "A small project that tests share: making its class path takes seconds."
  nil)

(defn- tiny
  "Runs a command in the small project."
  [options & command]
  (apply sh (merge {:dir *tiny*} options) command))

(defn- set-tiny-java [text]
  (write *tiny* "src/java/parallel/Tiny.java" text))

(defn- tiny-id
  "What `parallel.api/id` is in the small project, compiled if need be."
  []
  (value (tiny {} "bin/clojure" "-e" "(require 'parallel.api) (parallel.api/id)")))

(use-fixtures :once
  (fn [f]
    (let [scratch (.toFile (Files/createTempDirectory (.toPath (doto (io/file top "target") .mkdirs)) "commands-test"
                                                      (make-array FileAttribute 0)))]
      (try
        (binding [*scratch* scratch]
          (binding [*path* (path-without #{"clojure" "clj"}), *tiny* (tiny-project)]
            (f)))
        (finally (delete-tree scratch))))))

(use-fixtures :each
  (fn [f]
    (set-tiny-java (format tiny-java 1))
    (f)))

;; --- The class path

(deftest the-class-path-is-alone-on-stdout-and-works-from-anywhere
  (let [{:keys [out exit]} (clojure "-Spath")
        [path & more] (str/split-lines out)]
    (is (zero? exit))
    (is (empty? more))
    (is (every? #(.isAbsolute (io/file %)) (str/split path #":")))
    (is (= {:exit 0, :out "0\n", :err ""}
           (sh {:dir "/"} (str (System/getProperty "java.home") "/bin/java") "-cp" path
               "clojure.main" "-e" "(require 'parallel.api) (parallel.api/id)")))))

(deftest a-second-call-runs-neither-java-nor-maven
  (let [traps (scratch-dir "traps")]
    (doseq [trap ["bin/java" "bin/mvn"]]
      (write traps trap "#!/bin/sh\necho called >&2\nexit 9\n")
      (.setExecutable (io/file traps trap) true))
    (let [first-time  (tiny {} "bin/clojure" "-Spath")
          trapped     {:env {"JAVA_HOME" (str traps), "PATH" (str traps "/bin:" *path*)}}]
      (is (= 0 (:exit first-time)) (:err first-time))
      (is (= {:exit 0, :out (:out first-time), :err ""} (tiny trapped "bin/clojure" "-Spath")))
      (testing "but other dependencies are another class path"
        (is (not= 0 (:exit (tiny trapped "bin/clojure" "-Sdeps" "{:paths [\"elsewhere\"]}" "-Spath"))))))))

(deftest a-directory-without-deps-has-the-library
  (is (= 1
         (value (sh {:dir (scratch-dir "empty")} (bin *tiny* "clojure") "-e"
                    "(require 'parallel.api) (parallel.api/id)")))))

(deftest without-the-CLI-and-Maven-the-error-names-both
  (let [{:keys [exit out err]} (tiny {:env {"PATH" (path-without #{"clojure" "clj" "mvn"}),
                                            "XDG_CACHE_HOME" (str (scratch-dir "cache"))}}
                                     "bin/clojure" "-Spath")]
    (is (= [1 ""] [exit out]))
    (is (re-find #"Neither the Clojure CLI \(clojure\) nor Maven \(mvn\) is installed" err))))

(deftest a-missing-java-is-named
  (is (re-find #"JAVA_HOME is /nowhere, but there is no /nowhere/bin/java"
               (:err (sh {:env {"JAVA_HOME" "/nowhere"}} (bin top "clojure") "-e" "1")))))

(deftest an-installed-CLI-is-used
  (tiny-id)                                                 ; compiled: the stand-in below resolves nothing
  (let [cli  (scratch-dir "cli")
        env  {"PATH" (str cli ":" *path*)}
        fake (str "#!/bin/sh\n# make-classpath2\n"
                  "case $* in *-Spath*) echo src/clojure:/abs.jar ;; *) for a; do echo \"[$a]\"; done ;; esac\n")]
    (write cli "clojure" fake)
    (.setExecutable (io/file cli "clojure") true)
    (is (= "[-M:x]\n[a b]\n[]\n" (:out (tiny {:env env} "bin/clojure" "-M:x" "a b" ""))))
    (testing "and its class path becomes absolute"
      (is (= (str (io/file *tiny* "src/clojure") ":/abs.jar")
             (str/trim (:out (tiny {:env env} "bin/clojure" "-Spath"))))))
    (testing "a clojure that is none does not count"
      (spit (io/file cli "clojure") "#!/bin/sh\nexec java -cp x clojure.main \"$@\"\n")
      (is (= 3 (value (tiny {:env env} "bin/clojure" "-e" "(+ 1 2)")))))))

;; --- The arguments

(deftest expressions-scripts-and-mains-run
  (let [script (io/file (scratch-dir "script") "a script.clj")]
    (spit script "(prn *command-line-args*)")
    (is (= 3 (value (clojure "-e" "(+ 1 2)"))))
    (is (= ["a" "b c"] (value (clojure script "a" "b c"))))
    (is (= ["x"] (value (sh {:in "(prn *command-line-args*)"} (bin top "clojure") "-" "x"))))
    (is (= "hello" (value (clojure "-J-Dgreeting=hello" "-M" "-e" "(System/getProperty \"greeting\")"))))))

(deftest an-exit-code-is-passed-on
  (is (= 7 (:exit (clojure "-e" "(System/exit 7)")))))

(deftest main-options-and-JVM-options-of-an-alias-are-used
  (let [script (io/file (scratch-dir "script") "a script.clj")
        deps   (pr-str {:aliases {:hi {:jvm-opts ["-Dtwo.words=b c"], :main-opts [(str script)]}}})]
    (spit script "(prn [(System/getProperty \"two.words\") *command-line-args*])")
    (is (= ["b c" ["x"]] (value (clojure "-Sdeps" deps "-M:hi" "x"))))))

(deftest X-calls-a-function-of-a-map
  (let [deps    (pr-str {:aliases {:go {:exec-fn 'parallel.api/exec-me, :exec-args {:a 1, :b 2}
                                        :ns-default 'parallel.api}}})
        run     (fn [& arguments] (apply tiny {:in "{:from :stdin}"} "bin/clojure" "-Sdeps" deps "-X:go" arguments))]
    (is (= {:a 1, :b 3, :c {:d "x"}, :e 5} (value (run ":b" "3" "[:c :d]" "\"x\"" "{:e 5}"))))
    (is (= {:a 1, :b 2, :from :stdin} (value (run "exec-me" "-"))))
    (is (= [1 "Key is missing a value: :k\n"] ((juxt :exit :err) (run ":k"))))
    (is (= [1 "There is no function parallel.api/nope\n"] ((juxt :exit :err) (run "nope"))))))

(deftest wrong-options-are-refused-with-a-sentence
  (doseq [[arguments message] {["-A"] #"-A needs an alias"
                               ["-Mfoo"] #"-Mfoo: aliases are keywords, e.g. -M:dev"
                               ["-Sdeps"] #"-Sdeps needs a value"
                               ["-Snonsense"] #"-Snonsense is not supported without the installed Clojure CLI"
                               ["-R:x"] #"no longer an option"
                               ["-Sdeps" "{" "-Spath"] #"EOF while reading"}]
    (let [{:keys [exit out err]} (apply clojure arguments)]
      (is (= [1 ""] [exit out]) (pr-str arguments))
      (is (re-find message err)))))

;; --- The Java

(deftest Java-is-compiled-when-a-source-has-changed
  (write *tiny* "src/java/parallel/Other.java" "package parallel; class Other { }\n")
  (is (= 1 (tiny-id)))
  (is (.exists (io/file *tiny* "target/classes/parallel/Other.class")))
  (testing "the class of a source that is gone goes too"
    (.delete (io/file *tiny* "src/java/parallel/Other.java"))
    (set-tiny-java (format tiny-java 2))
    (is (= 2 (tiny-id)))
    (is (not (.exists (io/file *tiny* "target/classes/parallel/Other.class")))))
  (testing "what does not compile, be it for a warning, is an error each time, and leaves the classes"
    (doseq [[text message] {"package parallel; class Tiny { int x = \"\"; }\n" #"Tiny.java:1: error"
                            "package parallel; class Tiny { java.util.List x = null; }\n" #"\[rawtypes\]"}]
      (set-tiny-java text)
      (let [{:keys [exit out err]} (tiny {} "bin/clojure" "-Spath")]
        (is (= [1 ""] [exit out]))
        (is (re-find message err))))
    (is (= 1 (:exit (tiny {} "bin/clojure" "-Spath"))))
    (is (.exists (io/file *tiny* "target/classes/parallel/Tiny.class")))))

(deftest calls-at-the-same-time-compile-once-and-all-succeed
  (set-tiny-java (format tiny-java 5))
  (let [all (mapv (fn [_] (start {:dir *tiny*} ["bin/clojure" "-e" "(require 'parallel.api) (parallel.api/id)"]))
                  (range 3))]
    (is (= [5 5 5] (mapv (comp value finish) all))))
  (is (= ["classes" "classes.fingerprint" "classes.lock"]
         (sort (remove #{"anywhere.edn"} (.list (io/file *tiny* "target")))))))

;; --- The jar

(deftest ^:slow ^{:deadline-s 300} the-jar-alone-is-enough-for-a-consumer
  (let [project (scratch-dir "whole")]
    (doseq [part ["bin" "src" "resources" "cluster/src" "cluster/resources" "deps.edn" "build.clj" "LICENSE"]]
      (copy-tree part project))
    (let [{:keys [exit out err]} (sh {:dir project} "bin/clojure" "-T:build" "jar")
          jar (io/file project (first (filter #(re-find #"/parallel-\d" %) (str/split-lines out))))
          in-jar (with-open [zip (java.util.zip.ZipFile. jar)] (set (map str (enumeration-seq (.entries zip)))))]
      (is (zero? exit) err)
      (is (every? in-jar ["parallel/Parallel.class" "parallel/Parallel.java" "parallel/api.clj" "META-INF/LICENSE"
                          (str "META-INF/maven/" coordinates/lib "/pom.xml")]))
      (write project "consumer/deps.edn" (pr-str {:deps {coordinates/lib {:local/root (str jar)}}}))
      (is (= 42 (value (sh {:dir (io/file project "consumer")} (bin top "clojure") "-e"
                           "(require '[parallel.api :as parallel]) (parallel/join (parallel/run '(* 6 7)))")))))))

;; --- The prompt

(defn- eval-over-nrepl
  "Everything that the server answers to one evaluation, as bencode text."
  [port code]
  (with-open [socket (Socket. "127.0.0.1" (int port))]
    (.setSoTimeout socket 60000)
    (let [out (.getOutputStream socket)
          in  (.getInputStream socket)]
      (.write out (.getBytes (str "d4:code" (count code) ":" code "2:op4:evale")))
      (.flush out)
      (loop [text ""]
        (let [c (.read in)]
          (if (or (neg? c) (str/includes? text "4:done"))
            text
            (recur (str text (char c)))))))))

(defn- await-file [^File file]
  (let [deadline (+ (System/nanoTime) (* command-deadline-s 1000000000))]
    (while (and (not (and (.exists file) (pos? (.length file)))) (neg? (- (System/nanoTime) deadline)))
      (Thread/sleep 20))
    (slurp file)))

(deftest the-prompt-is-an-nREPL-server-with-the-library
  (let [server (start {:dir *tiny*} ["bin/repl"])]
    (try
      (let [port (parse-long (str/trim (await-file (io/file *tiny* ".nrepl-port"))))]
        (is (str/includes? (eval-over-nrepl port "[(str *ns*) (parallel/id)]") "[\"user\" 1]")))
      (finally
        (.destroy ^Process (:process server))
        (finish server)))
    (is (not (.exists (io/file *tiny* ".nrepl-port"))))))

(deftest the-plain-prompt-has-the-library
  (is (re-find #"(?m)^user=> 1$" (:out (tiny {:in "(parallel/id)"} "bin/repl" "--plain")))))
