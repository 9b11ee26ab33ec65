(ns parallel.reload-test
  "Code that is never stale: a worker loads again what has changed on disk, and nothing else."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing use-fixtures]]
            [parallel.api :as parallel]
            [parallel.look :as look]
            [parallel.pool :as pool]
            [parallel.support :refer [await-true error thorough?]])
  (:import [java.io File]
           [java.nio.file Files]
           [java.nio.file.attribute FileAttribute]
           [java.util Random]))

(def ^:dynamic *directory* "On the class path of this thread, and of its workers." nil)

(defn- with-directory [f]
  (let [directory (.toFile (Files/createTempDirectory "parallel-reload" (make-array FileAttribute 0)))
        thread    (Thread/currentThread)
        before    (.getContextClassLoader thread)]
    (.setContextClassLoader thread (doto (clojure.lang.DynamicClassLoader. before)
                                     (.addURL (.toURL (.toURI directory)))))
    (try
      (binding [*directory* directory]
        (f))
      (finally
        (.setContextClassLoader thread before)
        (run! parallel/kill (parallel/children))
        (await-true #(empty? (parallel/children)))
        (run! #(.delete ^File %) (reverse (file-seq directory)))))))

(use-fixtures :each with-directory)

(defn- file ^File [path] (io/file *directory* path))

(defn- write! [path & lines]
  (io/make-parents (file path))
  (spit (file path) (str/join "\n" lines)))

(defn- worker [] (parallel/fork {:reload :changed}))

(defn- loaded-again [w] @(parallel/exec w '(parallel.impl.reload/loaded-again)))

(defn- failure [reply] (error #(deref reply)))

(deftest what-has-changed-is-loaded-before-the-next-form
  (write! "edited/a.clj" "(ns edited.a)" "(defn f [] 1)")
  (let [w (worker)]
    (is (= 1 @(parallel/exec w '(edited.a/f))))
    (is (= 1 @(parallel/exec w '(edited.a/f))))
    (is (= 0 (loaded-again w)))
    (write! "edited/a.clj" "(ns edited.a)" "(defn f [] 2)")
    (is (= 2 @(parallel/exec w '(edited.a/f))))
    (is (= 2 @(parallel/exec w "(edited.a/f)")))
    (is (= 1 (loaded-again w)))
    (testing "a file that was touched is the same"
      (.setLastModified (file "edited/a.clj") (+ (System/currentTimeMillis) 5000))
      (is (= 2 @(parallel/exec w '(edited.a/f))))
      (is (= [] (parallel/stale w)))
      (is (= 1 (loaded-again w))))
    (testing "what was removed is no more"
      (write! "edited/a.clj" "(ns edited.a)" "(defn g [] (do 22))")
      (is (= [22 nil] @(parallel/exec w '[(edited.a/g) (ns-resolve 'edited.a 'f)])))
      (write! "edited/a.clj" "(ns edited.a)" "(defn f [] 2)")
      (is (= 2 @(parallel/exec w '(edited.a/f))))
      (is (= 3 (loaded-again w))))
    (testing "as is what a form does not use"
      (write! "edited/a.clj" "(ns edited.a)" "(defn f [] 3)")
      (is (= 3 @(parallel/exec w '(+ 1 2))))
      (is (= 3 (loaded-again w))))
    (testing "an editor's load, and require, lead to the same end"
      @(parallel/exec w (list 'load-file (.getPath (file "edited/a.clj"))))
      (is (= 3 @(parallel/exec w '(edited.a/f))))
      (is (= 3 (loaded-again w)))
      (write! "edited/a.clj" "(ns edited.a)" "(defn f [] 4)")
      @(parallel/exec w '(require 'edited.a :reload))
      (is (= 4 @(parallel/exec w '(edited.a/f))))
      (is (= 3 (loaded-again w))))))

(deftest who-uses-it-is-loaded-after-it
  (write! "edited/low.cljc" "(ns edited.low)" "(defmacro m [] 1)")
  (write! "edited/middle.clj" "(ns edited.middle (:require [edited.low :as low]))" "(defn f [] (low/m))")
  (write! "edited/high.clj" "(ns edited.high (:require [edited.middle]))" "(def v (edited.middle/f))"
          "(defonce once (atom 0))")
  (write! "edited/other.clj" "(ns edited.other)" "(def at (System/nanoTime))")
  (let [w     (worker)
        other @(parallel/exec w 'edited.other/at)]
    (is (= 1 @(parallel/exec w '(do (swap! edited.high/once inc) edited.high/v))))
    (write! "edited/low.cljc" "(ns edited.low)" "(defmacro m [] 2)")
    (is (= [2 2 1] @(parallel/exec w '[edited.high/v (edited.middle/f) @edited.high/once])))
    (is (= 3 (loaded-again w)))
    (is (= other @(parallel/exec w 'edited.other/at)) "and nobody else is")
    (testing "a dependency that is new"
      (write! "edited/newer.clj" "(ns edited.newer)" "(defmacro n [] 30)")
      (write! "edited/low.cljc" "(ns edited.low (:require [edited.newer :as newer]))" "(defmacro m [] (newer/n))")
      (is (= 30 @(parallel/exec w 'edited.high/v)))
      (write! "edited/newer.clj" "(ns edited.newer)" "(defmacro n [] 40)")
      (is (= 40 @(parallel/exec w 'edited.high/v))))
    (testing "a function that is compiled at the prompt"
      (is (= 40 @(parallel/exec w '(edited.low/m))))
      (write! "edited/newer.clj" "(ns edited.newer)" "(defmacro n [] 50)")
      (is (= 50 @(parallel/exec w '(edited.low/m)))))))

(deftest a-file-that-does-not-load-is-the-error-of-each-form-until-it-is-mended
  (write! "edited/low.clj" "(ns edited.low)" "(defn g [] 1)")
  (write! "edited/a.clj" "(ns edited.a (:require [edited.low :as low]))" "(defn f [] [(low/g) :old])" "(def kept 1)")
  (let [w (worker)]
    (is (= [1 :old] @(parallel/exec w '(edited.a/f))))
    (write! "edited/low.clj" "(ns edited.low)" "(defn g [] 2)")
    (write! "edited/a.clj" "(ns edited.a (:require [clojure.set :as low]))" "(defn f [] :new)" "(def kept 2)"
            "(def added 3)" "(undefined)")
    (dotimes [_ 2]
      (let [{:keys [message-of-error] kind :parallel/error} (failure (parallel/exec w '(edited.a/f)))]
        (is (= :remote-exception kind))
        (is (re-find #"undefined" message-of-error))))
    (is (= [[1 :old] 1 nil]
           @(parallel/exec w '(let [v (fn [n] (some-> (ns-resolve 'edited.a n) deref))]
                                [((v 'f)) (v 'kept) (v 'added)])))
        "all vars hold what they held")
    (is (= '[edited.low edited.a] (parallel/stale w)))
    (write! "edited/a.clj" "(ns edited.a (:require [edited.low :as low]))" "(defn f [] [(low/g) :new])")
    (is (= [2 :new] @(parallel/exec w '(edited.a/f))))
    (is (= [] (parallel/stale w))))
  (testing "as one that never has"
    (write! "edited/late.clj" "(ns edited.late)" "(undefined)")
    (let [w (worker)]
      (dotimes [_ 2]
        (is (re-find #"undefined" (:message-of-error (failure (parallel/exec w '(edited.late/f)))))))
      (write! "edited/late.clj" "(ns edited.late)" "(defn f [] :at-last)")
      (is (= :at-last @(parallel/exec w '(edited.late/f)))))))

(deftest what-else-a-file-is-made-of-counts
  (testing "the reader of a tagged literal"
    (write! "edited/tags.clj" "(ns edited.tags)" "(defn tenfold [x] (* 10 x))")
    (write! "data_readers.clj" "{edited/tenfold edited.tags/tenfold}")
    (write! "edited/a.clj" "(ns edited.a (:require [edited.tags]))" "(def v #edited/tenfold 4)")
    (let [w (worker)]
      (is (= 40 @(parallel/exec w 'edited.a/v)))
      (write! "edited/tags.clj" "(ns edited.tags)" "(defn tenfold [x] (* 11 x))")
      (is (= 44 @(parallel/exec w 'edited.a/v)))
      (parallel/kill w)))
  (testing "a part of it"
    (write! "edited/whole.clj" "(ns edited.whole)" "(load \"whole_part\")")
    (write! "edited/whole_part.clj" "(in-ns 'edited.whole)" "(defn f [] 1)")
    (let [w (worker)]
      (is (= 1 @(parallel/exec w '(edited.whole/f))))
      (write! "edited/whole_part.clj" "(in-ns 'edited.whole)" "(defn f [] 2)")
      (is (= 2 @(parallel/exec w '(edited.whole/f))))
      (parallel/kill w)))
  (testing "two that need each other"
    (write! "edited/x.clj" "(ns edited.x)" "(defn y [] ((requiring-resolve 'edited.y/f)))" "(defn f [] 1)")
    (write! "edited/y.clj" "(ns edited.y (:require [edited.x :as x]))" "(defn f [] (inc (x/f)))")
    (let [w (worker)]
      (is (= 2 @(parallel/exec w '(edited.x/y))))
      (write! "edited/x.clj" "(ns edited.x)" "(defn y [] ((requiring-resolve 'edited.y/f)))" "(defn f [] 10)")
      (is (= 11 @(parallel/exec w '(edited.x/y))))
      (is (= 2 (loaded-again w))))))

(deftest a-record-that-is-defined-again-is-another-class
  (write! "edited/shape.clj" "(ns edited.shape)" "(defprotocol Area (area [s]))"
          "(defrecord Square [a] Area (area [_] (* a a)))")
  (let [w (worker)]
    @(parallel/exec w '(do (def old (edited.shape/->Square 3)) nil))
    (is (= 9 @(parallel/exec w '(edited.shape/area old))))
    (write! "edited/shape.clj" "(ns edited.shape)" "(defprotocol Area (area [s]))"
            "(defrecord Square [a] Area (area [_] (* a a 100)))")
    (is (= 900 @(parallel/exec w '(edited.shape/area (edited.shape/->Square 3)))))
    (is (= {:a 3} @(parallel/exec w '(into {} old))) "a value from before is data as ever")
    (is (re-find #"No implementation of method: :area"
                 (:message-of-error (failure (parallel/exec w '(edited.shape/area old)))))
        "and no instance of the protocol of now")))

(deftest a-pool-looks-between-its-tasks
  (write! "edited/a.clj" "(ns edited.a)" "(defn f [x] [1 x])" "(defmacro m [x] [:one x])")
  (with-open [p (pool/pool {:reload :changed} 2)]
    (is (= [[1 0] [1 1]] (pool/pmap {:pool p} 'edited.a/f (range 2))))
    (is (= [[:one 0]] (pool/pmap {:pool p} '(fn [x] (edited.a/m x)) [0])))
    (is (= [1 5] @(pool/submit p 'edited.a/f 5)))
    (write! "edited/a.clj" "(ns edited.a)" "(defn f [x] [2 x])" "(defmacro m [x] [:two x])")
    (is (= (map #(vector 2 %) (range 50)) (pool/pmap {:pool p} 'edited.a/f (range 50))))
    (is (= [[:two 0]] (pool/pmap {:pool p} '(fn [x] (edited.a/m x)) [0])))
    (is (= [2 5] @(pool/submit p 'edited.a/f 5)))
    (write! "edited/a.clj" "(ns edited.a)" "(undefined)")
    (is (re-find #"undefined" (:message-of-error (error #(doall (pool/pmap {:pool p} 'edited.a/f (range 4)))))))
    (write! "edited/a.clj" "(ns edited.a)" "(defn f [x] [3 x])")
    (is (= [[3 7]] (pool/pmap {:pool p} 'edited.a/f [7])))))

(deftest where-it-is-not-wanted-the-old-code-runs-and-that-is-said
  (write! "edited/a.clj" "(ns edited.a)" "(defn f [] 1)")
  (let [w (parallel/fork)
        t (parallel/fork {:in :thread})]
    (is (= 1 @(parallel/exec w '(edited.a/f))))
    (is (not (contains? (parallel/status w) :stale)))
    (write! "edited/a.clj" "(ns edited.a)" "(defn f [] 2)")
    (is (= 1 @(parallel/exec w '(edited.a/f))) "in a program the default is :never")
    (let [busy (parallel/exec w '(Thread/sleep 100000))]
      (is (= '[[edited.a] []] (parallel/stale [w t])))
      (is (= '[edited.a] (:stale (parallel/status w))))
      (is (str/includes? (with-out-str (parallel/print-status))
                         (str "Worker " (.id ^parallel.Worker w) " runs code that is older than the disk: edited.a")))
      (parallel/kill w)
      (error #(deref busy)))
    (is (= [] (parallel/stale w)))))

(deftest an-evaluation-goes-on-while-namespaces-are-loaded-again
  (write! "edited/a.clj" "(ns edited.a)" "(defn f [] 1)")
  (let [w (worker)]
    @(parallel/exec w '(do (def seen (atom #{}))
                           (def running (atom true))
                           (def other (future (while @running (swap! seen conj (edited.a/f)))))
                           nil))
    (write! "edited/a.clj" "(ns edited.a)" "(defn f [] 2)")
    (is (= 2 @(parallel/exec w '(edited.a/f))))
    (is (= #{1 2} @(parallel/exec w '(do (while (not (@seen 2)) (Thread/yield))
                                          (reset! running false)
                                          @other
                                          @seen))))))

;; ---- at random

(defn- write-namespace! [{:keys [value uses]} i]
  (write! (str "edited/n" i ".clj")
          (str "(ns edited.n" i
               (when (seq uses) (str " (:require " (str/join " " (map #(str "[edited.n" % " :as n" % "]") uses)) ")"))
               ")")
          (str "(defmacro m [] (+ " value " " (str/join " " (map #(str "(n" % "/f)") uses)) "))")
          "(defn f [] (m))"))

(defn- value [graph i]
  (let [{own :value uses :uses} (graph i)]
    (apply + own (map #(value graph %) uses))))

(defn- reach [graph i]
  (into #{i} (mapcat #(reach graph %)) (:uses (graph i))))

(deftest old-code-is-found-and-the-form-that-is-given-loads-it
  (write! "edited/a.clj" "(ns edited.a)" "(defn f [] 1)")
  (let [w     (parallel/fork)
        found #(first (filter (comp #{:stale-code} :finding) (look/diagnose)))]
    (is (= 1 @(parallel/exec w '(edited.a/f))))
    (is (nil? (found)))
    (write! "edited/a.clj" "(ns edited.a)" "(defn f [] 2)")
    (let [{:keys [ids text do]} (await-true found)]
      (is (= [(.id ^parallel.Worker w)] ids))
      (is (str/includes? (str text) "edited.a"))
      @(eval do)
      (is (= 2 @(parallel/exec w '(edited.a/f))))
      (is (nil? (found))))))

(deftest no-answer-is-stale-and-nothing-is-loaded-in-vain
  (let [n      6
        random (Random. 11)
        graph  (atom (into {} (for [i (range n)]
                                [i {:value i :uses (filterv (fn [_] (< (.nextDouble random) 0.4)) (range i))}])))
        w      (worker)
        stale  (atom #{})
        loads  (atom 0)]
    (doseq [i (range n)] (write-namespace! (@graph i) i))
    (doseq [i (range n)]
      (is (= (value @graph i) @(parallel/exec w (list (symbol (str "edited.n" i) "f"))))))
    (dotimes [round (if (thorough?) 250 40)]
      (when (< (.nextDouble random) 0.7)
        (let [i (.nextInt random n)]
          (swap! graph assoc-in [i :value] (+ 1000 round))
          (write-namespace! (@graph i) i)
          (swap! stale conj i)))
      (when (< (.nextDouble random) 0.1)
        (let [i (.nextInt random n)]
          (spit (file (str "edited/n" i ".clj")) (slurp (file (str "edited/n" i ".clj"))))))
      (let [i       (.nextInt random n)
            changed (filter @stale (reach @graph i))
            loaded  (filter (fn [k] (some (reach @graph k) changed)) (range n))]
        (swap! loads + (count loaded))
        (swap! stale #(reduce disj % loaded))
        (when-not (= [(value @graph i) @loads]
                     @(parallel/exec w (list 'vector (list (symbol (str "edited.n" i) "f"))
                                             '(parallel.impl.reload/loaded-again))))
          (is false (str "round " round)))))
    (is (= @loads (loaded-again w)))))
