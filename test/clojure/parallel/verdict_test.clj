(ns parallel.verdict-test
  "How the end of a worker is judged: every combination of what can be known, against the table of the documents."
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is testing]])
  (:import [parallel.runtime Verdict Verdict$Evidence Verdict$LastWord]))

(def ^:private rows
  "Of doc/design/lifecycle.md: [verdict state] in order."
  (for [line  (str/split-lines (slurp "doc/design/lifecycle.md"))
        :let  [[_ verdict state] (re-matches #"\| ([A-Z_]+) \| .* \| (\w+) \| [^|]*\|" line)]
        :when verdict]
    [verdict state]))

(def ^:private holds
  "When each row holds, as the document says it."
  {"CORRUPT"      :corrupt
   "UNREAD"       :unread
   "START_FAILED" #(and (:start-failed %) (not (:stopping %)))
   "SAID_VALUE"   #(= :value (:last %))
   "SAID_ERROR"   #(= :error (:last %))
   "HOST_LOST"    :host-lost
   "LOST_EARLY"   #(and (:lost %) (not (:ready %)))
   "LOST"         :lost
   "ENDED_EARLY"  #(not (or (:ready %) (:stopping %)))
   "STOPPED_IDLE" :stopped-idle
   "DIED"         (constantly true)})

(def ^:private everything-that-can-be-known
  (for [corrupt [false true], unread [false true], start-failed [false true], last [:none :value :error]
        host-lost [false true], lost [false true], ready [false true], stopping [false true]
        stopped-idle [false true]]
    {:corrupt corrupt :unread unread :start-failed start-failed :last last :host-lost host-lost :lost lost :ready ready
     :stopping stopping :stopped-idle stopped-idle}))

(defn- verdict ^Verdict [{:keys [corrupt unread start-failed last host-lost lost ready stopping stopped-idle]}]
  (let [word (Verdict$LastWord/valueOf (str/upper-case (name last)))]
    (Verdict/of (Verdict$Evidence. corrupt unread start-failed word host-lost lost ready stopping stopped-idle))))

(deftest the-table-of-the-documents-has-every-verdict-in-order
  (is (= (map (fn [^Verdict v] [(.name v) (str/lower-case (str (.state v)))]) (Verdict/values)) rows)))

(deftest the-first-row-that-holds-is-the-verdict
  (doseq [known everything-that-can-be-known]
    (testing known
      (is (= (some (fn [[row _]] (when ((holds row) known) row)) rows)
             (.name (verdict known)))))))

(deftest every-verdict-is-reached
  (is (= (set (Verdict/values)) (set (map verdict everything-that-can-be-known)))))
