(ns ^:no-doc parallel.impl.errors
  "Errors as parallel.api throws them: made in one place."
  (:require [clojure.string :as str])
  (:import [parallel ParallelException ParallelException$Code]
           [parallel.clojure ClojureErrors]))

(set! *warn-on-reflection* true)

(defmacro surfacing
  "Evaluates body; an error of the core becomes an ExceptionInfo of parallel.api."
  [& body]
  `(try
     ~@body
     (catch ParallelException e#
       (throw (ClojureErrors/exInfo e#)))))

(defn bad-argument
  "The error for an argument that is not allowed; data are facts for ex-data."
  ([message] (bad-argument message {}))
  ([message data]
   (ClojureErrors/exInfo
    (ParallelException. ParallelException$Code/BAD_ARGUMENT message
                        (into {} (map (fn [[k v]] [(name k) v])) data) nil))))

(defn shown
  "A value as an error shows it: printed, with its class."
  [x]
  (if (nil? x) "nil" (str (pr-str x) ", a " (.getName (class x)))))

(defn refuse
  "Throws the error of a call that was given x where it takes something else. hint is nil, or what to do instead."
  ([call allowed x] (refuse call allowed x nil))
  ([call allowed x hint]
   (throw (bad-argument (str "(" call " ...) takes " allowed ", not " (shown x) "." hint)))))

(defn refuse-value
  "As refuse, where the value says enough without its class."
  [call allowed x]
  (throw (bad-argument (str "(" call " ...) takes " allowed ", not " (pr-str x) "."))))

(defn milliseconds
  "ms, if it is a time-out; else throws the error of the call."
  ^long [call ms]
  (if (and (int? ms) (<= 0 (long ms))) (long ms) (refuse call "a time-out in milliseconds, 0 or more" ms)))

(defn wrong-arity
  "Throws the error of a call with so many arguments."
  [call arglists n]
  (throw (bad-argument (str "(" call " ...) has " n (if (= 1 n) " argument" " arguments") "; it is called "
                            (str/join " or " (map #(str "(" (str/join " " (cons call %)) ")") arglists)) "."))))

(defn- refusals
  "The arities of a function that would be an ArityException, as bodies that throw."
  [call arglists bodies]
  (let [refuse   (fn [args n] (list args (list `wrong-arity (str call) (list 'quote arglists) n)))
        names    (fn [n] (vec (repeatedly n #(gensym "_"))))
        variadic (some (fn [[args]] (when (some #{'&} args) (count (take-while (complement #{'&}) args)))) bodies)
        fixed    (set (keep (fn [[args]] (when-not (some #{'&} args) (count args))) bodies))
        limit    (or variadic (inc (reduce max fixed)))
        more     (gensym "_")]
    (concat (for [n (range limit) :when (not (fixed n))] (refuse (names n) n))
            (when-not variadic
              [(refuse (into (names limit) ['& more]) (list `+ limit (list `count more)))]))))

(def ^:private first-version "Of the library: the :added of public vars." "0.2")

(defmacro defcall
  "As defn; a call with another number of arguments is an error that says how it is called. :added is the first version
  of the library, unless the attributes say another one."
  [name & fdecl]
  (let [[head bodies] (split-with (some-fn string? map?) fdecl)
        bodies        (if (vector? (first bodies)) [bodies] bodies)
        attributes    (apply merge (filter map? head))
        arglists      (:arglists attributes (list 'quote (map first bodies)))]
    `(defn ~name
       ~@(filter string? head)
       ~(merge {:added first-version} attributes {:arglists arglists})
       ~@bodies
       ~@(refusals name (second arglists) bodies))))
