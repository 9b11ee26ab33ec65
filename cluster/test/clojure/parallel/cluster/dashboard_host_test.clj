(ns ^:once parallel.cluster.dashboard-host-test
  "A host on the dashboard, and a worker that lives there."
  (:require [clojure.test :refer [deftest is]]
            [parallel.api :as parallel]
            [parallel.dashboard-test :as dashboard-test]
            [parallel.hosts :as hosts])
  (:import [parallel Worker]))

(deftest a-host-and-its-workers-are-shown
  (try
    (let [h  (hosts/add {:start ["env"] :address "127.0.0.1" :name "pod" :host-timeout-ms 60000})
          w  (parallel/fork {:in h})
          id (.id ^Worker w)]
      @(parallel/exec w '(+ 1 2))
      (#'dashboard-test/with-dashboard
       (fn [_ port cookie]
         (let [snapshot (#'dashboard-test/awaited
                         port cookie 20000
                         #(= ["idle" "pod"] (map (get (#'dashboard-test/by-id %) id {}) ["state" "host"])))
               shown    (first (snapshot "hosts"))]
           (is (= ["pod" "up" 1] (map shown ["name" "state" "workers"])))
           (is (= (map (first (hosts/hosts)) [:via :cores :free-cores])
                  [(keyword (shown "via")) (shown "cores") (shown "free")]))
           (is (nat-int? (shown "roundTripUs"))))))
      (parallel/stop w))
    (finally
      (hosts/close))))
