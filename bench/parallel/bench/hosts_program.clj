(ns parallel.bench.hosts-program
  "A program with workers on a host, which is this machine: a contender (see parallel.bench.contender) whose rounds are
  named in `plays`."
  (:require [clojure.string :as str]
            [parallel.api :as parallel]
            [parallel.bench.program :as program]
            [parallel.hosts :as hosts])
  (:import [java.lang ProcessHandle]
           [parallel Worker]))

(defn- spec [host-name]
  {:start ["env"] :address "127.0.0.1" :name host-name :nice 0})

(defn- nanos [f]
  (let [start (System/nanoTime)]
    (f)
    (- (System/nanoTime) start)))

;; ---- start

(defn- first-message [opts]
  (let [w  (volatile! nil)
        ns (nanos #(do (vreset! w (parallel/run opts '(parallel/send (parallel/parent) :here)))
                       (parallel/receive @w)))]
    (parallel/join @w)
    {:ns ns}))

(defn- from-start-cache? []
  @(parallel/run {:in "here"} '(and (some? (re-find #"start\.jar" (System/getProperty "java.class.path")))
                                    (boolean (some #(re-find #"SharedArchiveFile" %)
                                                   (.getInputArguments
                                                    (java.lang.management.ManagementFactory/getRuntimeMXBean)))))))

(defn- settle
  "What is measured is the second session on: the host's start cache is filled. Waits for so many seconds."
  [_ seconds]
  (let [end (+ (System/nanoTime) (* 1000000000 seconds))]
    (loop []
      (cond
        (from-start-cache?)        {:settled true}
        (< end (System/nanoTime))  {:settled false}
        :else                      (do (Thread/sleep 4000) (recur))))))

(defn- add
  "A host is added, and removed again."
  [_ _]
  (let [ns (nanos #(hosts/add (spec "again")))]
    (hosts/remove "again")
    {:ns ns}))

;; ---- the processes

(defn- host [] (first (hosts/hosts)))

(defn- processes [_ _]
  {:agent   (:pid (host))
   :link    (.pid ^ProcessHandle (.get (.parent ^ProcessHandle (.get (ProcessHandle/of (:pid (host)))))))
   :threads (count (filter #(str/starts-with? (.getName ^Thread %) "parallel-") (keys (Thread/getAllStackTraces))))})

(defn- more
  "So many hosts more."
  [n _]
  (hosts/add-all (mapv #(spec (str "more-" %)) (range n)))
  {:hosts (count (hosts/hosts))})

(defn- fewer [n _]
  (run! #(hosts/remove (str "more-" %)) (range n))
  {:hosts n})

;; ---- workers there

(def ^:private workers (atom []))

(def ^:private inbox-bytes
  "While it waits in send, a worker takes what comes into its inbox: a quarter of its heap would take minutes to fill."
  1000000)

(defn- fork
  "n idle workers, which take the place of those that there are."
  [n _]
  (parallel/stop @workers)
  (reset! workers (vec (parallel/fork {:in "here" :inbox-bytes inbox-bytes} n)))
  (run! deref (parallel/exec @workers '(parallel/id)))
  {:workers n})

(defn- stall
  "Fills everything on the way to the workers and back: they take nothing, and nobody takes what they send."
  [_ _]
  (let [bytes (byte-array 20000)]
    (parallel/exec @workers '(while true (parallel/send (parallel/parent) (byte-array 20000))))
    (doseq [w @workers]
      (loop [refused 0]
        (when (< refused 20)
          (if (parallel/try-send w bytes)
            (recur 0)
            (do (Thread/sleep 20) (recur (inc refused))))))))
  {:stalled (count @workers)})

;; ---- a host that is not heard

(defn- signal [signal pid]
  (.waitFor (.start (ProcessBuilder. ^java.util.List ["kill" (str "-" signal) (str pid)]))))

(defn- status
  "The longest call of status, and of hosts, while the agent stands still for so many ms."
  [_ ms]
  (let [pid   (:pid (host))
        slow  (fn [longest f] (max longest (nanos f)))
        [w]   @workers]
    (dotimes [_ 2000] (parallel/status w) (hosts/hosts))
    (signal "STOP" pid)
    (try
      (let [end (+ (System/nanoTime) (* 1000000 ms))]
        (loop [longest 0 calls 0]
          (if (< end (System/nanoTime))
            {:ns longest :calls calls :pid (.pid ^Worker w)}
            (do (Thread/sleep 1)
                (recur (-> longest (slow #(parallel/status w)) (slow #(hosts/hosts))) (inc calls))))))
      (finally
        (signal "CONT" pid)))))

(def ^:private plays
  {"here"      (fn [_ _] (first-message {}))
   "there"     (fn [_ _] (first-message {:in "here"}))
   "settle"    settle, "add" add, "processes" processes, "more" more, "fewer" fewer, "fork" fork, "stall" stall
   "status"    status})

(defn -main []
  (hosts/add (spec "here"))
  (program/answer plays))
