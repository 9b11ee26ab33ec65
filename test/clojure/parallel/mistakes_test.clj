(ns parallel.mistakes-test
  "What a beginner does wrong, and what is said about it: each text says what to do instead."
  (:require [clojure.test :refer [deftest is testing]]
            [parallel.api :as parallel]
            [parallel.support :refer [error within]]))

(defn- said
  "The kind and the message of what the thunk throws."
  [thunk]
  (let [e (error #(within 60000 thunk))]
    [(:parallel/error e) (:message-of-error e)]))

(defmacro ^:private says [kind pattern & body]
  `(let [[kind# message#] (said (fn [] ~@body))]
     (is (= ~kind kind#))
     (is (re-find ~pattern (str message#)))))

(deftest a-form-that-is-not-quoted
  (says :bad-argument #"In the root \(parent\) is nil: give it a worker\. In a form for a worker, quote the form: \(run '\(\.\.\.\)\)"
        (parallel/run (parallel/receive (parallel/parent)))))

(deftest a-namespace-that-was-not-required
  (says :start-failed #"No such namespace: text \(in text/join\)\. Require it where the form stands, \(require '\[the.namespace :as text\]\)"
        @(parallel/run '(text/join ["a" "b"]))))

(deftest a-lazy-sequence-of-side-effects-happens-in-the-worker
  (let [w (parallel/run '(map #(parallel/send (parallel/parent) %) [1 2 3]))]
    (is (= [1 2 3] (repeatedly 3 #(parallel/receive w))))
    (parallel/join w))
  (testing "one that fails when it is realised to be sent"
    (let [w (parallel/run '(parallel/receive (parallel/parent)))]
      (is (thrown-with-msg? ArithmeticException #"Divide by zero" (parallel/send w {:xs (map #(/ 1 %) [1 0])})) "the caller's own")
      (parallel/send w 1)
      (is (= 1 @w)))))

(deftest a-local-in-a-quoted-form
  (says :start-failed #"Unable to resolve symbol: n\. A quoted form does not see the locals around it: pass them as arguments, \(run '\(fn \[x\] \.\.\.\) x\), or write the body in \(spawn \.\.\.\)"
        (let [n 3] @(parallel/run '(+ n 1)))))

(deftest an-argument-that-cannot-travel
  (says :not-transferable #"clojure.lang.Atom cannot travel: references are not shared between processes; send what it holds \(deref it first\)"
        @(parallel/run '(fn [a] @a) (atom 1)))
  (says :not-transferable #"functions carry no meaning in another process; send a quoted form, a symbol"
        @(parallel/run '(fn [f] (f 1)) inc)))

(deftest a-fork-that-is-dereferenced-before-it-has-its-work
  (let [w (parallel/fork)]
    @w
    (says :closed #"was joined, dereferenced or stopped, and takes nothing more to evaluate: fork another one|has ended" @(parallel/exec w '(+ 1 2)))))

(deftest a-function-object-in-place-of-a-form
  (says :bad-argument #"A function object cannot travel: .*Give a quoted form, '\(fn \[x\] \.\.\.\), a qualified symbol, a var, #'f, or \(pfn \[x\] \.\.\.\)"
        (parallel/run inc)))

(deftest an-unknown-option
  (says :bad-argument #":max-haep.*:max-heap" (parallel/run {:max-haep "1g"} '(+ 1 2))))

(deftest a-forgotten-parent
  (says :remote-exception #"\(receive \.\.\.\) takes a peer: in a worker \(receive \(parent\)\), in its parent \(receive w\)" @(parallel/run '(parallel/receive)))
  (says :remote-exception #"\(send \.\.\.\) takes a peer and a value: in a worker \(send \(parent\) v\)" @(parallel/run '(parallel/send 42))))

(deftest workers-that-start-themselves-again
  (says :remote-exception #"Does a worker's code start itself again\? If that is meant, raise the option max-depth"
        @(parallel/run {:max-depth 2} '(fn again [form] @(parallel/run {:max-depth 2} form form)) '(fn again [form] @(parallel/run {:max-depth 2} form form)))))
