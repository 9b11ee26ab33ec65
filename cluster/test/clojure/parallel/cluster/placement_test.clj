(ns ^:once ^:jvm ^:slow parallel.cluster.placement-test
  "Workers shared out over several hosts: which gets how many, pools over them, and a host that is lost meanwhile."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing use-fixtures]]
            [parallel.api :as parallel]
            [parallel.cluster.on-host :refer [closing-hosts here kill! start-cache]]
            [parallel.documents-test :as documents]
            [parallel.hosts :as hosts]
            [parallel.pool :as pool]
            [parallel.shared :as shared]
            [parallel.support :refer [await-true error error-kind within]])
  (:import [java.io File]
           [java.lang ProcessHandle]
           [java.time Duration Instant]
           [java.util.concurrent ExecutorService RejectedExecutionException]
           [parallel Host HostStatus HostStatus$State HostStatus$Traffic Parallel ParallelException Worker WorkerOptions
            WorkerPool]
           [parallel.example Summer]
           [parallel.hosts Placement]))

(use-fixtures :each closing-hosts)

;; ---- which gets how many

(defn- machine
  "A host with so many cores, of that speed (0: not known), that has so many workers."
  ([host-name cores] (machine host-name cores 0 0))
  ([host-name cores speed workers]
   (machine host-name cores speed workers HostStatus$State/UP))
  ([host-name cores speed workers state]
   (reify Host
     (name [_] host-name)
     (cores [_] (int cores))
     (close [_])
     (status [_]
       (HostStatus. (int 1) host-name state "start" "a" 1 (int cores) (int (max 0 (- cores workers)))
                    1 0.0 (int 17) "java" "/" (double speed) Duration/ZERO 0.0 (int workers) (int 0)
                    (HostStatus$Traffic. 0 0 0 0) Instant/EPOCH Duration/ZERO nil)))))

(defn- shares [hosts n]
  (let [^Placement placement (Placement/of hosts n)
        names     (map #(.name ^Host %) (.hosts placement))]
    [(mapv #(get (frequencies names) (.name ^Host %) 0) hosts) (.over placement)]))

(deftest workers-go-in-rounds-over-hosts-with-free-cores
  (is (= [[6 6 4] 0] (shares [(machine "a" 8) (machine "b" 16) (machine "c" 4)] 16)))
  (is (= [[8 16 4] 0] (shares [(machine "a" 8) (machine "b" 16) (machine "c" 4)] 28)))
  (testing "then in rounds over all"
    (is (= [[10 17 5] 4] (shares [(machine "a" 8) (machine "b" 16) (machine "c" 4)] 32)))
    (is (= [[2 1] 1] (shares [(machine "a" 1) (machine "b" 1)] 3))))
  (testing "faster ones get more"
    (is (= [[8 4] 0] (shares [(machine "a" 16 1.0 0) (machine "b" 16 0.5 0)] 12))))
  (testing "cores that are taken are not free"
    (is (= [[1 3] 0] (shares [(machine "a" 4 0 3) (machine "b" 4)] 4))))
  (testing "in order"
    (is (= ["a" "b" "a"] (map #(.name ^Host %) (.hosts (Placement/of [(machine "a" 4) (machine "b" 4)] 3))))))
  (testing "lost hosts are left out"
    (is (= [[0 3] 0] (shares [(machine "a" 4 0 0 HostStatus$State/LOST) (machine "b" 4)] 3)))
    (is (thrown-with-msg? parallel.ParallelException #"None of the hosts"
                          (Placement/of [(machine "a" 4 0 0 HostStatus$State/CLOSED)] 1)))))

(deftest one-worker-goes-where-the-fewest-are
  (is (= "b" (.name (Placement/next [(machine "a" 4 0 2) (machine "b" 4 0 1)]))))
  (is (= "a" (.name (Placement/next [(machine "a" 4 0 2) (machine "b" 1 0 1)]))) "b has no free core"))

;; ---- real ones

(defn- two-hosts []
  @start-cache
  (hosts/add-all [(assoc here :name "one" :cores 2) (assoc here :name "two" :cores 1)]))

(defn- names-of [ws]
  (mapv deref (parallel/exec ws '(parallel.hosts/host))))

(deftest ^{:deadline-s 600} a-fork-over-several-hosts
  (let [[one two] (two-hosts)
        said (java.io.StringWriter.)]
    (parallel/with-workers [ws (parallel/fork {:in [one "two"]} 3)]
      (is (= ["one" "two" "one"] (names-of ws)))
      (is (= [0 0] (map :free-cores (hosts/hosts))))
      (parallel/with-workers [w (binding [*err* said] (parallel/fork {:in [one two]} 1))]
        (is (= "parallel: 1 workers on one, two: 1 more than there are free cores.\n" (str said)))
        (is (= 1 (count w)))))
    (testing "cores are free again when workers have ended"
      (is (await-true #(= [2 1] (map :free-cores (hosts/hosts))))))
    (testing "this machine may be among them"
      (parallel/with-workers [ws (parallel/fork {:in [(hosts/local) two]} 2)]
        (is (= [nil "two"] (names-of ws)))))
    (testing "one worker at a time"
      (let [w (parallel/run {:in [one two]} '(do (parallel/receive (parallel/parent)) (parallel.hosts/host)))
            v (parallel/run {:in [one two]} '(parallel.hosts/host))]
        (is (= "two" @v))
        (parallel/send w :go)
        (is (= "one" @w))))))

(deftest ^{:deadline-s 600} a-program-in-java-shares-workers-out-as-well
  (let [[one two] (two-hosts)
        in        (fn [hosts] (.build (.in (WorkerOptions/builder) ^java.util.List hosts)))
        start     #(Parallel/run ^WorkerOptions % Summer (object-array [1.0]))
        names     #(frequencies (map (fn [^Worker w] (.orElse (.host (.status w)) nil)) %))
        ws        (repeatedly 3 #(start (in [one two])))]
    (is (= {"one" 2, "two" 1} (names (doall ws))))
    (doseq [^Worker w ws]
      (.send w (double-array [1 2 3]))
      (is (= 6.0 (.join w))))
    (testing "this machine may be among them"
      (let [ws (doall (repeatedly 2 #(start (in [(hosts/local) two]))))]
        (is (= {nil 1, "two" 1} (names ws)))
        (run! #(.stop ^Worker %) ws)))
    (is (await-true #(= [2 1] (map :free-cores (hosts/hosts)))) "all have ended")
    (testing "a pool"
      (with-open [p (.build (.workerOptions (WorkerPool/builder 3) (in [one two])))]
        (is (await-true #(= {"one" 2, "two" 1} (names (.workers p)))))))
    (testing "what is none"
      (doseq [bad [[] nil [nil]]]
        (is (thrown-with-msg? ParallelException #"list of hosts" (in bad)) (pr-str bad))))))

;; ---- a host with half of the processor

(def ^:private halved
  "Of the two kinds of control groups: where they are made, and what is written into one that has half a processor, or a
  whole one; each goes before all other work of the machine, which would take more from a whole one than from a half."
  [["/sys/fs/cgroup/cpu" {:half  {"cpu.shares" 262144, "cpu.cfs_period_us" 100000, "cpu.cfs_quota_us" 50000}
                          :whole {"cpu.shares" 262144}}]
   ["/sys/fs/cgroup"     {:half  {"cpu.weight" 10000, "cpu.max" "50000 100000"}
                          :whole {"cpu.weight" 10000}}]])

(defn- control-group
  "Makes one; nil where that is not allowed."
  ^File [kind]
  (some (fn [[place settings]]
          (let [group (io/file place (str "parallel-" (name kind) "-" (.pid (ProcessHandle/current))))]
            (when (.mkdir group)
              (try
                (doseq [[setting value] (settings kind)]
                  (spit (io/file group setting) (str value)))
                group
                (catch java.io.IOException _ (.delete group) nil)))))
        halved))

(defn- within-group [^File group]
  ["sh" "-c" (str "echo $$ >" (io/file group "cgroup.procs") " && exec \"$@\"") "sh"])

(deftest ^{:deadline-s 600} a-host-with-half-the-processor-has-half-the-speed-and-half-the-parts
  @start-cache
  (let [groups (mapv control-group [:whole :half])]
    (try
      (if (not-every? some? groups)
        (println "Half a processor is not tested here: control groups cannot be made.")
        (let [hs     (hosts/add-all (for [[n group] (map vector ["whole" "half"] groups)]
                                      (assoc here :name n :cores 1 :nice 0 :start (within-group group))))
              ;; what else the processes there have to do comes out of the half, so one of five may be low
              speeds (vec (repeatedly 5 #(mapv :speed (hosts/calibrate! hs))))]
          (is (= #{1.0} (set (map first speeds))))
          (is (<= 0.3 (nth (sort (map second speeds)) 2) 0.7) (pr-str speeds))
          (is (await-true #(= [1 1] (map :free-cores (hosts/hosts)))))
          (pool/with-pool [p {:in hs} 2]
            (is (await-true #(= (repeat 2 :idle) (map (comp :state parallel/status) (pool/workers p)))))
            (let [work  '(fn [_]
                           (loop [i 0, x 1.0] (when (< i 20000000) (recur (inc i) (Math/sqrt (+ x i)))))
                           (parallel.hosts/host))
                  parts #(frequencies (pool/pmap {:pool p :chunk 1} work (range %)))]
              (parts 30)        ; the compiler knows it then
              (let [{:strs [whole half] :as did} (parts 150)]
                (is (= 150 (+ whole half)))
                (is (<= 0.3 (/ half (double whole)) 0.7) (pr-str did)))))))
      (finally
        (hosts/close)
        (doseq [^File group groups :when group]
          (is (await-true #(or (.delete group) (not (.exists group))))))))))

(deftest ^{:deadline-s 600} progress-tells-what-each-host-has-done
  (let [[one two] (two-hosts)
        told      (atom nil)
        places    (fn [progress]
                    (pool/with-pool [p {:in [one two (hosts/local)]} 3]
                      (await-true #(= (repeat 3 :idle) (map (comp :state parallel/status) (pool/workers p))))
                      (frequencies (pool/pmap {:pool p :chunk 1 :progress progress}
                                              '(fn [_] (Thread/sleep 20) (parallel.hosts/host)) (range 60)))))
        names     #(update-keys % (fn [host] (or host "local")))
        did       (places #(reset! told %))]
    (is (= #{"one" "two" nil} (set (keys did))))
    (is (= (names did) (update-vals (:hosts @told) :done)))
    (testing "in lines"
      (let [did  (volatile! nil)
            text (with-out-str (vreset! did (places true)))]
        (doseq [[host n] (names @did)]
          (is (re-find (re-pattern (str "\n  " host ": " n " done, [0-9.]+/s\n")) text) text))))))

(deftest ^{:deadline-s 600} a-pool-over-hosts-goes-on-when-one-is-lost
  (let [[one two] (two-hosts)]
    (pool/with-pool [p {:in [one two]} :cores]
      (is (await-true #(= (repeat 3 :idle) (map (comp :state parallel/status) (pool/workers p)))))
      (let [results (pool/pmap {:pool p :chunk 1} '(fn [x] (Thread/sleep 20) [x (parallel.hosts/host)]) (range 600))
            only    (count (take-while #(= "one" (second %)) results))]
        (is (< only 500) "both have begun")
        (kill! (:pid (first (filter #(= "two" (:name %)) (hosts/hosts)))))
        (let [all (within 300000 #(vec results))]
          (is (= (range 600) (map first all)) "each once, in order, and no element is blamed")
          (is (= #{"one"} (set (map second (take-last 20 all))))))))))

(deftest ^{:deadline-s 600} what-a-lost-host-had-fails-where-it-must-not-be-done-twice
  (let [[one] (two-hosts)]
    (pool/with-pool [p {:in one :on-host-lost :fail} 1]
      (let [task (pool/submit p '(fn [] (Thread/sleep 600000)))]
        (is (await-true #(some (fn [w] (str/includes? (str (:doing (parallel/status w))) "sleep")) (pool/workers p))))
        (kill! (:pid (first (hosts/hosts))))
        (is (= :host-lost (error-kind #(within 60000 (fn [] @task)))))))
    (is (= :bad-argument (error-kind #(pool/pool {:on-host-lost :never} 1))))
    (is (str/includes? (:message-of-error (error #(pool/pool :core 1))) "map"))))

(deftest ^{:deadline-s 600} the-remote-program-of-the-ancestor-works
  @start-cache
  (let [[_ program] (documents/ancestors-programs)
        here-instead (str/replace program #"\{:ssh (\"server\d.org\") :cores 4\}"
                                  "{:start [\"env\"] :address \"127.0.0.1\" :name $1 :cores 1}")]
    (is (= 2 (count (re-seq #":start" here-instead))))
    (#'documents/check here-instead 2)))

(deftest what-means-something-on-this-machine-only-is-refused-by-a-pool-that-has-workers-on-others
  (let [[one two] (two-hosts)
        xs        (shared/shared :double 10)
        kind      (juxt :parallel/error :path)
        elsewhere (fn [p]
                    (testing "where it is given"
                      (is (= [:not-transferable [0 :a]] (kind (error #(pool/submit p 'identity {:a xs})))))
                      (is (= :not-transferable (error-kind #(pool/submit p (parallel/pfn [] (count xs))))))
                      (is (= :not-transferable
                             (error-kind #(doall (pool/pmap {:pool p} (parallel/pfn [i] (nth xs i)) [1])))))
                      (is (thrown? RejectedExecutionException (.execute ^ExecutorService p (parallel/pfn [] xs)))))
                    (testing "it is an error of its element alone"
                      (let [[a e b] (pool/pmap {:pool p :on-error :value :chunk 3} 'identity [1 [xs] 2])]
                        (is (= [1 2] [a b]))
                        (is (= {:parallel/error :not-transferable :index 1 :path [0]}
                               (select-keys (ex-data e) [:parallel/error :index :path])))
                        (is (re-find #"receiver is on another" (ex-message e)))))
                    (is (= 42 @(pool/submit p '* 6 7)) "the pool goes on"))]
    (try
      (pool/with-pool [p {:in one} 1]
        (elsewhere p)
        (testing "on its way here, too"
          (let [[a e] (pool/pmap {:pool p :on-error :value :chunk 2}
                                 '(fn [x] (if x [(parallel.shared/shared :double 3)] x)) [nil true])]
            (is (nil? a))
            (is (= :not-transferable (:parallel/error (ex-data e)))))
          (is (= :not-transferable
                 (error-kind #(deref (pool/submit p '(fn [] (parallel.shared/shared :double 3)))))))))
      (pool/with-pool [p {:in [(hosts/local) two]} 2]
        (elsewhere p))
      (pool/with-pool [p {:in [(hosts/local)]} 1]
        (is (= 10 @(pool/submit p 'count xs)) "at home it goes"))
      (finally
        (shared/close xs)))))

(deftest a-worker-of-a-host-yields-and-its-parent-steps
  (let [[one two] (two-hosts)]
    (parallel/with-workers [ws (mapv #(parallel/run {:in %} '(loop [n 0]
                                                               (if (= :break (parallel/yield n)) n (recur (inc n)))))
                                     [one two (hosts/local)])]
      (dotimes [n 20]
        (is (= [n n n] (parallel/step ws n))))
      (parallel/step ws :break)
      (is (= [20 20 20] (parallel/join ws)))
      (is (every? #(instance? Worker %) ws)))))

(deftest ^{:deadline-s 600} hosts-are-calibrated-with-all-their-cores-busy
  (let [[one two] (two-hosts)
        speeds    (fn [] (mapv :speed (hosts/hosts)))
        ;; a host's own load, which says how many of it there are
        own       '(Thread/sleep (if (= "two" (parallel.hosts/host)) 400 200))]
    (is (= [nil nil] (speeds)))
    (testing "with a load of the user's own"
      (let [[a b :as said] (hosts/calibrate! [one "two"] {:form own})]
        (is (= [1.0 0.5] (mapv #(/ (Math/round (* 10.0 (double (:speed %)))) 10.0) said)))
        (is (= said (mapv #(select-keys % (keys a)) said)))
        (is (every? #(pos? (:mb-per-s %)) [a b]))
        (is (= (map :speed said) (speeds)))))
    (testing "and then share workers accordingly"
      (.close ^Host two)
      (let [wide (hosts/add (assoc here :name "wide" :cores 2 :speed 0.5))]
        (is (= {"one" 2 "wide" 1} (frequencies (map #(.name ^Host %) (.hosts (Placement/of [one wide] 3))))))
        (testing "with the usual load, this machine among them"
          (let [[a b] (hosts/calibrate! ["wide" (hosts/local)])]
            (is (every? #(<= 0.01 (:speed %) 1.0) [a b]))
            (is (= 1.0 (max (:speed a) (:speed b))))))
        (testing "what cannot be calibrated is said, and nothing is set"
          (doseq [[hs opts what] [[[] {} #"no hosts"] [two {} #"not up"] ["none" {} #"no host none"]
                                  [7 {} #"a host or the name"]
                                  [wide {:from 1} #"Unknown option :from"]]]
            (let [{kind :parallel/error text :message-of-error} (error #(hosts/calibrate! hs opts))]
              (is (= :bad-argument kind))
              (is (re-find what (str text)))))
          (let [before (speeds)]
            (is (= :remote-exception (error-kind #(hosts/calibrate! wide {:form '(throw (Exception. "no"))}))))
            (is (= before (speeds)))
            (is (= [] (parallel/children)) "its workers are ended")))
        (testing "close forgets the speeds, of this machine, too"
          (is (pos? (.speed (.status (hosts/local)))))
          (hosts/close)
          (is (= 0.0 (.speed (.status (hosts/local))))))))))

;; ---- copies of shared arrays

(deftest ^{:deadline-s 600} a-shared-array-is-copied-once-per-host
  (let [[one two] (two-hosts)
        xs        (shared/shared {:from (double-array (range 1000000))})
        part      (shared/slice xs 500000 1000000)
        answering '(loop []
                     (let [[f ys] (parallel/receive (parallel/parent))]
                       (parallel/send (parallel/parent) (try (f ys) (catch Throwable e (ex-message e))))
                       (recur)))
        there     #(parallel/run {:in %} answering)
        ask       (fn [w f x] (parallel/send w [f x]) (parallel/receive w))]
    (parallel/with-workers [[a b c] [(there one) (there two) (there (hosts/local))]]
      (let [ys  (shared/replicate xs [one "two" (hosts/local)])
            sum (parallel/pfn [ys] (reduce + ys))]
        (is (= 2 (count (filter #(= "replica" (:name %)) (parallel/status (parallel/children))))))
        (is (= (repeat 3 (reduce + xs)) (map #(ask % sum ys) [a b c])))
        (testing "a slice of it"
          (is (= (map #(ask % sum (shared/slice ys 0 999999)) [a b c])
                 (repeat 3 (- (reduce + xs) 999999.0)))))
        (testing "it is read-only, here too"
          (is (= :bad-argument (error-kind #(shared/aset* ys 0 1.0))))
          (doseq [w [a b c]]
            (is (re-find #"read-only" (ask w (parallel/pfn [ys] (shared/aset* ys 0 1.0)) ys)))))
        (testing "what is written later is seen at home only"
          (shared/aset* xs 0 5.0)
          (is (= [0.0 0.0 5.0] (map #(ask % (parallel/pfn [ys] (nth ys 0)) ys) [a b c]))))
        (testing "sent on by a worker to one of its own, it is the same copy"
          (is (= 0.0 (ask a (parallel/pfn [ys] @(parallel/run '(fn [ys] (nth ys 0)) ys)) ys))))
        (shared/close ys)
        (is (await-true #(not-any? (fn [s] (= "replica" (:name s))) (parallel/status (parallel/children)))))
        (is (= :closed (error-kind #(parallel/send a [sum ys]))))
        (is (= 5.0 (nth xs 0)) "the array stays"))
      (testing "of a part, and to a host without a copy"
        (let [ys (shared/replicate part one)]
          (is (= 500000.0 (ask a (parallel/pfn [ys] (nth ys 0)) ys)))
          (is (= :not-transferable (error-kind #(do (parallel/send b [identity ys]) (parallel/receive b)))))
          (shared/close xs)
          (is (await-true #(not-any? (fn [s] (= "replica" (:name s))) (parallel/status (parallel/children))))
              "closed with the array"))))
    (is (= :bad-argument (error-kind #(shared/replicate [1 2] one))))
    (is (= :bad-argument (error-kind #(shared/replicate xs 7))))))
