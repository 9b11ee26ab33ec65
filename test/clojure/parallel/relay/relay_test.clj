(ns ^:jvm parallel.relay.relay-test
  "Messages between two pairs of rings that a connection joins: whole, once, in order, whatever is full or gone."
  (:require [clojure.test :refer [deftest is testing use-fixtures]]
            [parallel.transport.support :refer
             [await-true deadline forever in-thread nothing-left pattern? receive! send! try-receive! value
              *directory*]])
  (:import (parallel.relay LoopStreams$End Relayed Streams)
           (parallel.transport Bytes MessageChannel$Sent)))

(use-fixtures :each nothing-left)

(def ^:private ring 65536)
(def ^:private record "The longest message that is one record." (- (quot ring 8) 8))

(defn- relayed ^Relayed
  ([] (relayed ring))
  ([ring-bytes] (Relayed. *directory* ring-bytes)))

(deftest a-message-of-any-size-passes-both-ways
  (with-open [r (relayed)]
    (doseq [size [0 1 7 8 63 64 65 (dec record) record (inc record) ring (inc ring) (+ 9 ring) (* 10 ring)
                  (* 3 1000 1000)]
            [from to] [[(.parent r) (.worker r)] [(.worker r) (.parent r)]]
            :let [sent (in-thread (send! from size size))]]
      (testing (str size " bytes")
        (is (pattern? (receive! to) size size))
        (is (= :SENT (value sent)))))))

(deftest the-last-piece-of-a-frame-waits-for-room-too
  (dotimes [_ 30]
    (with-open [r (relayed)]
      ;; with what the records add, the end of each message has no room until the rest of it is read
      (doseq [size (range (- ring 400) (+ ring 100) 45)
              :let [sent (in-thread (send! (.worker r) size size))]]
        (is (pattern? (receive! (.parent r)) size size))
        (value sent)))))

(deftest a-message-passes-at-every-place-in-the-smallest-ring
  (with-open [r (relayed 8192)]
    (let [sizes (mapv #(mod (* % 797) 3000) (range 1500))
          sent  (in-thread (run! (fn [[n size]] (send! (.worker r) n size)) (map-indexed vector sizes)))]
      (doseq [[n size] (map-indexed vector sizes)]
        (is (pattern? (receive! (.parent r)) n size)))
      (value sent))))

(deftest both-directions-at-once-keep-their-order
  (with-open [r (relayed)]
    (let [sizes   (vec (repeatedly 3000 #(rand-nth [0 1 8 64 300 5000 9000 20000 (rand-int 200000)])))
          sends   (fn [channel] (in-thread (run! (fn [[n size]] (send! channel n size)) (map-indexed vector sizes))))
          gets    (fn [channel] (in-thread (every? (fn [[n size]] (pattern? (receive! channel) n size))
                                                   (map-indexed vector sizes))))
          sending [(sends (.parent r)) (sends (.worker r))]
          getting [(gets (.worker r)) (gets (.parent r))]]
      (is (= [true true] (mapv value getting)))
      (run! value sending))))

(deftest a-receiver-that-does-not-receive-stops-the-sender
  (with-open [r (relayed)]
    (let [sent    (atom 0)
          sending (in-thread (dotimes [n 1000] (send! (.worker r) n 8000) (swap! sent inc)))]
      (is (await-true #(let [n @sent] (Thread/sleep 300) (= n @sent))))
      ;; two rings, the window, and what the parts of one ring may be ahead
      (is (< @sent (quot (+ (* 3 ring) (* (+ 2 Streams/WINDOW) Streams/FRAME_BYTES)) 8000)))
      (is (<= (.mostUngranted ^LoopStreams$End (aget (.data r) 0)) Streams/WINDOW))
      (dotimes [n 1000]
        (is (pattern? (receive! (.parent r)) n 8000)))
      (value sending))))

(deftest the-end-of-a-direction-passes
  (with-open [r (relayed)]
    (send! (.worker r) 1 100)
    (.sendEnd (.worker r))
    (is (pattern? (receive! (.parent r)) 1 100))
    (is (nil? (receive! (.parent r))))
    (is (.isEnded (.parent r)))
    (send! (.parent r) 2 100)
    (is (pattern? (receive! (.worker r)) 2 100) "the other direction goes on")))

(deftest all-that-a-worker-sent-arrives-before-its-end
  (with-open [r (relayed)]
    (dotimes [n 50]
      (send! (.worker r) n 1000))
    (.workerIsGone r)
    (is (.isOver r 0 60000))
    (dotimes [n 50]
      (is (pattern? (try-receive! (.parent r)) n 1000) "it is in the ring by then"))
    (is (nil? (try-receive! (.parent r))))))

(deftest the-end-of-a-worker-waits-for-room-and-not-for-a-receiver
  (with-open [r (relayed)]
    (let [sending (in-thread (dotimes [n 30] (send! (.worker r) n 8000)))]
      (value sending)
      (.workerIsGone r)
      (is (not (.isOver r 0 300)) "its messages are more than the ring of the parent holds")
      (is (await-true #(do (.drainAll (.parent r)) (.isOver r 0 1))))
      (dotimes [n 30]
        (is (pattern? (try-receive! (.parent r)) n 8000))))))

(deftest what-a-broken-connection-has-brought-is-received
  (with-open [r (relayed)]
    (dotimes [n 5]
      (send! (.worker r) n 1000))
    (is (await-true #(= 5 (.messagesSent (.status (.parent r))))))
    (.lose (.connection r))
    (is (.isOver r 0 60000))
    (is (.isOver r 1 60000))
    (dotimes [n 5]
      (is (pattern? (try-receive! (.parent r)) n 1000)))
    (is (nil? (try-receive! (.parent r))))))

(def ^:private more-than-fits "in rings and window." (* 3 1000 1000))

(deftest a-message-that-is-given-up-is-dropped
  (with-open [r (relayed)]
    (send! (.worker r) 1 100)
    (is (= MessageChannel$Sent/NO_ROOM (.send (.worker r) (Bytes/pattern 2 more-than-fits) (deadline 500))))
    (let [sent (in-thread (send! (.worker r) 3 100))]
      (is (pattern? (receive! (.parent r)) 1 100))
      (is (pattern? (receive! (.parent r)) 3 100))
      (is (= :SENT (value sent))))))

(deftest a-message-that-is-cut-off-is-no-message
  (with-open [r (relayed)]
    (send! (.worker r) 1 100)
    (let [cut-off (in-thread (.send (.worker r) (Bytes/pattern 2 more-than-fits) forever))]
      (is (await-true #(<= 1 (.messagesSent (.status (.parent r))))))
      (.lose (.connection r))
      (is (await-true #(do (.drainAll (.parent r)) (.isOver r 0 1))))
      (is (pattern? (receive! (.parent r)) 1 100))
      (is (nil? (try-receive! (.parent r))))
      (.retire (.worker r))
      (is (= MessageChannel$Sent/ENDED (value cut-off))))))

(deftest a-sender-is-not-relieved-of-what-nobody-takes-any-more
  (with-open [r (relayed)]
    (.close ^LoopStreams$End (aget (.data r) 1))
    (is (.isOver r 0 60000))
    (is (= MessageChannel$Sent/NO_ROOM (.send (.parent r) (Bytes/pattern 1 more-than-fits) (deadline 500))))))

(deftest what-is-no-frame-ends-the-relay-and-says-what-it-is
  (doseq [[bytes what] {[9 0]                       #"a piece of the kind 9"
                        [1]                         #"a piece without its length"
                        [1 -1 -1 -1 1]              #"a piece without its length"
                        [1 5 1 2]                   #"a piece of 5 bytes"
                        [2 8 1 0 0 0 0 0 0 0]       #"a message of 1 bytes in parts"
                        [2 8 0 0 0 0 0 0 0 -1]      #"a message of -72057594037927936 bytes in parts"
                        [2 1 1]                     #"a message of 0 bytes in parts"
                        [3 1 1]                     #"a part of 1 bytes"
                        [6 1 1]                     #"the number of a message in 1 bytes"
                        [6 8 7 0 0 0 0 0 0 0]       #"the number of no message, 7"
                        [2 8 0 0 1 0 0 0 0 0 3 1 7] #"1 bytes more"}]
    (testing bytes
      (with-open [r (relayed)]
        (.offer ^LoopStreams$End (aget (.data r) 1) (byte-array bytes))
        (is (.isOver r 0 60000))
        (is (re-find what (str (.failure r 0))))))))

(deftest random-traffic-with-random-pauses
  (let [seed   (rand-int Integer/MAX_VALUE)
        random (java.util.Random. seed)]
    (testing (str "seed " seed)
      (with-open [r (relayed (rand-nth [8192 65536]))]
        (let [sizes (mapv (fn [_] (int (Math/exp (* (.nextDouble random) (Math/log 300000))))) (range 2000))
              pause #(when (zero? (rand-int 50)) (Thread/sleep (long (rand-int 5))))
              runs  (for [[from to] [[(.parent r) (.worker r)] [(.worker r) (.parent r)]]]
                      [(in-thread (doseq [[n size] (map-indexed vector sizes)] (pause) (send! from n size)))
                       (in-thread (every? (fn [[n size]] (pause) (pattern? (receive! to) n size))
                                          (map-indexed vector sizes)))])]
          (doseq [[sent got] (vec runs)]
            (value sent)
            (is (true? (value got)))))))))
