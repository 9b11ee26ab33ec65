(ns ^:no-doc parallel.impl.pool-worker
  "What a pool's worker does with the functions that are given to it: each becomes a java.util.function.Function of the arguments
  of a task."
  (:require [parallel.impl.source :as source])
  (:import [java.util.concurrent ConcurrentHashMap]
           [java.util.function Function LongConsumer]
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

(defn- watched
  "one, for an element that is given up when it takes too long."
  [one ^Element element late]
  (fn [i x]
    (.begin element)
    (one i x)
    (when (.end element)
      (late i))))

(defn- shown
  "one, for an element that is named while it is evaluated: if it ends this process, it is known which."
  [one ^Running running doing]
  (fn [i x]
    (.doing running (doing i))
    (one i x)))

(defn evaluate
  "Calls f with each of the elements; {:values :errors :n :nanos :who}. opts: :start index of the first, :label and :unit text for
  people, :seed, :timeout-ms, :grace-ms, :throw? whether an error ends it, :quick? whether they take so little that showing each
  would take longer, :nested? whether this is within an element of another map."
  [f {:keys [start label unit seed timeout-ms throw? quick? nested?] :as opts} elements]
  (let [^Running running (when-not nested? (Running/current))
        element (Element. (long seed))
        start   (long start)
        values  (object-array (count elements))
        errors  (ConcurrentHashMap.)
        began   (System/nanoTime)
        doing   (fn [i] (str label ", " unit " " (+ start (long i))))
        late    (fn [i] (aset values (int i) nil) (.put errors i :timeout))
        so-far  (fn [n] (result values (into {} errors) n began doing))
        one     (fn [i x]
                  (try
                    (aset values (int i) (realized (f x)))
                    (catch Throwable e
                      (.put errors i (thrown e (doing i))))))
        one     (if timeout-ms (watched one element late) one)
        one     (if (and running (not quick?)) (shown one running doing) one)]
    (when timeout-ms
      (watch element running opts
             (fn [index]
               (let [i (- (long index) start)]
                 (result (aclone values) (assoc (into {} errors) i :timeout) (inc i) began doing)))))
    (try
      (loop [i 0 xs (seq elements)]
        (if (or (nil? xs)
                (and throw? (not (.isEmpty errors)))
                (and running (.isCancelled running)))
          (so-far i)
          (do
            (.next element (+ start i))
            (one i (first xs))
            (recur (inc i) (next xs)))))
      (finally
        (.close element)))))

(defn map-function
  "What a map calls for each of its parts."
  [f]
  (in-its-namespace (fn [opts elements] (evaluate f opts elements))))

(defn- reduced-part
  "A part of a fold, reduced; where the fold has a seed, each element has its own random numbers."
  [combinef reducef {:keys [offset seed elements]}]
  (let [[reducef elements] (source/reducible reducef elements)]
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
