(ns ^:jit ^:jvm parallel.bounds-test
  "Memory is bounded by the heap that pays for it, and where it runs out a call ends with an error that says so."
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.api :as parallel]
            [parallel.pool :as pool]
            [parallel.root :as root]
            [parallel.support :refer [error quick-jvm thorough? within]]))

(def ^:private small "Of a pool." {:max-heap "96m" :jvm-opts quick-jvm})

(deftest ^{:deadline-s 240} a-root-of-64-MB-joins-workers-that-send-more-than-its-heap-holds
  (let [{:keys [said exit left]}
        (apply root/run {:jvm-opts ["-Xmx64m"]}
               (concat root/prelude
                       '[(def ws
                           (vec (repeatedly 3
                                            #(p/run {:max-heap "48m"}
                                                    '(dotimes [i 150000]
                                                       (parallel/send (parallel/parent) [i "some text" {:a i}]))))))
                         (def joined (mapv #(future (p/join %)) ws))
                         (doseq [w ws]
                           (println "from one"
                                    (outcome (loop [n 0]
                                               (let [m (p/receive w 30000 :late)]
                                                 (if (= [n "some text" {:a n}] m)
                                                   (if (= n 149999) :all (recur (inc n)))
                                                   m))))))
                         (println "joined" (outcome (mapv deref joined)))
                         (System/exit 0)]))]
    (is (= ["from one :all" "from one :all" "from one :all" "joined [nil nil nil]"] said))
    (is (= 0 exit))
    (is (empty? left))))

(deftest ^{:deadline-s 240} full-rings-of-dead-workers-do-not-fill-the-heap
  (let [{:keys [said exit left]}
        (apply root/run {:jvm-opts ["-Xmx64m"]}
               (concat root/prelude
                       '[(def ws (vec (repeatedly 24 #(p/run {:in :thread :ring-bytes 2097152}
                                                             '(loop [i 0] (if (parallel/try-send (parallel/parent) i)
                                                                            (recur (inc i))
                                                                            i))))))
                         (def sent (mapv p/join ws))
                         (println "rings are full" (every? #(< 50000 %) sent))
                         (println "received"
                                  (outcome (every? true?
                                                   (map (fn [w n]
                                                          (loop [i 0]
                                                            (if (= i n) true (and (= i (p/receive w 30000 :late))
                                                                                  (recur (inc i))))))
                                                        ws sent))))
                         (println "after it"
                                  (set (map #(:parallel/error (try (p/receive %) (catch Exception e (ex-data e)))) ws)))
                         (System/exit 0)]))]
    (is (= ["rings are full true" "received true" "after it #{:closed}"] said))
    (is (= 0 exit))
    (is (empty? left))))

(deftest ^{:deadline-s 240} what-forgotten-workers-left-unread-holds-up-no-other
  (let [{:keys [said]}
        (apply root/run {:jvm-opts ["-Xmx64m"]}
               (concat root/prelude
                       '[(defn sender [n]
                           (p/run {:in :thread}
                                  '(fn [n] (dotimes [_ n] (parallel/send (parallel/parent) (byte-array 100000))) n)
                                  n))
                         (dotimes [_ 4] (p/join (sender 36)))       ; 14 MB of 16, forgotten with their handles
                         (println "joined" (outcome (p/join (sender 100) 40000 :late)))
                         (System/exit 0)]))]
    (is (= ["joined 100"] said))))

(deftest ^{:deadline-s 300} random-traffic-in-small-heaps-comes-to-values-or-errors
  (let [seed (rand-int 1000000)
        {:keys [said left]} (root/run {:jvm-opts ["-Xmx64m"]} '(require 'parallel.hungry)
                                      (list 'parallel.hungry/-main (if (thorough?) "15" "5") (str seed)))]
    (is (= "end 0" (last said)) (str "seed " seed "\n" (str/join "\n" said)))
    (is (not-any? #(str/includes? % "WRONG") said) (str/join "\n" said))
    (is (empty? left))))

(deftest ^{:deadline-s 240} an-array-of-more-than-half-the-heap-arrives
  (let [{:keys [said]}
        (apply root/run {:jvm-opts ["-Xmx256m"]}
               (concat root/prelude
                       '[(def w
                           (p/run {:max-heap "400m"} '(parallel/send (parallel/parent) (double-array 18000000 1.0))))
                         (println (outcome (alength ^doubles (p/receive w))))
                         (System/exit 0)]))]
    (is (= ["18000000"] said) "144 MB in a heap of 256")))

(deftest ^{:deadline-s 240} a-result-that-does-not-fit-is-that-task-s-error-and-the-pool-goes-on
  (let [{:keys [said]}
        (apply root/run {:jvm-opts ["-Xmx64m"]}
               (concat root/prelude
                       '[(require '[parallel.pool :as pool])
                         (def pl (pool/pool {:max-heap "400m"} 1))
                         (println (first (outcome (alength ^bytes @(pool/submit pl '(fn [] (byte-array 100000000)))))))
                         (println (outcome @(pool/submit pl '+ 1 2)))
                         (System/exit 0)]))]
    (is (= [":not-transferable" "3"] said))))

(deftest ^{:deadline-s 240} what-is-under-way-to-a-pool-s-worker-is-bounded-by-its-heap
  (pool/with-pool [p {:max-heap "64m"} 1]
    (is (= 200000000
           (within 120000
                   (fn []
                     (reduce + (pool/pmap {:pool p} '(fn [^bytes x] (alength x))
                                          (map (fn [_] (byte-array 10000)) (range 20000))))))))
    (testing "a task that does not fit at all is an error of its own"
      (let [e (error #(within 120000
                              (fn [] @(pool/submit p 'count (vec (repeatedly 12 (fn [] (byte-array 10000000))))))))]
        (is (contains? #{:remote-exception :worker-died} (:parallel/error e)))
        (is (re-find #"heap|memory" (:message-of-error e)))))
    (is (= 3 (within 60000 (fn [] @(pool/submit p '+ 1 2)))))))

(deftest ^{:deadline-s 240} evaluations-that-do-not-fit-into-the-worker-are-answered
  (let [w (parallel/fork {:max-heap "48m"})]
    (is (= [:not-transferable true]
           (within 120000 (fn [] (let [e (error #(deref (parallel/exec w 'count (byte-array 60000000))))]
                                   [(:parallel/error e) (boolean (re-find #"heap" (:message-of-error e)))])))))
    (is (= (range 200)
           (within 120000
                   (fn []
                     (mapv deref (mapv (fn [i] (parallel/exec w '(fn [_ i] i) (byte-array 1000000) i)) (range 200)))))))
    (is (nil? (parallel/join w)))))

;; ---- inputs of maps

(defn- once
  "Something that can be iterated once."
  [n]
  (let [it (.iterator ^Iterable (range n))]
    (reify Iterable (iterator [_] it))))

(defn- throwing-at [i n]
  (eduction (map #(if (= i %) (throw (ex-info "input" {:at %})) %)) (range n)))

(deftest ^{:deadline-s 240} the-input-of-a-map-is-walked-once-and-its-error-comes-after-the-results-before-it
  (pool/with-pool [p small 2]
    (is (= (range 1 301) (pool/pmap {:pool p} 'inc (once 300))))
    (is (= (set (range 1 301)) (set (pool/pmap-unordered {:pool p} 'inc (once 300)))))
    (is (= 45150 (pool/fold {:pool p} '+ '(fn [acc x] (+ acc x 1)) (once 300))))
    (let [steps (atom 0)]
      (is (= 300 (count (pool/pmap {:pool p} 'inc (eduction (map #(do (swap! steps inc) %)) (range 300))))))
      (is (= 300 @steps)))
    (doseq [f [pool/pmap pool/pmap-unordered]]
      (let [got (atom [])]
        (is (= {:at 50}
               (ex-data (try (run! #(swap! got conj %) (f {:pool p} 'inc (throwing-at 50 300)))
                             (catch Exception e e)))))
        (is (= (set (range 1 51)) (set @got)))))
    (is (= :bad-argument
           (:parallel/error (error #(pool/pmap {:pool p} 'inc
                                               (reify clojure.lang.IReduceInit (reduce [_ _ init] init)))))))))

;; ---- a pool's deaths, ends and races

(deftest ^:once ^{:deadline-s 420} a-function-that-kills-its-worker-while-it-is-loaded-is-tried-in-three-JVMs-per-call
  (doseq [how ["exit" "signal"]]
    (let [starts (doto (java.io.File/createTempFile "starts" "") (.deleteOnExit))
          count! (fn [] (let [n (count (slurp starts))] (spit starts "") n))]
      (try
        (pool/with-pool [p (assoc small :env {"PARALLEL_TEST_DEADLY" how "PARALLEL_TEST_STARTS" (str starts)}) 2]
          (doseq [call (cond-> [#(doall (pool/pmap {:pool p} 'parallel.deadly/f (range 100)))]
                         (= "exit" how) (conj #(deref (pool/submit p 'parallel.deadly/f 1))))]
            (let [e (error #(within 200000 call))]
              (is (= :worker-died (:parallel/error e)))
              (is (re-find #"parallel\.deadly/f" (:message-of-error e)))
              (is (= ({"exit" 3 "signal" 10} how) (count!)) how)))
          (is (= [1 2] (pool/pmap {:pool p} 'inc [0 1]))))
        (finally
          (.delete starts))))))

(deftest ^{:deadline-s 120} what-shutdownNow-returns-has-not-run
  (let [ran (parallel.crash/temporary)
        p   (pool/pool small 1)
        tasks (mapv (fn [i] (pool/submit p '(fn [dir i] (spit (str dir "/" i) "")) (str ran) i)) (range 300))
        _   @(first tasks)
        waiting (set (.shutdownNow ^java.util.concurrent.ExecutorService p))]
    (.awaitTermination ^java.util.concurrent.ExecutorService p 60 java.util.concurrent.TimeUnit/SECONDS)
    (is (seq waiting))
    (is (not-any? (fn [i] (and (waiting (tasks i)) (.exists (java.io.File. (str ran "/" i))))) (range 300)))
    (parallel.crash/delete ran)))

(deftest ^{:deadline-s 120} a-race-that-is-over-leaves-nothing-at-the-losers
  (pool/with-pool [p small 2]
    (let [slow (pool/submit p '(fn [] (Thread/sleep 600000)))
          field (doto (.getDeclaredField parallel.pool.PoolTask "revocable") (.setAccessible true))]
      (dotimes [i 200]
        (is (= (inc i) @(pool/race [slow (pool/submit p 'inc i)]))))
      (is (empty? (.get field slow)))
      (future-cancel slow))))
