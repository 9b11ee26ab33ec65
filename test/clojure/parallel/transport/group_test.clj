(ns ^:jvm parallel.transport.group-test
  "Sends to and receives from several channels at once, and threads that wait for several."
  (:require [clojure.test :refer [deftest is testing use-fixtures]]
            [parallel.transport.support :refer
             [await-blocked await-true deadline ends forever in-thread nothing-left pattern? receive! send!
              try-receive! value]])
  (:import (java.util List)
           (java.util.function BooleanSupplier)
           (parallel.transport Aside Assembly Bytes ChannelCorruptException Ends Groups MessageChannel Waiter
                              Waiter$Condition Waiter$For)))

(use-fixtures :each nothing-left)

(defn- with-members
  "Calls f with n open ends."
  [n f]
  (let [members (vec (repeatedly n #(ends 8192)))]
    (try (f members)
         (finally (run! #(.close ^Ends %) members)))))

(defn- parent-ends ^List [members] (mapv #(.parent ^Ends %) members))

(defn- send-all! [members seed size end]
  (mapv (comp keyword str) (Groups/sendAll (parent-ends members) (Bytes/pattern seed size)
                                                (make-array Aside (count members)) end)))

(defn- supplier ^BooleanSupplier [f]
  (reify BooleanSupplier (getAsBoolean [_] (boolean (f)))))

(defn- condition ^Waiter$Condition [f]
  (reify Waiter$Condition (getAsBoolean [_] (boolean (f)))))

(defn- receive-all!
  ([channels] (receive-all! channels (deadline)))
  ([channels end] (receive-all! channels end (constantly false)))
  ([channels end stop] (some-> (Groups/receiveAll channels (Bytes/owning) end (supplier stop)) vec)))

(deftest every-member-gets-its-copy
  (with-members 3
    (fn [members]
      (doseq [size [0 100 50000]]
        (let [received (mapv #(in-thread (receive! (.child ^Ends %))) members)]
          (is (= [:SENT :SENT :SENT] (send-all! members 1 size (deadline))))
          (is (every? #(pattern? (value %) 1 size) received)))))))

(deftest one-slow-member-delays-no-other
  (with-members 3
    (fn [members]
      (let [[a b c] members
            sent (in-thread (send-all! members 1 50000 (deadline)))]
        (testing "the first and the last are served while the second does nothing"
          (is (pattern? (receive! (.child ^Ends a)) 1 50000))
          (is (pattern? (receive! (.child ^Ends c)) 1 50000)))
        (is (not (realized? sent)))
        (is (pattern? (receive! (.child ^Ends b)) 1 50000))
        (is (= [:SENT :SENT :SENT] (value sent)))))))

(deftest at-the-deadline-only-the-slow-member-has-nothing
  (with-members 2
    (fn [members]
      (let [received (in-thread (receive! (.child ^Ends (first members))))]
        (is (= [:SENT :NO_ROOM] (send-all! members 1 20000 (deadline 300))))
        (is (pattern? (value received) 1 20000))
        (let [again (in-thread (receive! (.child ^Ends (second members))))]
          (is (= :SENT (send! (.parent ^Ends (second members)) 2 20000)))
          (is (pattern? (value again) 2 20000)))))))

(deftest an-ended-member-is-told-apart
  (with-members 2
    (fn [members]
      (.sendEnd (.parent ^Ends (first members)))
      (is (= [:ENDED :SENT] (send-all! members 1 10 (deadline)))))))

(deftest a-group-receives-one-from-each-in-group-order
  (with-members 3
    (fn [members]
      (let [received (in-thread (receive-all! (parent-ends members)))]
        (doseq [[n ^Ends m] (map-indexed vector members)]
          (send! (.child m) n (+ 10 n)))
        (is (= [true true true] (map-indexed (fn [n m] (pattern? m n (+ 10 n))) (value received)))))
      (testing "large ones too"
        (let [senders (mapv #(in-thread (send! (.child ^Ends %) 7 30000)) members)]
          (is (every? #(pattern? % 7 30000) (receive-all! (parent-ends members))))
          (run! value senders))))))

(deftest a-member-listed-twice-gives-two
  (with-members 2
    (fn [[^Ends a ^Ends b]]
      (send! (.child a) 1 11)
      (send! (.child b) 2 12)
      (is (nil? (receive-all! [(.parent a) (.parent b) (.parent a)] (deadline 10))))
      (send! (.child a) 3 13)
      (is (= [[11 1] [12 2] [13 3]]
             (map (fn [m seed] [(.count ^parallel.transport.Bytes$Arrived m)
                                (when (pattern? m seed (.count ^parallel.transport.Bytes$Arrived m)) seed)])
                  (receive-all! [(.parent a) (.parent b) (.parent a)]) [1 2 3]))))))

(deftest nothing-is-taken-unless-every-member-has-one
  (with-members 2
    (fn [[^Ends a ^Ends b :as members]]
      (send! (.child a) 1 11)
      (is (nil? (receive-all! (parent-ends members) (deadline 10))))
      (testing "when it is interrupted"
        (let [receiver (in-thread (receive-all! (parent-ends members) (long forever)))]
          (await-blocked (.parent b) 1)
          (future-cancel receiver)
          (await-blocked (.parent b) 0)))
      (testing "when it is told to stop"
        (is (nil? (receive-all! (parent-ends members) (long forever) (constantly true)))))
      (testing "when a member is corrupt"
        (Ends/record (.parent b) 9 (byte-array 5))
        (send! (.parent a) 2 5)
        (is (thrown? ChannelCorruptException (receive-all! [(.child a) (.child b)])))
        (is (pattern? (try-receive! (.child a)) 2 5)))
      (is (pattern? (try-receive! (.parent a)) 1 11))
      (is (nil? (try-receive! (.parent a)))))))

(deftest two-group-receives-and-a-single-one-share-the-messages
  (with-members 2
    (fn [[^Ends a ^Ends b]]
      (let [n       300
            group   (fn [channels] (in-thread (vec (repeatedly n #(receive-all! channels)))))
            one     (group [(.parent a) (.parent b)])
            other   (group [(.parent b) (.parent a)])
            single  (in-thread (vec (repeatedly n #(receive! (.parent a)))))
            senders [(in-thread (dotimes [i (* 3 n)] (send! (.child a) i 8)))
                     (in-thread (dotimes [i (* 2 n)] (send! (.child b) i 8)))]]
        (run! value senders)
        (is (= [n n n] (map (comp count value) [one other single])))
        (is (nil? (try-receive! (.parent a))))
        (is (nil? (try-receive! (.parent b))))))))

(deftest poll-takes-what-there-is
  (with-members 2
    (fn [[^Ends a ^Ends b :as members]]
      (send! (.child b) 1 9)
      (let [[x y] (Groups/pollAll (parent-ends members) (Bytes/owning))]
        (is (nil? x))
        (is (pattern? y 1 9))))))

(deftest a-thread-that-waits-for-several-is-woken-by-each
  (with-members 4
    (fn [members]
      (dotimes [n 40]
        (let [^Ends m (nth members (mod n 4))
              waiter
              (in-thread (Waiter/await (parent-ends members)
                                       (condition #(some (fn [c] (Ends/hasMessage c)) (parent-ends members)))
                                       (deadline) Waiter$For/ANYTHING))]
          (when (even? n)
            (is (await-true #(pos? (Ends/blocked (.parent m))))))
          (send! (.child m) n 9)
          (is (true? (value waiter)))
          (is (pattern? (try-receive! (.parent m)) n 9)))))))

(deftest a-local-change-wakes-a-waiting-thread
  (with-members 2
    (fn [members]
      (let [done   (atom false)
            waiter (in-thread (Waiter/await (parent-ends members) (condition #(deref done)) (long forever)
                                              Waiter$For/ANYTHING))]
        (await-blocked (.parent ^Ends (second members)) 1)
        (reset! done true)
        (.wakeLocal (.parent ^Ends (second members)))
        (is (true? (value waiter)))))))

(deftest the-listener-hears-of-blocking
  (with-members 1
    (fn [[^Ends e]]
      (let [heard (atom [])]
        (.blockedListener (.child e) (reify parallel.transport.BlockedListener
                                       (onBlocked [_ sending delta] (swap! heard conj [sending delta]))))
        (let [receiver (in-thread (receive! (.child e)))]
          (is (await-true #(= [[false 1]] @heard)))
          (send! (.parent e) 1 1)
          (value receiver)
          (is (= [[false 1] [false -1]] @heard)))
        (let [sender (in-thread (send! (.child e) 1 100000))]
          (is (await-true #(= [true 1] (peek @heard))))
          (is (pattern? (receive! (.parent e)) 1 100000))
          (value sender)
          (is (= [true -1] (peek @heard)))
          (is (zero? (reduce + (map second @heard)))))))))
