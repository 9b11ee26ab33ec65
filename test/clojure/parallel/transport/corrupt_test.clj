(ns ^:jvm parallel.transport.corrupt-test
  "What lies in the ring is not believed: a broken other side costs an error, never the JVM, a hang, or memory."
  (:require [clojure.test :refer [deftest is testing use-fixtures]]
            [clojure.test.check :as check]
            [clojure.test.check.generators :as gen]
            [clojure.test.check.properties :as prop]
            [parallel.transport.support :refer
             [ends in-thread nothing-left pattern? receive! send! try-receive! value]])
  (:import (java.nio ByteBuffer ByteOrder)
           (parallel.transport Bytes ChannelCorruptException Ends MessageChannel)))

(use-fixtures :each nothing-left)

(defn- announcing [length n]
  (.array (doto (.order (ByteBuffer/allocate (+ 8 n)) (ByteOrder/nativeOrder)) (.putLong (long length)))))

(def ^:private whole 1)
(def ^:private begin 2)
(def ^:private middle 3)
(def ^:private end 4)

(defn- what-arrives
  "Everything that is there: the sizes of messages and :corrupt for each error."
  [^MessageChannel channel]
  (loop [seen []]
    (let [next (try (if-let [m (try-receive! channel)] (.count m) :none)
                    (catch ChannelCorruptException _ :corrupt))]
      (if (or (= :none next) (= 1000 (count seen)))
        seen
        (recur (conj seen next))))))

(deftest a-malformed-message-is-an-error-for-that-message-only
  (doseq [[why records] {"a last part without a first"      [[end (byte-array 9)]]
                         "a middle part without a first"    [[middle (byte-array 9)] [middle (byte-array 9)]
                                                             [end (byte-array 9)]]
                         "a negative length"                [[begin (announcing -1 100)] [middle (byte-array 9)]
                                                             [end (byte-array 9)]]
                         "less announced than is there"     [[begin (announcing 50 100)] [end (byte-array 9)]]
                         "no announcement"                  [[begin (byte-array 3)] [end (byte-array 9)]]
                         "a beginning that is too short"    [[begin (announcing 1000 10)] [end (byte-array 990)]]
                         "more bytes than announced"        [[begin (announcing 110 100)] [middle (byte-array 20)]
                                                             [end (byte-array 9)]]
                         "more bytes than announced at last" [[begin (announcing 110 100)] [end (byte-array 20)]]
                         "fewer bytes than announced"       [[begin (announcing 200 100)] [end (byte-array 20)]]
                         "an unknown type"                  [[17 (byte-array 20)]]}
          taking [what-arrives
                  (fn [^MessageChannel c] (.drain c) (what-arrives c))
                  (fn [^MessageChannel c] (is (Ends/hasMessage c)) (what-arrives c))]]
    (testing why
      (with-open [e (ends 8192)]
        (send! (.parent e) 1 7)
        (doseq [[type body] records]
          (is (Ends/record (.parent e) type body)))
        (send! (.parent e) 2 8)
        (send! (.parent e) 3 3000)
        (is (= [7 :corrupt 8 3000] (taking (.child e))))
        (is (not (.isEnded (.child e))))))))

(deftest the-error-names-the-channel
  (with-open [e (ends 8192)]
    (.name (.child e) "to worker 3")
    (Ends/record (.parent e) end (byte-array 9))
    (is (thrown-with-msg? ChannelCorruptException #"channel to worker 3 is corrupt: .*no beginning"
                          (receive! (.child e))))))

(deftest a-length-that-is-claimed-takes-no-memory
  (with-open [e (ends 8192)]
    (Ends/record (.parent e) begin (announcing Long/MAX_VALUE 100))
    (.drain (.child e))
    (is (= [] (what-arrives (.child e))))
    (testing "and is discarded by the next message"
      (send! (.parent e) 1 3)
      (is (= [3] (what-arrives (.child e)))))))

(deftest a-frame-that-cannot-be-read-is-an-error-each-time-and-then-the-end
  (with-open [e (ends 8192)]
    (send! (.parent e) 1 16)
    (.putIntVolatile (Ends/ringToChild (.parent e)) 24 Integer/MAX_VALUE)
    (is (pattern? (receive! (.child e)) 1 16))
    (is (Ends/hasMessage (.child e)))
    (dotimes [_ 3]
      (is (thrown-with-msg? ChannelCorruptException #"a length of 2147483647" (receive! (.child e)))))
    (is (not (.isEnded (.child e))))
    (testing "the other direction goes on"
      (send! (.child e) 2 5)
      (is (pattern? (receive! (.parent e)) 2 5)))
    (.retire (.child e))
    (is (thrown? ChannelCorruptException (receive! (.child e))))
    (is (nil? (receive! (.child e))))
    (is (.isEnded (.child e)))))

(deftest a-sender-that-claims-to-be-rings-ahead-is-not-believed
  (doseq [position [Long/MAX_VALUE (bit-shift-left 1 40) 100000]
          take [(fn [^MessageChannel c] (dotimes [_ 1000] (try-receive! c))) (fn [^MessageChannel c] (.retire c))]]
    (with-open [e (ends 8192)]
      (loop [n 0] (when (and (< n 20) (Ends/record (.parent e) whole (byte-array 400))) (recur (inc n))))
      (what-arrives (.child e))
      (loop [n 0] (when (and (< n 20) (Ends/record (.parent e) whole (byte-array 400))) (recur (inc n))))
      (Ends/senderPosition (.parent e) position)
      (is (value (in-thread (try (take (.child e)) (catch ChannelCorruptException _)) true)) "it ends")
      (.retire (.child e))
      (is (> 100 (count (what-arrives (.child e))))))))

(deftest a-sender-whose-position-was-overwritten-writes-into-the-ring-only
  (doseq [position [Long/MAX_VALUE Long/MIN_VALUE -1 1 7 8 8191 8190 8185 8184 8176 (- 8192 72) (bit-shift-left 1 40)
                    (+ 3 (bit-shift-left 1 31))]]
    (with-open [e (ends 8192)]
      (let [ring   (Ends/ringToChild (.parent e))
            behind #(vec (for [i (range 0 768 8) :when (not (<= 128 i 383))] (.getLong ring (int (+ 8192 i)))))
            before (behind)]
        (dotimes [n 200]
          (Ends/senderPosition (.parent e) position)
          (Bytes/sendBriefly (.parent e) n 2 (+ 2 (mod (* 7 n) 250)) false))
        (is (= before (behind)) (str position))
        (send! (.child e) 2 5)
        (is (pattern? (receive! (.parent e)) 2 5))))))

(def ^:private garbage
  "Ints at places of the ring, many of them such as a header has."
  (gen/vector (gen/tuple (gen/choose 0 2047)
                         (gen/one-of [(gen/elements [-1 0 1 2 3 4 8 9 16 24 1024 8192 Integer/MAX_VALUE
                                                     Integer/MIN_VALUE])
                                      (gen/choose 0 1100)
                                      (gen/choose Integer/MIN_VALUE Integer/MAX_VALUE)]))
              0 400))

(defn- survives [ints take]
  (with-open [e (ends 8192)]
    (dotimes [n 5] (send! (.parent e) n (* n 300)))
    (let [memory (Ends/ringToChild (.parent e))]
      (doseq [[place value] ints]
        (.putIntVolatile memory (* 4 place) value)))
    (take (.child e))
    (.drain (.child e))
    (Ends/hasMessage (.child e))
    (.isEnded (.child e))
    (.retire (.child e))
    (loop [n 0]
      (cond (.isEnded (.child e)) true
            (= 3000 n)            false
            :else                 (do (try (try-receive! (.child e))
                                           (catch ChannelCorruptException _))
                                      (recur (inc n)))))))

(deftest garbage-in-the-ring-never-hangs-or-crashes
  (let [property (fn [take] (prop/for-all [ints garbage]
                              (true? (value (in-thread (survives ints take))))))]
    (doseq [take [what-arrives (fn [^MessageChannel c] (.drain c))]]
      (let [result (check/quick-check 150 (property take))]
        (is (:pass? result) (pr-str (dissoc result :fail)))))))

(defn- records-of [[seed kinds]]
  (for [[n kind] (map-indexed vector kinds)
        :let [size (mod (* (inc n) seed) 200)]]
    (case (int kind)
      0 [whole (byte-array size)]
      1 [begin (announcing (* seed (mod n 7)) (+ 64 size))]
      2 [middle (byte-array size)]
      3 [end (byte-array size)]
      4 [begin (announcing (+ 64 size) (+ 64 size))]
      5 [99 (byte-array size)])))

(deftest any-sequence-of-records-is-messages-and-errors
  (let [result (check/quick-check 300
                 (prop/for-all [choice (gen/tuple (gen/choose 0 500) (gen/vector (gen/choose 0 5) 0 25))]
                   (with-open [e (ends 8192)]
                     (let [records (take-while (fn [[type body]] (Ends/record (.parent e) type body))
                                               (records-of choice))
                           wholes  (count (filter #(= whole (first %)) (doall records)))
                           seen    (what-arrives (.child e))]
                       (and (<= (count seen) (count records))
                            (<= wholes (count (filter number? seen))))))))]
    (is (:pass? result) (pr-str (dissoc result :fail)))))
