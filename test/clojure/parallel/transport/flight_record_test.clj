(ns parallel.transport.flight-record-test
  "The ring of records in a pair file: what is read was written so, and what is open stays."
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is testing use-fixtures]]
            [parallel.transport.support :refer [in-thread nothing-left value *directory*]])
  (:import [java.nio.file Path]
           [java.util.concurrent.atomic AtomicBoolean]
           [parallel.transport FlightRecord FlightRecord$Entry FlightRecord$Name PairFile StatusPage]))

(use-fixtures :each nothing-left)

(set! *warn-on-reflection* true)

(defn- create ^PairFile []
  (PairFile/create *directory* 8192 42 1000))

(defn- record-of ^FlightRecord [^PairFile pair]
  (.record (.status pair)))

(defn- name-of ^FlightRecord$Name [text]
  (FlightRecord$Name. text))

(defn- read-all [^FlightRecord record]
  (mapv (fn [^FlightRecord$Entry e] [(.kind e) (.name e) (.index e) (.fromNs e) (.toNs e) (.outcome e)])
        (.entries record)))

(deftest what-is-opened-and-closed-is-read-by-another-process-and-after-the-end
  (let [pair   (create)
        writer (record-of pair)
        form   (.open writer 1 (name-of "form") -1 10)
        task   (.open writer 3 (name-of "task") 7 20)
        wanted [[1 "form" -1 10 10 0] [3 "task" 7 20 30 2]]]
    (.close writer task 2 30)
    (with-open [page (StatusPage/map (Path/of (.handOn pair) (make-array String 0)))]
      (is (= wanted (read-all (.record page)))))
    (.close pair)
    (is (= wanted (read-all writer)) "kept")
    (testing "then nothing is written any more"
      (.close writer form 1 40)
      (is (= FlightRecord/NONE (.open writer 1 (name-of "late") -1 50)))
      (is (= wanted (read-all writer))))))

(deftest a-name-is-one-line-of-32-bytes-cut-between-characters
  (with-open [pair (create)]
    (doseq [[text wanted] [["" ""]
                           [nil ""]
                           ["  (let [x 1]\n    x)" "(let [x 1] x)"]
                           [(str/join (repeat 32 "a")) (str/join (repeat 32 "a"))]
                           [(str/join (repeat 33 "a")) (str (str/join (repeat 29 "a")) "...")]
                           [(str/join (repeat 20 "\u00e9")) (str (str/join (repeat 14 "\u00e9")) "...")]
                           [(str/join (repeat 9000 "\ud83d\ude00")) (str (str/join (repeat 7 "\ud83d\ude00")) "...")]]]
      (let [writer (record-of pair)]
        (.add writer 1 (name-of text) 1 2 1)
        (is (= wanted (second (peek (read-all writer)))))
        (is (every? #(= 1 (first %)) (read-all writer)))))))

(deftest what-is-open-is-not-overwritten-and-the-rest-wraps
  (doseq [without-lock? [true false]]
    (with-open [pair (create)]
      (let [writer (record-of pair)]
        (value (in-thread
                 (.evaluates writer without-lock?)
                 (let [open (.open writer 1 (name-of "open") -1 0)]
                   (dotimes [i 5000]
                     (.close writer (.open writer 4 (name-of "element") i (inc i)) 1 (+ 2 i)))
                   (let [read (read-all writer)]
                     (is (= [1 "open" -1 0 0 0] (first read)))
                     (is (= (range 4233 5000) (map #(nth % 2) (rest read)))))
                   (.close writer open 1 9000))))
        (testing "other threads have records of their own"
          (dotimes [i 1000]
            (.add writer 6 (name-of "wait") (+ 10000 i) (+ 10001 i) 1))
          (is (= {1 1, 4 767, 6 256} (frequencies (map first (read-all writer))))))))))

(deftest waits-of-a-millisecond-and-more-are-recorded
  (with-open [pair (create)]
    (let [writer (record-of pair)]
      (.waited writer "short" 5 1000004)
      (.waited writer "receive" 5 1000005)
      (is (= [[6 "receive" -1 5 1000005 1]] (read-all writer)))
      (is (= 6 (parallel.runtime.WorkRecord/number parallel.TimelineEntry$Kind/WAIT))))))

(deftest with-nothing-but-open-records-nothing-more-is-recorded
  (with-open [pair (create)]
    (let [writer (record-of pair)]
      (dotimes [_ 256]
        (is (not= FlightRecord/NONE (.open writer 1 (name-of "x") -1 1))))
      (is (= FlightRecord/NONE (.open writer 1 (name-of "x") -1 1)))
      (.close writer FlightRecord/NONE 1 2))))

(defn- torn
  "Those of the entries that are not as the writer writes them."
  [^FlightRecord reader]
  (remove (fn [^FlightRecord$Entry e]
            (let [i (.index e)]
              (and (= (.name e) (str "element " i)) (= i (.fromNs e)) (= 4 (.kind e))
                   (if (= 1 (.outcome e)) (= (* 2 i) (.toNs e)) (= 0 (.outcome e))))))
          (.entries reader)))

(deftest a-reader-beside-the-writer-never-reads-a-torn-record
  (with-open [pair (create)
              page (StatusPage/map (Path/of (.handOn pair) (make-array String 0)))]
    (let [ended   (AtomicBoolean.)
          writer  (record-of pair)
          names   (mapv #(name-of (str "element " %)) (range 2000))
          writing (in-thread
                    (.evaluates writer true)
                    (loop [n 0]
                      (when-not (.get ended)
                        (let [i (rem n 2000)]
                          (.close writer (.open writer 4 (names i) i i) 1 (* 2 i)))
                        (recur (inc n))))
                    :written)
          until   (+ (System/nanoTime) 1000000000)
          reads   (loop [reads 0]
                    (if (< (System/nanoTime) until)
                      (do (is (= [] (torn (.record page))))
                          (recur (inc reads)))
                      reads))]
      (.set ended true)
      (is (= :written (value writing)))
      (is (< 10 (long reads)))
      (is (< 700 (count (.entries (.record page))))))))

(deftest a-page-of-nonsense-is-read-without-an-error
  (with-open [pair (create)]
    (let [header (doto (.getDeclaredMethod PairFile "header" (make-array Class 0)) (.setAccessible true))
          ^org.agrona.concurrent.UnsafeBuffer memory (.invoke header pair (object-array 0))
          random (java.util.Random. 7)]
      (doseq [_ (range 20)]
        (doseq [at (range 16384 81920 4)]
          (.putInt memory at (.nextInt random)))
        (is (< (count (.entries (record-of pair))) 1025))
        (is (every? #(<= 0 (.outcome ^FlightRecord$Entry %) 3) (.entries (record-of pair))))))))
