(ns ^:jvm parallel.build-test
  "The Java compiles on the JDK that the tests run on. Not only once: each JDK's compiler has warnings of its own."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is]])
  (:import [java.io File]
           [java.nio.file Files]
           [java.nio.file.attribute FileAttribute]
           [java.util.concurrent TimeUnit]))

(def ^:private compiler-deadline-s 100)

(defn- java
  "Runs this JVM's java: [exit-code, what it printed to both streams]."
  [^File directory & arguments]
  (let [said    (io/file directory "said")
        process (-> (ProcessBuilder. ^java.util.List (into [(str (System/getProperty "java.home") "/bin/java")]
                                                           (map str) arguments))
                    (.redirectErrorStream true)
                    (.redirectOutput said)
                    .start)]
    (when-not (.waitFor process compiler-deadline-s TimeUnit/SECONDS)
      (.destroyForcibly process))
    [(.waitFor process) (slurp said)]))

(deftest the-Java-compiles-without-a-warning
  (let [scratch (.toFile (Files/createTempDirectory (.toPath (doto (io/file "target") .mkdirs)) "build-test"
                                                    (make-array FileAttribute 0)))
        jars    (str/join File/pathSeparator
                          (filter #(str/ends-with? % ".jar") (str/split (System/getProperty "java.class.path") #":")))]
    (try
      (is (= [0 ""]
             (java scratch "bin/lib/CompileJava.java" "src/java" (io/file scratch "classes") jars "fingerprint")))
      (is (.exists (io/file scratch "classes/parallel/Parallel.class")))
      (finally
        (run! #(.delete ^File %) (reverse (file-seq scratch)))))))
