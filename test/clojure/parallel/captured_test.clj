(ns ^:jvm parallel.captured-test
  "What goes along with a form from the place where it is written: locals, with their hints, and bindings."
  (:require [clojure.test :refer [deftest is testing]]
            [parallel.api :as parallel]
            [parallel.impl.analysis :as analysis]
            [parallel.pool :as pool]
            [parallel.support :refer [error within]]))

(set! *warn-on-reflection* true)

(deftest more-locals-than-a-function-has-parameters
  (let [a 1 b 2 c 3 d 4 e 5 f 6 g 7 h 8 i 9 j 10 k 11 l 12 m 13 n 14 o 15 p 16 q 17 r 18 s 19 t 20 u 21 v 22 w 23
        sum (reduce + (range 1 24))]
    (is (= sum (within 60000 #(deref (parallel/spawn (+ a b c d e f g h i j k l m n o p q r s t u v w))))))
    (let [f (parallel/pfn [] (+ a b c d e f g h i j k l m n o p q r s t u v w))]
      (is (= sum (within 60000 #(deref (parallel/run f))))))
    (let [fork (parallel/fork)]
      (is (= sum (within 60000 #(deref (parallel/spawn-on fork (+ a b c d e f g h i j k l m n o p q r s t u v w))))))
      (parallel/stop fork))))

(deftest a-local-that-is-only-quoted-or-shadowed-does-not-go-along
  (let [state (atom 1)]
    (is (= '(state 2) (within 60000 #(deref (parallel/spawn (list 'state (let [state 2] state)))))))
    (is (= 3 (within 60000 #(deref (parallel/spawn ((fn [state] (inc state)) 2))))))
    (is (= :not-transferable (:parallel/error (error #(within 60000 (fn [] @(parallel/spawn (deref state))))))))))

(deftest the-hints-of-locals-go-along
  (let [f (analysis/function-of-locals '[^doubles xs ^long n ^String s m] '(aget xs n))]
    (testing "compiled without reflection"
      (is (= "" (let [said (java.io.StringWriter.)]
                  (binding [*err* said *warn-on-reflection* true]
                    (eval f))
                  (str said)))))
    (is (= 2.0 ((eval f) {'xs (double-array [1 2]) 'n 1 's "" 'm nil}))))
  (let [^doubles xs (double-array (range 1000)) n 1000]
    (is (= 499500.0 (within 60000 #(deref (parallel/spawn (loop [i 0 sum 0.0]
                                                            (if (< i n) (recur (inc i) (+ sum (aget xs i))) sum)))))))))

(def ^:dynamic *here* "root")

(defn- here
  "What f returns within a minute, with the bindings of now."
  [f]
  (within 60000 (bound-fn* f)))

(deftest bindings-go-along-with-every-call
  (binding [*here* "bound"]
    (is (= "bound" (here #(deref (parallel/run '*here*)))))
    (is (= "bound" (here #(deref (parallel/run {:in :thread} '*here*)))))
    (is (= "bound" (here #(deref (parallel/spawn *here*)))))
    (let [w (parallel/fork)]
      (is (= "bound" (here #(deref (parallel/exec w '*here*)))))
      (is (= "root" (binding [*here* "root"] (here #(deref (parallel/exec w '*here*))))))
      (parallel/stop w))
    (pool/with-pool [p 2]
      (is (= #{"bound"} (set (here #(doall (pool/pmap {:pool p} '(fn [_] *here*) (range 4)))))))
      (is (= "bound" (here #(deref (pool/submit p '(fn [] *here*)))))))))

(defn- said
  "The message of what f throws within a minute."
  [f]
  (str (:message-of-error (error #(within 60000 f)))))

(deftest a-form-that-is-too-deep-or-too-large-is-an-error-with-a-sentence
  (let [w (parallel/fork)]
    (doseq [[what form] {"700 deep"        (list* '-> 0 (repeat 700 'inc))
                         "5000 deep"       (nth (iterate #(list 'inc %) 0) 5000)
                         "5000 vectors"    (nth (iterate vector 0) 5000)}]
      (testing what
        (let [outcome #(try [:value (within 60000 %)]
                            (catch clojure.lang.ExceptionInfo e [(:parallel/error (ex-data e)) (ex-message e)]))]
          (doseq [[kind value] [(outcome (fn [] @(parallel/exec w form))) (outcome (fn [] @(parallel/run form)))]]
            (is (contains? #{:value :start-failed :remote-exception :not-transferable} kind))
            (is (or (= :value kind) (seq value)))))))
    (doseq [x [(vec (range 20000)) (apply str (repeat 70000 "x")) (double-array 3)]]
      (testing (class x)
        (is (re-find #"argument" (said #(deref (parallel/exec w (list 'count x))))))))
    (parallel/stop w)))

(deftest arguments-that-nobody-takes-are-an-error
  (is (re-find #"is no function" (said #(deref (parallel/run '(+ 1 2) '(+ 3 4)))))))
