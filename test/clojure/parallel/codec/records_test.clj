(ns parallel.codec.records-test
  (:require [clojure.test :refer [deftest is testing]]
            [parallel.codec.support :refer [bytes-of refusal round-trip value-of]]
            [parallel.codec.records]
            [parallel.codec.unloaded-a :as a]))

(defn- renamed
  "The same bytes with another name of the same length in them."
  [b from to]
  (byte-array (map unchecked-byte
                   (.getBytes (.replace (String. ^bytes b "ISO-8859-1") ^String from ^String to) "ISO-8859-1"))))

(deftest the-namespace-of-a-record-is-required-when-one-arrives
  (let [r (value-of (renamed (bytes-of [(a/->Late 1)]) "unloaded_a" "unloaded_b"))]
    (is (= "parallel.codec.unloaded_b.Late" (.getName (class (first r)))))
    (is (= 1 (:x (first r))))
    (is (some? (find-ns 'parallel.codec.unloaded-b)))))

(deftest the-namespace-of-an-order-is-required-when-one-arrives
  (let [s (value-of (renamed (bytes-of (sorted-set-by a/order 2 1)) "unloaded-a/" "unloaded-b/"))]
    (is (= [1 2] (seq s)))
    (is (identical? @(resolve 'parallel.codec.unloaded-b/order) (.comparator ^clojure.lang.Sorted s)))))

(deftest a-record-that-is-nowhere-is-refused-with-its-name
  (let [e (refusal #(value-of (renamed (bytes-of (a/->Late 1)) "unloaded_a" "unloaded_z")))]
    (is (= "parallel.codec.unloaded_z.Late" (.className e))))
  (is (refusal #(value-of (renamed (bytes-of (sorted-set-by a/order 2 1)) "unloaded-a/" "unloaded-z/"))))
  (is (refusal #(value-of (renamed (bytes-of (sorted-set-by a/order 2 1)) "unloaded-a/order" "unloaded-a/orde_")))))

(deftest a-record-defined-again-arrives-as-the-latest-definition
  (let [evaluate #(binding [*ns* (create-ns 'parallel.codec.records-test.scratch)] (refer-clojure) (eval %))]
    (try
      (let [one (evaluate '(do (defrecord Again [x]) (->Again 1)))
            old-bytes (bytes-of one)]
        (is (identical? (class one) (class (value-of old-bytes))))
        (let [two (evaluate '(do (defrecord Again [x]) (->Again 1)))]
          (is (not (identical? (class one) (class two))))
          (is (identical? (class two) (class (value-of old-bytes)))))
        (evaluate '(defrecord Again [y x]))
        (is (re-find #"has other fields" (.getMessage (refusal #(value-of old-bytes))))))
      (finally (remove-ns 'parallel.codec.records-test.scratch)))))

(deftest records-of-many-classes-in-one-message-stay-apart
  (let [v (vec (mapcat #(vector (a/->Late %) (parallel.codec.records/->Point % %) (parallel.codec.records/->Bare))
                       (range 50)))]
    (is (= v (round-trip v)))
    (is (= (map class v) (map class (round-trip v))))))
