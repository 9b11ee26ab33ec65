(ns parallel.heap-use-test
  "Pools that replace a worker before its heap is full: :max-heap-use."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.api :as parallel]
            [parallel.outside :refer [with-directory]]
            [parallel.pool :as pool]
            [parallel.support :refer [within]]))

(def ^:private patience-ms 180000)

(def ^:private leaked "In a worker." (java.util.ArrayList.))

(defn leaks
  "Takes 20 ms, and a megabyte for good; notes in a file that it was evaluated."
  [log x]
  (spit log (str x "\n") :append true)
  (.add ^java.util.ArrayList leaked (byte-array 1000000))
  (Thread/sleep 20)
  x)

(defn litters
  "Makes garbage, some of which lives for a while, in a heap of which little stays in use."
  [_]
  (let [some (mapv (fn [_] (byte-array 100000)) (range 300))]
    (Thread/sleep 5)
    (count some)))

(defn- with-events
  "What f returns of a pool with these options, and the events of its workers."
  [opts n f]
  (let [events (atom [])]
    [(pool/with-pool [p (merge {:max-heap "256m" :on-event #(swap! events conj %)} opts) n]
       (within patience-ms (bound-fn [] (f p))))
     @events]))

(defn- evaluated [log]
  (sort (map parse-long (str/split-lines (slurp log)))))

(defn- ready-before
  "How many workers were ready, at each event of that kind."
  [events kind]
  (keep-indexed (fn [i e] (when (= kind (:event e)) (count (filter #(= :ready (:event %)) (take i events))))) events))

(deftest ^{:deadline-s 600} a-worker-that-leaks-is-replaced-by-a-warm-one-before-it-dies
  (with-directory [directory "leak"]
    (doseq [[chunk n] [[:auto 600] [100 500]]]
      (let [log             (str (io/file directory (str "log-" chunk)))
            [values events] (with-events {:max-heap-use 0.5} 2
                              (fn [p]
                                (vec (pool/pmap {:pool p :chunk chunk} (parallel/pfn [x] (leaks log x)) (range n)))))
            kinds           (frequencies (map :event events))]
        (is (= (range n) values))
        (is (= (range n) (evaluated log)) "none is evaluated twice")
        (is (<= 1 (:retired kinds 0)) (pr-str kinds))
        (is (= [nil nil] [(:died kinds) (:failed kinds)]) (pr-str events))
        (testing "another one is ready first"
          (is (every? true? (map < (map + (range) (repeat 2)) (ready-before events :retired)))
              (pr-str (map :event events))))
        (testing "and then it ends"
          (let [of (fn [kind] (map :worker/id (filter #(= kind (:event %)) events)))]
            (is (every? (set (of :ended)) (of :retired)))))))))

(deftest ^{:deadline-s 600} tasks-of-submit-are-looked-at-between-two-of-them
  (with-directory [directory "leak"]
    (let [log             (str (io/file directory "log"))
          [values events] (with-events {:max-heap-use 0.5 :max-heap "128m"} 1
                            (fn [p] (mapv deref (mapv #(pool/submit p `leaks log %) (range 120)))))]
      (is (= (range 120) values (evaluated log)))
      (is (some #{:retired} (map :event events)))
      (is (not-any? #{:died :failed} (map :event events))))))

(deftest ^{:deadline-s 600} one-whose-successor-cannot-start-goes-without
  (with-directory [directory "leak"]
    (let [log             (str (io/file directory "log"))
          [values events] (with-events {:max-heap-use 0.5 :max-heap "128m" :max-workers 1} 1
                            (fn [p]
                              (vec (pool/pmap {:pool p :chunk 10} (parallel/pfn [x] (leaks log x)) (range 120)))))]
      (is (= (range 120) values (evaluated log)))
      (is (some #{:retired} (map :event events)))
      (is (not-any? #{:died :failed} (map :event events))))))

(deftest ^{:deadline-s 600} garbage-is-no-reason
  (let [[values events] (with-events {:max-heap-use 0.5} 1
                          (fn [p] (vec (pool/pmap {:pool p} `litters (range 200)))))]
    (is (= (repeat 200 300) values))
    (is (not-any? #{:retired :died} (map :event events)))))
