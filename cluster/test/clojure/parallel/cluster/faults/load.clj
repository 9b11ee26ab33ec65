(ns parallel.cluster.faults.load
  "What goes on in a root and its workers while a fault is made: messages both ways, each noted by both ends, calls that
  wait for a reply, and status all the time. `-main` is the root: it evaluates the forms on its stdin."
  (:require [parallel.api :as parallel]
            [parallel.cluster.faults.history :as history]
            [parallel.hosts :as hosts]
            [parallel.pool :as pool])
  (:import [java.io PushbackReader]
           [java.lang ProcessHandle]
           [java.util Random]
           [java.util.concurrent.atomic AtomicLong]))

;; ---- both ends

(defn- described [e]
  (or (some-> (ex-data e)
              (select-keys [:parallel/error :why :host :silent-ms :sent :confirmed :received :exit :signal]))
      {:class (str (class e)) :message (ex-message e)}))

(defn- pause [ms] (Thread/sleep (long ms)))

(defn- sending
  "Sends messages until stop? is true: their number. A call that throws is noted, tried once more, and is the end."
  [{:keys [file seed large every-ms]} stop? send!]
  (let [note   (history/writer file)
        random (Random. (long seed))
        noise  (history/noise seed)]
    (loop [n 0, failed? false]
      (if (stop?)
        n
        (let [length  (if (and large (= 1 (mod n large))) (history/large-length random) (history/small-length random))
              message (history/message noise n length (.nextInt random 1000))
              _       (note "b" n length (history/crc message))
              error   (try (send! message) nil (catch Throwable e e))]
          (if error
            (note "e" (pr-str (described error)))
            (note "s" n))
          (pause every-ms)
          (if (and error failed?)
            n
            (recur (inc n) (boolean (or error failed?)))))))))

(defn- receiving
  "Receives until another value than bytes comes, which on-value takes: true of it is the end. Errors as in sending."
  [{:keys [file]} receive! on-value]
  (let [note (history/writer file)]
    (loop [failed? false]
      (let [[value error] (try [(receive!) nil] (catch Throwable e [nil e]))]
        (cond
          error          (do (note "e" (pr-str (described error)))
                             (when-not failed? (recur true)))
          (bytes? value) (do (note "r" (history/number value) (count value) (history/crc value))
                             (when-not (history/sound? value)
                               (note "x" (history/number value)))
                             (recur failed?))
          :else          (when-not (on-value value)
                           (recur failed?)))))))

(defmacro ^:private on-thread [name & body]
  `(doto (Thread. ^Runnable (bound-fn [] ~@body) ~name) (.setDaemon true) .start))

;; ---- the worker

(defn work
  "In a worker: sends and receives until its parent says :stop; returns the number of messages sent."
  [{:keys [file] :as options}]
  (let [parent  (parallel/parent)
        stop    (atom false)
        sender  (future (sending (assoc options :file (str file "-worker.out")) #(deref stop)
                                 #(parallel/send parent %)))]
    (receiving {:file (str file "-worker.in")} #(parallel/receive parent)
               (fn [value]
                 (cond (= :stop value)     (reset! stop true)
                       (number? value)     (do (pause value) false))))
    (reset! stop true)
    (let [n @sender]
      (parallel/send parent :stopped)
      n)))

;; ---- the root: hosts

(def ^:private events (atom []))

(defn add!
  "Brings a host in, or an allocation of one node: what there is to say of it."
  [spec]
  ((if (:nodes spec) hosts/slurm hosts/add)
   (assoc spec :on-event #(swap! events conj (assoc (select-keys % [:event :host :host/id]) :at (System/nanoTime)))))
  (last (hosts/hosts)))

(defn hosts-now [] (mapv #(select-keys % [:name :host/id :state :pid :error :workers]) (hosts/hosts)))

(defn events-of [host] (filterv #(= host (:host %)) @events))

(defn link-pid
  "Of the process that holds the connections: the only JVM that a root has started whose workers are all elsewhere."
  []
  (some (fn [^ProcessHandle child]
          (when (.endsWith ^String (.orElse (.command (.info child)) "") "/java")
            (.pid child)))
        (iterator-seq (.iterator (.children (ProcessHandle/current))))))

;; ---- the root: workers and what they do

(def ^:private worker-opts
  {:jvm-opts ["-Xmx320m" "-XX:+UseSerialGC" "-XX:TieredStopAtLevel=1"]})

(def ^:private workers "By name." (atom {}))

(defn fork!
  "Starts a worker of each name there: their ids and pids."
  [host names]
  (let [ws (mapv deref (mapv (fn [_] (future (parallel/fork (assoc worker-opts :in host)))) names))]
    (swap! workers into (zipmap names ws))
    (mapv (fn [w] @(parallel/exec w '(require 'parallel.cluster.faults.load))
            (select-keys (parallel/status w) [:id :pid]))
          ws)))

(def ^:private loads "By name of the worker." (atom {}))

(defn begin!
  "Begins to send and receive: options of each worker by its name, with :file, :seed, :large and :every-ms."
  [options]
  (doseq [[name {:keys [file seed] :as its}] options]
    (let [w       (@workers name)
          stop    (atom false)
          reply   (parallel/exec w (list 'parallel.cluster.faults.load/work its))
          sender  (on-thread (str "send " name)
                    (sending (assoc its :file (str file "-root.out") :seed (- seed)) #(deref stop)
                             #(parallel/send w %)))
          paused  (atom 0)
          receiver (on-thread (str "receive " name)
                     (receiving {:file (str file "-root.in")}
                                (fn [] (pause @paused) (parallel/receive w)) #(= :stopped %)))]
      (swap! loads assoc name {:worker w :stop stop :reply reply :sender sender :receiver receiver :paused paused}))))

(defn hold!
  "Nothing that a worker sends is received for so long."
  [name ms]
  (let [paused (:paused (@loads name))]
    (reset! paused ms)
    (on-thread "goes on" (pause ms) (reset! paused 0))
    nil))

(defn slow!
  "Both ends of a worker receive nothing for so long."
  [name ms]
  (parallel/send (:worker (@loads name)) ms)
  (hold! name ms))

(defn- joined? [^Thread thread deadline]
  (.join thread (max 1 (quot (- deadline (System/nanoTime)) 1000000)))
  (not (.isAlive thread)))

(defn- outcome [{:keys [worker sender receiver reply]} deadline]
  (let [ended? (and (joined? sender deadline) (joined? receiver deadline))
        answer (try
                 (let [value (deref reply (max 1 (quot (- deadline (System/nanoTime)) 1000000)) ::none)]
                   (if (= ::none value) {:hangs :reply} {:value value}))
                 (catch Throwable e {:error (described e)}))]
    (cond-> (assoc answer :state (:state (parallel/status worker)))
      (not ended?) (assoc :hangs (cond-> [] (.isAlive ^Thread sender) (conj :send)
                                   (.isAlive ^Thread receiver) (conj :receive))))))

(defn outcomes
  "How each has ended by itself, or after ms: its reply's :value, or its :error; :hangs names calls that still wait."
  [names ms]
  (let [deadline (+ (System/nanoTime) (* ms 1000000))]
    (into {} (for [name names] [name (outcome (@loads name) deadline)]))))

(defn end!
  "Says that it is enough, and waits for the end."
  [names ms]
  (doseq [name names :let [{:keys [stop sender worker]} (@loads name)]]
    (reset! stop true)
    (on-thread "stop" (.join ^Thread sender) (try (parallel/send worker :stop) (catch Throwable _ nil))))
  (outcomes names ms))

(defn joined
  "How join ends for a worker: nil, or its error."
  [name]
  (try (parallel/join (@workers name)) nil (catch Throwable e (described e))))

(defn unread!
  "Starts a worker that sends what nobody receives, until all rings are full: its pid."
  [host]
  (let [w (parallel/fork (assoc worker-opts :in host))]
    (swap! workers assoc :unread w)
    @(parallel/exec w '(do (future (dotimes [_ 100] (parallel/send (parallel/parent) (byte-array 100000)))) nil))
    (loop [sent 0]
      (pause 500)
      (let [now (:messages (:received (parallel/status w)) 0)]
        (when (< sent now)
          (recur now))))
    (:pid (parallel/status w))))

(defn dead?
  "Is the end of that worker known, after ms at the latest?"
  [name ms]
  (let [deadline (+ (System/nanoTime) (* ms 1000000))
        w        (@workers name)]
    (loop []
      (or (= :dead (:state (parallel/status w)))
          (when (< (System/nanoTime) deadline)
            (pause 10)
            (recur))))))

(defn stop! [names]
  (let [ws (keep @workers names)]
    (swap! workers #(apply dissoc % names))
    (swap! loads #(apply dissoc % names))
    (parallel/kill ws)
    (count ws)))

;; ---- the root: other work

(def ^:private kinds-of-work
  "What two new workers of a host do, of a random number: what is wrong, or nil."
  [(fn [ws n]
     (let [message (byte-array (+ 1000000 (* 1000 n)))
           got     (parallel/exec ws '(alength (parallel/receive (parallel/parent))))]
       (parallel/send ws message)
       (when (not= [(alength message) (alength message)] (mapv #(deref % 60000 :late) got))
         "a message to both has not arrived")))
   (fn [ws n]
     (when (not= [n n] (mapv #(deref % 60000 :late) (parallel/exec ws 'identity-of-n)))
       "a definition is not there"))
   (fn [ws n]
     (let [size  (* 100 n)
           reply (parallel/exec ws (list 'parallel/send '(parallel/parent) (list 'byte-array size)))
           got   (mapv alength (parallel/receive ws 60000 [(byte-array 0) (byte-array 0)]))]
       (run! #(deref % 60000 :late) reply)
       (when (not= [size size] got)
         (str "messages of " size " bytes had " got))))
   (fn [ws n]
     (pool/with-pool [p {:in (:host (parallel/status (first ws)))} 2]
       (when (not= (range n) (pool/pmap {:pool p} 'identity (range n)))
         "a map has another result")))])

(defn work!
  "Has two new workers of a host do something, and ends them: what is wrong."
  [host seed]
  (let [random (Random. (long seed))
        n      (inc (.nextInt random 3000))
        kind   (.nextInt random (count kinds-of-work))]
    (try
      (parallel/with-workers [ws (parallel/fork (assoc worker-opts :in host) 2)]
        (run! #(deref % 60000 :late) (parallel/exec ws (list 'def 'identity-of-n n)))
        (when-let [wrong ((kinds-of-work kind) ws n)]
          [(str "work of kind " kind ": " wrong)]))
      (catch Throwable e
        [(str "work of kind " kind ": " (described e))]))))

;; ---- the root: status

(def ^:private slowest "Nanoseconds of a call of status." (AtomicLong.))
(def ^:private slow-calls "Over 20 ms." (AtomicLong.))

(defn- watch-status []
  (on-thread "status"
    (while true
      (let [begun (System/nanoTime)]
        (parallel/status)
        (hosts/hosts)
        (let [took (- (System/nanoTime) begun)]
          (.accumulateAndGet slowest took (reify java.util.function.LongBinaryOperator (applyAsLong [_ a b] (max a b))))
          (when (> took 20000000)
            (.incrementAndGet slow-calls))))
      (pause 10))))

(defn slowest-status!
  "[milliseconds of the slowest call, how many took over 20 ms] since the last time."
  []
  [(/ (.getAndSet slowest 0) 1e6) (.getAndSet slow-calls 0)])

(defn figures
  "Of this process: threads, open files and heap after a collection."
  []
  (System/gc)
  {:threads (count (Thread/getAllStackTraces))
   :files   (count (.list (java.io.File. "/proc/self/fd")))
   :heap-mb (/ (- (.totalMemory (Runtime/getRuntime)) (.freeMemory (Runtime/getRuntime))) 1e6)})

;; ---- the root

(defn -main
  "Answers each form on stdin with a line: => and the value or the error."
  [& _]
  (let [in  (PushbackReader. *in*)
        out *out*]
    (watch-status)
    (binding [*ns* (the-ns 'parallel.cluster.faults.load)]
      (loop []
        (let [form (read {:eof ::end} in)]
          (when-not (= ::end form)
            (let [answer (try {:value (eval form)}
                              (catch Throwable e {:error (described e) :message (str e)}))]
              (locking out
                (.write out (str "=> " (pr-str answer) "\n"))
                (.flush out)))
            (recur)))))
    (System/exit 0)))
