(ns parallel.transport.support
  "Real mapped files and sockets for the tests of the transport room, and the proof that a test leaves none."
  (:require [clojure.string :as str]
            [clojure.test :refer [is]])
  (:import (java.nio.file Files LinkOption Path)
           (java.nio.file.attribute FileAttribute)
           (java.util.concurrent.locks LockSupport)
           (parallel.transport Bytes Bytes$Arrived Ends MessageChannel MessageChannel$Sent)))

(def ^:dynamic ^Path *directory* "An empty directory of the running test, in memory where there is such a place." nil)

(def hang-s "Longer than anything here takes on a loaded machine." 60)

(defn deadline
  "The moment so many ms from now, for the transport."
  (^long [] (deadline (* 1000 hang-s)))
  (^long [ms] (+ (System/nanoTime) (* 1000000 (long ms)))))

(def forever Long/MAX_VALUE)

(defn await-true
  "Looks until `f` says something true, and returns that; nil after `hang-s`."
  [f]
  (let [end (deadline)]
    (loop []
      (or (f)
          (when (neg? (- (System/nanoTime) end))
            (LockSupport/parkNanos 200000)
            (recur))))))

(defmacro in-thread
  "Evaluates `body` in a thread of its own; a promise-like future of the value."
  [& body]
  `(future ~@body))

(defn value
  "What a future gives within the deadline; a failed test and ::hang otherwise."
  [f]
  (let [v (deref f (* 1000 hang-s) ::hang)]
    (is (not= ::hang v) "within the deadline")
    (when (= ::hang v)
      (future-cancel f))
    v))

(defn- lines-with [word path]
  (filter #(str/includes? % word)
          (str/split-lines (String. (Files/readAllBytes (Path/of path (make-array String 0)))))))

(defn mappings
  "The lines of this JVM's memory map that name the directory of the test."
  []
  (lines-with (str *directory*) "/proc/self/maps"))

(defn- link [path]
  (try (str (Files/readSymbolicLink path))
       (catch java.io.IOException _ "")))

(defn descriptors
  "What this JVM's file descriptors lead to."
  []
  (with-open [all (Files/newDirectoryStream (Path/of "/proc/self/fd" (make-array String 0)))]
    (mapv link all)))

(defn- sockets-and-selectors []
  (count (filter #(re-find #"^socket:|eventpoll|eventfd" %) (descriptors))))

(defn- files []
  (vec (.list (.toFile *directory*))))

(defn- directory ^Path []
  (let [memory (java.io.File. "/dev/shm")
        base   (if (.isDirectory memory) memory (java.io.File. (System/getProperty "java.io.tmpdir")))]
    (.toRealPath (Files/createTempDirectory (.toPath base) "parallel-transport-test-" (make-array FileAttribute 0))
                 (make-array LinkOption 0))))

(defn- delete-tree [^Path tree]
  (doseq [file (reverse (file-seq (.toFile tree)))]
    (Files/deleteIfExists (.toPath ^java.io.File file))))

(def ^:private what-the-jdk-keeps
  "The first socket of a JVM opens some descriptors for good."
  (delay (let [tree (directory)]
           (try (.close (Ends/open tree 8192))
                (finally (delete-tree tree))))))

(defn nothing-left
  "A fixture: the test gets an empty directory and must leave no file, mapping or descriptor."
  [test]
  @what-the-jdk-keeps
  (let [before (sockets-and-selectors)]
    (binding [*directory* (directory)]
      (try
        (test)
        (finally
          (is (= [] (files)) "no file is left")
          (is (= [] (mappings)) "no mapping is left")
          (is (await-true #(not-any? (fn [d] (str/includes? d (str *directory*))) (descriptors)))
              "no file is left open")
          (is (await-true #(<= (sockets-and-selectors) before)) "no socket and no selector is left open")
          (delete-tree *directory*))))))

(defn ends
  "Two ends over rings of so many bytes; close them."
  (^Ends [] (ends 65536))
  (^Ends [ring-bytes] (Ends/open *directory* (int ring-bytes)))
  (^Ends [ring-bytes inbox-bytes] (Ends/open *directory* (int ring-bytes) (long inbox-bytes))))

(defn send!
  "Sends the pattern of a seed; what became of it, as a keyword."
  ([channel seed size] (send! channel seed size (deadline)))
  ([^MessageChannel channel seed size end]
   (keyword (str (.send channel (Bytes/pattern (int seed) (long size)) (long end))))))

(defn try-send! [^MessageChannel channel seed size]
  (keyword (str (.trySend channel (Bytes/pattern (int seed) (long size))))))

(defn receive!
  "The next message, nil after the deadline."
  (^Bytes$Arrived [channel] (receive! channel (deadline)))
  (^Bytes$Arrived [^MessageChannel channel end] (.receive channel (Bytes/checking) (long end))))

(defn try-receive! ^Bytes$Arrived [^MessageChannel channel]
  (.tryReceive channel (Bytes/checking)))

(defn pattern?
  "Is the message the pattern of the seed, of that size?"
  [^Bytes$Arrived message seed size]
  (and (some? message) (= size (.count message)) (= -1 (.wrongAt message (int seed)))))

(defn await-blocked
  "Waits until so many threads block at the end."
  [channel n]
  (is (await-true #(= n (Ends/blocked channel))) (str n " threads block")))
