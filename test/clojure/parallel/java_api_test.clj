(ns ^:jvm parallel.java-api-test
  "The Java API, used by a Java program without Clojure on its class path."
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is]])
  (:import [java.util.concurrent TimeUnit]))

(def ^:private without-clojure
  (->> (str/split (System/getProperty "java.class.path") (re-pattern java.io.File/pathSeparator))
       (filter #(re-find #"agrona|classes" %))
       (str/join java.io.File/pathSeparator)))

(defn- run-program [program & arguments]
  (let [out (java.io.File/createTempFile "program" ".txt")
        process (-> (ProcessBuilder. ^java.util.List (into [(str (System/getProperty "java.home") "/bin/java")
                                                            "-XX:-UsePerfData" "-cp" without-clojure
                                                            (str "parallel.example." program)]
                                                           arguments))
                    (.redirectErrorStream true)
                    (.redirectOutput out)
                    .start)]
    (try
      (when-not (.waitFor process 250 TimeUnit/SECONDS)
        (.destroyForcibly process))
      {:exit (.waitFor process) :lines (str/split-lines (slurp out))}
      (finally
        (.delete out)))))

(deftest a-java-program-without-clojure-runs-class-and-lambda-workers
  (let [{:keys [exit lines]} (run-program "Program")]
    (is (= 0 exit) (str/join "\n" lines))
    (is (= "all hold" (last lines)) (str/join "\n" lines))
    (is (some #(re-matches #"<parallel#\d{3}> bare" %) lines))))

(deftest the-same-with-workers-that-are-threads
  (let [{:keys [exit lines]} (run-program "Program" "thread")]
    (is (= [0 "all hold"] [exit (last lines)]) (str/join "\n" lines))))

(deftest arrays-and-locks-are-shared-without-clojure
  (let [{:keys [exit lines]} (run-program "SharedProgram")]
    (is (= [0 "all hold"] [exit (last lines)]) (str/join "\n" lines))))

(deftest a-pool-in-a-java-program-without-clojure
  (doseq [arguments [[] ["thread"]]]
    (let [{:keys [exit lines]} (apply run-program "Pooled" arguments)]
      (is (= [0 "all hold"] [exit (last lines)]) (str/join "\n" lines)))))
