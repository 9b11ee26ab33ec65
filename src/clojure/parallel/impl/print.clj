(ns ^:no-doc parallel.impl.print
  "How handles look at the prompt. They are dereferenceable, so that the default would wait for their value."
  (:require [clojure.core.protocols :as protocols])
  (:import [java.io Writer]
           [parallel.clojure ClojureErrors ClojureReply ClojureWorker PortableFunction]
           [parallel.runtime Context ParentPeer]))

(set! *warn-on-reflection* true)

(defn- print-text [x ^Writer w]
  (.write w (str x)))

(defmethod print-method ClojureWorker [worker w] (print-text worker w))
(defmethod print-method ParentPeer [parent w] (print-text parent w))
(defmethod print-method ClojureReply [reply w] (print-text reply w))

(defmethod print-method PortableFunction [^PortableFunction f ^Writer w]
  (.write w "#parallel/pfn ")
  (print-method (:form (.source f)) w))

(defn- extend-pprint [classes]
  (let [dispatch (requiring-resolve 'clojure.pprint/simple-dispatch)]
    (doseq [c classes]
      (.addMethod ^clojure.lang.MultiFn @dispatch c pr))))

(defn- extend-pprint-where-it-is-used
  "pprint takes a fifth of a worker's start to load, and few workers print handles prettily."
  [classes]
  (when (or (nil? (.parent (Context/current))) (find-ns 'clojure.pprint))
    (extend-pprint classes)))

(extend-pprint-where-it-is-used [ClojureWorker ParentPeer ClojureReply])

(defn as-text!
  "Objects of these classes print as their toString says, everywhere."
  [& classes]
  (doseq [c classes]
    (.addMethod ^clojure.lang.MultiFn print-method c print-text))
  (extend-pprint-where-it-is-used classes))

(extend-protocol protocols/Datafiable
  ClojureWorker
  (datafy [worker]
    (let [status (ClojureErrors/status (.status worker))
          error  (.failure worker)]
      (with-meta (cond-> status
                   error (assoc :error (ClojureErrors/exInfo error)))
        {`protocols/nav (fn [_ k v] (if (= k :error) (protocols/datafy v) v))}))))
