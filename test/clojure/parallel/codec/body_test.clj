(ns parallel.codec.body-test
  (:require [clojure.test :refer [deftest is testing]]
            [parallel.codec.support :refer [refusal]])
  (:import (java.util.concurrent Callable)
           (parallel.codec Bodies Bodies$Circular Bodies$Counting Bodies$Hooked Codec Shapes$Opaque)))

(defn- again ^Callable [body]
  (Codec/bodyFromBytes (Codec/bodyToBytes body) nil))

(defn- refused [body] (refusal #(Codec/bodyToBytes body)))

(deftest lambdas-run-again-with-what-they-captured
  (is (= 6.5 (.call (again (Bodies/lambda 1 (double-array [0 3.5]) ["a" "b"])))))
  (is (= 42 (.call (again (Bodies/nested 6)))))
  (is (= 4 (.call (again (Bodies/reference "four"))))))

(deftest captured-collections-are-of-the-class-that-the-lambda-knows-or-are-refused
  (is (= [3 1 2 2] (.call (again (Bodies/collections (java.util.LinkedList. [1 2 3])
                                                    (doto (java.util.TreeMap. (java.util.Collections/reverseOrder))
                                                      (.putAll {1 :a 2 :b}))
                                                    (doto (java.util.BitSet.) (.set 5) (.set 7))
                                                    (.subList (java.util.ArrayList. [1 2 3]) 0 2))))))
  (is (= ["capture 1"]
         (.path (refused (Bodies/collections (java.util.LinkedList.)
                                             (java.util.TreeMap. ^java.util.Comparator (comparator >))
                                             (java.util.BitSet.) [])))))
  (testing "and so is what arrives as something that the variable cannot hold"
    (doseq [body [(Bodies/cause (Exception. "no")) (Bodies/exception (IllegalStateException. "no"))]
            :let [e (refused body)]]
      (is (= ["capture 0"] (some-> e .path)))
      (is (re-find (re-pattern (str #"it arrives as a clojure.lang.IPersistentMap, which a captured variable "
                                    #"of type java.lang.\w+ cannot hold"))
                   (str (some-> e .getMessage)))))))

(deftest objects-run-again-with-their-fields-and-without-their-constructor
  (is (= 8 (.call (again (Bodies/anonymous 7)))))
  (is (= "outer:3:inner:null" (.call (again (Bodies$Counting. "outer" (int-array 3)))))))

(deftest values-are-bodies-too
  (is (= {:a 1} (Codec/bodyFromBytes (Codec/bodyToBytes {:a 1}) nil)))
  (is (nil? (Codec/bodyFromBytes (Codec/bodyToBytes nil) nil))))

(deftest what-a-body-holds-must-be-able-to-travel
  (let [e (refused (Bodies/capturing (Shapes$Opaque. 1)))]
    (is (= "parallel.codec.Shapes$Opaque" (.className e)))
    (is (= ["capture 0"] (.path e))))
  (is (= ["capture 0" 1] (.path (refused (Bodies/capturing [1 (Object.)])))))
  (is (re-find #"must be Serializable" (.getMessage (refused (Bodies/plain)))))
  (is (re-find #"functions carry no meaning" (.getMessage (refused inc)))
      "Clojure's functions are code without a class elsewhere")
  (is (re-find #"readResolve" (.getMessage (refused (Bodies$Hooked.)))))
  (is (.isTooDeep (refused (Bodies$Circular.)))))

(deftest a-body-whose-class-is-not-there-is-refused-with-its-name
  (let [b (Codec/bodyToBytes (Bodies/nested 6))
        empty-loader (proxy [ClassLoader] [nil])
        damaged (byte-array (map byte
                                 (.replace (String. b "ISO-8859-1") "parallel/codec/Bodies" "parallel/codec/Bodie_")))]
    (is (= 42 (.call ^Callable (Codec/bodyFromBytes b empty-loader))) "the codec's own loader is asked too")
    (is (= "parallel.codec.Bodie_" (.className (refusal #(Codec/bodyFromBytes damaged nil)))))))
