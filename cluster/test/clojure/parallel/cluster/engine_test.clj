(ns ^:jvm parallel.cluster.engine-test
  "Streams over gRPC: order, windows, ends and losses, and who is let in."
  (:require [clojure.java.io :as io]
            [clojure.test :refer [deftest is testing]]
            [parallel.cluster.ends :as ends :refer [bytes-of ear fill! hear loss offer! open reason silent? text-of
                                                    with-connection]]
            [parallel.outside :refer [with-directory]])
  (:import [java.io File IOException]
           [java.net Socket SocketException SocketTimeoutException]
           [java.nio.file Files]
           [java.security.cert X509Certificate]
           [java.util Arrays]
           [java.util.function Consumer]
           [javax.net.ssl KeyManager SSLContext SSLException SSLSocket TrustManager X509ExtendedKeyManager
                          X509ExtendedTrustManager]
           [parallel.cluster GrpcStreams Keys]
           [parallel.relay Stream StreamListener Streams Streams$Acceptor]))

(def ^:private one (bytes-of "x"))
(def ^:private window Streams/WINDOW)

(defn- grant! [^Stream stream] (.grant stream))
(defn- close-stream! [^Stream stream] (.close stream))
(defn- close! [^Streams streams] (.close streams))

;; --- Frames

(deftest a-frame-goes-each-way
  (with-connection [c]
    (let [{:keys [near far near-ear far-ear]} (open c 7)]
      (is (true? (offer! near (bytes-of "there"))))
      (is (= "there" (text-of (hear far-ear))))
      (is (true? (offer! far (bytes-of "back"))))
      (is (= "back" (text-of (hear near-ear)))))))

(deftest the-other-side-hears-the-name-of-a-stream
  (with-connection [c]
    (doseq [stream-name [0 1 -1 Long/MAX_VALUE Long/MIN_VALUE]]
      (.open ^Streams (:link c) stream-name (:listener (ear)))
      (is (= stream-name (first (hear (:accepted c))))))))

(defn- send-all!
  "Offers frames, and waits for room where there is none."
  [stream ear frames]
  (doseq [frame frames]
    (while (not (offer! stream frame))
      (when (= :nothing (hear ear)) (throw (ex-info "There was no room any more." {}))))))

(deftest frames-come-in-order-and-whole-of-1-byte-and-of-64-KiB
  (with-connection [c]
    (let [{:keys [near far near-ear far-ear]} (open c 1)
          frame-of (fn [n] (byte-array (if (even? n) 1 Streams/FRAME_BYTES) (byte (mod n 128))))
          right?   (fn [n [kind frame]] (and (= :frame kind) (Arrays/equals ^bytes frame ^bytes (frame-of n))))]
      (doseq [[from to from-ear to-ear] [[near far near-ear far-ear] [far near far-ear near-ear]]
              :let [sending (future (send-all! from from-ear (map frame-of (range 400))))]]
        (dotimes [n 400]
          (is (right? n (hear to-ear)) n)
          (grant! to))
        (is (nil? (deref sending 60000 :late)))))))

(deftest a-frame-has-1-to-65536-bytes
  (with-connection [c]
    (let [{:keys [near far-ear]} (open c 1)]
      (doseq [size [0 (inc Streams/FRAME_BYTES)]]
        (is (thrown-with-msg? IllegalArgumentException #"1 to 65536" (offer! near (byte-array size)))))
      (is (offer! near one))
      (is (= "x" (text-of (hear far-ear)))))))

(deftest what-is-offered-at-once-is-not-lost
  (with-connection [c]
    (let [near (.open ^Streams (:link c) 5 (:listener (ear)))]
      (is (= window (fill! near one)))
      (let [[_ _ far-ear] (hear (:accepted c))]
        (dotimes [_ window] (is (= "x" (text-of (hear far-ear)))))
        (is (silent? far-ear))))))

;; --- The window

(deftest a-stream-that-is-not-granted-stops-after-its-window-and-another-goes-on
  (with-connection [c]
    (doseq [frame [one (byte-array Streams/FRAME_BYTES)]]
      (let [stuck (open c 1)
            other (open c 2)]
        (doseq [[from to-ear] [[(:near stuck) (:far-ear stuck)] [(:far stuck) (:near-ear stuck)]]]
          (is (= window (fill! from frame)))
          (dotimes [_ window] (is (= :frame (first (hear to-ear)))))
          (is (false? (offer! from one)))
          (is (silent? to-ear)))
        (dotimes [n 100]
          (send-all! (:near other) (:near-ear other) [(bytes-of (str n))])
          (is (= (str n) (text-of (hear (:far-ear other)))))
          (grant! (:far other)))))))

(deftest one-frame-that-is-granted-makes-room-for-one
  (with-connection [c]
    (let [{:keys [near near-ear far far-ear]} (open c 1)]
      (is (= window (fill! near one)))
      (dotimes [_ window] (hear far-ear))
      (dotimes [_ (* 3 window)]
        (grant! far)
        (is (= [:ready] (hear near-ear)))
        (is (= 1 (fill! near one)))
        (is (= "x" (text-of (hear far-ear))))))))

(deftest a-refused-offer-is-followed-by-one-onReady
  (with-connection [c]
    (let [{:keys [near near-ear far far-ear]} (open c 1)]
      (testing "none where none was refused"
        (dotimes [_ window] (offer! near one) (hear far-ear) (grant! far))
        (is (silent? near-ear)))
      (is (= window (fill! near one)))
      (dotimes [_ window] (hear far-ear) (grant! far))
      (is (= [:ready] (hear near-ear)))
      (is (silent? near-ear)))))

(deftest what-is-granted-goes-back-with-frames-of-the-other-way
  (with-connection [c]
    (let [{:keys [near near-ear far far-ear]} (open c 1)]
      (dotimes [n (* 20 window)]
        (is (offer! near one))
        (is (= "x" (text-of (hear far-ear))) n)
        (grant! far)
        (is (offer! far one))
        (is (= "x" (text-of (hear near-ear))) n)
        (grant! near)))))

(deftest a-grant-without-a-frame-is-an-error
  (with-connection [c]
    (let [{:keys [near far far-ear]} (open c 1)]
      (is (thrown? IllegalStateException (grant! far)))
      (offer! near one)
      (hear far-ear)
      (grant! far)
      (is (thrown? IllegalStateException (grant! far))))))

;; --- The end of a stream

(deftest either-side-closes-a-stream-after-what-it-has-offered
  (with-connection [c]
    (doseq [turn [identity (fn [{:keys [near near-ear far far-ear]}]
                             {:near far, :near-ear far-ear, :far near, :far-ear near-ear})]]
      (let [{:keys [near near-ear far far-ear]} (turn (open c 1))]
        (is (= window (fill! near one)))
        (offer! far (bytes-of "late"))
        (close-stream! near)
        (close-stream! near)
        (dotimes [_ window] (is (= "x" (text-of (hear far-ear)))))
        (is (= [:end nil] (hear far-ear)))
        (is (= "late" (text-of (hear near-ear))) "what the other side had offered before it heard of it")
        (is (= [:end nil] (hear near-ear)))
        (testing "then frames are dropped, and nothing comes"
          (is (= [true true] [(offer! near one) (offer! far one)]))
          (grant! far)
          (close-stream! far)
          (is (silent? far-ear))
          (is (silent? near-ear)))))
    (is (silent? (:link-loss c)))))

(deftest a-stream-that-the-other-side-does-not-take-ends
  (let [[link-keys agent-keys] (Keys/pair "link" "agent")
        refusing (reify Streams$Acceptor (accept [_ n _] (when (odd? n) (throw (IllegalStateException. "no")))))]
    (with-open [agent (ends/listening agent-keys refusing (loss))
                link  (ends/dialled (.port agent) link-keys (loss))]
      (doseq [n [1 2]
              :let [ear    (ear)
                    stream (.open link n (:listener ear))
                    [kind why] (do (offer! stream one) (hear ear))]]
        (is (= :end kind))
        (is (re-find #"refused the stream" (str why)))
        (is (true? (offer! stream one)))))))

(deftest a-listener-that-throws-loses-its-stream-alone
  (with-connection [c]
    (let [{:keys [near near-ear far]} (open c 1)
          failing (reify StreamListener
                    (onFrame [_ _] (throw (IllegalStateException. "not today")))
                    (onReady [_])
                    (onEnd [_ _]))
          other   (.open ^Streams (:link c) 2 failing)
          [_ far-of-other far-ear-of-other] (hear (:accepted c))]
      (offer! far-of-other one)
      (is (instance? IOException (second (hear far-ear-of-other))))
      (is (true? (offer! other one)))
      (offer! far one)
      (is (= "x" (text-of (hear near-ear))))
      (is (offer! near one)))))

;; --- The end of the connection

(deftest each-side-hears-once-why-the-connection-has-ended
  (doseq [[closing other] [[:link :agent] [:agent :link]]]
    (with-connection [c]
      (let [{:keys [near-ear far-ear near far]} (open c 1)
            ear-of  {:link near-ear, :agent far-ear}
            loss-of {:link (:link-loss c), :agent (:agent-loss c)}]
        (close! (closing c))
        (close! (closing c))
        (is (= "The connection was closed here." (reason (loss-of closing))))
        (is (= "The other side closed the connection." (reason (loss-of other))))
        (doseq [side [closing other], :let [[kind why] (hear (ear-of side))]]
          (is (= :end kind))
          (is (instance? IOException why)))
        (is (= [true true] [(offer! near one) (offer! far one)]) "dropped")
        (doseq [side [closing other]]
          (close! (side c))
          (is (silent? (loss-of side)))
          (is (silent? (ear-of side))))
        (testing "and a stream that is opened then ends at once"
          (let [late (ear)]
            (.open ^Streams (:link c) 9 (:listener late))
            (is (= :end (first (hear late))))))))))

(deftest a-side-that-nobody-has-dialled-is-closed
  (let [[_ keys] (Keys/pair "link" "agent")
        loss     (loss)
        agent    (ends/listening keys (:acceptor (ends/acceptor)) loss)]
    (.close agent)
    (is (= "The connection was closed here." (reason loss)))
    (is (silent? loss))))

(deftest a-process-that-is-killed-is-lost-to-the-side-that-listens
  (let [[link-keys agent-keys] (Keys/pair "link" "agent")
        accepted (ends/acceptor)
        loss     (loss)]
    (with-open [agent (ends/listening agent-keys (:acceptor accepted) loss)]
      (let [far (ends/far-process "dial" (.port agent) link-keys)
            [_ stream ear] (hear accepted)]
        (offer! stream (bytes-of "echo"))
        (is (= "echo" (text-of (hear ear))))
        (ends/kill far)
        (is (re-find #"^The connection broke" (reason loss)))
        (is (= :end (first (hear ear))))
        (is (silent? loss))))))

(deftest a-process-that-is-killed-is-lost-to-the-side-that-has-dialled
  (let [[link-keys agent-keys] (Keys/pair "link" "agent")
        loss (loss)
        far  (ends/far-process "listen" 0 agent-keys)
        ear  (ear)]
    (try
      (with-open [link (ends/dialled (parse-long (ends/line far)) link-keys loss)]
        (let [stream (.open link 1 (:listener ear))]
          (offer! stream (bytes-of "echo"))
          (is (= "echo" (text-of (hear ear))))
          (ends/kill far)
          (is (re-find #"^The connection broke" (reason loss)))
          (is (= :end (first (hear ear))))
          (is (silent? loss))
          (is (true? (offer! stream one)))))
      (finally (ends/kill far)))))

;; --- Who is let in

(def ^:private silence-ms "More than strangers are given." 20000)

(defn- hidden [method keys]
  (.invoke (doto (.getDeclaredMethod Keys method (make-array Class 0)) (.setAccessible true)) keys (object-array 0)))

(defn- key-manager
  "Shows the certificate of keys whatever it is asked for."
  [keys]
  (proxy [X509ExtendedKeyManager] []
    (chooseEngineClientAlias [_ _ _] "own")
    (chooseClientAlias [_ _ _] "own")
    (getClientAliases [_ _] (into-array String ["own"]))
    (getCertificateChain [_] (into-array X509Certificate [(hidden "certificate" keys)]))
    (getPrivateKey [_] (hidden "key" keys))))

(def ^:private trusting
  (proxy [X509ExtendedTrustManager] []
    (checkServerTrusted ([_ _]) ([_ _ _]))
    (checkClientTrusted ([_ _]) ([_ _ _]))
    (getAcceptedIssuers [] (make-array X509Certificate 0))))

(defn- said
  "What a socket's other side says first: its bytes; :closed; or :silent."
  [^Socket socket]
  (.setSoTimeout socket silence-ms)
  (try (let [buffer (byte-array 64)
             n      (.read (.getInputStream socket) buffer)]
         (if (neg? n) :closed (vec (Arrays/copyOf buffer n))))
       (catch SocketTimeoutException _ :silent)
       (catch SSLException _ :closed)
       (catch SocketException _ :closed)))

(def ^:private http2-preface (bytes-of "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))

(defn- tls
  "A TLS client of this protocol that trusts everybody and shows the certificate of keys, if any; what the server says
  to the preface of HTTP/2."
  [port protocol keys]
  (let [context (doto (SSLContext/getInstance "TLS")
                  (.init (into-array KeyManager (when keys [(key-manager keys)]))
                         (into-array TrustManager [trusting]) nil))]
    (with-open [socket (.createSocket (.getSocketFactory context) "127.0.0.1" (int port))]
      (let [^SSLSocket socket socket]
        (.setEnabledProtocols socket (into-array String [protocol]))
        (.setSSLParameters socket (doto (.getSSLParameters socket)
                                    (.setApplicationProtocols (into-array String ["h2"]))))
        (try (.startHandshake socket)
             (.write (.getOutputStream socket) ^bytes http2-preface)
             (said socket)
             (catch SSLException _ :closed)
             (catch SocketException _ :closed))))))

(def ^:private alert "The first byte of a record of TLS that says no." 21)

(defn- plain [port ^bytes text]
  (with-open [socket (Socket. "127.0.0.1" (int port))]
    (.write (.getOutputStream socket) text)
    (said socket)))

(deftest strangers-are-refused-and-nothing-of-them-is-heard
  (let [[link-keys agent-keys] (Keys/pair "link" "agent")
        [foreign-keys _] (Keys/pair "link" "agent")
        accepted (ends/acceptor)
        loss     (loss)]
    (with-open [agent (ends/listening agent-keys (:acceptor accepted) loss)]
      (let [port (.port agent)]
        (testing "a foreign certificate, none, and the listening side's own"
          (is (thrown? IOException (ends/dialled port foreign-keys (ends/loss))))
          (is (= [:closed :closed :closed] [(tls port "TLSv1.3" foreign-keys) (tls port "TLSv1.3" nil)
                                            (tls port "TLSv1.3" agent-keys)])))
        (testing "TLS 1.2, with the right certificate"
          (is (= :closed (tls port "TLSv1.2" link-keys))))
        (testing "no TLS"
          (doseq [text [(bytes-of "GET / HTTP/1.1\r\n\r\n") http2-preface (byte-array [0 1 2 3 4 5])]
                  :let [answer (plain port text)]]
            (is (or (= :closed answer) (= alert (first answer))) (String. ^bytes text))))
        (is (silent? accepted))
        (is (silent? loss))
        (testing "and the right one is taken after them"
          (with-open [link (ends/dialled port link-keys (ends/loss))]
            (.open link 1 (:listener (ear)))
            (is (= 1 (first (hear accepted))))))))))

(deftest the-client-of-these-tests-is-let-in-with-the-right-certificate
  (let [[link-keys agent-keys] (Keys/pair "link" "agent")]
    (with-open [agent (ends/listening agent-keys (:acceptor (ends/acceptor)) (loss))]
      (is (vector? (tls (.port agent) "TLSv1.3" link-keys)) "the server's settings"))))

(deftest a-server-with-a-foreign-certificate-is-refused
  (let [[link-keys _]  (Keys/pair "link" "agent")
        [_ other-keys] (Keys/pair "link" "agent")
        loss           (loss)]
    (with-open [agent (ends/listening other-keys (:acceptor (ends/acceptor)) (ends/loss))]
      (is (thrown-with-msg? IOException #"No connection to 127\.0\.0\.1:\d+: .*not the certificate"
                            (ends/dialled (.port agent) link-keys loss)))
      (is (silent? loss) "nothing was there to be lost"))))

(deftest nobody-there-is-said
  (let [[link-keys agent-keys] (Keys/pair "link" "agent")
        loss  (loss)
        agent (ends/listening agent-keys (:acceptor (ends/acceptor)) loss)]
    (.close agent)
    (reason loss)
    (is (thrown-with-msg? IOException #"No connection to 127\.0\.0\.1:\d+: .*([Rr]efused|reset)"
                          (ends/dialled (.port agent) link-keys (ends/loss))))))

(deftest a-second-connection-is-refused-with-the-right-certificate-too
  (with-connection [c]
    (let [port (.port ^parallel.cluster.GrpcStreams$Listening (:agent c))]
      (is (thrown? IOException (ends/dialled port (:link-keys c) (loss))))
      (is (thrown? IOException (Socket. "127.0.0.1" (int port))) "the port is closed")
      (let [{:keys [near far-ear]} (open c 1)]
        (offer! near one)
        (is (= "x" (text-of (hear far-ear))))))))

(deftest who-waits-at-the-door-is-closed-when-the-right-one-has-come-in
  (let [[link-keys agent-keys] (Keys/pair "link" "agent")]
    (with-open [agent   (ends/listening agent-keys (:acceptor (ends/acceptor)) (loss))
                waiting (Socket. "127.0.0.1" (.port agent))
                _       (ends/dialled (.port agent) link-keys (loss))]
      (.setSoTimeout waiting 2000)
      (is (= -1 (.read (.getInputStream waiting)))))))

(deftest ^:slow eight-at-most-wait-at-the-door-and-for-ten-seconds
  (let [[link-keys agent-keys] (Keys/pair "link" "agent")]
    (with-open [agent (ends/listening agent-keys (:acceptor (ends/acceptor)) (loss))]
      (let [started (System/nanoTime)
            eight   (vec (repeatedly 8 #(Socket. "127.0.0.1" (.port agent))))]
        (try
          (with-open [ninth (Socket. "127.0.0.1" (.port agent))]
            (is (= :closed (said ninth)))
            (is (> 2e9 (- (System/nanoTime) started)) "at once"))
          (is (= #{:closed} (set (map said eight))))
          (is (< 9e9 (- (System/nanoTime) started) 25e9))
          (finally (run! #(.close ^Socket %) eight)))
        (with-open [_ (ends/dialled (.port agent) link-keys (loss))]
          (is true "there is room again"))))))

;; --- A Unix-domain socket

(deftest one-connection-comes-over-a-Unix-domain-socket
  (with-directory [directory "engine-test"]
    (let [path     (.toPath (io/file directory "s"))
          accepted (ends/acceptor)
          loss     (loss)]
      (with-open [_    (GrpcStreams/listen path ^Streams$Acceptor (:acceptor accepted) ^Consumer (:on-lost loss))
                  link (GrpcStreams/dial path ^Consumer (:on-lost (ends/loss)))]
        (is (thrown? IOException (GrpcStreams/dial path ^Consumer (:on-lost (ends/loss)))))
        (is (not (.exists (.toFile path))) "the socket is removed")
        (let [near (.open link 3 (:listener (ear)))
              [stream-name far far-ear] (hear accepted)]
          (is (= 3 stream-name))
          (offer! near (byte-array Streams/FRAME_BYTES))
          (is (= Streams/FRAME_BYTES (alength ^bytes (second (hear far-ear)))))
          (is (offer! far one)))
        (.close link)
        (is (= "The other side closed the connection." (reason loss)))))))

;; --- Nothing is left

(defn- threads-of-the-engine []
  (set (filter #(re-find #"parallel-engine|grpc|netty|globalEventExecutor" (.getName ^Thread %))
               (keys (Thread/getAllStackTraces)))))

(defn- sockets []
  (count (for [^File file (.listFiles (io/file "/proc/self/fd"))
               :let [target (try (str (Files/readSymbolicLink (.toPath file))) (catch IOException _ ""))]
               :when (re-find #"socket|eventpoll|eventfd" target)]
           file)))

(defn- in-time? [f]
  (let [deadline (+ (System/nanoTime) 10000000000)]
    (loop []
      (or (f) (when (neg? (- (System/nanoTime) deadline)) (Thread/sleep 20) (recur))))))

(deftest nothing-is-left-of-a-connection
  (let [[link-keys agent-keys] (Keys/pair "link" "agent")
        before (do (is (in-time? #(empty? (threads-of-the-engine)))) (sockets))]
    (dotimes [_ 5]
      (with-connection [c]
        (open c 1)
        (is (in-time? #(= 2 (count (threads-of-the-engine)))) "one each")))
    (with-open [agent (ends/listening agent-keys (:acceptor (ends/acceptor)) (loss))]
      (is (thrown? IOException (ends/dialled (.port agent) agent-keys (loss)))))
    (is (thrown? IOException (ends/dialled 1 link-keys (loss))))
    (is (in-time? #(empty? (threads-of-the-engine))) (pr-str (threads-of-the-engine)))
    (is (in-time? #(= before (sockets))))))
