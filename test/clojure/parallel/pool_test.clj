(ns ^:jit parallel.pool-test
  "Pools, their futures and their maps. Where a worker that is a thread shows the same, it is one: namespaces are then
  shared, and what was evaluated can be counted."
  (:require [clojure.core.reducers :as reducers]
            [clojure.java.io :as io]
            [clojure.pprint :as pprint]
            [clojure.set]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing use-fixtures]]
            [parallel.api :as parallel]
            [parallel.impl.definitions :as definitions]
            [parallel.impl.pool-function :as function]
            [parallel.impl.pool-map :as pool-map]
            [parallel.impl.source :as source]
            [parallel.pool :as pool]
            [parallel.shared :as shared]
            [parallel.support :refer [await-true error error-kind within]])
  (:import [java.lang ProcessHandle]
           [java.util.concurrent CancellationException CountDownLatch Future TimeUnit]
           [parallel.codec Destination]
           [parallel.pool Pool]))

(def ^:private patience-ms 120000)

(def ^:dynamic ^:private *threads* "A pool of three workers that are threads." nil)

(defn- with-threads [f]
  (binding [*threads* (pool/pool {:in :thread} 3)]
    (try
      (await-true #(= 3
                      (count (filter (fn [^Thread t] (str/starts-with? (.getName t) "parallel-tasks-"))
                                     (keys (Thread/getAllStackTraces))))))
      (f)
      (finally
        (pool/close *threads*)))))

(use-fixtures :once with-threads)

(defmacro ^:private in-time [& body]
  `(within patience-ms (bound-fn [] ~@body)))

;; ---- what the workers of this JVM call

(def ^:private evaluated (atom []))
(def ^:private gate (atom (CountDownLatch. 1)))

(defn- reset [] (reset! evaluated []) (reset! gate (CountDownLatch. 1)))
(defn- open-gate [] (.countDown ^CountDownLatch @gate))

(defn noted [x] (swap! evaluated conj x) x)
(defn noted-slowly [x] (Thread/sleep 5) (noted x))
(defn waits [x] (.await ^CountDownLatch @gate) (noted x))
(defn fails-at-20 [x] (when (= x 20) (throw (ex-info "twenty" {:x x}))) (noted-slowly x))
(defn interruptible [_] (swap! evaluated conj :begun) (Thread/sleep 100000))
(defn deaf [_]
  (swap! evaluated conj :begun)
  (while (pos? (.getCount ^CountDownLatch @gate))
    (try (.await ^CountDownLatch @gate) (catch InterruptedException _ (swap! evaluated conj :interrupted)))))
(defn flag [_] (Thread/interrupted))

;; ---- maps

(deftest the-results-of-a-map-are-in-order-whatever-the-chunk
  (doseq [chunk [1 3 1000 :auto], n [0 1 2 17 1000]]
    (is (= (map inc (range n)) (in-time (doall (pool/pmap {:pool *threads* :chunk chunk} 'inc (range n)))))
        (str chunk " " n))))

(deftest a-function-is-a-var-a-symbol-a-form-a-pfn-or-that-of-a-var
  (let [k 3]
    (doseq [f [#'str/upper-case 'clojure.string/upper-case 'str/upper-case '(fn [s] (str/upper-case s))
               (parallel/pfn [s] (str/upper-case s)) str/upper-case]]
      (is (= ["A" "B"] (pool/pmap {:pool *threads*} f ["a" "b"])) (pr-str f)))
    (is (= [3 6] (pool/pmap {:pool *threads*} (parallel/pfn [x] (* k x)) [1 2])))
    (is (= [1 2] (pool/pmap {:pool *threads*} :a [{:a 1} {:a 2}])))
    (doseq [f [(fn [x] x) nil 42 "inc"]]
      (is (= :bad-argument (error-kind #(pool/pmap {:pool *threads*} f [1])))))))

(deftest unordered-results-come-as-they-are-ready
  (reset)
  (let [results (pool/pmap-unordered {:pool *threads* :chunk 1 :in-flight 3}
                                     '(fn [x] (if (= x 0) (parallel.pool-test/waits x) x)) (range 50))
        early   (in-time (doall (take 40 results)))]
    (is (not (some #{0} early)))
    (open-gate)
    (is (= (set (range 50)) (in-time (set results))))))

(deftest the-first-error-stops-the-rest-within-a-chunk
  (doseq [[map-fn ordered?] [[pool/pmap-in true] [pool/pmap-unordered-in false]]]
    (reset)
    (let [results (map-fn 'parallel.pool-test {:pool *threads* :chunk 4} `fails-at-20 (range 10000))
          e       (in-time (error #(dorun results)))]
      (is (= {:parallel/error :remote-exception :class "clojure.lang.ExceptionInfo" :data {:x 20} :index 20}
             (select-keys e [:parallel/error :class :data :index])))
      (when ordered?
        (is (= (range 20) (take 20 results)) "what comes before it stands"))
      (is (not-any? #(< 20 % 24) @evaluated) "its own chunk ends there")
      (in-time @(pool/submit *threads* 'identity 1))
      (is (> 120 (count @evaluated))))))

(deftest errors-can-be-put-in-place
  (let [f '(fn [x] (/ 6 x))]
    (is (= [6 "Divide by zero" 3] (map #(if (instance? Exception %) (:message (ex-data %)) %)
                                       (pool/pmap {:pool *threads* :on-error :value} f [1 0 2]))))
    (is (= [6 [1 :remote-exception] 3]
           (pool/pmap {:pool *threads* :on-error (fn [e] [(:index (ex-data e)) (:parallel/error (ex-data e))])} f
                      [1 0 2])))))

(deftest a-value-that-cannot-travel-is-an-error-of-its-element-only
  (let [kind #(if (instance? Exception %) (select-keys (ex-data %) [:parallel/error :class :path :index]) %)]
    (testing "there"
      (is (= [0 {:parallel/error :not-transferable :class "clojure.lang.Atom" :path [:a] :index 1} 2]
             (map kind (pool/pmap {:pool *threads* :on-error :value :chunk 3} '(fn [x] (if (= x 1) {:a (atom x)} x))
                                  [0 1 2])))))
    (testing "here"
      (is (= [0 {:parallel/error :not-transferable :class "clojure.lang.Atom" :path [:a] :index 1} 2]
             (map kind (pool/pmap {:pool *threads* :on-error :value :chunk 3} 'identity [0 {:a (atom 1)} 2])))))
    (testing "of a task"
      (is (= :not-transferable (error-kind #(deref (pool/submit *threads* '(fn [] (atom 1)))))))
      (is (= :not-transferable (error-kind #(pool/submit *threads* 'identity (atom 1)))))
      (is (= 1 @(pool/submit *threads* 'identity 1))))))

(deftest taking-ten-of-an-infinite-map-evaluates-at-most-the-look-ahead-more
  (doseq [[opts most] [[{:chunk 1 :in-flight 7} 17] [{:chunk 5 :in-flight 10} 20] [{:chunk 2} (+ 10 18)]
                       [{} (+ 10 20)]]]
    (reset)
    (is (= (range 1 11)
           (in-time (doall (take 10 (pool/pmap (assoc opts :pool *threads*) '(fn [x] (inc (parallel.pool-test/noted x)))
                                               (range)))))))
    (is (await-true #(re-find #":queued 0 :running 0" (str *threads*))) "what was given out is evaluated")
    (is (<= 10 (count @evaluated) most) (str opts))
    (is (= (count @evaluated) (count (set @evaluated))))))

(deftest input-is-taken-lazily
  (let [taken (atom 0)
        input (iterate (fn [x] (swap! taken inc) (inc x)) 0)]
    (is (= [0 1 2] (in-time (doall (take 3 (pool/pmap {:pool *threads* :chunk 1 :in-flight 4} 'identity input))))))
    (is (<= @taken 8))
    (is (nil? (seq (pool/pmap {:pool *threads*} 'identity nil))))))

(deftest an-element-that-takes-too-long-is-stopped-and-leaves-the-others
  (reset)
  (let [kind #(if (instance? Exception %) (select-keys (ex-data %) [:parallel/error :timeout-ms :index]) %)
        late (fn [i] {:parallel/error :timeout :timeout-ms 50 :index i})]
    (pool/with-pool [p {:in :thread :grace-ms 100} 2]
      (testing "one that can be interrupted: its worker lives on"
        (let [before (await-true #(let [workers (set (pool/workers p))] (when (= 2 (count workers)) workers)))]
          (is (= [0 (late 1) 2 3]
                 (map kind (in-time (doall (pool/pmap {:pool p :timeout-ms 50 :chunk 2 :on-error :value}
                                                       '(fn [x] (if (= x 1) (Thread/sleep 100000) x)) (range 4)))))))
          (is (= before (set (pool/workers p))))))
      (testing "one that cannot: its worker is replaced"
        (let [before (set (pool/workers p))]
          (is (= [0 (late 1) 2 3]
                 (map kind (in-time (doall (pool/pmap {:pool p :timeout-ms 50 :chunk 4 :on-error :value}
                                                       '(fn [x] (if (= x 1) (parallel.pool-test/deaf x) x))
                                                      (range 4)))))))
          (is (await-true #(and (not= before (set (pool/workers p))) (= 2 (count (pool/workers p))))))))
      (open-gate))))

(deftest a-map-with-a-time-out-that-is-over-leaves-nothing-with-the-timer
  (is (= [0 1] (in-time (doall (pool/pmap {:pool *threads* :timeout-ms 3600000} 'identity [0 1])))))
  (is (await-true #(not-any? (fn [^Thread t] (= "parallel-later-0" (.getName t))) (keys (Thread/getAllStackTraces))))
      "it ends when there is nothing to be done for a second"))

(deftest a-map-within-an-element-is-evaluated-by-its-worker
  (is (= [[[0 true] [1 true]] [[1 true] [2 true]]]
         (in-time (doall (pool/pmap {:pool *threads* :chunk 1}
                                    '(fn [x]
                                       (let [id (parallel/id)]
                                         (vec (parallel.pool/pmap (parallel/pfn [y] [(+ x y) (= id (parallel/id))])
                                                                  [0 1]))))
                                    [0 1]))))))

(deftest random-numbers-depend-on-seed-and-index-only
  (let [draw  (fn [opts]
                (in-time (doall (pool/pmap opts '(fn [_] [(.nextLong (pool/rng)) (.nextDouble (pool/rng))])
                                           (range 40)))))
        three (draw {:pool *threads* :seed 5})]
    (pool/with-pool [one {:in :thread} 1]
      (is (= three (draw {:pool one :seed 5}) (draw {:pool one :seed 5 :chunk 7})))
      (is (= three (in-time (first (pool/pmap {:pool one}
                                              '(fn [_]
                                                 (vec (parallel.pool/pmap {:seed 5}
                                                                          '(fn [_] [(.nextLong (parallel.pool/rng))
                                                                                    (.nextDouble (parallel.pool/rng))])
                                                                          (range 40))))
                                              [1]))))
          "also within an element"))
    (is (= 40 (count (set three))))
    (is (not= three (draw {:pool *threads* :seed 6})))
    (is (not= (draw {:pool *threads*}) (draw {:pool *threads*})))
    (is (some? (.nextLong (pool/rng))))))

(deftest the-streams-of-neighbouring-elements-are-not-alike
  (let [bits (for [i (range 64)]
               (let [r (parallel.pool.ElementRandom. 1 i)] (dotimes [_ 3] (.nextLong r)) (.nextLong r)))
        ones (/ (reduce + (map #(Long/bitCount %) bits)) 64.0)]
    (is (< 28 ones 36) "half of the bits are set")
    (is (< 28 (/ (reduce + (map (fn [a b] (Long/bitCount (bit-xor a b))) bits (rest bits))) 63.0) 36)
        "half of them differ")))

(deftest progress-is-told-to-a-function-and-printed-elsewhere
  (let [told (atom [])]
    (in-time (dorun (pool/pmap {:pool *threads* :chunk 1 :progress #(swap! told conj %) :on-error :value}
                               '(fn [x] (/ 1 x)) (range 10))))
    (is (= {:done 10 :failed 1 :total 10 :finished? true} (select-keys (peek @told) [:done :failed :total :finished?])))
    (is (apply <= (map :done @told))))
  (is (re-matches #"10/10 done, \d+(\.\d)?/s, took 0 s\n"
                  (with-out-str (in-time (dorun (pool/pmap {:pool *threads* :chunk 1 :progress true}
                                                           '(fn [x] (Thread/sleep 5) x) (range 10)))))))
  (testing "the words"
    (let [facts (parallel.impl.progress/facts {:done 5 :failed 0 :total 20} 10000)]
      (is (= {:rate 0.5 :left-ms 30000} (select-keys facts [:rate :left-ms])))
      (is (= "[=======                       ] 5/20 done, 0.5/s, 30 s left" (parallel.impl.progress/bar facts)))
      (is (= "5 done, 0.5/s"
             (parallel.impl.progress/bar (parallel.impl.progress/facts {:done 5 :failed 0 :total nil} 10000))))))
  (testing "of hosts"
    (let [hosts {"two" {:done 3 :failed 1}, nil {:done 2 :failed 0}}
          facts (parallel.impl.progress/facts {:done 5 :failed 1 :total 20 :hosts hosts} 10000)]
      (is (= {"two" {:done 3 :failed 1 :rate 0.3}, "local" {:done 2 :failed 0 :rate 0.2}} (:hosts facts)))
      (is (= (str "5/20 done, 1 failed, 0.5/s, 30 s left\n  local: 2 done, 0.2/s\n  two: 3 done, 1 failed, 0.3/s")
             (parallel.impl.progress/lines facts)))
      (is (= "[=======                       ] 5/20 done, 1 failed, 0.5/s, 30 s left (local 2, two 3)"
             (parallel.impl.progress/bar facts))))))

(deftest a-progress-that-throws-hinders-nothing
  (let [calls (atom 0)]
    (is (= [1 2 3]
           (in-time (pool/pmap {:pool *threads* :chunk 1
                                :progress (fn [_] (swap! calls inc) (throw (ex-info "told once" {})))}
                               'inc [0 1 2]))))
    (is (<= 1 @calls 4))
    (is (= :remote-exception
           (error-kind #(in-time (dorun (pool/pmap {:pool *threads* :progress (fn [_] (throw (ex-info "told once" {})))}
                                                   '(fn [x] (/ 1 x)) [0 1 2]))))))))

(deftest the-messages-of-a-pools-worker-are-the-pools
  (doseq [ask '[(parallel/receive (parallel/parent)) (parallel/send (parallel/parent) 1)
                (parallel/send-end (parallel/parent))
                (parallel/select [(parallel/parent)]) (vec (parallel/messages (parallel/parent)))
                (parallel/receive-into! (parallel/parent) (int-array 1))]]
    (let [e (error (bound-fn [] (in-time @(pool/submit *threads* (list 'fn [] ask)))))]
      (is (= [:remote-exception {:parallel/error :bad-argument}] ((juxt :parallel/error :data) e)))
      (is (re-find #"are the pool's" (:message e)))))
  (is (= 3 (in-time @(pool/submit *threads* '+ 1 2)))))

(deftest a-shared-array-that-is-closed-is-an-error-of-its-element-or-task
  (let [xs (doto (shared/shared :long 3) shared/close)]
    (is (= [1 :closed 2] (map #(or (:parallel/error (ex-data %)) %)
                              (in-time (doall (pool/pmap {:pool *threads* :chunk 3 :on-error :value} 'identity
                                                         [1 xs 2]))))))
    (is (= :closed (error-kind (bound-fn [] (pool/submit *threads* 'identity xs)))))
    (is (= :closed (error-kind #(deref (parallel/run {:in :thread} 'count xs)))))
    (parallel/with-workers [w (parallel/fork {:in :thread})]
      (is (= :closed (error-kind #(deref (parallel/exec w 'count xs))))))))

(deftest sizes-and-times-without-end
  (is (= (range 1 101)
         (in-time (doall (pool/pmap {:pool *threads* :chunk Long/MAX_VALUE :timeout-ms Long/MAX_VALUE} 'inc
                                    (range 100))))))
  (pool/with-pool [p {:in :thread :min 0 :idle-timeout-ms Long/MAX_VALUE} 1]
    (is (= 3 (in-time @(pool/submit p '+ 1 2))))
    (let [looks #(some-> ^Thread (first (filter (fn [^Thread t] (= "parallel-later-0" (.getName t)))
                                                (keys (Thread/getAllStackTraces))))
                         .getState str)]
      (is (await-true #(contains? #{nil "TIMED_WAITING" "WAITING"} (looks)))
          "who looks whether it is idle for long sleeps"))))

(deftest interrupting-who-takes-the-results-stops-the-map
  (reset)
  (let [begun? #(some #{:begun} @evaluated)
        taker  (future (try (dorun (pool/pmap {:pool *threads* :chunk 1} 'parallel.pool-test/interruptible (range 100)))
                            (catch InterruptedException _ :stopped)))]
    (is (await-true begun?))
    (future-cancel taker)
    (is (= 1 (in-time @(pool/submit *threads* 'identity 1))))
    (is (await-true #(str/includes? (str *threads*) ":queued 0 :running 0")))
    (is (> 100 (count @evaluated)))))

;; ---- folds

(deftest a-fold-is-that-of-reducers-on-vectors-arrays-ranges-and-seqs
  (doseq [coll [[] (vec (range 1000)) (range 5) (range 10 1000 7) (range 100 0 -3) (map inc (range 2000))
                (double-array (range 100)) (list 1 2 3)]
          chunk [nil 1 16]]
    (is (= (reduce + coll)
           (in-time (pool/fold (cond-> {:pool *threads*} chunk (assoc :chunk chunk)) '+ '+ coll)))))
  (testing "a map: a function of the value so far, a key and its value"
    (doseq [m [{} {:a 1} (zipmap (range 1000) (range 1000)) (java.util.TreeMap. {1 2 3 4})]
            opts [{} {:chunk 7} {:seed 1}]]
      (is (= (reducers/fold + (fn [sum _ v] (+ sum v)) m)
             (in-time (pool/fold (assoc opts :pool *threads*) '+ '(fn [sum _ v] (+ sum v)) m)))))
    (is (= 6 (in-time (pool/fold {:pool *threads*} '+ '(fn [sum m] (+ sum (:a m))) [{:a 1} {:a 5}])))
        "elements that are maps"))
  (testing "in order"
    (is (= (vec (range 1000)) (in-time (pool/fold {:pool *threads* :chunk 10} 'into 'conj (list* (range 1000)))
                                       )) "into of nothing is []")
    (is (= (reducers/fold str str (vec (range 100)))
           (in-time (pool/fold {:pool *threads* :chunk 7} str str (vec (range 100)))))))
  (testing "seeded by the element, whatever the parts"
    (let [draw #(in-time (pool/fold {:pool *threads* :chunk % :seed 3} '+
                                    '(fn [sum _] (+ sum (.nextInt (pool/rng) 1000))) (range 100)))]
      (is (= (draw 1) (draw 9) (draw 100)))))
  (is (= {:parallel/error :remote-exception :part 2}
         (select-keys (error #(pool/fold {:pool *threads* :chunk 2} '+ '(fn [a x] (/ a x)) [1 1 1 1 1 0]))
                      [:parallel/error :part]))))

(defn- elements [part]
  (seq (second (source/reducible + (:elements part)))))

(deftest the-parts-of-a-fold-get-smaller-towards-the-end
  (doseq [coll [(range 5 100005) (vec (range 5 100005)) (long-array (range 5 100005))]
          workers [1 2 5]]
    (let [parts (source/parts coll :auto workers)
          sizes (map (comp count elements) parts)]
      (is (= (range 5 100005) (mapcat elements parts)))
      (is (= (butlast (reductions + 0 sizes)) (map :offset parts)))
      (is (apply >= sizes))
      (is (= (quot 100000 (* 4 workers)) (first sizes)))
      (is (> 3200 (last sizes)))))
  (is (= [30 30 30 10] (map (comp count elements) (source/parts (range 100) 30 2))))
  (is (= [1 1 1] (map (comp count elements) (source/parts [1 2 3] nil 2)))))

(deftest the-chunks-of-a-counted-collection-get-smaller-towards-the-end
  (let [size (fn [total index nanos]
               (#'pool-map/chunk-size {:chunk :auto :most Long/MAX_VALUE :workers 2 :total total}
                                      {:nanos nanos :bytes 1 :index index} 1000000))]
    (is (= [5 2 1 1] (map #(size 100 % 4e6) [0 92 95 99])))
    (is (= 5 (size nil 99 4e6)) "it is not known where the end is")
    (is (= 10000 (size 100000 99000 1e2)) "what takes less than a millisecond is not shared out")
    (testing "and are longer where a host is far"
      (with-redefs [pool-map/round-trip-nanos (constantly 40000000)]
        (is (= 200 (size nil 0 4e6)) "twenty round trips")
        (is (= [25 20] (map #(size 100 % 4e6) [0 92])) "two at the end")))))

;; ---- futures

(deftest a-task-is-a-future
  (let [task (pool/submit *threads* '(fn [a & more] (apply + a more)) 1 2 3)]
    (is (= 6 (in-time @task)))
    (is (= [6 true true] [(deref task 0 :late) (realized? task) (.isDone ^Future task)]))
    (is (re-find #"#parallel/task\{:state :done" (pr-str task)))
    (is (re-find #"#parallel/task" (with-out-str (pprint/pprint task)))))
  (is (= :late (let [task (do (reset) (pool/submit *threads* 'parallel.pool-test/waits 1))
                     value (deref task 10 :late)]
                 (is (re-find #":state :running|:queued" (in-time (pr-str task))))
                 (open-gate)
                 (is (= 1 (in-time @task)))
                 value)))
  (let [e (error #(deref (pool/submit *threads*
                                      '(fn [] (throw (IllegalStateException. "no" (ex-info "why" {:a 1})))))))]
    (is (= {:parallel/error :remote-exception :class "java.lang.IllegalStateException" :message "no"}
           (select-keys e [:parallel/error :class :message]))))
  (is (= {:a 1} (try @(pool/submit *threads* '(fn [] (throw (IllegalStateException. "no" (ex-info "why" {:a 1})))))
                     (catch Exception e (ex-data (last (take-while some? (iterate ex-cause e)))))))))

(deftest a-listener-is-called-when-a-task-is-done-or-at-once
  (let [task (pool/submit *threads* 'inc 1)
        told (promise)
        again (promise)]
    (is (identical? task (pool/on-done task #(deliver told @%))))
    (is (= 2 (deref told patience-ms :late)))
    (pool/on-done task #(deliver again (realized? %)))
    (is (true? (deref again patience-ms :late)))
    (is (= :bad-argument (error-kind #(pool/on-done (future 1) identity))))))

(deftest the-first-of-several-futures-that-is-done-wins-the-race
  (reset)
  (let [slow (pool/submit *threads* 'parallel.pool-test/waits 1)
        quick (pool/submit *threads* 'identity 2)]
    (is (identical? quick (in-time (pool/race [slow quick]))))
    (is (= :late (pool/race [slow] 5 :late)))
    (is (nil? (pool/race [])))
    (let [p (promise)]
      (is (identical? p (do (deliver p 1) (pool/race [slow p] 1000 :late)))))
    (is (= 3 @(in-time (pool/race [slow (future 3)]))))
    (is (= :bad-argument (error-kind #(pool/race [1]))))
    (open-gate)
    (is (= 1 (in-time @(pool/race [slow]))))))

(deftest a-task-that-is-cancelled-while-it-waits-never-runs
  (reset)
  (pool/with-pool [p {:in :thread} 3]
    (let [running (doall (repeatedly 3 #(pool/submit p 'parallel.pool-test/waits :running)))
          waiting (pool/submit p 'parallel.pool-test/noted :waited)]
      (is (true? (future-cancel waiting)))
      (is (false? (future-cancel waiting)))
      (is (thrown? CancellationException @waiting))
      (is (and (future-cancelled? waiting) (future-done? waiting)))
      (open-gate)
      (in-time (run! deref running))
      (in-time @(pool/submit p 'identity 1))
      (is (= [:running :running :running] @evaluated)))))

(deftest a-task-that-is-cancelled-while-it-runs-is-interrupted-and-its-worker-lives-on
  (reset)
  (let [workers (set (pool/workers *threads*))
        task    (pool/submit *threads* 'parallel.pool-test/interruptible 1)]
    (is (await-true #(= [:begun] @evaluated)))
    (future-cancel task)
    (is (thrown? CancellationException @task))
    (is (= (range 10) (in-time (doall (pool/pmap {:pool *threads* :chunk 1} 'identity (range 10))))))
    (is (= workers (set (pool/workers *threads*))))))

(deftest cancelling-at-once-is-never-too-early-for-the-interrupt
  (pool/with-pool [p {:in :thread :grace-ms 20000} 2]
    (in-time (dorun (pool/pmap {:pool p :chunk 1} 'identity (range 10))))
    (let [workers (set (pool/workers p))
          random  (java.util.Random. 1)]
      (dotimes [_ 3000]
        (let [task (pool/submit p 'parallel.pool-test/interruptible 1)]
          (dotimes [_ (.nextInt random 3000)] (Thread/onSpinWait))
          (future-cancel task)))
      (is (= 1 (in-time @(pool/submit p 'identity 1))))
      (is (await-true #(str/includes? (str p) ":running 0")))
      (is (= workers (set (pool/workers p))) "none had to be killed"))))

(deftest one-that-does-not-heed-the-interrupt-is-killed-after-the-grace
  (reset)
  (pool/with-pool [p {:in :thread :grace-ms 100} 1]
    (let [before (pool/workers p)
          task   (pool/submit p 'parallel.pool-test/deaf 1)]
      (is (await-true #(= [:begun] @evaluated)))
      (future-cancel task)
      (is (= 1 (in-time @(pool/submit p 'identity 1))) "its worker is replaced")
      (is (= [:begun :interrupted] (take 2 @evaluated)))
      (is (not= before (pool/workers p)))
      (open-gate))))

(deftest an-interrupt-never-hits-the-next-task
  (dotimes [_ 200]
    (let [tasks (doall (repeatedly 4 #(pool/submit *threads* '(fn [] (Thread/sleep 0 1000) 1))))
          after (doall (repeatedly 4 #(pool/submit *threads* 'parallel.pool-test/flag 1)))]
      (run! future-cancel tasks)
      (when (some true? (in-time (mapv deref after)))
        (is false "an interrupt has hit a task that it was not meant for"))))
  (is (= 1 (in-time @(pool/submit *threads* 'identity 1)))))

(deftest ten-thousand-tiny-tasks
  (is (= (range 1 10001) (in-time (mapv deref (mapv #(pool/submit *threads* 'inc %) (range 10000))))))
  (is (= (range 1 10001) (in-time (doall (pool/pmap {:pool *threads*} 'inc (range 10000)))))))

(deftest tasks-that-wait-behind-a-slow-one-go-to-a-worker-that-is-idle
  (reset)
  ;; they are short: workers get more than one
  (in-time (run! deref (mapv #(pool/submit *threads* 'inc %) (range 2000))))
  (let [slow  (doall (repeatedly 2 #(pool/submit *threads* 'parallel.pool-test/waits 1)))
        quick (mapv #(pool/submit *threads* 'identity %) (range 50))]
    (is (= (range 50) (in-time (mapv deref quick))))
    (open-gate)
    (in-time (run! deref slow))))

(deftest a-worker-has-the-next-part-of-a-map-unless-parts-take-long
  (doseq [[ms state] [[1 ":queued 0 :running 2"] [60 ":queued 1 :running 1"]]]
    (reset)
    (pool/with-pool [p {:in :thread} 1]
      (in-time (dotimes [_ 20] @(pool/submit p '(fn [ms] (Thread/sleep ms)) ms)))
      (let [mapped (future (doall (pool/pmap {:pool p :chunk 1} 'parallel.pool-test/waits (range 2))))]
        (is (await-true #(str/includes? (str p) state) 5000) (str p))
        (open-gate)
        (is (= [0 1] (in-time @mapped))))
      (reset)
      (let [tasks (mapv #(pool/submit p 'parallel.pool-test/waits %) (range 2))]
        (is (str/includes? (str p) ":queued 1 :running 1") "tasks are not given ahead then")
        (open-gate)
        (is (= [0 1] (in-time (mapv deref tasks))))))))

;; ---- the pool

(deftest what-waits-is-bounded
  (reset)
  (pool/with-pool [p {:in :thread :queue-length 2} 1]
    (let [running (pool/submit p 'parallel.pool-test/waits 1)
          _       (await-true #(str/includes? (str p) ":running 1"))
          waiting (doall (repeatedly 2 #(pool/try-submit p 'identity 2)))
          blocked (future (pool/submit p 'identity 3))]
      (is (every? some? waiting))
      (is (nil? (pool/try-submit p 'identity 4)))
      (is (= :blocked (deref blocked 50 :blocked)))
      (open-gate)
      (is (= [1 2 2 3] (in-time (mapv deref (concat [running] waiting [@blocked])))))))
  (reset)
  (pool/with-pool [p {:in :thread :queue-bytes 1000} 1]
    (let [_ (pool/submit p 'parallel.pool-test/waits 1)
          _ (await-true #(str/includes? (str p) ":running 1"))
          large (pool/try-submit p 'alength (byte-array 100000))]
      (is (some? large) "one that is larger is admitted")
      (is (nil? (pool/try-submit p 'identity 4)))
      (open-gate)
      (is (= 100000 (in-time @large))))))

(deftest threads-that-use-one-pool-take-turns
  (reset)
  (pool/with-pool [p {:in :thread} 1]
    (let [first-one (pool/submit p 'parallel.pool-test/waits :first)
          _         (await-true #(str/includes? (str p) ":running 1"))
          many      (mapv (fn [_] (pool/submit p 'parallel.pool-test/noted :many)) (range 50))
          few       @(future (mapv (fn [_] (pool/submit p 'parallel.pool-test/noted :few)) (range 3)))]
      (open-gate)
      (in-time (run! deref (concat many few)))
      (is (= [:first :many :few :many :few :many :few] (take 7 @evaluated))))))

(deftest a-pool-that-is-closed-fails-what-waits-and-what-runs
  (reset)
  (let [p       (pool/pool {:in :thread :grace-ms 100} 1)
        tasks   (mapv #(pool/submit p 'parallel.pool-test/waits %) (range 3))
        mapping (future (error-kind #(dorun (pool/pmap {:pool p} 'identity (range 10)))))
        kinds   (mapv #(future (error-kind (fn [] (deref %)))) tasks)]
    (await-true #(str/includes? (str p) ":running 1"))
    (pool/close p)
    (pool/close p)
    (is (= [:closed :closed :closed :closed] (in-time (mapv deref (conj kinds mapping)))))
    (is (= [] (pool/workers p)))
    (is (= [:closed :closed]
           [(error-kind #(pool/submit p 'inc 1)) (error-kind #(dorun (pool/pmap {:pool p} 'inc [1])))]))
    (is (re-find #":closed true" (pr-str p)))
    (open-gate)))

(deftest a-shutdown-does-what-waits-and-ends-the-workers
  (let [before (set (parallel/children))
        ^Pool p (pool/pool {:in :thread} 1)
        tasks   (mapv #(pool/submit p 'inc %) (range 20))]
    (.shutdown p)
    (is (= :closed (error-kind #(pool/submit p 'inc 1))))
    (is (= (range 1 21) (in-time (mapv deref tasks))))
    (is (.awaitTermination p patience-ms TimeUnit/MILLISECONDS))
    (is (= [true true before] [(.isShutdown p) (.isTerminated p) (set (parallel/children))]))))

(deftest a-pool-grows-with-the-load-and-shrinks-when-it-is-idle
  (reset)
  (pool/with-pool [p {:in :thread :min 1 :max 3 :idle-timeout-ms 20} 1]
    (let [tasks (mapv #(pool/submit p 'parallel.pool-test/waits %) (range 6))]
      (is (await-true #(= 3 (.size ^Pool p))))
      (open-gate)
      (is (= (range 6) (in-time (mapv deref tasks))))
      (is (await-true #(= 1 (.size ^Pool p))))
      (is (= 7 (in-time @(pool/submit p 'inc 6)))))))

(deftest a-worker-is-renewed-after-so-many-tasks
  (pool/with-pool [p {:in :thread :max-tasks 3} 1]
    (is (= {3 3}
           (frequencies (vals (frequencies (in-time (mapv deref
                                                          (mapv (fn [_] (pool/submit p 'parallel/id)) (range 9)))))))))
    (is (= 4 (count (set (in-time (doall (pool/pmap {:pool p :chunk 1} '(fn [_] (parallel/id)) (range 12))))))))))

(deftest a-worker-that-is-killed-is-replaced-and-its-task-done-again
  (reset)
  (pool/with-pool [p {:in :thread} 2]
    (is (await-true #(= 2 (count (pool/workers p)))))
    (let [tasks (mapv #(pool/submit p 'parallel.pool-test/waits %) (range 4))]
      (is (await-true #(str/includes? (str p) ":running 2")))
      (parallel/kill (first (pool/workers p)))
      (is (await-true #(and (= 2 (count (pool/workers p))) (str/includes? (str p) ":running 2"))))
      (open-gate)
      (is (= (range 4) (in-time (mapv deref tasks)))))))

(deftest ^:elsewhere a-pool-whose-workers-cannot-start-fails-its-futures
  (pool/with-pool [p {:java "/no/such/java"} 2]
    (let [tasks (mapv #(pool/submit p 'inc %) (range 5))]
      (is (= #{:start-failed} (set (in-time (mapv #(error-kind (fn [] (deref %))) tasks)))))
      (is (= :start-failed (in-time (error-kind #(dorun (pool/pmap {:pool p} 'inc (range 10))))))
          "and is tried again"))))

(deftest everywhere-reaches-the-workers-of-a-pool
  (pool/with-pool [p {:in :thread} 1]
    (reset)
    (let [task (pool/submit p 'parallel.pool-test/waits 1)]
      (await-true #(str/includes? (str p) ":running 1"))
      (is (every? #{42} (in-time (parallel/everywhere 42))) "also while it is busy")
      (parallel/everywhere-forget)
      (open-gate)
      (is (= 1 (in-time @task))))))

(deftest status-says-what-a-pools-worker-does
  (reset)
  (pool/with-pool [p {:in :thread :name "counters"} 1]
    (is (await-true #(= [[:idle nil "counters"]] (map (juxt :state :doing :name) (parallel/status (pool/workers p))))))
    (let [mapping (future (dorun (pool/pmap {:pool p} 'parallel.pool-test/waits [7])))]
      (is (await-true #(= [[:running "parallel.pool-test/waits, element 0"]]
                          (map (juxt :state :doing) (parallel/status (pool/workers p))))))
      (open-gate)
      (in-time @mapping))))

(deftest what-is-not-allowed-is-refused-at-once
  (doseq [[call text] [[#(pool/pool 0) "from 1 to 1024"] [#(pool/pool "4") "\"4\""]
                       [#(pool/pool {:mim 1} 2) ":max-tasks"] [#(pool/pool {:min 3 :max 2} 2) ":min at most :max"]
                       [#(pool/pool {:max-tasks 0} 2) ":max-tasks"] [#(pool/pool {:cores-per-worker 0} 1) "cores"]
                       [#(pool/pool {:max-heap "x"} 1) "512m"]
                       [#(pool/pool {:max-heap-use 0} 1) ":max-heap-use of pool is 0; allowed is a fraction above 0"]
                       [#(pool/pool {:max-heap-use 1} 1) "is 1; allowed is a fraction above 0 and below 1"]
                       [#(pool/pool {:max-heap-use 2} 1) "is 2; allowed is a fraction above 0 and below 1"]
                       [#(pool/pool {:max-heap-use "x"} 1) "is \"x\"; allowed is a fraction above 0 and below 1"]
                       [#(pool/pool {:max-heap-use ##NaN} 1) "is ##NaN; allowed is a fraction above 0 and below 1"]
                       [#(pool/pool {:in :thread} 257)
                        "257 workers does not fit into a session of at most 256 (max-workers)"]
                       [#(pool/pool {:in :thread :max-workers 3 :max 4} 1)
                        "4 workers does not fit into a session of at most 3"]
                       [#(pool/submit 1 'inc 1) "takes a pool"] [#(pool/close nil) "nil"]
                       [#(pool/race 5) "a collection of futures, not 5"]
                       [#(pool/race (pool/submit *threads* 'identity 1)) "a collection of futures"]
                       [#(pool/on-done (pool/submit *threads* 'identity 1) nil) "a function of the future"]
                       [#(pool/pmap {:pool *threads*} 'inc 5) "a collection, not 5"]
                       [#(pool/fold {:pool *threads*} '+ '+ 5) "a collection, not 5"]
                       [#(pool/pmap {:chunk 0 :pool *threads*} 'inc [1]) ":auto or a number"]
                       [#(pool/pmap {:in-fligth 1} 'inc [1]) ":in-flight"]
                       [#(pool/pmap {:on-error :ignore} 'inc [1]) ":throw, :value"]
                       [#(pool/pmap {:pool 3} 'inc [1]) "a pool"]
                       [#(pool/pmap {:timeout-ms -1} 'inc [1]) "milliseconds"] [#(pool/pmap [] 'inc [1]) "a map"]
                       [#(pool/fold {:seed "x"} '+ '+ [1]) "integer"]]]
    (let [e (error (bound-fn [] (call)))]
      (is (= :bad-argument (:parallel/error e)))
      (is (str/includes? (str (:message-of-error e)) text) (:message-of-error e)))))

(deftest heaps-that-do-not-fit-are-refused-with-the-arithmetic
  (let [e (error #(pool/pool {:max-heap "900g"} 3))]
    (is (= :bad-argument (:parallel/error e)))
    (is (re-find (re-pattern (str #"3 workers, each with a heap of 921600 MiB .* 3 x 921600 MiB = 2764800 MiB; "
                                  #"this machine or container has \d+ MiB"))
                 (:message-of-error e)))))

;; ---- workers that are processes

(deftest ^:elsewhere a-pool-of-processes
  (pool/with-pool [p 2]
    (testing "each has its share of cores and memory"
      (let [[cores heap] (in-time @(pool/submit p '(fn []
                                                     [(.availableProcessors (Runtime/getRuntime))
                                                      (.maxMemory (Runtime/getRuntime))])))
            machine      (java.lang.management.ManagementFactory/getOperatingSystemMXBean)]
        (is (= cores (max 1 (quot (.availableProcessors (Runtime/getRuntime)) 2))))
        (is (< heap (.getTotalMemorySize ^com.sun.management.OperatingSystemMXBean machine)))))
    (testing "values larger than the ring"
      (is (= [3000000 1000000]
             (in-time (doall (map alength
                                  (pool/pmap {:pool p :chunk 1} '(fn [n] (double-array n)) [3000000 1000000]))))))
      (is (= [3000000] (in-time (doall (pool/pmap {:pool p} '(fn [xs] (alength xs)) [(double-array 3000000)]))))))
    (testing "an element whose worker dies is tried again, once"
      (let [marker (io/file "target" (str "died-" (System/nanoTime)))]
        (try
          (let [marker-path (str (.getAbsolutePath marker))
                f (parallel/pfn [x] (when (and (= x 3) (.createNewFile (java.io.File. marker-path)))
                                      (.halt (Runtime/getRuntime) 9))
                                (* x x))]
            (is (= (map #(* % %) (range 8)) (in-time (doall (pool/pmap {:pool p :chunk 4} f (range 8)))))))
          (finally
            (.delete marker)))))
    (testing "the one that has killed two is named, and the others are done"
      (let [results (in-time (doall (pool/pmap {:pool p :chunk 5 :on-error :value}
                                               '(fn [x] (when (= x :bad) (System/exit 3)) x) [1 2 :bad 4 5 6])))]
        (is (= [1 2 4 5 6] (remove #(instance? Exception %) results)))
        (is (= {:parallel/error :worker-died :exit 3 :poison true :index 2 :element :bad}
               (select-keys (ex-data (nth results 2)) [:parallel/error :exit :poison :index :element])))))
    (testing "also as a task"
      (is (= {:parallel/error :worker-died :exit 3 :poison true}
             (select-keys (in-time (error #(deref (pool/submit p '(fn [] (System/exit 3))))))
                          [:parallel/error :exit :poison]))))
    (is (= 2 (in-time @(pool/submit p 'inc 1))))))

(deftest ^:slow ^:elsewhere every-task-is-done-once-in-the-results-while-workers-are-killed
  (pool/with-pool [p 3]
    (let [over   (promise)
          killer (future
                   (loop [kills 0]
                     (if (deref over 200 nil)
                       kills
                       (let [ready (filter #(= :running (:state (parallel/status %))) (pool/workers p))]
                         (if (next ready)       ; one is left: a JVM takes longer than that to start
                           (do (parallel/kill (rand-nth ready))
                               (recur (inc kills)))
                           (recur kills))))))
          tasks  (mapv #(pool/submit p '(fn [x] (Thread/sleep 2) (* 2 x)) %) (range 1000))
          mapped (in-time (doall (pool/pmap {:pool p} '(fn [x] (Thread/sleep 2) (* 3 x)) (range 1000))))]
      (is (= (map #(* 3 %) (range 1000)) mapped))
      (is (= (map #(* 2 %) (range 1000)) (in-time (mapv deref tasks))))
      (deliver over true)
      (is (pos? (long @killer))))))

(deftest ^:elsewhere the-default-pool-is-shared-and-ends-with-the-workers
  (let [f (fn [] (pool/default-pool))
        p (f)]
    (is (identical? p (f)))
    (is (= (.availableProcessors (Runtime/getRuntime)) (.most ^Pool p)))
    (is (= [2 3] (in-time (doall (pool/pmap 'inc [1 2])))))
    (pool/close p)
    (is (not (identical? p (f))))
    (let [again (f)
          task  (pool/submit again '(fn [] (Thread/sleep 100000)))]
      (pool/close again)
      (is (= :closed (error-kind #(deref task)))))))

(deftest ^:elsewhere what-is-defined-at-the-prompt-goes-along
  (pool/with-pool [p 1]
    (binding [*ns* (create-ns (gensym "pasted"))]
      (refer 'clojure.core)
      (run! #(definitions/evaluate eval %)
            '[(require '[parallel.pool :as pool])
              (defn twice [x] (* 2 x))])
      (intern *ns* 'p p)
      (is (= [2 4] (in-time (eval '(doall (pool/pmap {:pool p} 'twice [1 2]))))))
      (definitions/evaluate eval '(defn twice [x] (* 20 x)))
      (is (= [20 40] (in-time (eval '(doall (pool/pmap {:pool p} '(fn [x] (twice x)) [1 2])))))))))

(defmacro of-our-own [x] x)

(deftest a-function-is-prepared-again-only-when-something-has-changed-that-it-means
  (binding [*ns* (create-ns (gensym "prepared"))]
    (let [home     (ns-name *ns*)
          form     '(fn [x] (outer x))
          shared   (fn [f] (:shared (function/shared-and-text Destination/HERE home
                                                              'parallel.impl.pool-worker/function [f])))
          define   (fn [form] (definitions/evaluate eval form))
          changes? (fn [f change]
                     (let [before (shared f)]
                       (is (identical? before (shared f)) "it is not prepared anew")
                       (change)
                       (not= before (shared f))))]
      (refer 'clojure.core)
      (define '(defn inner [x] x))
      (define '(defn outer [x] (inner x)))
      (is (changes? 'outer #(define '(defn outer [x] (inner (inner x))))) "a var")
      (is (changes? form #(define '(defn inner [x] (+ 2 x)))) "one that it refers to")
      (is (changes? form #(define '(defmulti inner identity))) "a function becomes a multimethod")
      (is (changes? form #(define '(defmethod inner 1 [_] :one))) "a method is added")
      (is (changes? form #(alter-var-root (ns-resolve home 'outer) (constantly inc))) "a root without a source")
      (alias 'joining 'clojure.string)
      (is (changes? '(fn [s] (joining/join s)) #(do (ns-unalias *ns* 'joining) (alias 'joining 'clojure.set)))
          "an alias")
      (refer 'clojure.string :only ['join])
      (is (changes? '(fn [s] (join s)) #(do (ns-unmap *ns* 'join) (refer 'clojure.set :only ['join]))) "a name")
      (is (not= (shared '(fn [] (count [1]))) (shared '(fn [] (count (1)))))
          "lists that are equal may mean different things")
      (testing "what may depend on more is prepared each time"
        (refer 'parallel.pool-test :only ['of-our-own])
        (doseq [f [(list 'fn [] (double-array 1)) '(fn [x] (of-our-own x)) '(fn [x] (not.loaded/f x))
                   '(fn [x] (eval x))]]
          (is (not (identical? (shared f) (shared f))) (pr-str f)))))))

(deftest a-pfn-is-compiled-once-by-a-worker
  (let [f (let [k 3] (parallel/pfn [x] (* k x)))]
    (is (= (:shared (function/shared-and-text Destination/HERE 'user 'parallel.impl.pool-worker/function [f]))
           (:shared (function/shared-and-text Destination/HERE 'user 'parallel.impl.pool-worker/function [f]))))))
