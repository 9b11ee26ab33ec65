(ns parallel.process.support
  "Real processes for the tests of the process room, and the proof that a test leaves none."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [is]])
  (:import (java.io InputStream)
           (java.lang ProcessHandle)
           (java.nio.file Files LinkOption Path)
           (java.nio.file.attribute FileAttribute)
           (java.util Optional)
           (java.util.concurrent TimeUnit)
           (parallel.process Base ClassPath Launch Launch$Builder LaunchedProcess)))

(def ^:dynamic ^Path *directory* "An empty directory of the running test." nil)

(def hang-ms "Longer than anything here takes on a loaded machine." 20000)

(defn await-true
  "Looks until `f` says something true, and returns that; nil after `hang-ms`."
  [f]
  (let [deadline (+ (System/nanoTime) (* 1000000 (long hang-ms)))]
    (loop []
      (or (f)
          (when (neg? (- (System/nanoTime) deadline))
            (java.util.concurrent.locks.LockSupport/parkNanos 2000000)
            (recur))))))

(defmacro within-deadline
  "The value of `body`, evaluated in another thread; fails the test when that takes longer than `hang-ms`."
  [& body]
  `(let [work# (future ~@body)
         value# (deref work# hang-ms ::hang)]
     (when (= ::hang value#)
       (future-cancel work#))
     (is (not= ::hang value#) "within the deadline")
     value#))

(defn- threads [pattern]
  (into #{}
        (filter #(re-find pattern (.getName ^Thread %)))
        (keys (Thread/getAllStackTraces))))

(defn- our-threads [] (threads #"^parallel-(stdout|stderr)-"))

(defn no-delivery-left
  "A fixture for a namespace: the threads that write to sinks, idle for a second, are gone."
  [tests]
  (let [before (threads #"^parallel-output-")]
    (tests)
    (is (await-true #(empty? (remove before (threads #"^parallel-output-")))) "no thread that delivers is left")))

(defn- our-children []
  (set (iterator-seq (.iterator (.children (ProcessHandle/current))))))

(defn delete-tree [^Path tree]
  (doseq [file (reverse (file-seq (.toFile tree)))]
    (Files/deleteIfExists (.toPath ^java.io.File file))))

(defn- short-directory
  "A new directory with a short path, as sockets are to lie below it."
  ^Path []
  (Files/createDirectory (Path/of (System/getProperty "java.io.tmpdir")
                                  (into-array [(str "p" (Long/toString (bit-and (System/nanoTime) 0xffffffffff) 36))]))
                         (make-array FileAttribute 0)))

(defn nothing-left
  "A fixture: the test gets an empty directory and must leave no thread and no process."
  [test]
  (let [threads   (our-threads)
        children  (our-children)
        directory (short-directory)]
    (binding [*directory* (.toRealPath directory (make-array LinkOption 0))]
      (try
        (test)
        (finally
          (is (await-true #(empty? (remove threads (our-threads)))) "no thread is left")
          (is (await-true #(empty? (remove children (our-children)))) "no process is left")
          (delete-tree directory))))))

(defn class-path [] (vec (ClassPath/current)))

(defn base
  "What this JVM has, or that with another class path."
  (^Base [] (base (class-path)))
  (^Base [entries] (Base/ofThisJvm entries (Optional/empty))))

(defn probe
  "A launch of the fixture Probe with `words`; `options` are calls on the builder."
  ^Launch [words & options]
  (let [builder (-> (Launch/builder)
                    (.base (base))
                    (.mainClass "parallel.process.Probe")
                    (.arguments words))]
    (doseq [option options]
      (option builder))
    (.build ^Launch$Builder builder)))

(defn start ^LaunchedProcess [^Launch launch]
  (.start launch *directory*))

(defn kill [^LaunchedProcess process]
  (.kill process)
  (.awaitExit process hang-ms)
  (.close process))

(defmacro with-process
  "Binds a started process, kills it in the end."
  [[name launch] & body]
  `(let [~(with-meta name {:tag `LaunchedProcess}) (start ~launch)]
     (try ~@body (finally (kill ~name)))))

(defn first-line [^InputStream in]
  (within-deadline (.readLine (io/reader in :encoding "UTF-8"))))

(defn all-lines [^InputStream in]
  (within-deadline (str/split-lines (slurp in :encoding "UTF-8"))))

(defn files-in [^Path directory]
  (vec (.list (.toFile directory))))

(defn shell
  "A plain process of a shell script."
  ^Process [script & words]
  (.start (ProcessBuilder. ^java.util.List (into ["/bin/sh" "-c" script "sh"] words))))

(defn end-shell [^Process process]
  (.destroyForcibly process)
  (.waitFor process hang-ms TimeUnit/MILLISECONDS))
