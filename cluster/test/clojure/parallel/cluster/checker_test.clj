(ns ^:once ^:jvm parallel.cluster.checker-test
  "The checker of bin/cluster-test sees what it is there for."
  (:require [clojure.test :refer [deftest is testing]]
            [parallel.cluster.faults.checker :as checker]
            [parallel.cluster.faults.history :as history])
  (:import [java.io File]
           [java.util Random]))

(defn- begun [n] {:kind "b" :n n :length 10 :crc n})
(defn- accepted [n] {:kind "s" :n n})
(defn- received [n] {:kind "r" :n n :length 10 :crc n})
(def ^:private error {:kind "e" :error {}})

(defn- sent [n] (vec (mapcat (juxt begun accepted) (range n))))
(defn- came [n] (mapv received (range n)))

(defn- problems [complete? sender receiver]
  (:problems (checker/direction complete? sender receiver)))

(deftest what-keeps-the-promise-has-no-problems
  (is (= [] (problems true (sent 3) (came 3))))
  (is (= [] (problems false (conj (sent 3) error) (conj (came 2) error error))))
  (is (= [] (problems false (conj (sent 3) (begun 3) error) (conj (came 4) error)))
      "a send that threw may have arrived")
  (is (= {:sent 3 :accepted 3 :received 2 :bytes 20}
         (dissoc (checker/direction false (sent 3) (came 2)) :problems))))

(deftest each-breach-of-the-promise-is-a-problem
  (doseq [[what complete? sender receiver]
          [["one is missing at the end" true (sent 3) (came 2)]
           ["one is missing in the middle" false (sent 3) [(received 0) (received 2)]]
           ["one came twice" false (sent 3) [(received 0) (received 1) (received 1)]]
           ["two have changed places" false (sent 3) [(received 1) (received 0)]]
           ["one that was never sent" false (sent 1) (came 2)]
           ["other bytes" false (sent 1) [(assoc (received 0) :crc 7)]]
           ["a part of one" false (sent 1) [(assoc (received 0) :length 7)]]
           ["a wrong checksum" true (sent 1) (conj (came 1) {:kind "x" :n 0})]
           ["one after the error" false (sent 3) [(received 0) error (received 1)]]
           ["a send after the error" false (conj (sent 1) error (begun 1) (accepted 1)) (came 1)]
           ["a send that does not return" true (conj (sent 1) (begun 1)) (came 2)]]]
    (testing what
      (is (seq (problems complete? sender receiver))))))

(deftest confirmed-bytes-are-those-that-were-not-received
  (is (= 20 (checker/unreceived-bytes (sent 5) 4 2)))
  (is (= 0 (checker/unreceived-bytes (sent 5) 2 4))))

(deftest a-message-says-whether-it-is-sound
  (let [noise (history/noise 1)]
    (doseq [length [8 9 1000 3000000]]
      (let [message (history/message noise 5 length 77)]
        (is (= [5 length true] [(history/number message) (count message) (history/sound? message)]))
        (aset-byte message (dec length) (unchecked-byte (inc (aget message (dec length)))))
        (is (not (history/sound? message)))))
    (let [random (Random. 1)
          small  (repeatedly 1000 #(history/small-length random))]
      (is (every? #(<= 8 % history/largest-small) small))
      (is (< 300 (count (filter #(< % 3000) small)) 700) "as many below the middle as above"))))

(deftest a-history-is-read-as-it-was-written
  (let [file (File/createTempFile "history" ".txt")]
    (try
      (let [note (history/writer file)]
        (note "b" 0 8 -5)
        (note "s" 0)
        (note "e" (pr-str {:parallel/error :host-lost})))
      (spit file "b 12" :append true)
      (is (= [["b" 0 8 -5 nil] ["s" 0 nil nil nil] ["e" nil nil nil {:parallel/error :host-lost}]]
             (map (juxt :kind :n :length :crc :error) (history/entries file)))
          "a line that was not finished is none")
      (spit file "b 12")
      (is (= [] (history/entries file)))
      (finally
        (.delete file)))))
