(ns ^:once parallel.waits-test
  "Who waits for whom, and who of them for ever: with real processes and threads, and by the rule alone."
  (:require [clojure.java.io :as io]
            [clojure.set :as set]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [nrepl.core :as nrepl]
            [parallel.api :as parallel]
            [parallel.look :as look]
            [parallel.pool :as pool]
            [parallel.root :as root]
            [parallel.shared :as shared]
            [parallel.support :refer [*kind* await-true clojure-main defboth error error-kind opts quick-jvm]])
  (:import [java.io File]
           [java.nio.file Files]
           [java.util ArrayList Collections Random]
           [parallel SharedBarrier SharedLatch SharedLock Worker]
           [parallel.look Graphs]))

(def ^:private receiving '(parallel/receive (parallel/parent)))

(defn- kinds [waits]
  (set (map (juxt :id :for :on) waits)))

(defn- waiting? [& wanted]
  (set/subset? (set wanted) (kinds (look/waits))))

(defn- found
  "The one deadlock that there is, within 30 s: it is named within 2 s where the machine is not busy."
  []
  (let [found (await-true #(seq (look/deadlocks)) 30000)]
    (is (= 1 (count found)))
    (first found)))

(defn- quiet?
  "No deadlock is there, and none is found by those who wait, in so many ms."
  [ms]
  (let [until (+ (System/nanoTime) (* ms 1000000))]
    (loop []
      (let [found (look/deadlocks)]
        (cond
          (seq found)                  (do (is (= [] found)) false)
          (> (System/nanoTime) until)  true
          :else                        (do (Thread/sleep 100) (recur)))))))

(defmacro ^:private beside
  "A future of body's value, or of the kind of its error."
  [& body]
  `(future (try ~@body (catch clojure.lang.ExceptionInfo e# (:parallel/error (ex-data e#) e#)))))

(defn- option [m] (opts (cond-> m (not= :thread *kind*) (assoc :jvm-opts quick-jvm))))

;; ---- who waits

(defboth a-wait-is-shown-while-it-lasts
  (let [w (parallel/run (option {}) receiving)]
    (is (await-true #(waiting? [(.id ^Worker w) :receive [0]])))
    (let [[wait] (filter #(= (.id ^Worker w) (:id %)) (look/waits))]
      (is (= #{:id :thread :for :on :since-ms} (set (keys wait))))
      (is (= (str "parallel-eval-" (.id ^Worker w)) (:thread wait)))
      (is (<= 0 (:since-ms wait) 60000)))
    (parallel/send w 1)
    (is (= 1 @w))
    (is (await-true #(not-any? (fn [wait] (= (.id ^Worker w) (:id wait))) (look/waits))))))

(defboth each-kind-of-call-says-what-it-waits-for
  (let [w    (parallel/run (option {}) '(do (parallel/receive (parallel/parent)) (parallel/yield 1)))
        v    (parallel/fork (option {}))
        id   (.id ^Worker w)]
    (is (await-true #(waiting? [id :receive [0]])))
    (doseq [[kind f] {:receive #(parallel/receive w 60000 nil)
                      :select  #(parallel/select [w] 60000 nil)
                      :join    #(parallel/join w 60000 nil)
                      :step    #(parallel/step w nil {:timeout-ms 60000})}]
      (let [call (beside (f))]
        (is (await-true #(waiting? [0 kind [id]])) kind)
        (future-cancel call)
        (is (await-true #(not (waiting? [0 kind [id]]))) kind)))
    (parallel/send w :go)
    (is (await-true #(waiting? [id :yield [0]])))
    (let [reply (parallel/exec v '(Thread/sleep 60000))
          call  (beside @reply)]
      (is (await-true #(waiting? [0 :reply [(.id ^Worker v)]])))
      (future-cancel call))))

(deftest those-of-shared-memory-do-too
  (let [^SharedLock lock       (shared/lock)
        ^SharedBarrier barrier (shared/barrier 2)
        ^SharedLatch latch     (shared/latch 1)
        run                    (fn [form] (parallel/run {:jvm-opts quick-jvm} form lock barrier latch))]
    (.lock lock)
    (let [a (run '(fn [^java.util.concurrent.locks.Lock lock _ _] (.lock lock) (.unlock lock)))
          b (run '(fn [_ ^parallel.SharedBarrier barrier _] (.await barrier)))
          c (run '(fn [_ _ ^parallel.SharedLatch latch] (.await latch)))]
      (is (await-true #(waiting? [(.id ^Worker a) :lock [0]])))
      (is (await-true #(= #{:lock :barrier :latch} (set (map :for (look/waits))))))
      (.unlock lock)
      (.await barrier)
      (.countDown latch)
      (run! deref [a b c])
      (is (await-true #(empty? (look/waits)))))))

;; ---- deadlocks

(defboth two-that-receive-from-each-other
  (tap> "Its loop is a thread that waits in code of Clojure.")
  (let [w (parallel/run (option {}) receiving)
        f (beside (parallel/receive w))]
    (let [[root worker] (sort-by :id (found))]
      (is (= [0 :receive [(.id ^Worker w)]] ((juxt :id :for :on) root)))
      (is (= [(.id ^Worker w) :receive [0]] ((juxt :id :for :on) worker)))
      (is (every? #(some #{'parallel.api$receive} (map first (:trace %))) [root worker])))
    (parallel/send w :after-all)
    (is (= :closed (deref f 60000 :hangs)))
    (is (= [] (look/deadlocks)))))

(deftest two-workers
  (let [w (parallel/run {:jvm-opts quick-jvm}
                        '(parallel/receive (parallel/run {:jvm-opts ["-XX:TieredStopAtLevel=1"]}
                                                         '(parallel.api/receive (parallel.api/parent)))))]
    (is (= #{(.id ^Worker w)} (set/difference (set (mapcat :on (found))) (set (map :id (rest (found)))))))
    (parallel/kill w)))

(deftest a-reply-a-join-a-step-of-one-that-waits-for-a-message
  (doseq [[call kind] [[#(deref (parallel/exec % receiving)) :reply]
                       [#(do (parallel/exec % receiving) (parallel/join %)) :join]
                       [#(do (parallel/exec % receiving) (parallel/step % nil)) :step]]]
    (testing kind
      (let [w (parallel/fork {:jvm-opts quick-jvm})
            f (beside (call w))]
        (is (= #{[0 kind [(.id ^Worker w)]] [(.id ^Worker w) :receive [0]]} (kinds (found))))
        (parallel/kill w)
        (is (not= :hangs (deref f 60000 :hangs)))))))

(deftest sends-that-do-not-fit
  (let [w (parallel/run {:jvm-opts quick-jvm :inbox-bytes 1000000}
                        '(do (parallel/receive (parallel/parent))
                             (dotimes [_ 9] (parallel/send (parallel/parent) (byte-array 9000000)))))
        f (do (parallel/send w :go)
              (beside (dotimes [_ 9] (parallel/send w (byte-array 9000000)))))]
    (is (= #{[0 :room [(.id ^Worker w)]] [(.id ^Worker w) :room [0]]} (kinds (found))))
    (dotimes [_ 9] (parallel/receive w))
    (parallel/kill w)
    (is (not= :hangs (deref f 60000 :hangs)))))

(deftest locks-in-another-order
  (let [a  (shared/lock)
        b  (shared/lock)
        in (fn [x y] (parallel/run {:jvm-opts quick-jvm}
                                   '(fn [^java.util.concurrent.locks.Lock x ^java.util.concurrent.locks.Lock y]
                                      (.lock x)
                                      (parallel/receive (parallel/parent))
                                      (.lock y))
                                   x y))
        ws (mapv in [a b] [b a])]
    (is (await-true #(apply waiting? (for [^Worker w ws] [(.id w) :receive [0]]))))
    (parallel/send ws :go)
    (let [[v w] (map #(.id ^Worker %) ws)]
      (is (= #{[v :lock [w]] [w :lock [v]]} (kinds (found)))))
    (run! parallel/kill ws)))

(deftest a-barrier-whose-last-party-waits-elsewhere
  (let [barrier (shared/barrier 2)
        v       (parallel/run {:jvm-opts quick-jvm} '(fn [^parallel.SharedBarrier b] (.await b)) barrier)
        w       (parallel/run {:jvm-opts quick-jvm}
                              '(fn [^parallel.SharedBarrier b] (parallel/receive (parallel/parent)) (.await b))
                              barrier)
        f       (beside (parallel/join v))]
    (is (= #{[(.id ^Worker v) :barrier] [(.id ^Worker w) :receive] [0 :join]} (set (map (juxt :id :for) (found)))))
    (parallel/send w :go)
    (is (not= :hangs (deref f 60000 :hangs)))))

(def the-pool (atom nil))

(deftest tasks-that-wait-for-their-own-pool
  (pool/with-pool [p {:in :thread} 2]
    (reset! the-pool p)
    (let [f (beside (doall (pool/pmap {:pool p} '(fn [x] (vec (parallel.pool/pmap {:pool @parallel.waits-test/the-pool}
                                                                                  'inc [1 2 x])))
                                      [1 2 3 4])))]
      (is (= #{:task} (set (map :for (found)))))
      (future-cancel f))))

;; ---- at a prompt

(defn- start-prompt
  "[process port] of an nREPL server as an editor starts it."
  []
  (let [builder (ProcessBuilder. ^java.util.List (into (clojure-main "-XX:-UsePerfData")
                                                       ["-m" "nrepl.cmdline" "--bind" "127.0.0.1" "--port" "0"]))
        process (.start (doto builder (.redirectErrorStream true)))
        lines   (line-seq (io/reader (.getInputStream process)))]
    [process (parse-long (some #(second (re-find #"started on port (\d+)" %)) lines))]))

(def ^:private two-that-receive
  (str '(do (require '[parallel.api :as p])
            (p/receive (p/run '(parallel.api/receive (parallel.api/parent)))))))

(def ^:private who-and-on-whom
  (str '(mapv (fn [cycle] (mapv (juxt :id :for :on) cycle)) (parallel.look/deadlocks))))

(deftest at-a-prompt-the-idle-threads-of-the-server-do-not-count
  (let [[^Process process port] (start-prompt)
        errors                  (atom [])
        found                   (atom nil)]
    (try
      (with-open [prompt (nrepl/connect :port port), beside (nrepl/connect :port port)]
        (let [call   (future (doseq [m (nrepl/message (nrepl/client prompt 120000) {:op "eval" :code two-that-receive})]
                               (swap! errors conj (str (:err m)))))
              client (nrepl/client beside 60000)
              asked  (fn [code] (first (nrepl/response-values (nrepl/message client {:op "eval" :code code}))))]
          (asked "(require 'parallel.look)")
          (is (await-true #(reset! found (first (asked who-and-on-whom)))))
          (is (= #{[0 :receive [1]] [1 :receive [0]]} (set @found)))
          (is (await-true #(some (fn [err] (str/includes? err "Deadlock:")) @errors)))
          (future-cancel call)))
      (finally
        (.destroyForcibly process)
        (.waitFor process)))))

;; ---- near misses

(deftest what-may-end-is-none
  (testing "slow work"
    (let [w (parallel/run {:jvm-opts quick-jvm} '(do (Thread/sleep 2500) 1))
          f (beside (parallel/join w))]
      (is (quiet? 2000))
      (is (= 1 (deref f 60000 :hangs)))))
  (testing "a receive with a time-out"
    (let [w (parallel/run {:jvm-opts quick-jvm} receiving)
          f (beside (parallel/receive w 4000 :none))]
      (is (await-true #(waiting? [(.id ^Worker w) :receive [0]])))
      (is (quiet? 2000))
      (is (= :none (deref f 60000 :hangs)))
      (parallel/kill w)))
  (testing "a second thread that sends"
    (let [w (parallel/run {:jvm-opts quick-jvm} receiving)
          _ (is (await-true #(waiting? [(.id ^Worker w) :receive [0]])))
          f (beside (parallel/receive w))
          g (beside (Thread/sleep 3000) (parallel/send w :at-last))]
      (is (quiet? 2000))
      (is (not= :hangs (deref f 60000 :hangs)))
      (is (= :at-last @w))
      @g))
  (testing "one of those selected from lives"
    (let [[v w] (mapv #(parallel/run {:jvm-opts quick-jvm} %) [receiving '(do (Thread/sleep 4000) 1)])
          f     (beside (parallel/select [v w]))]
      (is (await-true #(waiting? [(.id ^Worker v) :receive [0]])))
      (is (quiet? 1500))
      (run! parallel/kill [v w])
      (is (not= :hangs (deref f 60000 :hangs))))))

(deftest of-a-group-one-is-enough
  (let [[v w] (mapv #(parallel/run {:jvm-opts quick-jvm} %) [receiving '(Thread/sleep 60000)])
        f     (beside (parallel/receive [v w]))]
    (is (= #{[0 :receive [(.id ^Worker v) (.id ^Worker w)]] [(.id ^Worker v) :receive [0]]} (kinds (found))))
    (run! parallel/kill [v w])
    (is (not= :hangs (deref f 60000 :hangs)))))

;; ---- what becomes of them

(deftest thrown-they-end-every-call
  (look/watch! {:on-deadlock :throw})
  (try
    (let [w (parallel/run {:jvm-opts quick-jvm}
                          '(try (parallel/receive (parallel/parent))
                                (catch clojure.lang.ExceptionInfo e
                                  (:parallel/error (ex-data e)))))
          f (future (error #(parallel/receive w)))]
      (let [e (deref f 60000 nil)]
        (is (= :deadlock @w))
        (is (= :deadlock (:parallel/error e)))
        (is (= #{[0 :receive [(.id ^Worker w)]] [(.id ^Worker w) :receive [0]]} (kinds (:cycle e))))
        (is (str/includes? (:message-of-error e) "the root"))))
    (testing "a yield is withdrawn, a barrier left, a lock not taken"
      (let [barrier (shared/barrier 2)
            w       (parallel/run {:jvm-opts quick-jvm}
                                  '(fn [^parallel.SharedBarrier b]
                                     [(try (parallel/yield 1)
                                           (catch clojure.lang.ExceptionInfo e (:parallel/error (ex-data e))))
                                      (try (.await b) (catch parallel.ParallelException e (str (.code e))))])
                                  barrier)
            f       (beside (parallel/receive w))]
        (is (= :deadlock (deref f 60000 :hangs)))
        (is (= :deadlock (deref (beside (parallel/join w)) 60000 :hangs)))
        (is (= [:deadlock "DEADLOCK"] @w))
        (is (zero? (.waiting ^SharedBarrier barrier)))))
    (finally
      (look/watch! {:on-deadlock :report}))))

(deftest reported-it-is-once
  (let [{:keys [said left]}
        (root/run {} '(require '[parallel.api :as p])
                  '(let [w (p/run '(parallel.api/receive (parallel.api/parent)))]
                     (.start (doto (Thread. (fn [] (Thread/sleep 9000) (p/kill w) (System/exit 0))) (.setDaemon true)))
                     (try (p/receive w) (catch Exception _))
                     (println "not reached")))
        lines (filter #(str/includes? % "Deadlock:") said)]
    (testing "a thread that sleeps may act"
      (is (= [] (vec lines))))
    (is (empty? left)))
  (let [process (root/start {} ['(require '[parallel.api :as p])
                                '(p/receive (p/run '(parallel.api/receive (parallel.api/parent))))])]
    (try
      (let [lines (Collections/synchronizedList (ArrayList.))
            reads (future (with-open [in (io/reader (.getInputStream process))]
                            (run! #(.add lines %) (line-seq in))))
            told  #(filter (fn [line] (str/includes? line "Deadlock:")) (vec lines))]
        (is (await-true #(seq (told))))
        (Thread/sleep 3000)
        (is (= 1 (count (told))))
        (is (re-find #"the root \(main\) has waited .* s to receive from worker 1; worker 1 " (first (told))))
        (.destroyForcibly process)
        @reads)
      (finally
        (.destroyForcibly process)
        (.waitFor process)))))

(defn- switches
  "How often the threads of ours of a process have gone to sleep so far, by name."
  [pid]
  (into {} (for [^File task (.listFiles (io/file (str "/proc/" pid "/task")))
                 :let [status (Files/readString (.toPath (io/file task "status")))
                       value  (fn [key] (second (re-find (re-pattern (str "(?m)^" key ":\\s*(.*)$")) status)))]
                 :when (str/starts-with? (value "Name") "parallel-")]
             [(.getName task) (parse-long (value "voluntary_ctxt_switches"))])))

(deftest a-worker-that-waits-sleeps
  (let [ws    [(parallel/run {:jvm-opts quick-jvm} receiving) (parallel/fork {:jvm-opts quick-jvm})]
        _     (is (= 2 @(parallel/exec (second ws) '(+ 1 1))))
        pids  (map :pid (parallel/status ws))
        rests (fn [] (let [before (map switches pids)]
                       (Thread/sleep 6000)
                       (map (fn [before after] (apply + (map (fn [[task n]] (- n (before task 0))) after)))
                            before (map switches pids))))]
    (is (await-true #(waiting? [(.id ^Worker (first ws)) :receive [0]])))
    ;; a look every ten seconds is one
    (is (await-true #(every? (fn [n] (<= n 1)) (rests)) 60000))
    (parallel/kill ws)))

(deftest a-call-that-rests-is-found
  (testing "of two"
    (let [w (parallel/run {:jvm-opts quick-jvm} receiving)]
      (is (await-true #(waiting? [(.id ^Worker w) :receive [0]])))
      (Thread/sleep 2500)
      (let [f (beside (parallel/receive w))]
        (is (= #{[0 :receive [(.id ^Worker w)]] [(.id ^Worker w) :receive [0]]} (kinds (found))))
        (parallel/send w :after-all)
        (is (= :closed (deref f 60000 :hangs))))))
  (testing "of three, the last of which waits for a lock"
    (let [lock (shared/lock)
          f    (beside (.lock ^SharedLock lock)
                       (try
                         (let [w (parallel/run {:jvm-opts quick-jvm}
                                               '(fn [lock]
                                                  (let [below (parallel/run '(fn [^java.util.concurrent.locks.Lock lock]
                                                                               (Thread/sleep 4000)
                                                                               (.lock lock))
                                                                            lock)]
                                                    (parallel/receive below)))
                                               lock)]
                           (parallel/receive w))
                         (finally
                           (.unlock ^SharedLock lock))))]
      (is (= [:receive :receive :lock] (map :for (sort-by :id (found)))))
      (parallel/kill (parallel/children))
      (is (= :worker-died (deref f 60000 :hangs))))))

(deftest what-is-asked-for-is-one-of-three
  (doseq [bad [nil {} :throw {:on-deadlock nil} {:on-deadlock :kill} {:on-deadlock :off :also 1}]]
    (is (= :bad-argument (error-kind #(look/watch! bad))) (pr-str bad)))
  (testing "and it is for the root to ask"
    (let [w (parallel/run {:jvm-opts quick-jvm} '(try (parallel.look/watch! {:on-deadlock :off})
                                                      (catch clojure.lang.ExceptionInfo e
                                                        (:parallel/error (ex-data e)))))]
      (is (= :bad-argument @w)))))

;; ---- the rule alone

(defn- can-end
  "By brute force: the numbers of the waits that somebody can end, found one after the other."
  [waits]
  (let [processes (group-by :id waits)
        acts?     (fn [ended id]
                    (let [its (processes id)]
                      (or (nil? its) (some #(pos? (:others %)) its) (some #(ended (:n %)) its))))]
    (loop [ended #{}]
      (let [more (set (for [{:keys [n id on needed for-ever others]} waits
                            :when (or (not for-ever) (nil? on) (empty? on) (< (count on) needed)
                                      (acts? ended id)
                                      (<= needed (count (filter #(acts? ended %) on))))]
                        n))]
        (if (set/subset? more ended) ended (recur (into ended more)))))))

(defn- on-a-cycle
  "By brute force: the numbers of those from which a way leads back to them."
  [waits stuck]
  (let [stuck?  (fn [id] (let [its (filter #(= id (:id %)) waits)] (and (seq its) (every? #(stuck (:n %)) its))))
        next-of (fn [n] (set (for [id (:on (nth waits n)) :when (stuck? id), w waits :when (= id (:id w))] (:n w))))
        reached (fn [n] (loop [seen #{}, front (next-of n)]
                          (if (empty? front) seen
                              (recur (into seen front) (set/difference (set (mapcat next-of front)) seen front)))))]
    (set (filter #(contains? (reached %) %) stuck))))

(deftest a-thousand-random-graphs-by-brute-force
  (let [random (Random. 17)]
    (dotimes [round 1000]
      (let [processes (inc (.nextInt random 7))
            waits     (vec (for [n (range (.nextInt random 10))]
                             (let [id #(.nextInt random (inc processes))
                                   on (when-not (zero? (.nextInt random 20))
                                        (vec (distinct (repeatedly (.nextInt random 4) id))))]
                               {:n n, :id (.nextInt random processes), :on on
                                :needed (if (.nextBoolean random) 1 (max 1 (count on)))
                                :for-ever (pos? (.nextInt random 12))
                                :others (if (zero? (.nextInt random 12)) 1 0)})))
            graph     (Graphs.)
            stuck     (set/difference (set (range (count waits))) (can-end waits))]
        (doseq [{:keys [id on needed for-ever others]} waits]
          (.add graph id on needed for-ever others))
        (is (= stuck (set (.stuck graph))) (pr-str round waits))
        (is (= (on-a-cycle waits stuck) (set (mapcat seq (.cycles graph)))) (pr-str round waits))))))
