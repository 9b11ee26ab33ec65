(ns ^:once ^:jvm parallel.cluster.agent-test
  "Who may speak to an agent: it is one of this JVM, behind a connection of the engine."
  (:require [clojure.java.io :as io]
            [clojure.test :refer [deftest is testing]]
            [parallel.cluster.ends :refer [dialled ear hear listening loopback loss recording]]
            [parallel.support :refer [await-true]])
  (:import [java.io IOException]
           [java.net InetAddress Socket]
           [java.util.function Supplier]
           [parallel.cluster Keys]
           [parallel.codec Codec]
           [parallel.control Frames Version]
           [parallel.relay AgentServer ArrivingCode RelayFrames Stream Streams]))

(def ^:private secret (byte-array (range 32)))

(defn- dialled-at-last
  "A connection; whom the door has no room for is sent away, and may come again."
  ^Streams [port link-keys]
  (await-true #(try
                 (dialled port link-keys (loss))
                 (catch IOException _))))

(defn- with-agent
  "Calls f with the dialling side of a connection to an agent, and an atom that is true once the agent has had enough.
  What is called before with its port may give another port to dial."
  ([f] (with-agent identity f))
  ([before f]
   (let [[link-keys agent-keys] (Keys/pair "link" "agent")
         over    (atom false)
         facts   (reify Supplier (get [_] {"pid" 1}))
         server  (AgentServer. secret 12000 nil (ArrivingCode. nil) facts facts #(reset! over true))
         agent   (listening agent-keys server (loss))
         streams (dialled-at-last (before (.port agent)) link-keys)]
     (try
       (f streams over)
       (finally
         (.close ^Streams streams)
         (.close agent)
         (.close server))))))

(defn- frame ^bytes [kind & payload]
  (RelayFrames/joined (Frames/frame kind 1 (Codec/toBytes (object-array payload)))))

(def ^:private passed-by "What gives the bytes that a proxy has seen." (atom nil))

(defn- told-of-machine? [[kind bytes]]
  (and (= kind :frame) (= RelayFrames/FACTS (aget ^bytes bytes 0))))

(def ^:private host-stream "The name of the stream of a host." 0)

(defn- said-hello
  "The stream of the host to an agent that has told of its machine."
  ^Stream [streams]
  (let [ear    (ear)
        stream (.open ^Streams streams host-stream (:listener ear))]
    (.offer stream (frame RelayFrames/HELLO secret (Version/library)))
    (is (await-true #(some told-of-machine? (:heard ear))))
    stream))

(deftest who-knows-the-secret-and-has-the-release-is-told-of-the-machine
  (with-agent
    (fn [streams over]
      (said-hello streams)
      (is (not @over)))))

(deftest who-does-not-is-told-nothing-and-ends-the-agent
  (doseq [[what frames]
          {"another secret, as a first frame of an earlier session has"
           [(frame RelayFrames/HELLO (byte-array (range 1 33)) (Version/library))]
           "a part of the secret" [(frame RelayFrames/HELLO (byte-array (range 31)) (Version/library))]
           "no secret"            [(frame RelayFrames/HELLO (byte-array 0) (Version/library))]
           "another release"      [(frame RelayFrames/HELLO secret "0.0.1")]
           "a beat first"         [(frame RelayFrames/BEAT 1)]
           "an end first"         [(frame RelayFrames/FINISH)]}]
    (testing what
      (with-agent
        (fn [streams over]
          (let [ear    (ear)
                stream (.open ^Streams streams host-stream (:listener ear))]
            (doseq [^bytes each frames]
              (.offer ^Stream stream each))
            (is (await-true #(deref over)))
            (is (not-any? told-of-machine? (:heard ear)))))))))

(deftest a-worker-is-not-started-before-the-secret-was-said
  (with-agent
    (fn [streams _]
      (let [ear (ear)]
        (.open ^Streams streams 5 (:listener ear))
        (is (= :end (first (hear ear))) "the stream of the control of worker 1 is refused")))))

(deftest nothing-that-is-said-is-in-clear-on-the-wire
  (let [known  "a known text, as of a message, a form or a class path"
        result (promise)]
    (with-agent
      (fn [port]
        (let [proxied (promise)]
          (future (recording port (fn [near passed]
                                    (deliver proxied [near passed])
                                    @result)))
          (let [[near passed] @proxied]
            (reset! passed-by passed)
            near)))
      (fn [streams _]
        (try
          (let [stream (said-hello streams)
                before (count (@passed-by))]
            (.offer stream (frame RelayFrames/BEAT (apply str (repeat 500 known))))
            (is (await-true #(< (+ before 20000) (count (@passed-by)))) "it has passed")
            (is (not (re-find (re-pattern (subs known 0 16)) (@passed-by))))
            (is (not (re-find #"parallel|PARALLEL" (@passed-by)))))
          (finally
            (deliver result nil)))))))

(deftest a-thousand-strangers-do-no-harm
  (let [descriptors #(count (.list (io/file "/proc/self/fd")))
        before      (atom nil)]
    (with-agent
      (fn [port]
        (reset! before (descriptors))
        (dotimes [n 1000]
          (with-open [socket (Socket. ^InetAddress loopback (int port))]
            (try
              (.write (.getOutputStream socket) (.getBytes (str "GET /" n " HTTP/1.1\r\n\r\n")))
              (catch IOException _))))          ; closed unread
        (is (await-true #(< (descriptors) (+ 10 @before))) "nothing is kept of them")
        port)
      (fn [streams over]
        (said-hello streams)
        (is (not @over))))))
