(ns parallel.state-machine.machine
  "Random sequences of API calls beside a model that says, before each call, what may come of it.

  A command is [op slot argument]; slots hold workers. What a worker does is asked of it by messages (a run worker obeys
  a script) or by forms (a fork). A worker that was asked to end ends in its own time: until somebody has waited for
  that, the model allows what holds before and what holds after."
  (:require [clojure.test.check.generators :as gen]
            [parallel.api :as parallel]
            [parallel.support :refer [await-true]]))

;; ---- what a worker does

(def ^:private script
  "Obeys messages [op x]; an uncaught throw fails the worker."
  '(let [parent (parallel/parent)]
     (loop []
       (let [[op x] (parallel/receive parent)]
         (case op
           :echo   (do (parallel/send parent x) (recur))
           :many   (do (dotimes [i x] (parallel/send parent i)) (recur))
           :end    (do (parallel/send-end parent) (recur))
           :throw  (throw (ex-info "asked to" {:x x}))
           :exit   (do (System/exit x) (recur))
           :finish x)))))

;; ---- outcomes
;;
;; [:value v], or [:error kind] for an exception of the library. What the model allows is a set of those, or a
;; predicate.

(def ^:private hangs-ms 60000)

(defn- outcome [f]
  (let [answer (future (try [:value (f)]
                            (catch clojure.lang.ExceptionInfo e [:error (:parallel/error (ex-data e) e)])
                            (catch java.util.concurrent.CancellationException _ [:error :cancelled])
                            (catch Throwable e [:error e])))
        result (deref answer hangs-ms [:hangs])]
    (when (= result [:hangs])
      (future-cancel answer))
    result))

;; ---- the model of one worker
;;
;;   :kind     :run or :fork
;;   :expected what it has sent or will send, in order
;;   :ends how it may have ended by now, or will: a set of [:value v] and [:error kind]; empty while nothing makes it
;;   end :ended? has somebody seen the end? :closed? have we ended our stream to it? :silent? has it ended its stream to
;;   us? :broken? was it interrupted, stopped or killed, which may come before what it was asked for, or after?
;;   :anything? ... and asked for more, so that what it sends is not known :unaware? may it live on, since it evaluated
;;   nothing when it was interrupted? :replies [reply allowed-outcomes] of a fork

(defn- ending? [{:keys [ends]}] (seq ends))

(defn- new-worker [kind handle]
  {:kind kind :handle handle :expected [] :ends #{} :ended? false :closed? false :silent? false :replies []})

(defn- asked-to-end
  "The worker with one more way to end. What was sent to it before comes first."
  [worker end]
  (update worker :ends conj end))

(defn- broken-off
  "stop, kill, and what else may be quicker than what the worker was doing."
  [worker end]
  (-> worker
      (asked-to-end end)
      (assoc :broken? true)
      (assoc :unaware? false)
      (update :replies
              (fn [replies]
                (mapv (fn [[reply allowed]] [reply
                                             (into allowed
                                                   #{[:error :worker-died] [:error :closed] [:error :cancelled]})])
                      replies)))))

(def ^:private none ::none)

(defn- after-the-rest
  "What receive may give when nothing is expected any more."
  [{:keys [ends silent?] :as worker}]
  (cond-> (into #{} (map (fn [[what kind]] (if (= what :value) [:error :closed] [:error kind]))) ends)
    silent?                                       (conj [:error :closed])
    (not (or (:ended? worker) silent?))           (conj [:value none])))

(defn- receivable
  "What receive with a time-out that is long enough may give."
  [{:keys [expected broken? anything?] :as worker}]
  (cond
    anything? (constantly true)
    (seq expected)
    (cond-> #{[:value (first expected)]}
      broken? (into (after-the-rest worker)))
    :else (after-the-rest worker)))

(defn- sendable [{:keys [ends closed? ended? kind]}]
  (cond-> (into #{} (map (fn [[what error]] [:error (if (= what :value) :closed error)])) ends)
    closed?                       (conj [:error :closed])
    (not (or closed? ended?))     (conj [:value :sent])))

(defn- took [worker [what v]]
  (cond
    (= what :error)                                  (assoc worker :expected [])
    (or (= v none) (empty? (:expected worker)))      worker
    :else                                            (update worker :expected subvec 1)))

;; ---- calls: each gives [allowed call after]: the outcomes that are allowed, the call, and the worker after an outcome

(def ^:private long-ms 30000)
(def ^:private short-ms 3)

(defn- obey [worker message effect]
  [(sendable worker)
   #(do (parallel/send (:handle worker) message) :sent)
   (fn [[what]] (if (= what :value) (effect worker) worker))])

(defn- expecting
  "Asked for values. It cannot give them after its own end of the stream; one that is being broken off may or may not."
  [worker values]
  (cond
    (empty? values)   worker
    (:silent? worker) (asked-to-end worker [:error :remote-exception])
    (:broken? worker) (assoc worker :anything? true)
    (ending? worker)  worker
    :else             (update worker :expected into values)))

(defn- first-end [worker end]
  (if (and (ending? worker) (not (:unaware? worker))) worker (asked-to-end worker end)))

(defmulti ^:private call (fn [op _worker _x] op))

(defmethod call :echo [_ worker x] (obey worker [:echo x] #(expecting % [x])))
(defmethod call :many [_ worker x] (obey worker [:many (* 7 x)] #(expecting % (range (* 7 x)))))
(defmethod call :end [_ worker _]
  (obey worker [:end nil] #(cond (:broken? %) (assoc % :anything? true) (ending? %) % :else (assoc % :silent? true))))
(defmethod call :throw [_ worker x] (obey worker [:throw x] #(first-end % [:error :remote-exception])))
(defmethod call :exit [_ worker x] (obey worker [:exit x] #(first-end % [:error :worker-died])))
(defmethod call :finish [_ worker x] (obey worker [:finish x] #(first-end % [:value x])))

(defmethod call :receive [_ {:keys [handle] :as worker} _]
  [(receivable worker)
   #(parallel/receive handle (cond (:silent? worker)                              long-ms
                                   (:unaware? worker)                             short-ms
                                   (or (seq (:expected worker)) (ending? worker)) long-ms
                                   :else                                          short-ms)
                      none)
   (partial took worker)])

(defmethod call :try-receive [_ {:keys [handle] :as worker} _]
  [(let [allowed (receivable worker)] (if (set? allowed) (conj allowed [:value none]) allowed))
   #(parallel/try-receive handle none)
   (partial took worker)])

(defmethod call :send-end [_ {:keys [handle kind] :as worker} _]
  [#{[:value :sent]}
   #(do (parallel/send-end handle) :sent)
   (fn [_] (cond-> (assoc worker :closed? true)
             (= kind :run) (first-end [:error :remote-exception])))])

(defmethod call :join [_ {:keys [handle kind ends ended?] :as worker} _]
  (cond
    (:unaware? worker)
    [(conj ends [:value none])
     #(parallel/join handle short-ms none)
     (fn [end] (if (= end [:value none]) worker (assoc worker :ended? true :unaware? false :ends #{end})))]

    (ending? worker)
    [ends #(parallel/join handle) (fn [end] (assoc worker :ended? true :ends #{end}))]

    :else
    [#{[:value none]} #(parallel/join handle short-ms none) (fn [_] worker)]))

(defmethod call :stop [_ {:keys [handle kind ended?] :as worker} _]
  [#{[:value nil]}
   #(parallel/stop handle)
   (fn [_] (cond
             ended?                    worker
             (= kind :run)             (broken-off worker [:error :worker-died])
             (empty? (:replies worker)) (broken-off worker [:value nil])
             :else                     (-> worker (broken-off [:value nil]) (broken-off [:error :worker-died]))))])

(defmethod call :kill [_ {:keys [handle ended?] :as worker} _]
  [#{[:value nil]}
   #(parallel/kill handle)
   (fn [_] (if ended? worker (broken-off worker [:error :worker-died])))])

(defmethod call :interrupt [_ {:keys [handle kind ended?] :as worker} _]
  [#{[:value nil]}
   #(parallel/interrupt handle)
   (fn [_] (cond
             ended?         worker
             (= kind :run)  (-> worker (broken-off [:error :remote-exception])
                                (assoc :unaware? (or (:unaware? worker) (not (ending? worker)))))
             :else          (update worker :replies
                                    (fn [replies]
                                      (mapv (fn [[reply allowed]] [reply (conj allowed [:error :remote-exception])])
                                            replies)))))])

(defmethod call :status [_ {:keys [handle ended?] :as worker} _]
  [(fn [[what v]]
     (and (= what :value)
          (contains? (if ended? #{:ended :failed :dead} #{:starting :idle :running :receiving :sending :ended :failed
                                                          :dead})
                     (:state v))
          (= (.id ^parallel.Worker handle) (:id v))))
   #(parallel/status handle)
   (fn [_] worker)])

(defmethod call :alive [_ {:keys [handle ended?] :as worker} _]
  [(cond ended? #{[:value false]} (ending? worker) #{[:value true] [:value false]} :else #{[:value true]})
   #(parallel/alive? handle)
   (fn [_] worker)])

(defn- exec [{:keys [handle] :as worker} form allowed]
  [#{[:value :given]}
   #(do (swap! (:last-reply worker) (constantly (parallel/exec handle form))) :given)
   (fn [_] (update worker :replies conj
                   [@(:last-reply worker)
                    (cond (:closed-for-work? worker) #{[:error :closed] [:error :worker-died]}
                          (ending? worker)           (into allowed #{[:error :closed] [:error :worker-died]})
                          :else                      allowed)]))])

(defmethod call :add [_ worker x] (exec worker `(+ 1 ~x) #{[:value (inc x)]}))
(defmethod call :fail [_ worker x] (exec worker `(throw (ex-info "asked to" {:x ~x})) #{[:error :remote-exception]}))

(defmethod call :reply [_ {:keys [replies] :as worker} _]
  (if-let [[reply allowed] (first replies)]
    [allowed #(deref reply) (fn [_] (update worker :replies subvec 1))]
    [#{[:value :none]} (constantly :none) (constantly worker)]))

(defmethod call :cancel [_ {:keys [replies] :as worker} _]
  (if-let [[reply allowed] (peek replies)]
    [#{[:value true] [:value false]}
     #(future-cancel reply)
     (fn [_] (assoc worker :replies (conj (pop replies) [reply (conj allowed [:error :cancelled])])))]
    [#{[:value :none]} (constantly :none) (constantly worker)]))

(def ^:private calls
  {:run  #{:echo :many :end :throw :exit :finish :receive :try-receive :send-end :join :stop :kill :interrupt :status
           :alive}
   :fork #{:add :fail :reply :cancel :receive :try-receive :send-end :stop :kill :interrupt :status :alive}})

;; ---- several workers

(defn- select-call
  "[allowed call after] of select over all workers."
  [workers]
  (let [slots     (vec (keys workers))
        handles   (mapv (comp :handle workers) slots)
        slot-of   (zipmap handles slots)
        willing   (for [slot slots :when (seq (:expected (workers slot)))] slot)
        certain?  (some #(and (seq (:expected %)) (not (:broken? %))) (vals workers))]
    [(fn [[what v :as outcome]]
       (cond
         (= outcome [:value none])  (not certain?)
         (= outcome [:value nil])
         (and (not certain?)
              (every? #(or (:silent? %) (:anything? %) (contains? (set (map first (:ends %))) :value)) (vals workers)))
         (= what :value)            (let [[handle message] v, worker (workers (slot-of handle))]
                                      (or (:anything? worker) (= message (first (:expected worker)))))
         ;; an error may be there before a message that is still under way
         (= outcome [:error :several])
         (< 1 (count (filter #(some (fn [[how]] (= how :error)) (:ends %)) (vals workers))))
         :else                      (some #(contains? (:ends %) outcome) (vals workers))))
     #(parallel/select handles (if (seq willing) long-ms short-ms) none)
     (fn [[what v]]
       (if (and (= what :value) (vector? v))
         (update workers (slot-of (first v)) took [:value (second v)])
         workers))]))

;; ---- running a sequence

(defn- allows? [allowed outcome]
  (boolean (if (set? allowed) (contains? allowed outcome) (allowed outcome))))

(defn- start-worker [kind in]
  (let [opts (cond-> {:in in} (= in :thread) (assoc :grace-ms 60))]
    (assoc (new-worker kind (if (= kind :run) (parallel/run opts script) (parallel/fork opts)))
           :last-reply (atom nil))))

(defn- step
  "The workers after a command, or {:wrong ...}. A command that does not fit its slot does nothing."
  [in workers [op slot x :as command]]
  (let [worker (workers slot)]
    (cond
      (#{:run :fork} op)
      (if worker workers (assoc workers slot (start-worker op in)))

      (= op :select)
      (if (empty? workers)
        workers
        (let [[allowed f after] (select-call workers), result (outcome f)]
          (if (allows? allowed result)
            (after result)
            {:wrong {:command command :outcome result :allowed 'see-select}})))

      (or (nil? worker) (not (contains? (calls (:kind worker)) op)) (and (= op :exit) (= in :thread)))
      workers

      :else
      (let [[allowed f after] (call op worker x), result (outcome f)]
        (if (allows? allowed result)
          (assoc workers slot (after result))
          {:wrong {:command command :outcome result :allowed allowed :worker (dissoc worker :handle :last-reply)}})))))

(defn- finish
  "Every worker still ends, whatever was done to it."
  [workers]
  (let [handles (mapv :handle (vals workers))]
    (run! parallel/kill handles)
    (when-not (every? #(contains? #{:value :error} (first (outcome (fn [] (parallel/join %))))) handles)
      {:wrong :does-not-end})))

(defn wrong
  "What the model did not allow in a sequence of commands on workers of a kind (:thread or :process), or nil. Leaves no
  worker."
  [in commands]
  (let [workers (atom {})
        wrong   (some (fn [command]
                        (let [after (step in @workers command)]
                          (or (:wrong after) (do (reset! workers after) nil))))
                      commands)
        undone  (finish @workers)]
    (or wrong
        undone
        (when-not (await-true #(empty? (parallel/children)) hangs-ms)
          {:wrong :children-left}))))

;; ---- sequences

(defn- command-of [slots]
  (let [slot (gen/choose 0 (dec slots))
        op   (gen/frequency [[1 (gen/elements [:run :fork])]
                             [6 (gen/elements [:echo :many :add])]
                             [8 (gen/elements [:receive :try-receive :select :reply])]
                             [3 (gen/elements [:join :status :alive])]
                             [3 (gen/elements [:end :throw :exit :finish :send-end :fail :cancel])]
                             [2 (gen/elements [:stop :kill :interrupt])]])]
    (gen/tuple op slot (gen/choose 0 9))))

(defn sequences
  "A generator of sequences of at most n commands on so many workers, which are started first; one that has ended is
  never replaced."
  [n slots]
  (gen/fmap (fn [[kinds commands]] (into (vec (map-indexed (fn [slot kind] [kind slot 0]) kinds)) commands))
            (gen/tuple (gen/vector (gen/elements [:run :fork]) 1 slots)
                       (gen/vector (command-of slots) 1 n))))
