(ns parallel.cluster.ends
  "Both ends of a connection for the tests, here or in a second JVM, and listeners that keep what they hear."
  (:require [clojure.string :as str])
  (:import [java.io BufferedReader ByteArrayOutputStream IOException]
           [java.net InetAddress ServerSocket Socket]
           [java.util HexFormat]
           [java.util.concurrent LinkedBlockingQueue TimeUnit]
           [java.util.function Consumer]
           [parallel.cluster GrpcStreams GrpcStreams$Listening Keys]
           [parallel.relay Stream StreamListener Streams Streams$Acceptor]))

(GrpcStreams/silenceLogs)

(def ^:private patience-s 60)

(def loopback (InetAddress/getLoopbackAddress))

;; --- What is heard

(defn ear
  "A listener that keeps what it hears in a queue: [:frame bytes], [:ready] and [:end why]."
  []
  (let [heard (LinkedBlockingQueue.)]
    {:heard    heard
     :listener (reify StreamListener
                 (onFrame [_ frame] (.add heard [:frame frame]))
                 (onReady [_] (.add heard [:ready]))
                 (onEnd [_ why] (.add heard [:end why])))}))

(defn hear
  "The next thing that an ear or a losses queue has heard; :nothing after a minute."
  [{:keys [^LinkedBlockingQueue heard]}]
  (or (.poll heard patience-s TimeUnit/SECONDS) :nothing))

(defn silent?
  "Does it hear nothing for a fifth of a second?"
  [{:keys [^LinkedBlockingQueue heard]}]
  (nil? (.poll heard 200 TimeUnit/MILLISECONDS)))

(defn loss
  "An onLost that keeps what it is told."
  []
  (let [heard (LinkedBlockingQueue.)]
    {:heard heard, :on-lost (reify Consumer (accept [_ why] (.add heard why)))}))

(defn reason
  "The text of the next loss."
  [loss]
  (let [why (hear loss)]
    (if (instance? Throwable why) (ex-message why) why)))

;; --- Frames

(defn bytes-of [text] (.getBytes ^String text "UTF-8"))

(defn text-of [[kind frame]]
  (if (= kind :frame) (String. ^bytes frame "UTF-8") [kind frame]))

(defn offer! [^Stream stream ^bytes frame] (.offer stream frame))

(defn fill!
  "Offers frames until one is refused. How many were taken."
  [stream frame]
  (count (take-while true? (repeatedly #(offer! stream (aclone ^bytes frame))))))

;; --- Two ends

(defn acceptor
  "Streams that the other side opens come into a queue, as [name stream ear]."
  []
  (let [heard (LinkedBlockingQueue.)]
    {:heard    heard
     :acceptor (reify Streams$Acceptor
                 (accept [_ stream-name stream]
                   (let [ear (ear)]
                     (.add heard [stream-name stream ear])
                     (:listener ear))))}))

(defn listening
  "The side that listens, over TCP, on any port of the loopback."
  ^GrpcStreams$Listening [keys acceptor loss]
  (GrpcStreams/listen ^InetAddress loopback 0 ^Keys keys ^Streams$Acceptor acceptor ^Consumer (:on-lost loss)))

(defn dialled ^Streams [port keys loss]
  (GrpcStreams/dial "127.0.0.1" (int port) ^Keys keys ^Consumer (:on-lost loss)))

(defn connection
  "Both ends in this JVM: {:link :agent, :link-loss :agent-loss, :accepted}."
  []
  (let [[link-keys agent-keys] (Keys/pair "link" "agent")
        accepted   (acceptor)
        link-loss  (loss)
        agent-loss (loss)
        agent      (listening agent-keys (:acceptor accepted) agent-loss)
        link       (try (dialled (.port agent) link-keys link-loss)
                        (catch Throwable e (.close agent) (throw e)))]
    {:link link, :agent agent, :link-loss link-loss, :agent-loss agent-loss, :accepted accepted
     :link-keys link-keys}))

(defmacro with-connection
  "Binds a connection, which is closed in the end."
  [[binding] & body]
  `(let [connection# (connection)
         ~binding    connection#]
     (try ~@body
          (finally (.close ^Streams (:link connection#))
                   (.close ^Streams (:agent connection#))))))

(defn open
  "Opens a stream and waits until the other side has it: {:near stream, :far stream, :near-ear :far-ear}."
  [{:keys [^Streams link accepted]} stream-name]
  (let [near-ear (ear)
        near     (.open link stream-name (:listener near-ear))
        [_ far far-ear] (hear accepted)]
    {:near near, :near-ear near-ear, :far far, :far-ear far-ear}))

;; --- On the wire

(defn- pump
  "Copies what comes from one socket to another, and to a stream, on a thread of its own."
  [^Socket from ^Socket to ^ByteArrayOutputStream record]
  (future
    (try
      (let [in (.getInputStream from), out (.getOutputStream to), chunk (byte-array 65536)]
        (loop []
          (let [n (.read in chunk)]
            (when (pos? n)
              (locking record (.write record chunk 0 n))
              (.write out chunk 0 n)
              (recur)))))
      (catch IOException _))
    (.close from)
    (.close to)))

(defn recording
  "Calls f with a port that leads to another port of this machine, and a function that gives what has passed, both ways,
  as a string of bytes."
  [port f]
  (let [record (ByteArrayOutputStream.)
        open   (atom [])]
    (with-open [door (ServerSocket. 0 50 loopback)]
      (future
        (try
          (loop []
            (let [near (.accept door)
                  far  (Socket. ^InetAddress loopback (int port))]
              (swap! open into [near far])
              (pump near far record)
              (pump far near record)
              (recur)))
          (catch IOException _)))
      (try
        (f (.getLocalPort door) #(locking record (.toString record "ISO-8859-1")))
        (finally
          (run! #(.close ^Socket %) @open))))))

;; --- An end in another JVM

(defn- echo
  "A listener that sends back what it hears, and grants it."
  [stream]
  (reify StreamListener
    (onFrame [_ frame] (.offer ^Stream @stream frame) (.grant ^Stream @stream))
    (onReady [_])
    (onEnd [_ _])))

(def ^:private echoes
  (reify Streams$Acceptor
    (accept [_ _ stream] (echo (delay stream)))))

(defn -main
  "Listens or dials as the line on stdin says, then prints a line, and waits for the end of stdin."
  [& _]
  (let [[role port hex] (str/split (read-line) #" ")
        keys    (Keys/decode (.parseHex (HexFormat/of) hex))
        on-lost {:on-lost (reify Consumer (accept [_ why] (println "lost:" (ex-message why)) (flush)))}]
    (case role
      "listen" (println (.port (listening keys echoes on-lost)))
      "dial"   (let [stream (promise)]
                 (deliver stream (.open (dialled (parse-long port) keys on-lost) 1 (echo stream)))
                 (println "dialled")))
    (flush)
    (while (read-line))
    (System/exit 0)))

(defn far-process
  "Starts -main in a JVM of its own: {:process :out}. `line` reads what it prints."
  [role port ^Keys keys]
  (let [command [(str (System/getProperty "java.home") "/bin/java") "-XX:TieredStopAtLevel=1"
                 "-cp" (System/getProperty "java.class.path") "clojure.main" "-m" "parallel.cluster.ends"]
        process (-> (ProcessBuilder. ^java.util.List command)
                    (.redirectError java.lang.ProcessBuilder$Redirect/DISCARD)
                    .start)
        in      (.outputWriter process)]
    (.write in (str role " " port " " (.formatHex (HexFormat/of) (.encode keys)) "\n"))
    (.flush in)
    {:process process, :out (.inputReader process)}))

(defn line [{:keys [out]}] (.readLine ^BufferedReader out))

(defn kill [{:keys [^Process process]}]
  (.destroyForcibly process)
  (.waitFor process))
