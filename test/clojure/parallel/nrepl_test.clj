(ns parallel.nrepl-test
  "A real nREPL server, a real client, a real socket."
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [nrepl.core :as client]
            [nrepl.middleware :as middleware]
            [nrepl.server :as server]
            [nrepl.transport :as transport]
            [parallel.api :as parallel]
            [parallel.nrepl]
            [parallel.support :refer [await-true]])
  (:import [java.lang ProcessBuilder]))

(def ^:private patience-ms 60000)

(defn- session-of
  "A function of a message that gives its responses until the last."
  [client]
  (let [id (client/new-session client)]
    (fn [message]
      (client/message client (assoc message :session id)))))

(defn- stop-server
  "Once it has seen that its clients are gone: a connection that the server has to close itself may leave a thread of
  nREPL's that waits for its next message for ever."
  [server]
  (await-true #(empty? @(:open-transports server)))
  (server/stop-server server))

(def ^:private ^:dynamic *spare?*
  "Does the prompt keep a spare, as it does unless it is told otherwise? A JVM more for each test."
  false)

(defn- call-with-server [f]
  (when-not *spare?*
    (parallel/warm 0))
  (let [server (server/start-server :bind "127.0.0.1" :port 0
                                    :handler (server/default-handler #'parallel.nrepl/middleware))]
    (try
      (with-open [^java.io.Closeable transport (client/connect :port (:port server))]
        (try
          (f transport)
          (finally
            ;; a line that nobody has read holds a thread of the client for ever
            (while (transport/recv transport 100)))))
      (finally
        (stop-server server)
        (parallel/close)))))        ; a spare, and how many there were to be

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
  (binding [*spare?* true]
    (with-session [session]
      (in-own-ns session)
      (is (= 0 (value session "(count (parallel/spares))")))
      (is (= 2 (value session "@(parallel/run '(+ 1 1))")))
      (is (await-true #(= [:idle] (map :state (parallel/spares)))))
      (let [[{:keys [pid]}] (parallel/spares)]
        (is (= pid (value session "(let [w (parallel/run '(+ 1 1))] @w (:pid (parallel/status w)))"))))
      (is (nil? (value session "(parallel/warm 0)")))
      (is (= 2 (value session "@(parallel/run '(+ 1 1))")))
      (is (= [] (parallel/spares))))))

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
                       :file (str "(ns loaded-by-editor (:require [clojure.string :as s]))\n"
                                  "(def base 3)\n"
                                  "(defn g [x] (s/upper-case (str x base)))")}))
      (is (= "A3" (value session "@(parallel/run '(loaded-by-editor/g \"a\"))"))))
    (testing "macros, functions that call each other, state"
      (responses session
                 (str "(defmacro unless [c x] `(when-not ~c ~x)) (declare b) (defn a [n] (unless (neg? n) (b n)))"
                      " (defn b [n] (if (zero? n) :done (a (dec n)))) (defonce state (atom 1))"))
      (is (= [:done 2] (value session "@(parallel/run '[(a 5) (swap! state inc)])")))
      (is (= 1 (value session "@state"))))
    (testing "an unbound name is refused"
      (is (re-find #"Unable to resolve symbol: nowhere" (str (value session "@(parallel/run '(nowhere 1))")))))))

;; ---- output

(deftest output-of-a-worker-comes-to-the-session-that-started-it
  (with-session [session]
    (in-own-ns session)
    (let [all (responses session
                         "@(parallel/run '(do (println \"said\") (binding [*out* *err*] (println \"complained\")) 1))")]
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
       (send "1"
             (str "(require '[parallel.api :as parallel])"
                  " (def late (parallel/run '(do (parallel/receive (parallel/parent)) (println \"later\"))))"))
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
    (responses session
               (str "(def w (parallel/run '(let [p (parallel/parent)]"
                    " (parallel/receive p) (parallel/send p :kept) (parallel/receive p))))"))
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
    (is (= 1 (count (keep :value (doall (session {:op "eval" :ns "there" :code "y"})))))
        "an editor names the worker's namespace")
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
    (responses session
               "(def w (parallel/fork)) (def reply (parallel/exec w '(do (def shared 1) (Thread/sleep 600000))))")
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
        (is (= (.id w) (value (session-of (client/client transport patience-ms))
                              "(do (require '[parallel.api :as parallel]) (parallel/id))"))))
      (finally
        (parallel/kill w)
        (await-true #(empty? (parallel/children)))
        (.delete (java.io.File. path))))))

(deftest a-Unix-socket-is-its-owner's-alone
  (let [path (str "/tmp/parallel-test-" (System/nanoTime))
        mode #(java.nio.file.attribute.PosixFilePermissions/toString
               (java.nio.file.Files/getPosixFilePermissions (.toPath (java.io.File. ^String %))
                                                            (make-array java.nio.file.LinkOption 0)))
        w    (parallel/run '(parallel/receive (parallel/parent)))]
    (try
      (parallel/repl w {:socket path})
      (is (= "rw-------" (mode path)))
      (testing "and a path at which there is something is refused"
        (let [other (parallel/run '(parallel/receive (parallel/parent)))]
          (is (thrown-with-msg? clojure.lang.ExceptionInfo #"nothing yet" (parallel/repl other {:socket path})))))
      (is (empty? (filter #(str/starts-with? (.getName ^java.io.File %) ".s-") (.listFiles (java.io.File. "/tmp")))))
      (finally
        (run! parallel/kill (parallel/children))
        (await-true #(empty? (parallel/children)))
        (.delete (java.io.File. path))))))

(deftest a-worker-that-is-a-thread-has-no-server
  (let [w (parallel/fork {:in :thread})]
    (is (thrown-with-msg? clojure.lang.ExceptionInfo #"A worker that is a thread has no nREPL server"
                          (parallel/repl w)))
    (parallel/stop w)))

(deftest a-worker-without-nREPL-says-what-is-missing
  (let [without (str/join ":"
                          (remove #(str/includes? % "nrepl") (str/split (System/getProperty "java.class.path") #":")))
        w       (parallel/run {:classpath without} '(parallel/receive (parallel/parent)))]
    (try
      (is (thrown-with-msg? clojure.lang.ExceptionInfo #"nREPL is not on the class path of worker \d+\. Add nrepl/nrepl"
                            (parallel/repl w)))
      (finally
        (parallel/kill w)
        (await-true #(empty? (parallel/children)))))))

;; ---- what a session in a worker is like

(defn- text-of
  "All of one kind, :out, :err, :value, in responses."
  [kind responses]
  (str/join (keep kind responses)))

(defn- in-fork
  "Takes the session into a new fork, var w of its namespace; options as text. The responses of the way there."
  ([session] (in-fork session ""))
  ([session options]
   (in-own-ns session)
   (responses session (str "(def w (parallel/fork " options ")) @(parallel/exec w '(+ 1 1))"))
   (responses session "(parallel/in w)")))

(defn- statuses [responses]
  (set (mapcat :status responses)))

(defn- pid-of-worker []
  (.pid ^parallel.runtime.WorkerHandle (first (parallel/children))))

(defn- kill-9 [pid]
  (.waitFor (.start (ProcessBuilder. ^java.util.List ["kill" "-KILL" (str pid)]))))

(deftest after-out-the-session-is-in-its-own-namespace
  (with-session [session]
    (let [home (in-own-ns session)
          ns-of #(last (keep :ns %))]
      (responses session "(def w (parallel/fork)) @(parallel/exec w '(+ 1 1))")
      (let [led (responses session "(parallel/in w)")]
        (is (= "user" (ns-of led)) "the response to (in w) names the worker's")
        (is (some :parallel/worker led))
        (is (re-find #"This prompt is in worker \d+ now" (text-of :out led))))
      (is (= "other.thing" (ns-of (responses session "(ns other.thing)"))))
      (let [back (doall (session {:op "eval" :code "(parallel/out)" :ns "other.thing"}))]
        (is (= home (ns-of back)))
        (is (not-any? :parallel/worker back))
        (is (re-find #"its own process again" (text-of :out back))))
      (testing "also for an editor that names the worker's namespace once more"
        (let [answer (doall (session {:op "eval" :code "(+ 1 1)" :ns "other.thing"}))]
          (is (= ["2" home] [(text-of :value answer) (ns-of answer)]))))
      (testing "but what was never a worker's is refused as ever"
        (is (contains? (statuses (doall (session {:op "eval" :code "1" :ns "never.was"}))) "namespace-not-found")))
      (testing "what follows (out) in one message is evaluated here"
        (responses session "(parallel/in w)")
        (is (= ["nil" "0" (str "\"" home "\"")]
               (keep :value (responses session "(parallel/out) (parallel/id) (str *ns*)"))))))))

(deftest forms-are-read-in-the-worker
  (with-session [session]
    (in-fork session)
    (responses session "(require '[clojure.zip :as z])")
    (is (= [":clojure.zip/foo" "user/foo" "nil" "a.b/foo" ":a.b/k" "a.b.R" "3"]
           (keep :value
                 (responses session "::z/foo `foo (ns a.b) `foo ::k (defrecord R [a]) (:a #a.b.R{:a 3}) ; the end"))))
    (is (= "#a.b.R{:a 1}" (text-of :value (responses session "(->R 1)"))))
    (is (re-find #"EOF while reading" (text-of :err (responses session "{:a 1"))))
    (is (= "4" (text-of :value (responses session "(+ 2 2)"))))
    (is (= [] (keep :value (responses session " ; nothing"))))))

(deftest the-last-values-and-settings-of-a-prompt-are-kept-in-the-worker
  (with-session [session]
    (in-own-ns session)
    (responses session "(def w (parallel/fork)) (set! *print-length* 4)")
    (responses session "(parallel/in w)")
    (is (= "(0 1 2 3 ...)" (text-of :value (responses session "(range)"))) "the session's own setting goes along")
    (responses session "(set! *print-length* 2)")
    (is (= "(0 1 ...)" (text-of :value (responses session "(range 9)"))))
    (is (= ["1" "2" "3" "[3 2 1]"] (keep :value (responses session "1 2 3 (do (set! *print-length* nil) [*1 *2 *3])"))))
    (is (re-find #"Oh" (text-of :err (responses session "(throw (ex-info \"Oh\" {:a 1}))"))))
    (is (= "{:a 1}" (text-of :value (responses session "(ex-data *e)"))))))

(deftest an-endless-value-does-not-fill-the-worker
  (with-session [session]
    (in-fork session "{:max-heap \"64m\"}")
    (let [answer (responses session "(range)")]
      (is (<= 1000000 (count (text-of :value answer)) 1100000))
      (is (contains? (statuses answer) "nrepl.middleware.print/truncated")))
    (let [answer (doall (session {:op "eval" :code "(range)" :nrepl.middleware.print/quota 10}))]
      (is (= "(0 1 2 3 4" (text-of :value answer))))
    (is (= "{:a\n [0\n  1"
           (subs (text-of :value
                          (doall (session {:op "eval" :code "{:a (vec (range 100))}"
                                           :nrepl.middleware.print/print "nrepl.util.print/pprint"})))
                 0 11))
        "printed with what the message names, there")
    (is (= "2" (text-of :value (responses session "(+ 1 1)"))))))

(deftest what-a-worker-prints-belongs-to-the-request-that-evaluates-it
  (call-with-server
   (fn [transport]
     (let [session (client/new-session (client/client transport patience-ms))
           answer  (fn [id code]
                     (transport/send transport {:op "eval" :session session :id id :code code})
                     (loop [all []]
                       (let [response (transport/recv transport patience-ms)
                             all      (conj all response)]
                         (if (or (nil? response)
                                 (and (= id (:id response)) (contains? (set (:status response)) "done")))
                           all
                           (recur all)))))]
       (try
         (answer "1" "(require '[parallel.api :as parallel]) (def w (parallel/fork)) @(parallel/exec w '(+ 1 1))")
         (answer "2" "(parallel/in w)")
         (let [said (answer "3" "(println :x) (print \"half\") (binding [*out* *err*] (println :y))")]
           (is (= #{"3"} (set (map :id said))))
           (is (= [":x\nhalf" ":y\n"] [(text-of :out said) (text-of :err said)]) "without a label"))
         (finally
           (run! parallel/kill (parallel/children))
           (await-true #(empty? (parallel/children)))))))))

(deftest what-reads-in-a-worker-reads-what-the-editor-sends
  (with-session [session]
    (in-fork session)
    (let [answer (future (doall (map (fn [response]
                                       (when (contains? (set (:status response)) "need-input")
                                         (doall (session {:op "stdin" :stdin "one\n[2 3]\n"})))
                                       response)
                                     (session {:op "eval" :code "[(read-line) (read)]"}))))]
      (is (= "[\"one\" [2 3]]" (text-of :value (deref answer patience-ms [])))))))

(deftest an-interrupt-ends-what-prints-and-what-reads-in-a-worker
  (with-session [session]
    (in-fork session)
    (doseq [code ["(read-line)" "(run! println (range))" "(loop [] (Thread/sleep 10) (recur))"]]
      (testing code
        (let [id     (str (gensym))
              begun  (promise)
              answer (future (doall (map (fn [response] (deliver begun true) response)
                                         (session {:op "eval" :id id :code (str "(println :begun) " code)}))))]
          (deref begun patience-ms nil)
          (doall (session {:op "interrupt" :interrupt-id id}))
          (is (contains? (statuses (deref answer patience-ms [])) "interrupted"))
          (is (= "2" (text-of :value (responses session "(+ 1 1)")))))))))

(deftest a-file-is-loaded-where-the-session-is
  (with-session [session]
    (in-fork session)
    (let [big    (apply str (repeat 70000 "x"))
          answer (doall (session {:op "load-file" :file-name "there.clj" :file-path "no/such/there.clj"
                                  :file (str "(ns loaded-there)\n; " big
                                             "\n(def at (parallel.api/id))\n(defn where [] (:line (meta #'where)))\n"
                                             ":loaded")}))]
      (is (= ":loaded" (text-of :value answer)) (text-of :err answer))
      (is (not-any? :ns answer))
      (is (= "[true 4]"
             (text-of :value (responses session "[(= (parallel/id) loaded-there/at) (loaded-there/where)]")))))
    (responses session "(parallel/out)")
    (is (re-find #"No such namespace|ClassNotFound" (text-of :err (responses session "loaded-there/at"))))))

(deftest editors-ask-the-worker-about-names
  (with-session [session]
    (in-fork session)
    (responses session "(ns named.there) (defn some-function-there \"Does it.\" [x y] x)")
    (is (= ["some-function-there"]
           (map :candidate
                (:completions (first (session {:op "completions" :prefix "some-function-t" :ns "named.there"}))))))
    (is (= "([x y])" (:arglists-str (:info (first (session {:op "lookup" :sym "some-function-there"}))))))
    (is (= [["x" "y"]] (:eldoc (first (session {:op "eldoc" :sym "some-function-there" :ns "named.there"})))))
    (responses session "(parallel/out)")
    (is (empty? (:completions (first (session {:op "completions" :prefix "some-function-t"})))))))

(deftest a-death-leads-the-session-back
  (with-session [session]
    (let [home #(= "0" (text-of :value (responses session "(parallel/id)")))]
      (testing "while it evaluates"
        (in-fork session)
        (let [said (text-of :err (responses session "(System/exit 3)"))]
          (is (re-find #"Worker \d+ has ended: this prompt is back in its own process" said))
          (is (home))))
      (testing "while nothing is evaluated"
        (in-fork session)
        (let [w (first (parallel/children))]
          (kill-9 (pid-of-worker))
          (is (await-true #(realized? w)))
          (is (re-find #"this prompt is back in its own process" (text-of :err (responses session "(def never 1)"))))
          (is (home))
          (is (re-find #"Unable to resolve" (text-of :err (responses session "never")))
              "nothing is evaluated elsewhere than it was meant")))
      (testing "what is no worker, or none any more, is refused"
        (is (re-find #"\(in \.\.\.\) takes a worker, not 3" (text-of :err (responses session "(parallel/in 3)"))))
        (is (re-find #"\(in \.\.\.\) takes a worker, not \[\]" (text-of :err (responses session "(parallel/in [])"))))
        (is (re-find #"takes a worker that lives; #parallel/worker\{:id \d+.*has ended"
                     (text-of :err (responses session "(parallel/in w)"))))
        (is (home))))))

(deftest sessions-in-one-worker-have-prompts-of-their-own
  (call-with-server
   (fn [transport]
     (let [connection (client/client transport patience-ms)
           a          (client/new-session connection)
           eval-in    (fn [session code]
                        (text-of :value (doall (client/message connection {:op "eval" :session session :code code}))))]
       (try
         (eval-in a "(require '[parallel.api :as parallel]) (def w (parallel/fork)) @(parallel/exec w '(+ 1 1))")
         (eval-in a "(parallel/in w)")
         (eval-in a "(ns of-a)")
         (let [b (client/new-session connection {:clone a})]
           (is (= (eval-in a "(parallel/id)") (eval-in b "(parallel/id)")) "a clone is where its original is")
           (is (= "\"of-a\"" (eval-in b "(str *ns*)")))
           (eval-in b "(ns of-b)")
           (is (= ["\"of-a\"" "\"of-b\""] [(eval-in a "(str *ns*)") (eval-in b "(str *ns*)")]))
           (doall (client/message connection {:op "close" :session b}))
           (is (= "1" (eval-in a "(do (ns of-a) 1)"))))
         (finally
           (run! parallel/kill (parallel/children))
           (await-true #(empty? (parallel/children)))))))))

;; ---- files

(defn ^:no-doc form-by-form
  "Does with the op load-file as nREPL does since 1.5: each form is evaluated by itself."
  [handler]
  (fn [{:keys [op file file-path] :as msg}]
    (handler (if (= op "load-file")
               (-> msg (dissoc :file :file-name :file-path) (assoc :op "eval" :code file :file file-path))
               msg))))

(middleware/set-descriptor! #'form-by-form
                            {:requires #{#'parallel.nrepl/middleware} :expects #{"load-file" "eval"} :handles {}})

(deftest a-file-that-is-loaded-form-by-form-is-read-once
  (let [server  (server/start-server :bind "127.0.0.1" :port 0
                                     :handler (server/default-handler #'parallel.nrepl/middleware #'form-by-form))
        reads   (atom 0)
        text    (str "(ns form-by-form)\n" (str/join "\n" (for [i (range 300)] (str "(defn f" i " [x] (+ x " i "))"))))
        var     #'parallel.impl.definitions/forms-in
        forms   @var]
    (try
      (with-redefs-fn {var (fn [& args] (swap! reads inc) (apply forms args))}
        (fn []
          (with-open [^java.io.Closeable transport (client/connect :port (:port server))]
            (let [session (session-of (client/client transport 120000))]
              (doall (session {:op "load-file" :file text :file-name "f.clj" :file-path "no/such/f.clj"}))
              (is (>= 1 @reads))
              (is (= "[1 300]"
                     (last (keep :value
                                 (responses session
                                            (str "(require '[parallel.api :as p])"
                                                 " @(p/run '[(form-by-form/f0 1) (form-by-form/f299 1)])"))))))))))
      (finally
        (stop-server server)
        (parallel/close)
        (remove-ns 'form-by-form)))))

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
      (is (= ["3" ["done"]]
             ((juxt :value :status) (first (session {:op "parallel/eval" :worker (.id w) :code "(+ 1 2)"})))))
      (is (re-find #"Divide by zero"
                   (:err (first (session {:op "parallel/eval" :worker (str (.id w)) :code "(/ 1 0)"})))))
      (is (re-find #"There is no worker 9999 here"
                   (:err (first (session {:op "parallel/eval" :worker "9999" :code "1"})))))
      (testing "a stopped one, too; then killed: its last words"
        (stop "-STOP")
        (is (= [pid "receiving"] ((juxt :pid :state) (status))))
        (stop "-CONT")
        (stop "-KILL")
        (let [said (str (value session "(parallel/join w)"))]
          (is (re-find #"killed by SIGKILL" said))
          (is (re-find #"parallel/receive" said)))))))
