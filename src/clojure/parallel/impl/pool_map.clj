(ns ^:no-doc parallel.impl.pool-map
  "The maps of a pool: input is cut into parts, a part is a task, and what comes of it is put back in order, or as it
  comes. All but the listeners of tasks happens on the thread that takes the results.

  Two maps go through it. The plan of a map does not change while it runs:

  :pool :workers :most       the pool, the most workers it may have, the most tasks one of them may do
  :chunk :in-flight :on-error :retries :retry?
                             options of the map, as parallel.impl.pool-options has them, with its defaults
  :unordered?                whether results come as they are done
  :total                     how many elements there are; nil where that is not known
  :shared                    what of the function each worker gets once
  :opts                      what a worker gets with each part, and what errors say: :label :unit of the text, :seed,
                             :timeout-ms, :grace-ms, :throw? whether an error ends the part, :nested? whether no task is
                             there for it
  :client :death-call        who asks, for the turns at the queue; what the deaths of workers are counted by
  :journal                   a MapJournal, which has what elements came to in earlier sessions; or nil
  :live                      ConcurrentSkipListMap of the tasks under way, by the index of their first element
  :finished                  LinkedBlockingQueue of the parts that are done; what an unordered map takes from
  :stopped                   atom: elements from this index on are not given out any more
  :report :end-report :told? what the progress is told, and whether somebody listens to it

  The state is a value, and the thread that takes the results has it:

  :input :input-error        the elements that are not given out, nil at the end; what taking them threw
  :index                     of the next element
  :queue                     the parts that are given out, in order; empty in an unordered map
  :out :pending              elements, and parts, that are given out and not taken
  :taken :failed             elements that are taken, and how many of them failed
  :nanos :bytes              what an element is taken to need: a guess at first, then the measure
  :nanos-seen :bytes-seen    the measure, a mean that halves what is older; nil before the first

  A part is {:start :xs} and :task, with its :bytes and whether its elements are :quick?, or :outcome, when it is done
  without one; :found? when that comes from the journal. :came, a delay, is the outcome of a task's part, kept in the
  journal. :deaths and :unnamed count the workers that it cost. An outcome is {:values vector, :errors {place
  error}}."
  (:require [clojure.string :as str]
            [parallel.impl.errors :as errors]
            [parallel.impl.journal :as journal]
            [parallel.impl.pool-function :as function]
            [parallel.impl.progress :as progress]
            [parallel.impl.source :as source])
  (:import [clojure.lang PersistentQueue]
           [java.util.concurrent ConcurrentSkipListMap LinkedBlockingQueue]
           [parallel ParallelException ParallelException$Code WorkerDiedException WorkerOptions]
           [parallel.clojure ClojureErrors ClojureTask]
           [parallel.codec Codec UnserializableException]
           [parallel.pool DeathPolicy DeathPolicy$Call MapJournal Pool Pools TaskContent]
           [parallel.control Errors RemoteError]))

(set! *warn-on-reflection* true)

(def ^:private part-nanos "What a part of automatic size takes." 20e6)
(def ^:private part-round-trips "What it takes at least, where a host is far." 20)
(def ^:private last-nanos
  "What a part at the end of a map takes at least: then parts get smaller, so that the workers end together."
  1e6)
(def ^:private last-round-trips "What it takes at least, where a host is far." 2)
(def ^:private part-bytes "What it has at most, there and back." 4e6)
(def ^:private quick-nanos "What takes less is not shown one by one." 20e3)
(def ^:private parts-per-worker "One that it evaluates, one that it has ahead, one on its way there or back." 3)
(def ^:private first-nanos "What an element is taken to need before one is measured." 10e6)
(def ^:private most-in-flight "However large the parts." Integer/MAX_VALUE)
(def ^:private most-unnamed "So often a part is tried again whose worker died at an element that nobody had named." 3)
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
                                     (str (named opts index) ", in worker " (:worker/id who)
                                          " (pid " (:worker/pid who) "),")
                                     false)
                 opts index))

(defn- poisoned [^ParallelException e opts index x]
  (let [data (assoc (into {} (.data e)) "poison" true "element" x)
        text (binding [*print-length* 10 *print-level* 4] (pr-str x))]
    (element-error (WorkerDiedException. (str (named opts index) " has killed its worker " poison " times "
                                              "and is not tried again: " text ". " (ex-message e))
                                         data e)
                   opts index)))

;; ---- parts

(defn- content ^TaskContent [{:keys [^Pool pool shared opts]} start xs quick?]
  (TaskContent. shared (:label opts)
                (function/written-for (.destination pool) [(assoc opts :start start :quick? quick?) xs])
                (max 1 (count xs))))

(defn- refusal
  "Why an element cannot be sent, with the path within it."
  [{:keys [^Pool pool]} x e]
  (if (instance? ParallelException e)
    e
    (Errors/notTransferable (try
                              (function/written-for (.destination pool) x)
                              e
                              (catch UnserializableException of-the-element
                                of-the-element)))))

(defn- failure
  "The outcome of an element that has none but its error."
  [error]
  {:values [nil] :errors {0 error}})

(defn- refused
  "A part that is done: its one element cannot be sent."
  [{:keys [opts] :as plan} start xs e]
  {:start start :xs xs
   :outcome (failure (element-error (refusal plan (first xs) e) opts start))})

(declare done give-part outcome)

(defn- kept
  "An outcome, when the journal has it."
  [{:keys [journal on-error]} start outcome]
  (when journal
    (journal/keep! journal on-error start outcome))
  outcome)

(defn- give-singly
  "Gives elements, one of which cannot be sent, each by itself."
  [{:keys [finished] :as plan} start xs known e]
  (if (= 1 (count xs))
    (let [part (refused plan start xs e)]
      (.put ^LinkedBlockingQueue finished part)
      [part])
    (into []
          (mapcat (fn [i] (give-part plan (+ (long start) (long i)) (subvec xs i (inc (long i))) known)))
          (range (count xs)))))

(defn- most-bytes
  "Of a part of automatic size: what is under way to a worker is bounded by its heap."
  ^double [{:keys [^Pool pool]}]
  (if pool
    (min (double part-bytes) (/ (double (.leastRoom pool)) (long parts-per-worker)))
    (double part-bytes)))

(defn- give-halves
  "Gives elements that together are too many bytes for one part."
  [plan start xs known]
  (let [half (quot (count xs) 2)]
    (into (give-part plan start (subvec xs 0 half) known)
          (give-part plan (+ (long start) half) (subvec xs half) known))))

(defn- part-of
  "A part with a task. What it comes to is asked for by its listener, too, so that the journal has it before anybody
  takes it."
  [plan start xs ^ClojureTask task bytes known]
  (let [part (merge known {:start start :xs xs :task task :bytes bytes})]
    (assoc part :came (delay (kept plan start (outcome plan part (.value task)))))))

(defn- give-part
  "Gives elements to the pool: a vector of parts, more than one where one of them cannot be sent."
  [{:keys [^Pool pool client death-call chunk live told?] :as plan} start xs known]
  (try
    (let [content (content plan start xs (:quick? known))
          bytes   (alength (.payload content))]
      (if (and (< 1 (count xs)) (= :auto chunk) (< (double (most-bytes plan)) bytes))
        (give-halves plan start xs known)
        (let [task (ClojureTask. pool content client)
              part (part-of plan start xs task bytes known)]
          (.retries task 0)
          (.call task death-call)
          (.ahead task)
          (.put ^ConcurrentSkipListMap live start task)
          (errors/surfacing (.add pool task))
          (if told? (.onDone task #(done plan part)) (.onSettled task #(done plan part)))
          [part])))
    (catch UnserializableException e
      (give-singly plan start xs known e))
    (catch ParallelException e      ; a shared array that is closed
      (give-singly plan start xs known e))))

(defn- found-part
  "A part whose elements the journal has."
  [{:keys [^LinkedBlockingQueue finished found]} start xs known]
  (let [part {:start start :xs xs :found? true
              :outcome {:values (mapv first known)
                        :errors (into {} (keep-indexed (fn [i [value failed?]] (when failed? [i value]))) known)}}]
    (.put finished part)
    (found (count xs))
    [part]))

(defn- give
  "Gives elements, those that the journal has not: a vector of parts."
  [{:keys [journal on-error] :as plan} start xs known]
  (if (or (nil? journal) (journal/await-new journal start xs))
    (give-part plan start xs known)
    (let [found (mapv (fn [i x] (journal/find-element journal on-error (+ (long start) (long i)) x)) (range) xs)
          runs  (partition-by #(nil? (found %)) (range (count xs)))]
      (into []
            (mapcat (fn [run]
                      (let [a    (long (first run))
                            b    (inc (long (peek (vec run))))
                            at   (+ (long start) a)
                            some (subvec xs a b)]
                        (if (found a)
                          (found-part plan at some (subvec found a b))
                          (give-part plan at some known)))))
            runs))))

(defn- cancel-after
  "Cancels what is under way from start on."
  [{:keys [^ConcurrentSkipListMap live]} start]
  (run! #(future-cancel %) (vec (.values (.tailMap live start true)))))

(defn- stop-after [{:keys [stopped] :as plan} start]
  (swap! stopped min start)
  (cancel-after plan (inc (long start))))

(defn- done
  "A task is done: listened to on a thread of the library's, of its own where somebody is told of the progress."
  [{:keys [opts finished report unordered? journal] :as plan} {:keys [start ^ClojureTask task came] :as part}]
  (when journal
    (try
      @came
      (catch Throwable _)))     ; who takes it hears that
  (let [{:keys [n errors]} (try
                             (.value task)
                             (catch java.util.concurrent.CancellationException _)
                             (catch ParallelException _))]
    (.put ^LinkedBlockingQueue finished part)     ; before those that are cancelled for it
    (when n
      (report (.host task) n (count errors)))
    (when (and (:throw? opts) (seq errors))
      (stop-after plan (if unordered? -1 start)))))

;; ---- how much at a time

(defn- round-trip-nanos
  "To the farthest of the hosts that have workers of the pool."
  [{:keys [^Pool pool]}]
  (if pool (.roundTripNanos pool) 0))

(defn- share-of-rest
  "The most elements of a part where it is known how many are left: half of a worker's share."
  ^double [{:keys [total workers]} {:keys [index nanos]} ^double round-trip]
  (if total
    (max (/ (max (double last-nanos) (* (long last-round-trips) round-trip)) (max 1.0 (double nanos)))
         (/ (double (- (long total) (long index))) (* 2 (long workers))))
    Double/MAX_VALUE))

(defn- chunk-size ^long [{:keys [chunk most workers] :as plan} {:keys [nanos bytes] :as state} ^long limit]
  (if (= :auto chunk)
    (let [round-trip (double (round-trip-nanos plan))
          takes      (max (double part-nanos) (* (long part-round-trips) round-trip))]
      (max 1 (long (min (/ takes (max 1.0 (double nanos)))
                        (/ (most-bytes plan) (max 1.0 (double bytes)))
                        (quot limit (long workers))
                        (double most)
                        (share-of-rest plan state round-trip)))))
    (long chunk)))

(defn- look-ahead
  "[elements that may be under way or not taken, elements of the next part]"
  [{:keys [chunk in-flight workers] :as plan} {:keys [taken] :as state}]
  (let [slots (* (long parts-per-worker) (long workers))
        auto? (= :auto chunk)
        limit (long (cond
                      in-flight in-flight
                      auto?     (+ slots (long taken))
                      :else     (min (double most-in-flight) (* (double slots) (double chunk)))))
        size  (chunk-size plan state limit)]
    [(if (and auto? (nil? in-flight)) (max slots (min limit (* slots size))) limit)
     (min size limit)]))

(defn- fill
  "state with as many parts given out as may be under way."
  [{:keys [stopped unordered?] :as plan} {:keys [input index queue out] :as state}]
  (let [[limit size] (look-ahead plan state)
        room         (- (long limit) (long out))]
    (if (or (<= room 0) (< (long @stopped) (long index)) (nil? input))
      state
      (let [[xs input e] (source/next-elements (min (long size) room) input)
            parts        (when (seq xs)
                           (give plan index xs {:quick? (< (double (:nanos state)) (double quick-nanos))}))]
        (recur plan (assoc state
                           :input input
                           :input-error e
                           :index (+ (long index) (count xs))
                           :out (+ (long out) (count xs))
                           :queue (if unordered? queue (into queue parts))
                           :pending (+ (long (:pending state)) (count parts))))))))

(defn- measured
  "state with the measure of a part: what its elements took, and the larger of their bytes there and back."
  [state {:keys [bytes]} {:keys [nanos n values]}]
  (let [n     (max 1 (long n))
        mean  (fn [old new] (if old (+ (* 0.5 (double old)) (* 0.5 (double new))) (double new)))
        state (update state :nanos-seen mean (/ (double nanos) n))]
    (-> state
        (update :bytes-seen mean (/ (double (max (long bytes) (alength ^bytes values))) n))
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
  [{:keys [opts retries retry?] :as plan} {:keys [start xs deaths unnamed] :as part} ^ParallelException e]
  (if-let [i (blamed part e)]
    (let [deaths  (inc (long (or deaths 0)))
          index   (+ (long start) (long i))
          error   (cond
                    (>= deaths (long poison)) (poisoned e opts index (nth xs i))

                    (or (> deaths (long retries)) (not (retry? (element-error e opts index))))
                    (element-error e opts index))]
      (concat (again plan part 0 i {})
              (if error
                [{:start index :xs [(nth xs i)] :outcome (failure error)}]
                (again plan part i (inc (long i)) {:deaths deaths}))
              (again plan part (inc (long i)) (count xs) {})))
    ;; which element it was is not known: from now on each is named. If it evaluated none, the pool has tried often
    ;; enough
    (let [unnamed (inc (long (or unnamed 0)))]
      (when (or (> unnamed (long most-unnamed)) (not (DeathPolicy/wasEvaluating e)))
        (throw (ClojureErrors/exInfo e)))
      (again plan part 0 (count xs) {:deaths deaths :unnamed unnamed}))))

(defn- settled
  "[state, outcome or nil, parts that take its place] of a part that is done."
  [{:keys [^ConcurrentSkipListMap live] :as plan} state {:keys [start xs ^ClojureTask task came found?] :as part}]
  (if (:outcome part)
    [state (if found? (:outcome part) (kept plan start (:outcome part))) nil]
    (try
      (let [result (.value task)
            n      (long (:n result))
            rest?  (and (< n (count xs)) (or (not (:throw? (:opts plan))) (empty? (:errors result))))]
        (.remove live start task)
        [(measured state part result)
         @came
         (when rest? (again plan part n (count xs) {}))])
      (catch ParallelException e
        (.remove live start task)
        (if (= ParallelException$Code/WORKER_DIED (.code e))
          [state nil (after-death plan part e)]
          (throw (ClojureErrors/exInfo e)))))))

(defn- next-part
  "[state without it, part]: waits until the next one is done."
  [{:keys [unordered? ^LinkedBlockingQueue finished pool]} {:keys [queue] :as state}]
  (if unordered?
    [state (.take ^Pool pool finished)]
    (let [part (peek queue)]
      (when-let [^ClojureTask task (:task part)]
        (.await task Long/MAX_VALUE java.util.concurrent.TimeUnit/NANOSECONDS))
      (.clear finished)
      [(assoc state :queue (pop queue)) part])))

(defn- replaced [{:keys [unordered?]} state parts]
  (cond-> (update state :pending + (count parts))
    (and (seq parts) (not unordered?)) (assoc :queue (into (into PersistentQueue/EMPTY parts) (:queue state)))))

(defn- finish [{:keys [end-report journal]} {:keys [taken failed hosts]}]
  (some-> journal journal/close!)
  (end-report taken failed hosts)
  nil)

(defn- tallied [state {:keys [^ClojureTask task]} {:keys [values errors] :as outcome}]
  (let [n      (count values)
        failed (count errors)]
    (cond-> (-> state (update :out - n) (update :taken + n) (update :failed + failed))
      (and task outcome) (update-in [:hosts (.host task)] progress/more n failed))))

(defn- step
  "[state, outcome] of the next part that has one; nil at the end."
  [{:keys [journal] :as plan} state]
  (some-> journal journal/check-current)
  (loop [state (fill plan state)]
    (if (zero? (long (:pending state)))
      (if-let [e (:input-error state)]
        (throw e)
        (do (some-> journal (journal/complete! (:index state)))
            (finish plan state)))
      (let [[state part]                   (next-part plan state)
            [state outcome replaced-by] (settled plan state part)
            state (tallied (replaced plan (update state :pending dec) replaced-by) part outcome)]
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
  "The plan of a map. call is {:ns :maker :fs :text :unit}: where (maker f ...) is evaluated, its text, and the name of
  an element."
  [^Pool pool
   {:keys [ns maker fs text unit]}
   {:keys [chunk in-flight on-error retries retry? timeout-ms seed progress] :as options}
   extra]
  (let [report  (progress/reporter progress (:total extra))
        shared  (:shared (function/shared-and-text (.destination pool) ns maker fs))
        journal (when-let [path (:journal options)]
                  (journal/open path shared text options (a-seed)))]
    (merge
     {:pool pool :shared shared :client (Object.) :journal journal
      :opts {:label text :unit unit :seed (if journal (.seed ^MapJournal journal) (or seed (a-seed)))
             :timeout-ms timeout-ms :grace-ms (.graceMs pool) :throw? (= :throw on-error)}
      :chunk chunk :in-flight in-flight :on-error on-error :retries retries :retry? retry?
      :workers (.most pool) :most (.mostTasks pool) :death-call (DeathPolicy$Call.)
      :live (ConcurrentSkipListMap.) :finished (LinkedBlockingQueue.) :stopped (atom Long/MAX_VALUE)
      :report (:report report) :found (:found report) :end-report (:end report)
      :told? (boolean (or progress journal))}
     extra)))

(defn- beginning [xs]
  {:input xs :index 0 :queue PersistentQueue/EMPTY :out 0 :pending 0 :taken 0 :failed 0 :nanos first-nanos :bytes 0})

(defn in-pool
  "The lazy results of a map in a pool."
  [pool call opts coll unordered?]
  (results (plan pool call opts {:unordered? unordered? :total (total coll)})
           (beginning (lazy-seq (source/walked coll)))))

(def ^:private grace-ms
  "Of an element that is evaluated in place: no pool says how long it may take to heed an interrupt."
  (Pools/graceMs (.build (WorkerOptions/builder))))

(defn in-place
  "The lazy results of a map in this thread: within an element of another."
  [{:keys [ns maker fs text unit]} {:keys [on-error timeout-ms seed journal]} coll]
  (when journal
    (throw (errors/bad-argument (str "A map within an element of another map has no :journal, as its worker evaluates "
                                     "it. Give it a :pool, or give the :journal to the outer map.")
                                {:option :journal})))
  (let [f    (function/here ns maker fs)
        opts {:label text :unit unit :seed (or seed (a-seed)) :timeout-ms timeout-ms :grace-ms grace-ms
              :throw? true :nested? true}
        one  (fn [index x]
               (let [result (.apply f [(assoc opts :start index) [x]])
                     {:keys [errors] :as outcome} (outcome {:opts opts} {:start index} result)]
                 (if (and (seq errors) (= :throw on-error))
                   (throw (val (first errors)))
                   (first (handled {:on-error on-error} outcome)))))]
    ((fn more [index xs]
       (lazy-seq
        (when-let [xs (seq xs)]
          (cons (one index (first xs)) (more (inc (long index)) (source/later xs))))))
     0 (lazy-seq (source/walked coll)))))
