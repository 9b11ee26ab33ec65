(ns parallel.names-test
  "Names are resolved before a worker starts: what certainly means nothing there is refused at once, and what exists at
  the prompt or in a script only goes along, as far as its source is known."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.api :as parallel]
            [parallel.impl.analysis :as analysis]
            [parallel.impl.definitions :as definitions]
            [parallel.support :refer [clojure-main error within]])
  (:import [java.lang ProcessBuilder ProcessHandle]))

;; ---- what a form refers to

(defn- free [form] (:free (analysis/names (the-ns 'parallel.names-test) form)))
(defn- sure? [form] (:sure? (analysis/names (the-ns 'parallel.names-test) form)))
(defn- unbound [form] (set (analysis/unbound (the-ns 'parallel.names-test) (free form))))

(deftest locals-are-no-names-of-the-namespace
  (doseq [form '[(let [x 1, y x] (+ x y))
                 (fn [x & xs] (apply max x xs))
                 (fn f ([x] x) ([x y] (f (+ x y))))
                 (loop [i 0] (when (< i 3) (recur (inc i))))
                 (letfn [(ev? [n] (or (zero? n) (od? (dec n)))) (od? [n] (ev? (dec n)))] (ev? 3))
                 (for [x (range 3), y (range x), :let [z (+ x y)], :when (odd? z)] [x y z])
                 (let [{:keys [a b] :as m, [c & d] :list} {}] [a b m c d])
                 (try (inc 1) (catch Exception e (ex-message e)) (finally nil))
                 (reify Object (toString [this] (str this)) (hashCode [_] 1))
                 (case 1 1 :one (2 3) :more :else)
                 (as-> 1 x (inc x))
                 (doto (java.util.ArrayList.) (.add 1))
                 (-> "a" .length inc)
                 #(+ %1 %2)
                 (quote unknown)
                 (Math/abs (Integer/parseInt "1"))
                 (String. "x")
                 (str/upper-case "x")
                 {:a [1 #{(inc 1)}]}
                 (binding [*out* *err*] (println))
                 (set! *warn-on-reflection* true)
                 (parallel/receive (parallel/parent))
                 (instance? java.util.Map {})
                 (new String "x")
                 (. Math abs 1)
                 (. "x" (length))
                 (with-open [x (java.io.StringReader. "")] (slurp x))]]
    (testing form
      (is (= #{} (unbound form)))
      (is (sure? form)))))

(deftest what-means-nothing-is-found
  (doseq [[form names] '{(+ 1 x)                         #{x}
                         (let [x 1] (+ x y))             #{y}
                         (unknown-macro [z 1] (inc z))   #{unknown-macro}
                         (fn [x] (let [y x] (* z y)))    #{z}
                         (map f [a])                     #{f a}
                         (try (g) (catch Exception e h)) #{g h}
                         {:a b}                          #{b}
                         (let [x y] (fn [y] x))          #{y}
                         #'nowhere                       #{nowhere}
                         (unknown.lib/f x)               #{unknown.lib/f}
                         (alias/f 1)                     #{alias/f}}]
    (is (= names (unbound form)) form)))

(deftest where-only-the-run-can-tell-the-analysis-is-not-sure
  (doseq [form '[(def x 1) (defn f [] 1) (do (require 'clojure.set) x) (eval 'x) (load-string "x") (in-ns 'other)
                 (use 'clojure.set)
                 (clojure.inspector/may-be-a-macro x) (defrecord R [a]) (ns a.b) (import 'java.util.Map)]]
    (is (not (sure? form)) form)))

(deftest parallel-and-clojure-core-are-known-everywhere
  (let [bare (create-ns (gensym "bare"))]
    (try
      (doseq [form '[(parallel/receive (parallel/parent)) (parallel/with-workers [ws (parallel/fork 2)] ws)
                     (let [x 1] (parallel/spawn (inc x)))]]
        (is (= [#{} true] ((juxt #(set (analysis/unbound bare (:free %))) :sure?) (analysis/names bare form))) form))
      (is (= 1
             (let [w (apply (binding [*ns* bare] (fn [& args] (apply parallel/run args)))
                            ['(parallel/send (parallel/parent) 1)])]
               (parallel/receive w))))
      (finally
        (remove-ns (ns-name bare))))))

;; ---- refused at once

(deftest an-unbound-name-is-refused-before-a-process-starts
  (let [before (.count (.children (ProcessHandle/current)))
        w      (parallel/run '(+ 1 no-such-name))
        e      (error #(within 60000 (fn [] (parallel/join w))))]
    (is (= before (.count (.children (ProcessHandle/current)))))
    (is (= :start-failed (:parallel/error e)))
    (is (= (.id w) (:worker/id e)))
    (is (= '[no-such-name] (:symbols e)))
    (is (re-find #"Unable to resolve symbol: no-such-name\..*(spawn ...)" (:message-of-error e)))
    (is (= :failed (:state (parallel/status w))))
    (is (zero? (.pid w)))
    (is (= :start-failed (:parallel/error (error #(parallel/receive w)))))))

(deftest what-everywhere-has-defined-is-known
  (try
    (is (= :start-failed (:parallel/error (error #(deref (parallel/run '(from-everywhere 1)))))))
    (parallel/everywhere '(defn from-everywhere [x] (* 2 x)))
    (is (= 42 @(parallel/run '(from-everywhere 21))))
    (finally
      (parallel/everywhere-forget)))
  (is (= :start-failed (:parallel/error (error #(deref (parallel/run '(from-everywhere 1))))))))

(deftest a-worker-decides-where-a-form-defines-or-loads
  (is (= 6 @(parallel/run '(do (defn here [x] (* 2 x)) (here 3)))))
  (is (= #{1 2} @(parallel/run '(do (require '[clojure.set :as sets]) (sets/union #{1} #{2})))))
  (is (= :start-failed (:parallel/error (error #(deref (parallel/run '(do (def a 1) no-such-name))))))))

(deftest what-exec-has-defined-is-known-to-its-worker
  (let [w (parallel/fork)]
    @(parallel/exec w '(def there 20))
    (is (= 21 @(parallel/exec w '(inc there))))
    (is (= :remote-exception (:parallel/error (error #(deref (parallel/exec w '(inc nowhere)))))))
    (parallel/stop w)))

;; ---- definitions that go along

(defn- at-prompt
  "Evaluates forms as at a prompt that notes what it defines, in the namespace; the value of the last one."
  [ns-sym & forms]
  (binding [*ns* (or (find-ns ns-sym)
                     (doto (create-ns ns-sym)
                       (as-> n (binding [*ns* n] (refer 'clojure.core) (require '[parallel.api :as parallel])))))
            *file* "NO_SOURCE_PATH"]
    (last (mapv #(definitions/evaluate eval %) forms))))

(defmacro ^:private with-prompt [[ns-sym] & body]
  `(let [~ns-sym (gensym "prompt")]
     (try ~@body (finally (remove-ns ~ns-sym)))))

(deftest a-function-of-the-prompt-goes-along-with-what-it-uses
  (with-prompt [p]
    (at-prompt p '(def base 100) '(defmacro twice [x] `(let [y# ~x] (+ y# y#))) '(defn helper [x] (twice x))
               '(defn f [x] (+ base (helper x))))
    (is (= 102 (at-prompt p '@(parallel/run '(f 1)))))
    (is (= 104 (at-prompt p '@(parallel/run #'f 2))))
    (is (= 106 (at-prompt p (list 'deref (list 'parallel/run (list 'quote (symbol (str p) "f")) 3)))))
    (testing "redefined"
      (at-prompt p '(defn helper [x] (* 1000 x)))
      (is (= 1100 (at-prompt p '@(parallel/run '(f 1))))))))

(deftest a-fork-has-the-new-definition-with-its-next-work
  (with-prompt [p]
    (at-prompt p '(defn f [] :old) '(def w (parallel/fork)))
    (is (= :old (at-prompt p '@(parallel/exec w '(f)))))
    (at-prompt p '(defn f [] :new))
    (is (= :new (at-prompt p '@(parallel/exec w '(f)))))
    (testing "what has not changed is not evaluated again: its state stays"
      (at-prompt p '(def counter (atom 0)))
      (is (= [1 2 3]
             (at-prompt p '(mapv deref [(parallel/exec w '(swap! counter inc)) (parallel/exec w '(swap! counter inc))
                                        (parallel/exec w '(swap! counter inc))])))))
    (at-prompt p '(parallel/stop w))))

(deftest functions-that-call-each-other-go-along
  (with-prompt [p]
    (at-prompt p '(declare od?) '(defn ev? [n] (or (zero? n) (od? (dec n))))
               '(defn od? [n] (and (pos? n) (ev? (dec n)))))
    (is (true? (at-prompt p '@(parallel/run '(ev? 10)))))))

(deftest records-protocols-and-multimethods-go-along
  (with-prompt [p]
    (at-prompt p
               '(defprotocol Area (area [this]))
               '(defrecord Square [side] Area (area [_] (* side side)))
               '(defrecord Circle [radius])
               '(extend-type Circle Area (area [c] (* 3 (:radius c))))
               '(defmulti sound :kind)
               '(defmethod sound :dog [_] "wuff")
               '(defmethod sound :default [_] "?"))
    (is (= [4 9 "wuff" "?"]
           (at-prompt p '@(parallel/run '[(area (->Square 2)) (area (Circle. 3)) (sound {:kind :dog}) (sound {})]))))
    (testing "as arguments and as values"
      (is (true? (at-prompt p '(= (->Square 3) @(parallel/run '(fn [s] (update s :side inc)) (->Square 2)))))))
    (testing "another method"
      (at-prompt p '(defmethod sound :cat [_] "miaow"))
      (is (= "miaow" (at-prompt p '@(parallel/run '(sound {:kind :cat}))))))))

(deftest state-of-defonce-is-each-workers-own
  (with-prompt [p]
    (at-prompt p '(defonce state (atom 5)) '(swap! state inc))
    (is (= [6 7] (at-prompt p '[@state @(parallel/run '(do (swap! state inc) (swap! state inc)))]))
        "made anew there, from its form")))

(deftest what-is-not-noted-is-refused-with-both-remedies
  (with-prompt [p]
    (at-prompt p '(do))
    (intern p 'unnoted (fn [x] x))
    (let [e (error #(at-prompt p '@(parallel/run '(unnoted 1))))]
      (is (= :start-failed (:parallel/error e)))
      (is (re-find #"unnoted\. It was defined at the prompt, and its source is not known" (:message-of-error e)))
      (is (re-find #"everywhere '\(defn unnoted" (:message-of-error e)))
      (is (re-find #"parallel.nrepl/middleware" (:message-of-error e))))
    (testing "but a local of that name is none"
      (is (= 1 (at-prompt p '@(parallel/run '(let [unnoted 1] unnoted))))))
    (testing "a worker that is a thread has it"
      (is (= 1 (at-prompt p '@(parallel/run {:in :thread} '(unnoted 1))))))))

(deftest what-a-script-defines-goes-along
  (let [script (java.io.File/createTempFile "a_script" ".clj" (io/file "target"))]
    (spit script (str/join "\n" (map pr-str
                                     '[(ns a-script (:require [parallel.api :as parallel] [clojure.string :as text]))
                                       (def greeting "hello ")
                                       (defn greet [whom] (text/upper-case (str greeting whom)))
                                       (defmulti size class)
                                       (defmethod size String [s] (count s))
                                       (prn @(parallel/run '[(greet "x") (size "four")]))])))
    (try
      (let [process (.start (.redirectErrorStream (ProcessBuilder.
                                                   ^java.util.List (conj (clojure-main) (str script)))
                                                  true))]
        (is (= "[\"HELLO X\" 4]\n" (slurp (.getInputStream process)))))
      (finally
        (.delete script)))))
