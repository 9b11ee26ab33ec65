(ns ^:jit parallel.state-machine-test
  "Random sequences of API calls, each checked against a model (parallel.state-machine.machine). The seed is new in each
  run; the environment variable PARALLEL_SEED sets it."
  (:require [clojure.test :refer [deftest is]]
            [clojure.test.check :as check]
            [clojure.test.check.properties :as properties]
            [parallel.state-machine.machine :as machine]
            [parallel.support :refer [thorough?]]))

(defn- seed []
  (if-let [given (System/getenv "PARALLEL_SEED")] (parse-long given) (System/currentTimeMillis)))

(defn- holds [n in commands]
  (let [wrong    (atom {})      ; it may depend on the moment: what was seen is kept
        result   (check/quick-check n (properties/for-all [commands commands]
                                        (let [w (machine/wrong in commands)]
                                          (when w (swap! wrong assoc commands w))
                                          (nil? w)))
                                    :seed (seed))
        smallest (get-in result [:shrunk :smallest 0])]
    (is (:pass? result)
        (str "PARALLEL_SEED=" (:seed result) "\nsmallest: " (pr-str smallest) "\nwrong: "
             (pr-str (get @wrong smallest))))))

(deftest ^{:deadline-s 600} workers-that-are-threads-do-what-the-model-allows
  (holds (if (thorough?) 1000 300) :thread (machine/sequences 30 3)))

(deftest ^:jvm ^:elsewhere ^{:deadline-s 900} workers-that-are-processes-do-what-the-model-allows
  (holds (if (thorough?) 60 20) :process (machine/sequences 30 3)))
