(ns ^:once parallel.cluster.look-host-test
  "What is seen of workers on a host: what they wait for, and what they did, on the clock of this machine."
  (:require [clojure.test :refer [deftest is testing use-fixtures]]
            [parallel.api :as parallel]
            [parallel.cluster.on-host :refer [closing-hosts on-host with-host]]
            [parallel.look :as look]
            [parallel.support :refer [await-true]])
  (:import [parallel Worker]))

(use-fixtures :once closing-hosts (fn [tests] (with-host {} (tests))))

(defn- id [^Worker w] (.id w))

(defn- waits-of [id] (filterv #(= id (:id %)) (look/waits)))

(deftest waits-of-workers-there-and-of-theirs-are-seen
  (let [w     (parallel/run (on-host)
                            '(let [below (parallel/run '(parallel/receive (parallel/parent)))]
                               (parallel/send (parallel/parent) (.id ^parallel.Worker below))
                               (parallel/receive (parallel/parent))))
        below (parallel/receive w 60000 nil)]
    (is (await-true #(seq (waits-of (id w)))))
    (is (await-true #(seq (waits-of below))))
    (let [[wait] (waits-of (id w))]
      (is (= [:receive [0]] ((juxt :for :on) wait)))
      (is (<= 0 (:since-ms wait) 60000)))
    (is (= [[:receive [(id w)]]] (mapv (juxt :for :on) (waits-of below))))
    (testing "a look at deadlocks takes them for such as may end"
      (is (= [] (look/deadlocks))))
    (parallel/kill w)))

(defn- entries [kind w] (filterv #(= [(id w) kind] [(:id %) (:kind %)]) (look/timeline [w])))

(deftest what-a-worker-there-did-is-on-the-clock-of-this-machine
  (let [w      (parallel/fork (on-host))
        _      @(parallel/exec w '(Thread/sleep 600))    ; the clocks were compared by then
        before (System/nanoTime)
        _      @(parallel/exec w '(Thread/sleep 100))
        after  (System/nanoTime)
        slack  50000000
        slept  (await-true #(first (filter (fn [{:keys [from-ns]}] (< (- before slack) from-ns (+ after slack)))
                                           (entries :reply w))))]
    (is (= :ok (:outcome slept)))
    (is (< (- before slack) (:from-ns slept) (:to-ns slept) (+ after slack)))
    (is (<= 90000000 (- (long (:to-ns slept)) (long (:from-ns slept)))))
    (testing "all workers are asked at once, and those below them, too"
      (is (some #(= (id w) (:id %)) (look/timeline))))
    (parallel/stop w)))

(deftest what-was-open-when-a-worker-there-was-killed-is-known
  (let [w (parallel/run (on-host) '(do (parallel/send (parallel/parent) :here) (Thread/sleep 600000)))]
    (is (= :here (parallel/receive w 60000 nil)))
    (Thread/sleep 600)
    (parallel/kill w)
    (is (await-true #(= [nil nil] (some (juxt :to-ns :outcome) (entries :form w)))))
    (is (some #(and (= (id w) (:id %)) (nil? (:outcome %))) (look/timeline)))))
