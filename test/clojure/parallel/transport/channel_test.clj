(ns ^:jvm parallel.transport.channel-test
  "Messages between two ends of a mapped file: whole, once, in order, and what happens when somebody gives up."
  (:require [clojure.test :refer [deftest is testing use-fixtures]]
            [parallel.transport.support :refer
             [await-blocked await-true deadline ends forever hang-s in-thread nothing-left pattern?
              receive! send! try-receive! try-send! value *directory*]])
  (:import (java.util.concurrent.atomic AtomicLongArray)
           (parallel.transport Bytes Bytes$Arrived Ends Hammer MessageChannel MessageChannel$Sent)))

(use-fixtures :each nothing-left)

(def ^:private ring 65536)
(def ^:private record "The longest message that is one record." (- (quot ring 8) 8))

;; --- Sizes

(deftest a-message-of-any-size-arrives-whole
  (with-open [e (ends ring)]
    (doseq [size [0 1 7 8 9 63 64 65 (dec record) record (inc record) (dec ring) ring (inc ring) (* 10 ring)]
            :let [sent (in-thread (send! (.parent e) size size))]]
      (testing (str size " bytes")
        (is (pattern? (receive! (.child e)) size size))
        (is (= :SENT (value sent)))))
    (is (nil? (try-receive! (.child e))))))

(deftest a-message-of-any-size-arrives-at-every-place-in-the-smallest-ring
  (with-open [e (ends 8192)]
    (doseq [round (range 1500)
            :let [size (mod (* round 797) 3000)]]
      (let [sent (in-thread (send! (.child e) round size))]
        (is (pattern? (receive! (.parent e)) round size))
        (value sent)))))

(deftest a-message-without-a-payload-arrives-at-every-place-in-the-smallest-ring
  (with-open [e (ends 8192)]
    (doseq [n (range 3000)
            :let [head (inc (mod n 8))
                  size (+ head (mod (* n 31) (- 257 head)))]]
      (is (= :SENT (if (= MessageChannel$Sent/SENT (Bytes/sendBriefly (.child e) n head size (even? n)))
                     :SENT
                     (send! (.child e) n size))))
      (is (pattern? (receive! (.parent e)) n size)))
    (is (= 3000 (.messagesSent (.status (.parent e)))))))

(deftest a-message-without-a-payload-waits-for-nothing
  (with-open [e (ends 8192)]
    (let [sent (count (take-while #(= MessageChannel$Sent/SENT %)
                                  (repeatedly #(Bytes/sendBriefly (.parent e) 5 2 66 false))))]
      (is (< 90 sent 103))
      (is (every? #(pattern? % 5 66) (repeatedly sent #(receive! (.child e)))))
      (is (nil? (try-receive! (.child e))))
      (.sendEnd (.parent e))
      (is (= MessageChannel$Sent/ENDED (Bytes/sendBriefly (.parent e) 5 2 66 false)))
      (is (nil? (receive! (.child e)))))))

(deftest a-message-of-100-mb-arrives-whole
  (with-open [e (ends (bit-shift-left 1 20))]
    (let [size (* 100 1000 1000)
          sent (in-thread (send! (.parent e) 3 size))]
      (is (pattern? (receive! (.child e)) 3 size))
      (is (= :SENT (value sent))))))

(deftest messages-keep-their-order-and-are-counted
  (with-open [e (ends ring)]
    (let [sizes  (take 2000 (cycle [1 9 500 9000 20000 3]))
          sender (in-thread (doseq [[n size] (map-indexed vector sizes)] (send! (.parent e) n size)))
          status (.status (.parent e))]
      (is (every? true? (map-indexed (fn [n size] (pattern? (receive! (.child e)) n size)) sizes)))
      (value sender)
      (is (= [2000 (reduce + sizes)] [(.messagesReceived status) (.bytesReceived status)]))
      (is (= [0 0] [(.messagesQueued status) (.bytesQueued status)]))
      (send! (.parent e) 1 10)
      (is (= [1 10] [(.messagesQueued status) (.bytesQueued status)]))
      (send! (.child e) 1 77)
      (is (= [1 77] [(.messagesSent status) (.bytesSent status)])))))

(deftest both-sides-send-64-mb-before-either-receives
  (with-open [e (ends (bit-shift-left 1 20))]
    (let [size  (* 64 1024 1024)
          swap  (fn [channel seed] [(send! channel seed size) (receive! channel)])
          down  (in-thread (swap (.parent e) 1))
          [sent arrived] (swap (.child e) 2)]
      (is (= :SENT sent (first (value down))))
      (is (pattern? arrived 1 size))
      (is (pattern? (second (value down)) 2 size)))))

(deftest beyond-the-inbox-a-waiting-send-holds-back-the-other-side
  (with-open [e (ends 8192 (* 20 (+ 5000 240)))]   ; a message counts with the objects around it
    (let [up   (in-thread (dotimes [n 100] (send! (.child e) n 5000)))
          down (in-thread (dotimes [n 2] (send! (.parent e) n 80000)))]
      (is (await-true #(= 20 (Ends/messagesReady (.parent e)))) "as many as the inbox admits")
      (is (await-true #(= 1 (Ends/messagesReady (.child e)))))
      (await-blocked (.parent e) 1)
      (await-blocked (.child e) 1)
      (is (= [20 1] [(Ends/messagesReady (.parent e)) (Ends/messagesReady (.child e))]))
      (is (every? #(pattern? (receive! (.parent e)) % 5000) (range 100)))
      (value up)
      (is (every? #(pattern? (receive! (.child e)) % 80000) (range 2)))
      (value down))))

(deftest one-message-larger-than-the-inbox-is-admitted
  (with-open [e (ends 8192 1000)]
    (let [sent (in-thread (send! (.child e) 1 300000))]
      (is (await-true #(Ends/hasMessage (.parent e))))
      (is (= 1 (Ends/messagesReady (.parent e))))
      (is (= :SENT (value sent)))
      (is (pattern? (try-receive! (.parent e)) 1 300000)))))

(deftest a-small-message-before-it-does-not-keep-a-larger-one-out
  (with-open [e (ends 8192 2000)]
    (let [exchange (fn [end]
                     (in-thread
                      (send! end 1 100)
                      (send! end 2 300000)
                      (and (pattern? (receive! end) 1 100) (pattern? (receive! end) 2 300000))))]
      (is (= [true true] (mapv value [(exchange (.parent e)) (exchange (.child e))]))
          "neither waits for the other to receive first"))))

;; --- Not waiting

(deftest try-send-sends-all-or-nothing
  (with-open [e (ends ring)]
    (let [most (.maxTrySendBytes (.parent e))]
      (is (< (* 1/2 ring) most ring))
      (dotimes [n 40]
        (is (= :SENT (try-send! (.parent e) n most)) "an empty ring takes the largest, wherever it begins")
        (is (= :NO_ROOM (try-send! (.parent e) n most)))
        (is (pattern? (try-receive! (.child e)) n most))
        (send! (.parent e) n (* 97 n))
        (is (pattern? (try-receive! (.child e)) n (* 97 n))))
      (is (= :NO_ROOM (try-send! (.parent e) 1 (inc ring))))
      (is (nil? (try-receive! (.child e)))))))

(deftest try-send-says-no-room-while-another-thread-is-sending
  (with-open [e (ends 8192)]
    (let [sender (in-thread (send! (.parent e) 1 100000))]
      (await-blocked (.parent e) 1)
      (is (= :NO_ROOM (try-send! (.parent e) 2 1)))
      (is (pattern? (receive! (.child e)) 1 100000))
      (value sender)
      (is (= :SENT (try-send! (.parent e) 2 1))))))

(deftest the-interrupt-flag-stays-where-nothing-has-to-wait
  (with-open [e (ends ring)]
    (is (= [true :SENT true true]
           (value (in-thread
                    (.interrupt (Thread/currentThread))
                    (let [sent (send! (.parent e) 1 5000)
                          message (receive! (.child e))]
                      [(.isInterrupted (Thread/currentThread)) sent (pattern? message 1 5000)
                       (Thread/interrupted)])))))))

;; --- Giving up

(defn- thread-of
  "Runs f in a thread; [thread future-of-value-or-exception]."
  [f]
  (let [result (promise)
        thread (Thread. ^Runnable (fn [] (deliver result (try (f) (catch Throwable e e)))))]
    (.setDaemon thread true)
    (.start thread)
    [thread result]))

(defn- join-value [result]
  (deref result (* 1000 hang-s) ::hang))

(deftest a-send-that-times-out-leaves-nothing-of-its-message
  (with-open [e (ends 8192)]
    (is (= :NO_ROOM (send! (.parent e) 1 100000 (deadline 30))))
    (let [sent (in-thread (send! (.parent e) 2 50000))]
      (is (pattern? (receive! (.child e)) 2 50000))
      (value sent)
      (is (nil? (try-receive! (.child e)))))
    (testing "also before a message of one record, and before the end"
      (is (= :NO_ROOM (send! (.parent e) 1 100000 (deadline 10))))
      (.drain (.child e))
      (is (= :SENT (send! (.parent e) 3 3)))
      (is (pattern? (receive! (.child e)) 3 3))
      (is (= :NO_ROOM (send! (.parent e) 1 100000 (deadline 10))))
      (.sendEnd (.parent e))
      (is (nil? (receive! (.child e))))
      (is (.isEnded (.child e))))))

(deftest an-interrupted-send-leaves-nothing-of-its-message
  (with-open [e (ends 8192)]
    (let [[^Thread sender result] (thread-of #(send! (.parent e) 1 100000))]
      (await-blocked (.parent e) 1)
      (.interrupt sender)
      (is (instance? InterruptedException (join-value result)))
      (let [sent (in-thread (send! (.parent e) 2 50000))]
        (is (pattern? (receive! (.child e)) 2 50000))
        (is (= :SENT (value sent)))))))

(deftest an-interrupted-receive-loses-nothing
  (with-open [e (ends 8192)]
    (testing "when nothing has come"
      (let [[^Thread receiver result] (thread-of #(receive! (.child e)))]
        (await-blocked (.child e) 1)
        (.interrupt receiver)
        (is (instance? InterruptedException (join-value result)))))
    (testing "in the middle of a message, also into an array of its own"
      (doseq [reader [#(Bytes/owning) #(Bytes/into (byte-array 100000))]]
        (Ends/record (.parent e) 2 (byte-array (concat [0 0x10 0 0 0 0 0 0] (repeat 96 1)))) ; FIRST of 4096 bytes
        (let [[^Thread receiver result] (thread-of #(.receive (.child e) (reader) (long forever)))]
          (await-blocked (.child e) 1)
          (.interrupt receiver)
          (is (instance? InterruptedException (join-value result))))
        (dotimes [_ 4] (Ends/record (.parent e) 3 (byte-array 960 (byte 2))))
        (is (nil? (.receive (.child e) (Bytes/into (byte-array 5000)) (deadline 5))))
        (Ends/record (.parent e) 4 (byte-array 160 (byte 3)))
        (is (= [4096 (frequencies (concat (repeat 96 1) (repeat 3840 2) (repeat 160 3)))]
               (let [bytes (.bytes (receive! (.child e)))]
                 [(alength bytes) (frequencies bytes)])))))))

(deftest a-receive-that-times-out-in-a-big-message-leaves-it-to-the-next
  (with-open [e (ends 8192)]
    (let [size   3000000
          sender (in-thread (dotimes [n 3] (send! (.parent e) n size)))]
      (dotimes [n 3]
        (let [target (byte-array size)
              looks  (repeatedly #(.receive (.child e) (Bytes/into target) (+ (System/nanoTime) 200000)))]
          (is (pattern? (first (filter some? looks)) n size))))
      (value sender))))

(deftest a-refused-message-stays-next
  (with-open [e (ends 8192)]
    (doseq [size [100 50000]
            :let [sent (in-thread (send! (.parent e) 1 size))]]
      (is (identical? MessageChannel/REFUSED (.receive (.child e) (Bytes/into (byte-array 10)) (deadline))))
      (.drain (.child e))
      (is (identical? MessageChannel/REFUSED (.receive (.child e) (Bytes/into (byte-array 10)) (deadline)))
          "also from the inbox")
      (is (pattern? (.receive (.child e) (Bytes/into (byte-array 60000)) (deadline)) 1 size))
      (value sent))))

(deftest a-failing-payload-fails-alone
  (with-open [e (ends 8192)]
    (doseq [[size fails-at] [[100 0] [5000 0] [5000 3000]]]
      (is (thrown-with-msg? IllegalStateException #"cannot be copied"
            (.send (.parent e) (Bytes/failing size fails-at) (deadline))))
      (let [sent (in-thread (send! (.parent e) 1 size))]
        (is (pattern? (receive! (.child e)) 1 size))
        (is (= :SENT (value sent)))))))

(deftest a-failing-reader-loses-one-message
  (with-open [e (ends 8192)]
    (doseq [size [100 5000]]
      (send! (.parent e) 1 size)
      (send! (.parent e) 2 9)
      (is (thrown-with-msg? IllegalStateException #"no memory"
                            (.receive (.child e) (Bytes/failing "no memory") (deadline))))
      (is (pattern? (receive! (.child e)) 2 9)))))

;; --- The end

(deftest the-end-comes-after-what-was-sent-before-it
  (with-open [e (ends 8192)]
    (send! (.parent e) 1 5)
    (send! (.parent e) 2 4000)
    (.sendEnd (.parent e))
    (.sendEnd (.parent e))
    (is (= :ENDED (send! (.parent e) 3 1)))
    (is (= :ENDED (try-send! (.parent e) 3 1)))
    (is (not (.isEnded (.child e))))
    (is (pattern? (receive! (.child e)) 1 5))
    (is (not (.isEnded (.child e))))
    (is (pattern? (receive! (.child e)) 2 4000))
    (is (.isEnded (.child e)))
    (dotimes [_ 2]
      (is (nil? (receive! (.child e)))))
    (testing "the other direction goes on"
      (send! (.child e) 4 4)
      (is (pattern? (receive! (.parent e)) 4 4)))))

(deftest the-end-of-an-empty-stream-wakes-a-blocked-receive
  (with-open [e (ends 8192)]
    (let [receiver (in-thread (receive! (.child e)))]
      (await-blocked (.child e) 1)
      (.sendEnd (.parent e))
      (is (nil? (value receiver)))
      (is (.isEnded (.child e))))))

(deftest the-end-takes-effect-after-the-message-that-is-being-sent
  (with-open [e (ends 8192)]
    (let [sender (in-thread (send! (.parent e) 1 100000))]
      (await-blocked (.parent e) 1)
      (.sendEnd (.parent e))
      (is (= :ENDED (send! (.parent e) 2 1)))
      (is (pattern? (receive! (.child e)) 1 100000))
      (is (= :SENT (value sender)))
      (is (nil? (receive! (.child e))))
      (is (.isEnded (.child e))))))

;; --- Many threads

(deftest many-threads-on-both-sides-get-each-message-once
  (doseq [open [#(ends 8192) #(Ends/local *directory* 8192)]]
    (with-open [^Ends e (open)]
      (let [threads   4
            each      5000
            counts    (AtomicLongArray. (int (* threads each)))
            receivers (vec (repeatedly threads #(in-thread (Hammer/receiveNumbers (.child e) counts hang-s))))
            senders   (mapv #(in-thread (Hammer/sendNumbers (.parent e) (* % each) (* (inc %) each) 5000 hang-s))
                            (range threads))]
        (run! value senders)
        (.sendEnd (.parent e))
        (run! value receivers)
        (is (= {1 (* threads each)} (frequencies (map #(.get counts %) (range (* threads each))))))))))

(deftest messages-of-one-thread-keep-their-order-among-others
  (with-open [e (ends 8192)]
    (let [senders (mapv (fn [seed]
                          (in-thread (dotimes [n 500] (send! (.parent e) seed (+ 10 n (if (even? n) 2000 0))))))
                        [1 2 3])
          sizes   (frequencies (repeatedly 1500 #(let [m (receive! (.child e))]
                                                   [(first (filter (fn [seed] (= -1 (.wrongAt m (int seed)))) [1 2 3]))
                                                    (.count m)])))]
      (run! value senders)
      (is (= 1500 (count sizes)) "each seed and size once"))))

;; --- Retiring

(deftest after-retire-the-rest-is-received-then-the-end
  (with-open [e (ends 8192)]
    (send! (.child e) 1 5)
    (send! (.child e) 2 3000)
    (send! (.child e) 3 0)
    (is (= :NO_ROOM (send! (.child e) 4 100000 (deadline 5))))
    (.state (.status (.child e)) 7)
    (.doing (.status (.child e)) "the form")
    (.retire (.parent e))
    (.retire (.parent e))
    (is (= [7 "the form" 3]
           [(.state (.status (.parent e))) (.doing (.status (.parent e))) (.messagesSent (.status (.parent e)))]))
    (is (= :ENDED (send! (.parent e) 1 1)))
    (is (not (.isEnded (.parent e))))
    (is (pattern? (receive! (.parent e)) 1 5))
    (is (pattern? (receive! (.parent e)) 2 3000))
    (is (pattern? (receive! (.parent e)) 3 0))
    (is (.isEnded (.parent e)))
    (is (nil? (receive! (.parent e))))))

(deftest what-a-full-inbox-has-no-room-for-is-read-from-the-ring-of-who-is-gone
  (with-open [e (ends 65536 2000)]
    (dotimes [n 100] (send! (.child e) n 300))
    (send! (.child e) 100 9000)                     ; in parts
    (is (= :NO_ROOM (send! (.child e) 101 100000 (deadline 5))))
    (.retire (.parent e))
    (is (> 10 (Ends/messagesReady (.parent e))) "within the bound")
    (is (not (.isEnded (.parent e))))
    (dotimes [n 50] (is (pattern? (receive! (.parent e)) n 300)))
    (dotimes [n 50] (is (pattern? (try-receive! (.parent e)) (+ 50 n) 300)))
    (is (pattern? (receive! (.parent e)) 100 9000))
    (is (nil? (receive! (.parent e))))
    (is (.isEnded (.parent e)))
    (is (= 0 (Ends/messagesReady (.parent e))))))

(deftest retire-wakes-everybody-who-blocks
  (with-open [e (ends 8192)]
    (let [sender   (in-thread (send! (.parent e) 1 100000))
          receiver (in-thread (receive! (.parent e)))
          into     (in-thread (.receive (.parent e) (Bytes/into (byte-array 5)) (long forever)))]
      (await-blocked (.parent e) 3)
      (.retire (.parent e))
      (is (= [:ENDED nil nil] (mapv value [sender receiver into]))))))

(deftest retire-while-hammered-from-four-threads
  (doseq [open [#(ends 8192) #(ends (bit-shift-left 1 20)) #(Ends/local *directory* 8192)]]
    (dotimes [_ 5]
      (with-open [^Ends e (open)]
        (let [hammers (mapv (fn [c] (in-thread (Hammer/everything c hang-s)))
                            [(.parent e) (.parent e) (.child e) (.child e)])]
          (is (await-true #(< 100 (.messagesSent (.status (.parent e))))))
          (.retire (.parent e))
          (.retire (.child e))
          (is (pos? (reduce + (map value hammers)))))))))

;; --- Waking

(defn- ping-pong [^Ends e n jitter]
  (let [echo (in-thread (Hammer/echo (.child e) n jitter hang-s))]
    (Hammer/call (.parent e) n jitter hang-s)
    (value echo)))

(deftest no-wake-up-is-lost
  (with-open [e (ends 8192)]
    (ping-pong e 100000 0)
    (ping-pong e 10000 60))
  (with-open [e (Ends/local *directory* 8192)]
    (ping-pong e 50000 0)
    (ping-pong e 5000 60)))

(deftest no-wake-up-is-lost-when-a-receiver-has-caught-up
  (doseq [open [#(ends 65536) #(Ends/local *directory* 65536)]]
    (with-open [^Ends e (open)]
      (let [answers (in-thread (Hammer/answerBursts (.child e) 1000 600 hang-s))]
        (Hammer/bursts (.parent e) 1000 600 hang-s)
        (value answers)))))

(deftest ^:slow no-wake-up-is-lost-in-hundreds-of-thousands-of-blocks
  (with-open [e (ends 8192)]
    (dotimes [_ 5]
      (ping-pong e 40000 20))))

(defn- cpu-nanos [^Thread thread]
  (.getThreadCpuTime (java.lang.management.ManagementFactory/getThreadMXBean) (.getId thread)))

(defn- uses-no-cpu?
  "Of three looks of 100 ms one must find that the thread used less than 5 ms: it may just be on its way to sleep."
  [thread]
  (some (fn [_]
          (let [before (cpu-nanos thread)]
            (deref (promise) 100 nil)
            (< (- (cpu-nanos thread) before) 5000000)))
        (range 3)))

(deftest a-blocked-thread-uses-no-cpu
  (with-open [e (ends 8192)]
    (let [[receiver received] (thread-of #(receive! (.child e)))
          [sender sent]       (thread-of #(send! (.child e) 1 100000))]
      (await-blocked (.child e) 2)
      (is (uses-no-cpu? receiver))
      (is (uses-no-cpu? sender))
      (.retire (.child e))
      (is (= [nil :ENDED] [(join-value received) (join-value sent)])))))

(deftest a-blocked-thread-uses-no-cpu-after-the-end-of-its-bell
  (with-open [e (ends 8192)]
    (let [[early received-early] (thread-of #(receive! (.parent e)))]
      (await-blocked (.parent e) 1)
      (.closeBellOfChild e)
      (let [[late received-late] (thread-of #(receive! (.parent e)))]
        (await-blocked (.parent e) 2)
        (is (uses-no-cpu? early))
        (is (uses-no-cpu? late))
        (testing "and a message that is there is still received"
          (send! (.child e) 1 3)
          (is (pattern? (receive! (.parent e)) 1 3)))
        (.retire (.parent e))
        (is (= [nil nil] [(join-value received-early) (join-value received-late)]))))))
