(ns ^:jvm parallel.transport.spin-policy-test
  "How long waits may spin, as a function of what waits took before."
  (:require [clojure.test :refer [deftest is testing]])
  (:import [java.lang.reflect Constructor Method]))

(defn- policy []
  (let [^Constructor constructor (.getDeclaredConstructor (Class/forName "parallel.transport.SpinPolicy")
                                                          (make-array Class 0))]
    (.newInstance (doto constructor (.setAccessible true)) (object-array 0))))

(defn- call [policy method & arguments]
  (let [^Method m (first (filter #(= method (.getName ^Method %)) (.getDeclaredMethods (class policy))))]
    (.invoke (doto m (.setAccessible true)) policy (object-array arguments))))

(defn- yields? [policy now]
  (boolean (call policy "yields" now)))     ; a Boolean of reflection's is true to Clojure whatever it is

(defn- us [n] (* 1000 (long n)))

(defn- quick-waits [policy n]
  (dotimes [_ n] (call policy "spinNanos")))

(defn- long-wait [policy nanos]
  (call policy "spinNanos")
  (call policy "waited" nanos))

(deftest quick-waits-earn-patience-up-to-a-slice-of-the-system
  (let [p (policy)]
    (is (= (us 10) (call p "patienceNanos")))
    (quick-waits p 100)
    (is (= (us 510) (call p "patienceNanos")))
    (quick-waits p 10000)
    (is (= (us 4000) (call p "patienceNanos")))))

(deftest long-waits-spend-it
  (let [p (policy)]
    (quick-waits p 10000)
    (long-wait p (us 3000))
    (is (= (us 1000) (call p "patienceNanos")) "one slice of another thread's, and there is some left")
    (dotimes [_ 100] (long-wait p (us 200)))
    (is (= (us 10) (call p "patienceNanos")) "who is answered once in a while blocks soon")
    (testing "one who has to be woken is answered soon, and still earns"
      (dotimes [_ 100] (long-wait p (us 16)))
      (is (= (us 510) (call p "patienceNanos"))))))

(deftest a-core-that-was-given-away-for-long-is-kept-for-a-while
  (let [p (policy)
        t (System/nanoTime)]
    (quick-waits p 10000)
    (is (yields? p t))
    (call p "yielded" t (+ t (us 5)))
    (is (yields? p (+ t (us 5))) "it came back at once")
    (call p "yielded" t (+ t (us 3000)))
    (is (not (yields? p (+ t (us 3001)))))
    (is (yields? p (+ t (us 24000))))
    (testing "and that wait says nothing of the partner"
      (call p "waited" (us 3000))
      (is (= (us 4000) (call p "patienceNanos"))))))

(deftest who-has-rung-does-not-spin-but-once-in-a-while
  (let [p (policy)
        spins (fn [] (call p "bellWasRung") (call p "spinNanos"))]
    (is (= (us 5) (call p "spinNanos")))
    (is (= {0 7, (us 5) 1} (frequencies (repeatedly 8 spins))))
    (is (= (us 5) (call p "spinNanos")))))
