(ns ^:jvm parallel.start-cache-test
  "The start cache: made beside a session, used by the next worker, and never in the way. Each session here is a JVM of
  its own, with a cache of its own."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing use-fixtures]]
            [parallel.leftovers :as leftovers]
            [parallel.support :refer [await-true sampled thorough?]])
  (:import [java.io File]
           [java.lang ProcessBuilder ProcessHandle]
           [java.nio.file Files Path StandardCopyOption]
           [java.nio.file.attribute FileAttribute PosixFilePermissions]
           [java.util.concurrent TimeUnit]
           [parallel.process StartCache StartCache$Maker]))

(def ^:private ^:dynamic *home* "The directory of the caches, which is not there when a test begins." nil)

(defn- delete-tree [^File tree]
  (run! #(.delete ^File %) (reverse (file-seq tree))))

(defn- copy-tree [^File from ^File to]
  (doseq [^File file (file-seq from) :when (.isFile file)
          :let [copy (.resolve (.toPath to) (.relativize (.toPath from) (.toPath file)))]]
    (io/make-parents (.toFile copy))
    (Files/copy (.toPath file) copy ^"[Ljava.nio.file.CopyOption;" (into-array java.nio.file.CopyOption
                                                                               [StandardCopyOption/COPY_ATTRIBUTES]))))

(use-fixtures :once
  (fn [tests]
    (let [directory (.toFile (Files/createTempDirectory "start-cache" (make-array FileAttribute 0)))]
      (try
        (binding [*home* (io/file directory "home")] (tests))
        (finally (delete-tree directory))))))

(defn- await-makers
  "Waits until what a session had begun in the background has ended with it: it has low priority, and on a loaded
  machine it is up, and finds that its stdin has ended, only after a while."
  [before]
  (await-true #(every? before (leftovers/processes)) 100000))

(use-fixtures :each
  (fn [test]
    (let [before (leftovers/processes)]
      (try (test)
           (finally
             (await-makers before)
             (delete-tree *home*))))))

;; ---- sessions

(def ^:private own-class-path (System/getProperty "java.class.path"))

(defn- start
  "A JVM with the cache that runs Clojure's main."
  [{:keys [class-path cache] :or {class-path own-class-path}} & arguments]
  (let [builder (ProcessBuilder. ^java.util.List (into [(str (System/getProperty "java.home") "/bin/java")
                                                        "-XX:TieredStopAtLevel=1"
                                                        "-cp" class-path "clojure.main"] arguments))]
    (.put (.environment builder) "PARALLEL_CACHE" (or cache (str *home*)))
    (.start (.redirectErrorStream builder true))))

(defn- said
  "What the process prints until its end."
  [^Process process]
  (let [text (slurp (.getInputStream process))]
    (is (.waitFor process 60 TimeUnit/SECONDS))
    text))

(defn- fill [options]
  (is (= "" (said (start options "-m" "parallel.impl.start-cache")))))

(defn- fill-with-little
  "Has a cache in that directory filled with two files of a few bytes: how it locks, publishes and removes needs no
  JVM."
  [^File directory]
  (let [parameters        (into-array Class [Path java.util.List java.util.List])
        constructor       (doto (.getDeclaredConstructor StartCache parameters) (.setAccessible true))
        ^StartCache cache (.newInstance constructor (object-array [(.toPath directory) [] []]))]
    (.fill cache (reify StartCache$Maker
                   (make [_ scratch]
                     (doseq [place [(.jar cache) (.archive cache)]
                             :let [part (.resolve ^Path scratch "part")]]
                       (spit (str part) "little")
                       (.publish cache part place)))))))

(defn- fill-as-before
  "As fill, but made only once and copied after that: an archive is of the path it was made with, so it is in the same
  place."
  []
  (let [kept (io/file (.getParentFile ^File *home*) "kept")]
    (if (.exists kept)
      (do (copy-tree kept *home*)
          (Files/setPosixFilePermissions (.toPath ^File *home*) (PosixFilePermissions/fromString "rwx------")))
      (do (fill {})
          (copy-tree *home* kept)))))

(defn- session
  "The value of a worker's form, in a session of its own; nothing else may be printed."
  ([form] (session {} form))
  ([options form]
   (read-string (said (start options "-e" (pr-str '(require '[parallel.api :as parallel])
                                                  (list 'prn
                                                        (list 'deref (list 'parallel/run (:run options {})
                                                                           (list 'quote form))))))))))

(def ^:private facts
  "Of a worker: whether an archive gave it its classes, where its first class path entry is, and whether it can count."
  '{:archive (boolean (some #(re-find #"^-XX:SharedArchiveFile=" %)
                            (.getInputArguments (java.lang.management.ManagementFactory/getRuntimeMXBean))))
    :first   (first (.split (System/getProperty "java.class.path") java.io.File/pathSeparator))
    :sum     (reduce + (range 10))})

(defn- made
  "The files of that name in the caches that are there."
  [file-name]
  (filter #(= file-name (.getName ^File %)) (file-seq *home*)))

(defn- uses-no-cache? [facts]
  (and (= 45 (:sum facts)) (not (:archive facts)) (not (str/starts-with? (:first facts) (str *home*)))))

(defn- uses-cache? [facts]
  (and (= 45 (:sum facts)) (:archive facts) (str/starts-with? (:first facts) (str *home*))))

;; ---- what it does

(deftest a-session-makes-the-cache-and-its-next-worker-uses-it
  (let [process (start {} "-e" (pr-str '(require '[parallel.api :as parallel])
                                       (list 'prn (list 'deref (list 'parallel/run (list 'quote facts))))
                                       '(do (read-line) nil)
                                       (list 'prn (list 'deref (list 'parallel/run (list 'quote facts))))))
        lines   (line-seq (io/reader (.getInputStream process)))]
    (is (uses-no-cache? (read-string (first lines))))
    (is (await-true #(and (seq (made "start.jsa")) (empty? (made "scratch"))) 240000))
    (doto (.getOutputStream process) (.write (.getBytes "\n")) .flush)
    (is (uses-cache? (read-string (second lines))))
    (is (.waitFor process 60 TimeUnit/SECONDS))
    (is (= [] (made "failed")))
    (is (= "rwx------"
           (PosixFilePermissions/toString (Files/getPosixFilePermissions (.toPath ^File *home*)
                                                                         (make-array java.nio.file.LinkOption 0)))))))

(deftest what-a-worker-loads-comes-from-the-archive
  (fill-as-before)
  (let [log   (io/file *home* "loaded.txt")
        _     (session {:run {:jvm-opts [(str "-Xlog:class+load:file=" log)]}} '(+ 1 2))
        lines (str/split-lines (slurp log))
        ours  (filter #(re-find #" parallel\.| clojure\." %) lines)]
    (is (< 1000 (count ours)))
    (testing "but for what is made when it runs"
      (is (> 50 (count (remove #(str/includes? % "shared objects file") ours)))))))

(deftest every-namespace-that-a-worker-may-load-is-compiled
  (fill-as-before)
  (with-open [jar (java.util.jar.JarFile. ^File (first (made "start.jar")))]
    (let [compiled? #(.getEntry jar (str % "__init.class"))
          ours      (for [^File file (file-seq (io/file "src/clojure")) :when (str/ends-with? (.getName file) ".clj")]
                      (str/replace (subs (str file) (count "src/clojure/")) #"\.clj$" ""))]
      (is (= #{"parallel/impl/start_cache" "parallel/nrepl"} (set (remove compiled? ours)))))))

(deftest workers-of-workers-use-it-too
  (fill-as-before)
  (is (uses-cache? (session (list 'deref (list 'parallel/run (list 'quote facts)))))))

(deftest ^:once ^:slow a-worker-with-a-class-path-or-a-java-of-its-own-does-without
  (fill-as-before)
  (is (uses-no-cache? (session {:run {:java (str (System/getProperty "java.home") "/bin/java")}} facts)))
  (is (uses-no-cache? (session {:run {:classpath own-class-path}} facts))))

;; ---- what it must not do

(deftest ^:once ^:slow a-broken-cache-is-passed-over-in-silence
  (doseq [[[how broken] file-name]
          (sampled 3
                   {"shorter" (fn [^java.io.RandomAccessFile f] (.setLength f (quot (.length f) 2)))
                    "empty"   (fn [^java.io.RandomAccessFile f] (.setLength f 0))
                    "garbage" (fn [^java.io.RandomAccessFile f]
                                (.seek f (quot (.length f) 2))
                                (.write f (byte-array 10000 (byte 77))))}
                   ["start.jar" "start.jsa"])]
    (testing (str file-name " is " how)
      (fill-as-before)
      (let [^File file (first (made file-name))]
        (.setWritable file true)
        (with-open [f (java.io.RandomAccessFile. file "rw")]
          (broken f)))
      (let [found (session facts)]
        (is (= 45 (:sum found)))
        (is (not (:archive found)))
        (delete-tree *home*)))))

(deftest ^:once ^:slow a-broken-cache-is-made-again
  (fill-as-before)
  (doseq [file-name (if (thorough?) ["start.jsa" "start.jar"] ["start.jsa"])]     ; the archive alone is made sooner
    (let [^File file (first (made file-name))]
      (.setWritable file true)
      (spit file "")
      (fill {})
      (is (uses-cache? (session facts))))))

(deftest ^:once ^:slow a-directory-into-which-others-can-write-is-not-used
  (fill-as-before)
  (Files/setPosixFilePermissions (.toPath ^File *home*) (PosixFilePermissions/fromString "rwxrwxrwx"))
  (is (uses-no-cache? (session facts))))

(deftest ^:once ^:slow it-can-be-switched-off
  (is (uses-no-cache? (session {:cache "off"} facts)))
  (fill {:cache "off"})
  (is (not (.exists ^File *home*))))

(deftest ^:once ^:slow where-it-cannot-be-written-workers-start-without
  (is (uses-no-cache? (session {:cache "/proc/parallel"} facts))))

(deftest ^:once ^:slow changed-code-is-run-as-it-is-now
  (let [sources (io/file (.getParentFile ^File *home*) "sources")
        path    (str/replace own-class-path #"[^:]*src/clojure" (str sources))
        options {:class-path path}
        print   (io/file sources "parallel/impl/print.clj")]
    (copy-tree (io/file "src/clojure") sources)
    (fill options)
    (is (uses-cache? (session options facts)))
    (spit print "\n(def changed 1)\n" :append true)
    (is (= [1 false] (session options '[@(resolve 'parallel.impl.print/changed)
                                        (boolean (some #(re-find #"^-XX:SharedArchiveFile=" %)
                                                       (.getInputArguments
                                                        (java.lang.management.ManagementFactory/getRuntimeMXBean))))])))
    (when (thorough?)
      (fill options)
      (is (uses-cache? (session options facts)))
      (is (= 1 (session options '@(resolve 'parallel.impl.print/changed)))))))

(deftest ^:once ^:slow a-file-that-stands-before-Clojures-own-is-not-hidden
  (let [patches (io/file (.getParentFile ^File *home*) "patches")
        patch   (io/file patches "clojure/set.clj")
        options {:class-path (str patches File/pathSeparator own-class-path)}]
    (io/make-parents patch)
    (spit patch "(ns clojure.set) (defn union [& _] :patched)")
    (fill options)
    (is (= [] (made "start.jar")))
    (is (= :patched (session options '(do (require 'clojure.set) (clojure.set/union)))))))

;; ---- several at once, and the end

(deftest ^:once ^:slow several-sessions-make-it-once
  (let [all (doall (repeatedly 3 #(start {} "-m" "parallel.impl.start-cache")))]
    (is (= ["" "" ""] (map said all)))
    (is (= [1 1] (map (comp count made) ["start.jar" "start.jsa"])))
    (is (uses-cache? (session facts)))))

(deftest ^:once ^:slow one-that-is-killed-while-it-makes-it-leaves-no-process-and-the-next-makes-it
  (let [process  (start {} "-e" (pr-str '(require '[parallel.api :as parallel]) '@(parallel/run '(+ 1 2)) '(read-line)))
        children #(iterator-seq (.iterator (.descendants (.toHandle process))))]
    (is (await-true #(seq (made "scratch"))))
    (let [seen (children)]
      (is (seq seen))
      (.destroyForcibly process)
      (is (await-true #(not-any? (fn [^ProcessHandle h] (.isAlive h)) seen) 20000))))
  (if (thorough?)
    (do (fill {})
        (is (uses-cache? (session facts))))
    (do (is (= 3 (session {:cache "off" :run {:in :thread}} '(+ 1 2))) "it removes the directory of the killed one")
        (fill-with-little (.getParentFile ^File (first (made "scratch"))))
        (is (= [1 1] (map (comp count made) ["start.jar" "start.jsa"])))))
  (is (= [] (made "scratch"))))

(deftest ^:once ^:slow a-program-that-ends-while-it-is-made-leaves-no-directory
  (fill-as-before)
  (.delete ^File (first (made "start.jsa")))    ; what is left to make needs a worker, in a session of its own
  (let [process (start {} "-e" (pr-str '(require '[parallel.api :as parallel]) '@(parallel/run '(+ 1 2)) '(read-line)))
        below   #(into #{} (map (fn [^ProcessHandle h] (.pid h)))
                       (iterator-seq (.iterator (.descendants (.toHandle process)))))
        of      (fn [pids]
                  (for [^File file (.listFiles (io/file "/dev/shm"))
                        :let [[_ pid] (re-matches #"parallel-\d+-(\d+)-.*" (.getName file))]
                        :when (and pid (contains? pids (parse-long pid)))]
                    (.getName file)))
        pids    (await-true #(let [pids (below)] (when (seq (of pids)) pids)) 120000)]
    (is pids)
    (.close (.getOutputStream process))
    (is (.waitFor process 60 TimeUnit/SECONDS))
    (is (= [] (of pids)))))

(deftest ^:once ^:slow old-caches-are-removed
  (let [old   (for [i (range 20)] (io/file *home* (format "%032x" i)))
        month (- (System/currentTimeMillis) (* 31 24 3600 1000))]
    (when (thorough?)
      (fill-as-before)
      (.delete ^File (first (made "start.jsa"))))
    (let [now (if (thorough?)
                (.getParentFile ^File (first (made "start.jar")))
                (io/file *home* (format "%032x" 99)))]
      (doseq [^File directory old]
        (.mkdirs directory))
      (.setLastModified ^File (first old) month)
      (if (thorough?)
        (fill {})
        (fill-with-little now))
      (is (= 16 (count (filter #(.isDirectory ^File %) (.listFiles ^File *home*)))))
      (is (not (.exists ^File (first old))))
      (is (.exists now))
      (is (= 1 (count (made "start.jsa")))))))
