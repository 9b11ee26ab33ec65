(ns parallel.shared-primitives-test
  "Locks, barriers, latches and counters among processes, and what breaks them."
  (:require [clojure.test :refer [deftest is testing]]
            [parallel.api :as parallel]
            [parallel.shared :as shared]
            [parallel.support :refer [await-true error error-kind within]])
  (:import [java.util.concurrent TimeUnit]
           [java.util.concurrent.locks Lock]))

(defn- id-of [^parallel.Worker w] (.id w))
(defn- pid-of [^parallel.Worker w] (.pid w))

(defn- breaks
  "[kind id pid] of the error that the thunk ends with, which it must do within a second or so; the machine may be
  busy."
  [thunk]
  ((juxt :parallel/error :worker/id :worker/pid) (within 20000 #(error thunk))))

(defn- remote-break
  "The same of a reply."
  [reply]
  (let [e (within 20000 #(error (fn [] (deref reply))))]
    ((juxt :parallel/error :worker/id :worker/pid) (:data e))))

(deftest ^{:deadline-s 120} processes-take-turns-and-wait-for-each-other
  (parallel/with-workers [ws (parallel/fork 4)]
    (with-open [lock (shared/lock)
                barrier (shared/barrier 4)
                gate (shared/latch 1)
                done (shared/latch 4)
                xs (shared/shared :long 5)]
      (let [replies (parallel/exec ws '(fn [{:keys [lock barrier gate done xs i]}]
                                         (shared/await gate)
                                         ;; no atomics: the lock alone keeps them apart
                                         (dotimes [_ 500]
                                           (shared/with-lock lock
                                             (shared/with-lock lock          ; reentrant
                                               (shared/aset* xs 4 (inc (shared/aget* xs 4))))))
                                         (let [behind (atom 0)]
                                           (dotimes [round 100]
                                             (shared/get-and-add! xs (mod round 4) 1)
                                             (shared/await barrier)
                                             (when (not= (* 4 (inc (quot round 4)))
                                                         (shared/get-volatile xs (mod round 4)))
                                               (swap! behind inc))
                                             (shared/await barrier))
                                           (shared/count-down! done)
                                           @behind))
                                   {:lock lock :barrier barrier :gate gate :done done :xs xs})]
        (is (= 1 (shared/value gate)))
        (is (= ::late (shared/await done 20 ::late)))
        (shared/count-down! gate)
        (is (= true (shared/await done)))
        (is (= [0 0 0 0] (mapv deref replies)) "nobody was let through early")
        (is (= [100 100 100 100 2000] (seq xs)))))

    (testing "kill -9"
      (let [[a b c d] ws]
        (with-open [lock (shared/lock)
                    barrier (shared/barrier 3)
                    latch (shared/latch 2)]
          @(parallel/exec a '(fn [lock barrier latch] (shared/acquire lock) nil) lock barrier latch)
          (is (= ::held (shared/acquire lock 20 ::held)))
          (is (= (id-of a) (.holder ^parallel.SharedLock lock)))
          (let [waiting (parallel/exec [b c] '(fn [barrier] (shared/await barrier)) barrier)
                counting (parallel/exec d '(fn [latch] (shared/count-down! latch) (shared/await latch)) latch)]
            (is (await-true #(= 2 (.waiting ^parallel.SharedBarrier barrier))))
            (parallel/kill a)
            (let [expected [:worker-died (id-of a) (pid-of a)]]
              (testing "of the lock's holder"
                (is (= expected (breaks #(shared/acquire lock))))
                (is (thrown? parallel.WorkerDiedException (.tryLock ^Lock lock)))
                (is (= (id-of a)
                       (:worker/id (:data (error #(deref (parallel/exec b '(fn [lock] (shared/acquire lock)) lock))))))
                    "and whoever comes later")
                (is (= true (shared/acquire (shared/repair lock))))
                (shared/release lock))
              (testing "of a party that had not come to the barrier yet"
                (is (= [expected expected] (mapv remote-break waiting)))
                (is (= expected (breaks #(shared/await barrier))))
                (is (= ::late (shared/await (shared/reset barrier) 10 ::late))))
              (testing "of one that had to count down"
                (is (= expected (remote-break counting)))
                (is (= expected (breaks #(shared/await latch))))))))
        (testing "while it waits at the barrier itself, and of the root's own wait"
          (with-open [barrier (shared/barrier 4)]
            (parallel/exec [b c] '(fn [barrier] (shared/await barrier)) barrier)
            (is (await-true #(= 2 (.waiting ^parallel.SharedBarrier barrier))))
            (let [mine (future (breaks #(shared/await barrier)))]
              (is (await-true #(= 3 (.waiting ^parallel.SharedBarrier barrier))))
              (parallel/kill b)
              (is (= [:worker-died (id-of b) (pid-of b)] @mine)))))))))

(deftest the-end-of-a-worker-that-is-a-thread-breaks-what-it-held
  (parallel/with-workers [ws (parallel/fork {:in :thread} 2)]
    (with-open [lock (shared/lock)
                barrier (shared/barrier 2)]
      (let [[a b] ws]
        @(parallel/exec a '(fn [lock _] (shared/acquire lock)) lock barrier)
        (let [waiting (parallel/exec b '(fn [barrier] (shared/await barrier)) barrier)]
          (is (= ::held (shared/acquire lock 10 ::held)))
          (parallel/stop a)
          (is (= [:worker-died (id-of a)] (take 2 (breaks #(shared/acquire lock)))))
          (is (= [:worker-died (id-of a)] (take 2 (remote-break waiting))))
          (is (re-find #"^#parallel/lock\{:holder \d+ :broken true\}$" (str lock)))
          (is (re-find #"^#parallel/barrier\{:parties 2 :waiting \d :broken true\}$" (str barrier)))
          (is (= "#parallel/lock{:holder nil}" (str (shared/repair lock)))))))))

(deftest who-gives-up-is-not-counted
  (with-open [barrier (shared/barrier 2)
              lock (shared/lock)]
    (testing "for a time-out"
      (is (= ::late (shared/await barrier 20 ::late)))
      (is (zero? (.waiting ^parallel.SharedBarrier barrier))))
    (testing "for an interrupt"
      (shared/acquire lock)
      (doseq [wait [#(shared/await barrier) #(shared/acquire lock)]]
        (let [thrown (promise)
              thread (doto (Thread. ^Runnable #(try (wait) (deliver thrown :opened)
                                                    (catch InterruptedException _ (deliver thrown :interrupted))))
                       .start)]
          (.interrupt thread)
          (is (= :interrupted (deref thrown 20000 ::hangs)))))
      (is (zero? (.waiting ^parallel.SharedBarrier barrier))))
    (testing "and the barrier opens for two as before"
      (let [other (future (shared/await barrier))]
        (is (= #{0 1} (set [(shared/await barrier) @other])))))))

(deftest a-lock-is-a-lock-of-the-jdk
  (with-open [lock (shared/lock)]
    (let [^Lock lock lock]
      (.lock lock)
      (is (.tryLock lock) "reentrant")
      (.unlock lock)
      (is (false? @(future (.tryLock lock))) "still held")
      (is (= :bad-argument @(future (error-kind #(shared/release lock)))))
      (.unlock lock)
      (is (true? @(future (if (.tryLock lock 10 TimeUnit/SECONDS) (do (.unlock lock) true) false))))
      (is (= :bad-argument (error-kind #(shared/release lock))))
      (is (thrown? UnsupportedOperationException (.newCondition lock)))
      (is (= "#parallel/lock{:holder nil}" (pr-str lock))))))

(deftest use-after-close-is-an-error-also-in-a-thread-that-waits
  (let [barrier (shared/barrier 2) latch (shared/latch 1) counter (shared/counter)
        waiting (mapv #(future (error-kind (fn [] (shared/await %)))) [barrier latch])]
    (is (await-true #(= 1 (.waiting ^parallel.SharedBarrier barrier))))
    (run! shared/close [barrier latch counter])
    (is (= [:closed :closed] (mapv #(deref % 20000 ::hangs) waiting)))
    (is (= :closed (error-kind #(shared/add! counter))))))

;; ---- collectives

(deftest a-group-broadcasts-scatters-gathers-and-reduces
  (parallel/with-workers [ws (parallel/fork {:in :thread} 3)]
    (let [each (fn [form] (parallel/exec ws form))]
      (testing "broadcast: written once, mapped by all"
        (let [replies (each '(let [xs (shared/broadcast (parallel/parent))] [(shared/->array xs) xs]))
              xs (shared/broadcast ws (double-array [1 2 3]))]
          (is (= [[1.0 2.0 3.0]] (distinct (map (comp vec first deref) replies))))
          (is (every? #(identical? xs (second @%)) replies))
          (shared/close xs))
        (let [replies (each '(shared/broadcast (parallel/parent)))]
          (is (= {:a 1} (shared/broadcast ws {:a 1})))
          (is (= [{:a 1} {:a 1} {:a 1}] (mapv deref replies)))))
      (testing "scatter and gather"
        (doseq [x [(range 10) (vec (range 10)) (long-array (range 10))]]
          (let [replies (each '(shared/gather (parallel/parent) (reduce + (shared/scatter (parallel/parent)))))]
            (is (= [[0 1 2 3] [4 5 6] [7 8 9]] (mapv vec (shared/scatter ws x))))
            (is (= [6 15 24] (shared/gather ws)))
            (run! deref replies)))
        (with-open [xs (shared/shared {:from (range 10)} :int)]
          (each '(shared/fill! (shared/scatter (parallel/parent)) (parallel/id)))
          (shared/scatter ws xs)
          (run! deref (each 1))
          (is (= (mapcat (fn [w n] (repeat n (id-of w))) ws [4 3 3]) (seq xs))))
        (is (= [::none ::none ::none] (shared/gather ws 1 ::none))))
      (testing "reduce-all"
        (doseq [[op mine theirs result] [[+ 10 '(parallel/id) (apply + 10 (map id-of ws))]
                                         [:max nil '(parallel/id) (apply max (map id-of ws))]
                                         [into [0] '[1] [0 1 1 1]]
                                         [:sum (double-array [1 2]) '(double-array [10 20]) [31.0 62.0]]
                                         [(fn [a b] (- a b)) (long-array [100 100]) '(long-array [1 2]) [97 94]]
                                         [:min (int-array [5 6]) '(int-array [6 5]) [5 5]]]]
          (let [replies (parallel/exec ws (list 'shared/reduce-all '(parallel/parent) '+ theirs))
                plain #(if (some-> % class .isArray) (vec %) %)]
            (is (= result (plain (shared/reduce-all ws op mine))))
            (is (= [result] (distinct (map (comp plain deref) replies))))))
        (let [replies (each '(with-open [theirs (shared/shared {:from [1 2]} :long)]
                               (shared/reduce-all (parallel/parent) + theirs)))
              sum (with-open [mine (shared/shared {:from [1 1]} :long)]
                    (shared/reduce-all ws + mine))]
          (is (= [4 7] (seq sum)))
          (is (every? #(identical? sum @%) replies))
          (shared/close sum))
        (testing "contributions that do not fit are refused"
          (let [replies (each '(parallel/send (parallel/parent) (long-array 3)))]
            (run! deref replies)
            (is (= :bad-argument (error-kind #(shared/reduce-all ws + (long-array 2)))))))
        (is (= :bad-argument (error-kind #(shared/reduce-all ws 3 1))))
        (is (= :bad-argument (error-kind #(shared/reduce-all ws :avg 1))) "a keyword that is none of the known ones")
        (is (= :bad-argument (error-kind #(shared/scatter ws 3))))
        (doseq [no-group [nil [] (first ws)]]
          (is (= :bad-argument (error-kind #(shared/scatter no-group [1])))))
        (is (= [[1] [2] []] (shared/scatter ws (java.util.ArrayList. [1 2]))))))))
