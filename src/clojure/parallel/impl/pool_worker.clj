(ns ^:no-doc parallel.impl.pool-worker
  "What a pool's worker does with the functions that are given to it: each becomes a java.util.function.Function of the
  arguments of a task."
  (:require [parallel.api :as parallel]
            [parallel.impl.source :as source])
  (:import [java.util.concurrent ConcurrentHashMap]
           [java.util.function Function LongConsumer Supplier]
           [parallel.codec Codec UnserializableException]
           [parallel.pool Element ElementRecords CurrentTask TaskLoop]
           [parallel.control Language$NotEvaluable RemoteError RemoteError$Phase]
           [parallel.runtime Context]))

(set! *warn-on-reflection* true)

(defn serve
  "The form of a pool's worker."
  []
  (.call (TaskLoop.)))

(defn- in-its-namespace
  "A Function that calls f with the task's arguments, *ns* bound as where f was made, and what came with f."
  ^Function [f]
  (let [ns *ns* carried parallel/*carried*]
    (if (seq carried)
      (reify Function
        (apply [_ args] (with-bindings carried (binding [*ns* ns] (apply f args)))))
      (reify Function
        (apply [_ args] (binding [*ns* ns] (apply f args)))))))

(defn function
  "What submit calls."
  [f]
  (in-its-namespace (fn [& args] (parallel/realized (apply f args)))))

;; ---- a part of a map

(defn- written-to-parent
  "The bytes that f returns, of what goes to the parent."
  ^bytes [f]
  (.toParent (Context/current) (reify Supplier (get [_] (f)))))

(defn- error-bytes [e phase doing]
  (written-to-parent #(RemoteError/encode e phase doing)))

(defn- thrown
  "The bytes of what an element threw."
  [e doing]
  (cond
    (instance? Language$NotEvaluable e) (error-bytes (ex-cause e) RemoteError$Phase/NOT_EVALUABLE doing)
    (instance? UnserializableException e) (error-bytes e RemoteError$Phase/NOT_TRANSFERABLE doing)
    :else (error-bytes e RemoteError$Phase/THREW doing)))

(defn- to-parent ^bytes [value]
  (written-to-parent #(Codec/toBytes value)))

(defn- refused
  "The bytes of the error of a value that cannot be sent, or nil."
  [value doing]
  (try
    (to-parent value)
    nil
    (catch Throwable e
      (thrown e doing))))

(defn- encoded
  "{:values bytes, :errors {i bytes}} of the values of a part; one that cannot be sent is an error."
  [^objects values errors doing]
  (try
    {:values (to-parent values) :errors errors}
    (catch Throwable e
      (let [found (into {}
                        (keep (fn [i] (when-let [bytes (refused (aget values i) (doing i))] [i bytes])))
                        (range (alength values)))]
        (when (empty? found)
          (throw e))
        (run! (fn [i] (aset values (int i) nil)) (keys found))
        {:values (to-parent values) :errors (merge errors found)}))))

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
  [^Element element ^CurrentTask running {:keys [timeout-ms grace-ms]} so-far]
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
  [one ^CurrentTask running doing]
  (fn [i x]
    (.doing running (doing i))
    (one i x)))

(defn- recorded
  "The records of the elements of a part, nil where they are recorded together or not at all."
  ^ElementRecords [^CurrentTask running {:keys [start label unit quick?]}]
  (when running
    (if quick?
      (.together running start)
      (.elements running label (= "part" unit)))))

(defn evaluate
  "Calls f with each of the elements; {:values :errors :n :nanos :who}. opts: :start index of the first, :label and
  :unit text for people, :seed, :timeout-ms, :grace-ms, :throw? whether an error ends it, :quick? whether they take so
  little that showing each would take longer, :nested? whether this is within an element of another map."
  [f {:keys [start label unit seed timeout-ms throw? quick? nested?] :as opts} elements]
  (let [^CurrentTask running (when-not nested? (CurrentTask/current))
        element (Element. (long seed))
        start   (long start)
        values  (object-array (count elements))
        errors  (ConcurrentHashMap.)
        began   (System/nanoTime)
        records (recorded running opts)
        doing   (fn [i] (str label ", " unit " " (+ start (long i))))
        late    (fn [i] (aset values (int i) nil) (.put errors i :timeout) (some-> records .failed))
        so-far  (fn [n] (result values (into {} errors) n began doing))
        one     (fn [i x]
                  (try
                    (aset values (int i) (parallel/realized (f x)))
                    (catch Throwable e
                      (some-> records .failed)
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
                (and running (.isCancelled running))
                (and running (pos? i) (.endsHere running)))     ; others evaluate the rest
          (do
            (when records
              (.end records (boolean (and running (.isCancelled running)))))
            (so-far i))
          (do
            (.next element (+ start i))
            (when records
              (.next records (+ start i)))
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
