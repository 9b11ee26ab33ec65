(ns ^:jvm parallel.hostile-test
  "A worker, or a parent, that writes garbage where the other one reads: an error that names the channel, a worker that
  is ended and cleaned up, and a parent that goes on; never a crash, a hang or unbounded memory."
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.api :as parallel]
            [parallel.crash :as crash]
            [parallel.support :refer [await-true error quick-jvm within]])
  (:import [java.io StringWriter]
           [java.lang.management ManagementFactory]
           [parallel.transport Hostile]))

(defn- run [more form]
  (parallel/run (merge {:jvm-opts quick-jvm :ring-bytes 65536 :out (StringWriter.) :err (StringWriter.)} more)
                form))

(defn- hostile
  "A worker's form that says :up, does this with h to its parent, and then would stay for ever."
  [form]
  (list 'with-open '[h (parallel.transport.Hostile/of (parallel/parent) false)]
        '(parallel/send (parallel/parent) :up) form '(while true (Thread/sleep 1000))))

(def ^:private ring-garbage
  "What the worker writes into its ring; what its error must say."
  {"a record of an unknown type"        ['(.record h 17 (byte-array 20))  #"a record of the type 17"]
   "records of an unknown type for ever" ['(.endlessRecords h 99)         #"a record of the type 99"]
   "a part that begins nothing"         ['(.record h 4 (byte-array 9))    #"a part of a message that has no beginning"]
   "parts that begin nothing, and good messages, for ever"
   ['(while true (.record h 4 (byte-array 9)) (parallel/send (parallel/parent) nil))
    #"a part of a message that has no beginning"]
   "a length beyond the ring"           ['(.length h Integer/MAX_VALUE)   #"a length of 2147483647"]
   "a length of less than a header"     ['(.length h 3)                   #"a length of 3"]
   "a negative announcement"            ['(.begin h -1 100)               #"announces -1"]
   "more parts than announced"          ['(.endless h 1000)
                                         #"a message of 1000 announced bytes that has 4064"]})

(def ^:private calls
  {:join parallel/join, :deref deref, :receive #(while true (parallel/receive %)),
   :select #(while true (parallel/select [%]))
   :group #(while true (parallel/receive [%])), :messages #(run! identity (parallel/messages %))
   :try-receive #(while true (parallel/try-receive % nil)), :send #(while true (parallel/send % (byte-array 3000)))})

(defn- goes-on? [w]
  (and (not-any? #{w} (parallel/children))
       (not (parallel/alive? w))
       (= 3 (within 60000 #(deref (parallel/run {:in :thread} '(+ 1 2)))))))

(defn- check-killed
  "The worker was ended for what it wrote: each call says so, and names the channel."
  [^parallel.Worker w says e]
  (is (= [:worker-died true (.id w)] ((juxt :parallel/error :stopped :worker/id) e)))
  (is (re-find says (str (:corrupt e))))
  (is (str/includes? (str (:corrupt e)) (str "worker " (.id w))))
  (is (str/includes? (str (:message-of-error e)) (str (:corrupt e))))
  (doseq [[_ call] calls]
    (is (= (:corrupt e) (:corrupt (error #(within 60000 (fn [] (call w))))))))
  (is (= :dead (:state (parallel/status w))))
  (is (goes-on? w)))

(deftest garbage-in-a-ring-ends-its-worker-with-an-error-that-says-so
  (doseq [[call [why [form says]]] (map vector (cycle (dissoc calls :send)) ring-garbage)]
    (testing (str why ", " (key call))
      (let [w (run {} (hostile form))]
        (is (= :up (within 60000 #(parallel/receive w))))
        (check-killed w says (error #(within 60000 (fn [] ((val call) w)))))))))

(def ^:private control-garbage
  {"a frame of an unknown kind" ['(Hostile/frame link (byte-array 9 (byte 77))) #"a frame of the unknown kind 77"]
   "an empty frame"             ['(Hostile/frame link (byte-array 0))           #"a frame that cannot be read"]
   "a line that is none"        ['(Hostile/frame link (byte-array 12 (byte 26))) #"a frame that cannot be read"]
   "a negative length"          ['(Hostile/raw link (Hostile/announce -5 0) false) #"a length of -5 bytes"]
   "a frame that never ends"    ['(Hostile/raw link (Hostile/announce 1000000000000 0) false)
                                 #"a length of 1000000000000 bytes"]
   "noise"                      ['(Hostile/raw link (.getBytes "GET / HTTP/1.1\r\n\r\n") false) #"a length of"]})

(deftest garbage-in-a-control-stream-ends-its-worker-with-an-error-that-says-so
  (let [workers (vec (for [[why [form says]] control-garbage]
                       [why says (run {} (list 'do '(import 'parallel.transport.Hostile)
                                               (hostile (list 'let '[link (Hostile/toParent)] form))))]))]
    (doseq [[why says w] workers]
      (testing why
        (is (= :up (within 60000 #(parallel/receive w))))
        (check-killed w says (error #(within 60000 (fn [] (parallel/join w)))))))))

(defn- used-bytes []
  (System/gc)
  (.getUsed (.getHeapMemoryUsage (ManagementFactory/getMemoryMXBean))))

(deftest a-message-that-never-ends-is-refused-when-it-begins
  (let [w (run {} (hostile '(.endless h 1000000000000)))
        before (used-bytes)]
    (is (= :up (within 60000 #(parallel/receive w))))
    (let [e (error #(within 60000 (fn [] (parallel/receive w))))]
      (is (= [:not-transferable (.id ^parallel.Worker w)] ((juxt :parallel/error :worker/id) e)))
      (is (re-find #"from worker \d+ .*A message of 1000000000000 bytes does not fit into the heap"
                   (:message-of-error e))))
    (testing "what follows of it takes no memory, and keeps nobody from the worker"
      (is (= ::none (parallel/receive w 300 ::none)))
      (is (> 50e6 (- (used-bytes) before))))
    (parallel/kill w)
    (is (= :worker-died (:parallel/error (error #(within 60000 (fn [] (parallel/receive w)))))))
    (is (goes-on? w))))

(deftest small-messages-for-ever-fill-the-inbox-to-its-limit-and-no-further
  (let [w (run {:inbox-bytes 1000000}
               '(do (parallel/send (parallel/parent) :up) (while true (parallel/send (parallel/parent) nil))))]
    (is (= :up (within 60000 #(parallel/receive w))))
    (is (= ::late (parallel/join w 500 ::late)))
    (is (await-true #(= :sending (:state (parallel/status w)))))
    (is (> 50000 (:messages (:sent (parallel/status w)))) "as many as 1 MB holds, with what each costs, and the ring")
    (parallel/kill w)
    (is (= :worker-died (:parallel/error (error #(within 60000 (fn [] (parallel/join w)))))))))

(defn- session-page ^parallel.transport.SessionPage []
  (let [open (fn [method] (doto method (.setAccessible true)))
        session (.invoke (open (.getDeclaredMethod (Class/forName "parallel.runtime.Session") "current"
                                                   (make-array Class 0)))
                         nil (object-array 0))]
    (.invoke (open (.getDeclaredMethod (class session) "page" (make-array Class 0))) session (object-array 0))))

(deftest status-says-what-it-can-of-a-worker-whose-entry-is-not-whole
  (let [w (parallel/fork {:in :thread})
        slot (.acquireSlot (session-page) 1000000 (.id ^parallel.Worker w) nil 0)]
    (try
      (doseq [hand-on [nil "/proc/1/fd/nothing" "no\u0000path"]]
        (when hand-on
          (.slotPair (session-page) slot hand-on))
        (is (= [(.id ^parallel.Worker w) 1000000] (map :id (parallel/status)))))
      (finally
        (.releaseSlot (session-page) slot)
        (parallel/stop w)))))

;; ---- the parent's garbage

(deftest garbage-from-a-parent-ends-the-call-or-the-worker
  (let [w (run {} '(do (parallel/send (parallel/parent) :up) (parallel/receive (parallel/parent))))
        _ (is (= :up (within 60000 #(parallel/receive w))))
        _ (with-open [h (Hostile/of w true)] (.record h 17 (byte-array 20)))
        e (error #(within 60000 (fn [] (parallel/join w))))]
    (is (= [:remote-exception :closed] [(:parallel/error e) (:parallel/error (:data e))]))
    (is (re-find (re-pattern (str "channel from the parent of worker " (.id ^parallel.Worker w)
                                  " is corrupt: a record of the type 17"))
                 (:message e)))
    (is (goes-on? w)))
  (doseq [[why act] {"a frame of an unknown kind" #(Hostile/frame % (byte-array 9 (byte 77)))
                     "a frame that never ends"    #(Hostile/raw % (Hostile/announce 1000000000000 0) false)}]
    (testing why
      (let [w (run {} '(do (parallel/send (parallel/parent) :up) (parallel/receive (parallel/parent))))
            _ (is (= :up (within 60000 #(parallel/receive w))))
            _ (act (Hostile/toWorker w))
            e (error #(within 60000 (fn [] (parallel/join w))))]
        (is (= [:worker-died 71] ((juxt :parallel/error :exit) e)))
        (is (re-find #"control stream from the parent of worker \d+ is corrupt: " (str/join "\n" (:stderr-tail e))))
        (is (goes-on? w))))))

;; ---- by chance

(defn- new-seed
  "Printed, so that PARALLEL_SEED can give it again."
  []
  (let [seed (or (some-> (System/getenv "PARALLEL_SEED") parse-long) (System/currentTimeMillis))]
    (println (str "  hostile-test: PARALLEL_SEED=" seed))
    seed))

(defn- outcome
  "What comes of receiving all: the kind of the last error. Others on the way are :not-transferable."
  [w]
  (loop [n 0]
    (let [kind (try (parallel/receive w 3000 ::none)
                    nil
                    (catch clojure.lang.ExceptionInfo e
                      (is (= (.id ^parallel.Worker w) (:worker/id (ex-data e))))
                      (:parallel/error (ex-data e))))]
      (cond
        (contains? #{nil :not-transferable} kind) (if (< n 10000) (recur (inc n)) :endless)
        :else kind))))

(def ^:private fuzz
  {:ints      '(.ints h seed 200)
   :few-ints  '(.ints h seed 3)
   :positions '(.positionsOfOther h seed)
   :header    '(.header h seed 300)
   :noise     '(.noise h seed)})

(defn- fuzz-once [w]
  (let [kind (within 60000 #(outcome w))]
    (is (= kind (some #{kind} [:closed :worker-died])))
    (is (map? (parallel/status w)))
    (error #(parallel/send w 1))
    (is (not= ::late (within 60000 #(try (parallel/join w) (catch clojure.lang.ExceptionInfo _ nil)))))))

(deftest ^{:deadline-s 600} whatever-a-worker-writes-its-parent-goes-on
  (let [seed (new-seed)]
    (testing "60 workers that are threads, of each of 5 kinds: 300 cases"
      (doseq [[kind form] fuzz, n (range 60)]
        (testing (str kind " " (+ seed n))
          (let [w (parallel/run {:in :thread :ring-bytes 8192}
                                (list 'fn '[seed]
                                      (list 'with-open '[h (parallel.transport.Hostile/of (parallel/parent) false)]
                                            '(dotimes [n 5] (parallel/send (parallel/parent) (vec (range (* 20 n)))))
                                            form nil))
                                (+ seed n))]
            (fuzz-once w)))))
    (testing "a process of each kind"
      (doseq [[kind
               w] (mapv (fn [[kind form]] [kind
                                           (run {:ring-bytes 8192}
                                                (list 'let
                                                      ['seed seed 'h
                                                       '(parallel.transport.Hostile/of (parallel/parent) false)]
                                                      form nil))])
                        fuzz)]
        (testing (str kind " " seed)
          (fuzz-once w))))
    (testing "200 messages of noise from one process, which lives on"
      (let [w (run {} (list 'let ['h '(parallel.transport.Hostile/of (parallel/parent) false)]
                            (list 'dotimes '[n 200] (list '.noise 'h (list '+ seed 'n)))
                            '(parallel/send (parallel/parent) :after) nil))]
        (is (= :after (within 60000 #(loop []
                                       (let [m (try (parallel/receive w)
                                                    (catch clojure.lang.ExceptionInfo e
                                                      (is (= :not-transferable (:parallel/error (ex-data e))))
                                                      nil))]
                                         (if (= :after m) m (recur)))))))
        (is (nil? (within 60000 #(parallel/join w))))))))
