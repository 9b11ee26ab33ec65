(ns ^:jvm parallel.transport.control-loop-test
  "Control streams: frames of any length in order, their end, and what arrives that is none."
  (:require [clojure.test :refer [deftest is testing use-fixtures]]
            [clojure.test.check :as check]
            [clojure.test.check.generators :as gen]
            [clojure.test.check.properties :as prop]
            [parallel.transport.support :refer [await-true hang-s in-thread nothing-left value *directory*]])
  (:import (java.nio ByteBuffer)
           (java.nio.channels SocketChannel)
           (java.util Arrays)
           (parallel.transport ControlLoop Ends Link LinkListener)))

(use-fixtures :each nothing-left)

(defn- listener
  "Tells f of [:frame bytes], [:error message] and [:end]."
  [f]
  (reify LinkListener
    (onFrame [_ frame] (f [:frame (let [bytes (byte-array (.remaining frame))] (.get frame bytes) bytes)]))
    (onError [_ e] (f [:error (.getMessage e)]))
    (onEnd [_] (f [:end]))))

(defn- with-loop
  "Calls f with a running loop, and waits for its thread to end."
  ([f] (with-loop (bit-shift-left 1 40) f))
  ([max-frame f]
   (let [name (str "parallel-control-test-" (System/nanoTime))
         control (ControlLoop/start name (long max-frame))
         running? (fn [] (some #(= name (.getName ^Thread %)) (keys (Thread/getAllStackTraces))))]
     (is (running?))
     (try (f control)
          (finally
            (.close control)
            (is (await-true (complement running?)) "the thread ends"))))))

(defn- linked
  "Two links over a socket on the loop; each with an atom of what it heard."
  [^ControlLoop control]
  (let [[a b] (Ends/sockets *directory*)
        heard-a (atom []), heard-b (atom [])]
    [(.attach control a (listener #(swap! heard-a conj %))) heard-a
     (.attach control b (listener #(swap! heard-b conj %))) heard-b]))

(defn- parts ^"[Ljava.nio.ByteBuffer;" [& arrays]
  (into-array ByteBuffer (map #(ByteBuffer/wrap %) arrays)))

(defn- bytes-of [seed n]
  (let [a (byte-array n)]
    (dotimes [i n] (aset a i (unchecked-byte (+ seed i))))
    a))

(defn- frames [heard]
  (map second (filter #(= :frame (first %)) heard)))

(defn- same? [arrays heard]
  (and (= (count arrays) (count (frames heard)))
       (every? true? (map #(Arrays/equals ^bytes %1 ^bytes %2) arrays (frames heard)))))

(deftest frames-of-any-length-arrive-in-order
  (with-loop
    (fn [^ControlLoop control]
      (let [[^Link a _ _ heard] (linked control)
            sent (mapv #(bytes-of % %) [0 1 7 8 9 65527 65528 65529 65536 65537 300000 3 20000000 5])]
        (doseq [bytes sent] (.send a (parts bytes)))
        (is (await-true #(= (count sent) (count @heard))))
        (is (same? sent @heard))
        (is (= 0 (.queuedBytes a)))))))

(deftest a-frame-is-its-parts-joined
  (with-loop
    (fn [^ControlLoop control]
      (doseq [[^Link a _ _ heard] [(linked control)
                                   (let [heard (atom [])
                                         [a b] (.localPair control (listener identity)
                                                           (listener #(swap! heard conj %)))]
                                     [a nil b heard])]]
        (.send a (apply parts (map #(bytes-of % 3) (range 40))))
        (.send a (parts))
        (.send a (parts (byte-array 0) (bytes-of 1 2)))
        (is (await-true #(= 3 (count @heard))))
        (is (same? [(byte-array (mapcat #(bytes-of % 3) (range 40))) (byte-array 0) (bytes-of 1 2)] @heard))))))

(deftest many-threads-send-whole-frames
  (with-loop
    (fn [^ControlLoop control]
      (let [[^Link a _ _ heard] (linked control)
            senders (mapv (fn [t] (in-thread (dotimes [n 300] (.send a (parts (byte-array (+ 1 (* 37 n)) (byte t)))))))
                          (range 4))]
        (run! value senders)
        (is (await-true #(= 1200 (count @heard))))
        (is (every? (fn [^bytes f] (apply = (seq f))) (frames @heard)))
        (is (= (zipmap (range 4) (repeat (map #(+ 1 (* 37 %)) (range 300))))
               (update-vals (group-by #(long (aget ^bytes % 0)) (frames @heard)) #(map alength %)))
            "in the order of each thread")))))

(deftest send-never-blocks-and-counts-what-waits
  (with-loop
    (fn [^ControlLoop control]
      (let [[a ^SocketChannel b] (Ends/sockets *directory*)
            link (.attach control a (listener identity))]
        (with-open [b b]
          (dotimes [_ 50] (.send link (parts (byte-array 1000000))))
          (is (< 40000000 (.queuedBytes link)))
          (let [buffer (ByteBuffer/allocate 1000000)]
            (loop [left 50000400]
              (when (pos? left)
                (recur (- left (.read b (.clear buffer)))))))
          (is (await-true #(zero? (.queuedBytes link)))))))))

(deftest an-interrupted-sender-does-not-break-the-link
  (with-loop
    (fn [^ControlLoop control]
      (let [[^Link a _ _ heard] (linked control)]
        (value (in-thread (.interrupt (Thread/currentThread))
                          (dotimes [_ 20] (.send a (parts (byte-array 100000))))
                          (Thread/interrupted)))
        (is (await-true #(= 20 (count @heard))))))))

(deftest both-sides-hear-of-the-end-once
  (with-loop
    (fn [^ControlLoop control]
      (let [[^Link a heard-a ^Link b heard-b] (linked control)]
        (.send a (parts (bytes-of 1 10)))
        (.close a)
        (.close a)
        (is (await-true #(and (seq @heard-a) (= [:end] (peek @heard-b)))))
        (is (= [[:end]] @heard-a))
        (is (= [:frame :end] (map first @heard-b)) "what was sent before comes before the end")
        (.close b)
        (.send a (parts (bytes-of 1 10)))
        (.send b (parts (bytes-of 1 10))))
      (let [heard (atom [])
            [a b] (.localPair control (listener #(swap! heard conj %)) (listener #(swap! heard conj %)))]
        (.send ^Link a (parts (bytes-of 1 1)))
        (.close ^Link b)
        (.close ^Link a)
        (is (await-true #(= 3 (count @heard))))
        (is (= [:frame :end :end] (map first @heard)))))))

(deftest closing-the-loop-ends-every-link
  (let [heard (atom [])]
    (with-loop
      (fn [^ControlLoop control]
        (let [[_ heard-a _ heard-b] (linked control)]
          (.localPair control (listener #(swap! heard conj %)) (listener #(swap! heard conj %)))
          (.close control)
          (is (await-true #(= [[[:end]] [[:end]]] [@heard-a @heard-b]))))))
    (is (= [[:end] [:end]] @heard))))

(deftest a-listener-that-throws-does-not-stop-the-loop
  (with-loop
    (fn [^ControlLoop control]
      (let [[a b]  (Ends/sockets *directory*)
            heard  (atom [])
            lost   (atom [])
            hears  #(do (swap! heard conj %) (throw (RuntimeException. "in a listener")))
            link   (.attach control a (listener identity))
            ticked (promise)
            logger (java.util.logging.Logger/getLogger (.getName ControlLoop))
            logged (atom [])
            log    (proxy [java.util.logging.Handler] []
                     (publish [record]
                              (swap! logged conj (.getMessage (.getThrown ^java.util.logging.LogRecord record))))
                     (flush [])
                     (close []))]
        (.setUseParentHandlers logger false)
        (.addHandler logger log)
        (try
          (.attach control b (reify LinkListener
                               (onFrame [_ _] (hears :frame))
                               (onLost [_ e] (swap! lost conj (.getMessage e)))
                               (onEnd [_] (hears :end))))
          (dotimes [n 3] (.send link (parts (bytes-of n 5))))
          (is (await-true #(= 3 (count @heard))))
          (.execute control #(throw (RuntimeException. "in a task")))
          (.every control 1 #(when (deliver ticked true) (throw (RuntimeException. "in a tick"))))
          (is (true? (deref ticked (* 1000 hang-s) false)))
          (.close link)
          (is (await-true #(= 4 (count @heard))))
          (is (= (repeat 3 "in a listener") @lost) "it hears that it may have missed a frame")
          (is (await-true #(= #{"in a listener" "in a task" "in a tick"} (set @logged))))
          (finally
            (.removeHandler logger log)
            (.setUseParentHandlers logger true)))))))

(deftest a-loop-that-fails-at-each-step-ends-and-says-why
  (let [logger (java.util.logging.Logger/getLogger (.getName ControlLoop))]
    (try
      (.setLevel logger java.util.logging.Level/OFF)
      (with-loop
        (fn [^ControlLoop control]
          (let [[a b]    (Ends/sockets *directory*)
                heard    (atom [])
                hears    #(reify LinkListener
                            (onFrame [_ _])
                            (onLost [_ e] (swap! heard conj (class e)))
                            (onEnd [_] (swap! heard conj :end)))
                selector (doto (.getDeclaredField ControlLoop "selector") (.setAccessible true))]
            (.attach control a (hears))
            ;; on the loop: the JDK cannot take a selector that is closed while it registers a channel with it
            (.execute control #(.close ^java.nio.channels.Selector (.get selector control)))
            (is (await-true #(= 2 (count @heard))))
            (is (= [java.nio.channels.ClosedSelectorException :end] @heard))
            (is (thrown-with-msg? IllegalStateException #"has ended" (.attach control b (hears)))
                "what comes later is refused: nobody would hear it")
            (.close ^SocketChannel b))))
      (finally
        (.setLevel logger nil)))))

(deftest ticks-and-tasks-run-on-the-loop
  (with-loop
    (fn [^ControlLoop control]
      (let [n (atom 0), threads (atom #{}), order (atom [])]
        (.every control 1 #(do (swap! n inc) (swap! threads conj (Thread/currentThread))))
        (is (await-true #(< 5 @n)))
        (dotimes [i 100] (.execute control #(do (swap! order conj i) (swap! threads conj (Thread/currentThread)))))
        (is (await-true #(= 100 (count @order))))
        (is (= (range 100) @order))
        (is (= 1 (count @threads)))))))

;; --- What is no frame

(defn- hears
  "What a link with that limit hears of raw bytes, then the end of the socket."
  [max-frame bytes]
  (with-loop max-frame
    (fn [^ControlLoop control]
      (let [[a ^SocketChannel b] (Ends/sockets *directory*)
            heard (atom [])]
        (.attach control a (listener #(swap! heard conj %)))
        (try
          (let [buffer (ByteBuffer/wrap bytes)]
            (while (.hasRemaining buffer) (.write b buffer)))
          (catch java.io.IOException _))                    ; the link has closed the socket: that is what is asked for
        (.close b)
        (is (await-true #(= [:end] (peek @heard))))
        @heard))))

(defn- header [length]
  (.array (.putLong (ByteBuffer/allocate 8) (long length))))

(deftest an-absurd-length-ends-the-link-with-an-error
  (doseq [length [-1 Long/MIN_VALUE Long/MAX_VALUE (inc (bit-shift-left 1 40))]]
    (let [[[kind message] & more] (hears (bit-shift-left 1 40) (header length))]
      (is (= :error kind))
      (is (re-find (re-pattern (str "length of " length)) message))
      (is (= [[:end]] more))))
  (is (= [:frame :error :end]
         (map first (hears 10 (byte-array (concat (header 10) (range 10) (header 11) (range 11))))))))

(deftest a-length-that-is-claimed-takes-no-memory
  (is (= [[:end]] (hears (bit-shift-left 1 40) (byte-array (concat (header (bit-shift-left 1 39)) (range 100)))))))

(deftest half-a-frame-is-none
  (is (= [[:end]] (hears 1000 (byte-array (concat (header 100) (range 99))))))
  (is (= [[:end]] (hears 1000 (byte-array 5)))))

(deftest any-bytes-are-frames-an-error-or-the-end
  (let [result (check/quick-check 60
                 (prop/for-all [chunks
                                (gen/vector (gen/one-of [(gen/fmap #(vec (header %))
                                                                   (gen/one-of [(gen/choose 0 40) gen/large-integer]))
                                                         (gen/vector gen/byte 0 40)])
                                            0 20)]
                   (let [heard (map first (hears 100 (byte-array (apply concat chunks))))]
                     (and (= :end (last heard))
                          (every? #{:frame} (remove #{:error :end} heard))
                          (>= 1 (count (filter #{:error} heard)))))))]
    (is (:pass? result) (pr-str (dissoc result :fail)))))
