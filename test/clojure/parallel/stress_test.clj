(ns ^:once parallel.stress-test
  "The stress tests below test/stress, in a JVM of their own: jcstress is on no other class path."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is]])
  (:import [java.io File]
           [java.util.concurrent TimeUnit]))

(def ^:private deadline-s 550)

(defn- stress
  "Runs bin/stress: {:out text :exit code}."
  [& arguments]
  (let [out     (File/createTempFile "stress" ".txt" (doto (io/file "target") .mkdirs))
        command ^java.util.List (into ["bin/stress"] arguments)
        builder (doto (ProcessBuilder. command)
                  (.redirectErrorStream true)
                  (.redirectOutput out))
        _       (.put (.environment builder) "JAVA_HOME" (System/getProperty "java.home"))
        process (.start builder)]
    (try
      (when-not (.waitFor process deadline-s TimeUnit/SECONDS)
        (.destroy process))
      (let [code (.waitFor process)]
        {:out (slurp out) :exit code})
      (finally (.delete out)))))

(deftest ^:slow ^{:deadline-s 600} no-forbidden-order-is-seen
  (let [{:keys [out exit]} (stress "--quick")]
    (is (and (zero? exit) (re-find #"(?m)^[1-9]\d* runs of stress tests passed\.$" out))
        (str/join "\n" (take-last 100 (str/split-lines out))))))

(deftest ^:slow a-selection-without-a-test-is-a-failure
  (let [{:keys [out exit]} (stress "--quick" "--only" "NoSuchTest")]
    (is (= 1 exit))
    (is (str/includes? out "no test ran"))))
