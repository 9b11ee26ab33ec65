(ns parallel.nrepl-test
  "A real nREPL server, a real client, a real socket."
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [nrepl.core :as client]
            [nrepl.server :as server]
            [nrepl.transport :as transport]
            [parallel.api :as parallel]
            [parallel.nrepl]
            [parallel.support :refer [await-true]])
  (:import [java.lang ProcessBuilder]))

(def ^:private patience-ms 20000)

(defn- session-of
  "A function of a message that gives its responses until the last."
  [client]
  (let [id (client/new-session client)]
    (fn [message]
      (client/message client (assoc message :session id)))))

(defn- stop-server
  "Once it has seen that its clients are gone: a connection that the server has to close itself may leave a thread of nREPL's
  that waits for its next message for ever."
  [server]
  (await-true #(empty? @(:open-transports server)))
  (server/stop-server server))

(defn- call-with-server [f]
  (let [server (server/start-server :bind "127.0.0.1" :port 0 :handler (server/default-handler #'parallel.nrepl/middleware))]
    (try
      (with-open [^java.io.Closeable transport (client/connect :port (:port server))]
        (f transport))
      (finally
        (stop-server server)
        (parallel/close)))))        ; a prompt keeps a spare

(defmacro ^:private with-session
  "Body with session bound to a function: a message to a seq of its responses."
  [[session] & body]
  `(call-with-server
    (fn [transport#]
      (let [~session (session-of (client/client transport# patience-ms))]
        (try
          ~@body
          (finally
            (run! parallel/kill (parallel/children))
            (await-true #(empty? (parallel/children)))))))))

(defn- in-own-ns
  "Evaluates setup in a fresh namespace of the session; its name."
  [session]
  (let [n (str (gensym "prompt"))]
    (doall (session {:op "eval" :code (str "(ns " n " (:require [parallel.api :as parallel]))")}))
    n))

(defn- responses [session code]
  (doall (session {:op "eval" :code code})))

(defn- value
  "The value of the last form, read; or what went wrong."
  [session code]
  (let [all (responses session code)]
    (if-let [v (last (keep :value all))]
      (try (read-string v) (catch Exception _ v))
      (str/join (keep #(or (:err %) (:ex %)) all)))))

;; ---- spares

(deftest a-session-keeps-one-spare-from-the-first-worker-on
  (with-session [session]
    (in-own-ns session)
    (is (= 0 (value session "(count (parallel/spares))")))
    (is (= 2 (value session "@(parallel/run '(+ 1 1))")))
    (is (await-true #(= [:idle] (map :state (parallel/spares)))))
    (let [[{:keys [pid]}] (parallel/spares)]
      (is (= pid (value session "(let [w (parallel/run '(+ 1 1))] @w (:pid (parallel/status w)))"))))
    (is (nil? (value session "(parallel/warm 0)")))
    (is (= 2 (value session "@(parallel/run '(+ 1 1))")))
    (is (= [] (parallel/spares)))))

;; ---- definitions

(deftest what-is-defined-at-the-prompt-is-known-to-workers
  (with-session [session]
    (in-own-ns session)
    (responses session "(defn f [x] [:old x]) (defrecord P [a]) (defmulti m identity) (defmethod m 1 [_] :one)")
    (is (= [:old 1] (value session "@(parallel/run '(f 1))")))
    (is (= [true :one] (value session "@(parallel/run '(fn [p] [(= p (->P 2)) (m 1)]) (->P 2))")))
    (is (= [:old 2] (value session "(def w (parallel/fork)) @(parallel/exec w '(f 2))")))
    (testing "redefined: in the old fork and in new workers"
      (responses session "(defn f [x] [:new x])")
      (is (= [:new 3] (value session "@(parallel/exec w '(f 3))")))
      (is (= [:new 4] (value session "@(parallel/run '(f 4))"))))
    (testing "a file that the editor loads"
      (doall (session {:op "load-file" :file-name "loaded.clj" :file-path "no/such/loaded.clj"
                       :file "(ns loaded-by-editor (:require [clojure.string :as s]))\n(def base 3)\n(defn g [x] (s/upper-case (str x base)))"}))
      (is (= "A3" (value session "@(parallel/run '(loaded-by-editor/g \"a\"))"))))
    (testing "macros, functions that call each other, state"
      (responses session "(defmacro unless [c x] `(when-not ~c ~x)) (declare b) (defn a [n] (unless (neg? n) (b n))) (defn b [n] (if (zero? n) :done (a (dec n)))) (defonce state (atom 1))")
      (is (= [:done 2] (value session "@(parallel/run '[(a 5) (swap! state inc)])")))
      (is (= 1 (value session "@state"))))
    (testing "an unbound name is refused"
      (is (re-find #"Unable to resolve symbol: nowhere" (str (value session "@(parallel/run '(nowhere 1))")))))))

;; ---- output

(deftest output-of-a-worker-comes-to-the-session-that-started-it
  (with-session [session]
    (in-own-ns session)
    (let [all (responses session "@(parallel/run '(do (println \"said\") (binding [*out* *err*] (println \"complained\")) 1))")]
      (is (re-find #"<parallel#\d+> said\n" (str/join (keep :out all))))
      (is (re-find #"<parallel#\d+> complained\n" (str/join (keep :err all)))))))

(deftest output-comes-also-after-the-evaluation-has-ended
  (call-with-server
   (fn [transport]
     (let [session (client/new-session (client/client transport patience-ms))
           send    #(transport/send transport {:op "eval" :session session :id %1 :code %2})
           until   (fn [wanted?] (loop []
                                   (let [response (transport/recv transport patience-ms)]
                                     (cond (nil? response) nil
                                           (wanted? response) response
                                           :else (recur)))))
           done?   #(contains? (set (:status %)) "done")]
       (send "1" "(require '[parallel.api :as parallel]) (def late (parallel/run '(do (parallel/receive (parallel/parent)) (println \"later\"))))")
       (is (= "1" (:id (until done?))))
       (send "2" "(parallel/send late 1)")
       (let [{:keys [id out]} (until #(and (:out %) (str/includes? (:out %) "later")))]
         (is (= "1" id) "as output of the evaluation that started it")
         (is (re-find #"<parallel#\d+> later" out)))
       (send "3" "(parallel/join late)")
       (is (until #(and (= "3" (:id %)) (done? %))))))))

;; ---- interrupts

(deftest an-interrupt-ends-a-blocked-call-and-loses-nothing
  (with-session [session]
    (in-own-ns session)
    (responses session "(def w (parallel/run '(let [p (parallel/parent)] (parallel/receive p) (parallel/send p :kept) (parallel/receive p))))")
    (doseq [call ["(parallel/receive w)" "(parallel/join w)" "@w" "(parallel/select [w])"]]
      (testing call
        (let [id     (str (gensym))
              answer (future (doall (session {:op "eval" :id id :code call})))]
          (is (not= ::late (do (Thread/sleep 300) (doall (session {:op "interrupt" :interrupt-id id})))))
          (is (some #(contains? (set (:status %)) "interrupted") (deref answer patience-ms ::late))))))
    (is (= :kept (value session "(parallel/send w 1) (parallel/receive w)")))))

;; ---- a prompt in a worker

(deftest a-session-goes-into-a-worker-and-comes-back
  (with-session [session]
    (in-own-ns session)
    (responses session "(def w (parallel/run '(do (parallel/receive (parallel/parent)) :finished))) (def x :here)")
    (value session "(parallel/in w)")
    (is (= 42 (value session "(def x 42) x")))
    (is (= 43 (value session "(inc *1)")))
    (is (pos? (value session "(parallel/id)")) "while its main form is blocked")
    (is (= "user" (last (keep :ns (responses session "1")))))
    (is (= "there" (last (keep :ns (responses session "(ns there) (def y 1)")))))
    (is (= 1 (value session "y")))
    (is (= 1 (count (keep :value (doall (session {:op "eval" :ns "there" :code "y"}))))) "an editor names the worker's namespace")
    (is (re-find #"Divide by zero" (str (value session "(/ 1 0)"))))
    (is (= "java.lang.ArithmeticException" (str (value session "(class *e)"))))
    (testing "interrupted"
      (let [id     (str (gensym))
            answer (future (doall (session {:op "eval" :id id :code "(Thread/sleep 600000)"})))]
        (Thread/sleep 300)
        (doall (session {:op "interrupt" :interrupt-id id}))
        (is (some #(contains? (set (:status %)) "interrupted") (deref answer patience-ms ::late)))
        (is (= 2 (value session "(+ 1 1)")))))
    (responses session "(parallel/out)")
    (is (= [:here 0] (value session "[x (parallel/id)]")))
    (is (= :finished (value session "(parallel/send w 1) (parallel/join w)")))))

(deftest a-busy-fork-has-a-prompt-too
  (with-session [session]
    (in-own-ns session)
    (responses session "(def w (parallel/fork)) (def reply (parallel/exec w '(do (def shared 1) (Thread/sleep 600000))))")
    (is (await-true #(= :running (:state (parallel/status (first (parallel/children)))))))
    (value session "(parallel/in w)")
    (is (= 2 (value session "(+ 1 1)")))
    (responses session "(parallel/out)")))

(deftest a-worker-has-an-nREPL-server-when-asked
  (let [w (parallel/run '(do (def from-main 7) (parallel/receive (parallel/parent))))
        {:keys [host port] :as where} (parallel/repl w)]
    (try
      (is (= "127.0.0.1" host))
      (is (= where (parallel/repl w)) "one server")
      (with-open [^java.io.Closeable transport (client/connect :port port)]
        (let [session (session-of (client/client transport patience-ms))]
          (is (= (.id w) (value session "(do (require '[parallel.api :as parallel]) (parallel/id))")))
          (is (= 7 (value session "parallel.nrepl-test/from-main")))))
      (finally
        (parallel/kill w)
        (await-true #(empty? (parallel/children)))))))

(deftest an-nREPL-server-may-listen-on-a-Unix-socket
  (let [path (str "/tmp/parallel-test-" (System/nanoTime))
        w    (parallel/run '(parallel/receive (parallel/parent)))]
    (try
      (is (= {:socket path} (parallel/repl w {:socket path})))
      (with-open [^java.io.Closeable transport (client/connect :socket path)]
        (is (= (.id w) (value (session-of (client/client transport patience-ms)) "(do (require '[parallel.api :as parallel]) (parallel/id))"))))
      (finally
        (parallel/kill w)
        (await-true #(empty? (parallel/children)))
        (.delete (java.io.File. path))))))

(deftest a-worker-that-is-a-thread-has-no-server
  (let [w (parallel/fork {:in :thread})]
    (is (thrown-with-msg? clojure.lang.ExceptionInfo #"A worker that is a thread has no nREPL server" (parallel/repl w)))
    (parallel/stop w)))

(deftest a-worker-without-nREPL-says-what-is-missing
  (let [without (str/join ":" (remove #(str/includes? % "nrepl") (str/split (System/getProperty "java.class.path") #":")))
        w       (parallel/run {:classpath without} '(parallel/receive (parallel/parent)))]
    (try
      (is (thrown-with-msg? clojure.lang.ExceptionInfo #"nREPL is not on the class path of worker \d+\. Add nrepl/nrepl" (parallel/repl w)))
      (finally
        (parallel/kill w)
        (await-true #(empty? (parallel/children)))))))

;; ---- ops

(deftest editors-see-workers-and-evaluate-in-them
  (with-session [session]
    (in-own-ns session)
    (responses session "(def w (parallel/run {:name \"named\"} '(parallel/receive (parallel/parent))))")
    (is (await-true #(= :receiving (:state (parallel/status (first (parallel/children)))))))
    (let [[w]    (parallel/children)
          pid    (.pid w)
          status #(first (:workers (first (session {:op "parallel/status"}))))
          stop   (fn [signal] (.waitFor (.start (ProcessBuilder. ^java.util.List ["kill" signal (str pid)]))))]
      (is (= ["named" pid "receiving"] ((juxt :name :pid :state) (status))))
      (is (= ["3" ["done"]] ((juxt :value :status) (first (session {:op "parallel/eval" :worker (.id w) :code "(+ 1 2)"})))))
      (is (re-find #"Divide by zero" (:err (first (session {:op "parallel/eval" :worker (str (.id w)) :code "(/ 1 0)"})))))
      (is (re-find #"There is no worker 9999 here" (:err (first (session {:op "parallel/eval" :worker "9999" :code "1"})))))
      (testing "a stopped one, too; then killed: its last words"
        (stop "-STOP")
        (is (= [pid "receiving"] ((juxt :pid :state) (status))))
        (stop "-CONT")
        (stop "-KILL")
        (let [said (str (value session "(parallel/join w)"))]
          (is (re-find #"killed by SIGKILL" said))
          (is (re-find #"parallel/receive" said)))))))
