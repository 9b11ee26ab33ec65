(ns ^:jvm parallel.cluster.bulk-test
  "A long message to several workers of a host goes there once, and is to each of them as any other message."
  (:require [clojure.java.io :as io]
            [clojure.java.shell :refer [sh]]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing use-fixtures]]
            [parallel.api :as parallel]
            [parallel.cluster.on-host :refer [closing-hosts here kill! link-pid pid signal!
                                              start-cache]]
            [parallel.hosts :as hosts]
            [parallel.support :refer [await-true error error-kind within]])
  (:import [java.nio.file Files]))

(def ^:private ^:dynamic *hosts* nil)

(use-fixtures :once closing-hosts
  (fn [tests]
    @start-cache
    (binding [*hosts* (hosts/add-all (for [n ["one" "two"]] (assoc here :name n :cores 4)))]
      (tests))))

(use-fixtures :each
  (fn [test]
    (try
      (test)
      (finally
        (run! parallel/kill (parallel/children))
        (await-true #(empty? (parallel/children)))))))

(def ^:private mb 1000000)

(defn- agents [] (map :pid (hosts/hosts)))

(defn- kept
  "How many messages the agents keep: files without a name."
  []
  (count (for [agent (agents)
               ^java.io.File fd (.listFiles (io/file (str "/proc/" agent "/fd")))
               :let [file (try (str (Files/readSymbolicLink (.toPath fd))) (catch java.io.IOException _ ""))]
               :when (str/includes? file "/bulk-")]
           file)))

(defn- written
  "The bytes that a process has written to whatever."
  [pid]
  (parse-long (second (re-find #"wchar: (\d+)" (:out (sh "cat" (str "/proc/" pid "/io")))))))

(defn- numbered
  "A long message that says which it is."
  [n size]
  (let [bytes (byte-array size (byte n))]
    (aset bytes (dec size) (byte (- n)))
    bytes))

(def ^:private brief
  "What a worker makes of a message of its parent."
  '(defn brief [m] (if (bytes? m) [(alength m) (aget m 0) (aget m (quot (alength m) 2)) (aget m (dec (alength m)))] m)))

(def ^:private next-one '(brief (parallel/receive (parallel/parent))))

(defn- all [ws form] (mapv deref (parallel/exec ws form)))

(defn- workers
  ([n] (workers *hosts* n))
  ([where n] (doto (parallel/fork {:in where} n) (all brief))))

(defn- expected [n size] [size n n (- n)])

(deftest ^{:deadline-s 600} a-long-message-goes-once-to-each-host
  (let [ws     (workers 8)
        size   (* 10 mb)
        link   (link-pid)
        before (written link)
        got    (parallel/exec ws next-one)]
    (is (= {"one" 4, "two" 4} (frequencies (map (comp :host parallel/status) ws))))
    (within 60000 #(parallel/send ws (numbered 7 size)))
    (is (= (repeat 8 (expected 7 size)) (within 60000 #(mapv deref got))))
    (let [moved (- (written link) before)]
      (is (< (* 2 size) moved (* 22 mb)) "once to each of two hosts, and not eight times"))
    (is (await-true #(zero? (kept))))
    (testing "its size counts for each worker"
      (is (await-true #(every? (fn [w] (<= size (:bytes (:received (parallel/status w))))) ws))))))

(deftest ^{:deadline-s 600} it-has-its-place-among-the-other-messages
  (let [ws    (conj (workers 5) (doto (parallel/fork) (-> (parallel/exec brief) deref)))
        sizes [(* 3 mb) 10 (* 2 mb) 100000 (inc (* 1024 1024)) (* 1024 1024) 4 (* 5 mb)]
        got   (parallel/exec ws (list 'vec (list 'repeatedly (* 2 (count sizes)) (list 'fn [] next-one))))]
    (doseq [[n size] (map-indexed vector sizes)]
      (parallel/send ws (numbered n size))
      (doseq [w ws] (parallel/send w n)))
    (doseq [messages (within 60000 #(mapv deref got))]
      (is (= (mapcat (fn [n size] [(expected n size) n]) (range) sizes) messages)))
    (testing "a worker that is in the group twice receives it twice"
      (let [twice [(ws 0) (ws 1) (ws 0)]
            got   (parallel/exec [(ws 0) (ws 1)] [next-one next-one])]
        (parallel/send twice (numbered 5 (* 2 mb)))
        (parallel/send [(ws 0) (ws 1)] :next)
        (is (= [[(expected 5 (* 2 mb)) (expected 5 (* 2 mb))] [(expected 5 (* 2 mb)) :next]]
               (within 60000 #(mapv deref got))))
        (is (= :next (within 60000 #(deref (parallel/exec (ws 0) next-one)))))))
    (is (await-true #(zero? (kept))))))

(deftest ^{:deadline-s 600} groups-that-overlap-do-not-wait-for-each-other
  (let [ws  (workers [(first *hosts*)] 3)
        got (parallel/exec ws (list 'frequencies (list 'repeatedly 20 (list 'fn [] next-one))))
        [a b c] ws
        sends (fn [group n] (future (dotimes [_ 10] (parallel/send group (numbered n (* 2 mb))))))
        both  [(sends [a b] 1) (sends [b a] 2) (sends [c c] 3)]]
    (within 120000 #(run! deref both))
    (is (= {(expected 1 (* 2 mb)) 10, (expected 2 (* 2 mb)) 10} (within 60000 #(deref (first got)))
           (within 60000 #(deref (second got)))))
    (is (await-true #(zero? (kept))))))

(deftest ^{:deadline-s 600} one-that-does-not-receive-stops-no-other
  (let [[idle & others :as ws] (workers 6)
        got (parallel/exec others (list 'vec (list 'repeatedly 12 (list 'fn [] next-one))))]
    (dotimes [n 12]
      (within 60000 #(parallel/send ws (numbered n (* 2 mb)))))
    (is (= (repeat 5 (map #(expected % (* 2 mb)) (range 12))) (within 60000 #(mapv deref got))))
    (is (pos? (kept)) "they wait for it")
    (testing "and has all of them in order when it does"
      (is (= (map #(expected % (* 2 mb)) (range 12))
             (within 60000 #(deref (parallel/exec idle (list 'vec (list 'repeatedly 12 (list 'fn [] next-one)))))))))
    (is (await-true #(zero? (kept))))))

(deftest ^{:deadline-s 600} nothing-is-kept-for-one-that-has-died
  (let [[dead & others :as ws] (workers 6)
        got (parallel/exec others [next-one next-one])]
    (parallel/send ws (numbered 1 (* 4 mb)))
    (kill! (pid dead))
    (is (= :worker-died (error-kind #(within 60000 (fn [] (parallel/join dead))))))
    (is (= :worker-died (error-kind #(within 60000 (fn [] (parallel/send ws (numbered 2 (* 4 mb))))))))
    (is (= (repeat 5 [(expected 1 (* 4 mb)) (expected 2 (* 4 mb))]) (within 60000 #(mapv deref got))))
    (is (await-true #(zero? (kept))))))

(deftest ^{:deadline-s 600} what-has-no-time-arrives-nowhere
  (let [ws (workers 4)
        [slow quick] (mapv #(map first (% (map vector ws (map (comp :host parallel/status) ws))))
                           [(partial filter (comp #{"one"} second)) (partial filter (comp #{"two"} second))])
        agent-of-one (:pid (first (filter (comp #{"one"} :name) (hosts/hosts))))]
    (signal! "STOP" agent-of-one)
    (let [e (try
              (error #(within 60000 (fn [] (parallel/send ws (numbered 1 (* 3 mb)) {:timeout-ms 1000}))))
              (finally
                (signal! "CONT" agent-of-one)))]
      (is (= [:timeout (map #(.id ^parallel.Worker %) slow)] [(:parallel/error e) (:unsent e)])))
    (parallel/send ws (numbered 2 (* 3 mb)))
    (is (= (repeat 2 (expected 2 (* 3 mb))) (within 60000 #(all slow next-one))))
    (is (= (repeat 2 [(expected 1 (* 3 mb)) (expected 2 (* 3 mb))])
           (within 60000 #(all quick [next-one next-one]))))
    (is (await-true #(zero? (kept))))))

(deftest ^{:deadline-s 600} a-host-that-is-lost-ends-the-send
  (let [gone (hosts/add (assoc here :name "gone" :cores 4))
        ws   (into (workers [(first *hosts*)] 2) (workers [gone] 2))
        its  (:pid (last (hosts/hosts)))
        got  (parallel/exec (take 2 ws) next-one)]
    (signal! "STOP" its)
    (let [sent (future (error-kind #(parallel/send ws (numbered 1 (* 3 mb)))))]
      (is (= (repeat 2 (expected 1 (* 3 mb))) (within 60000 #(mapv deref got))) "the others have it by then")
      (kill! its)
      (is (= :several (within 60000 #(deref sent)))))))

(deftest what-was-sent-leaves-no-file
  (let [ws (workers [(first *hosts*)] 2)]
    (parallel/send ws (numbered 1 (* 2 mb)))
    (is (= 2 (count (within 60000 #(all ws next-one)))))
    (is (empty? (filter #(str/starts-with? (.getName ^java.io.File %) "bulk-")
                        (mapcat #(file-seq (io/file (str %)))
                                (.own (.directory (parallel.runtime.Session/current)))))))))
