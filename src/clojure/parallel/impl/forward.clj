(ns ^:no-doc parallel.impl.forward
  "An nREPL server of a worker on another machine, reached from this one: it listens on a socket that only its owner can
  connect to, there, and something listens here and passes bytes on. They go as evaluations at once, as those of a
  prompt do, so no port is opened there and none needs to be forwarded by others."
  (:require [parallel.impl.errors :as errors]
            [parallel.impl.remote :as remote])
  (:import [java.io IOException]
           [java.net InetAddress InetSocketAddress SocketAddress StandardProtocolFamily UnixDomainSocketAddress]
           [java.nio ByteBuffer]
           [java.nio.channels ServerSocketChannel SocketChannel]
           [java.nio.file Files Path]
           [java.util Arrays]
           [java.util.function BiConsumer]
           [parallel.process ThisProcess]
           [parallel.runtime Session Threads WorkerHandle]))

(set! *warn-on-reflection* true)

(def ^:private most-bytes "At a time." 65536)

(defn- read-some
  "The bytes that come next, in a new array; nil at the end. Blocks."
  ^bytes [^SocketChannel socket]
  (let [buffer (ByteBuffer/allocate most-bytes)
        length (.read socket buffer)]
    (when-not (neg? length)
      (Arrays/copyOf (.array buffer) length))))

(defn- write-all [^SocketChannel socket ^bytes bytes]
  (let [buffer (ByteBuffer/wrap bytes)]
    (while (.hasRemaining buffer)
      (.write socket buffer))))

;; ---- in the worker

(defonce ^:private connections
  ;; id to the channel of a connection to the server here
  (atom {}))

(defn serve
  "Starts the server, or finds it. Where it listens."
  []
  (remote/serve {:socket (str (.resolve (.sockets (.directory (Session/current)))
                                        (str "repl-" (ThisProcess/pid) "-0")))}))

(defn connect [id {:keys [socket host port]}]
  (let [^SocketAddress address (if socket
                                 (UnixDomainSocketAddress/of ^String socket)
                                 (InetSocketAddress. ^String host (int port)))]
    (swap! connections assoc id (SocketChannel/open address))
    nil))

(defn take-bytes
  "What the server says next; nil when it has ended the connection. Blocks."
  [id]
  (some-> (@connections id) read-some))

(defn give-bytes [id bytes]
  (some-> (@connections id) (write-all bytes)))

(defn disconnect [id]
  (when-let [^SocketChannel socket (@connections id)]
    (swap! connections dissoc id)
    (.close socket)))

;; ---- at the caller

(defonce ^:private listening
  ;; id of a worker to a delay of where its server is reached from here
  (atom {}))

(defn- start-thread [^WorkerHandle w body]
  (Threads/start (str "parallel-forward-" (.id w)) body))

(defn- pass-on
  "One connection, until either side ends it: both directions have a thread."
  [^WorkerHandle w ^SocketChannel socket there]
  (let [id    (str (random-uuid))
        close #(do (.close socket)
                   (when-not (.isDone w)
                     (remote/tell-later w `disconnect id)))
        until-closed (fn [step]
                       (fn []
                         (try
                           (while (step))
                           (catch Exception _)      ; a side has closed it, or the worker has ended
                           (finally (close)))))]
    (try
      (remote/call-there w `connect id there)
      (catch Exception e
        (.close socket)
        (throw e)))
    (start-thread w (until-closed #(when-let [bytes (remote/call-there w `take-bytes id)]
                                     (write-all socket bytes)
                                     true)))
    (start-thread w (until-closed #(when-let [bytes (read-some socket)]
                                     (remote/call-there w `give-bytes id bytes)
                                     true)))))

(def ^:private pause-ms "After a connection that could not be accepted: there may be no descriptor left." 100)

(defn- accept [^ServerSocketChannel server]
  (try
    (.accept server)
    (catch IOException _
      (when (.isOpen server)
        (Thread/sleep (long pause-ms))))))

(defn- accept-all [^WorkerHandle w ^ServerSocketChannel server there]
  (while (.isOpen server)
    (when-let [socket (accept server)]
      (try
        (pass-on w socket there)
        (catch Exception e
          (when-not (.isDone w)
            (binding [*out* *err*]
              (println (str "parallel: a connection to the server of worker " (.id w) " failed: "
                            (ex-message e))))))))))

(defn- bound
  "The server, after bind; it is closed where that throws."
  ^ServerSocketChannel [^ServerSocketChannel server bind]
  (try
    (bind server)
    server
    (catch Throwable e
      (.close server)
      (throw e))))

(defn- listen-here
  "[server, where it listens]"
  [{:keys [port socket]}]
  (if socket
    [(bound (ServerSocketChannel/open StandardProtocolFamily/UNIX)
            (fn [^ServerSocketChannel server]
              (remote/socket-of-owner #(.bind server (UnixDomainSocketAddress/of ^String %)) socket)))
     {:socket socket}]
    (let [server (bound (ServerSocketChannel/open)
                        (fn [^ServerSocketChannel server]
                          (.bind server (InetSocketAddress. (InetAddress/getLoopbackAddress) (int (or port 0))))))]
      [server {:host "127.0.0.1" :port (.getPort ^InetSocketAddress (.getLocalAddress server))}])))

(defn- stop [^WorkerHandle w ^ServerSocketChannel server {:keys [socket]}]
  (swap! listening dissoc (.id w))
  (.close server)
  (when socket
    (Files/deleteIfExists (Path/of socket (make-array String 0)))))

(defn- begin [^WorkerHandle w opts]
  (let [there         (remote/call w (list `serve))
        [server here] (try
                        (listen-here opts)
                        (catch IOException e
                          (throw (errors/bad-argument (str "(repl w) cannot listen at " (pr-str opts) ": "
                                                           (ex-message e) ".")))))]
    (start-thread w #(accept-all w server there))
    (.whenComplete (.onExit w) (reify BiConsumer (accept [_ _ _] (stop w server here))))
    here))

(defn reach
  "Has the worker's server reached from here until the worker ends. Where it listens here; what opts say of that is
  heeded by the first call."
  [^WorkerHandle w opts]
  (let [id    (.id w)
        begun (delay (begin w opts))
        known (get (swap! listening update id #(or % begun)) id)]
    (try
      @known
      (catch Throwable e
        (swap! listening #(if (identical? known (% id)) (dissoc % id) %))     ; the next call tries again
        (throw e)))))
