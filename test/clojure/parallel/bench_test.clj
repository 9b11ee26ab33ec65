(ns ^:once parallel.bench-test
  "What bin/bench says of figures: ratios, goals, and what is worse than it was. (What it measures, it is run for.)"
  (:require [clojure.test :refer [deftest is testing]]))

(load-file "bench/parallel/bench/row.clj")
(load-file "bench/parallel/bench/machine.clj")
(load-file "bench/parallel/bench/baseline.clj")

(def ^:private row (resolve 'parallel.bench.row/row))
(def ^:private kept (resolve 'parallel.bench.baseline/kept))
(def ^:private compared (resolve 'parallel.bench.baseline/compared))

(defn- a-row [figure goal ours reference]
  (assoc (row {:figure figure :of "reference" :unit "ns" :goal goal :ours ours :reference reference}) :part "part"))

(deftest a-ratio-is-the-median-of-the-turns
  (let [{:keys [ratio spread ours reference]} (a-row "latency" [:<= 2.0] [100 300 200] [100 100 100])]
    (is (= 2.0 ratio))
    (is (= [1 3] spread))
    (is (= 200.0 ours))
    (is (= 100.0 reference))))

(deftest a-goal-is-held-or-not
  (doseq [[held? goal ours reference] [[true [:<= 2.0] [200] [100]] [false [:<= 2.0] [201] [100]]
                                       [true [:>= 0.5] [50] [100]] [false [:>= 0.5] [49] [100]]
                                       [true [:faster 20] [1] [20]] [false [:faster 20] [1] [19]]
                                       [true [:below 0.2] [0.1] nil] [false [:below 0.2] [0.2] nil]
                                       [nil nil [1] [2]]]]
    (is (= held? (:held? (a-row "f" goal ours reference))) (pr-str goal ours reference))))

(deftest what-became-worse-is-seen-whichever-way-is-better
  (let [before (kept [(a-row "latency" [:<= 2.0] [100] [100]) (a-row "throughput" [:>= 0.5] [100] [100])
                      (a-row "faster" [:faster 2] [1] [4])
                      (a-row "limit" [:below 1.0] [0.5] nil) (a-row "information" nil [1] [1])])
        factors (fn [& rows] (mapv peek (compared before rows)))]
    (testing "a row without a goal is no baseline"
      (is (= 4 (count before))))
    (testing "the same is neither better nor worse"
      (is (= [1.0] (factors (a-row "latency" [:<= 2.0] [100] [100])))))
    (testing "twice as bad"
      (is (= [2.0 2.0 2.0 2.0]
             (factors (a-row "latency" [:<= 2.0] [200] [100]) (a-row "throughput" [:>= 0.5] [50] [100])
                      (a-row "faster" [:faster 2] [1] [2])
                      (a-row "limit" [:below 1.0] [1.0] nil)))))
    (testing "what is missing now, or was unknown, is not compared"
      (is (= [] (factors {:part "part" :figure "latency" :of "reference" :missing "not there"}
                         (a-row "other" [:<= 2.0] [1] [1])))))))
