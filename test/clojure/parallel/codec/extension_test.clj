(ns parallel.codec.extension-test
  (:require [clojure.test :refer [deftest is testing]]
            [parallel.codec.support :refer [bytes-of refusal round-trip value-of]])
  (:import (parallel.codec Destination Encoder Extension Extensions LocalExtension UnserializableException)
           (parallel.transport Payload)))

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
    (Extensions/register (extension "codec-test/money" Money #(.cents ^Money %)
                                    (fn [_] (throw (IllegalStateException. "no")))))
    (is (re-find #"no" (.getMessage (refusal #(round-trip (Money. 5)))))))
  (testing "unknown to the reader"
    (let [b (bytes-of (Money. 5))
          other (byte-array (map unchecked-byte
                                 (.getBytes (.replace (String. b "ISO-8859-1") "money" "mon_y") "ISO-8859-1")))]
      (is (re-find #"codec-test/mon_y" (.getMessage (refusal #(value-of other))))))))

;; ---- where the bytes go

(deftype Cell [n])

(defn- length
  "Of a value that is encoded for a destination."
  [^Destination destination value]
  (let [encoder (Encoder/acquire destination)]
    (try (.length ^Payload (.encode encoder value))
         (finally (.release encoder)))))

(deftest what-lies-on-one-machine-is-refused-where-the-bytes-go-to-another
  (let [written (atom 0)]
    (Extensions/register (reify LocalExtension
                           (name [_] "codec-test/cell")
                           (type [_] Cell)
                           (write [_ cell] (swap! written inc) (.n ^Cell cell))
                           (read [_ n] (Cell. n))
                           (notElsewhere [_ cell]
                             (str "cell " (.n ^Cell cell) " is of this machine. Send its number."))))
    (is (= 5 (.n ^Cell (first (round-trip [(Cell. 5)])))))
    (is (pos? (length Destination/HERE [(Cell. 5)])))
    (let [before @written
          e      (refusal #(length Destination/ELSEWHERE {:a [1 (Cell. 5)]}))]
      (is (= (str "A value of class parallel.codec.extension_test.Cell cannot be sent: cell 5 is of this machine. "
                  "Send its number. It is at [:a 1].")
             (ex-message e)))
      (is (= [:a 1] (.path ^UnserializableException e)))
      (is (= before @written) "no reference was made"))
    (testing "everything else goes anywhere, and the next one on this thread is not bound to it"
      (is (= (length Destination/HERE {:a [1 2.0 "x"]}) (length Destination/ELSEWHERE {:a [1 2.0 "x"]})))
      (is (pos? (alength ^bytes (bytes-of (Cell. 5))))))))
