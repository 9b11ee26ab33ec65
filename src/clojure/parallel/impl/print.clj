(ns ^:no-doc parallel.impl.print
  "How handles look at the prompt. They are dereferenceable, so that the default would wait for their value."
  (:require [clojure.core.protocols :as protocols]
            [clojure.pprint :as pprint])
  (:import [java.io Writer]
           [parallel.clojure ClojureErrors ClojureReply ClojureWorker]
           [parallel.runtime ParentPeer]))

(set! *warn-on-reflection* true)

(defn- print-text [x ^Writer w]
  (.write w (str x)))

(defmethod print-method ClojureWorker [worker w] (print-text worker w))
(defmethod print-method ParentPeer [parent w] (print-text parent w))
(defmethod print-method ClojureReply [^ClojureReply reply ^Writer w]
  (.write w (str "#parallel/reply{:done " (.isDone reply) "}")))

(doseq [c [ClojureWorker ParentPeer ClojureReply]]
  (.addMethod ^clojure.lang.MultiFn pprint/simple-dispatch c pr))

(extend-protocol protocols/Datafiable
  ClojureWorker
  (datafy [worker] (ClojureErrors/status (.status worker))))
