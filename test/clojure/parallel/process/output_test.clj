(ns ^:jvm parallel.process.output-test
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is testing use-fixtures]]
            [parallel.process.support :as support :refer [await-true hang-ms probe with-process within-deadline]])
  (:import (java.io ByteArrayInputStream IOException InputStream)
           (java.lang ProcessHandle)
           (java.util List)
           (java.util.concurrent CountDownLatch TimeUnit)
           (java.util.logging Level Logger)
           (parallel.process LaunchedProcess LineReader Output Output$Line Output$Sink Output$Stream Streams)))

(use-fixtures :once support/no-delivery-left)
(use-fixtures :each support/nothing-left)

(def ^:private limit (* 8 1024 1024))

(defn- output ^Output [id sink]
  (Output. id sink limit (Output/executor)))

(defn- collector
  "A sink, and an atom of what it got: [stream id text]."
  []
  (let [got (atom [])]
    [(reify Output$Sink
       (line [_ stream id text] (swap! got conj [(str stream) id text])))
     got]))

(defn- texts [got stream]
  (into [] (comp (filter #(= stream (first %))) (map peek)) got))

(defn- pump [^Output output ^LaunchedProcess process]
  (.pump output (.stdout process) (.stderr process)))

(defn- finish [^Output output]
  (within-deadline (.finish output 500)))

(defn- lines-of [^bytes bytes]
  (let [reader (LineReader. (ByteArrayInputStream. bytes))]
    (loop [all []]
      (if-let [lines (.read reader)]
        (recur (into all lines))
        (into all (.rest reader))))))

(deftest lines-are-whole-utf-8-whatever-the-bytes
  (is (= ["a" "b" "" "c\rd" "e"] (lines-of (.getBytes "a\nb\r\n\nc\rd\ne"))))
  (is (= [] (lines-of (byte-array 0))))
  (is (= ["" ""] (lines-of (.getBytes "\n\n"))))
  (is (= ["grün € 𝄞"] (lines-of (.getBytes "grün € 𝄞" "UTF-8"))))
  (is (= ["a\ufffdb" "\ufffd"] (lines-of (byte-array [97 0xff 98 10 0xc3]))))
  (testing "a character may arrive in two reads"
    (let [in     (ByteArrayInputStream. (.getBytes "ü€\nx" "UTF-8"))
          reader (LineReader. (proxy [InputStream] []
                                (read
                                  ([] (.read in))
                                  ([bytes offset _length] (.read in bytes offset 1)))))]
      (is (= ["ü€"] (into [] cat (take-while some? (repeatedly #(.read reader))))))
      (is (= ["x"] (.rest reader))))))

(deftest a-line-without-end-is-split-between-characters
  (let [text  (apply str "a" (repeat 700000 "ü"))
        lines (lines-of (.getBytes (str text "\nnext") "UTF-8"))]
    (is (= 3 (count lines)))
    (is (= text (str/join (butlast lines))))
    (is (= "next" (last lines)))))

(deftest everything-printed-before-a-crash-is-delivered
  (let [[sink got] (collector)
        output     (output 3 sink)]
    (with-process [process (probe ["halt-after-printing" "grün"])]
      (pump output process)
      (is (.awaitExit process hang-ms))
      (is (true? (finish output)))
      (is (= 3 (.exitCode process)))
      (is (= ["grün"] (texts @got "OUT")))
      (is (= ["last words"] (texts @got "ERR")) "an unfinished line too")
      (is (= #{3} (set (map second @got))))
      (is (= ["last words"] (.stderrTail output))))))

(deftest a-hundred-thousand-lines-of-four-workers-at-once-arrive-in-order
  (let [count-each 25000
        run-one    (fn [id]
                     (let [got     (atom [])
                           batches (atom 0)
                           output  (output id (reify Output$Sink
                                                (line [_ _ _ _] (throw (IOException. "lines come in batches")))
                                                (^void lines [_ ^List lines]
                                                 (swap! batches inc)
                                                 (swap! got into (map #(.text ^Output$Line %)) lines))))]
                       (with-process [process (probe ["lines" (str count-each) (str "w" id "-")])]
                         (pump output process)
                         (is (.awaitExit process hang-ms))
                         (is (true? (.finish output 500))))
                       [@got @batches]))
        results    (within-deadline (mapv deref (mapv #(future (run-one %)) (range 1 5))))]
    (doseq [[id [got batches]] (map vector (range 1 5) results)]
      (is (= (mapv #(str "w" id "-" %) (range count-each)) got))
      (is (< batches 1000) "one call of the sink for many lines"))))

(deftest a-pipe-that-a-subprocess-holds-open-ends-the-wait-and-the-threads
  (let [[sink got] (collector)
        output     (output 4 sink)]
    (with-process [process (probe ["subprocess"])]
      (pump output process)
      (is (.awaitExit process hang-ms))
      (is (true? (finish output)))
      (let [[pid unfinished] (texts @got "OUT")
            left (.get (ProcessHandle/of (parse-long pid)))]
        (is (= "unfinished" unfinished) "what the pipe had is taken")
        (is (.isAlive left) "the subprocess lives on")
        (.destroyForcibly left)
        (is (await-true #(not (.isAlive left))))))))

(deftest without-proc-output-arrives-all-the-same
  (let [[sink got] (collector)
        output     (output 13 sink)
        process    (support/shell "for i in $(seq 20000); do echo line $i; done; printf end >&2; exit 4")]
    (.pump output (Streams/polledOutput process) (Streams/polledError process))
    (is (.waitFor process hang-ms TimeUnit/MILLISECONDS))
    (is (true? (finish output)))
    (is (= (mapv #(str "line " %) (range 1 20001)) (texts @got "OUT")))
    (is (= ["end"] (texts @got "ERR"))))
  (testing "and a subprocess that holds the pipe open ends neither here"
    (let [[sink got] (collector)
          output     (output 14 sink)
          process    (support/shell "sleep 60 & echo $!; exit 0")]
      (.pump output (Streams/polledOutput process) (Streams/polledError process))
      (is (.waitFor process hang-ms TimeUnit/MILLISECONDS))
      (is (true? (finish output)))
      (let [left (.get (ProcessHandle/of (parse-long (first (texts @got "OUT")))))]
        (.destroyForcibly left)
        (is (await-true #(not (.isAlive left))))))))

(deftest a-subprocess-that-writes-for-ever-ends-the-wait-too
  (let [[sink got] (collector)
        output     (output 5 sink)
        process    (support/shell "while :; do echo x; done & echo $!; exit 0")]
    (try
      (.pump output (.getInputStream process) (.getErrorStream process))
      (is (.waitFor process hang-ms TimeUnit/MILLISECONDS))
      (is (await-true #(seq @got)))
      (finish output)
      (finally
        (run! #(.ifPresent (ProcessHandle/of %)
                           (reify java.util.function.Consumer (accept [_ p] (.destroyForcibly ^ProcessHandle p))))
              (keep parse-long (texts @got "OUT")))
        (support/end-shell process)))))

(deftest a-sink-that-blocks-holds-up-its-own-worker-and-loses-nothing
  (let [gate       (CountDownLatch. 1)
        got        (atom 0)
        blocked    (Output. 6 (reify Output$Sink
                                (line [_ _ _ _] (.await gate) (swap! got inc)))
                            10000 (Output/executor))
        [sink other] (collector)
        free       (output 7 sink)]
    (with-process [process (probe ["lines" "200000" "x"])]
      (pump blocked process)
      (with-process [second (probe ["lines" "10" "y"])]
        (pump free second)
        (is (.awaitExit second hang-ms))
        (is (true? (finish free)))
        (is (= 10 (count @other)) "the other worker's output arrives"))
      (testing "the worker's prints wait, the queue being full"
        (is (await-true #(< 60000 (.available (.stdout process)))) "nobody reads what is in the pipe")
        (is (.isAlive process)))
      (.kill process)
      (is (.awaitExit process hang-ms))
      (is (false? (finish blocked)) "a sink that takes nothing is not waited for")
      (.countDown gate)
      (is (true? (finish blocked)) "a sink that goes on gets the rest")
      (is (< 300 @got 200000) "what fitted the queue and the pipe"))))

(deftest a-sink-that-throws-loses-its-line-and-nothing-else
  (let [logger (doto (Logger/getLogger "parallel.process") (.setLevel Level/OFF))
        got    (atom [])
        output (output 8 (reify Output$Sink
                           (line [_ _ _ text]
                             (if (= "y1" text) (throw (IOException. "expected by this test")) (swap! got conj text)))))]
    (with-process [process (probe ["lines" "3" "y"])]
      (pump output process)
      (is (.awaitExit process hang-ms))
      (is (true? (finish output)))
      (is (= ["y0" "y2"] @got)))
    (.setLevel logger nil)))

(deftest lines-from-below-have-credit-of-their-own
  (let [gate      (CountDownLatch. 1)
        got       (atom [])
        confirmed (atom 0)
        output    (Output. 9 (reify Output$Sink
                               (line [_ stream id text] (.await gate) (swap! got conj [(str stream) id text])))
                           100 (Output/executor))
        offer     #(.offer output Output$Stream/ERR 42 % (fn [] (swap! confirmed inc)))
        taken     (count (take-while true? (map #(offer (str %)) (range 1000))))]
    (is (< 0 taken 1000) "the budget ends, and offer does not block")
    (is (= 0 @confirmed))
    (.countDown gate)
    (is (true? (finish output)))
    (is (await-true #(= taken @confirmed)))
    (is (= (mapv #(vector "ERR" 42 (str %)) (range taken)) @got))
    (is (true? (offer "more")))
    (is (true? (finish output)))
    (is (= [] (.stderrTail output)) "the tail is the worker's own")))

(deftest the-last-twenty-lines-of-stderr-are-kept
  (let [output  (output 10 (reify Output$Sink (line [_ _ _ _])))
        process (support/shell "for i in $(seq 100); do echo line $i >&2; done")]
    (.pump output (.getInputStream process) (.getErrorStream process))
    (is (.waitFor process hang-ms TimeUnit/MILLISECONDS))
    (is (true? (finish output)))
    (is (= (mapv #(str "line " %) (range 81 101)) (.stderrTail output)))))

(deftest the-tail-of-stderr-is-bounded
  (let [output  (output 11 (reify Output$Sink (line [_ _ _ _])))
        process (support/shell "for i in $(seq 20); do head -c 100000 /dev/zero | tr '\\0' x; echo; done >&2")]
    (.pump output (.getInputStream process) (.getErrorStream process))
    (is (.waitFor process hang-ms TimeUnit/MILLISECONDS))
    (is (true? (finish output)))
    (is (< 4 (count (.stderrTail output)) 20))
    (is (>= 65536 (reduce + (map count (.stderrTail output)))))))

(deftest an-interrupt-ends-the-wait-and-not-the-delivery
  (let [gate   (CountDownLatch. 1)
        got    (atom [])
        output (output 12 (reify Output$Sink (line [_ _ _ text] (.await gate) (swap! got conj text))))]
    (.offer output Output$Stream/OUT 1 "kept" nil)
    (.interrupt (Thread/currentThread))
    (is (thrown? InterruptedException (.finish output 500)))
    (.countDown gate)
    (is (true? (finish output)))
    (is (= ["kept"] @got))))
