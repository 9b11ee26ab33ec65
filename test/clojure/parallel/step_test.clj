(ns parallel.step-test
  "The rendezvous: yield in workers, step in their parents."
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.api :as parallel]
            [parallel.pool :as pool]
            [parallel.support :refer [await-true defboth error error-kind opts within]])
  (:import [java.util.concurrent ExecutionException TimeUnit TimeoutException]
           [parallel ParallelException Worker]))

(def ^:private counting
  "Yields 0, 1, 2 ... until the parent says :break; its value is what the parent has said."
  '(loop [n 0, said []]
     (let [message (parallel/yield n)]
       (if (= :break message) said (recur (inc n) (conj said message))))))

(defboth a-step-gives-and-takes-one-value-each
  (let [w (parallel/run (opts) counting)]
    (is (= [0 1 2] (mapv #(parallel/step w %) [:a {:b 1} nil])))
    (is (= 3 (parallel/step w)))
    (is (= 4 (parallel/step w :break)))
    (is (= [:a {:b 1} nil nil] @w))))

(defboth without-a-value-it-is-nil
  (is (nil? (parallel/step (parallel/run (opts) '(parallel/yield)) 1)))
  (let [w (parallel/run (opts) '(parallel/yield))]
    (is (nil? (parallel/step w)))
    (is (nil? @w))))

(defboth whoever-comes-first-waits
  (testing "the worker"
    (let [w (parallel/run (opts) '[(parallel/yield :here)])]
      (is (await-true #(= :receiving (:state (parallel/status w)))))
      (is (= :here (parallel/step w 1)))
      (is (= [1] @w))))
  (testing "the parent"
    (let [w    (parallel/run (opts) '(do (parallel/receive (parallel/parent)) [(parallel/yield :late)]))
          step (future (parallel/step w 2))]
      (is (= :waits (deref step 300 :waits)))
      (parallel/send w :go)
      (is (= :late (deref step 60000 :lost)))
      (is (= [2] @w)))))

(defboth messages-are-not-touched
  (let [w (parallel/run (opts) '(do (parallel/send (parallel/parent) :message)
                                    [(parallel/yield :yielded) (parallel/receive (parallel/parent))]))]
    (parallel/send w :to-it)
    (is (= :yielded (parallel/step w :stepped)))
    (is (= :message (parallel/receive w)))
    (is (= [:stepped :to-it] @w))))

(defboth who-waits-takes-what-arrives
  (let [megabytes (fn [n] (byte-array (* n 1000000)))
        w         (parallel/run (opts) '(do (parallel/yield :ready)
                                            (parallel/send (parallel/parent) (byte-array 20000000))
                                            (parallel/yield :sent)
                                            (alength (parallel/receive (parallel/parent)))))]
    (is (= :ready (parallel/step w)))
    (parallel/send w (megabytes 20))
    (is (= :sent (within 60000 #(parallel/step w))))
    (is (= 20000000 (alength ^bytes (parallel/receive w)) @w))))

(defboth a-group-is-released-together
  (let [ws (vec (repeatedly 3 #(parallel/run (opts) '(do (parallel/receive (parallel/parent))
                                                         [(parallel/yield (parallel/id))]))))]
    (parallel/send (subvec ws 0 2) :go)
    (is (await-true #(= [(.id ^Worker (ws 2))] (:late (error (fn [] (parallel/step ws :all {:timeout-ms 50})))))))
    (testing "the error tells who is late"
      (let [{:keys [status message-of-error] :as e} (error #(parallel/step ws :all {:timeout-ms 50}))]
        (is (= :timeout (:parallel/error e)))
        (is (= [(.id ^Worker (ws 2))] (map :id status)))
        (is (str/includes? message-of-error "none of the group is released"))))
    (is (every? parallel/alive? ws))
    (parallel/send (ws 2) :go)
    (is (= (map #(.id ^Worker %) ws) (parallel/step ws :all)))
    (is (= [[:all] [:all] [:all]] (parallel/join ws)))
    (is (= [] (parallel/step [])))))

(defboth rounds-of-a-group
  (let [ws (vec (repeatedly 4 #(parallel/run (opts) counting)))]
    (dotimes [n 200]
      (is (= [n n n n] (parallel/step ws n))))
    (parallel/step ws :break)
    (is (= (repeat 4 (range 200)) (parallel/join ws)))))

(defboth one-that-has-ended-does-not-yield
  (let [ended  (parallel/run (opts) :value)
        failed (parallel/run (opts) '(throw (ex-info "no" {})))
        yields (parallel/run (opts) counting)]
    (is (= :closed (error-kind #(within 60000 (fn [] (parallel/step ended))))))
    (is (= :remote-exception (error-kind #(within 60000 (fn [] (parallel/step failed))))))
    (testing "none of a group is released, then"
      (is (= :closed (error-kind #(parallel/step [yields ended]))))
      (is (= :remote-exception (error-kind #(parallel/step [yields failed]))))
      (is (= :several (error-kind #(parallel/step [ended failed yields]))))
      (is (= 0 (parallel/step yields :break)))
      (is (= [] @yields)))))

(defboth a-death-ends-both-waits
  (let [w    (parallel/run (opts) '(parallel/receive (parallel/parent)))
        step (future (parallel/step w))]
    (is (= :waits (deref step 300 :waits)))
    (parallel/kill w)
    (is (= :worker-died (error-kind #(try (deref step 60000 :hangs)
                                          (catch ExecutionException e (throw (ex-cause e))))))))
  (let [w (parallel/run (opts) counting)]
    (is (= 0 (parallel/step w)))
    (is (await-true #(= :receiving (:state (parallel/status w)))))
    (parallel/kill w)
    (is (= :worker-died (error-kind #(within 60000 (fn [] (parallel/step w) (parallel/step w))))))))

(defboth a-time-out-and-an-interrupt-of-the-parent-lose-nothing
  (let [w (parallel/run (opts) '(do (parallel/receive (parallel/parent)) [(parallel/yield :kept)]))]
    (is (= :timeout (error-kind #(parallel/step w :lost {:timeout-ms 200}))))
    (is (= :timeout (error-kind #(parallel/step w :lost {:timeout-ms 0}))))
    (let [thread (promise)
          answer (future (deliver thread (Thread/currentThread))
                         (try (parallel/step w :lost) (catch InterruptedException _ :interrupted)))]
      (Thread/sleep 100)
      (.interrupt ^Thread @thread)
      (is (= :interrupted (deref answer 60000 :hangs))))
    (parallel/send w :go)
    (is (= :kept (parallel/step w :found)))
    (is (= [:found] @w))))

(defboth an-interrupted-yield-is-withdrawn
  (let [w (parallel/fork (opts))
        r (parallel/exec w '(try (parallel/yield :withdrawn) (catch InterruptedException _ :interrupted)))]
    (is (await-true #(= :receiving (:state (parallel/status w)))))
    (parallel/interrupt w)
    (is (= :interrupted (deref r 60000 :hangs)))
    (is (= :timeout (error-kind #(parallel/step w :nobody {:timeout-ms 300}))))
    (let [again (parallel/exec w '[(parallel/yield :second)])]
      (is (= :second (parallel/step w :found)))
      (is (= [:found] (deref again 60000 :hangs))))))

(defboth an-interrupt-that-races-with-a-step-loses-nothing
  (let [w     (parallel/run (opts) '(mapv (fn [n]
                                            (let [thread (Thread/currentThread)
                                                  cut    (future (Thread/sleep 0 (rand-int 500000))
                                                                 (.interrupt thread))
                                                  answer (try (parallel/yield n)
                                                              (catch InterruptedException _ :withdrawn))]
                                              (while (not (realized? cut)))
                                              (Thread/interrupted)
                                              [n answer]))
                                          (range 300)))
        taken (loop [taken []]
                (let [v (try (parallel/step w [:for (count taken)])
                             (catch clojure.lang.ExceptionInfo e (:parallel/error (ex-data e))))]
                  (if (int? v) (recur (conj taken v)) (do (is (= :closed v)) taken))))]
    (is (= (map-indexed (fn [i n] [n [:for i]]) taken)
           (remove (comp #{:withdrawn} second) @w))
        "what was taken was answered, what was withdrawn was not taken")))

(defboth several-threads-of-a-worker-are-stepped-in-turn
  (let [w (parallel/run (opts) '(let [thread    (promise)
                                      first-one (future (deliver thread (Thread/currentThread)) [(parallel/yield :a)])
                                      waits?    #(not= Thread$State/RUNNABLE (.getState ^Thread @thread))]
                                  (while (not (waits?)) (Thread/sleep 1))
                                  (Thread/sleep 1000)
                                  [(parallel/yield :b) @first-one]))]
    (is (= [:a :b] [(parallel/step w 1) (parallel/step w 2)]))
    (is (= [2 [1]] @w))))

(defboth a-worker-of-a-worker-yields-to-its-parent
  (let [w (parallel/run (opts) '(let [inner (parallel/run {:in :thread} '[(parallel/yield :inner)])]
                                  (parallel/yield [(parallel/step inner :stepped) @inner])))]
    (is (= [:inner [:stepped]] (parallel/step w)))))

(defboth what-cannot-travel-is-that-call-s-error
  (let [w (parallel/run (opts) '[(try (parallel/yield (Object.)) (catch clojure.lang.ExceptionInfo e
                                                                  (:parallel/error (ex-data e))))
                                 (parallel/yield :fine)])]
    (is (= :not-transferable (error-kind #(parallel/step w (Object.)))))
    (is (= :fine (parallel/step w :message)))
    (is (= [:not-transferable :message] @w))))

(deftest bad-input-is-refused-at-the-caller
  (is (= :bad-argument (error-kind parallel/yield)))
  (is (str/includes? (:message-of-error (error #(parallel/yield 1))) "(step w)"))
  (is (= :bad-argument (error-kind #(parallel/step :w))))
  (is (= :bad-argument (error-kind #(parallel/step nil))))
  (parallel/with-workers [w (parallel/fork {:in :thread})]
    (is (= :bad-argument (error-kind #(parallel/step w nil {:timeout 1}))))
    (is (= :bad-argument (error-kind #(parallel/step w nil {:timeout-ms -1}))))
    (is (= :bad-argument (error-kind #(parallel/step [w w]))))
    (is (thrown-with-msg? ParallelException #"call step" (.yield ^Worker w 1)))))

(deftest a-task-of-a-pool-cannot-yield
  (pool/with-pool [p {:in :thread} 1]
    (is (str/includes? (str (:message-of-error (error #(deref (pool/submit p '(fn [] (parallel.api/yield 1)))))))
                       "pool"))
    (is (= 3 @(pool/submit p '+ 1 2)))))

(deftest from-java
  (parallel/with-workers [w (parallel/run {:in :thread} counting)]
    (let [^Worker worker w]
      (is (= 0 (.step worker "a")))
      (is (= 1 (.step worker nil 60 TimeUnit/SECONDS)))
      (is (= 2 (.step worker :break)))
      (is (= ["a" nil] (.join worker)))))
  (parallel/with-workers [w (parallel/fork {:in :thread})]
    (let [e (try (.step ^Worker w 1 100 TimeUnit/MILLISECONDS) (catch TimeoutException e e))]
      (is (= "TIMEOUT" (str (.code ^ParallelException (ex-cause e))))))))
