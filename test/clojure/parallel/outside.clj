(ns parallel.outside
  "What tests of the project as a whole share: commands that run as a person runs them, in directories of their own."
  (:require [clojure.java.io :as io])
  (:import [java.io File]
           [java.lang ProcessHandle]
           [java.nio.file Files]
           [java.nio.file.attribute FileAttribute]
           [java.util.concurrent TimeUnit]))

(def ^:private command-deadline-s 240)
(def ^:private end-deadline-s 10)

(def java-home
  "The JDK of these tests, which is that of the commands, too."
  (System/getProperty "java.home"))

(defn- end-process
  "Ends a process and all that it started."
  [^Process process]
  (run! #(.destroyForcibly ^ProcessHandle %) (iterator-seq (.iterator (.descendants process))))
  (.destroyForcibly process)
  (.waitFor process end-deadline-s TimeUnit/SECONDS))

(defn sh
  "Runs a command in a directory until it ends: {:exit :out}, where :out is what it printed to both streams. One that
  takes too long is ended with all that it started, and its :exit is :took-too-long."
  [directory environment & command]
  (let [out     (File/createTempFile "said" ".txt" (doto (io/file "target") .mkdirs))
        builder (doto (ProcessBuilder. ^java.util.List (mapv str command))
                  (.directory (io/file directory))
                  (.redirectErrorStream true)
                  (.redirectOutput out)
                  (-> .environment (.putAll (merge {"PARALLEL_CACHE" "off", "JAVA_HOME" java-home} environment))))
        process (.start builder)]
    (try
      (let [in-time? (.waitFor process command-deadline-s TimeUnit/SECONDS)]
        {:exit (if in-time? (.exitValue process) :took-too-long), :out (slurp out)})
      (finally
        (end-process process)
        (.delete out)))))

(defn scratch-directory
  "A new directory below target/, absolute."
  ^File [prefix]
  (let [target (.toPath (doto (.getAbsoluteFile (io/file "target")) .mkdirs))]
    (.toFile (Files/createTempDirectory target prefix (make-array FileAttribute 0)))))

(defn delete-tree
  "Deletes a directory and all that is in it; there must be no link to another directory in it."
  [^File tree]
  (run! #(.delete ^File %) (reverse (file-seq tree))))

(defmacro with-directory
  "Evaluates the body with a new directory below target/, which is removed afterwards."
  [[directory prefix] & body]
  `(let [~directory (scratch-directory ~prefix)]
     (try ~@body
          (finally (delete-tree ~directory)))))
