(ns parallel.support
  "What the tests of the public API share."
  (:require [clojure.test :refer [deftest]]
            [parallel.api :as parallel]))

(def ^:dynamic *kind* :process)

(defn await-true
  "Waits until the thunk returns true; its last value after at most ms milliseconds."
  ([thunk] (await-true thunk 60000))
  ([thunk ms]
   (let [deadline (+ (System/nanoTime) (* ms 1000000))]
     (loop []
       (let [v (thunk)]
         (if (or v (> (System/nanoTime) deadline))
           v
           (do (Thread/sleep 2) (recur))))))))

(defmacro defboth
  "A claim that holds for workers that are processes and for workers that are threads: two tests. What workers it leaves are
  stopped."
  [name & body]
  (letfn [(in [kind]
            `(deftest ~(with-meta (symbol (str name "--" (clojure.core/name kind))) (meta name))
               (binding [*kind* ~kind]
                 (try
                   ~@body
                   (finally
                     (run! parallel/kill (parallel/children))
                     (await-true #(empty? (parallel/children))))))))]
    `(do ~(in :process) ~(in :thread))))

(defn opts
  "Options for this test's kind of worker."
  ([] (opts {}))
  ([m] (assoc m :in *kind*)))

(defn error
  "The ex-data of what the thunk throws, with its message; nil when it throws nothing."
  [thunk]
  (try
    (thunk)
    nil
    (catch clojure.lang.ExceptionInfo e
      (assoc (ex-data e) :message-of-error (ex-message e)))))

(defn error-kind
  "The :parallel/error of what the thunk throws."
  [thunk]
  (:parallel/error (error thunk)))

(defn within
  "The value of f, or ::late after ms milliseconds: what must not hang."
  [ms f]
  (let [answer (future (try [(f) nil] (catch Throwable e [nil e])))
        [v e] (deref answer ms [::late nil])]
    (when (= v ::late)
      (future-cancel answer))
    (when e
      (throw e))
    v))
