(ns parallel.codec.arrays-test
  (:require [clojure.test :refer [deftest is testing]]
            [parallel.codec.support :refer [bytes-of same? round-trip]])
  (:import (parallel.codec Message Messages UnserializableException Wire)))

(def makers
  {:boolean #(boolean-array (map even? (range %))) :byte #(byte-array (map unchecked-byte (range %)))
   :short #(short-array (map unchecked-short (range %)))
   :char #(char-array (map unchecked-char (range %))) :int #(int-array (range %))
   :long #(long-array (map unchecked-negate (range %)))
   :float #(float-array (map float (range %))) :double #(double-array (map / (range %) (repeat 3.0)))})

(def counts [0 1 127 128 129 1024 5000])
(def readers {:inbox #(Messages/inbox) :chunks #(Messages/inbox) :direct #(Messages/direct)})

(deftest arrays-of-all-types-survive-any-fragments-to-odd-places
  (doseq [[kind make] makers
          n counts
          :let [v (make n)]]
    (is (same? v (round-trip v)) (str kind n))
    (doseq [fragment [64 101 4096]
            :let [b (Wire/inFragments v (int fragment))]]
      (is (= (seq (bytes-of v)) (seq b)))
      (doseq [[reader-kind reader] readers]
        (is (same? v (.decode (Wire/deliver b (reader) (int fragment)))) (str kind n reader-kind fragment))))))

;; --- The short ways

(deftest what-travels-without-an-encoder-is-what-the-encoder-writes
  (doseq [v (concat [-17 -16 -1 0 1 47 48 127 128 -128 -129 32767 32768 -32768 -32769 2147483647 2147483648 -2147483648
                     -2147483649
                     Long/MIN_VALUE Long/MAX_VALUE]
                    (map #(byte-array (map unchecked-byte (range 200 (+ 200 %)))) [0 1 7 8 63 64 127]))]
    (when-let [b (Wire/briefly v)]
      (is (= (seq (bytes-of v)) (seq b)) (pr-str v))))
  (is (every? some? (map #(Wire/briefly %) [0 1000 -70000 (byte-array 64)])))
  (is (every? nil? (map #(Wire/briefly %) [nil "s" (int 1) (byte-array 128) (long-array 1) Long/MAX_VALUE]))))

(deftest a-message-that-is-there-as-a-whole-is-read-as-one-in-fragments
  (doseq [native? [true false]
          [kind make] makers
          n [0 1 8 9 64 70 127 1024]
          :let [v (make n), b (bytes-of v)]]
    (is (same? v (.decode (Wire/whole b (Messages/direct) native?))) (str kind n))
    (is (same? v (.decode (Wire/whole b (Messages/inbox) native?))) (str kind n))
    (let [into (make (+ n 3))]
      (is (= n (.copyInto (Wire/whole b (Messages/direct) native?) into)))
      (is (= (vec v) (take n (seq into))) (str kind n))))
  (doseq [v [0 -1 47 48 -17 127 -129 1000 -32768 32767 32768 -70000 2147483647 -2147483648 2147483648 Long/MIN_VALUE
             (int 7) (short 300) 1.5 nil "s"]]
    (is (same? v (.decode (Wire/whole (bytes-of v) (Messages/direct) true))) (pr-str v)))
  (is (thrown? UnserializableException (.decode (Wire/whole (byte-array [6 1 2 3]) (Messages/direct) true)))
      "a long that is cut off")
  (is (= [1 "two"] (.decode (Wire/whole (bytes-of [1 "two"]) (Messages/direct) true)))))

(deftest nested-arrays-survive-any-fragments
  (let [v [1 (double-array (range 400))
           {:a (byte-array 3000 (byte 7)) "b" (object-array [(long-array 130) nil (boolean-array 2000 true)])}
           (char-array 1000 \z) :end]]
    (doseq [fragment [64 65 999 20000]
            [reader-kind reader] readers]
      (is (same? v (.decode (Wire/deliver (Wire/inFragments v (int fragment)) (reader) (int fragment))))
          (str fragment reader-kind)))))

(deftest messages-in-many-chunks-are-read-across-the-seams
  (doseq [v [(vec (for [i (range 12000)] {:i i :s (str "number " i) :d (double i) :k (keyword (str "k" (mod i 50)))}))
             (apply str (repeat 100000 "seam"))
             (apply str (repeat 50000 "żółw"))
             (vec (repeat 30 (apply str (repeat 5000 "x"))))
             (vec (repeat 30 (apply str (repeat 5000 "ż"))))
             (vec (repeat 50 (.shiftLeft BigInteger/ONE 30000)))
             (vec (repeat 40 (byte-array 5001 (byte 1))))]]
    (let [b (bytes-of v)]
      (is (same? v (.decode (Wire/deliver b (Messages/inbox) (int 16000)))))
      (is (same? v (.decode (Wire/deliver b (Messages/direct) (int 16000))))))))

(deftest a-message-that-never-arrives-takes-little-memory
  (let [head (Wire/inFragments (byte-array 70000) (int 70100))
        announce (fn [reader length]
                   (let [buffer (org.agrona.concurrent.UnsafeBuffer. (byte-array 64))
                         before (Wire/allocated)]
                     (.putBytes buffer 0 (byte-array [0x21 -1 -1 -1 -1 7 0]) 0 7)
                     (.begin reader length buffer 0 64)
                     (- (Wire/allocated) before)))]
    (is (some? head))
    (is (< (announce (Messages/inbox) (+ 7 Integer/MAX_VALUE)) 4000000))
    (is (< (announce (Messages/direct) (+ 7 Integer/MAX_VALUE)) 4000000))
    (testing "nor one that is larger than the heap: it is refused at once"
      (doseq [reader [(Messages/inbox) (Messages/direct)]]
        (is (thrown-with-msg? UnserializableException #"does not fit into the heap"
                              (announce reader Long/MAX_VALUE)))))))

(deftest an-array-goes-straight-into-one-of-its-type-and-at-least-its-length
  (doseq [[kind make] makers
          n counts
          fragment [64 1000 30000]
          :let [v (make n)
                b (bytes-of v)
                longer (make (+ n 3))
                message (Wire/deliver b (Messages/into longer) (int fragment))]]
    (is (= n (.copyInto ^Message message longer)) (str kind n))
    (is (= (take n v) (take n longer)))
    (is (= (drop n (make (+ n 3))) (drop n longer)) "the rest is as it was")
    (is (nil? (Wire/deliver b (Messages/into ((case kind :int long-array int-array) 9000)) (int fragment)))
        "another type")
    (when (pos? n)
      (is (nil? (Wire/deliver b (Messages/into (make (dec n))) (int fragment))) "too short"))))

(deftest anything-but-an-array-is-refused-by-the-array-s-reader
  (doseq [v [1 "text" nil [1 2] (object-array 3) [(long-array 3)]]
          target [(long-array 10) (object-array 10) "no array" nil]]
    (is (nil? (Wire/deliver (bytes-of v) (Messages/into target) (int 64)))))
  (testing "also when it has arrived in the inbox"
    (let [arrived #(Wire/deliver (bytes-of %) (Messages/inbox) (int 64))
          reader (Messages/into (long-array 10))]
      (is (nil? (.accept reader (arrived [1]) 0)))
      (is (nil? (.accept reader (arrived (long-array 11)) 0)))
      (is (nil? (.accept reader (arrived (int-array 3)) 0)))
      (let [message (arrived (long-array 10 5))
            target (long-array 12)]
        (is (identical? message (.accept reader message 0)))
        (is (= 10 (.copyInto ^Message message target)))
        (is (= (concat (repeat 10 5) [0 0]) (seq target)))))))

(deftest an-array-half-arrived-lives-on-when-its-taker-gives-up
  (doseq [[kind make] makers
          n [1 129 5000]
          :let [v (make n) b (bytes-of v)]
          end [1 64 500 (count b)]
          :when (<= end (count b))
          :let [target (make n)
                message (Wire/abandoned b (Messages/into target) (int 64) (int end))]]
    (is (same? v (.decode message)) (str kind n " " end))))

(deftest messages-that-wait-to-be-decoded-do-not-share-a-buffer
  (let [deliver #(Wire/deliver (bytes-of %) (Messages/direct) (int 2000))
        a (deliver [1 "one"])
        b (deliver [2 "two"])
        c (deliver [3 "three"])]
    (is (= [[3 "three"] [1 "one"] [2 "two"]] (map #(.decode ^Message %) [c a b])))
    (is (= [4] (.decode (deliver [4]))))))

(deftest big-endian-machines-send-the-same-bytes
  (is (= [0x0100 0x0201] (seq (Wire/swapped (short-array [1 0x0102])))))
  (is (= (map #(Long/reverseBytes %) (range 10)) (seq (Wire/swapped (long-array (range 10))))))
  (doseq [[_ make] makers]
    (is (same? (make 100) (Wire/swappedTwice (make 100))))))
