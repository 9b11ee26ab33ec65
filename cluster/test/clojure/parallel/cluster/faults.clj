(ns parallel.cluster.faults
  "The promise under faults: what is received is a prefix of what was sent, and where it is shorter both ends know in
  time. Each row makes a fault while messages go both ways between a root and the workers of two hosts, in network
  namespaces of their own, and compares what all processes have noted. bin/cluster-test runs it.

    --namespaces A,B,C   of the root and of the hosts; --addresses of B and C
    --directory D        for what the processes note
    --row N              only the rows of that number, e.g. 7 or 7a; random: no row
    --seed S             of messages and schedules
    --schedules N        random schedules: 3; 0 with --row
    --soak MINUTES       no row, but random schedules and other work for so long, in one root: nothing may grow
    --long               the long rows take as long as they should
    --slurm              the hosts are nodes of allocations, named b and c; the rows that have to do with launchers"
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [parallel.cluster.faults.checker :as checker]
            [parallel.cluster.faults.history :as history]
            [parallel.cluster.faults.nemesis :as nemesis]
            [parallel.cluster.faults.rooted :as rooted :refer [*run* begin bring-in end-root file-of left-of processes
                                                               start-root tell]])
  (:import [java.io File]
           [java.util Random]))

(def ^:private slack-ms "What a busy machine may add to a time that is promised." 10000)
(def ^:private long-timeout-ms "Of hosts that are to survive." 12000)
(def ^:private short-timeout-ms "Of hosts that are to be lost." 4000)

(def ^:private state
  "What rows hand on to the next ones: :root, and the hosts :b and :c."
  (atom {}))

(defn- seconds [nanos] (format "%.1f s" (/ nanos 1e9)))
(defn- pause [ms] (Thread/sleep (long ms)))
(defn- namespace-of [host] (get (:namespaces *run*) (:letter host)))

;; ---- what a row checks

(defn- ends-of
  "The entries of a load's four files: {:down [sender receiver] :up [sender receiver]}."
  [row worker]
  (let [of #(history/entries (io/file (str (file-of row worker) %)))]
    {:down [(of "-root.out") (of "-worker.in")] :up [(of "-worker.out") (of "-root.in")]}))

(defn- first-error [entries] (first (filter #(= "e" (:kind %)) entries)))

(defn- figures-of [{:keys [down up]} confirmed]
  (format "down %d/%s/%d up %d/%d" (:sent down) (or confirmed "-") (:received down) (:sent up) (:received up)))

(def ^:private ring-bytes (bit-shift-left 1 20))

(defn- wrong-confirmed
  "A message that is confirmed is in the far ring, so no more of them than that holds have not been received."
  [sender received confirmed]
  (when confirmed
    (concat
      (when (> confirmed (count (filter #(= "b" (:kind %)) sender)))
        [(str confirmed " messages are confirmed, which is more than were sent")])
      (let [bytes (checker/unreceived-bytes sender confirmed received)]
        (when (> bytes (+ ring-bytes history/largest-small))
          [(str bytes " bytes are confirmed that were not received, more than the ring holds")])))))

(defn- wrong-error [expected {:keys [error hangs]}]
  (cond
    hangs          [(str "hangs: " hangs)]
    (nil? error)   ["no error"]
    (not-any? (fn [{:keys [kind host why]}]
                (and (= kind (:parallel/error error))
                     (= host (:host error))
                     (or (nil? why) (why (:why error)))))
              expected)
    [(str "the error is " (pr-str error))]))

(defn- check-worker
  "One worker of a row: {:text :problems :knew-at}. expect is :all, :lost or :either; errors are those that may be."
  [row worker outcome {:keys [expect errors fault-at deadline-ms]}]
  (let [{[out in] :down [wout win] :up} (ends-of row worker)
        lost?     (case expect :all false :lost true :either (boolean (or (:error outcome) (:hangs outcome))))
        down      (checker/direction (not lost?) out in)
        up        (checker/direction (not lost?) wout win)
        error     (:error outcome)
        confirmed (when lost? (:confirmed error))
        knew      (keep :at [(first-error out) (first-error win)])
        about     #(map (partial str worker " " % ": ") %2)]
    {:text     (str worker " " (figures-of {:down down :up up} confirmed))
     :knew-at  (when (seq knew) (reduce max knew))
     :problems (concat
                 (about "down" (:problems down))
                 (about "up" (:problems up))
                 (about "down" (when (= :host-lost (:parallel/error error))
                                 (wrong-confirmed out (:received down) confirmed)))
                 (about "reply" (if lost?
                                  (wrong-error errors outcome)
                                  (when-not (contains? outcome :value) [(pr-str outcome)])))
                 (when lost?
                   (concat
                     (for [[call entries] {"send" out "receive" win}
                           :let [{:keys [error at]} (first-error entries)]
                           problem (cond
                                     (nil? at) [(str "no error of " call)]
                                     (> (- at fault-at) (* (+ deadline-ms slack-ms) 1000000))
                                     [(str "the error of " call " comes after " (seconds (- at fault-at)))]
                                     :else (wrong-error errors {:error error}))]
                       (str worker ": " problem)))))}))

(defn- check-host
  "All workers of a host: {:text :problems}."
  [row host outcomes {:keys [fault-at] :as options}]
  (let [checked (mapv #(check-worker row % (get outcomes %) options) (:workers host))
        knew    (keep :knew-at checked)]
    {:text     (str/join "; " (cond-> (mapv :text checked)
                                (and fault-at (seq knew)) (conj (str "root knew after "
                                                                     (seconds (- (reduce max knew) fault-at))))))
     :problems (mapcat :problems checked)}))

(defn- check-gone
  "Of processes that have to end by themselves: {:text :problems}."
  [ends pids fault-at deadline-ms]
  (let [deadline (+ fault-at (* (+ deadline-ms slack-ms) 1000000))]
    (while (and (not-every? @ends pids) (< (System/nanoTime) deadline))
      (pause 10))
    {:text     (if-let [times (seq (keep @ends pids))]
                 (str "there all gone after " (seconds (- (reduce max times) fault-at)))
                 "")
     :problems (for [pid pids :when (not (@ends pid))]
                 (str "process " pid " is still there: " (nemesis/command-line pid)))}))

(defn- check-other
  "The host that had no fault goes on."
  [host from]
  (let [now  (System/nanoTime)
        gaps (for [worker (:workers host), end ["-root.in" "-worker.in"]]
               (checker/longest-gap-s (history/entries (io/file (str (file-of (:load host) worker) end))) from now))
        gap  (reduce max gaps)]
    {:text     (format "c silent for %.1f s at most" gap)
     :problems (when (> gap (/ slack-ms 1000.0)) [(format "the other host was silent for %.1f s" gap)])}))

(defn- check-status [root]
  (let [[ms slow] (tell root '(slowest-status!))]
    {:text     (format "status %.1f ms at most, %d over 20 ms" ms slow)
     :problems (when (> ms 1000) [(format "a call of status took %.0f ms" ms)])}))

(defn- together [& checks]
  {:text (str/join "; " (remove str/blank? (map :text checks))) :problems (vec (mapcat :problems checks))})

;; ---- what rows begin with

(defn- root! []
  (or (:root @state)
      (:root (swap! state assoc :root (start-root)))))

(defn- other!
  "The host c, whose load goes on from row to row."
  []
  (or (:c @state)
      (let [root (root!)
            c    (assoc (bring-in root :c long-timeout-ms) :load (str "c" (:n root)))]
        (begin root (:load c) c {:large 0 :every-ms 40})
        (:c (swap! state assoc :c c)))))

(defn- fresh-host
  "A host b of that time-out: the one that is there, or another."
  [timeout-ms]
  (let [b (:b @state)]
    (if (= timeout-ms (:timeout-ms b))
      b
      (let [root (root!)]
        (when b
          (tell root (list 'stop! (:workers b)))
          (tell root '(hosts/remove "b")))
        (:b (swap! state assoc :b (bring-in root :b timeout-ms)))))))

(defn- forget-host! [] (swap! state dissoc :b))

(defn- end-all!
  "Ends the root in order: its problems, with those of c, whose load was complete."
  []
  (let [{:keys [root b c]} @state]
    (reset! state {})
    (if root
      (let [checked (when c
                      (check-host (:load c) c (tell root (list 'end! (:workers c) 60000)) {:expect :all}))
            left    (end-root root (keep :agent [b c]))]
        (together checked {:text "" :problems left}))
      {:text "" :problems []})))

;; ---- kinds of rows

(def ^:private load-ms "Before a fault, and after one that heals." 1500)

(defn- survived
  "A fault that loses nothing: fault! makes it and waits for its end."
  [row timeout-ms fault! & [extra]]
  (let [_    (other!)
        b    (fresh-host timeout-ms)
        root (root!)]
    (begin root row b {})
    (pause load-ms)
    (tell root '(slowest-status!))
    (let [from (System/nanoTime)]
      (fault! b)
      (pause load-ms)
      (let [result (together (check-host row b (tell root (list 'end! (:workers b) 100000)) {:expect :all})
                             (if (= :root-stood extra) {} (together (check-other (other!) from) (check-status root)))
                             (if (fn? extra) (extra b from) {}))]
        (when (seq (:problems result))
          (forget-host!)
          (tell root (list 'stop! (:workers b)))
          (try (tell root '(hosts/remove "b")) (catch Exception _ nil)))
        result))))

(defn- lost
  "A fault that loses host b: fault! makes it, heal! ends it once all of the host is gone, or before, where its agent
  stands still. why: those that the error may give."
  [row {:keys [timeout-ms why deadline-ms fault! heal! stands?] :or {heal! (fn [_]) timeout-ms short-timeout-ms}}]
  (let [_    (other!)
        b    (fresh-host timeout-ms)
        root (root!)
        deadline-ms (or deadline-ms (+ timeout-ms 2000))
        [ends stop-watch] (nemesis/watch-ends (processes b))]
    (begin root row b {})
    (pause load-ms)
    (tell root '(slowest-status!))
    (let [fault-at (System/nanoTime)
          _        (fault! b)
          outcomes (tell root (list 'outcomes (:workers b) (+ deadline-ms slack-ms)))
          healed   (when stands? (heal! b) (System/nanoTime))
          checked  (check-host row b outcomes {:expect :lost :fault-at fault-at :deadline-ms deadline-ms
                                               :errors [{:kind :host-lost :host "b" :why why}]})
          gone     (check-gone ends (processes b) (or healed fault-at) deadline-ms)
          _        (when-not stands? (heal! b))
          status   (check-status root)
          hosts    (filter #(= (:host/id b) (:host/id %)) (tell root '(hosts-now)))]
      (stop-watch)
      (tell root (list 'stop! (:workers b)))
      (forget-host!)
      (together checked gone status (check-other (other!) fault-at)
                {:problems (when (not= [:lost] (map :state hosts)) [(str "the host is " (pr-str hosts))])}))))

(defn- survived-or-lost
  "A fault of so many ms that may lose host b: all of it, or nothing. fault! makes it and waits for its end."
  [row timeout-ms fault-ms fault!]
  (let [c    (other!)
        b    (fresh-host timeout-ms)
        root (root!)
        [ends stop-watch] (nemesis/watch-ends (processes b))]
    (begin root row b {})
    (pause load-ms)
    (tell root '(slowest-status!))
    (let [fault-at    (System/nanoTime)
          _           (fault! b)
          outcomes    (tell root (list 'end! (:workers b) 100000))
          lost?       (boolean (some :error (vals outcomes)))
          deadline-ms (+ fault-ms timeout-ms 2000)
          checked     (check-host row b outcomes {:expect      :either
                                                  :fault-at    fault-at
                                                  :deadline-ms deadline-ms
                                                  :errors      [{:kind :host-lost :host "b"
                                                                 :why #{:silent :connection}}]})
          gone        (if lost? (check-gone ends (processes b) fault-at deadline-ms) {})
          state       (some #(when (= (:host/id b) (:host/id %)) (:state %)) (tell root '(hosts-now)))]
      (stop-watch)
      (when lost?
        (tell root (list 'stop! (:workers b)))
        (forget-host!))
      (together {:text (if lost? "lost" "survived")} checked gone (check-status root) (check-other c fault-at)
                {:problems (when-not (contains? (if lost? #{:lost} #{:up :silent}) state)
                             [(str "the host is " state)])}))))

(defn- network [fault] (fn [b] (nemesis/network! (namespace-of b) fault)))
(defn- heal [b] (nemesis/heal! (namespace-of b)))

(defn- network-for [fault ms]
  (fn [b]
    (nemesis/network! (namespace-of b) fault)
    (pause ms)
    (heal b)))

(defn- stopped-for [of ms]
  (fn [b]
    (nemesis/signal! "STOP" (of b))
    (pause ms)
    (nemesis/signal! "CONT" (of b))))

(defn- killed [of] (fn [b] (nemesis/signal! "KILL" (of b))))

(defn- events-within
  "The events of host b after from, once they are all of wanted; what there is after 10 s."
  [b from wanted]
  (let [until (+ (System/nanoTime) 10000000000)]
    (loop []
      (let [events (set (map :event (filter #(< from (:at %)) (tell (root!) (list 'events-of (:name b))))))]
        (if (or (every? events wanted) (< until (System/nanoTime)))
          events
          (do (pause 100) (recur)))))))

(defn- was-silent
  "The messages may be there before the root has heard that the host is back: that has its own thread."
  [b from]
  (let [events (events-within b from [:host-silent :host-back])]
    {:text     (str/join " " (sort (map name events)))
     :problems (when-not (every? events [:host-silent :host-back])
                 [(str "the events are " (pr-str events))])}))

;; ---- rows that are like no other

(defn- slow-receiver [row]
  (let [before (volatile! nil)
        memory (fn [b] (mapv nemesis/resident-mb [(:link b) (:agent b)]))]
    (survived row long-timeout-ms
              (fn [b]
                (vreset! before (memory b))
                (tell (root!) (list 'slow! (first (:workers b)) 2500))
                (pause 3500))
              (fn [b _]
                (let [after (memory b)]
                  {:text     (apply format "link %.0f to %.0f MB, agent %.0f to %.0f MB" (interleave @before after))
                   :problems (when (some #(> % 64) (map - after @before))
                               ["the memory of the link or the agent has grown by more than 64 MB"])})))))

(defn- worker-killed [row]
  (other!)
  (let [b     (fresh-host long-timeout-ms)
        root  (root!)
        [lives dies] (:workers b)
        _     (begin root row b {})
        _     (pause load-ms)
        _     (tell root (list 'hold! dies 1500))     ; so that the rings are full when it dies
        _     (pause load-ms)
        from  (System/nanoTime)
        _     (nemesis/signal! "KILL" (second (:pids b)))
        ended (tell root (list 'outcomes [dies] 20000))
        join  (tell root (list 'joined dies))
        other (tell root (list 'end! [lives] 60000))
        _     (nemesis/signal! "KILL" (tell root '(unread! "b")))
        dead? (tell root (list 'dead? :unread slack-ms))
        [wout win] (:up (ends-of row dies))
        accepted (count (filter #(= "s" (:kind %)) wout))
        received (count (filter #(= "r" (:kind %)) win))]
    (tell root (list 'stop! (conj (:workers b) :unread)))
    (swap! state assoc :b (assoc b :pids (mapv :pid (tell root (list 'fork! "b" (:workers b))))))
    (together
      (check-worker row dies (get ended dies) {:expect :lost :fault-at from :deadline-ms 2500
                                               :errors [{:kind :worker-died :host "b"} {:kind :worker-died}]})
      (check-worker row lives (get other lives) {:expect :all})
      (check-other (other!) from)
      {:text     (format "%d of %d accepted were received" received accepted)
       :problems (concat
                   (when-not dead?
                     ["the end of a worker whose messages nobody receives is not known"])
                   (when (< received accepted)
                     [(str "of " accepted " messages that the worker had sent " received " were received")])
                   (when-not (= [137 :kill] ((juxt :exit :signal) (:error (get ended dies))))
                     [(str "the end is " (pr-str (:error (get ended dies))))])
                   (when-not (= :worker-died (:parallel/error join))
                     [(str "join: " (pr-str join))]))})))

(defn- all-lost
  "What ends the parent's side: fault! of [root b c]. Nothing is left on any host."
  [row timeout-ms deadline-ms fault! heal!]
  (let [c     (other!)
        b     (fresh-host timeout-ms)
        root  (root!)
        pids  (concat [(:link b)] (processes b) (processes c))
        [ends stop-watch] (nemesis/watch-ends pids)]
    (begin root row b {})
    (pause load-ms)
    (let [fault-at (System/nanoTime)
          _        (fault! root b c)
          gone     (check-gone ends pids fault-at deadline-ms)
          _        (heal! b)
          left     (left-of root (list* (:pid root) pids) 10000)]
      (stop-watch)
      (reset! state {})
      (apply together gone {:problems left}
             (for [[load host] [[row b] [(:load c) c]]
                   worker (:workers host)
                   :let [{[out in] :down [wout win] :up} (ends-of load worker)
                         [down up] [(checker/direction false out in) (checker/direction false wout win)]]]
               {:text     (str worker " " (figures-of {:down down :up up} nil))
                :problems (map #(str worker ": " %) (mapcat :problems [down up]))})))))

(defn- link-lost
  "What ends the link process, which loses all hosts and no root."
  [row deadline-ms why fault!]
  (let [c     (other!)
        b     (fresh-host short-timeout-ms)
        root  (root!)
        pids  (concat [(:link b)] (processes b) (processes c))
        [ends stop-watch] (nemesis/watch-ends pids)]
    (begin root row b {})
    (pause load-ms)
    (let [fault-at (System/nanoTime)
          _        (fault! b)
          options  (fn [host] {:expect :lost :fault-at fault-at :deadline-ms deadline-ms
                               :errors [{:kind :host-lost :host (:name host) :why why}]})
          outcomes (tell root (list 'outcomes (vec (mapcat :workers [b c])) (+ deadline-ms slack-ms)))
          gone     (check-gone ends pids fault-at deadline-ms)
          result   (together (check-host row b outcomes (options b)) (check-host (:load c) c outcomes (options c))
                             gone (check-status root))]
      (stop-watch)
      (tell root (list 'stop! (vec (mapcat :workers [b c]))))
      (swap! state select-keys [:root])
      result)))

(defn- added-and-removed [times]
  (let [root   (root!)
        _      (other!)
        cycle! (fn [] (tell root (list 'add! (assoc (rooted/spec :b long-timeout-ms) :name "again")))
                 (tell root '(hosts/remove "again")))
        link   (tell root '(link-pid))
        look   (fn []
                 (assoc (tell root '(figures))
                        :link-threads (count (.list (io/file "/proc" (str link) "task")))
                        :link-files (count (.list (io/file "/proc" (str link) "fd")))
                        :link-mb (nemesis/resident-mb link)))]
    (cycle!)
    (let [before (look)]
      (dotimes [_ times] (cycle!))
      (let [after  (loop [n 50]                 ; what ends a host may take a moment
                     (let [now (look)]
                       (if (or (zero? n) (every? #(<= (% now) (+ 1 (% before))) [:threads :link-threads]))
                         now
                         (do (pause 100) (recur (dec n))))))
            growth (fn [k] (- (k after) (k before)))]
        {:text     (str times " times: "
                        (str/join ", " (for [k (keys before)] (format "%s %.0f to %.0f" (name k) (double (k before))
                                                                      (double (k after))))))
         :problems (for [[k most] {:threads 2 :files 4 :link-threads 2 :link-files 4 :heap-mb 20 :link-mb 40}
                         :when (> (growth k) most)]
                     (format "%s has grown from %.0f to %.0f" (name k) (double (k before)) (double (k after))))}))))

(defn- two-sessions [row]
  (let [second-root (start-root)
        other       (bring-in second-root :b long-timeout-ms)
        pids        (cons (:link other) (processes other))
        [ends stop-watch] (nemesis/watch-ends pids)
        gone        (volatile! nil)]
    (begin second-root (str row "-second") other {})
    (let [result (survived row long-timeout-ms
                           (fn [_]
                             (let [at (System/nanoTime)]
                               (nemesis/signal! "KILL" (:pid second-root))
                               (vreset! gone (check-gone ends pids at 2000)))))]
      (stop-watch)
      (together result @gone {:problems (left-of second-root (cons (:pid second-root) pids) 10000)}))))

;; ---- the rows

(defn- rows [{:keys [long?]}]
  (let [lost-after (fn [row fault] (lost row {:why #{:silent :connection} :fault! (network fault) :heal! heal}))]
    [["1" "no fault, slow receivers" slow-receiver]
     ["2" "kill -9 of a worker" worker-killed]
     ["4" "cut for 4 s" #(survived % long-timeout-ms (network-for :cut 4000) was-silent)]
     ["7a" "3 % loss" #(survived % long-timeout-ms (network-for :loss-3 (if long? 20000 8000)))]
     ["7b" "1 Mbit/s" #(survived % long-timeout-ms (network-for :slow (if long? 30000 14000)))]
     ["7c" "30 % loss" #(let [ms (if long? 20000 4000)]
                          (survived-or-lost % long-timeout-ms ms (network-for :loss-30 ms)))]
     ["11a" "SIGSTOP of the agent for 4 s" #(survived % long-timeout-ms (stopped-for :agent 4000))]
     ["11b" "SIGSTOP of the link JVM for 4 s" #(survived % long-timeout-ms (stopped-for :link 4000))]
     ["15" "two sessions, one killed" two-sessions]
     ["10" "SIGSTOP of the root"
      #(survived % long-timeout-ms (fn [_] ((stopped-for :pid (if long? 60000 20000)) (root!))) :root-stood)]
     ["13" "hosts added and removed" (fn [_] (added-and-removed (if long? 20 3)))]
     ["3" "kill -9 of the agent" #(lost % {:why #{:agent-died} :deadline-ms 2000 :fault! (killed :agent)})]
     ["5" "cut for good" #(lost-after % :cut)]
     ["6a" "the host hears nothing" #(lost-after % :deaf)]
     ["6b" "the host is not heard" #(lost-after % :mute)]
     ["8a" "RST of all connections"
      #(lost % {:why #{:connection :launcher-exit :agent-died} :deadline-ms 3000 :fault! (network :reset)
                :heal! heal})]
     ["8b" "kill -9 of the launcher"
      #(lost % {:why #{:launcher-exit :agent-died :connection} :deadline-ms 3000
                :fault! (fn [b] (run! (partial nemesis/signal! "KILL") (rooted/launcher-processes b)))})]
     ["11c" "SIGSTOP of the agent for good"
      #(lost % {:why #{:silent} :fault! (fn [b] (nemesis/signal! "STOP" (:agent b)))
                :heal! (fn [b] (nemesis/signal! "CONT" (:agent b))) :stands? true})]
     ["9b" "kill -9 of the link JVM" #(link-lost % 2000 #{:link-died} (killed :link))]
     ["11d" "SIGSTOP of the link JVM for good"
      #(link-lost % (+ 2000 long-timeout-ms) #{:link-died :silent} (fn [b] (nemesis/signal! "STOP" (:link b))))]
     ["9a" "kill -9 of the root"
      #(all-lost % long-timeout-ms 2000 (fn [root _ _] (nemesis/signal! "KILL" (:pid root))) identity)]
     ["9c" "cut, and kill -9 of the root and the link JVM"
      #(all-lost % short-timeout-ms (+ 2000 short-timeout-ms)
                 (fn [root b _]
                   ((network :cut) b)
                   (run! (partial nemesis/signal! "KILL") [(:pid root) (:link b)]))
                 heal)]]))

;; ---- random schedules

(def ^:private random-network [:cut :deaf :mute :loss-3 :loss-30 :reset :slow])
(def ^:private random-processes [:agent :link :root :worker])

(defn- random-fault [^Random random]
  (let [pick #(nth % (.nextInt random (count %)))]
    (case (int (.nextInt random 4))
      (0 1) {:network (pick random-network) :ms (+ 200 (.nextInt random 7000))}
      2     {:stop (pick random-processes) :ms (+ 200 (.nextInt random 7000))}
      3     {:kill (pick random-processes)})))

(defn- random-schedule [seed]
  (let [random (Random. (long seed))]
    (vec (sort-by :at-ms (repeatedly (inc (.nextInt random 4))
                                     #(assoc (random-fault random) :at-ms (.nextInt random 5000)))))))

(defn- in-words [schedule]
  (str/join ", " (for [{:keys [network stop kill ms at-ms]} schedule]
                   (str (format "%.1f " (/ at-ms 1e3))
                        (cond network (name network) stop (str "stop " (name stop)) kill (str "kill " (name kill)))
                        (when ms (format " %.1f s" (/ ms 1e3)))))))

(defn- play!
  "Makes the faults of a schedule at their times, each on a thread of its own; blocks until all have ended."
  [schedule root b]
  (let [pid     {:agent (:agent b) :link (:link b) :root (:pid root) :worker (first (:pids b))}
        faults  (for [{:keys [network stop kill ms at-ms]} schedule]
                  (future
                    (pause at-ms)
                    (cond
                      network ((network-for network ms) b)
                      stop    ((stopped-for pid ms) stop)
                      kill    (nemesis/signal! "KILL" (pid kill)))))]
    (run! deref (doall faults))
    (heal b)))

(defn- scheduled [row schedule]
  (let [kills    (set (keep :kill schedule))
        c        (other!)
        b        (fresh-host short-timeout-ms)
        root     (root!)
        pids     (concat [(:link b)] (processes b) (processes c))]
    (begin root row b {})
    (pause 500)
    (let [fault-at (System/nanoTime)
          options  {:expect :either :fault-at fault-at
                    :deadline-ms (+ 2000 short-timeout-ms
                                    (reduce max 0 (map #(+ (:at-ms %) (:ms % 0)) schedule)))
                    :errors [{:kind :host-lost :host "b"} {:kind :worker-died :host "b"} {:kind :worker-died}]}]
      (play! schedule root b)
      (if (:root kills)
        (let [problems (left-of root (list* (:pid root) pids) (+ long-timeout-ms slack-ms))]
          (reset! state {})
          (apply together {:problems problems}
                 (for [worker (:workers b)
                       :let [{[out in] :down [wout win] :up} (ends-of row worker)
                             [down up] [(checker/direction false out in) (checker/direction false wout win)]]]
                   {:text     (str worker " " (figures-of {:down down :up up} nil))
                    :problems (map #(str worker ": " %) (mapcat :problems [down up]))})))
        (let [outcomes (do (pause (+ short-timeout-ms 1000))
                           (tell root (list 'end! (:workers b) 60000)))
              result   (check-host row b outcomes options)]
          (forget-host!)
          (tell root (list 'stop! (:workers b)))
          (when (some #(and (= "b" (:name %)) (#{:up :silent} (:state %))) (tell root '(hosts-now)))
            (tell root '(hosts/remove "b")))
          (if (some #(and (= "c" (:name %)) (= :lost (:state %))) (tell root '(hosts-now)))
            (let [left (do (swap! state dissoc :c) (end-all!))]
              (together result left))
            (together result (check-gone (first (nemesis/watch-ends (processes b))) (processes b) (System/nanoTime)
                                         2000))))))))

;; ---- for long

(def ^:private tolerance
  "By how much each may have grown: threads and buffers of engines come and go."
  {:threads 6, :files 8, :heap-mb 24})

(defn- used-mb
  "Of another JVM: what its heap holds after a collection."
  [pid]
  (let [jcmd (fn [what] (nemesis/run-command! [(str (System/getProperty "java.home") "/bin/jcmd") (str pid) what] nil))]
    (jcmd "GC.run")
    (/ (transduce (map (comp parse-long second)) + 0
                  (re-seq #"(?m)^(?!.*(?:Metaspace|class space)).*total \d+K, used (\d+)K" (jcmd "GC.heap_info")))
       1024.0)))

(defn- entries [pid directory] (count (.list (io/file "/proc" (str pid) directory))))

(defn- measured
  "What a leak would make grow, in the root, the link process and the agent of c. What ends by itself is given a
  moment."
  [root c]
  (pause 5000)
  (into {"root" (tell root '(figures))}
        (for [[who pid] {"link" (:link c), "agent" (:agent c)}
              :let [heap (used-mb pid)]]
          [who {:threads (entries pid "task") :files (entries pid "fd") :heap-mb heap}])))

(defn- grown [before after]
  (for [[who its] after, [what most] tolerance
        :let [[was is] [(get-in before [who what]) (its what)]]
        :when (> is (+ was most))]
    (format "%s of the %s: %.0f, then %.0f" (name what) who (double was) (double is))))

(defn- soaked
  "Random faults of host b, and work on host c, from a seed on until a time; after a fifth of it nothing may grow."
  [minutes seed]
  (let [begun   (System/nanoTime)
        passed  #(/ (- (System/nanoTime) begun) 60e9)
        root    (root!)
        c       (other!)
        harmful (comp #{:root :link} :kill)]   ; what is measured has to live
    (loop [n 0, before nil]
      (let [row      (str "s" (+ seed n))
            schedule (vec (remove harmful (random-schedule (+ seed n))))
            result   (together (scheduled row schedule)
                               {:problems (tell root (list 'work! "c" (+ seed n)))})
            before   (or before (when (> (passed) (/ minutes 5)) (measured root c)))
            over?    (or (seq (:problems result)) (> (passed) minutes))]
        (run! #(.delete ^File %) (filter #(str/starts-with? (.getName ^File %) (str row "-"))
                                         (.listFiles (io/file (:directory *run*)))))
        (if-not over?
          (recur (inc n) before)
          (let [after (if (seq (:problems result)) before (measured root c))
                round (fn [figures] (str/join "; " (for [[who {:keys [threads files heap-mb]}] figures]
                                                     (format "%s %d threads %d files %.0f MB" who threads files
                                                             (double heap-mb)))))]
            {:text     (format "%d schedules; %s, then %s" (inc n) (round before) (round after))
             :problems (concat (map #(str row " (" (in-words schedule) "): " %) (:problems result))
                               (grown before after))}))))))

;; ---- the command

(defn- run-row [[row label f]]
  (print (format "%-4s %-46s " row label))
  (flush)
  (let [begun    (System/nanoTime)
        {:keys [text problems]} (try (f row)
                                     (catch Throwable e {:problems [(str "thrown: " e " " (pr-str (ex-data e)))]}))]
    (println (format "%s %5.1f s  %s" (if (seq problems) "RED" "ok ") (/ (- (System/nanoTime) begun) 1e9) (or text "")))
    (doseq [problem (take 20 problems)]
      (println "      -" problem))
    (flush)
    (when (seq problems)
      (run! #(try (nemesis/heal! %) (catch Exception _ nil)) (vals (select-keys (:namespaces *run*) [:b :c])))
      (when-let [root (:root @state)]
        (when-not (.isAlive ^Process (:process root))
          (reset! state {}))))
    (empty? problems)))

(defn- parse [arguments]
  (loop [[flag value & more :as arguments] arguments, options {}]
    (case flag
      nil            options
      "--long"       (recur (rest arguments) (assoc options :long? true))
      "--slurm"      (recur (rest arguments) (assoc options :slurm? true))
      "--row"        (recur more (assoc options :row value))
      "--seed"       (recur more (assoc options :seed (parse-long value)))
      "--soak"       (recur more (assoc options :soak (parse-double value)))
      "--schedules"  (recur more (assoc options :schedules (parse-long value)))
      "--directory"  (recur more (assoc options :directory value))
      "--namespaces" (recur more (assoc options :namespaces (zipmap [:a :b :c] (str/split value #","))))
      "--addresses"  (recur more (assoc options :addresses (zipmap [:b :c] (str/split value #",")))))))

(def ^:private rows-of-slurm "What its commands take part in." #{"3" "8b" "9a" "9b"})

(defn- selected? [{:keys [row slurm?]} [number]]
  (if row
    (or (= row number) (re-matches (re-pattern (str row "[a-z]")) number))
    (or (not slurm?) (rows-of-slurm number))))

(defn -main [& arguments]
  (let [{:keys [seed row schedules slurm? soak] :as options} (parse arguments)
        seed    (or seed (mod (System/nanoTime) 1000000))
        random  (or schedules (if (and (contains? #{nil "random"} row) (not slurm?)) 3 0))
        chosen  (concat (if soak
                          [["soak" (format "random schedules for %.1f minutes" soak) (fn [_] (soaked soak seed))]]
                          (filter #(selected? options %) (rows options)))
                        (for [i (range (if soak 0 random))]
                          [(str "r" (+ seed i)) (in-words (random-schedule (+ seed i)))
                           #(scheduled % (random-schedule (+ seed i)))])
                        [["end" "the end, and what is left" (fn [_] (end-all!))]])]
    (println "seed" seed)
    (alter-var-root #'rooted/*run* (constantly (assoc options :seed seed :mark (str (System/nanoTime)))))
    (let [results (mapv run-row chosen)]
      (println (format "%d passed, %d failed" (count (filter true? results)) (count (remove true? results))))
      (shutdown-agents)
      (System/exit (if (every? true? results) 0 1)))))
