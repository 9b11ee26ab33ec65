(ns ^:no-doc parallel.impl.pfn
  "Functions that can be sent: their form, what it needs of its namespace, and the locals that it has captured."
  (:require [parallel.impl.form :as form])
  (:import [parallel.clojure PortableFunction]
           [parallel.codec Codec]))

(set! *warn-on-reflection* true)

(defn make
  "A function that can be sent, which is f here: the form, in which the names stand for the values."
  [ns-sym form names values f]
  (PortableFunction. (delay f) {:ns ns-sym :form form :names names :values values}))

;; ---- there

(def ^:private warned-of (atom #{}))

(defn- megabytes [n]
  (if (< (long n) 1000000) (format "%.1f kB" (/ n 1e3)) (format "%.1f MB" (/ n 1e6))))

(defn- start-of [form]
  (let [text (pr-str form)]
    (subs text 0 (min 60 (count text)))))

(defn warn-of-large-locals
  "Says once for a form that its locals take more bytes than the limit; nil: never."
  [limit form names values total]
  (when (and limit (> (long total) (long limit)) (not (contains? @warned-of form)))
    (swap! warned-of conj form)
    (let [sizes (sort-by (comp - second) (map (fn [n v] [n (alength (Codec/toBytes v))]) names values))]
      (binding [*out* *err*]
        (println (str "parallel: the locals that are sent with " (start-of form) " take " (megabytes total) ": "
                      (apply str (interpose ", " (for [[n size] sizes] (str n " " (megabytes size)))))
                      ". If that is meant, bind parallel.api/*large-locals-bytes* to more, or to nil."))
        (flush)))))

(defn written
  "The parts as they are sent. The values are bytes by themselves: reading them may need the definitions. A function
  that came from elsewhere is sent as it came."
  [limit ^PortableFunction f]
  (let [{:keys [ns form names values] :as source} (.source f)]
    (if (:bytes source)
      source
      (let [bytes (Codec/toBytes (zipmap names values))]
        (warn-of-large-locals limit form names values (alength bytes))
        (assoc (form/travelling ns form) :form form :names names :bytes bytes)))))

;; ---- here

(def ^:private compiled-in-place (delay (requiring-resolve 'parallel.impl.child/compiled-in-place)))

(defn arrived
  "A function of parts that were received."
  [parts]
  (PortableFunction.
   (delay (let [make   (@compiled-in-place parts)
                locals (Codec/fromBytes ^bytes (:bytes parts))]
            (make locals)))
   parts))
