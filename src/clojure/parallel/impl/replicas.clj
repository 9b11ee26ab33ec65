(ns ^:no-doc parallel.impl.replicas
  "Copies of a shared array on other machines. On each a worker holds the copy, for as long as it lives."
  (:require [parallel.api :as parallel]
            [parallel.impl.errors :as errors]
            [parallel.impl.worker-options :as worker-options]
            [parallel.shared :as shared])
  (:import [java.lang.reflect Array]
           [parallel Host SharedArray]
           [parallel.hosts LocalHost]
           [parallel.shared SharedArrays]))

(set! *warn-on-reflection* true)

(def ^:private chunk-elements "4 MB of the widest: what is under way at a time." 524288)

(defn hold
  "In a worker: receives the elements of an array, says what names the copy, and stays until it is ended."
  [kind shape]
  (let [parent         (parallel/parent)
        ^SharedArray a (shared/shared kind shape)]
    (loop [at 0]
      (let [chunk (parallel/receive parent)]
        (when (some? chunk)
          (let [n (Array/getLength chunk)]
            (.copyFrom a at chunk 0 n)
            (recur (+ at n))))))
    (parallel/send parent (SharedArrays/reference (.readOnly a)))
    (parallel/receive parent)
    a))

(defn- send-elements [holders ^SharedArray xs]
  (let [n (.length xs)]
    (loop [at 0]
      (when (< at n)
        (let [size  (int (min chunk-elements (- n at)))
              chunk (Array/newInstance (.elementType xs) size)]
          (.copyTo xs at chunk 0 size)
          (parallel/send holders chunk)
          (recur (+ at size)))))
    (parallel/send holders nil)))

(defn replicate-on
  "See parallel.shared/replicate."
  [^SharedArray xs hs]
  (let [hosts   (or (worker-options/hosts-of hs)
                    (errors/refuse "replicate" "a host, the name of one, or a sequential collection of these" hs))
        there   (distinct (remove #(instance? LocalHost %) hosts))
        kind    (keyword (.getName (.elementType xs)))
        holders (mapv (fn [^Host h]
                        (parallel/run {:in h :name "replica"} 'parallel.impl.replicas/hold kind (vec (.shape xs))))
                      there)
        let-go  #(run! parallel/kill holders)]
    (try
      (send-elements holders xs)
      (SharedArrays/replicated xs (parallel/receive holders) let-go)
      (catch Throwable e
        (let-go)
        (throw e)))))
