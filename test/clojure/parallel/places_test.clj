(ns parallel.places-test
  "Where a worker lives: the table of who makes its place, and that a place whose making fails leaves nothing."
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.api :as parallel]
            [parallel.shared :as shared]
            [parallel.support :refer [await-true]])
  (:import [java.nio.file Files Path]
           [java.util.function Function Supplier]
           [java.util.logging Level Logger]
           [parallel ParallelException]
           [parallel.control Work]
           [parallel.place Faulty PlaceMaker Places]
           [parallel.runtime Undo]))

;; ---- the table

(defrecord Elsewhere [maker])

(deftest a-room-enters-a-kind-of-places-by-the-class-of-what-in-says
  (let [maker (reify PlaceMaker (make [_ _ _ _] nil))]
    (Places/enter Elsewhere (reify Function (apply [_ in] (:maker in))))
    (is (identical? maker (Places/of (->Elsewhere maker))))
    (is (false? (.takesSpares maker)) "JVMs are kept for no place that does not say so")))

(deftest a-place-that-nobody-entered-is-a-bad-argument
  (let [e (is (thrown? ParallelException (Places/of "nowhere")))]
    (is (= "bad-argument" (str/replace (str/lower-case (.name (.code ^ParallelException e))) "_" "-")))
    (is (str/includes? (ex-message e) "nowhere"))))

(deftest what-in-says-decides-where-a-worker-lives
  (let [own (.pid (java.lang.ProcessHandle/current))]
    (doseq [[in own?] {:thread true, :process false}]
      (parallel/with-workers [w (parallel/fork {:in in})]
        @(parallel/exec w 1)
        (is (= own? (= own (:pid (parallel/status w)))))))))

;; ---- what was made when a step fails

(defn- silently
  "Calls f while what the library logs, which is an error with its stack for a step that fails, is dropped."
  [f]
  (let [log (Logger/getLogger "parallel"), level (.getLevel log)]
    (try (.setLevel log Level/OFF)
         (f)
         (finally (.setLevel log level)))))

(deftest steps-are-undone-in-reverse-and-each-of-them
  (let [undone (atom [])
        note   (fn [n] (reify Runnable (run [_] (swap! undone conj n))))]
    (silently #(with-open [undo (Undo.)]
                 (.by undo (note 1))
                 (.by undo (reify Runnable (run [_] (throw (IllegalStateException. "a step of an end")))))
                 (.by undo (note 3))))
    (is (= [3 1] @undone))
    (with-open [undo (Undo.)]
      (.by undo (note 4))
      (is (= :made (.done undo :made))))
    (is (= [3 1] @undone) "what succeeded stays")))

(defn- mapped-pairs []
  (set (filter #(re-find #"/pair" %) (Files/readAllLines (Path/of "/proc/self/maps" (make-array String 0))))))

(deftest a-place-whose-last-step-fails-leaves-no-file-mapped
  (when (.exists (java.io.File. "/proc/self/maps"))
    (parallel/with-workers [other (parallel/fork {:in :thread})]
      @(parallel/exec other 1)
      (let [before (mapped-pairs)
            w      (Faulty/start (@#'parallel/worker-options {:in :thread}) Work/IDLE (@#'parallel/maker) "make"
                                 (reify Supplier (get [_] (IllegalStateException. "injected"))))]
        (is (seq before) "that of the other worker is seen")
        (is (= :start-failed (:parallel/error (ex-data (is (thrown? clojure.lang.ExceptionInfo (parallel/join w)))))))
        (is (await-true #(= before (mapped-pairs))))))))

;; ---- a place on another machine

(defn- elsewhere []
  (Faulty/elsewhere (@#'parallel/worker-options {:in :thread}) Work/IDLE (@#'parallel/maker)))

(deftest what-is-shared-is-refused-by-a-worker-of-another-machine
  (parallel/with-workers [far (elsewhere)]
    (parallel/with-workers [near (parallel/fork {:in :thread})]
      (with-open [xs   ^java.lang.AutoCloseable (shared/shared {:from [1 2 3]} :int)
                  lock ^java.lang.AutoCloseable (shared/lock)]
        (let [sum     '(reduce + (:xs (parallel/receive (parallel/parent))))
              replies [(parallel/exec near sum) (parallel/exec far sum)]
              refused (fn [f]
                        (is (thrown-with-msg? clojure.lang.ExceptionInfo #"of this machine, and the receiver" (f))))]
          (doseq [[what e] {"send"     (refused #(parallel/send far {:xs xs}))
                            "try-send" (refused #(parallel/try-send far {:xs xs}))
                            "group"    (refused #(parallel/send [near far] {:xs xs}))}]
            (testing what
              (is (= [:not-transferable [:xs]] ((juxt :parallel/error :path) (ex-data e))))
              (is (str/includes? (ex-message e) "#parallel/shared{:type :int :shape [3]} lies in the memory"))
              (is (str/includes? (ex-message e) "->array"))))
          (is (str/includes? (ex-message (refused #(parallel/send far lock))) "send messages"))
          (parallel/send far {:xs (shared/->array xs)})
          (parallel/send near {:xs xs})
          (is (= [6 6] (map deref replies)) "a copy arrives there, and the array itself here"))))))
