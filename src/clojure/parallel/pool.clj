(ns parallel.pool
  "Maps, futures and folds over a pool of worker processes.

  Pools     pool with-pool default-pool close workers
  Futures   submit try-submit on-done race
  Maps      pmap pmap-unordered fold
  Journals  journal journal-info print-journal
  Within    rng

  A function for a pool is a var, a symbol, a quoted form, '(fn [x] ...), or a pfn; the function of a var, inc or str,
  is taken for its var. Its names are resolved in the caller's namespace, as parallel.api/run does it: aliases, and what
  was defined at the prompt, are sent with it. Arguments, elements and values are copied. All functions are safe from
  any thread.

  Errors are ExceptionInfos whose ex-data has :parallel/error, as those of parallel.api. Every function throws
  :bad-argument for arguments of another number or kind.

    (require '[parallel.pool :as pool])
    (pool/pmap '(fn [x] (* x x)) (range 10))          ; => (0 1 4 9 16 25 36 49 64 81)
    (pool/with-pool [p 4]
      (let [answer (pool/submit p '+ 40 2)]
        @answer))                                      ; => 42"
  (:refer-clojure :exclude [pmap])
  (:require [parallel.api :as parallel]
            [parallel.impl.errors :as errors :refer [defcall]]
            [parallel.impl.form :as form]
            [parallel.impl.journal :as journals]
            [parallel.impl.pool-function :as function]
            [parallel.impl.pool-map :as pool-map]
            [parallel.impl.pool-options :as pool-options]
            [parallel.impl.print :as print]
            [parallel.impl.source :as source])
  (:import [java.util.concurrent CompletableFuture CountDownLatch Future TimeUnit]
           [java.util.function Function Supplier]
           [parallel ParallelException Worker]
           [parallel.clojure ClojureTask ClojureWorker]
           [parallel.codec UnserializableException]
           [parallel.pool TaskContent Element Pool PoolTask Pools]
           [parallel.control Errors]
           [parallel.place Workers]
           [parallel.runtime Context]))

(set! *warn-on-reflection* true)

;; ---- pools

(def ^:private serve '(parallel.impl.pool-worker/serve))

(defn- maker
  "Starts the next worker, with what options then gives."
  ^Supplier [^Context context options]
  (let [work   (form/work 'user serve [])
        handle (reify Function (apply [_ birth] (ClojureWorker. birth)))]
    (reify Supplier
      (get [_] (Workers/start context (options) work handle)))))

(defn- one-pool ^Pool [call x]
  (if (instance? Pool x) x (errors/refuse call "a pool" x)))

(defcall pool
  "Starts n workers behind one queue. Returns the pool at once. A worker that dies is replaced. The pool is Closeable,
  a java.util.concurrent.ExecutorService and a parallel.WorkerPool.

  n       how many workers, 1 to 1024; at most :max-workers, 256 by default. :cores: as many as the hosts of :in have
          cores, or this machine
  opts    those of fork, for its workers, and
          :min :max            keeps at least :min workers, grows up to :max while tasks wait; both default to n
          :idle-timeout-ms     after which an idle worker above :min ends, default 60000
          :max-tasks           tasks after which a worker is replaced, default never; elements of a map count each
          :max-heap-use        a fraction above 0 and below 1: a worker with more of its heap in use after a collection,
                               of everything, is replaced between two tasks or elements. It continues until the next
                               one has loaded what it needs, or until a third of what was left to it is left; then it
                               begins nothing more. Event :retired; none for workers that are threads
          :queue-length        most tasks that wait, default 1000000; :queue-bytes most bytes of them, default a quarter
                               of the heap
          :retries             number of retries for a task whose worker died, default 1; none when it has killed two
          :on-host-lost        :retry, the default: what a lost host had is done elsewhere; :fail: it fails with
                               :host-lost, since it may still be done there
          :cores-per-worker    the size that a worker's JVM takes for its inner thread pools, default its share
          Without :max-heap the workers share three quarters of the memory of the machine or container, on hosts of
          theirs. :in a vector of hosts shares the workers out, and each that is started later

  Throws :bad-argument for an option that is not allowed, and when the heaps do not fit into the memory; the message
  has the sum. Never blocks.

    (def p (pool/pool {:max-heap \"512m\"} 4))
    (.close p)"
  (^java.io.Closeable [n] (pool {} n))
  (^java.io.Closeable [opts n]
   (let [[limits destination options] (pool-options/pool-options opts n)
         context                      (parallel/context)]
     (Pools/of context limits destination (maker context options)))))

(defcall close
  "Ends a pool now: tasks that wait or run fail with :closed, and the workers are stopped. Blocks until they have
  ended; an interrupt does not shorten that. Idempotent. Returns nil. Throws :bad-argument for what is not a pool.

    (pool/close p)"
  [pool]
  (.close (one-pool "close" pool)))

(defcall workers
  "Returns the workers of a pool, those that are starting included: a vector. Never blocks. Throws :bad-argument for
  what is not a pool.

    (parallel/status (pool/workers p))"
  [pool]
  (vec (.workers (one-pool "workers" pool))))

(defmacro ^{:added "0.2"} with-pool
  "Evaluates body with name bound to a new pool of n workers, and closes the pool at the end, whatever happens. Returns
  the value of body; what is lazy must be realised within. Throws as pool, and what body throws.

    (pool/with-pool [p 4]
      (vec (pool/pmap {:pool p} 'my.ns/work xs)))
    (pool/with-pool [p {:max-heap \"1g\"} 2] ...)"
  {:arglists '([[name n] & body] [[name opts n] & body])}
  [[name & pool-args] & body]
  `(with-open [~(vary-meta name assoc :tag `Pool) (pool ~@pool-args)]
     ~@body))

(defonce ^:private default-pools (atom {}))

(defn- lasting
  "The writer, or the root's where it is one that only collects, as that of with-out-str: the pool outlives it."
  [writer ^clojure.lang.Var v]
  (if (instance? java.io.StringWriter writer) (.getRawRoot v) writer))

(defcall default-pool
  "Returns the pool that maps use when they are given none. It has one worker for each core that this JVM may use. It
  is made at first use, again if it was closed, and stopped with the JVM. Never blocks. Throws :bad-argument when the
  workers do not fit into the memory or the session.

    (parallel/status (pool/workers (pool/default-pool)))"
  ^java.io.Closeable []
  (let [context (parallel/context)]
    (locking default-pools
      (let [p (get @default-pools context)]
        (if (and p (not (.isShutdown ^Pool p)))
          p
          (let [made (binding [*out* (lasting *out* #'*out*) *err* (lasting *err* #'*err*)]
                       (pool {:name "default-pool"} (.availableProcessors (Runtime/getRuntime))))]
            (swap! default-pools #(assoc (into {} (remove (fn [[_ p]] (.isShutdown ^Pool p))) %) context made))
            made))))))

;; ---- futures

(defn- task ^ClojureTask [ns-sym ^Pool pool f args]
  (try
    (let [destination           (.destination pool)
          {:keys [shared text]} (function/shared-and-text destination ns-sym 'parallel.impl.pool-worker/function [f])
          payload               (function/written-for destination (vec args))]
      (ClojureTask. pool (TaskContent. shared text payload 1) (Thread/currentThread)))
    (catch UnserializableException e
      (errors/surfacing (throw (Errors/notTransferable e))))
    (catch ParallelException e
      (errors/surfacing (throw e)))))

(defn ^:no-doc submit-in
  "submit, called in the namespace named ns-sym."
  [ns-sym pool f & args]
  (let [task (task ns-sym (one-pool "submit" pool) f args)]
    (errors/surfacing (.add ^Pool pool task))
    task))

(defcall submit
  "Gives (f args...) to a pool as a task. Returns a future: deref, timed deref, realized? and future-cancel. Cancelling
  takes a waiting task out of the queue. A running task is interrupted, and its worker replaced if the task has not
  ended :grace-ms later. Blocks while the queue is full.

  Throws :bad-argument for what is not a function of a pool, :not-transferable for args that cannot be sent, and
  :closed on a closed pool.

  Deref throws :remote-exception for what f threw; :worker-died when its worker died and retries failed or were not
  allowed (:poison true when the task has killed two); :closed when the pool was closed; :start-failed when no worker
  could be started; CancellationException.

    @(pool/submit p 'clojure.core/+ 1 2)              ; => 3
    @(pool/submit p '(fn [n] (reduce + (range n))) 10) ; => 45"
  {:arglists '([pool f & args])
   :inline (fn [& args] `(submit-in '~(ns-name *ns*) ~@args))
   :inline-arities #(>= % 2)}
  [pool f & args]
  (apply submit-in (ns-name *ns*) pool f args))

(defn ^:no-doc try-submit-in
  "try-submit, called in the namespace named ns-sym."
  [ns-sym pool f & args]
  (let [task (task ns-sym (one-pool "try-submit" pool) f args)]
    (when (errors/surfacing (.tryAdd ^Pool pool task))
      task)))

(defcall try-submit
  "Gives (f args...) to a pool if its queue has room. Returns a future as that of submit, or nil when the queue is
  full. Never blocks. Throws as submit.

    (or (pool/try-submit p 'my.ns/work x) (my.ns/work x))"
  {:arglists '([pool f & args])
   :inline (fn [& args] `(try-submit-in '~(ns-name *ns*) ~@args))
   :inline-arities #(>= % 2)}
  [pool f & args]
  (apply try-submit-in (ns-name *ns*) pool f args))

(defcall on-done
  "Calls f with the future when it is done, with a value, an error or cancelled; at once if it is done. f runs on a
  library thread; what f throws is logged. Returns the future. Never blocks. Throws :bad-argument for a future that
  than that of submit, and for what is not a function.

    (pool/on-done answer (fn [answer] (println \"got\" @answer)))"
  [future f]
  (when-not (instance? PoolTask future)
    (errors/refuse-value "on-done" "a future of submit" future))
  (when-not (ifn? f)
    (errors/refuse-value "on-done" "a function of the future" f))
  (.onDone ^PoolTask future #(f future))
  future)

(def ^:private poll-ms "Between two looks at a future that has no callback." 1)

(defn- called-when-done
  "Has thunk called when the future is done; returns what takes that back. nil for one that calls nobody, or would never
  forget whom."
  [f thunk]
  (when (instance? PoolTask f)
    (.onDoneUnlessTakenBack ^PoolTask f thunk)))

(defn- done? [f]
  (if (instance? Future f) (.isDone ^Future f) (realized? f)))

(defn- race-until [futures deadline-ms timeout-val]
  (let [woken     (CountDownLatch. 1)
        take-back (mapv (fn [f] (called-when-done f #(.countDown woken))) futures)
        silent?   (some nil? take-back)]
    (try
      (loop []
        (let [left (- (long deadline-ms) (quot (System/nanoTime) 1000000))]
          (if-let [winner (first (filter done? futures))]
            winner
            (if (neg? left)
              timeout-val
              (do (.await woken (if silent? (long poll-ms) (inc left)) TimeUnit/MILLISECONDS)
                  (recur))))))
      (finally
        (run! (fn [^Runnable take] (some-> take .run)) take-back)))))

(defcall race
  "Returns the first of the futures that is done, whatever its outcome: deref it. Blocks until then, or at most ms
  milliseconds and returns v. The others continue. Any futures: of submit, replies of exec, workers, promises, those of
  clojure.core. nil when there are none. Throws :bad-argument for what is not a future, InterruptedException when
  interrupted.

    @(pool/race [(pool/submit p 'my.ns/slow) (pool/submit p 'my.ns/quick)])"
  ([futures] (race futures Long/MAX_VALUE nil))
  ([futures ms v]
   (when-not (and (int? ms) (not (neg? (long ms))))
     (errors/refuse-value "race" "a time-out in milliseconds, 0 or more" ms))
   (when-not (and (seqable? futures) (not (instance? Future futures)))
     (errors/refuse-value "race" "a collection of futures" futures))
   (doseq [f futures]
     (when-not (or (instance? Future f) (instance? clojure.lang.IPending f))
       (errors/refuse-value "race" "futures" f)))
   (when (seq futures)
     (race-until (vec futures) (+ (quot (System/nanoTime) 1000000) (min (long ms) (quot Long/MAX_VALUE 2))) v))))

;; ---- maps

(defn- pool-for
  "The pool of a map: nil for one within an element, which is evaluated in its thread."
  [{:keys [pool]}]
  (cond
    pool               pool
    (.serves (parallel/context)) nil
    :else              (default-pool)))

(defn- run-map [call ns-sym opts maker f coll unordered?]
  (let [opts (pool-options/map-options call (into pool-options/map-table pool-options/journal-table) opts)
        _    (pool-options/check-elements call coll)
        call {:ns ns-sym :maker maker :fs [f] :text (function/text f) :unit "element"}]
    (if-let [p (pool-for opts)]
      (pool-map/in-pool p call opts coll unordered?)
      (pool-map/in-place call opts coll))))

(defn ^:no-doc pmap-in
  "pmap, called in the namespace named ns-sym."
  ([ns-sym f coll] (pmap-in ns-sym {} f coll))
  ([ns-sym opts f coll] (run-map "pmap" ns-sym opts 'parallel.impl.pool-worker/map-function f coll false)))

(defcall pmap
  "Returns a lazy seq of (f x) for the elements of coll, in order, evaluated by the workers of a pool. Elements are
  sent in chunks, and only as many as the look-ahead allows: coll may be infinite. Evaluation begins when the first
  result is asked for.

  opts    :pool         the pool whose workers evaluate; default (default-pool). Within an element of another map,
                        without :pool, that element's worker evaluates
          :chunk        number of elements sent together, or :auto (the default): 20 ms of work as measured, growing
                        from 1, and less towards the end of a counted coll
          :in-flight    the look-ahead in elements: given out and not taken yet. Default 3 chunks per worker, and with
                        :auto at most as many as were taken already, and 3 per worker
          :on-error     :throw (the default): the error at its place, and what comes after it is stopped; :value: the
                        error is the value; a function of the error: its value is. Its ex-data has the element's :index
          :retries      number of retries for an element whose worker died, default 1; :retry? a function of the error
                        that says whether. An element that has killed two workers is not tried again: :worker-died with
                        :poison true
          :timeout-ms   for each element: it is interrupted, and its worker replaced if it has not ended :grace-ms
                        later; :timeout
          :seed         of (rng): the same numbers for an element, whatever the workers
          :progress     true: a bar on a terminal, a line now and then elsewhere; or a function of {:done :total :failed
                        :from-journal :rate :elapsed-ms :left-ms :finished?}, of a pool over hosts with :hosts
                        {name {:done :failed :rate}}; mostly called on a library thread; what it throws first is logged
          :journal      a path: each result is in that file before it is returned, and the same call later, also after a
                        crash, evaluates only what is missing. Without :seed it has that of the first call. Elements
                        that failed are kept with :on-error :value only. Another function, captured values included, or
                        another :seed is :bad-argument, unless :journal-key was given and is equal; an element that has
                        changed is evaluated again. One process at a time may have the file; opened again by the same
                        process it ends the earlier map. A full disk is an IOException here

  Throws :bad-argument for an option at once. Taking results blocks, and throws the error of an element:
  :remote-exception, :worker-died, :timeout, :not-transferable, :closed when the pool was closed. An interrupt there
  cancels what is under way.

    (pool/pmap '(fn [x] (* x x)) (range 5))          ; => (0 1 4 9 16)
    (pool/pmap {:chunk 1 :on-error :value} 'my.ns/parse files)"
  {:arglists '([f coll] [opts f coll])
   :inline (fn [& args] `(pmap-in '~(ns-name *ns*) ~@args))
   :inline-arities #{2 3}}
  ([f coll] (pmap-in (ns-name *ns*) f coll))
  ([opts f coll] (pmap-in (ns-name *ns*) opts f coll)))

(defn ^:no-doc pmap-unordered-in
  "pmap-unordered, called in the namespace named ns-sym."
  ([ns-sym f coll] (pmap-unordered-in ns-sym {} f coll))
  ([ns-sym opts f coll] (run-map "pmap-unordered" ns-sym opts 'parallel.impl.pool-worker/map-function f coll true)))

(defcall pmap-unordered
  "Returns a lazy seq as pmap, with the results as they come: a slow element delays no other. Throws as pmap.

    (first (pool/pmap-unordered {:chunk 1} '(fn [ms] (Thread/sleep ms) ms) [500 5])) ; => 5"
  {:arglists '([f coll] [opts f coll])
   :inline (fn [& args] `(pmap-unordered-in '~(ns-name *ns*) ~@args))
   :inline-arities #{2 3}}
  ([f coll] (pmap-unordered-in (ns-name *ns*) f coll))
  ([opts f coll] (pmap-unordered-in (ns-name *ns*) opts f coll)))

(defcall journal
  "Returns what a journal of pmap or pmap-unordered has: [index value] of each element, in the order in which they were
  kept; the value of an element that failed is its error. Reducible, iterable and seqable. A value is read when it is
  its turn, from what the file had at the call; a map may write to it meanwhile.

  path    a string, a File or a Path.

  Throws :bad-argument for a file that is no journal or is not there, and IOException.

    (into (sorted-map) (pool/journal \"sweep.journal\"))"
  [path]
  (when-not (journals/path? path)
    (errors/refuse-value "journal" "a path: a string, a File or a Path" path))
  (journals/entries path))

(defcall journal-info
  "Returns the state of a journal, a map of
    :elements   how many it has, :failed how many of them failed
    :bytes      of the file
    :complete?  whether the map has come to its end with just these
    :function   its text, for people; nil of an empty file
  Throws as journal.

    (pool/journal-info \"sweep.journal\")
    ; => {:elements 100 :failed 0 :bytes 5391 :complete? true :function \"my.ns/work\"}"
  [path]
  (when-not (journals/path? path)
    (errors/refuse-value "journal-info" "a path: a string, a File or a Path" path))
  (journals/info path))

(defcall print-journal
  "Prints journal-info and a line for each element: for the command line. opts is {:path path}. Returns nil. Throws as
  journal.

    clojure -X parallel.pool/print-journal :path '\"sweep.journal\"'"
  [opts]
  (let [path (:path opts)
        path (if (symbol? path) (str path) path)]
    (prn (journal-info path))
    (run! prn (journal path))))

(def ^:private fold-parts-in-flight
  "Of each worker: what comes of a part is small, and nobody waits for the first."
  4)

(defn- fold-parts [ns-sym opts combinef reducef coll]
  (let [p     (pool-for opts)
        parts (source/parts coll (:chunk opts) (if p (.most ^Pool p) 1))
        seed  (:seed opts)
        parts (if seed (map #(assoc % :seed seed) parts) parts)
        call  {:ns    ns-sym
               :maker 'parallel.impl.pool-worker/fold-function
               :fs    [combinef reducef]
               :text  (function/text reducef)
               :unit  "part"}
        opts  (assoc opts :chunk 1)]
    (if p
      (let [ahead (* (long fold-parts-in-flight) (.most ^Pool p))]
        (pool-map/in-pool p call (update opts :in-flight #(or % ahead)) parts false))
      (pool-map/in-place call opts parts))))

(defn ^:no-doc fold-in
  "fold, called in the namespace named ns-sym."
  ([ns-sym combinef reducef coll] (fold-in ns-sym {} combinef reducef coll))
  ([ns-sym opts combinef reducef coll]
   (let [opts    (pool-options/map-options "fold" pool-options/map-table opts)
         _       (pool-options/check-elements "fold" coll)
         combine (function/local ns-sym combinef)
         reduced (fold-parts ns-sym opts combinef reducef coll)]
     (if-let [[acc & more] (seq reduced)]
       (reduce combine acc more)
       (combine)))))

(defcall fold
  "Reduces parts of coll in the workers of a pool, with reducef from (combinef), and combines their values here, in
  order, with combinef. combinef must be associative, as that of clojure.core.reducers/fold. Blocks until all is done.
  Returns the value, (combinef) where coll is empty.

  A range is sent as three numbers, an array as memory, a vector in slices. Of a map, reducef gets the value so far, a
  key and its value. opts are those of pmap. :chunk is the elements of a part, by default 4 parts per worker and
  smaller ones towards the end; :in-flight is of parts, by default 4 per worker. With :on-error other than :throw, what
  stands in for the value of a part is combined. ex-data of errors has :part instead of :index.

  Throws as pmap, and what combinef throws.

    (pool/fold '+ '(fn [sum x] (+ sum (Math/sqrt x))) (range 1000000))
    (pool/fold {:seed 1} '+ '(fn [n _] (if (< (Math/hypot (.nextDouble (pool/rng)) (.nextDouble (pool/rng))) 1) (inc n)
    n)) (range 1000))"
  {:arglists '([combinef reducef coll] [opts combinef reducef coll])
   :inline (fn [& args] `(fold-in '~(ns-name *ns*) ~@args))
   :inline-arities #{3 4}}
  ([combinef reducef coll] (fold-in (ns-name *ns*) combinef reducef coll))
  ([opts combinef reducef coll] (fold-in (ns-name *ns*) opts combinef reducef coll)))

(defcall rng
  "Returns the random numbers of the element that is evaluated: a java.util.random.RandomGenerator that depends only on
  the :seed of the map and the index of the element. Outside of an element, one of the thread's own. Use it in the
  thread that evaluates the element. Never blocks; throws nothing.

    (pool/pmap {:seed 7} '(fn [_] (.nextDouble (pool/rng))) (range 3)) ; the same three numbers each time"
  ^java.util.random.RandomGenerator []
  (Element/random))

;; ---- how they look

(print/as-text! Pool ClojureTask)
