(ns ^:no-doc parallel.impl.errors
  "Errors as parallel.api throws them: made in one place."
  (:import [parallel ParallelException ParallelException$Code]
           [parallel.clojure ClojureErrors]))

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
