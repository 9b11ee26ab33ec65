(ns parallel.api
  "Worker JVMs from quoted forms, and messages between them at the speed of shared memory.

  Who am I        id parent children
  Start           run fork exec everywhere everywhere-forget spawn spawn-on pfn warm
  Exchange        send try-send send-end receive try-receive receive-into! messages select
  End             join interrupt stop kill close with-workers
  Look            alive? status stale spares print-status top threads print
  A prompt there  repl in out

  A *peer* is a worker's handle (in its parent) or (parent) (in a worker). A *group* is any sequential collection of
  workers. All functions are safe from any thread.

  Errors are ExceptionInfos whose ex-data has :parallel/error, one of :remote-exception :worker-died :start-failed
  :timeout :closed :not-transferable :bad-argument :several :host-lost :deadlock. Every function throws :bad-argument
  for arguments of another number or kind. Every function that blocks throws InterruptedException when it is
  interrupted, unless its text says otherwise.

    (require '[parallel.api :as parallel])
    (def w (parallel/run '(let [xs (parallel/receive (parallel/parent))]
                            (reduce + xs))))
    (parallel/send w (double-array [1 2 3]))
    @w                                          ; => 6.0"
  (:refer-clojure :exclude [send print])
  (:require [clojure.string :as str]
            [parallel.impl.errors :as errors :refer [defcall milliseconds refuse]]
            [parallel.impl.print]
            [parallel.impl.stdin])
  (:import [java.util.concurrent TimeUnit]
           [java.util.function Function Supplier]
           [parallel Look ParallelException ParallelException$Code]
           [parallel.clojure ClojureErrors ClojureReply ClojureWorker LabelledByParent PortableFunction]
           [parallel.codec Destination ReaderCount Extension Extensions]
           [parallel.control Work Text]
           [parallel.place Workers]
           [parallel.runtime ChannelPeer Children Context Group Reply Steps WorkerHandle]))

(set! *warn-on-reflection* true)

(def ^:dynamic ^:no-doc *context*
  "The context of a worker that is a thread; nil: the process's."
  nil)

(def ^:dynamic ^:no-doc *carried*
  "In a worker: dynamic vars to what the thread that gave the evaluation had bound them to."
  nil)

(defn ^:no-doc context
  "The context of this worker, or of the process."
  ^Context []
  (or *context* (Context/current)))

(defn- the-children ^Children []
  (Children/of (context)))

(defn ^:no-doc realized
  "In a worker: the value of an evaluation. A lazy seq is realised where it was made: with its bindings, and its
  exception is the evaluation's."
  [value]
  (if (seq? value) (doall value) value))

;; ---- arguments

(defn- later
  "The function of that name, loaded when it is first called: a worker that starts no workers need not load what starts
  them."
  [sym]
  (let [f (delay (requiring-resolve sym))]
    (fn [& args] (apply @f args))))

(def ^:private worker-options (later 'parallel.impl.worker-options/worker-options))
(def ^:private placed (later 'parallel.impl.worker-options/placed))
(def ^:private several-hosts (later 'parallel.impl.worker-options/several-hosts))
(def ^:private prompt? (later 'parallel.impl.worker-options/prompt?))
(def ^:private check-known (later 'parallel.impl.options/check-known))
(def ^:private check-form (later 'parallel.impl.form/check))
(def ^:private work-of (later 'parallel.impl.form/work))
(def ^:private work-of-run (later 'parallel.impl.form/work-of-run))
(def ^:private note-everywhere! (later 'parallel.impl.form/note-everywhere!))
(def ^:private forget-everywhere! (later 'parallel.impl.form/forget-everywhere!))

(def ^:private make-pfn (later 'parallel.impl.pfn/make))
(def ^:private pfn-written (later 'parallel.impl.pfn/written))
(def ^:private pfn-arrived (later 'parallel.impl.pfn/arrived))

(defn- no-timeout-value [call timeout-ms]
  (throw (errors/bad-argument (str "(" call " ...) with a time-out takes the value to return then, too: (" call " w "
                                   (if (int? timeout-ms) timeout-ms 1000) " nil)."))))

(defn- refuse-peer [call allowed x]
  (refuse call allowed x
          (when (nil? x)
            " In the root (parent) is nil: give it a worker. In a form for a worker, quote the form: (run '(...)).")))

(defn- one-peer ^ChannelPeer [call x]
  (if (instance? ChannelPeer x) x (refuse-peer call "a peer: a worker or (parent)" x)))

(defn- members [call x]
  (when-not (or (nil? x) (coll? x) (instance? java.util.Collection x))
    (refuse call "a collection of peers" x))
  (doseq [member x]
    (when-not (instance? ChannelPeer member)
      (refuse-peer call "a peer or a sequential collection of peers" member)))
  (vec x))

(defn- one-worker ^WorkerHandle [call x]
  (if (instance? WorkerHandle x) x (refuse call "a worker or a sequential collection of workers" x)))

(defn- worker-members [call x]
  (mapv #(one-worker call %) x))

(defmacro ^:private each-worker
  "Evaluates body with w bound to the one worker or each of the group."
  [call [w x] & body]
  `(let [f# (fn [~(with-meta w {:tag `WorkerHandle})] ~@body)]
     (if (sequential? ~x)
       (mapv f# (worker-members ~call ~x))
       (f# (one-worker ~call ~x)))))

;; ---- who am I

(defcall id
  "Returns this process's id: 0 in the root, else a positive int. The id is unique in the session, workers of workers
  included, and never used again. Never blocks; throws nothing.

    (parallel/id) ; => 0"
  []
  (.id (context)))

(defcall parent
  "Returns the peer that stands for the parent; nil in the root. Never blocks; throws nothing.

    (parallel/run '(parallel/send (parallel/parent) :hello))"
  []
  (.parent (context)))

(defcall children
  "Returns this process's live workers, a vector in the order of their ids. Workers that have ended are not in it.
  Never blocks; throws nothing.

    (map deref (parallel/children))"
  []
  (vec (.all (the-children))))

;; ---- start

(defn- written-for
  "What f returns; what it encodes is read by so many, and goes to that destination."
  [n ^Destination destination f]
  (ReaderCount/of n (reify Supplier (get [_] (.of destination (reify Supplier (get [_] (f))))))))

(defn- farthest
  "Where goes what all of these workers are given."
  ^Destination [workers]
  (if (some #(= Destination/ELSEWHERE (.destination ^WorkerHandle %)) workers)
    Destination/ELSEWHERE
    Destination/HERE))

(defn- maker ^Function []
  (reify Function
    (apply [_ birth] (ClojureWorker. birth))))

(defn- start [opts work]
  (let [checked (worker-options opts)]
    (when (and (prompt?) (zero? (.id (context))))
      (.keepOneLike (Workers/spares (context)) checked))
    (errors/surfacing (Workers/start (context) checked work (maker)))))

(defn- options-first [args]
  (if (and (map? (first args)) (next args)) args (cons {} args)))

(defn ^:no-doc run-in
  "run, called in the namespace named ns-sym."
  [ns-sym & args]
  (when (empty? args)
    (throw (errors/bad-argument "(run ...) takes a form: (run '(+ 1 2)), or options and a form.")))
  (let [[opts form & args] (options-first args)]
    (check-form form)
    (let [checked     (worker-options opts)
          destination (errors/surfacing (Workers/destination checked))]
      (start opts (written-for 1 destination #(work-of-run ns-sym opts form args))))))

(defcall run
  "Starts a worker JVM that evaluates a form. Returns the worker's handle at once.

  form    a quoted form, a string of code (any number of forms), a qualified symbol, a var, or a pfn. If its value is a
          function it is called with args. The value is the worker's final value (see join); then the worker ends.
  args    any values that can be sent, as messages are.
  opts    a map, see the guide; unknown keys are refused. Default {}.

  The form is evaluated in a namespace with the name of the caller's. It has the aliases, refers and imports that it
  uses; parallel is always an alias of parallel.api.

  Throws :bad-argument for a form or an option that is not allowed. Every other error is the worker's: join, deref and
  receive throw it.

    @(parallel/run '(fn [a b] (+ a b)) 1 2) ; => 3
    (parallel/run {:max-heap \"256m\"} '(my.ns/work))"
  {:arglists '([form & args] [opts form & args])
   :inline (fn [& args] `(run-in '~(ns-name *ns*) ~@args))
   :inline-arities (constantly true)}
  [& args]
  (apply run-in (ns-name *ns*) args))

(defcall fork
  "Starts one idle worker, or n of them at the same time. Returns the handle, or a vector of handles, at once. exec
  gives them work.

  opts    those of run, default {}.
  n       how many workers, 0 or more.

  Throws :bad-argument for an option that is not allowed, and for more workers than the session may have. Every other
  error is the worker's: join and the replies of exec throw it.

    (def w (parallel/fork))
    @(parallel/exec w '(+ 1 2)) ; => 3
    (def ws (parallel/fork {:max-heap \"256m\"} 4))"
  ([] (fork {}))
  ([x] (if (int? x) (fork {} x) (start x Work/IDLE)))
  ([opts n]
   (when-not (and (int? n) (<= 0 (long n)))
     (refuse "fork" "a number of workers, 0 or more" n))
   (errors/surfacing (Workers/checkRoom (worker-options opts) (long n)))
   (mapv fork (placed opts n))))

(defcall warm
  "Keeps n spare JVMs, booted and idle, for workers that start later. run, fork and spawn take a spare that fits; such
  a worker is ready within milliseconds, not half a second. The next spare is started in its place. Returns nil at
  once; the spares boot in the background, and one that boots is taken, too.

  n       0 or more, for these options; 256 at most (:max-workers). (warm 0) ends all spares, whatever their options.
  opts    those of run, default {}. A spare is kept for the options of its process, :jvm-opts :max-heap :env :dir
          :classpath :java :ring-bytes :inbox-bytes :cpus :nice :reload :flight; the others are the worker's own.
          With :in :thread nothing is kept. With :in a host they are kept there, see :spares of
          (parallel.hosts/hosts); with :in a vector of hosts n on each.

  A worker made of a spare is like a new worker in all respects: its id, its events, what everywhere has evaluated. A
  spare is not taken when its class path, a jar on it, data readers or this library changed after its start. A spare is
  not a worker: (spares) has it, (children) and (status) do not. It takes a little more memory than an idle worker. It
  ends with this process or with (close), which forgets n, too.

  In a program there are no spares without this call. At a prompt (clojure.main or nREPL) there is one, like the last
  worker that was started, until warm sets another number.

  Throws :bad-argument for another number, or an option that is not allowed. Safe from any thread.

    (parallel/warm 2)
    (parallel/warm {:max-heap \"512m\"} 4)"
  ([n]
   (if (= 0 n)
     (.giveBack (Workers/spares (context)))
     (warm {} n)))
  ([opts n]
   (when-not (and (int? n) (<= 0 (long n) Integer/MAX_VALUE))
     (refuse "warm" "a number of spares, 0 or more" n))
   (if-let [hosts (several-hosts (:in opts))]
     (run! #(warm (assoc opts :in %) n) hosts)
     (let [checked (worker-options opts)]
       (errors/surfacing (.keep (Workers/spares (context)) checked (int n)))))))

(defn ^:no-doc exec-in
  "exec, called in the namespace named ns-sym."
  [ns-sym & [w & args]]
  (when (empty? args)
    (throw (errors/bad-argument "(exec ...) takes a worker and a form: (exec w '(+ 1 2)).")))
  (let [[form & args] args
        workers (if (sequential? w) (worker-members "exec" w) [(one-worker "exec" w)])
        work    (written-for (count workers) (farthest workers) #(work-of ns-sym form args))]
    (each-worker "exec" [worker w]
      (errors/surfacing (.exec worker work)))))

(defcall exec
  "Evaluates a form in a forked worker, after what it was given before. Vars that the form defines stay. Returns a
  reply at once: a future with deref, timed deref, realized? and future-cancel. Of a group: a vector of replies. form
  and args are as those of run.

  Throws :bad-argument for a worker that was started by run, and for a form that is not allowed. Every other error
  comes when the reply is dereferenced: :remote-exception when the form threw, :worker-died, :start-failed, :closed
  after the worker was joined or stopped, :not-transferable, and CancellationException.

    (parallel/exec w '(def data (load-it)))
    @(parallel/exec w '(count data))"
  {:arglists '([w form & args])
   :inline (fn [& args] `(exec-in '~(ns-name *ns*) ~@args))
   :inline-arities (constantly true)}
  [& args]
  (apply exec-in (ns-name *ns*) args))

(defn- reply-value [^ClojureReply reply]
  (try
    [(.value reply) nil]
    (catch ParallelException e
      [nil e])))

(defn- dropped-out?
  "Whether a worker that could not evaluate a form of everywhere has ended normally, was joined or stopped: nobody
  misses it. One that was killed because it wrote what is no message is missed."
  [^WorkerHandle w ^ParallelException e]
  (or (= ParallelException$Code/CLOSED (.code e))
      (and (= ParallelException$Code/WORKER_DIED (.code e))
           (true? (get (.data e) "stopped"))
           (not (contains? (.data e) "corrupt")))))

(defn- of-the-form?
  "Whether the form itself failed, and not its worker."
  [[_ ^ParallelException e ^WorkerHandle w]]
  (and (not= ParallelException$Code/WORKER_DIED (.code e))
       (or (.isAlive w) (not= e (.failure w)))
       (nil? (.failure w))))

(defn ^:no-doc everywhere-in
  "everywhere, called in the namespace named ns-sym."
  [ns-sym form]
  (let [^Work work (written-for ReaderCount/UNKNOWN (farthest (.all (the-children))) #(work-of ns-sym form []))
        workers  (.record (the-children) work)
        replies  (mapv (fn [^WorkerHandle w] (.execEverywhere w work)) workers)
        results  (into [] (comp (map (fn [[w reply]] (conj (reply-value reply) w)))
                                (remove (fn [[_ e w]] (and e (dropped-out? w e)))))
                       (map vector workers replies))
        failures (filter second results)]
    (if (some of-the-form? failures)
      (.forget (the-children) work)
      (note-everywhere! form))
    (when (seq failures)
      (throw (ClojureErrors/exInfo (Group/together (map second failures)))))
    (mapv first results)))

(defcall everywhere
  "Evaluates a form in all children now, and in every child that starts later, before anything else. A forked worker
  evaluates it after what it was given before; a worker of run at once, while its own form runs. Blocks until all have
  evaluated it. Returns a vector of the values.

  Workers that end normally, or are joined or stopped meanwhile, are left out. The form is kept for later workers
  unless the form itself failed.

  Throws the error of a worker that failed or died; :several when more than one did; :bad-argument for what is not a
  form.

    (parallel/everywhere '(require '[my.ns :as my]))"
  {:arglists '([form])
   :inline (fn [form] `(everywhere-in '~(ns-name *ns*) ~form))
   :inline-arities #{1}}
  [form]
  (everywhere-in (ns-name *ns*) form))

(defcall everywhere-forget
  "Forgets the forms given to everywhere so far: workers that start from now on do not evaluate them. Returns nil.
  Never blocks; throws nothing.

    (parallel/everywhere-forget)"
  []
  (forget-everywhere!)
  (.forgetAll (the-children)))

(def ^:private locals-used (later 'parallel.impl.analysis/used-locals))
(def ^:private hinted (later 'parallel.impl.analysis/hinted))
(def ^:private function-of-locals (later 'parallel.impl.analysis/function-of-locals))

(defn- used-locals
  "The locals that a form uses, with their hints."
  [env form]
  (mapv #(hinted % (get env %)) (locals-used *ns* (keys env) form)))

(defn- values-of
  "A form: the values of locals, by name."
  [locals]
  (into {} (map (fn [local] [(list 'quote (with-meta local nil)) (with-meta local nil)])) locals))

(def ^{:dynamic true :added "0.2"} *large-locals-bytes*
  "The size in bytes, default 8 MB, above which the locals sent with a pfn are reported: one line on *err*, once for a
  form, with their names and sizes. nil: never."
  8000000)

(Extensions/register
 (reify Extension
   (name [_] "parallel/pfn")
   (type [_] PortableFunction)
   (write [_ f] (pfn-written *large-locals-bytes* f))
   (read [_ parts] (pfn-arrived parts))))

(defn ^:no-doc portable-function
  "What pfn expands to."
  [ns-sym form names values f]
  (make-pfn ns-sym form names values f))

(defmacro ^{:added "0.2"} pfn
  "Returns a function that can be sent, written as fn is. Here it is an ordinary function. It can be sent, put in a
  map, be an argument or a value of a worker, and be given to run, exec and the maps of a pool in place of a form.

  Sent are its form, the values of the locals that it captured, and the definitions of what it uses and that only the
  prompt has. The receiver compiles the form once, when it first calls the function.

  Throws nothing by itself. Sending it throws :not-transferable, with the path, when a captured local cannot be sent.

    (let [factor 3
          f (parallel/pfn [x] (* x factor))]
      [(f 2) @(parallel/run f 2)]) ; => [6 6]"
  [& fn-tail]
  (let [form  (list* `fn fn-tail)
        names (used-locals &env form)]
    `(portable-function '~(ns-name *ns*) '~form '~names [~@(map #(with-meta % nil) names)] ~form)))

(defmacro ^{:added "0.2"} spawn
  "Starts a worker that evaluates body, as run does; the locals that body uses are sent by value. Returns the handle at
  once. Throws as run.

    (let [n 10]
      @(parallel/spawn (reduce + (range n)))) ; => 45"
  [& body]
  (let [locals (used-locals &env (list* 'clojure.core/let [] body))]
    `(run-in '~(ns-name *ns*) '~(function-of-locals locals (list* 'clojure.core/let [] body)) ~(values-of locals))))

(defn ^:no-doc spawn-in
  "spawn-on, called in the namespace named ns-sym."
  [ns-sym target form & args]
  (cond
    (map? target)                                             (apply run-in ns-sym target form args)
    (or (instance? WorkerHandle target) (sequential? target)) (apply exec-in ns-sym target form args)
    :else (refuse "spawn-on" "a forked worker, a sequential collection of workers, or a map of options" target)))

(defmacro ^{:added "0.2"} spawn-on
  "Evaluates body on a target, as spawn does. The target is a forked worker or a group (as exec; returns a reply, or a
  vector of replies), or a map of options for a new worker (as run; returns its handle). Throws as exec and run, and
  :bad-argument for another target.

    (let [x 20] @(parallel/spawn-on w (* 2 x))) ; => 40"
  [target & body]
  (let [locals (used-locals &env (list* 'clojure.core/let [] body))]
    `(spawn-in '~(ns-name *ns*) ~target
               '~(function-of-locals locals (list* 'clojure.core/let [] body))
               ~(values-of locals))))

;; ---- exchange

(defn- timeout-of ^long [opts]
  (when-not (= {} opts)
    (check-known "send" opts [:timeout-ms]))
  (if-some [ms (:timeout-ms opts)] (milliseconds "send" ms) -1))

(defn- send-in-time [^ChannelPeer peer v ^long ms]
  (cond
    (neg? ms) (.send peer v)
    (.send peer v ms TimeUnit/MILLISECONDS) nil
    :else (throw (.timeoutError peer "send to" ms))))

(defcall send
  "Sends v to a peer. v may be any value that can be sent, of any size. Blocks while there is no room (backpressure),
  and takes what arrives meanwhile into the inbox. Returns the peer. To a group: v is encoded once, every live member
  gets it, and one slow member delays no other's copy; then the errors are thrown.

  opts    {:timeout-ms n}: how many milliseconds to wait for room. Default: without limit.

  Throws :timeout when there is no room in time: nothing of v arrives, and for a group :unsent has the ids. Throws
  :not-transferable before anything is sent, :closed after send-end or to a peer that has ended, the error of a worker
  that failed, and :several for a group.

    (parallel/send w {:op :sum :xs (double-array 1000)})"
  {:arglists '([peer v] [peer v opts])}
  ([_]
   (throw (errors/bad-argument
           "(send ...) takes a peer and a value: in a worker (send (parent) v), in its parent (send w v).")))
  ([peer v] (send peer v {}))
  ([peer v opts]
   (let [ms (timeout-of opts)]
     (errors/surfacing
      (if (sequential? peer)
        (Group/send (members "send" peer) v ms)
        (send-in-time (one-peer "send" peer) v ms)))
     peer)))

(defcall try-send
  "Sends v to a peer if that is possible at once. Returns true, or false when there is no room or another thread is
  sending. Of a group: a vector of these. Never blocks.

  Throws as send, and :bad-argument for a message larger than the ring can ever hold: use send.

    (when-not (parallel/try-send w sample) (swap! dropped inc))"
  [peer v]
  (if (sequential? peer)
    (mapv #(try-send % v) (members "try-send" peer))
    (errors/surfacing (.trySend (one-peer "try-send" peer) v))))

(defcall receive
  "Returns the next message of a peer. Blocks until there is one, or at most timeout-ms milliseconds and returns
  timeout-val. Each message goes to exactly one caller; nil and false are ordinary messages. Of a group: a vector of
  one message from each, in group order. Nothing is taken unless every member has a message; with a time-out,
  timeout-val stands where nothing came.

  Throws, after all that the peer sent was received, :closed if it has ended, or its error if it failed. Throws
  :not-transferable for a message that cannot be read here; the next call gets the next message.

    (parallel/receive w)
    (parallel/receive w 1000 ::nothing)"
  {:arglists '([peer] [peer timeout-ms timeout-val])}
  ([]
   (throw (errors/bad-argument
           "(receive ...) takes a peer: in a worker (receive (parent)), in its parent (receive w).")))
  ([_ timeout-ms] (no-timeout-value "receive" timeout-ms))
  ([peer]
   (errors/surfacing
    (if (sequential? peer)
      (vec (Group/receive (members "receive" peer) -1 nil))
      (.receive (one-peer "receive" peer)))))
  ([peer timeout-ms timeout-val]
   (let [ms (milliseconds "receive" timeout-ms)]
     (errors/surfacing
      (if (sequential? peer)
        (vec (Group/receive (members "receive" peer) ms timeout-val))
        (.receive (one-peer "receive" peer) ms ^Object timeout-val))))))

(defcall try-receive
  "Returns the next message of a peer if there is one, else none. Of a group: a vector. Never blocks. Throws as
  receive.

    (parallel/try-receive w ::none)"
  [peer none]
  (if (sequential? peer)
    (mapv #(try-receive % none) (members "try-receive" peer))
    (errors/surfacing (.tryReceive (one-peer "try-receive" peer) none))))

(defcall receive-into!
  "Copies the next message of a peer straight into array. The message must be a primitive array of the same type and of
  at most array's length. Blocks until there is a message. Returns the number of elements.

  Throws :bad-argument for any other message, which stays the next message; else throws as receive.

    (let [xs (double-array 1000)]
      (parallel/receive-into! w xs)) ; => 1000"
  [peer array]
  (errors/surfacing (.receiveInto (one-peer "receive-into!" peer) array)))

(defn- next-or-end [^ChannelPeer peer end]
  (errors/surfacing (.receiveOrEnd peer end)))

(defn- reduce-messages [peer f init]
  (let [end (Object.)]
    (loop [acc init]
      (let [message (next-or-end peer end)]
        (if (identical? message end)
          acc
          (let [acc (f acc message)]
            (if (reduced? acc) @acc (recur acc))))))))

(defn- message-seq [peer]
  (lazy-seq
   (let [end (Object.)
         message (next-or-end peer end)]
     (when-not (identical? message end)
       (cons message (message-seq peer))))))

(defn- message-iterator [peer]
  (let [end (Object.)
        ahead (volatile! nil)
        look (fn [] (or @ahead (vreset! ahead [(next-or-end peer end)])))]
    (reify java.util.Iterator
      (hasNext [_] (not (identical? end (first (look)))))
      (next [_]
        (let [message (first (look))]
          (when (identical? message end)
            (throw (java.util.NoSuchElementException.)))
          (vreset! ahead nil)
          message)))))

(deftype ^:private Messages [peer]
  clojure.lang.IReduceInit
  (reduce [_ f init] (reduce-messages peer f init))
  clojure.lang.IReduce
  (reduce [_ f]
    (let [end (Object.)
          message (next-or-end peer end)]
      (if (identical? message end) (f) (reduce-messages peer f message))))
  Iterable
  (iterator [_] (message-iterator peer))
  clojure.lang.Seqable
  (seq [_] (seq (message-seq peer))))

(defcall messages
  "Returns the messages of a peer until its stream ends: reducible (with and without init), iterable and seqable, one
  element at a time. Taking an element blocks as receive does. Stopping early (reduced, take) leaves the rest to be
  received. Taking an element throws the error of a peer that failed; a normal end is the end of the sequence.

    (reduce + (parallel/messages w))
    (run! println (parallel/messages w))"
  [peer]
  (Messages. (one-peer "messages" peer)))

(defn- selected [result timeout-val]
  (cond
    (nil? result) nil
    (identical? result Group/TIMED_OUT) timeout-val
    :else (vec result)))

(defcall select
  "Returns [peer message] of the first of the peers that has a message. Blocks until then, or at most timeout-ms
  milliseconds and returns timeout-val. The choice is fair: it starts after the peer that was served last. Peers that
  ended normally, or sent their end, are passed over; nil when all have.

  Throws the error of a failed peer, on each call until that peer is left out; messages of all peers come first.

    (let [[w message] (parallel/select ws)] ...)"
  ([peers]
   (errors/surfacing (selected (Group/select (members "select" peers) -1) nil)))
  ([peers timeout-ms timeout-val]
   (let [ms (milliseconds "select" timeout-ms)]
     (errors/surfacing (selected (Group/select (members "select" peers) ms) timeout-val)))))

(defn- root-cannot-yield []
  (throw (errors/bad-argument (str "(yield) is for a worker, which waits for its parent; this is the root, which has "
                                   "none. In a form for a worker, quote the form: (run '(... (parallel/yield))); "
                                   "here, call (step w)."))))

(defcall yield
  "Gives v to the parent, waits until the parent steps, and returns the parent's msg: a rendezvous, separate from the
  messages. For a worker. v is nil when left out. When several threads yield, the parent steps them in the order in
  which they yielded. Meanwhile the worker's state is :receiving, and messages are taken into the inbox.

  Blocks. Throws :bad-argument in the root and in a task of a pool, :not-transferable when v cannot be sent, and
  InterruptedException when interrupted before the parent steps: v is withdrawn. When the parent has stepped already,
  msg is returned, and the thread stays interrupted. Safe from any thread.

    (parallel/run '(loop []
                     (when-not (= :break (parallel/yield (my.ns/loss)))
                       (my.ns/train)
                       (recur))))"
  ([] (yield nil))
  ([v]
   (let [p (.parent (context))]
     (when (nil? p) (root-cannot-yield))
     (errors/surfacing (.yield ^ChannelPeer p v)))))

(defn- step-timeout ^long [opts]
  (when-not (= {} opts)
    (check-known "step" opts [:timeout-ms]))
  (if-some [ms (:timeout-ms opts)] (milliseconds "step" ms) -1))

(defcall step
  "Waits until a worker has yielded, gives it msg, and returns what it has yielded: a rendezvous, separate from the
  messages. The worker then continues. msg is nil when left out; a map as second argument is the msg. What the worker
  sends meanwhile is taken into the inbox. Of a group: a vector. All members have yielded before any is released, so
  that it is a barrier, also across hosts.

  opts    {:timeout-ms n}: how many milliseconds to wait. Default: without limit.

  Blocks. Throws :timeout when a worker has not yielded in time; for a group :late has the ids. Throws :closed when the
  worker has ended normally instead, its error when it has failed, and :not-transferable when msg cannot be sent. None
  of a group is released then, nor by an interrupt. Safe from any thread.

    (dotimes [_ 1000] (parallel/step ws))
    (parallel/step ws :break)"
  {:arglists '([w] [w msg] [w msg opts])}
  ([w] (step w nil))
  ([w msg] (step w msg {}))
  ([w msg opts]
   (let [ms (step-timeout opts)]
     (errors/surfacing
      (if (sequential? w)
        (vec (Steps/step (worker-members "step" w) msg ms))
        (first (Steps/step [(one-worker "step" w)] msg ms)))))))

(defcall send-end
  "Ends the stream to a peer, or to each of a group. After all that was sent is received, the other side's receive
  throws :closed, and its messages end. Idempotent, never blocks. Returns the peer. Throws :bad-argument for what is
  not a peer.

    (parallel/send-end w)"
  [peer]
  (if (sequential? peer)
    (run! send-end (members "send-end" peer))
    (errors/surfacing (.sendEnd (one-peer "send-end" peer))))
  peer)

;; ---- end

(defn- value-of ^Function []
  (reify Function
    (apply [_ w] (.finalValue ^WorkerHandle w))))

(defcall join
  "Waits until a worker has ended, or at most timeout-ms milliseconds and returns timeout-val. Takes what the worker
  sends into the inbox meanwhile. Returns its final value. A forked worker first finishes what it was given; its value
  is nil. Of a group: a vector of values.

  Throws the worker's error: :remote-exception, :worker-died, :start-failed, :host-lost or :not-transferable. For a
  group it throws as soon as one has failed, with every worker that has by then; the others continue.

    (parallel/join (parallel/run '(+ 1 2))) ; => 3"
  {:arglists '([w] [w timeout-ms timeout-val])}
  ([w]
   (errors/surfacing
    (if (sequential? w)
      (vec (Group/join (worker-members "join" w) -1 (value-of)))
      (.join (one-worker "join" w)))))
  ([_ timeout-ms] (no-timeout-value "join" timeout-ms))
  ([w timeout-ms timeout-val]
   (let [ms (milliseconds "join" timeout-ms)]
     (errors/surfacing
      (if (sequential? w)
        (if-some [values (Group/join (worker-members "join" w) ms (value-of))] (vec values) timeout-val)
        (let [worker (one-worker "join" w)]
          (if (.await worker ms TimeUnit/MILLISECONDS) (.finalValue worker) timeout-val)))))))

(defcall interrupt
  "Interrupts what a worker, or each of a group, evaluates now (Thread.interrupt), never its next evaluation. No effect
  on an idle worker; a forked worker lives on. Code that ignores interrupts continues: stop ends it. Never blocks.
  Returns nil. Throws :bad-argument for what is not a worker.

    (parallel/interrupt w)"
  [w]
  (each-worker "interrupt" [worker w] (.interrupt worker))
  nil)

(defcall stop
  "Ends a worker, or a group at the same time: asks, interrupts, SIGTERM, SIGKILL, each after a third of the grace
  (:grace-ms, 2000 ms in all by default). Blocks until it has ended; an interrupt does not shorten that. Idempotent.
  Returns nil. Throws :bad-argument for what is not a worker.

    (parallel/stop w)"
  [w]
  (Group/stop (if (sequential? w) (worker-members "stop" w) [(one-worker "stop" w)]))
  nil)

(defcall kill
  "Kills a worker, or each of a group, with SIGKILL. Does not wait; join does. Returns nil. Throws :bad-argument for
  what is not a worker.

    (parallel/kill w)"
  [w]
  (each-worker "kill" [worker w] (.kill worker))
  nil)

(defcall close
  "Stops every worker of this process at the same time, and ends its spares. The exit of the JVM does the same. Blocks
  until they have ended. Idempotent. Returns nil. Throws nothing.

    (parallel/close)"
  []
  (.close (context) -1))

(defmacro ^{:added "0.2"} with-workers
  "Evaluates body with name bound to a group or one handle, and stops its workers at the end, whatever happens. Returns
  the value of body. Throws what body throws, and :bad-argument when it is expanded without a name and workers.

    (parallel/with-workers [ws (parallel/fork 4)]
      (mapv deref (parallel/exec ws '(parallel/id))))"
  [binding & body]
  (when-not (and (vector? binding) (= 2 (count binding)))
    (refuse "with-workers" "a name and workers in brackets: (with-workers [ws (fork 2)] ...)" binding))
  (let [[name workers] binding]
    `(let [workers# ~workers]
       (try
         (let [~name workers#]
           ~@body)
         (finally
           (stop workers#))))))

;; ---- look

(defcall alive?
  "Returns whether a worker has not ended yet; of a group a vector of these. Never blocks. Throws :bad-argument for
  what is not a worker.

    (parallel/alive? w) ; => true"
  [w]
  (each-worker "alive?" [worker w] (.isAlive worker)))

(defn- waits-by-id []
  (group-by :id (map #(ClojureErrors/wait %) (Look/waits))))

(defn- with-waits [waits {:keys [id] :as status}]
  (if-let [of-it (waits id)]
    (vary-meta status assoc :waits (mapv #(dissoc % :id) of-it))
    status))

(defcall status
  "Returns what a worker does, from shared memory: also of a hung, stopped or dead one. A map with the keys :id :pid
  :parent :name :state :started-at :doing :sent :received :queue :heap-bytes :exit :signal :host :age-ms :cpus :nice,
  all always present, nil where unknown. Of a group: a vector. Without argument: a vector of all live descendants,
  workers of workers included. Never blocks. Throws :bad-argument for what is not a worker.

  :state is one of :starting :idle :running :receiving :sending :ended :failed :dead. :sent and :received are as the
  worker counts, {:messages n :bytes n}. :queue is what waits for it. :cpus is a vector of the processors that it was
  given, if any, and :nice the niceness that was asked for. A worker whose code is older than the disk has :stale, see
  stale. What its threads wait for is in the metadata, as :waits, see parallel.look/waits; print-status shows it.

    (:state (parallel/status w)) ; => :idle"
  ([] (let [waits (waits-by-id)]
        (mapv #(with-waits waits (ClojureErrors/status %)) (.descendants (the-children)))))
  ([w] (let [waits (waits-by-id)]
         (each-worker "status" [worker w] (with-waits waits (ClojureErrors/status (.status worker)))))))

(defcall stale
  "Returns the namespaces that a worker has loaded from source files which have changed on disk since: a vector of
  symbols. Of a group: a vector of these. Never blocks: also of a worker that hangs. Throws :bad-argument for what is
  not a worker.

  It is empty for a worker that is a thread, whose namespaces are this process's, for one on a host, which runs the
  code that was sent there, and for one that has ended. Code in jars, and compiled classes, are not looked at. See the
  option :reload.

    (parallel/stale w) ; => [my.model]"
  [w]
  (each-worker "stale" [worker w] (ClojureErrors/stale (.status worker))))

(defcall spares
  "Returns the JVMs that wait to become workers (see warm): a vector of maps with the keys of status, in the order of
  their start. :id is nil, :state is :starting or, when one has booted, :idle. Never blocks; throws nothing.

    (map :state (parallel/spares)) ; => (:idle :starting)"
  []
  (mapv #(assoc (ClojureErrors/status %) :id nil) (.statuses (Workers/spares (context)))))

(def ^:private print-table (later 'parallel.impl.look/print-table))
(def ^:private print-spares (later 'parallel.impl.look/print-spares))
(def ^:private view (later 'parallel.impl.look/view))
(def ^:private on-terminal? (later 'parallel.impl.terminal/terminal?))

(defcall print-status
  "Prints (status), or (status ws), as a table, a row for each worker: times since its start, messages / bytes. Without
  argument a line on the spares follows, if there are any. Never blocks on a worker. Returns nil. Throws :bad-argument
  for what is not a worker.

    (parallel/print-status)"
  ([]
   (print-table (status))
   (print-spares (spares)))
  ([w] (print-table (if (sequential? w) (status w) [(status w)]))))

(defn- session-var
  "The var that says where the nREPL session of this thread evaluates; nil outside of one with
  parallel.nrepl/middleware."
  ^clojure.lang.Var []
  (when-let [v (some-> (find-ns 'parallel.nrepl) (ns-resolve '*worker*))]
    (when (thread-bound? v)
      v)))

(defcall top
  "Shows all live workers, one line for each, and redraws them. Workers of workers are indented. The columns are id,
  pid, state, time since the start, messages and bytes per second in and out, queue, heap, CPU and the evaluation; name
  where there is one. All is read from shared memory, so that it works while workers hang. On a terminal it fills the
  screen until q, Enter or Ctrl-C is pressed; elsewhere (an editor, a log) it is printed once. Returns nil.

  opts    {:frames n}: so many pictures; {:interval-ms n}: the time between them, default 1000.

  Blocks until it ends. Throws :bad-argument for an unknown option.

    (parallel/top)
    (parallel/top {:frames 3 :interval-ms 500})"
  ([] (top {}))
  ([{:keys [frames interval-ms] :as opts}]
   (check-known "top" opts [:frames :interval-ms])
   (let [terminal? (and (nil? frames) (on-terminal?) (nil? (session-var)))]
     (view status {:frames      (or frames (when-not terminal? 1))
                   :interval-ms (or interval-ms 1000)
                   :terminal?   terminal?
                   :in          (when terminal? *in*)})
     nil)))

(defcall threads
  "Returns the worker's thread dump as text; nil when it does not answer within timeout-ms milliseconds (1000). Blocks
  for that long at most. Throws :bad-argument for what is not a worker.

    (println (parallel/threads w))"
  ([w] (threads w 1000))
  ([w timeout-ms] (errors/surfacing (.threads (one-worker "threads" w) (milliseconds "threads" timeout-ms)))))

;; ---- a prompt in a worker

(def ^:private call-in (later 'parallel.impl.remote/call))
(def ^:private main-repl (later 'parallel.impl.remote/main-repl))
(def ^:private reach (later 'parallel.impl.forward/reach))

(defcall repl
  "Starts an nREPL server inside a worker, for an editor to connect to. Returns where it listens, {:host :port} or
  {:socket path}. A worker has one server: when it is there already, that is returned. It ends with the worker. Its
  evaluations run on threads of their own, while the worker evaluates other work. Blocks until it listens.

  opts    {:port n}: of the loopback interface, default any that is free; {:socket \"path\"}: a Unix-domain socket
          instead, at a path where nothing is yet. Only its owner can connect to a socket, whatever the umask. Every
          user of the machine can connect to a port, and so evaluate as the worker's user: give {:socket path} on a
          machine with others.

  The server of a worker on another host is reached through this process, at an address of this machine: nothing
  listens on a port there. opts are those of the first call then.

  Throws :remote-exception where nREPL is not on the worker's class path, :bad-argument for an unknown option and where
  it cannot listen for a worker on a host.

    (parallel/repl w) ; => {:host \"127.0.0.1\", :port 40123}"
  ([w] (repl w {}))
  ([w opts]
   (check-known "repl" opts [:port :socket])
   (if (= Destination/ELSEWHERE (.destination (one-worker "repl" w)))
     (reach w opts)
     (call-in w (list 'parallel.impl.remote/serve opts)))))

(defcall in
  "Makes this prompt evaluate in the worker, until (out), while the worker does its other work. Under nREPL, with
  parallel.nrepl/middleware, the session moves there; at the prompt of clojure.main a prompt in the worker begins. *1,
  *2, *3, *e and *ns* are the worker's. Forms are read there; what they print and read is printed and read here.
  Interrupting interrupts them there. When the worker ends, the prompt is this process's again, and a sentence says so.

  Throws :bad-argument for what is not a worker, and for a worker that has ended.

    (parallel/in w)
    (def x 42)      ; in the worker
    (parallel/out)"
  [w]
  (let [worker (if (instance? WorkerHandle w) w (refuse "in" "a worker" w))]
    (when (.isDone ^WorkerHandle worker)
      (throw (errors/bad-argument (str "(in ...) takes a worker that lives; " (pr-str worker) " has ended.")
                                  {:worker (.id ^WorkerHandle worker)})))
    (if-let [v (session-var)]
      (do (.set v {:worker worker :ns "user"})
          (println (str "This prompt is in worker " (.id ^WorkerHandle worker) " now; (parallel/out) leaves it."))
          worker)
      (main-repl worker (str (random-uuid))))))

(defcall out
  "Makes the prompt this process's again, after (in w). No effect elsewhere. Returns nil. Never blocks; throws nothing.

    (parallel/out)"
  []
  (when-let [v (session-var)]
    (when (.deref v)
      (.set v nil)
      (println "This prompt is in its own process again."))
    nil))

(defcall print
  "Prints one line, its arguments separated by spaces, labelled with the id of this process, such as <parallel#003>. A
  worker's line appears where its parent's output goes. Returns nil. Throws what printing an argument throws.

    (parallel/print \"accuracy:\" 0.97) ; <parallel#000> accuracy: 0.97"
  [& xs]
  (let [^java.io.Writer out *out*
        text (apply print-str xs)
        label (if (instance? LabelledByParent out) "" (Text/label (id)))]
    (locking out
      (.write out (str/join (map #(str label % "\n") (or (seq (str/split-lines text)) [""]))))
      (.flush out))))
