(ns ^:jvm parallel.definitions-test
  "What exists in a script, in what is piped, in -e and at a prompt, as a worker sees it. Each runs in a JVM of its
  own."
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.impl.stdin :as stdin]
            [parallel.support :as support])
  (:import [java.io File]
           [java.lang ProcessBuilder]
           [java.util.concurrent TimeUnit]))

(defn- clojure-main
  "What clojure.main prints with these arguments and that input."
  [input & args]
  (let [process (.start (ProcessBuilder. ^java.util.List (into (support/clojure-main) args)))
        errors  (future (slurp (.getErrorStream process)))]
    (with-open [in (java.io.OutputStreamWriter. (.getOutputStream process))]
      (.write in (str input)))
    (let [text (slurp (.getInputStream process))]
      (is (.waitFor process 60 TimeUnit/SECONDS))
      (is (= "" @errors) "nothing on stderr")
      text)))

(defn- script
  "What a script prints, read, or as text."
  [code]
  (let [file (File/createTempFile "definitions" ".clj")]
    (try
      (spit file code)
      (let [text (clojure-main "" (str file))]
        (try (read-string text) (catch Exception _ text)))
      (finally
        (.delete file)))))

(def ^:private there
  "Defines (there form): the value in a fork, or the message of the error."
  "(def fork (parallel/fork {:max-heap \"96m\"}))
   (def results (atom {}))
   (defmacro there [form] `(try @(parallel/exec fork '~form) (catch Exception e# (ex-message e#))))
   (defmacro note [k form]
     `(swap! results assoc ~k (try [~form (there ~form)] (catch Exception e# (ex-message e#)))))\n")

(defn- differing
  "The entries in which the worker has another value than the script."
  [results]
  (into {} (remove (fn [[_ v]] (and (vector? v) (= (first v) (second v))))) results))

(deftest a-script-s-definitions-mean-the-same-in-a-worker
  (let [results
        (script
         (str "(ns one.core (:require [clojure.string :as text]))
               (def kind ::thing)
               (defn f1 [] [::thing ::text/x `text/join kind])
               (ns two.core
                 (:refer-clojure :exclude [update])
                 (:require [parallel.api :as parallel] [clojure.set :as text]))
               (def kind ::thing)
               (defn f2 [] [::thing ::text/x `a-symbol kind])
               (in-ns 'three.core) (clojure.core/refer 'clojure.core) (require '[parallel.api :as parallel])
               (defn f3 [] [::thing (one.core/f1) (two.core/f2)])
               (in-ns 'two.core)
               (declare update)
               (defn step [n] (if (zero? n) :done (update n)))
               (defn update [n] (step (dec n)))\n"
              there
              "(do (defn in-do [x] (inc x)) (do (defmacro in-do-twice [x] `(+ ~x ~x))))
               (when true (defn in-when [x] (dec x)))
               (let [k 5 xs {:a [1 2]}] (defn in-let [x] [k x xs]))
               (defmacro defservice [n] `(defn ~(symbol (str n \"-service\")) [x#] [~(str n) x#]))
               (defservice mail)
               (def rate 1) (alter-var-root #'rate (constantly 5))
               (def conf {:a 1}) (def conf (assoc conf :b 2))
               (def seed (rand-int 1000000000))
               (def started (System/nanoTime))
               (def buffer (double-array 3)) (aset buffer 1 7.0)
               (def squares (map #(* % %) (range 5)))
               (def ^:dynamic *depth* 1)
               (defn depth [] *depth*)
               (defrecord Point [x y])
               (def origin (->Point 0 0))
               (def points {:all [(->Point 1 2)]})
               (defn twice [x] (* 2 x)) (def twice (memoize twice))
               (def add-five (partial + 5))
               (defmulti area :shape)
               (defmethod area ::square [{:keys [side]}] (* side side))
               (defmethod area :gone [_] :gone)
               (defmethod area :default [_] :unknown)
               (derive ::tile ::square)
               (defmulti sound (fn [x] x))
               (derive ::dog ::animal) (derive ::dog ::pet)
               (defmethod sound ::animal [_] :animal) (defmethod sound ::pet [_] :pet)
               (prefer-method sound ::pet ::animal)
               (defmethod print-method Point [p ^java.io.Writer w] (.write w (str \"point \" (:x p))))
               (defprotocol Sized (size [x]))
               (extend-type String Sized (size [s] (count s)))
               (doseq [_ [1]] (extend-protocol Sized Point (size [p] (+ (:x p) (:y p))) nil (size [_] 0)))
               (extend Long Sized {:size (fn [n] n)})
               (note :namespaces [(one.core/f1) (f2) (three.core/f3)])
               (note :own-update (update 3))
               (note :nested [(in-do 1) (in-do-twice 2) (in-when 1) (in-let 1) (mail-service 1)])
               (note :data [rate conf seed started (vec buffer) squares])
               (note :records [(:x origin) points (size origin) (count (:all points))])
               (note :functions [(twice 2) (add-five 1)])
               (note :methods [(area {:shape ::square :side 2}) (area {:shape ::tile :side 3}) (area {:shape :gone})
                               (sound ::dog)])
               (remove-method area :gone) (underive ::tile ::square)
               (note :methods-removed [(area {:shape :gone}) (area {:shape ::tile :side 3})])
               (note :print-method (pr-str (->Point 1 2)))
               (note :extensions [(size \"abc\") (size nil) (size 3) (size (->Point 1 2))])
               (note :workers (count [fork]))
               (swap! results assoc :binding [3 (binding [*depth* 3] (there (depth)))]
                                    :binding-over [1 (there (depth))]
                                    :redefined (with-redefs [conf :mocked] [:mocked (there conf)])
                                    :restored [conf (there conf)])
               (aset buffer 2 9.0)
               (note :array-changed (vec buffer))
               (defn in-do [x] [:new x])
               (note :new-definition (in-do 1))
               (swap! results assoc :status [1 (count (parallel/status))])
               (parallel/close)
               (prn @results)"))]
    (is (map? results) results)
    (is (= {} (differing results)))
    (is (= 18 (count results)))))

(deftest what-cannot-come-along-is-an-error-that-names-the-var
  (let [results
        (script
         (str "(ns refused.core (:require [parallel.api :as parallel]))\n"
              there
              "(defn mocked [x] x)
               (def dice (partial + (rand-int 1000000000)))
               (load-string \"(defn evaluated [x] x)\")
               (def endless (map inc (range)))
               (def stream (java.io.StringReader. \"\"))
               (let [port (java.io.StringReader. \"\")] (defn captures [] (.read port)))
               (defonce once (java.util.Random. 1))
               (def state (atom 1))
               (defmulti area identity)
               (eval (read-string \"(defmethod area 1 [_] 1)\"))
               (with-redefs [mocked (fn [_] :mocked)] (swap! results assoc 'mocked (there (mocked 1))))
               (swap! results assoc 'dice (there (dice 1)) 'evaluated (there (evaluated 1))
                                    'endless (there (first endless)) 'stream (there stream)
                                    'captures (there (captures)) 'area (there (area 1)))
               (def fine [(there (number? (.nextInt once))) (there (swap! state inc)) (there (swap! state inc)) @state
                          (there (mocked 1))])
               (parallel/close)
               (prn [@results fine])"))
        [refused fine] results]
    (is (vector? results) results)
    (doseq [[target message] refused]
      (is (str/includes? (str message) (str "refused.core/" target))))
    (is (= 7 (count refused)))
    (testing "a defonce and a reference are evaluated there once; one that was refused comes along when it can"
      (is (= [true 2 3 1 1] fine)))))

(def ^:private short-script
  "(require '[parallel.api :as parallel]) (defn f [x] [:f x]) (defmacro m [x] (list 'f x)) (def kept {:a 1})
(defn g [x] (m x))
(println @(parallel/run {:max-heap \"96m\"} '[(g 1) kept]))
(shutdown-agents)")

(deftest a-piped-script-s-definitions-are-known
  (is (= "[[:f 1] {:a 1}]\n" (clojure-main short-script "-")))
  (testing "whatever stands before, and in the namespace whose form has loaded the library"
    (is (= "[[:f 1] {:a 1}]\n"
           (clojure-main (str "\n(def before 1) (ns one\n (:require [parallel.api]))\n\n" short-script) "-")))))

(deftest definitions-of-an-expression-on-the-command-line-are-known
  (is (str/ends-with? (clojure-main "" "-e" short-script) "[[:f 1] {:a 1}]\n"))
  (testing "which comes after more than a page of other arguments"
    (is (str/ends-with? (clojure-main "" "--report" (apply str (repeat 5000 \x)) "-e" short-script)
                        "[[:f 1] {:a 1}]\n"))))

(deftest what-clojure-main-reads-is-known-by-its-arguments
  (doseq [[words expressions stdin] [[[] [] :prompt] [["-r"] [] :prompt] [["--repl" "x"] [] :prompt]
                                     [["-e" "1" "--eval" "2"] ["1" "2"] nil] [["-i" "-" "-r"] [] :prompt]
                                     [["-e" "-r"] ["-r"] nil] [["-"] [] :script] [["--report" "none" "-"] [] :script]
                                     [["-m" "x" "-r"] [] nil] [["x.clj" "-"] [] nil] [["-e" "1" "-r"] ["1"] :prompt]]]
    (is (= {:expressions expressions :stdin stdin} (stdin/parsed words)) (pr-str words))))
