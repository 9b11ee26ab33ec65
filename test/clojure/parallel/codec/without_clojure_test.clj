(ns parallel.codec.without-clojure-test
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is]]
            [parallel.codec.support :refer [bytes-of]])
  (:import (java.io File)
           (java.nio.file Files)
           (java.nio.file.attribute FileAttribute)
           (java.util HexFormat)
           (java.util.concurrent TimeUnit)))

(defn- without-clojure []
  (->> (str/split (System/getProperty "java.class.path") (re-pattern File/pathSeparator))
       (filter #(and (seq %) (if (str/ends-with? % ".jar") (str/includes? % "agrona") (.isDirectory (io/file %)))))))

(defn- delete-all [^File dir]
  (run! #(.delete ^File %) (reverse (file-seq dir))))

(deftest a-jvm-without-clojure-reads-and-writes-what-java-has
  (let [dir (.toFile (Files/createTempDirectory "codec-test" (make-array FileAttribute 0)))
        services (io/file dir "META-INF" "services" "parallel.codec.Extension")]
    (try
      (io/make-parents services)
      (spit services "parallel.codec.WithoutClojure$OpaqueExtension\n")
      (let [java (str (System/getProperty "java.home") "/bin/java")
            class-path (str/join File/pathSeparator (cons (str dir) (without-clojure)))
            process (.start (doto (ProcessBuilder. ^java.util.List [java "-cp" class-path
                                                                    "parallel.codec.WithoutClojure"
                                                                    (.formatHex (HexFormat/of) (bytes-of {:a 1}))])
                              (.redirectErrorStream true)))
            output (future (slurp (.getInputStream process)))]
        (try
          (is (.waitFor process 60 TimeUnit/SECONDS))
          (is (= "fine\n" (deref output 10000 ::hang)))
          (is (= 0 (.exitValue process)))
          (finally (.destroyForcibly process))))
      (finally (delete-all dir)))))
