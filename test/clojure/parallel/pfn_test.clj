(ns parallel.pfn-test
  "Functions that travel."
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.api :as parallel]
            [parallel.impl.definitions :as definitions]
            [parallel.support :refer [defboth error error-kind opts]]))

(defn thrice [x] (* 3 x))

(deftest it-is-an-ordinary-function-here
  (let [k 2
        f (parallel/pfn [x] (* k x))
        many (parallel/pfn ([] :none) ([a] [a]) ([a b & more] (list* a b more)))
        fact (parallel/pfn fact [n] (if (zero? n) 1 (* n (fact (dec n)))))]
    (is (fn? f))
    (is (= [2 4 6] (map f [1 2 3])))
    (is (= [:none [1] '(1 2) '(1 2 3 4 5 6)] [(many) (many 1) (many 1 2) (apply many (range 1 7))]))
    (is (= (range 30) (apply many (range 30))))
    (is (= 120 (fact 5)))
    (is (= {:doc "x"} (meta (with-meta f {:doc "x"}))))
    (is (= 4 ((with-meta f {:doc "x"}) 2)))
    (is (= "#parallel/pfn (clojure.core/fn [x] (* k x))" (pr-str f)))
    (is (thrown? clojure.lang.ArityException (f 1 2)))))

(defboth it-travels-with-the-locals-that-it-has-captured
  (let [factor 3
        names #{"a" "b"}
        f (parallel/pfn [x] (when (names (str/lower-case "A")) (thrice (* factor x))))
        w (parallel/fork (opts))]
    (is (= 18 @(parallel/run (opts) f 2)))
    (is (= 42 @(parallel/run (opts) 'thrice 14)) "a symbol, of the namespace that calls")
    (is (= 9 @(parallel/exec w f 1)))
    (is (= [9 18] @(parallel/exec w '(fn [g xs] (mapv g xs)) f [1 2])))
    (is (= 9 @(parallel/exec w '(fn [{:keys [g]}] (g 1)) {:g f})) "in a map")
    (testing "a function that captures a function"
      (let [g (parallel/pfn [x] (inc (f x)))]
        (is (= 10 @(parallel/exec w g 1)))))
    (testing "as a value, and on"
      (let [h @(parallel/exec w '(fn [f] (let [k 100] (parallel/pfn [x] (+ k (f x))))) f)]
        (is (= 109 (h 1)))
        (is (= 118 @(parallel/exec w h 2)))))
    (testing "by message"
      (let [echo (parallel/run (opts) '(let [p (parallel/parent)] (parallel/send p ((parallel/receive p) 5))))]
        (parallel/send echo f)
        (is (= 45 (parallel/receive echo)))))
    (testing "recursive, with several arities"
      (is (= 120
             @(parallel/exec w (parallel/pfn fact ([n] (fact n 1))
                                             ([n acc] (if (zero? n) acc (fact (dec n) (* n acc)))))
                             5))))
    (parallel/stop w)))

(deftest many-locals-keep-their-places
  (let [a 1 b 2 c 3 d 4 e 5 f 6 g 7 h 8 i 9 j 10 k 11]
    (is (= [1 2 3 4 5 6 7 8 9 10 11] @(parallel/run (parallel/pfn [] [a b c d e f g h i j k]))))))

(deftest it-is-compiled-once-for-each-form
  (let [w     (parallel/fork)
        made  (fn [n] (parallel/pfn [] [n (class (fn [] nil))]))
        [a b] (mapv #(deref (parallel/exec w (parallel/pfn [f] (let [[n c] (f)] [n (str c)])) (made %))) [1 2])]
    (is (= [1 2] [(first a) (first b)]))
    (is (= (second a) (second b)) "the same class")
    (parallel/stop w)))

(deftest what-it-has-captured-must-be-able-to-travel
  (let [w (parallel/fork)
        state (atom 1)
        e (error #(deref (parallel/exec w (parallel/pfn [] @state))))]
    (is (= :not-transferable (:parallel/error e)))
    (is (= 'state (last (:path e))))
    (is (= 2 @(parallel/exec w '(+ 1 1))))
    (is (= :not-transferable (error-kind #(parallel/send w [(parallel/pfn [] @state)]))))
    (parallel/stop w)))

(deftest what-it-uses-of-the-prompt-goes-along
  (let [p (gensym "prompt")]
    (try
      (binding [*ns* (create-ns p) *file* "NO_SOURCE_PATH"]
        (refer 'clojure.core)
        (require '[parallel.api :as parallel])
        (run! #(definitions/evaluate eval %)
              '[(defn helper [x] (* 10 x)) (def f (let [k 1] (parallel/pfn [x] (+ k (helper x)))))
                (def w (parallel/fork))])
        (is (= 21 (eval '@(parallel/run f 2))))
        (is (= 21 (eval '@(parallel/exec w f 2))))
        (testing "as it is when the function travels"
          (definitions/evaluate eval '(defn helper [x] (* 100 x)))
          (is (= 201 (eval '@(parallel/exec w f 2)))))
        (eval '(parallel/stop w)))
      (finally
        (remove-ns p)))))

(deftest large-locals-are-told-once
  (let [err (java.io.StringWriter.)
        big (double-array 2000)
        small 1
        f (parallel/pfn [] (+ small (alength big)))]
    (binding [*err* err, parallel/*large-locals-bytes* 10000]
      (is (= 2001 @(parallel/run f)))
      (is (= 2001 @(parallel/run f))))
    (let [said (str/split-lines (str err))]
      (is (= 1 (count said)))
      (is (re-find #"take 16\.\d kB: big 16\.\d kB, small 0\.0 kB" (first said))))
    (binding [*err* err, parallel/*large-locals-bytes* nil]
      (let [g (parallel/pfn [] (alength big))]
        (is (= 2000 @(parallel/run g)))))
    (is (= 1 (count (str/split-lines (str err)))))))
