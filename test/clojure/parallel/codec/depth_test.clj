(ns parallel.codec.depth-test
  (:require [clojure.test :refer [deftest is testing]]
            [parallel.codec.records :as records]
            [parallel.codec.support :refer [bytes-of refusal value-of]])
  (:import (java.util ArrayList HashMap)
           (parallel.codec Shapes$Point)))

(defn- on-default-stack
  "What f gives on a thread with a stack of 1 MiB, the default."
  [f]
  (let [result (promise)]
    (.start (doto (Thread. nil #(deliver result (try (f) (catch Throwable e e))) "depth-test" (* 1024 1024))
              (.setDaemon true)))
    (deref result 60000 ::hang)))

(def kinds
  {:vector vector, :list list, :lazy #(map identity [%]), :array-map #(array-map :a %), :hash-map #(hash-map :a %),
   :key #(hash-map % 1), :set hash-set,
   :sorted-map #(sorted-map 1 %), :meta #(with-meta [1] {:m %}), :both #(with-meta [%] {:m 1}),
   :objects #(object-array [%]), :record #(records/->Point % 1),
   :array-list #(ArrayList. [%]), :hash-map-java #(HashMap. {:a %}), :record-java #(Shapes$Point. 1 2 "p" %),
   :subvec #(subvec [1 %] 1),
   :queue #(conj clojure.lang.PersistentQueue/EMPTY %), :mixed #(hash-map :a [(list % 1)])})

(defn- nested [f n] (nth (iterate f :leaf) n))

(deftest a-thousand-levels-travel-on-the-default-stack
  (doseq [[kind f] kinds
          :let [v (nested f (if (= kind :mixed) 333 1000))]]
    (is (= ::fine (on-default-stack #(do (value-of (bytes-of v)) ::fine))) (name kind)))
  (is (= 1001
         (on-default-stack #(count (take-while some? (iterate (fn [v] (when (vector? v) (first v)))
                                                              (value-of (bytes-of (nested vector 1000))))))))))

(deftest deeper-values-and-circles-are-refused
  (doseq [[kind f] kinds
          :let [e (on-default-stack #(refusal (fn [] (bytes-of (nested f 1100)))))]]
    (is (and (some? e) (re-find #"nested more than 1024 levels" (.getMessage e))) (name kind)))
  (let [circle (object-array 1)]
    (aset circle 0 [circle])
    (is (.isTooDeep (on-default-stack #(refusal (fn [] (bytes-of circle)))))))
  (testing "through metadata, which must not be tried at each level again"
    (let [circle (object-array 2)
          v (with-meta [1] {:back circle})]
      (aset circle 0 v)
      (aset circle 1 v)
      (is (.isTooDeep (on-default-stack #(refusal (fn [] (bytes-of v)))))))))

(def ^:dynamic *bound* :root)

(deftest a-stack-too-small-is-no-obstacle
  (let [on-small-stack (fn [f]
                         (let [p (promise)]
                           (.start (Thread. nil (bound-fn [] (deliver p (try (f) (catch Throwable e e)))) "depth-test"
                                            250000))
                           (deref p 60000 ::hang)))]
    (doseq [[kind f] (dissoc kinds :lazy)
            :let [v (nested f (if (= kind :mixed) 333 1000))
                  b (on-small-stack #(bytes-of v))]]
      (is (bytes? b) (name kind))
      (is (= ::fine (on-small-stack #(do (value-of b) ::fine))) (name kind)))
    (testing "and what is realised there sees the caller's bindings"
      (let [v (binding [*bound* :mine]
                (on-small-stack #(value-of (bytes-of (nested (fn [v] [v (map (fn [_] *bound*) [1])]) 900)))))]
        (is (= #{:mine} (set (map (comp first second) (take 900 (iterate first v))))))))
    (testing "errors come out of there"
      (is (re-find #"functions carry no meaning"
                   (.getMessage (on-small-stack #(refusal (fn [] (bytes-of (nth (iterate vector inc) 1000))))))))
      (is (= 1000 (count (.path (on-small-stack #(refusal (fn [] (bytes-of (nth (iterate vector inc) 1000)))))))))
      (is (instance? ArithmeticException (on-small-stack #(bytes-of (nth (iterate vector (map / [1] [0])) 1000))))))))
