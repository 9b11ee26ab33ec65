(ns parallel.codec.extension-test
  (:require [clojure.test :refer [deftest is testing]]
            [parallel.codec.support :refer [bytes-of refusal round-trip value-of]])
  (:import (parallel.codec Extension Extensions)))

(deftype Money [cents])
(definterface Shape)
(deftype Square [side] Shape)

(defn- extension [ext-name type write read]
  (reify Extension
    (name [_] ext-name)
    (type [_] type)
    (write [_ v] (write v))
    (read [_ w] (read w))))

(deftest a-class-becomes-transferable-when-an-extension-is-registered
  (is (some? (refusal #(bytes-of (Money. 5)))) "not before")
  (Extensions/register (extension "codec-test/money" Money #(.cents ^Money %) #(Money. %)))
  (is (= 5 (.cents ^Money (:a (round-trip {:a (Money. 5)})))))
  (testing "by an interface too"
    (Extensions/register (extension "codec-test/shape" Shape #(vector (.side ^Square %)) (fn [[side]] (Square. side))))
    (is (= 3 (.side ^Square (first (round-trip [(Square. 3)]))))))
  (testing "registered again, the later one counts"
    (Extensions/register (extension "codec-test/money" Money #(.cents ^Money %) #(Money. (inc %))))
    (is (= 6 (.cents ^Money (round-trip (Money. 5))))))
  (testing "what it writes is checked like any value, and what it throws when it reads is that message's failure"
    (Extensions/register (extension "codec-test/money" Money (fn [_] [inc]) identity))
    (is (= [0 0] (.path (refusal #(bytes-of [(Money. 5)])))))
    (Extensions/register (extension "codec-test/money" Money #(.cents ^Money %) (fn [_] (throw (IllegalStateException. "no")))))
    (is (re-find #"no" (.getMessage (refusal #(round-trip (Money. 5)))))))
  (testing "unknown to the reader"
    (let [b (bytes-of (Money. 5))
          other (byte-array (map unchecked-byte (.getBytes (.replace (String. b "ISO-8859-1") "money" "mon_y") "ISO-8859-1")))]
      (is (re-find #"codec-test/mon_y" (.getMessage (refusal #(value-of other))))))))
