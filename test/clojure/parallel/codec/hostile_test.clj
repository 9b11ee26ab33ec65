(ns parallel.codec.hostile-test
  (:require [clojure.test :refer [deftest is testing]]
            [parallel.codec.records]
            [parallel.codec.support :as support :refer [bytes-of refusal value-of]])
  (:import (java.io ByteArrayOutputStream)
           (java.util Random)
           (parallel.codec UnserializableException Shapes Wire)))

(defn- outcome
  "Reads bytes that may make no sense: :value, :refused, or what else it threw."
  [^bytes b]
  (try (value-of b) :value
       (catch UnserializableException _ :refused)
       (catch Throwable e e)))

(def corpus
  "Messages of every kind, none long."
  (->> support/examples (map bytes-of) (filter #(< (count %) 400)) vec))

(deftest a-message-cut-short-is-refused
  (doseq [^bytes b corpus
          n (range (count b))]
    (let [o (outcome (java.util.Arrays/copyOf b (int n)))]
      (is (= :refused o)))))

(deftest bytes-too-many-are-refused
  (doseq [^bytes b corpus]
    (is (= :refused (outcome (java.util.Arrays/copyOf b (inc (count b))))))))

(deftest damaged-messages-give-a-value-or-the-one-exception
  (let [random (Random. 20240229)]
    (dotimes [_ 40]
      (doseq [^bytes b corpus]
        (let [damaged (aclone b)]
          (dotimes [_ (inc (.nextInt random 3))]
            (aset damaged (.nextInt random (count b)) (unchecked-byte (.nextInt random 256))))
          (let [o (outcome damaged)]
            (when-not (#{:value :refused} o)
              (is (#{:value :refused} o) (str (vec damaged))))))))
    (is true)))

(deftest noise-gives-a-value-or-the-one-exception
  (let [random (Random. 7)]
    (dotimes [i 20000]
      (let [b (byte-array (inc (.nextInt random 40)))]
        (.nextBytes random b)
        (aset b 0 (unchecked-byte i))
        (let [o (outcome b)]
          (when-not (#{:value :refused} o)
            (is (#{:value :refused} o) (str (vec b)))))))
    (is true)))

(defn- message [& parts] (byte-array (map unchecked-byte (flatten parts))))
(defn- repeated
  "A message of n times the same bytes."
  [n & parts]
  (let [part (apply message parts)]
    (.toByteArray (reduce (fn [^ByteArrayOutputStream out _] (.write out ^bytes part 0 (count part)) out)
                          (ByteArrayOutputStream.) (range n)))))

(def ^:private huge [0xFF 0xFF 0xFF 0xFF 0x07])

(deftest counts-allocate-no-more-than-the-bytes-that-are-left
  (doseq [tag (range 256)
          count-bytes [huge [0xFF 0xFF 0xFF 0x7F] [0x80 0x80 0x04]]
          rest-bytes [[] (repeat 40 0) (repeat 40 1)]]
    (let [b (message tag count-bytes rest-bytes)
          before (Wire/allocated)
          o (outcome b)]
      (is (#{:value :refused} o))
      (is (< (- (Wire/allocated) before) (* 4 1024 1024)) (str "tag " tag))))
  (testing "nor do they at every level of nesting"
    (doseq [tag [0x28 0x85 0x86 0x88 0x89 0x8A 0x8D]
            :let [b (byte-array (concat (repeated 1000 tag 0x80 0x80 0x0C) (repeat 200000 (byte 1))))
                  before (Wire/allocated)]]
      (is (= :refused (outcome b)))
      (is (< (- (Wire/allocated) before) (* 64 1024 1024)) (str "tag " tag)))))

(deftest nesting-beyond-the-limit-is-refused
  (doseq [prefix [[0x85 1] [0x86 1] [0x87] [0x30] [0x31] [0x32] [0x8E] [0x28 1] [0x80 1] [0x3A 0x11 1 97] [0x88 1]]]
    (let [b (repeated 100000 prefix)
          e (refusal #(value-of b))]
      (is (some? e) (str prefix)))))

(deftest metadata-of-metadata-is-refused
  (is (= :refused (outcome (message (repeat 1000 [0x80 1 1 0]) 0x85 0)))))

(defn- text [^String s] [0x11 (count s) (map int s)])

(deftest a-name-neither-initialises-a-class-nor-makes-anything-but-records-and-enums
  (doseq [tag [0x38 0x39 0x8F]
          class-name ["parallel.codec.Shapes$Initialised" "java.lang.String" "java.lang.Runtime" "no.such.Class" "" "."
                      "[" "[[[I" "a/b"]]
    (is (= :refused (outcome (message tag 0 (text class-name) (repeat 4 0) (text "RED") 0))) class-name))
  (is (= 0 Shapes/initialisations))
  (testing "an array may name any component class, and still does not initialise it"
    (is (= :value (outcome (message 0x29 0 (text "parallel.codec.Shapes$Initialised") 1 1))))
    (is (= 0 Shapes/initialisations))
    (is (= :refused (outcome (message 0x29 0 (text "java.lang.String") 1 0xD1))) "an element of another class")
    (is (= :refused (outcome (message 0x29 0 (text (apply str (repeat 100 "[[["))) 1 1))))))

(deftest a-wrong-enum-constant-and-another-shape-of-a-record-are-refused
  (let [name-of "parallel.codec.Shapes$Color"]
    (is (re-find #"has no constant BLUE"
                 (.getMessage (refusal #(value-of (message 0x39 0 (text name-of) (text "BLUE"))))))))
  (is (= "parallel.codec.Shapes$Point"
         (.className (refusal #(value-of (message 0x38 0 (text "parallel.codec.Shapes$Point") 1 2 3 4 1 1 1 1))))))
  (is (= "parallel.codec.records.Point"
         (.className (refusal #(value-of (message 0x8F 0 (text "parallel.codec.records.Point") 1 2 3 4 1 1 0)))))))

(deftest a-record-whose-constructor-objects-is-refused
  (let [b (bytes-of (parallel.codec.Shapes$Positive. 5))]
    (aset b (dec (count b)) (byte -5))
    (let [e (refusal #(value-of b))]
      (is (= "parallel.codec.Shapes$Positive" (.className e)))
      (is (re-find #"not positive: -5" (.getMessage e))))))

(deftest bodies-are-no-messages
  (is (= :refused (outcome (parallel.codec.Codec/bodyToBytes (parallel.codec.Bodies/nested 1)))))
  (is (= :refused (outcome (parallel.codec.Codec/bodyToBytes (parallel.codec.Bodies/anonymous 1))))))

(deftest patterns-cost-no-more-than-their-bytes
  (is (= :refused (outcome (message 0x18 0x80 0 0 0 0x12 12 (mapcat #(list (+ % 0) 3) (range 12)))))
      "CANON_EQ and many combining marks")
  (is (= :refused (outcome (message 0x18 0 0 0 0 0x11 0xFF 0x7F (repeat 16383 40)))) "thousands of open groups"))
