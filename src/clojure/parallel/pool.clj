(ns parallel.pool
  "Maps, futures and folds over a pool of worker processes.

  Pools     pool with-pool default-pool close workers
  Futures   submit try-submit on-done race
  Maps      pmap pmap-unordered fold
  Within    rng

  A function for a pool is a var, a symbol, a quoted form, '(fn [x] ...), or a pfn; the function of a var, inc or str, is taken for
  its var. It is resolved where the call stands, as parallel.api/run does it: aliases and what was defined at the prompt go along.
  Arguments, elements and values travel by copy. All functions are safe from any thread. Errors are ExceptionInfos whose ex-data has
  :parallel/error, as those of parallel.api.

    (require '[parallel.pool :as pool])
    (pool/pmap '(fn [x] (* x x)) (range 10))          ; => (0 1 4 9 16 25 36 49 64 81)
    (pool/with-pool [p 4]
      (let [answer (pool/submit p '+ 40 2)]
        @answer))                                      ; => 42"
  (:refer-clojure :exclude [pmap])
  (:require [parallel.api :as parallel]
            [parallel.impl.errors :as errors]
            [parallel.impl.form :as form]
            [parallel.impl.pool-function :as function]
            [parallel.impl.pool-map :as pool-map]
            [parallel.impl.pool-options :as pool-options]
            [parallel.impl.print :as print]
            [parallel.impl.source :as source])
  (:import [java.util.concurrent CompletableFuture CountDownLatch Future TimeUnit]
           [java.util.function Function Supplier]
           [parallel ParallelException Worker]
           [parallel.clojure ClojureTask ClojureWorker]
           [parallel.codec Codec NotTransferableException]
           [parallel.pool Content Element Pool PoolTask Pools]
           [parallel.runtime Context Errors Workers]))

(set! *warn-on-reflection* true)

;; ---- pools

(defn- context ^Context []
  (or parallel/*context* (Context/current)))

(def ^:private serve '(parallel.impl.pool-worker/serve))

(defn- maker ^Supplier [^Context context options]
  (let [job    (form/job 'user serve [])
        handle (reify Function (apply [_ birth] (ClojureWorker. birth)))]
    (reify Supplier
      (get [_] (Workers/start context options job handle)))))

(defn- one-pool ^Pool [call x]
  (if (instance? Pool x)
    x
    (throw (errors/bad-argument (str "(" call " ...) takes a pool, not " (if (nil? x) "nil" (str (pr-str x) ", a " (.getName (class x)))) ".")))))

(defn pool
  "Starts n workers behind one queue; returns the pool at once. A worker that dies is replaced. The pool is Closeable, a
  java.util.concurrent.ExecutorService and a parallel.WorkerPool.

  n       how many workers, 1 to 1024; at most :max-workers, 256 by default.
  opts    those of fork, for its workers, and
          :min :max            keeps at least :min workers, grows up to :max while tasks wait; both default to n
          :idle-timeout-ms     after which an idle worker above :min ends, default 60000
          :max-tasks           after so many tasks a worker is renewed, default never; elements of a map count each
          :queue-length        of tasks that wait, default 1000000; :queue-bytes of them, default the larger of 128 MiB and a
                               quarter of the heap
          :retries             how often a task is tried again whose worker died, default 1; never when it has killed two
          :cores-per-worker    the size that a worker's JVM takes for its inner thread pools, default its share
          Without :max-heap the workers share three quarters of the memory of the machine or container.

  Throws :bad-argument for an option that is not allowed, and with the arithmetic when the heaps do not fit into the memory.

    (def p (pool/pool {:max-heap \"512m\"} 4))
    (.close p)"
  (^java.io.Closeable [n] (pool {} n))
  (^java.io.Closeable [opts n]
   (let [[limits options] (pool-options/pool-options opts n)
         context          (context)]
     (Pools/of context limits (maker context options)))))

(defn close
  "Ends a pool now: what waits or runs fails with :closed, the workers are stopped. Blocks until they have ended. Idempotent.
  Returns nil."
  [pool]
  (.close (one-pool "close" pool)))

(defn workers
  "The workers of a pool, those that are starting included: a vector. Never blocks."
  [pool]
  (vec (.workers (one-pool "workers" pool))))

(defmacro with-pool
  "Scope of a pool: evaluates body with name bound to a new pool of n workers, and closes it at the end, whatever happens. What is
  lazy must be realised within.

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

(defn default-pool
  "The pool that maps use when they are given none: one worker for each core that this JVM may use, made at first use, again if it
  was closed; stopped with the JVM. Never blocks."
  ^java.io.Closeable []
  (let [context (context)]
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
    (let [{:keys [shared text]} (function/shared-and-text ns-sym 'parallel.impl.pool-worker/function [f])]
      (ClojureTask. pool (Content. shared text (Codec/toBytes (vec args)) 1) (Thread/currentThread)))
    (catch NotTransferableException e
      (errors/surfacing (throw (Errors/notTransferable e))))
    (catch ParallelException e
      (errors/surfacing (throw e)))))

(defn ^:no-doc submit-in
  "submit, called in the namespace named ns-sym."
  [ns-sym pool f & args]
  (let [task (task ns-sym (one-pool "submit" pool) f args)]
    (errors/surfacing (.add ^Pool pool task))
    task))

(defn submit
  "Gives (f args...) to a pool; returns a future: deref, timed deref, realized?, and future-cancel, which takes it out of the queue,
  or interrupts it if it runs, and replaces its worker if it has not ended :grace-ms later. Blocks while the queue is full.

  Deref throws what f threw as :remote-exception, :worker-died when its worker died and it was not, or in vain, tried again
  (:poison true when it has killed two), :closed when the pool was closed, :start-failed when no worker could be started, and a
  CancellationException. Throws :not-transferable for args that cannot travel, :closed on a closed pool.

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

(defn try-submit
  "As submit, but never blocks: nil when the queue is full."
  {:arglists '([pool f & args])
   :inline (fn [& args] `(try-submit-in '~(ns-name *ns*) ~@args))
   :inline-arities #(>= % 2)}
  [pool f & args]
  (apply try-submit-in (ns-name *ns*) pool f args))

(defn on-done
  "Calls f with the future when it is done, with a value, an error or cancelled; at once if it is. On a library thread; what f throws
  is logged. Returns the future. Never blocks.

    (pool/on-done answer (fn [answer] (println \"got\" @answer)))"
  [future f]
  (when-not (instance? PoolTask future)
    (throw (errors/bad-argument (str "(on-done ...) takes a future of submit, not " (pr-str future) "."))))
  (when-not (ifn? f)
    (throw (errors/bad-argument (str "(on-done ...) takes a function of the future, not " (pr-str f) "."))))
  (.onDone ^PoolTask future #(f future))
  future)

(def ^:private poll-ms "How often a future that calls nobody is looked at." 1)

(defn- calls-when-done
  "Has thunk called when the future is done; false for one that calls nobody."
  [f thunk]
  (cond
    (instance? PoolTask f) (do (.onDone ^PoolTask f thunk) true)
    (instance? Worker f) (do (.thenRun (.onExit ^Worker f) ^Runnable thunk) true)
    (instance? CompletableFuture f) (do (.whenComplete ^CompletableFuture f (reify java.util.function.BiConsumer (accept [_ _ _] (thunk)))) true)
    :else false))

(defn- done? [f]
  (if (instance? Future f) (.isDone ^Future f) (realized? f)))

(defn- race-until [futures deadline-ms timeout-val]
  (let [woken   (CountDownLatch. 1)
        silent? (not-every? true? (mapv (fn [f] (calls-when-done f #(.countDown woken))) futures))]
    (loop []
      (let [left (- (long deadline-ms) (quot (System/nanoTime) 1000000))]
        (if-let [winner (first (filter done? futures))]
          winner
          (if (neg? left)
            timeout-val
            (do (.await woken (if silent? (long poll-ms) (inc left)) TimeUnit/MILLISECONDS)
                (recur))))))))

(defn race
  "The first of the futures that is done, whatever it has come to: deref it. Blocks until then, or at most ms milliseconds and returns
  v. The others go on. Any futures: of submit, replies of exec, workers, promises, those of clojure.core. nil when there are none.

    @(pool/race [(pool/submit p 'my.ns/slow) (pool/submit p 'my.ns/quick)])"
  ([futures] (race futures Long/MAX_VALUE nil))
  ([futures ms v]
   (when-not (and (int? ms) (not (neg? (long ms))))
     (throw (errors/bad-argument (str "(race ...) takes a time-out in milliseconds, 0 or more, not " (pr-str ms) "."))))
   (when-not (and (seqable? futures) (not (instance? Future futures)))
     (throw (errors/bad-argument (str "(race ...) takes a collection of futures, not " (pr-str futures) "."))))
   (doseq [f futures]
     (when-not (or (instance? Future f) (instance? clojure.lang.IPending f))
       (throw (errors/bad-argument (str "(race ...) takes futures, not " (pr-str f) ".")))))
   (when (seq futures)
     (race-until (vec futures) (+ (quot (System/nanoTime) 1000000) (min (long ms) (quot Long/MAX_VALUE 2))) v))))

;; ---- maps

(defn- pool-for
  "The pool of a map: nil for one within an element, which is evaluated in its thread."
  [{:keys [pool]}]
  (cond
    pool               pool
    (.serves (context)) nil
    :else              (default-pool)))

(defn- run-map [call ns-sym opts maker f coll unordered?]
  (let [opts (pool-options/map-options call opts)
        _    (pool-options/check-elements call coll)
        call {:ns ns-sym :maker maker :fs [f] :text (function/text f) :unit "element"}]
    (if-let [p (pool-for opts)]
      (pool-map/in-pool p call opts coll unordered?)
      (pool-map/in-place call opts coll))))

(defn ^:no-doc pmap-in
  "pmap, called in the namespace named ns-sym."
  ([ns-sym f coll] (pmap-in ns-sym {} f coll))
  ([ns-sym opts f coll] (run-map "pmap" ns-sym opts 'parallel.impl.pool-worker/map-function f coll false)))

(defn pmap
  "A lazy seq of (f x) for the elements of coll, in order, evaluated by the workers of a pool. Elements travel in chunks, and only as
  many are given out as the look-ahead allows: coll may be infinite. Evaluation begins when the first result is asked for.

  opts    :pool         whose workers do it; default (default-pool). In an element of another map, without :pool, it is
                        evaluated there, by that worker
          :chunk        elements that travel together: n, or :auto (the default), 20 ms of work as measured, growing from 1, and
                        less towards the end of a counted coll
          :in-flight    the look-ahead in elements: given out and not taken yet. Default 3 chunks per worker, and with :auto at
                        most as many as were taken already, and 3 per worker
          :on-error     :throw (the default): the error at its place, what comes after it is stopped; :value: the error is the
                        value; a function of the error: its value is. Its ex-data has the element's :index
          :retries      how often an element is tried again whose worker died, default 1; :retry? a function of the error that says
                        whether. An element that has killed two workers is not tried again: :worker-died with :poison true
          :timeout-ms   for each element: it is interrupted, and its worker replaced if it has not ended :grace-ms later; :timeout
          :seed         of (rng): the same numbers for an element, whatever the workers
          :progress     true: a bar on a terminal, a line now and then elsewhere; or a function of {:done :total :failed :rate
                        :elapsed-ms :left-ms :finished?}, mostly called on a library thread; what it throws first is logged

  Taking results blocks; an interrupt there cancels what is under way. Throws :bad-argument for an option, at once.

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

(defn pmap-unordered
  "As pmap, with the results as they come: one that takes long holds none up.

    (first (pool/pmap-unordered {:chunk 1} '(fn [ms] (Thread/sleep ms) ms) [500 5])) ; => 5"
  {:arglists '([f coll] [opts f coll])
   :inline (fn [& args] `(pmap-unordered-in '~(ns-name *ns*) ~@args))
   :inline-arities #{2 3}}
  ([f coll] (pmap-unordered-in (ns-name *ns*) f coll))
  ([opts f coll] (pmap-unordered-in (ns-name *ns*) opts f coll)))

(def ^:private fold-parts-in-flight
  "Of each worker: what comes of a part is small, and nobody waits for the first."
  4)

(defn- fold-parts [ns-sym opts combinef reducef coll]
  (let [p     (pool-for opts)
        parts (source/parts coll (:chunk opts) (if p (.most ^Pool p) 1))
        seed  (:seed opts)
        parts (if seed (map #(assoc % :seed seed) parts) parts)
        call  {:ns ns-sym :maker 'parallel.impl.pool-worker/fold-function :fs [combinef reducef] :text (function/text reducef) :unit "part"}
        opts  (assoc opts :chunk 1)]
    (if p
      (pool-map/in-pool p call (update opts :in-flight #(or % (* (long fold-parts-in-flight) (.most ^Pool p)))) parts false)
      (pool-map/in-place call opts parts))))

(defn ^:no-doc fold-in
  "fold, called in the namespace named ns-sym."
  ([ns-sym combinef reducef coll] (fold-in ns-sym {} combinef reducef coll))
  ([ns-sym opts combinef reducef coll]
   (let [opts    (pool-options/map-options "fold" opts)
         _       (pool-options/check-elements "fold" coll)
         combine (function/local ns-sym combinef)
         reduced (fold-parts ns-sym opts combinef reducef coll)]
     (if-let [[acc & more] (seq reduced)]
       (reduce combine acc more)
       (combine)))))

(defn fold
  "Reduces parts of coll in the workers of a pool, with reducef from (combinef), and combines what comes of them here, in order, with
  combinef, which must be associative: as clojure.core.reducers/fold. Blocks until all is done; returns the value, (combinef) where
  coll is empty.

  A range travels as three numbers, an array as memory, a vector in slices. Of a map, reducef gets the value so far, a key and its
  value. opts are those of pmap; :chunk is the elements of a part, by default 4 parts per worker and smaller ones towards the end,
  :in-flight is of parts, by default 4 per worker. With :on-error other than :throw, what stands in for the value of a part is
  combined. ex-data of errors has :part instead of :index.

    (pool/fold '+ '(fn [sum x] (+ sum (Math/sqrt x))) (range 1000000))
    (pool/fold {:seed 1} '+ '(fn [n _] (if (< (Math/hypot (.nextDouble (pool/rng)) (.nextDouble (pool/rng))) 1) (inc n) n)) (range 1000))"
  {:arglists '([combinef reducef coll] [opts combinef reducef coll])
   :inline (fn [& args] `(fold-in '~(ns-name *ns*) ~@args))
   :inline-arities #{3 4}}
  ([combinef reducef coll] (fold-in (ns-name *ns*) combinef reducef coll))
  ([opts combinef reducef coll] (fold-in (ns-name *ns*) opts combinef reducef coll)))

(defn rng
  "The random numbers of the element that is evaluated: a java.util.random.RandomGenerator that depends on the :seed of the map and the
  index of the element only. Outside of an element, one of the thread's own. For the thread that evaluates the element.

    (pool/pmap {:seed 7} '(fn [_] (.nextDouble (pool/rng))) (range 3)) ; the same three numbers each time"
  ^java.util.random.RandomGenerator []
  (Element/random))

;; ---- how they look

(print/as-text! Pool ClojureTask)
