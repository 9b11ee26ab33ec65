(ns ^:jvm parallel.leak-test
  "What a worker held in its parent is given back when it ends, not when the collector finds it."
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.api :as parallel]
            [parallel.support :refer [await-true within]])
  (:import [java.nio.charset StandardCharsets]
           [java.nio.file Files Path]))

(defn- mappings
  "How many mappings this process has of the library's files."
  []
  (->> (str/split-lines (String. (Files/readAllBytes (Path/of "/proc/self/maps" (make-array String 0)))
                                 StandardCharsets/ISO_8859_1))
       (filter #(re-find #"/parallel-\d+-\d+" %))
       count))

(defn- descriptors []
  (count (.list (java.io.File. "/proc/self/fd"))))

(defn- threads
  "The library's threads, without those that are shared and end by themselves."
  []
  (vec (remove #(re-find #"^parallel-(control|output|pool|shared|later)" %)
                 (filter #(str/starts-with? % "parallel-")
                         (map #(.getName ^Thread %) (keys (Thread/getAllStackTraces)))))))

(defn- heap-after-gc []
  (let [runtime (Runtime/getRuntime)]
    (dotimes [_ 3] (System/gc) (Thread/sleep 20))
    (- (.totalMemory runtime) (.freeMemory runtime))))

(defn- held []
  {:mappings (mappings) :descriptors (descriptors) :threads (threads)})

(def ^:private batch-size 50)

(defn- run-batch
  "Workers that each take and give a message; joined. Their handles."
  [opts form n]
  (let [ws (vec (repeatedly n #(parallel/run opts form)))]
    (parallel/send ws (byte-array 3000))
    (is (= n (count (parallel/receive ws))))
    (within 60000 #(parallel/join ws))
    ws))

(def ^:private exchange
  '(parallel/send (parallel/parent) (parallel/receive (parallel/parent))))

(deftest a-thousand-workers-leave-no-mapping-no-descriptor-no-thread-and-no-heap
  (run-batch {:in :thread :ring-bytes 8192} exchange batch-size)
  (is (await-true #(empty? (threads)) 10000) (threads))
  (let [before (held)
        heap (heap-after-gc)
        handles (atom [])]
    (dotimes [_ 20]
      (swap! handles into (run-batch {:in :thread :ring-bytes 8192} exchange batch-size))
      (is (= (:mappings before) (mappings)) "unmapped when join returns, while the handle is held"))
    (is (await-true #(= before (held)) 10000) [before (held)])
    (is (= 1000 (count (filter #(= :ended (:state (parallel/status %))) @handles))) "a status outlives the memory")
    (reset! handles nil)
    (is (> 10000000 (- (heap-after-gc) heap)))))

(deftest processes-give-back-their-pipes-sockets-and-memory-however-they-end
  (parallel/join (parallel/run '(+ 1 2)))
  (is (await-true #(empty? (threads)) 10000) (threads))
  (let [before (held)
        ws (mapv parallel/run [exchange '(.halt (Runtime/getRuntime) 1)])
        killed (parallel/fork)
        wrong (parallel/run {:java "/no/such/java"} 1)]
    (parallel/send (first ws) 1)
    (parallel/kill killed)
    (doseq [w (conj ws killed wrong)]
      (within 60000 #(try (parallel/join w) (catch Exception _))))
    (is (= (:mappings before) (mappings)))
    (testing "with their handles held"
      (is (await-true #(= before (held)) 10000) [before (held)])
      (is (= 4 (count (into #{} (map #(.id ^parallel.Worker %)) (conj ws killed wrong))))))))
