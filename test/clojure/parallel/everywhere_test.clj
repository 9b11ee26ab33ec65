(ns ^:jvm parallel.everywhere-test
  "everywhere, while workers come and go: who ends as it should drops out, who fails is told of, and the form is kept
  for later workers unless it has failed itself."
  (:require [clojure.test :refer [deftest is testing]]
            [parallel.api :as parallel]
            [parallel.support :refer [await-true error within]])
  (:import [java.lang ProcessHandle]))

(defn- later-has?
  "Whether a worker that is started now has evaluated the form that defines a name in the namespace kept."
  [sym]
  (within 60000 #(deref (parallel/run (list 'boolean (list 'resolve (list 'quote (symbol "kept" (name sym)))))))))

(defn- form-of [sym]
  (list 'do '(create-ns 'kept) (list 'intern ''kept (list 'quote sym) 1) :done))

(deftest ^{:deadline-s 240} who-ends-as-it-should-drops-out
  (parallel/everywhere-forget)
  (let [forks (parallel/fork 2)]
    (try
      (testing "of run, whose form ends meanwhile"
        (let [w (parallel/run '(parallel/receive (parallel/parent)))]
          (is (await-true #(= :receiving (:state (parallel/status w)))))
          (parallel/send w :end)
          (is (every? #{:done} (within 60000 #(parallel/everywhere (form-of 'a)))))
          (is (nil? (error #(within 60000 (fn [] (parallel/join w))))))))
      (is (later-has? 'a))
      (testing "joined, stopped and killed by its parent while the form waits its turn"
        (doseq [end [parallel/join parallel/stop parallel/kill]]
          (let [w       (parallel/fork)
                busy    (parallel/exec w '(Thread/sleep 1500))
                ended   (future (try (end w) (catch Exception e e)))
                results (within 60000 #(parallel/everywhere (form-of 'b)))]
            (is (<= 2 (count results) 3))
            (is (every? #{:done} results))
            @ended
            (try @busy (catch Exception _ nil)))))
      (is (later-has? 'b))
      (finally
        (parallel/stop forks)
        (parallel/everywhere-forget)))))

(deftest ^{:deadline-s 240} who-dies-or-fails-is-told-of-and-the-form-is-kept
  (parallel/everywhere-forget)
  (let [w (parallel/fork)]
    (try
      (let [busy (parallel/exec w '(Thread/sleep 60000))]
        (is (await-true #(= :running (:state (parallel/status w)))))
        (.destroyForcibly ^ProcessHandle (.get (ProcessHandle/of (.pid ^parallel.Worker w))))
        (is (= :worker-died (:parallel/error (error #(within 60000 (fn [] (parallel/everywhere (form-of 'c))))))))
        (is (= :worker-died (:parallel/error (error #(within 60000 (fn [] @busy)))))))
      (is (later-has? 'c))
      (finally
        (parallel/kill w)
        (parallel/everywhere-forget)))))

(deftest ^{:deadline-s 120} a-form-that-fails-itself-is-not-kept
  (parallel/everywhere-forget)
  (let [w (parallel/fork)]
    (try
      (let [form (list 'do (form-of 'd) '(throw (ex-info "itself" {})))]
        (is (= :remote-exception (:parallel/error (error #(within 60000 (fn [] (parallel/everywhere form))))))))
      (is (not (later-has? 'd)))
      (finally
        (parallel/stop w)
        (parallel/everywhere-forget)))))
