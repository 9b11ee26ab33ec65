(ns parallel.codec.round-trip-test
  (:require [clojure.test :refer [deftest is testing]]
            [clojure.test.check :as check]
            [clojure.test.check.generators :as gen]
            [clojure.test.check.properties :as prop]
            [parallel.codec.support :as support :refer [bytes-of round-trip same? value-of]])
  (:import (java.util ArrayList Comparator HashMap LinkedHashMap LinkedList TreeMap)
           (java.util.concurrent ConcurrentHashMap)
           (parallel.codec Codec Encoder Shapes Wire)))

(deftest every-kind-of-value-arrives-as-it-was
  (doseq [v support/examples]
    (is (same? v (round-trip v))
        (str (class v) " " (pr-str (if (and (seqable? v) (not (instance? java.nio.file.Path v))) (take 20 v) v))))))

(deftest records-that-are-not-public-arrive
  (doseq [v (Shapes/hidden)]
    (let [r (round-trip v)]
      (is (= (class v) (class r)))
      (is (= (subs (str v) 0 7) (subs (str r) 0 7))))))

(defn- holds [n property]
  (let [result (check/quick-check n property :max-size 60)]
    (is (:pass? result) (pr-str (select-keys result [:seed :shrunk])))))

(deftest nested-values-arrive-as-they-were
  (holds 150 (prop/for-all [v support/value] (same? v (round-trip v)))))

(deftest lists-of-values-share-nothing-they-should-not
  (holds 60 (prop/for-all [vs (gen/vector support/value 0 12)] (same? vs (round-trip vs)))))

(deftest the-bytes-are-the-same-whichever-way-they-are-taken
  (holds 50 (prop/for-all [v support/value fragment (gen/choose 1 300)]
              (let [b (seq (bytes-of v))]
                (and (= b (seq (Wire/inFragments v (int fragment))))
                     (= b (seq (Wire/ontoHeap v))))))))

(deftest kinds-that-have-no-meaning-elsewhere-arrive-as-their-equal
  (testing "equal, with metadata, of the plain class"
    (doseq [[v arrives] [[(map inc [1 2]) '(2 3)] [(lazy-seq nil) ()] [(range 5) '(0 1 2 3 4)] [(cons 1 [2]) '(1 2)]
                         [(seq [1 2]) '(1 2)] [(seq "ab") '(\a \b)]
                         [(repeat 3 :x) '(:x :x :x)] [(seq {:a 1}) '([:a 1])] [(keys {:a 1}) '(:a)]
                         [(rseq [1 2]) '(2 1)] [(eduction (map inc) [1 2]) '(2 3)]
                         [(subvec [1 2 3] 1) [2 3]] [(vector-of :long 1 2) [1 2]] [(vec (first {:a 1})) [:a 1]]
                         [(struct (create-struct :a) 1) {:a 1}] [(with-meta (map inc [1]) {:a 1}) '(2)]
                         ]]
      (let [r (round-trip v)]
        (is (= arrives r))
        (is (= (meta v) (meta r)))
        (when-not (map? arrives) (is (= (class arrives) (class r)))))))
  (testing "vars and namespaces, as symbols"
    (is (same? ['clojure.core/inc 'clojure.core] (round-trip [#'clojure.core/inc (find-ns 'clojure.core)]))))
  (testing "Java's collections"
    (is (= [1 2] (round-trip (LinkedList. [1 2])) (round-trip (java.util.List/of 1 2))))
    (is (instance? ArrayList (round-trip (java.util.Arrays/asList (object-array [1 2])))))
    (is (instance? LinkedHashMap (round-trip (HashMap. {1 2}))))
    (is (= {1 2} (round-trip (ConcurrentHashMap. {1 2}))))
    (is (= [1 2] (keys (round-trip (doto (TreeMap. (Comparator/naturalOrder)) (.put 2 2) (.put 1 1)))))
        "sorted stays sorted")))

(deftest maps-whose-keys-become-equal-keep-the-later-one
  (is (= '{clojure.core/inc 2} (round-trip (array-map #'clojure.core/inc 1 'clojure.core/inc 2))))
  (is (= '#{clojure.core/inc} (round-trip #{#'clojure.core/inc 'clojure.core/inc}))))

(deftest throwables-arrive-as-maps
  (let [e (ex-info "outer" {:a [1]} (IllegalStateException. "inner"))
        m (round-trip e)]
    (is (= (Throwable->map e) m))
    (is (= "inner" (:cause m)))
    (is (= {:a [1]} (-> m :via first :data)))))

(defn- stubborn
  "A throwable of which the methods named fail."
  [& fails]
  (let [fail! #(when ((set fails) %) (throw (IllegalStateException. "no")))]
    (doto (proxy [RuntimeException] ["message"]
            (getMessage [] (fail! :message) "message")
            (getCause [] (fail! :cause) nil)
            (getStackTrace [] (fail! :frames) (when-not (some #{:null-frames} fails) (make-array StackTraceElement 0))))
      (.addSuppressed (Exception. "suppressed")))))

(defn- with-java
  "As a throwable arrives where there is no Clojure."
  [e]
  (let [m (java.lang.Class/forName "parallel.codec.Wrapped")
        f (doto (.getDeclaredMethod m "describe" (into-array Class [Throwable parallel.codec.Throwables]))
            (.setAccessible true))]
    (.invoke f nil (object-array [e (parallel.codec.Throwables.)]))))

(deftest throwables-arrive-whatever-their-methods-do
  (testing "causes in a circle end where it closes"
    (let [a (Exception. "a") b (RuntimeException. "b")]
      (.initCause a b)
      (.initCause b a)
      (is (= ["a" "b"] (map :message (:via (round-trip a)))))
      (is (= "b" (:cause (round-trip a))))
      (is (= ["a" "b" nil] [(get (with-java a) "message") (get-in (with-java a) ["cause" "message"])
                            (get-in (with-java a) ["cause" "cause"])]))
      (is (= 1 (count (:via (round-trip (proxy [Exception] [] (getCause [] this))))))
          "of one that is its own cause, too")))
  (testing "causes without an end are cut"
    (is (<= 100 (count (:via (round-trip ((fn endless [] (proxy [Exception] [] (getCause [] (endless)))))))) 1000)))
  (testing "suppressed ones go with them, at every level, once each"
    (let [cause (doto (Exception. "cause") (.addSuppressed (Exception. "of the cause")))
          e     (doto (Exception. "e" cause) (.addSuppressed (ex-info "one" {:n 1} cause)))
          m     (round-trip e)]
      (is (= ["one" {:n 1}] ((juxt :cause :data) (first (:suppressed m)))))
      (is (= "of the cause" (-> m :via second :suppressed first :cause)))
      (is (= "one" (-> (with-java e) (get "suppressed") first (get "message"))))))
  (testing "a method that fails takes nothing else with it"
    (doseq [fails [[:message] [:cause] [:frames] [:null-frames] [:message :cause :frames]]
            :let  [e (apply stubborn fails) m (round-trip e)]]
      (is (= (symbol (.getName (class e))) (-> m :via first :type)))
      (is (= "suppressed" (-> m :suppressed first :cause)))
      (is (= (if (some #{:message} fails) "(its message cannot be read: java.lang.IllegalStateException)" "message")
             (:cause m) (get (with-java e) "message")))))
  (testing "data that contain themselves are refused, at once"
    (let [circle (java.util.ArrayList.)]
      (.add circle circle)
      (.add circle circle)
      (is (.isTooDeep (support/refusal #(bytes-of (ex-info "" {:a circle})))))))
  (testing "data of the depth that is promised are not"
    (let [deep (nth (iterate vector 1) 1000)]
      (is (= deep (-> (round-trip (ex-info "" {:a deep})) :data :a))))))

(deftest metadata-that-cannot-travel-is-left-out
  (is (= {:a 1 :c {:d 2}} (meta (round-trip (with-meta [1] {:a 1 :f inc :c {:d 2} inc 3 :g [1 [2 (atom 1)]]})))))
  (is (nil? (meta (round-trip (with-meta [1] {:f inc})))))
  (is (nil? (meta (round-trip (with-meta [1] {})))))
  (is (= {:a 1} (meta (first (round-trip [(with-meta 's {:f inc :a 1})])))))
  (testing "also when much was written before it failed, classes among it"
    (let [v [(with-meta [1] {:big [(double-array 500) (vec (range 30000)) (parallel.codec.records/->Bare) inc]
                             :a (parallel.codec.records/->Bare)})
             (parallel.codec.records/->Bare) (long-array 300 5)]
          r (round-trip v)]
      (is (= {:a (parallel.codec.records/->Bare)} (meta (first r))))
      (is (same? (rest v) (rest r))))))

(deftest an-encoder-serves-again-after-a-failure-and-inside-itself
  (let [e (Encoder/acquire)]
    (try
      (is (support/refusal #(.encode e [1 (double-array 1000) inc])))
      (is (= 1 (.length (.encode e 1))))
      (finally (.release e))))
  (testing "a lazy sequence that sends while it is sent"
    (is (= [[1 2] [3]] (round-trip (map #(round-trip (vec %)) [[1 2] [3]]))))
    (is (thrown-with-msg? ArithmeticException #"zero" (bytes-of (map #(/ 1 %) [1 0])))
        "what user code throws comes out unchanged")
    (is (= [1] (round-trip [1])))))

(deftest small-values-take-few-bytes
  (is (= 1 (count (bytes-of 42)) (count (bytes-of nil)) (count (bytes-of true))))
  (is (= 5 (count (bytes-of 100000))))
  (is (= 30 (count (bytes-of {:op :eval :id 42 :xs [1 2 3]}))))
  (is (= (+ 8 8000) (count (bytes-of (double-array 1000))))))

(deftest encoding-longs-and-arrays-allocates-nothing
  (let [array (double-array 10000)
        e (Encoder/acquire)]
    (try
      (let [run #(dotimes [_ 2000] (.encode e 123456789) (.encode e array))]
        (dotimes [_ 5] (run))
        (let [before (Wire/allocated)]
          (run)
          (is (< (- (Wire/allocated) before) (* 2000 100)) "boxing of the argument at most")))
      (finally (.release e)))))

(deftest a-buffer-is-decoded-from-its-position-to-its-limit
  (let [b (java.nio.ByteBuffer/wrap (byte-array (concat [9 9] (bytes-of "abc") [9])))]
    (.position b 2)
    (.limit b (dec (.capacity b)))
    (is (= "abc" (Codec/fromBytes b)))
    (is (not (.hasRemaining b)))))
