(ns parallel.look
  "Shows what the workers of a session do and did, for people and for programs.

  What is wrong        diagnose print-diagnosis
  Who waits for whom   waits deadlocks watch!
  What each did last   timeline
  Where time goes      profile flame!
  As a file            trace! report!
  As a live page       dashboard

    (require '[parallel.api :as parallel] '[parallel.look :as look])
    (def w (parallel/fork))
    @(parallel/exec w '(+ 1 2))
    (map :kind (look/timeline w)) ; => (:reply)
    (look/report! \"report.html\")

  All of it but profile is read from memory that processes write anyway: also of those that hang, are stopped or are
  dead. Only profile asks a worker, or waits for one. Safe from any thread. Every function throws :bad-argument for
  arguments of another number or kind."
  (:require [clojure.string :as str]
            [parallel.impl.errors :as errors :refer [defcall refuse]]
            [parallel.impl.options :refer [path?]])
  (:import [java.nio.file InvalidPathException Path]
           [java.time Duration]
           [parallel Look Look$OnDeadlock Profile TimelineEntry Worker]
           [parallel.clojure ClojureErrors]))

(set! *warn-on-reflection* true)

;; ---- who waits for whom

(defcall waits
  "Returns which thread waits for whom, now: a vector of one map per waiting thread of any process of the session,
  the root's too. Of those on other hosts it has the workers of this process and those below them, as their host told
  last, a fraction of a second ago. An idle worker waits for nobody. Never blocks; throws nothing.

    :id        of the worker, 0 for the root     :thread  its name
    :for       :receive :select :room :join :reply :step :yield :lock :barrier :latch or :task
    :on        ids of those who can end the wait; [] where that is not known
    :since-ms  for how long it has waited

    (look/waits) ; => [{:id 1, :thread \"parallel-eval-1\", :for :receive, :on [0], :since-ms 5012}]"
  []
  (mapv #(ClojureErrors/wait %) (Look/waits)))

(defcall deadlocks
  "Returns the calls that wait for each other, so that nothing can end them from inside: a vector of cycles, each a
  vector of maps as waits has them, with :trace, that thread's frames as [class method file line], innermost first. []
  when there are none.

  A call with a time-out is part of none, nor is one of a process that has another thread which may act, such as one
  that sleeps. The asking thread does not count as one, nor do threads that wait at a prompt, for a task of their
  executor, or for another thread, as a deref of a future does. A cycle is there once each of its calls has looked
  again after the last of them began: about a second after that.

  Blocks until then where there may be one, 1.2 s at most; else not at all. Throws InterruptedException when
  interrupted meanwhile.

    (look/deadlocks)
    ; => [[{:id 0, :thread \"main\", :for :receive, :on [1], :since-ms 1204, :trace [...]}
    ;      {:id 1, :thread \"parallel-eval-1\", :for :receive, :on [0], :since-ms 1190, :trace [...]}]]"
  []
  (mapv (fn [cycle] (mapv #(ClojureErrors/wait %) cycle)) (Look/deadlocks)))

(def ^:private on-deadlock
  {:report Look$OnDeadlock/REPORT, :throw Look$OnDeadlock/THROW, :off Look$OnDeadlock/OFF})

(defcall watch!
  "Sets what happens on a deadlock, in the whole session, workers and calls that exist already included. For the root.
  A call that has waited for half a second looks for itself. Returns nil; never blocks.

    :on-deadlock  :report  one of the calls says so, once: a line on its *err*, within 2 s (the default)
                  :throw   each call of the cycle ends with the error :deadlock, whose :cycle is as deadlocks has it
                  :off     nothing

  Throws :bad-argument in a worker, and for another option.

    (look/watch! {:on-deadlock :throw})"
  [options]
  (when-not (and (map? options) (= [:on-deadlock] (keys options)) (on-deadlock (:on-deadlock options)))
    (errors/refuse-value "watch!" "{:on-deadlock k}, where k is :report, :throw or :off" options))
  (errors/surfacing (Look/watch (on-deadlock (:on-deadlock options)))))

;; ---- what each did last

(defn- workers ^"[Lparallel.Worker;" [call ws]
  (let [group (if (sequential? ws) ws [ws])]
    (when-not (every? #(instance? Worker %) group)
      (refuse call "a worker or a sequential collection of workers" ws))
    (into-array Worker group)))

(defn- keyword-of [enum]
  (keyword (str/lower-case (str enum))))

(defn- entry [^TimelineEntry e]
  {:id      (.id e)
   :kind    (keyword-of (.kind e))
   :name    (.name e)
   :index   (when (.isPresent (.index e)) (.getAsLong (.index e)))
   :from-ns (.fromNs e)
   :to-ns   (when (.isPresent (.toNs e)) (.getAsLong (.toNs e)))
   :outcome (some-> (.orElse (.outcome e) nil) keyword-of)})

(defcall timeline
  "Returns what workers did last, a vector of maps in the order of :from-ns. Without argument: of all live descendants,
  workers of workers included, and of the last 64 workers of this process that have ended. Does not block, unless a
  worker is on another host: then for that host's answer, a quarter of a second at most. Throws :bad-argument for what
  is not a worker.

  ws   a worker or a sequential collection of workers, ended ones, too.

  Each map has all of these keys:

  :id               of the worker
  :kind             :form, of run; :reply, of exec and everywhere; :task of a pool; :element of a map; :part, elements
                    of a map that take less than 20 us each, or a part of a fold; :wait of 1 ms or more; :gc, a
                    collection of the heap of 1 ms or more
  :name             the beginning of the form's text or of the function's name, 32 bytes at most
  :index            of an element in its map, of the first element of a part; else nil
  :from-ns :to-ns   of System/nanoTime, one clock for all JVMs of a machine; :to-ns is nil while under way. Those of
                    another host are moved to this clock, and wrong by half of its round trip at most
  :outcome          :ok, :error or :cancelled; nil while it is under way, and where the worker died of it

  A worker keeps the last 768 records of its evaluations, and 256 of other threads; what is under way is always among
  them. Its collections are known from the second on that is noticed.

    (look/timeline)
    (filter #(nil? (:outcome %)) (look/timeline w)) ; what it is at, or died of"
  ([] (mapv entry (errors/surfacing (Look/timeline))))
  ([ws] (mapv entry (errors/surfacing (Look/timeline (workers "timeline" ws))))))

(defn- checked-path ^Path [call what x]
  (when-not (path? x)
    (refuse call (str "the path of the file for the " what ", a string, File or Path") x))
  (try
    (if (instance? Path x) x (Path/of (str x) (make-array String 0)))
    (catch InvalidPathException e
      (throw (errors/bad-argument (str "(" call " ...) cannot write a file of that name: " (ex-message e) "."))))))

(defcall trace!
  "Writes (timeline) to a file in Chrome's trace event format, which Perfetto opens: a process for each worker. Returns
  path. Blocks while the file is written; asks no worker.

  path   a string, File or Path in a directory that is there; the file is overwritten.

  Throws :bad-argument where it cannot be written.

    (look/trace! \"trace.json\")"
  [path]
  (errors/surfacing (Look/trace (checked-path "trace!" "trace" path)))
  path)

(defcall report!
  "Writes one file of HTML that needs no network: the tree of workers with their states, the timeline, rates, errors and
  last words, and the flame graph of the last profile, if there was one. Live workers and the last 64 of this process
  that have ended are in it. Returns path. Blocks while the file is written; asks no worker.

  path   a string, File or Path in a directory that is there; the file is overwritten.

  Throws :bad-argument where it cannot be written.

    (look/report! \"report.html\")"
  [path]
  (errors/surfacing (Look/report (checked-path "report!" "report" path)))
  path)

;; ---- where time goes

(defn- profile-map [^Profile p]
  {:merged  (into {} (.merged p))
   :workers (into {} (map (fn [[id stacks]] [id (into {} stacks)])) (.workers p))})

(defcall profile
  "Samples all threads of workers, waits included, and returns where their time goes:

    {:merged {\"user/work;user/hot\" 812, ...} :workers {1 {...}, 2 {...}}}

  A key is a stack, its frames from the outermost one on with a semicolon between them; names of Clojure are as they
  are in the source. The number says how often it was seen. A sample is 10 ms of a thread that ran, or waited: then the
  last frame says for what, such as [waits: receive]. Stacks begin where the code of users does. Threads of the library
  and of executors that wait for work are left out.

  ws   a worker or a sequential collection of workers, processes of this machine. One that has ended must have been
       started with :flight true.
  ms   for how long, a number of milliseconds of 1 or more, once all of them record. Of one that has ended: so much of
       its last recorded time; the last second before a kill may be missing.

  Workers continue meanwhile. Blocks for ms, for the start of the recorder before, which takes a second when it is the
  first time in a worker, and for a JVM of its own that reads the recordings after; two minutes more at most. A worker
  that ends meanwhile is there with what is known of it, or not at all; one that does not begin within 30 s, such as
  one that a signal has stopped, is not there. Interrupted, it ends at once.

  Throws :bad-argument for a worker that is a thread, lives on a host or has ended without :flight, and where a Java
  has no module jdk.jfr; :timeout or :start-failed where the recordings cannot be read.

    (def p (look/profile w 2000))
    (take 3 (sort-by (comp - val) (:merged p)))"
  [ws ms]
  (let [group (workers "profile" ws)]
    (when-not (and (integer? ms) (<= 1 ms Integer/MAX_VALUE))
      (errors/refuse-value "profile" "a number of milliseconds of 1 or more" ms))
    (profile-map (errors/surfacing (Look/profile (Duration/ofMillis ms) group)))))

(defn- folded? [x]
  (and (map? x) (every? (fn [[stack n]] (and (string? stack) (integer? n) (<= 0 n Long/MAX_VALUE))) x)))

(defcall flame!
  "Writes a profile as a flame graph: one file of SVG of less than 500 kB that needs no network. The width of a frame is
  its part of the samples, and waits are blue. In a browser a click shows a frame at the whole width, \"/\" searches,
  and Escape shows all again. Frames of less than 0.1 % are left out, and more where there are too many. Returns path.
  Blocks while the file is written.

  path      a string, File or Path in a directory that is there; the file is overwritten.
  profile   as profile returns it: its :merged is drawn; or a map of stacks to numbers, as that of one worker.

  Throws :bad-argument for another value, and where the file cannot be written.

    (look/flame! \"flame.svg\" p)
    (look/flame! \"worker-3.svg\" (get-in p [:workers 3]))"
  [path profile]
  (let [stacks (if (and (map? profile) (contains? profile :merged)) (:merged profile) profile)]
    (when-not (folded? stacks)
      (errors/refuse-value "flame!" "what profile returns, or a map of stacks, which are strings, to numbers" profile))
    (errors/surfacing (Look/flame (checked-path "flame!" "flame graph" path) (update-vals stacks long)))
    path))

;; ---- what is wrong

(def ^:private found (delay (requiring-resolve 'parallel.impl.diagnosis/diagnose)))

(defcall diagnose
  "Returns what is wrong in this session, worst first: a vector of maps, [] when all is well.

    :finding  :deadlock :process-stopped :ring-full :parent-waits :inbox-grows :heap-full :gc-thrash :shm-low
              :poison-element :stale-code :spare-orphan or :host-silent
    :text     a sentence that says it
    :ids      of those that are meant, 0 for the root
    :do       a form with full names that mends it or, where nothing does, shows more

  Asks no worker, and changes nothing. Blocks, and throws, as deadlocks does.

    (look/diagnose)
    ; => [{:finding :process-stopped, :text \"Worker 3 (pid 4242) is stopped by a signal.\", :ids [3],
    ;      :do (.waitFor (.start (java.lang.ProcessBuilder. [\"kill\" \"-CONT\" \"4242\"])))}]
    (eval (:do (first (look/diagnose))))"
  []
  (@found {:waits (waits) :deadlocks (deadlocks) :timeline (timeline)}))

(defcall print-diagnosis
  "Prints (diagnose): a line for each finding, and below it the form to evaluate. Returns nil. Blocks, and throws, as
  deadlocks does.

    (look/print-diagnosis)"
  []
  (let [findings (diagnose)]
    (when (empty? findings)
      (println "All is well."))
    (doseq [{:keys [finding text do]} findings]
      (println (str (name finding) ": " text))
      (println (str "  " (pr-str do))))))

;; ---- live

(def ^:private open-dashboard (delay (requiring-resolve 'parallel.impl.dashboard/open)))

(defcall dashboard
  "Serves a live page on 127.0.0.1. It shows what is wrong, the tree of workers, who waits for whom, what each worker
  does, pools, errors, hosts, what is shared, and what was printed last. Returns the dashboard. Blocks for some
  milliseconds, the first time for some tenths of a second.

  (:url d) is the address of the page. It has a token that lets one browser in, once, within ten minutes; each reading
  makes a fresh one. The last 64 unused tokens are valid. The prompt prints one, too. (:port d) is its port, (:open d)
  whether it serves. It ends by (.close d), at (parallel/close), and with this JVM. Nothing listens before this call.
  One thread reads the state four times a second, and only while a page is open.

  opts   a map; unknown keys are refused:
    :port     of 127.0.0.1; default 0, one that is free
    :open     opens a browser, where there is one; default false
    :actions  the page can interrupt, stop, kill and profile workers; default false, it changes nothing

  Throws :bad-argument where the port is taken, and in a JVM without the module jdk.httpserver. Safe from any thread.

    (def d (look/dashboard))
    (:url d) ; => \"http://127.0.0.1:41234/?token=...\"
    (.close d)"
  ([] (dashboard {}))
  ([opts] (@open-dashboard opts diagnose)))
