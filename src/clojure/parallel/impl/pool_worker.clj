(ns ^:no-doc parallel.impl.pool-worker
  "What a pool's worker does with the functions that are given to it: each becomes a java.util.function.Function of the arguments
  of a task."
  (:require [parallel.impl.source :as source])
  (:import [java.util.function Function LongConsumer]
           [parallel.codec Codec NotTransferableException]
           [parallel.pool Element Running TaskLoop]
           [parallel.runtime Context Evaluation Language$NotEvaluable RemoteError$Phase]))

(set! *warn-on-reflection* true)

(defn serve
  "The form of a pool's worker."
  []
  (.call (TaskLoop.)))

(defn- realized
  "A lazy seq is realised where it was made: with its bindings, and its exception is the task's."
  [value]
  (if (seq? value) (doall value) value))

(defn- in-its-namespace
  "A Function that calls f with the task's arguments, *ns* bound as where f was made."
  ^Function [f]
  (let [ns *ns*]
    (reify Function
      (apply [_ args] (binding [*ns* ns] (apply f args))))))

(defn function
  "What submit calls."
  [f]
  (in-its-namespace (fn [& args] (realized (apply f args)))))

;; ---- a part of a map

(defn- error-bytes [e phase doing]
  (.bytes (Evaluation/failure e phase doing)))

(defn- thrown
  "The bytes of what an element threw."
  [e doing]
  (cond
    (instance? Language$NotEvaluable e) (error-bytes (ex-cause e) RemoteError$Phase/NOT_EVALUABLE doing)
    (instance? NotTransferableException e) (error-bytes e RemoteError$Phase/NOT_TRANSFERABLE doing)
    :else (error-bytes e RemoteError$Phase/THREW doing)))

(defn- refused
  "The bytes of the error of a value that cannot travel, or nil."
  [value doing]
  (try
    (Codec/toBytes value)
    nil
    (catch Throwable e
      (thrown e doing))))

(defn- encoded
  "{:values bytes, :errors {i bytes}} of the values of a part; one that cannot travel is an error."
  [^objects values errors doing]
  (try
    {:values (Codec/toBytes values) :errors errors}
    (catch Throwable e
      (let [found (into {} (keep (fn [i] (when-let [bytes (refused (aget values i) (doing i))] [i bytes]))) (range (alength values)))]
        (when (empty? found)
          (throw e))
        (run! (fn [i] (aset values (int i) nil)) (keys found))
        {:values (Codec/toBytes values) :errors (merge errors found)}))))

(defn- who []
  (let [context (Context/current)]
    {:worker/id (.id context) :worker/pid (.pid (java.lang.ProcessHandle/current))}))

(defn- result
  "What is said of a part of which n elements have been evaluated."
  [values errors n began doing]
  (assoc (encoded values errors doing)
         :n n, :nanos (- (System/nanoTime) (long began)), :who (who)))

(defn- watch
  "Interrupts an element that takes too long, and gives the task up when that does not help."
  [^Element element ^Running running {:keys [timeout-ms grace-ms]} so-far]
  (.watch element timeout-ms grace-ms
          (reify LongConsumer
            (accept [_ index]
              (when running
                (.abandon running (so-far index)))))))

(defn evaluate
  "Calls f with each of the elements; {:values :errors :n :nanos :who}. opts: :start index of the first, :label and :unit text for people,
  :seed, :timeout-ms, :grace-ms, :throw? whether an error ends it, :nested? whether this is within an element of another map."
  [f {:keys [start label unit seed timeout-ms throw? nested?] :as opts} elements]
  (let [running (when-not nested? (Running/current))
        element (Element. (long seed))
        n       (count elements)
        start   (long start)
        values  (object-array n)
        errors  (volatile! {})
        began   (System/nanoTime)
        doing   (fn [i] (str label ", " unit " " (+ start (long i))))
        fail    (fn [i bytes] (vswap! errors assoc i bytes))]
    (when timeout-ms
      (watch element running opts
             (fn [index]
               (let [i (- (long index) start)]
                 (result (aclone values) (assoc @errors i :timeout) (inc i) began doing)))))
    (try
      (loop [i 0 xs (seq elements)]
        (if (or (nil? xs) (and running (.isCancelled running)))
          (result values @errors i began doing)
          (do
            (.next element (+ start i))
            (when running
              (.doing running (doing i)))
            (when timeout-ms
              (.begin element))
            (try
              (aset values i (realized (f (first xs))))
              (catch Throwable e
                (fail i (thrown e (doing i)))))
            (when (and timeout-ms (.end element))
              (aset values i nil)
              (fail i :timeout))
            (if (and throw? (contains? @errors i))
              (result values @errors (inc i) began doing)
              (recur (inc i) (next xs))))))
      (finally
        (.close element)))))

(defn map-function
  "What a map calls for each of its parts."
  [f]
  (in-its-namespace (fn [opts elements] (evaluate f opts elements))))

(defn- reduced-part
  "A part of a fold, reduced; where the fold has a seed, each element has its own random numbers."
  [combinef reducef {:keys [offset seed elements]}]
  (let [elements (source/unpacked elements)]
    (if-not seed
      (reduce reducef (combinef) elements)
      (let [element (Element. (long seed))
            index   (volatile! (dec (long offset)))]
        (try
          (reduce (fn [acc x]
                    (.next element (vswap! index inc))
                    (reducef acc x))
                  (combinef)
                  elements)
          (finally
            (.close element)))))))

(defn fold-function
  "What a fold calls for each of its parts."
  [combinef reducef]
  (map-function (fn [part] (reduced-part combinef reducef part))))
