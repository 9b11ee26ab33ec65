(ns ^:jvm parallel.plain-prompt-test
  "A prompt of clojure.main, typed into a real process: what is said there, and what differs from nREPL."
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.support :refer [clojure-main]])
  (:import [java.io File]
           [java.lang ProcessBuilder]
           [java.util.concurrent TimeUnit]))

(def ^:private library "(require '[parallel.api :as parallel])\n")

(defn- typed
  "What a prompt prints when the lines are typed."
  [& lines]
  (let [command (conj (clojure-main) "-r")
        process (.start (.redirectErrorStream (ProcessBuilder. ^java.util.List command) true))]
    (with-open [in (java.io.OutputStreamWriter. (.getOutputStream process))]
      (.write in (str (str/join "\n" lines) "\n")))
    (let [text (slurp (.getInputStream process))]
      (is (.waitFor process 60 TimeUnit/SECONDS))
      text)))

(deftest a-session-without-nREPL
  (let [text (typed "(defn f [x] [:old x])"
                    library
                    "@(parallel/run '(f 1))"
                    "(require '[parallel.pool :as pool])"
                    "(def p (pool/pool 1))"
                    "(str \"a map: \" (try (vec (pool/pmap {:pool p} f [1])) (catch Exception e (ex-message e))))"
                    "(.close p)"
                    "(parallel/everywhere '(defn f [x] [:everywhere x]))"
                    "@(parallel/run '(f 2))"
                    (str "(def w (parallel/run '(do (parallel/receive (parallel/parent))"
                         " (println \"printed there\") :value)))")
                    "w"
                    "(parallel/in w)"
                    "(def here (parallel/id))"
                    "(+ 40 here)"
                    "(/ 1 0)"
                    "(in-ns 'other)"
                    "(parallel/out)"
                    "here"
                    "(parallel/send w 1)"
                    "(parallel/join w)"
                    "@(parallel/run '(throw (ex-info \"no luck\" {:n 13})))")]
    (testing "what was defined before the library was loaded is not noted; the remedies are told, and one is taken"
      (is (re-find #"Unable to resolve symbol: user/f\. It was defined at the prompt.*parallel.nrepl/middleware" text))
      (is (re-find (re-pattern (str #"a map: A task in worker .*Unable to resolve symbol: user/f\. "
                                  #"It was defined at the prompt.*parallel.nrepl/middleware"))
                 text))
      (is (re-find #"\[:everywhere 2\]" text)))
    (testing "a handle prints at once"
      (is (re-find #"user=> #parallel/worker\{:id 4 :pid \d* ?:state :\w+\}" text)))
    (testing "a prompt in the worker"
      (is (re-find #"user@4=> #'user/here\nuser@4=> 44\n" text))
      (is (re-find #"user@4=> .*Divide by zero" (str/replace text #"\n" " ")))
      (is (re-find #"other@4=> " text))
      (is (re-find #"Unable to resolve symbol: here in this context" text) "it is not this process's"))
    (testing "output and values of the worker"
      (is (re-find #"<parallel#004> printed there\n" text))
      (is (re-find #":value" text)))
    (testing "the error of a worker: its cause's class and message, at the frame of its own code"
      (is (re-find #"Execution error \(ExceptionInfo\) at user/eval\d+\$fn.*\nno luck" text)))))

(def ^:private definitions
  ["(defn f [x] [:first x])"
   "@(parallel/run '(f 1))"
   "(defn g [x] (f"
   "  x))"
   "(defn f [x] [:second x]) (defmacro twice [x] `[~x ~x])"
   ")"
   "@(parallel/run '(twice (g 2)))"
   "(defmacro define [n v] `(defn ~n [] ~v))"
   "(define made :by-a-macro)"
   "@(parallel/run '(made))"
   "(defmulti shape :kind)"
   "(defmethod shape :circle [_] :round)"
   "(let [w (parallel/fork)] (def inside [:in w]) (def fork w))"
   "@(parallel/exec fork '(shape {:kind :circle}))"
   "(defmethod shape :square [_] :angular)"
   "@(parallel/exec fork '(shape {:kind :square}))"
   "(do (defn at-once [] :at-once) @(parallel/exec fork '(at-once)))"
   "(ns other.place (:require [parallel.api :as parallel]))"
   "(defn f [] ::here)"
   "@(parallel/exec user/fork '[(f) (user/f 3)])"
   "(str \"read \" (read-line))"
   "(defn f [] :a-line)"
   "(f)"
   "(parallel/stop user/fork)"])

(defn- values-of-definitions [text]
  (doseq [value ["[:first 1]" "[[:second 2] [:second 2]]" ":by-a-macro" ":round" ":angular" ":at-once"
                 "[:other.place/here [:second 3]]" "\"read (defn f [] :a-line)\"" ":other.place/here"]]
    (is (str/includes? text (str "=> " value "\n")) text)))

(deftest definitions-of-the-prompt-are-sent
  (testing "as typed: what it reads is no file"
    (values-of-definitions (apply typed library definitions)))
  (testing "the library comes with the ns form that begins the session"
    (is (str/includes? (typed "(ns mine (:require [parallel.api :as parallel]))"
                              "(defn f [] ::it)"
                              "@(parallel/run '(f))")
                       "=> :mine/it\n")))
  (testing "the library was loaded before the prompt, from -e, which defines, too"
    (let [file (File/createTempFile "typed" ".clj")]
      (try
        (spit file "(defn f [x] [:typed (g x)])\n@(parallel/run '(f 1))\n")
        (let [command (into (clojure-main) ["-e" (str library "(defn g [x] [:given x])") "-r"])
              process (.start (doto (ProcessBuilder. ^java.util.List command)
                                (.redirectErrorStream true)
                                (.redirectInput file)))
              text    (slurp (.getInputStream process))]
          (is (.waitFor process 60 TimeUnit/SECONDS))
          (is (str/includes? text "=> [:typed [:given 1]]\n") text))
        (finally (.delete file))))))
