(ns ^:once ^:jvm parallel.cluster.session-test
  "The session of the guide, word for word, with its workers on a host."
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is use-fixtures]]
            [parallel.cluster.on-host :refer [closing-hosts with-host]]
            [parallel.documents-test :as documents]))

(use-fixtures :each closing-hosts)

(def ^:private calls
  "What a call of the session is when it says where its workers are."
  {"(parallel/run "   "(parallel/run {:in \"here\"} "
   "(parallel/fork "  "(parallel/fork {:in \"here\"} "
   "(parallel/spawn " "(parallel/spawn-on {:in \"here\"} "
   "(pool/pmap "      "(pool/pmap {:pool (pool/pool {:in \"here\"} 2)} "})

(defn- before-shared-arrays
  "Without the part that is of this machine alone: an array in shared memory."
  [session]
  (let [[kept & cut] (str/split session #"(?=\n\(def xs \(shared/)")]
    (is (= 1 (count cut)))
    kept))

(deftest ^{:deadline-s 600} the-session-of-the-guide-works-on-a-host
  (let [session (before-shared-arrays documents/session)
        there   (reduce-kv str/replace session calls)]
    (is (every? #(str/includes? session %) (keys calls)))
    (with-host {}
      (documents/check there 3))))
