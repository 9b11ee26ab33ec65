(ns parallel.mistakes-test
  "What a beginner does wrong, and what is said about it: each text says what to do instead."
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.api :as parallel]
            [parallel.hosts]
            [parallel.look]
            [parallel.pool]
            [parallel.shared]
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
  (says :bad-argument
        #"In the root \(parent\) is nil: give it a worker\. In a form for a worker, quote the form: \(run '\(\.\.\.\)\)"
        (parallel/run (parallel/receive (parallel/parent)))))

(deftest a-namespace-that-was-not-required
  (says :start-failed
        (re-pattern (str #"No such namespace: text \(in text/join\)\. "
                         #"Require it in the namespace of the form, \(require '\[the.namespace :as text\]\)"))
        @(parallel/run '(text/join ["a" "b"]))))

(deftest a-lazy-sequence-of-side-effects-happens-in-the-worker
  (let [w (parallel/run '(map #(parallel/send (parallel/parent) %) [1 2 3]))]
    (is (= [1 2 3] (repeatedly 3 #(parallel/receive w))))
    (parallel/join w))
  (testing "one that fails when it is realised to be sent"
    (let [w (parallel/run '(parallel/receive (parallel/parent)))]
      (is (thrown-with-msg? ArithmeticException #"Divide by zero" (parallel/send w {:xs (map #(/ 1 %) [1 0])}))
          "the caller's own")
      (parallel/send w 1)
      (is (= 1 @w)))))

(deftest a-local-in-a-quoted-form
  (says :start-failed
        (re-pattern (str #"Unable to resolve symbol: n\. A quoted form does not see the locals around it: "
                         #"pass them as arguments, \(run '\(fn \[x\] \.\.\.\) x\), "
                         #"or write the body in \(spawn \.\.\.\)"))
        (let [n 3] @(parallel/run '(+ n 1)))))

(deftest an-argument-that-cannot-travel
  (says :not-transferable
        (re-pattern (str #"clojure.lang.Atom cannot be sent: references are not shared between processes; "
                         #"send what it holds \(deref it first\)"))
        @(parallel/run '(fn [a] @a) (atom 1)))
  (says :not-transferable #"functions carry no meaning in another process; send a quoted form, a symbol"
        @(parallel/run '(fn [f] (f 1)) inc)))

(deftest a-fork-that-is-dereferenced-before-it-has-its-work
  (let [w (parallel/fork)]
    @w
    (says :closed #"was joined, dereferenced or stopped, and takes nothing more to evaluate: fork another one|has ended"
          @(parallel/exec w '(+ 1 2)))))

(deftest a-function-object-in-place-of-a-form
  (says :bad-argument
        (re-pattern (str #"A function object cannot be sent: .*Give a quoted form, '\(fn \[x\] \.\.\.\), "
                         #"a qualified symbol, a var, #'f, or \(pfn \[x\] \.\.\.\)"))
        (parallel/run inc)))

(deftest an-unknown-option
  (says :bad-argument #":max-haep.*:max-heap" (parallel/run {:max-haep "1g"} '(+ 1 2))))

(deftest a-forgotten-parent
  (says :remote-exception
        #"\(receive \.\.\.\) takes a peer: in a worker \(receive \(parent\)\), in its parent \(receive w\)"
        @(parallel/run '(parallel/receive)))
  (says :remote-exception #"\(send \.\.\.\) takes a peer and a value: in a worker \(send \(parent\) v\)"
        @(parallel/run '(parallel/send 42))))

(deftest workers-that-start-themselves-again
  (says :remote-exception #"Does a worker's code start itself again\? If that is meant, raise the option max-depth"
        @(parallel/run {:max-depth 2} '(fn again [form] @(parallel/run {:max-depth 2} form form))
                       '(fn again [form] @(parallel/run {:max-depth 2} form form)))))

(deftest too-few-or-too-many-arguments
  (doseq [ns-name '[parallel.api parallel.look parallel.pool parallel.shared]
          [call v] (ns-publics (the-ns ns-name))
          :when (and (fn? @v) (not (:macro (meta v))) (not (:no-doc (meta v))) (:arglists (meta v))
                     (not (str/starts-with? (str (:doc (meta v))) "Positional factory")))
          :let [arglists (:arglists (meta v))
                n        (if (some #(contains? #{nil '&} (first %)) arglists) 21 0)]
          :when (or (zero? n) (not-any? #(some #{'&} %) arglists))]
    (testing call
      (let [[kind message] (said #(apply @v (repeat n nil)))]
        (is (= :bad-argument kind))
        (is (re-find (re-pattern (str "^\\(" (java.util.regex.Pattern/quote (str call)) " \\.\\.\\.\\) "))
                     (str message))))))
  (says :bad-argument
        (re-pattern (str #"^\(select \.\.\.\) has 2 arguments; it is called \(select peers\) "
                         #"or \(select peers timeout-ms timeout-val\)\.$"))
        (parallel/select [] 1)))

(deftest each-public-var-says-what-it-throws-and-since-when-it-is-there
  (doseq [ns-name '[parallel.api parallel.hosts parallel.look parallel.pool parallel.shared]
          [call v] (ns-publics (the-ns ns-name))
          :let [{:keys [doc added no-doc macro]} (meta v)]
          :when (not (or no-doc (str/starts-with? (str doc) "Positional factory")))]
    (testing call
      (is (string? added))
      (when (or macro (fn? @v))
        (is (re-find #"(?i)throws?\b" (str doc)))
        (is (re-find #"^[A-Z][a-z]+s\b" (str doc)) "a verb in the third person")))))

(deftest what-is-no-worker
  (says :bad-argument #"^\(spawn-on \.\.\.\) takes a forked worker, .* or a map of options, not 3"
        (parallel/spawn-on 3 (+ 1 2)))
  (says :bad-argument #"^\(stop \.\.\.\) takes a worker" (parallel/with-workers [ws 3] ws))
  (is (re-find #"a name and workers in brackets"
               (str (ex-message (ex-cause (try (eval '(parallel.api/with-workers ws 3)) (catch Exception e e))))))))

(defn- thrown-there [form]
  (ex-cause (ex-cause (try (within 60000 (fn [] @(parallel/run form))) (catch Exception e e)))))

(deftest an-exception-of-any-constructor-is-one-of-its-class
  (doseq [[form type pattern] [['((fn [x] x)) clojure.lang.ArityException #"Wrong number of args \(0\)"]
                               ['(throw (java.io.UncheckedIOException. "x" (java.io.IOException. "y")))
                                java.io.UncheckedIOException #"^x$"]
                               ['(throw (java.util.concurrent.TimeoutException. "late"))
                                java.util.concurrent.TimeoutException #"^late$"]
                               ['(java.time.LocalDate/parse "no") java.time.format.DateTimeParseException
                                #"could not be parsed"]]]
    (testing form
      (let [cause (thrown-there form)]
        (is (instance? type cause))
        (is (re-find pattern (str (ex-message cause)))))))
  (testing "whose class is not here"
    (let [form  '(throw (proxy [Exception] ["odd"]))
          cause (thrown-there form)]
      (is (= "parallel.control.ExceptionOfWorker" (.getName (class cause))))
      (is (re-find #"odd$" (ex-message cause))))))
