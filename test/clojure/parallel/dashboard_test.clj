(ns parallel.dashboard-test
  "The live page: what it is told, and who is let in. A real server, and clients that write what they like to a socket."
  (:require [clojure.java.io :as io]
            [clojure.set :as set]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.api :as parallel]
            [parallel.leftovers :as leftovers]
            [parallel.look :as look]
            [parallel.pool :as pool]
            [parallel.root :as root]
            [parallel.shared :as shared]
            [parallel.support :refer [await-true clojure-main error quick-jvm within]])
  (:import [java.io BufferedReader Closeable File IOException]
           [java.lang ProcessBuilder]
           [java.net InetSocketAddress Socket SocketException]
           [java.nio.charset StandardCharsets]
           [java.nio.file Files]
           [java.nio.file.attribute FileAttribute]
           [parallel Dashboard DashboardOptions Look ParallelException Worker]
           [parallel.dashboard Tokens]))

;; ---- a client

(defn- connected
  "A socket to the port. options: {:receive-bytes n}."
  (^Socket [port] (connected port {}))
  (^Socket [port {:keys [receive-bytes]}]
   (let [socket (Socket.)]
     (when receive-bytes
       (.setReceiveBufferSize socket (int receive-bytes)))
     (.setSoTimeout socket 30000)
     (.connect socket (InetSocketAddress. "127.0.0.1" (int port)) 10000)
     socket)))

(defn- write [^Socket socket ^String text]
  (doto (.getOutputStream socket)
    (.write (.getBytes text StandardCharsets/ISO_8859_1))
    (.flush)))

(defn- answer
  "{:code :headers :body} of what was read until the end; nil where the connection was closed without a word."
  [^String text]
  (let [[head body] (str/split text #"\r\n\r\n" 2)
        [status & lines] (str/split-lines (str head))]
    (when-let [[_ code] (re-find #"^HTTP/1.1 (\d+)" (str status))]
      {:code    (parse-long code)
       :headers (into {} (for [line lines, :let [[k v] (str/split line #": ?" 2)]] [(str/lower-case k) v]))
       :body    body})))

(defn- ask
  "The answer to a request, which is written as it is."
  [port request]
  (with-open [socket (connected port)]
    (try
      (write socket request)
      (answer (slurp (.getInputStream socket) :encoding "UTF-8"))
      (catch SocketException _ nil))))

(defn- request
  "The text of a request, with good headers; those of a map take their place, nil takes them away, a vector is several."
  ([port method target] (request port method target {}))
  ([port method target headers] (request port method target headers ""))
  ([port method target headers body]
   (let [all (merge {"Host" (str "127.0.0.1:" port) "Connection" "close"}
                    (when (seq body) {"Content-Length" (count body)})
                    headers)]
     (str method " " target " HTTP/1.1\r\n"
          (str/join (for [[k v] all, value (if (vector? v) v [v]), :when (some? value)] (str k ": " value "\r\n")))
          "\r\n" body))))

(defn- target [url] (subs url (str/index-of url "/?")))

(defn- cookie-of
  "The cookie that the token of an address is taken for."
  [port url]
  (let [{:keys [code headers]} (ask port (request port "GET" (target url)))]
    (is (= [303 "/"] [code (headers "location")]))
    (first (str/split (str (headers "set-cookie")) #";"))))

(defn- json
  "The value of JSON, as the reader of Clojure reads it, which takes all that we write."
  [text]
  (binding [*read-eval* false]
    (read-string (str/replace text #"\"[^\"\\]*+(?:\\.[^\"\\]*+)*+\"|[:]|null"
                              #(case % ":" " " "null" "nil" %)))))

(defn- watching
  "[socket reader] of a page that watches."
  ([port cookie] (watching port cookie {}))
  ([port cookie options]
   (let [socket (connected port options)]
     ;; of HTTP 1.0 an answer has no chunks
     (write socket (str "GET /events HTTP/1.0\r\nHost: 127.0.0.1:" port "\r\nCookie: " cookie "\r\n\r\n"))
     [socket (io/reader (.getInputStream socket))])))

(defn- snapshots
  "The snapshots that a page gets, one after the other."
  [^BufferedReader in]
  (for [line (line-seq in), :when (str/starts-with? line "data: ")] (json (subs line 6))))

(defn- with-dashboard
  "Calls f with the dashboard, its port and a cookie."
  ([f] (with-dashboard {} f))
  ([opts f]
   (with-open [^Closeable d (look/dashboard opts)]
     (f d (:port d) (cookie-of (:port d) (:url d))))))

(defn- awaited
  "The first snapshot, of those that come within so many ms, of which ok? is true; else nil."
  [port cookie ms ok?]
  (let [[^Socket socket in] (watching port cookie)
        until (+ (System/nanoTime) (* 1000000 (long ms)))]
    (with-open [_ socket]
      (first (filter ok? (take-while (fn [_] (neg? (- (System/nanoTime) until))) (snapshots in)))))))

(defn- signal [^Worker w name]
  (.waitFor (.start (ProcessBuilder. ^java.util.List ["kill" (str "-" name) (str (.pid w))]))))

;; ---- what it shows

(defn- as-shown
  "What the page has of a status."
  [{:keys [id pid parent name state doing sent received queue exit signal host]}]
  {"id" id, "pid" pid, "parent" parent, "name" name, "state" (clojure.core/name state), "doing" doing,
   "sent" [(:messages sent) (:bytes sent)], "received" [(:messages received) (:bytes received)],
   "queue" [(:messages queue) (:bytes queue)], "exit" exit, "signal" (some-> signal clojure.core/name), "host" host})

(def ^:private compared (keys (as-shown {:state :idle})))

(defn- by-id [snapshot]
  (into {} (map (juxt #(% "id") identity)) (snapshot "workers")))

(def ^:private locks-both
  '(fn [^java.util.concurrent.locks.Lock x ^java.util.concurrent.locks.Lock y]
     (.lock x)
     (parallel/receive (parallel/parent))
     (.lock y)))

(defn- deadlocked
  "Two workers, each of which has one of two locks and waits for the other."
  []
  (let [[a b] [(shared/lock) (shared/lock)]
        ws    (mapv (fn [[x y]] (parallel/run {:jvm-opts quick-jvm} locks-both x y)) [[a b] [b a]])]
    (is (await-true #(every? (fn [w] (= :receiving (:state (parallel/status w)))) ws)))
    (parallel/send ws :go)
    ws))

(deftest the-page-is-told-what-status-says
  (let [idle    (parallel/fork {:name "idle" :jvm-opts quick-jvm})
        busy    (parallel/run {:jvm-opts quick-jvm} '(do (parallel/receive (parallel/parent)) (Thread/sleep 600000)))
        stopped (parallel/fork {:jvm-opts quick-jvm})
        killed  (parallel/fork {:name "killed" :jvm-opts quick-jvm})
        [v w]   (deadlocked)
        id      #(.id ^Worker %)]
    (try
      @(parallel/exec idle '(+ 1 2))
      @(parallel/exec stopped '(+ 1 2))
      (parallel/send busy (byte-array 1000))
      (is (await-true #(= :running (:state (parallel/status busy)))))
      (dotimes [_ 3] (parallel/send stopped [1 2 3]))
      (pool/with-pool [p {:in :thread} 2]
        @(pool/submit p inc 1)
        (with-dashboard
          (fn [_ port cookie]
            (signal stopped "STOP")
            (signal killed "KILL")
            (let [began    (System/nanoTime)
                  snapshot (awaited port cookie 20000 #(let [ws (by-id %)]
                                                         (and (get-in ws [(id stopped) "stopped"])
                                                              (= "dead" (get-in ws [(id killed) "state"])))))
                  ms       (/ (- (System/nanoTime) began) 1e6)
                  ws       (by-id snapshot)]
              (is (> 2000 ms) "milliseconds, until a stop and a kill are seen")
              (testing "every live worker"
                (let [statuses (parallel/status)]
                  (is (= (set (map :id statuses))
                         (set (for [[id w] ws, :when (not (#{"dead" "ended" "failed"} (w "state")))] id))))
                  (doseq [status statuses]
                    (is (= (as-shown status) (select-keys (ws (:id status)) compared))))))
              (testing "the one that was killed"
                (is (= ["killed" "dead" "KILL"] (map (ws (id killed)) ["name" "state" "signal"])))
                (is (re-find #"killed by SIGKILL" (get-in ws [(id killed) "error"]))))
              (testing "the pool"
                (is (= [[2 2 0 0]]
                       (map (juxt #(% "size") #(% "most") #(% "queued") #(% "running")) (snapshot "pools"))))))
            (testing "within two seconds more the deadlock and the stop are found"
              (let [snapshot (awaited port cookie 20000 #(seq (% "cycles")))]
                (is (= [#{(id v) (id w)}] (map #(set (map (fn [wait] (wait "id")) %)) (snapshot "cycles"))))
                (is (every? #(seq (% "trace")) (first (snapshot "cycles"))))
                (is (= #{["lock" [(id w)]] ["lock" [(id v)]]}
                       (set (map (juxt #(% "for") #(% "on")) (first (snapshot "cycles"))))))
                (is (set/subset? #{(id v) (id w)} (set (map #(% "id") (snapshot "waits"))))))
              ;; an element that killed workers in a test before this one is found for a minute
              (let [ours     (fn [f] (#{"deadlock" "process-stopped"} (f "finding")))
                    snapshot (awaited port cookie 20000 #(= ["deadlock" "process-stopped"] (keep ours (% "health"))))]
                (is (= (for [{:keys [finding text ids do]} (look/diagnose)
                             :when (#{:deadlock :process-stopped} finding)]
                         [text ids (pr-str do)])
                       (map (juxt #(% "text") #(% "ids") #(% "do")) (filter ours (snapshot "health")))))))
            (testing "what each did"
              (let [snapshot (awaited port cookie 5000 (constantly true))]
                (is (= [[(id idle) "reply" "(+ 1 2)" nil "ok"]]
                       (for [[i kind name index _ _ outcome] (snapshot "entries"), :when (= i (id idle))]
                         [i kind name index outcome]))))))))
      (finally
        (signal stopped "KILL")
        (run! parallel/kill [idle busy v w])))))

(deftest a-root-in-a-deadlock-is-seen-as-no-thread-of-the-dashboard-counts-as-one-that-may-act
  (let [process (root/start {} ['(require '[parallel.api :as p] '[parallel.look :as look])
                                '(let [w (p/run '(parallel.api/receive (parallel.api/parent)))]
                                   (println (:url (look/dashboard)))
                                   (p/receive w))])]
    (try
      (let [url  (within 60000 #(first (filter (fn [line] (str/starts-with? line "http"))
                                               (line-seq (io/reader (.getInputStream process))))))
            port (parse-long (second (re-find #":(\d+)/" url)))
            snapshot (awaited port (cookie-of port url) 30000 #(and (seq (% "cycles")) (seq (% "health"))))]
        (is (= [[0 1]] (map #(sort (map (fn [wait] (wait "id")) %)) (snapshot "cycles"))))
        (is (= ["deadlock" [0 1]] ((juxt #(% "finding") #(sort (% "ids"))) (first (snapshot "health")))))
        (is (some #(str/includes? % "parallel.api") (mapcat #(% "trace") (first (snapshot "cycles"))))))
      (finally
        (.destroyForcibly process)
        (.waitFor process)))))

(deftest rates-are-differences-of-counters
  (let [w (parallel/run {:in :thread} '(loop [] (when (= 1 (parallel/receive (parallel/parent))) (recur))))]
    (with-dashboard
      (fn [_ port cookie]
        (let [[^Socket socket in] (watching port cookie)]
          (with-open [_ socket]
            (let [all (snapshots in)]
              (first all)
              (let [sends (future (dotimes [_ 200] (parallel/send w 1) (Thread/sleep 10)))
                    found (first (filter #(when-let [[in] (get-in (by-id %) [(.id ^Worker w) "rates"])] (< 10 in 1000))
                                         (take 40 all)))]
                (is (some? found))
                @sends))))))
    (parallel/send w 0)
    (parallel/join w)))

(deftest nothing-is-sampled-while-nobody-watches
  (with-dashboard
    (fn [_ port cookie]
      (let [[^Socket socket in] (watching port cookie)
            of (fn [] (filter #(str/starts-with? (.getName ^Thread %) "parallel-dashboard-")
                              (keys (Thread/getAllStackTraces))))]
        (is (= 3 (count (take 3 (snapshots in)))))
        (is (await-true #(some (fn [^Thread t] (= Thread$State/TIMED_WAITING (.getState t))) (of))))
        (.close socket)
        (is (await-true #(= [Thread$State/WAITING] (map (fn [^Thread t] (.getState t)) (of))) 20000)
            "one thread is left, which waits to be woken")))))

(deftest two-pages-get-the-same-samples
  (with-dashboard
    (fn [_ port cookie]
      (let [[^Socket a in-a] (watching port cookie), [^Socket b in-b] (watching port cookie)]
        (with-open [_ a, _ b]
          (let [ats #(set (map (fn [s] (s "at")) (doall (take 6 (snapshots %)))))]
            (is (<= 3 (count (set/intersection (ats in-a) (ats in-b)))))))))))

;; ---- what is shared

(def ^:private holds-and-waits
  '(fn [^java.util.concurrent.locks.Lock lock ^parallel.SharedBarrier barrier]
     (.lock lock)
     (parallel/send (parallel/parent) :held)
     (parallel/receive (parallel/parent))
     (.unlock lock)
     (.await barrier)))

(deftest what-is-shared-is-listed-with-who-holds-it-and-who-waits
  (with-dashboard
    (fn [_ port cookie]
      (let [numbers #(set (map (fn [x] [(x "pid") (x "number")]) (concat (get-in % ["shared" "arrays"])
                                                                         (get-in % ["shared" "cells"]))))
            before  (numbers (awaited port cookie 20000 (constantly true)))
            ours    (fn [snapshot key] (remove #(before [(% "pid") (% "number")]) (get-in snapshot ["shared" key])))
            cell    (fn [snapshot kind] (first (filter #(= kind (% "kind")) (ours snapshot "cells"))))
            array   (shared/shared :double [1000 20])
            lock    (shared/lock)
            barrier (shared/barrier 3)
            latch   (shared/latch 2)
            counter (shared/counter)
            holder  (parallel/run {:jvm-opts quick-jvm} holds-and-waits lock barrier)
            id      (.id ^Worker holder)]
        (try
          (is (= :held (parallel/receive holder)))
          (.set ^parallel.SharedCounter counter 42)
          (let [waiter (parallel/run {:jvm-opts quick-jvm} '(fn [^java.util.concurrent.locks.Lock l] (.lock l)) lock)
                waits? #(some (fn [wait] (= ["lock" (.id ^Worker waiter) [id]] [(wait "for") (wait "id") (wait "on")]))
                              (% "waits"))
                found  (awaited port cookie 30000 waits?)]
            (is (= [["double" [1000 20] 160000]]
                   (map (juxt #(% "kind") #(% "shape") #(% "bytes")) (ours found "arrays"))))
            (is (= [(.pid (java.lang.ProcessHandle/current))] (map #(% "pid") (ours found "arrays"))))
            (is (= ["lock" "barrier" "latch" "counter"] (map #(% "kind") (ours found "cells"))) "by age")
            (is (= [id 0 nil] (map (cell found "lock") ["holder" "maker" "broken"])))
            (is (= [3 0 []] (map (cell found "barrier") ["parties" "arrived" "waiting"])))
            (is (= [2 []] (map (cell found "latch") ["value" "waiting"])))
            (is (= 42 ((cell found "counter") "value")))
            (is (<= 160000 (get-in found ["shared" "bytes"])))
            (testing "as it changes"
              (parallel/send holder :go)
              (let [found (awaited port cookie 30000 #(= 1 ((cell % "barrier") "arrived")))]
                (is (= [id] ((cell found "barrier") "waiting")))
                (is (= nil ((cell found "lock") "broken")))))
            (parallel/kill waiter))
          (run! #(.close ^java.lang.AutoCloseable %) [array lock barrier latch counter])
          (is (some? (awaited port cookie 20000 #(empty? (concat (ours % "arrays") (ours % "cells")))))
              "what is closed is gone")
          (finally
            (parallel/kill holder)))))))

;; ---- what workers have printed

(defn- output [port cookie id]
  (let [{:keys [code headers body]} (ask port (request port "GET" (str "/output?id=" id) {"Cookie" cookie}))]
    (when (= [200 "application/json"] [code (headers "content-type")])
      (json body))))

(deftest the-last-lines-of-each-worker-are-kept-after-its-end-as-well
  (let [silent {:jvm-opts quick-jvm :out (java.io.StringWriter.) :err (java.io.StringWriter.)}
        w      (parallel/fork silent)
        thread (parallel/fork (assoc (dissoc silent :jvm-opts) :in :thread))
        id     #(.id ^Worker %)
        long-  (str/join (repeat 1000 "x"))]
    (with-dashboard
      (fn [_ port cookie]
        (is (= [] (output port cookie (id w))))
        @(parallel/exec w '(dotimes [i 50] (println "line" i)))
        (is (await-true #(= (for [i (range 30 50)] ["out" (str "line " i)]) (output port cookie (id w)))))
        @(parallel/exec w (list 'binding ['*out* '*err*] (list 'println "<b>markup</b>") (list 'println long-)))
        (is (await-true #(= [["err" "<b>markup</b>"] ["err" (str (subs long- 0 400) "...")]]
                            (take-last 2 (output port cookie (id w))))))
        (is (= 20 (count (output port cookie (id w)))))
        (is (not (re-find #"[<>]" (:body (ask port (request port "GET" (str "/output?id=" (id w))
                                                            {"Cookie" cookie}))))))
        @(parallel/exec thread '(println "of a thread"))
        (is (await-true #(= [["out" "of a thread"]] (output port cookie (id thread)))))
        (testing "of a worker's worker"
          (let [below @(parallel/exec w '(let [below (parallel/fork {:in :thread})]
                                           @(parallel/exec below '(println "from below"))
                                           (:id (parallel/status below))))]
            (is (await-true #(= [["out" "from below"]] (output port cookie below))))))
        (testing "a page is told when there is more"
          (let [of #(get-in (by-id %) [(id w) "lines"])]
            (is (= 52 (of (awaited port cookie 20000 (constantly true)))))
            @(parallel/exec w '(println "more"))
            (is (some? (awaited port cookie 20000 #(= 53 (of %)))))))
        (testing "after its end"
          (parallel/kill w)
          (within 60000 #(error (fn [] (parallel/join w))))
          (let [found (awaited port cookie 20000 #(= "dead" (get-in (by-id %) [(id w) "state"])))]
            (is (= 20 (get-in (by-id found) [(id w) "lines"])))
            (is (= ["out" "more"] (last (output port cookie (id w)))))))
        (doseq [bad ["" "?id=" "?id=x" "?id=-1" "?id=1e3" "?id=99999999999"]]
          (is (= 404 (:code (ask port (request port "GET" (str "/output" bad) {"Cookie" cookie})))) bad))))
    (parallel/kill thread)))

;; ---- what workers say is data

(def ^:private markup "</script><img src=x onerror=alert(1)>\u2028 \"'\\ & \u0000")

(deftest markup-arrives-as-data
  (let [w (parallel/fork {:name markup :in :thread})]
    (error #(deref (parallel/exec w (list 'throw (list 'ex-info markup {})))))
    (parallel/exec w (list 'do markup '(Thread/sleep 600000)))
    (is (await-true #(some-> (:doing (parallel/status w)) (str/includes? "img"))))
    (with-dashboard
      (fn [_ port cookie]
        (let [[^Socket socket in] (watching port cookie)]
          (with-open [_ socket]
            (let [line  (first (filter #(str/starts-with? % "data: ") (line-seq in)))
                  shown ((by-id (json (subs line 6))) (.id ^Worker w))]
              (is (not (re-find #"[<>&]" line)))
              (is (= [markup (:doing (parallel/status w))] [(shown "name") (shown "doing")])))))))
    (parallel/kill w)))

(deftest the-page-has-no-way-to-make-markup-of-it
  (let [script (slurp (io/resource "parallel/dashboard/dashboard.js"))
        html   (slurp (io/resource "parallel/dashboard/dashboard.html"))
        style  (slurp (io/resource "parallel/dashboard/dashboard.css"))]
    (is (not (re-find #"innerHTML|outerHTML|insertAdjacent|document\.write|DOMParser|createContextualFragment|srcdoc"
                      script)))
    (is (not (re-find #"eval\(|new Function|setTimeout\(\"|javascript:" script)))
    (is (re-find #"textContent" script))
    (testing "and asks nobody else for anything"
      (doseq [text [script html style]]
        (is (not (re-find #"(?i)https?://(?!www\.w3\.org/2000/svg)|ftp:|@import|url\(" text)))))
    (testing "nothing is inline"
      (is (not (re-find #"(?i)<style|style=| on[a-z]+=|<script(?! src=)" html))))))

;; ---- who is let in

(def ^:private routes
  ["/" "/dashboard.js" "/dashboard.css" "/icon.svg" "/events" "/threads?id=1" "/output?id=1" "/flame"
   "/flame.svg" "/flame.js" "/flame.css" "/report" "/trace" "/action"])

(defn- hostile
  "[what it is, method, headers, codes] of requests that are refused whatever they ask for, though with a good cookie."
  [port cookie]
  (let [host (str "127.0.0.1:" port), origin (str "http://" host), good {"Cookie" cookie}]
    (concat
     (for [[what value] {"no host" nil, "another host" "evil.example"
                         "another host, our port" (str "evil.example:" port)
                         "no port" "127.0.0.1", "another port" "127.0.0.1:1", "localhost without port" "localhost"
                         "a host that begins with ours" (str host ".evil.example"), "two hosts" [host "evil.example"]
                         "ours twice" [host host], "an empty one" "", "another loopback" (str "127.0.0.2:" port)
                         "with a user" (str "a@" host), "0.0.0.0" (str "0.0.0.0:" port)}]
       [(str "host: " what) "GET" (assoc good "Host" value) #{421}])
     (for [[what value] {"another" "http://evil.example", "null" "null", "https" (str "https://" host)
                         "another port" "http://127.0.0.1:1", "ours, longer" (str origin ".evil.example")
                         "two" [origin "http://evil.example"], "empty" ""}
           method ["GET" "POST"]]
       [(str "origin: " what) method (assoc good "Origin" value) #{403}])
     (for [site ["cross-site" "same-site" "" "Same-Origin" ["none" "cross-site"]]]
       [(str "site: " site) "GET" (assoc good "Sec-Fetch-Site" site) #{403}])
     (for [method ["HEAD" "PUT" "DELETE" "OPTIONS" "PATCH" "TRACE" "PROPFIND" "CONNECT" "get" "FOO"]]
       [(str "method: " method) method good #{405}])
     (for [[what value] {"no cookie" nil, "an empty one" (str (first (str/split cookie #"=")) "=")
                         "another" (str (first (str/split cookie #"=")) "=AAAAAAAAAAAAAAAAAAAAAA")
                         "one bit less" (subs cookie 0 (dec (count cookie))), "more" (str cookie "A")
                         "of another name" (str "a" cookie)}
           method ["GET" "POST"]]
       [(str "cookie: " what) method {"Cookie" value} #{403}])
     [["a long header" "GET" (assoc good "X" (str/join (repeat 20000 "x"))) #{431}]
      ["many long headers" "GET" (assoc good "X" (vec (repeat 100 (str/join (repeat 400 "x"))))) #{431}]])))

(defn- hardened? [{:strs [content-security-policy cache-control x-content-type-options referrer-policy] :as headers}]
  (and (= "default-src 'self'; frame-ancestors 'none'" content-security-policy)
       (= ["no-store" "nosniff" "no-referrer"] [cache-control x-content-type-options referrer-policy])
       (not-any? #(str/starts-with? % "access-control") (keys headers))))

(deftest hostile-requests-are-refused-on-every-route
  (with-dashboard
    (fn [_ port cookie]
      (let [rows (hostile port cookie)]
        (is (< 30 (count rows)))
        (doseq [[what method headers codes] rows, route routes
                :let [{:keys [code headers body]} (ask port (request port method route headers))]]
          (is (contains? codes code) (str what ", " route))
          (is (hardened? headers) (str what ", " route))
          (is (not (re-find #"token|script" (str body)))))
        (testing "and those are what is against them"
          (is (= [200 200 200 200] (for [route (take 4 routes)]
                                     (:code (ask port (request port "GET" route {"Cookie" cookie})))))))))))

(deftest other-addresses-are-refused
  (with-dashboard
    (fn [_ port cookie]
      (doseq [path ["/../../etc/passwd" "/%2e%2e/%2e%2e/etc/passwd" "/..%2fdashboard.html" "/dashboard.html"
                    "//etc/passwd"
                    "/parallel/dashboard/dashboard.js" "/dashboard.js/" "/dashboard.js/.." "/./dashboard.js" "/EVENTS"
                    "/events/" "/%00" "/threads" "/threads?id=999" "/threads?id=../1" "/report/.." "/favicon.ico"
                    "http://evil.example/" "http://evil.example/report" "*"]]
        (is (contains? #{400 403 404 421} (:code (ask port (request port "GET" path {"Cookie" cookie})))) path))
      (is (= 414 (:code (ask port (request port "GET" (str "/?" (str/join (repeat 3000 "x"))) {"Cookie" cookie})))))
      (testing "what is no HTTP"
        (doseq [text ["\r\n\r\n" "GET\r\n\r\n" "GET /\r\n\r\n" "\u0000\u0001\u0002\r\n\r\n"
                      "GET / HTTP/1.1\r\nHost\r\n\r\n"
                      (str "GET / HTTP/1.1\r\nHost: 127.0.0.1:" port "\r\nContent-Length: -1\r\n\r\n")]]
          (let [{:keys [code]} (within 20000 #(ask port text))]
            (is (or (nil? code) (<= 400 code 501)) (pr-str text)))))
      (is (= 200 (:code (ask port (request port "GET" "/" {"Cookie" cookie}))))))))

(deftest a-token-is-good-once-and-each-address-has-its-own
  (with-open [^Closeable d (look/dashboard)]
    (let [port (:port d), url (:url d), urls (repeatedly 10 #(:url d))
          {:keys [code headers body]} (ask port (request port "GET" (target url)))]
      (is (re-matches #"http://127\.0\.0\.1:\d+/\?token=[\w-]{22}" url))
      (is (apply distinct? url urls))
      (is (= [303 "/" ""] [code (headers "location") body]) "the address is then without it")
      (is (re-matches #"parallel-\d+=[\w-]{22}; HttpOnly; SameSite=Strict; Path=/" (headers "set-cookie")))
      (is (hardened? headers))
      (is (= 403 (:code (ask port (request port "GET" (target url))))) "used")
      (is (= 403 (:code (ask port (request port "GET" (subs (target (first urls)) 0 20))))) "cut")
      (is (= 403 (:code (ask port (request port "GET" "/?token=")))))
      (is (= 403 (:code (ask port (request port "GET" "/")))))
      (testing "a token lets nobody in by another route or method, and is still good then"
        (doseq [path ["/events" "/report" "/dashboard.js"]]
          (is (= 403 (:code (ask port (request port "GET" (str path (subs (target (first urls)) 1))))))))
        (is (= 405 (:code (ask port (request port "HEAD" (target (first urls)))))))
        (is (= 403 (:code (ask port (request port "GET" (target (first urls)) {"Sec-Fetch-Site" "cross-site"})))))
        (is (= 421 (:code (ask port (request port "GET" (target (first urls)) {"Host" "evil.example"}))))))
      (doseq [url urls]
        (is (= 303 (:code (ask port (request port "GET" (target url)))))))
      (testing "who is in stays in by a used address"
        (let [cookie (first (str/split (headers "set-cookie") #";"))]
          (is (= [303 nil] ((juxt :code #(get (:headers %) "set-cookie"))
                            (ask port (request port "GET" (target url) {"Cookie" cookie})))))))
      (testing "by all three names"
        (doseq [host ["127.0.0.1:" "localhost:" "LOCALHOST:" "[::1]:"]
                :let [host (str host port)]]
          (is (= 303 (:code (ask port (request port "GET" (target (:url d))
                                               {"Host" host, "Origin" (str "http://" host)
                                                "Sec-Fetch-Site" "same-origin"}))))))
        (is (= 303 (:code (ask port (request port "GET" (target (:url d)) {"Sec-Fetch-Site" "none"})))))))))

(deftest a-token-that-nobody-has-used-ages
  (let [tokens (Tokens.), [early late] [(.make tokens false) (.make tokens false)]]
    (.pass tokens 599)
    (is (.show tokens early true))
    (is (not (.show tokens early true)) "once")
    (.pass tokens 2)
    (is (not (.show tokens late true)))
    (is (.show tokens (.make tokens false) false))))

(deftest a-token-in-the-process-table-is-of-no-use-to-another-user
  (let [tokens (Tokens.), token (.make tokens true)]
    (is (not (.show tokens token false)))
    (is (.show tokens token true) "and still good for who it is for"))
  (with-open [server (java.net.ServerSocket. 0 10 (java.net.InetAddress/getLoopbackAddress))]
    (let [port  (.getLocalPort server)
          whose (fn [] (with-open [^Socket accepted (.accept server)]
                         (Tokens/isOwn (.getRemoteSocketAddress accepted) port)))]
      (with-open [_ (connected port)]
        (is (whose)))
      (is (Tokens/isOwn (InetSocketAddress. "127.0.0.1" 1) port) "what the table of sockets does not have")
      ;; only root can be another user
      (when (and (= "root" (System/getProperty "user.name")) (.canExecute (io/file "/usr/bin/setpriv")))
        (let [other (.start (ProcessBuilder. ^java.util.List
                                             ["/usr/bin/setpriv" "--reuid=65534" "--clear-groups" "bash" "-c"
                                              (str "exec 3<>/dev/tcp/127.0.0.1/" port "; read -r -u 3")]))]
          (try
            (is (not (whose)))
            (finally
              (.destroy other)
              (.waitFor other))))))))

(deftest the-oldest-tokens-are-forgotten
  (with-open [^Closeable d (look/dashboard)]
    (let [first-url (:url d), last-url (last (repeatedly 64 #(:url d)))]
      (is (= 403 (:code (ask (:port d) (request (:port d) "GET" (target first-url))))))
      (is (= 303 (:code (ask (:port d) (request (:port d) "GET" (target last-url)))))))))

(deftest it-listens-on-the-loopback-interface-alone
  (with-open [^Closeable d (look/dashboard)]
    (let [hex   (format ":%04X" (:port d))
          local (for [file ["/proc/net/tcp" "/proc/net/tcp6"], line (rest (str/split-lines (leftovers/read-text file)))
                      :let [[_ local _ state] (str/split (str/trim line) #" +")]
                      :when (and (= "0A" state) (str/ends-with? local hex))]
                  local)]
      ;; an address of IPv4 that a socket of IPv6 has is written as one of IPv6
      (is (= 1 (count local)))
      (is (re-matches #"(?:0000000000000000FFFF0000)?0100007F:.*" (first local))))))

;; ---- slow ones, and many

(defn- dropped? [^Socket socket]
  (try
    (neg? (.read (.getInputStream socket)))
    (catch SocketException _ true)))

(deftest slow-clients-are-dropped-and-keep-nobody-out
  (with-dashboard
    (fn [_ port cookie]
      (let [begun   (request port "GET" "/" {"Cookie" cookie})
            slow    (vec (for [text [(subs begun 0 10) "G" (subs begun 0 (- (count begun) 4))
                                     (str (request port "POST" "/action" {"Cookie" cookie "Content-Length" 500})
                                          "do=")]
                               _    (range 20)]
                           (doto (connected port) (write text))))
            headless (vec (repeatedly 20 #(doto (connected port)
                                            (write (request port "POST" "/" {"Content-Length" 50000})))))
            began   (System/nanoTime)]
        (try
          (is (await-true #(= 200 (:code (ask port begun))) 10000) "one that finds all threads taken tries again")
          (is (> 10000 (/ (- (System/nanoTime) began) 1e6)) "milliseconds")
          (is (every? dropped? (filter #(zero? (.available (.getInputStream ^Socket %))) (take 60 slow))))
          (is (> 25000 (/ (- (System/nanoTime) began) 1e6)) "milliseconds")
          (finally
            (run! #(.close ^Socket %) (concat slow headless))))))))

(deftest many-connections-cost-few-threads
  (with-dashboard
    (fn [_ port cookie]
      (let [silent   (vec (repeatedly 300 #(connected port)))
            watchers (vec (repeatedly 12 #(watching port cookie)))
            threads  #(count (filter (fn [^Thread t] (str/starts-with? (.getName t) "parallel-dashboard-"))
                                     (keys (Thread/getAllStackTraces))))]
        (try
          (is (= 200 (:code (ask port (request port "GET" "/" {"Cookie" cookie})))))
          (is (>= 17 (threads)))
          (let [lines (map (fn [[_ in]] (first (line-seq in))) watchers)]
            (is (= {"HTTP/1.1 200 OK" 8} (dissoc (frequencies lines) "HTTP/1.1 503 Service Unavailable")))
            (is (= 4 (count (filter #{"HTTP/1.1 503 Service Unavailable"} lines)))))
          (finally
            (run! #(.close ^Socket %) (concat silent (map first watchers)))))))))

(deftest ^:slow a-page-that-does-not-read-is-dropped
  (let [text (str/join (repeat 8000 "x"))
        ws   (vec (repeatedly 40 #(parallel/run {:in :thread} (list 'do text '(Thread/sleep 600000)))))]
    (try
      (with-dashboard
        (fn [_ port cookie]
          (let [[^Socket socket] (watching port cookie {:receive-bytes 4096})
                writes? (fn [] (some (fn [[^Thread t frames]]
                                       (and (str/starts-with? (.getName t) "parallel-dashboard-")
                                            (some #(str/includes? (str %) "Watcher.serve") frames)))
                                     (Thread/getAllStackTraces)))]
            (with-open [_ socket]
              (is (await-true writes? 10000))
              (is (await-true (complement writes?) 60000) "its thread is free again")
              (is (= 200 (:code (ask port (request port "GET" "/" {"Cookie" cookie})))))))))
      (finally
        (run! parallel/kill ws)))))

;; ---- what may be done

(defn- post [port cookie headers body]
  (:code (ask port (request port "POST" "/action" (merge {"Cookie" cookie} headers) body))))

(defn- page-token [port cookie]
  (second (re-find #"name=\"parallel-token\" content=\"([^\"]*)\""
                   (:body (ask port (request port "GET" "/" {"Cookie" cookie}))))))

(deftest without-the-option-nothing-can-be-done
  (let [w (parallel/fork {:in :thread})]
    (with-dashboard
      (fn [_ port cookie]
        (is (= "" (page-token port cookie)))
        (is (= 404 (post port cookie {"X-Parallel-Token" ""} (str "do=kill&id=" (.id ^Worker w)))))
        (is (= 404 (:code (ask port (request port "GET" (str "/action?do=kill&id=" (.id ^Worker w))
                                             {"Cookie" cookie})))))
        (doseq [route (butlast routes)]
          (is (= 405 (:code (ask port (request port "POST" route {"Cookie" cookie} "a=b"))))))))
    (is (parallel/alive? w))
    (parallel/kill w)))

(deftest with-the-option-and-the-token-of-the-page-workers-are-interrupted-stopped-and-killed
  (let [[a b c] (vec (repeatedly 3 #(parallel/fork {:jvm-opts quick-jvm})))
        slept   (parallel/exec a '(try (Thread/sleep 600000) (catch InterruptedException _ :interrupted)))
        id      #(.id ^Worker %)]
    (is (await-true #(= :running (:state (parallel/status a)))))
    (with-dashboard {:actions true}
      (fn [_ port cookie]
        (let [token  (page-token port cookie)
              good   {"X-Parallel-Token" token}
              kill-c (str "do=kill&id=" (id c))]
          (is (re-matches #"[\w-]{22}" token))
          (testing "refused"
            (is (= 403 (post port cookie {} kill-c)))
            (is (= 403 (post port cookie {"X-Parallel-Token" "AAAAAAAAAAAAAAAAAAAAAA"} kill-c)))
            (is (= 403 (post port "a=b" good kill-c)))
            (is (= 403 (post port cookie (assoc good "Origin" "http://evil.example") kill-c)))
            (is (= 403 (post port cookie (assoc good "Sec-Fetch-Site" "cross-site") kill-c)))
            (is (= 421 (post port cookie (assoc good "Host" "evil.example") kill-c)))
            (is (= 405 (:code (ask port (request port "GET" (str "/action?" kill-c) (assoc good "Cookie" cookie))))))
            (is (= 404 (post port cookie good "do=kill&id=999")))
            (is (= 404 (post port cookie good "do=kill")))
            (is (= 400 (post port cookie good (str "do=eval&id=" (id c)))))
            (is (= 400 (post port cookie good (str "id=" (id c)))))
            (is (= 413 (post port cookie good (str kill-c "&x=" (str/join (repeat 2000 "x"))))))
            (is (every? parallel/alive? [a b c])))
          (is (= 202 (post port cookie good (str "do=interrupt&id=" (id a)))))
          (is (= :interrupted (deref slept 60000 :late)))
          (is (= 202 (post port cookie good (str "do=stop&id=" (id b)))))
          (is (= 202 (post port cookie (assoc good "Origin" (str "http://127.0.0.1:" port)) kill-c)))
          (is (await-true #(not-any? parallel/alive? [b c])))
          (is (= [:ended :dead] (map (comp :state parallel/status) [b c])))
          (is (parallel/alive? a)))))
    (parallel/kill a)))

(deftest stacks-are-asked-for-and-reports-are-downloads
  (let [w (parallel/fork {:jvm-opts quick-jvm})]
    (parallel/exec w '(Thread/sleep 600000))
    (is (await-true #(= :running (:state (parallel/status w)))))
    (with-dashboard
      (fn [_ port cookie]
        (let [get- #(ask port (request port "GET" % {"Cookie" cookie}))
              id   (.id ^Worker w)]
          (is (await-true #(str/includes? (:body (get- (str "/threads?id=" id))) "Thread.sleep")))
          (signal w "STOP")
          (is (await-true #(= "It does not answer." (:body (get- (str "/threads?id=" id))))) "once it has stopped")
          (let [{:keys [headers body]} (get- "/report")]
            (is (= "attachment; filename=\"report.html\"" (headers "content-disposition")))
            (is (re-find #"(?s)^<!DOCTYPE html>.*\(Thread" body)))
          (let [{:keys [headers body]} (get- "/trace")]
            (is (= "attachment; filename=\"trace.json\"" (headers "content-disposition")))
            (is (some #(= [id "B"] [(% "pid") (% "ph")]) ((json body) "traceEvents")))))))
    (signal w "KILL")
    (within 60000 #(error (fn [] (parallel/join w))))))

;; ---- profiles

(defn- profiled [port cookie]
  ((awaited port cookie 120000 #(get-in % ["profile" "over"])) "profile"))

(deftest a-profile-is-made-of-the-workers-that-the-page-names
  (let [busy   (parallel/run {:jvm-opts quick-jvm} '(loop [x 1.0] (recur (Math/sin (+ x 1)))))
        idle   (parallel/run {:jvm-opts quick-jvm} '(parallel/receive (parallel/parent)))
        thread (parallel/fork {:in :thread})
        id     #(.id ^Worker %)]
    (with-dashboard
      (fn [_ port cookie]
        (is (= 404 (post port cookie {} (str "do=profile&ms=100&ids=" (id busy)))) "without the option")
        (is (= 404 (:code (ask port (request port "GET" "/flame" {"Cookie" cookie})))))))
    (with-dashboard {:actions true}
      (fn [_ port cookie]
        (let [good  {"X-Parallel-Token" (page-token port cookie)}
              start #(post port cookie good (str "do=profile&" %))
              flame #(ask port (request port "GET" (str "/flame" %) {"Cookie" cookie}))]
          (is (= 403 (post port cookie {} (str "do=profile&ms=100&ids=" (id busy)))))
          (doseq [bad ["ids=1" "ms=0" "ms=-1" "ms=60001" "ms=x" "ms=99999999999"]]
            (is (= 400 (start bad)) bad))
          (doseq [bad [(str (id busy) ",999999") "x" "-1"]]
            (is (= 404 (start (str "ms=100&ids=" bad))) bad))
          (is (= 404 (:code (flame ""))))
          (is (= nil ((awaited port cookie 20000 (constantly true)) "profile")))
          (is (= 202 (start (str "ms=1500&ids=" (id busy) "," (id idle)))))
          (is (= 409 (start "ms=100")) "one at a time")
          (let [{:strs [ids ms error samples]} (profiled port cookie)]
            (is (= [#{(id busy) (id idle)} 1500 nil] [(set ids) ms error]))
            ;; a busy machine gives fewer samples of what runs; what waits is known in full
            (is (pos? (samples (str (id busy)))))
            (is (< 100 (samples (str (id idle))))))
          (doseq [[address type] {"" "text/html; charset=utf-8" ".svg" "image/svg+xml"}
                  :let [{:keys [headers body]} (flame address)]]
            (is (= type (headers "content-type")))
            (is (hardened? headers))
            (is (re-find #"waits: receive" body))
            (is (not (re-find #"(?i)<style|<script(?! src=)| on[a-z]+=|style=|CDATA" body)) "nothing is inline")
            (is (not (re-find #"(?i)https?://(?!www\.w3\.org/2000/svg)" body))))
          (is (re-find #"waits: receive" (:body (flame (str "?n=1&id=" (id idle))))))
          (is (not (re-find #"waits: receive" (:body (flame (str "?id=" (id busy)))))))
          (is (= [404 404] (map (comp :code flame) ["?id=999999" "?id=x"])))
          (testing "one that fails says why"
            (is (= 202 (start (str "ms=100&ids=" (id thread)))))
            (is (re-find #"is a thread of this process"
                         (get-in (awaited port cookie 20000 #(get-in % ["profile" "error"])) ["profile" "error"]))))
          (testing "without names it is of all that can be profiled"
            (is (= 202 (start "ms=50&ids=")))
            (is (some? (awaited port cookie 120000 #(let [{:strs [over ms ids]} (% "profile")]
                                                      (and over (= 50 ms) (= #{(id busy) (id idle)} (set ids)))))))))))
    (run! parallel/kill [busy idle thread])))

(deftest of-workers-that-record-all-the-time-a-time-that-is-over-can-be-profiled
  (let [w      (parallel/fork {:flight true :jvm-opts quick-jvm})
        plain  (parallel/fork {:jvm-opts quick-jvm})
        now-ms #(System/currentTimeMillis)
        spent  (fn [form] (let [from (now-ms)] @(parallel/exec w form) [from (now-ms)]))]
    @(parallel/exec w '(Thread/sleep 1))
    (let [[from to] (spent '(dotimes [_ 10] (Thread/sleep 100)))
          [later end] (spent '(dotimes [_ 10] (parallel/receive (parallel/parent) 100 nil)))]
      (with-dashboard {:actions true}
        (fn [_ port cookie]
          (let [good  {"X-Parallel-Token" (page-token port cookie)}
                start #(post port cookie good (str "do=profile&" %))
                flame (fn [from to]
                        (is (= 202 (start (str "from=" from "&to=" to "&ids="))))
                        (is (= [[(.id ^Worker w)] true nil] (map (profiled port cookie) ["ids" "past" "error"])))
                        (:body (ask port (request port "GET" "/flame" {"Cookie" cookie}))))]
            (doseq [bad ["from=1" "to=1" "from=x&to=5" "from=5&to=5" "from=5&to=4" "from=0&to=99999999999999"]]
              (is (= 400 (start bad)) bad))
            (is (= 404 (start (str "from=" from "&to=" to "&ids=" (.id ^Worker plain)))))
            (is (= 404 (start (str "from=" from "&to=" to "&ids=" (.id ^Worker plain) "," (.id ^Worker w)))))
            ;; the recorder writes once a second
            (is (await-true #(re-find #"waits: receive" (flame later end)) 60000))
            (is (not (re-find #"waits: sleep" (flame later end))))
            (let [graph (flame from to)]
              (is (re-find #"waits: sleep" graph))
              (is (not (re-find #"waits: receive" graph))))))))
    (run! parallel/kill [w plain])))

(deftest the-end-of-a-dashboard-breaks-off-its-profile
  (let [w (parallel/run {:jvm-opts quick-jvm} '(Thread/sleep 600000))]
    (with-dashboard {:actions true}
      (fn [_ port cookie]
        (is (= 202 (post port cookie {"X-Parallel-Token" (page-token port cookie)}
                         (str "do=profile&ms=60000&ids=" (.id ^Worker w)))))))
    (is (await-true #(empty? (filter (fn [^Thread t] (str/starts-with? (.getName t) "parallel-dashboard-"))
                                     (keys (Thread/getAllStackTraces)))) 5000))
    (parallel/kill w)))

;; ---- its end

(defn- its-threads []
  (filter #(re-find #"parallel-dashboard|HTTP-Dispatcher|idle-timeout|server-timer|req-rsp" %)
          (map #(.getName ^Thread %) (keys (Thread/getAllStackTraces)))))

(defn- refused? [port]
  (try
    (.close (connected port))
    false
    (catch IOException _ true)))

(deftest after-its-end-there-is-no-thread-and-no-socket
  (testing "by close, while a page watches"
    (let [^Closeable d (look/dashboard)
          port (:port d), [^Socket socket in] (watching port (cookie-of port (:url d)))]
      (is (seq (take 2 (snapshots in))))
      (is (:open d))
      (.close d)
      (.close d)
      (is (not (:open d)))
      (is (= "#parallel/dashboard{:open false}" (pr-str d)))
      (is (refused? port))
      (is (await-true #(empty? (its-threads)) 5000))
      (is (dropped? (doto socket (.setSoTimeout 5000))))
      (.close socket)))
  (testing "by the end of the workers"
    (let [d (look/dashboard)]
      (parallel/close)
      (is (not (:open d)))
      (is (refused? (:port d)))
      (is (await-true #(empty? (its-threads)) 5000)))))

(deftest a-jvm-with-a-dashboard-ends
  (let [{:keys [said left]}
        (root/run {} '(require '[parallel.api :as p] '[parallel.look :as look])
                  '(let [d (look/dashboard)
                         w (p/fork)]
                     @(p/exec w '(+ 1 2))
                     (println (some? (re-find #"\{:url \"http://127" (pr-str d))))
                     (shutdown-agents)))]
    (is (= ["true"] said))
    (is (empty? left))))

(deftest it-opens-a-browser-that-is-let-in
  (let [directory (.toFile (Files/createTempDirectory "parallel-dashboard" (make-array FileAttribute 0)))
        command   (io/file directory "xdg-open")
        opened    (io/file directory "opened")]
    (spit command (str "#!/bin/sh\nprintf '%s' \"$1\" >" opened ".part && mv " opened ".part " opened "\n"))
    (.setExecutable command true)
    (try
      (let [{:keys [said]}
            (root/run {:env {"PATH" (str directory ":" (System/getenv "PATH"))}}
                      '(require '[parallel.look :as look])
                      (list 'let ['file (list 'java.io.File. (str opened))]
                            '(look/dashboard {:open true})
                            '(while (not (.exists file)) (Thread/sleep 10))
                            '(let [connection (doto (.openConnection (java.net.URL. (slurp file)))
                                                (.setInstanceFollowRedirects false))]
                               (println (.getResponseCode connection)))
                            '(shutdown-agents)))]
        (is (= ["303"] said)))
      (finally
        (run! io/delete-file (reverse (file-seq directory)))))))

(deftest nothing-of-it-is-loaded-before
  (let [file    (doto (File/createTempFile "parallel-dashboard" ".log") .delete)     ; a JVM would keep it, as .log.0
        program '(do (require '[parallel.api :as p] '[parallel.look :as look])
                     (let [w (p/run {:in :thread} '(+ 1 2))]
                       (p/join w)
                       [(look/waits) (look/timeline) (look/diagnose)])
                     (shutdown-agents))
        process (.start (doto (ProcessBuilder. ^java.util.List
                                               (into (clojure-main (str "-Xlog:class+load:file=" file))
                                                     ["-e" (pr-str program)]))
                          (.inheritIO)))]
    (is (zero? (within 120000 #(.waitFor process))))
    (let [loaded (str/split-lines (slurp file))]
      (is (some #(str/includes? % "parallel.look.Timelines") loaded))
      (is (= [] (filter #(re-find #"httpserver|parallel\.dashboard" %) loaded))))
    (.delete file)))

(deftest without-the-module-of-the-jdk-it-says-what-to-do
  (let [{:keys [said]}
        (root/run {:jvm-opts ["--limit-modules" "java.base,java.sql,java.desktop,java.management,jdk.unsupported"]}
                  '(require '[parallel.look :as look])
                  '(println (try (look/dashboard)
                                 (catch clojure.lang.ExceptionInfo e
                                   [(:parallel/error (ex-data e)) (ex-message e)]))))]
    (is (re-find #"^\[:bad-argument .*start it with --add-modules jdk\.httpserver" (str (last said))))))

;; ---- how it is called

(deftest options-are-checked
  (doseq [[opts message] {{:prot 1}     #"Unknown option :prot of dashboard; known are :actions :open :port\."
                          {:port -1}    #"Option :port of dashboard is -1; allowed is a number from 0 to 65535\."
                          {:port 65536} #"Option :port"
                          {:port "80"}  #"Option :port"
                          {:open 1}     #"Option :open of dashboard is 1; allowed is true or false\."
                          {:actions nil} #"Option :actions"
                          [1]           #"Options of dashboard are a map, not \[1\]\."}]
    (let [e (error #(look/dashboard opts))]
      (is (= :bad-argument (:parallel/error e)))
      (is (re-find message (str (:message-of-error e))))))
  (with-open [^Closeable d (look/dashboard nil)]
    (let [e (error #(look/dashboard {:port (:port d)}))]
      (is (= :bad-argument (:parallel/error e)))
      (is (re-find #"cannot listen on port \d+ of 127\.0\.0\.1: " (str (:message-of-error e)))))))

(deftest in-java
  (with-open [^Dashboard d (Look/dashboard (.actions (.port (DashboardOptions/defaults) 0) true))]
    (let [port (.port d), cookie (cookie-of port (.url d))]
      (is (.isOpen d))
      (is (= [] ((awaited port cookie 20000 #(% "health")) "health")))
      (is (re-matches #"#parallel/dashboard\{:port \d+ :open true\}" (str d)))))
  (is (thrown-with-msg? ParallelException #"Option port of a dashboard is 70000"
                        (.port (DashboardOptions/defaults) 70000)))
  (is (thrown-with-msg? ParallelException #"DashboardOptions.defaults\(\), not null" (Look/dashboard nil))))
