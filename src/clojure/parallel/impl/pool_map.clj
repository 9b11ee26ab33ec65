(ns ^:no-doc parallel.impl.pool-map
  "The maps of a pool: input is cut into parts, a part is a task, and what comes of it is put back in order, or as it comes. All
  but the listeners of tasks happens on the thread that takes the results."
  (:require [clojure.string :as str]
            [parallel.impl.errors :as errors]
            [parallel.impl.pool-function :as function]
            [parallel.impl.progress :as progress])
  (:import [clojure.lang PersistentQueue]
           [java.util.concurrent ConcurrentSkipListMap LinkedBlockingQueue]
           [parallel ParallelException ParallelException$Code WorkerDiedException]
           [parallel.clojure ClojureErrors ClojureTask]
           [parallel.codec Codec NotTransferableException]
           [parallel.pool Content Facts Pool]
           [parallel.runtime Errors RemoteError]))

(set! *warn-on-reflection* true)

(def ^:private part-nanos "What a part of automatic size takes." 20e6)
(def ^:private last-nanos "What a part at the end of a map takes at least: then parts get smaller, so that the workers end together." 1e6)
(def ^:private part-bytes "What it has at most, there and back." 4e6)
(def ^:private quick-nanos "What takes less is not shown one by one." 20e3)
(def ^:private parts-per-worker "One that it evaluates, one that it has ahead, one on its way there or back." 3)
(def ^:private most-in-flight "However large the parts." Integer/MAX_VALUE)
(def ^:private poison "A task that has killed so many workers is not given another." 2)

;; ---- errors of elements

(defn- place
  "What says, in an error, of which element or part it is."
  [{:keys [unit]} index]
  {(if (= unit "part") :part :index) index})

(defn- named [{:keys [unit]} index]
  (str (str/capitalize unit) " " index))

(defn- element-error
  "The error of an element, as the map throws it."
  [^ParallelException e opts index]
  (let [info  (ClojureErrors/exInfo e)
        error (ex-info (ex-message info) (merge (ex-data info) (place opts index)) (ex-cause info))]
    (.setStackTrace ^Throwable error (.getStackTrace ^Throwable info))
    error))

(defn- timed-out [{:keys [label timeout-ms] :as opts} who index]
  (ex-info (str (named opts index) " of " label " was not done after " timeout-ms " ms, and was stopped.")
           (merge {:parallel/error :timeout :timeout-ms timeout-ms} (place opts index) who)))

(defn- remote [bytes who opts index]
  (element-error (RemoteError/decode bytes {"worker/id" (int (:worker/id who)) "worker/pid" (:worker/pid who)}
                                     (str (named opts index) ", in worker " (:worker/id who) " (pid " (:worker/pid who) "),") false)
                 opts index))

(defn- poisoned [^ParallelException e opts index x]
  (let [data (assoc (into {} (.data e)) "poison" true "element" x)]
    (element-error (WorkerDiedException. (str (named opts index) " has killed its worker " poison " times and is not tried again: "
                                              (binding [*print-length* 10 *print-level* 4] (pr-str x)) ". " (ex-message e))
                                         data e)
                   opts index)))

;; ---- parts

(defn- content ^Content [{:keys [shared opts]} start xs quick?]
  (Content. shared (:label opts)
            (Codec/toBytes [(assoc opts :start start :quick? quick?) xs])
            (max 1 (count xs))))

(defn- refusal
  "Why an element cannot travel, with the path within it."
  [x e]
  (if (instance? ParallelException e)
    e
    (Errors/notTransferable (try
                              (Codec/toBytes x)
                              e
                              (catch NotTransferableException of-the-element
                                of-the-element)))))

(defn- failure
  "The outcome of an element that has none but its error."
  [error]
  {:values [nil] :errors {0 error}})

(defn- refused
  "A part that is done: its one element cannot travel."
  [opts start xs e]
  {:start start :xs xs
   :outcome (failure (element-error (refusal (first xs) e) opts start))})

(declare done give-part)

(defn- give-singly
  "Gives elements, one of which cannot travel, each by itself."
  [{:keys [opts finished] :as plan} start xs known e]
  (if (= 1 (count xs))
    (let [part (refused opts start xs e)]
      (.put ^LinkedBlockingQueue finished part)
      [part])
    (into [] (mapcat (fn [i] (give-part plan (+ (long start) (long i)) (subvec xs i (inc (long i))) known))) (range (count xs)))))

(defn- give-part
  "Gives elements to the pool: a vector of parts, more than one where one of them cannot travel."
  [{:keys [^Pool pool client live told?] :as plan} start xs known]
  (try
    (let [task (ClojureTask. pool (content plan start xs (:quick? known)) client)
          part (merge known {:start start :xs xs :task task})]
      (.retries task 0)
      (.ahead task)
      (.put ^ConcurrentSkipListMap live start task)
      (errors/surfacing (.add pool task))
      (if told? (.onDone task #(done plan part)) (.onSettled task #(done plan part)))
      [part])
    (catch NotTransferableException e
      (give-singly plan start xs known e))
    (catch ParallelException e      ; a shared array that is closed
      (give-singly plan start xs known e))))

(defn- cancel-after
  "Cancels what is under way from start on."
  [{:keys [^ConcurrentSkipListMap live]} start]
  (run! #(future-cancel %) (vec (.values (.tailMap live start true)))))

(defn- stop-after [{:keys [stopped] :as plan} start]
  (swap! stopped min start)
  (cancel-after plan (inc (long start))))

(defn- done
  "A task is done: listened to on a thread of the library's, of its own where somebody is told of the progress."
  [{:keys [opts finished report unordered?] :as plan} {:keys [start ^ClojureTask task] :as part}]
  (let [{:keys [n errors]} (try
                             (.value task)
                             (catch java.util.concurrent.CancellationException _)
                             (catch ParallelException _))]
    (.put ^LinkedBlockingQueue finished part)     ; before those that are cancelled for it
    (when n
      (report n (count errors)))
    (when (and (:throw? opts) (seq errors))
      (stop-after plan (if unordered? -1 start)))))

;; ---- how much at a time

(defn- share-of-rest
  "The most elements of a part where it is known how many are left: half of a worker's share."
  ^double [{:keys [total workers]} {:keys [index nanos]}]
  (if total
    (max (/ (double last-nanos) (max 1.0 (double nanos)))
         (/ (double (- (long total) (long index))) (* 2 (long workers))))
    Double/MAX_VALUE))

(defn- chunk-size ^long [{:keys [chunk most workers] :as plan} {:keys [nanos bytes] :as state} ^long limit]
  (if (= :auto chunk)
    (max 1 (long (min (/ (double part-nanos) (max 1.0 (double nanos)))
                      (/ (double part-bytes) (max 1.0 (double bytes)))
                      (quot limit (long workers))
                      (double most)
                      (share-of-rest plan state))))
    (long chunk)))

(defn- look-ahead
  "[elements that may be under way or not taken, elements of the next part]"
  [{:keys [chunk in-flight workers] :as plan} {:keys [taken] :as state}]
  (let [slots (* (long parts-per-worker) (long workers))
        auto? (= :auto chunk)
        limit (long (or in-flight (if auto? (+ slots (long taken)) (min (double most-in-flight) (* (double slots) (double chunk))))))
        size  (chunk-size plan state limit)]
    [(if (and auto? (nil? in-flight)) (max slots (min limit (* slots size))) limit)
     (min size limit)]))

(defn- fill
  "state with as many parts given out as may be under way."
  [{:keys [stopped unordered?] :as plan} {:keys [input index queue out] :as state}]
  (let [[limit size] (look-ahead plan state)
        room         (- (long limit) (long out))]
    (if (or (<= room 0) (< (long @stopped) (long index)) (nil? (seq input)))
      state
      (let [xs    (into [] (take (min (long size) room)) input)
            parts (give-part plan index xs {:quick? (< (double (:nanos state)) (double quick-nanos))})]
        (recur plan (assoc state
                           :input (nthrest input (count xs))
                           :index (+ (long index) (count xs))
                           :out (+ (long out) (count xs))
                           :queue (if unordered? queue (into queue parts))
                           :pending (+ (long (:pending state)) (count parts))))))))

(defn- measured
  "state with the measure of a part."
  [state xs {:keys [nanos n values]}]
  (let [n     (max 1 (long n))
        mean  (fn [old new] (if old (+ (* 0.5 (double old)) (* 0.5 (double new))) (double new)))
        state (update state :nanos-seen mean (/ (double nanos) n))]
    (-> state
        (update :bytes-seen mean (/ (double (alength ^bytes values)) n))
        (as-> s (assoc s :nanos (:nanos-seen s) :bytes (:bytes-seen s))))))

;; ---- what came of a part

(defn- outcome
  "{:values vector, :errors {place error}} of what a worker says of a part."
  [{:keys [opts]} {:keys [start]} {:keys [values errors n who]}]
  {:values (let [values (vec (Codec/fromBytes ^bytes values))]
             (if (= n (count values)) values (subvec values 0 n)))
   :errors (into {} (map (fn [[i error]]
                           (let [index (+ (long start) (long i))]
                             [i (if (= :timeout error) (timed-out opts who index) (remote error who opts index))])))
                 errors)})

(defn- blamed
  "The place in the part of the element that was being evaluated when its worker died, or nil."
  [{:keys [start xs]} ^ParallelException e]
  (when-let [[_ index] (some->> (get (.data e) "doing") str (re-find #", (?:element|part) (\d+)$"))]
    (let [i (- (long (parse-long index)) (long start))]
      (when (< -1 i (count xs))
        i))))

(defn- again
  "Parts for the elements of xs from a to b."
  [plan {:keys [start xs]} a b known]
  (when (< (long a) (long b))
    (give-part plan (+ (long start) (long a)) (subvec xs a b) known)))

(defn- after-death
  "The parts that take the place of one whose worker died."
  [{:keys [opts retries retry?] :as plan} {:keys [start xs deaths unexplained] :as part} ^ParallelException e]
  (if-let [i (blamed part e)]
    (let [deaths  (inc (long (or deaths 0)))
          index   (+ (long start) (long i))
          error   (cond
                    (>= deaths (long poison)) (poisoned e opts index (nth xs i))
                    (or (> deaths (long retries)) (not (retry? (element-error e opts index)))) (element-error e opts index))]
      (concat (again plan part 0 i {})
              (if error
                [{:start index :xs [(nth xs i)] :outcome (failure error)}]
                (again plan part i (inc (long i)) {:deaths deaths}))
              (again plan part (inc (long i)) (count xs) {})))
    (let [unexplained (inc (long (or unexplained 0)))]
      (when (> unexplained (Facts/mostUnexplained e))
        (throw (ClojureErrors/exInfo e)))
      (again plan part 0 (count xs) {:deaths deaths :unexplained unexplained}))))

(defn- settled
  "[state, outcome or nil, parts that take its place] of a part that is done."
  [{:keys [^ConcurrentSkipListMap live] :as plan} state {:keys [start xs ^ClojureTask task] :as part}]
  (if (:outcome part)
    [state (:outcome part) nil]
    (try
      (let [result (.value task)
            n      (long (:n result))
            stuck? (and (< n (count xs)) (not (:throw? (:opts plan))))]
        (.remove live start task)
        [(measured state xs result)
         (outcome plan part result)
         (when stuck? (again plan part n (count xs) {}))])
      (catch ParallelException e
        (.remove live start task)
        (if (= ParallelException$Code/WORKER_DIED (.code e))
          [state nil (after-death plan part e)]
          (throw (ClojureErrors/exInfo e)))))))

(defn- next-part
  "[state without it, part]: waits until the next one is done."
  [{:keys [unordered? ^LinkedBlockingQueue finished]} {:keys [queue] :as state}]
  (if unordered?
    [state (.take finished)]
    (let [part (peek queue)]
      (when-let [^ClojureTask task (:task part)]
        (.await task Long/MAX_VALUE java.util.concurrent.TimeUnit/NANOSECONDS))
      (.clear finished)
      [(assoc state :queue (pop queue)) part])))

(defn- replaced [{:keys [unordered?]} state parts]
  (cond-> (update state :pending + (count parts))
    (and (seq parts) (not unordered?)) (assoc :queue (into (into PersistentQueue/EMPTY parts) (:queue state)))))

(defn- finish [{:keys [end-report]} {:keys [taken failed]}]
  (end-report taken failed)
  nil)

(defn- step
  "[state, outcome] of the next part that has one; nil at the end."
  [plan state]
  (loop [state (fill plan state)]
    (if (zero? (long (:pending state)))
      (finish plan state)
      (let [[state part]                   (next-part plan state)
            [state outcome replaced-by] (settled plan state part)
            n     (count (:values outcome))
            state (-> (replaced plan (update state :pending dec) replaced-by)
                      (update :out - n)
                      (update :taken + n)
                      (update :failed + (count (:errors outcome))))]
        (if outcome
          [state outcome]
          (recur (fill plan state)))))))

(defn- broken-off [plan state e]
  (reset! (:stopped plan) -1)
  (cancel-after plan 0)
  (finish plan state)
  (throw e))

(defn- step-or-stop [plan state]
  (try
    (step plan state)
    (catch Throwable e
      (broken-off plan state e))))

(defn- handled
  "The values of an outcome, with what :on-error has in place of errors."
  [{:keys [on-error]} {:keys [values errors]}]
  (reduce-kv (fn [values i error] (assoc values i (if (= :value on-error) error (on-error error)))) values errors))

(defn- results [plan state]
  (lazy-seq
   (when-let [[state {:keys [values errors] :as outcome}] (step-or-stop plan state)]
     (cond
       (empty? errors)               (concat values (results plan state))
       (= :throw (:on-error plan)) (let [[i error] (apply min-key key errors)]
                                     (concat (subvec values 0 i) (lazy-seq (broken-off plan state error))))
       :else                       (concat (handled plan outcome) (results plan state))))))

(defn- a-seed []
  (.nextLong (parallel.pool.Element/random)))

(defn- total [coll]
  (when (or (nil? coll) (counted? coll))
    (count coll)))

(defn plan
  "What a map does with its parts. call: {:ns :maker :fs :text :unit}."
  [^Pool pool {:keys [ns maker fs text unit]} {:keys [chunk in-flight on-error retries retry? timeout-ms seed progress]} extra]
  (let [report (progress/reporter progress (:total extra))]
    (merge
     {:pool pool :shared (:shared (function/shared-and-text ns maker fs)) :client (Object.)
      :opts {:label text :unit unit :seed (or seed (a-seed)) :timeout-ms timeout-ms
             :grace-ms (.graceMs pool) :throw? (= :throw (or on-error :throw))}
      :chunk (or chunk :auto) :in-flight in-flight :on-error (or on-error :throw)
      :retries (or retries 1) :retry? (or retry? (constantly true))
      :workers (.most pool) :most (.mostTasks pool)
      :live (ConcurrentSkipListMap.) :finished (LinkedBlockingQueue.) :stopped (atom Long/MAX_VALUE)
      :report (:report report) :end-report (:end report) :told? (boolean progress)}
     extra)))

(defn- beginning [input]
  {:input input :index 0 :queue PersistentQueue/EMPTY :out 0 :pending 0 :taken 0 :failed 0 :nanos 10e6 :bytes 0})

(defn in-pool
  "The lazy results of a map in a pool."
  [pool call opts coll unordered?]
  (results (plan pool call opts {:unordered? unordered? :total (total coll)}) (beginning coll)))

(defn in-place
  "The lazy results of a map in this thread: within an element of another."
  [{:keys [ns maker fs text unit]} {:keys [on-error timeout-ms seed]} coll]
  (let [f    (function/here ns maker fs)
        opts {:label text :unit unit :seed (or seed (a-seed)) :timeout-ms timeout-ms :grace-ms 2000 :throw? true :nested? true}
        one  (fn [index x]
               (let [{:keys [errors] :as outcome} (outcome {:opts opts} {:start index} (.apply f [(assoc opts :start index) [x]]))]
                 (if (and (seq errors) (= :throw (or on-error :throw)))
                   (throw (val (first errors)))
                   (first (handled {:on-error on-error} outcome)))))]
    ((fn more [index xs]
       (lazy-seq
        (when-let [xs (seq xs)]
          (cons (one index (first xs)) (more (inc (long index)) (rest xs))))))
     0 coll)))
