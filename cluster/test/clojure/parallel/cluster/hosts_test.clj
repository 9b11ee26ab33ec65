(ns ^:jvm parallel.cluster.hosts-test
  "A worker on a host is as one at home. The host is this machine, brought in by a command."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing use-fixtures]]
            [nrepl.core :as client]
            [parallel.api :as parallel]
            [parallel.cluster.on-host :refer [*host* about-host closing-hosts from-start-cache? kill! on-host pid
                                              process signal! with-host]]
            [parallel.hosts :as hosts]
            [parallel.sample :refer [twice]]
            [parallel.shared :as shared]
            [parallel.support :refer [await-true error error-kind within]])
  (:import [java.util Arrays]))

(use-fixtures :once closing-hosts (fn [tests] (with-host {} (tests))))

(use-fixtures :each (fn [test]
                      (try
                        (test)
                        (finally
                          (run! parallel/kill (parallel/children))
                          (await-true #(empty? (parallel/children)))))))

;; ---- as at home

(deftest ^:once ^{:deadline-s 600} a-worker-there-starts-from-a-start-cache
  (is (await-true #(from-start-cache? *host*) 500000)))

(deftest a-worker-there-is-as-one-here
  (testing "run"
    (is (= 3 @(parallel/run (on-host) '(+ 1 2))))
    (is (= 42 @(parallel/run (on-host) `twice 21)))
    (is (= "here" @(parallel/run (on-host) '(parallel.hosts/host))))
    (is (nil? (hosts/host))))
  (testing "by name"
    (is (= 3 @(parallel/run {:in "here"} '(+ 1 2)))))
  (testing "what it prints"
    (let [out (java.io.StringWriter.)
          w   (binding [*out* out] (parallel/run (on-host) '(println "printed")))]
      (parallel/join w)
      (is (= (format "<parallel#%03d> printed\n" (.id ^parallel.Worker w)) (str out)))))
  (testing "what it throws"
    (let [e (error #(parallel/join (parallel/run (on-host) '(throw (ex-info "boom" {:a 1})))))]
      (is (= :remote-exception (:parallel/error e)))
      (is (re-find #"boom" (:message-of-error e)))))
  (testing "fork"
    (let [w (parallel/fork (on-host))]
      (is (= 5 @(parallel/exec w '(do (def x 5) x))))
      (is (= 10 @(parallel/exec w '(* 2 x))))
      (is (await-true #(= :idle (:state (parallel/status w)))))
      (let [{:keys [host age-ms state] :as status} (parallel/status w)]
        (is (= ["here" :idle] [host state]) (pr-str status))
        (is (<= 0 age-ms 60000)))
      (parallel/join w)
      (is (= :ended (:state (parallel/status w))))))
  (is (await-true #(= [:up] (map :state (hosts/hosts))))))

(deftest messages-of-any-size-go-both-ways-in-order
  (let [echo    '(dotimes [_ 40] (parallel/send (parallel/parent) (parallel/receive (parallel/parent))))
        w       (parallel/run (on-host) echo)
        values  [nil false "" "text" {:a [1 #{2} '(3)]} 1.5 (range 1000) (apply str (repeat 100000 "x"))]
        doubles (double-array (range 3000000))]
    (doseq [v values]
      (parallel/send w v)
      (is (= v (within 60000 #(parallel/receive w)))))
    (parallel/send w doubles)
    (is (Arrays/equals doubles ^doubles (within 60000 #(parallel/receive w))))
    (let [sent (future (dotimes [n 31] (parallel/send w n)))]
      (is (= (range 31) (within 60000 #(vec (repeatedly 31 (fn [] (parallel/receive w)))))))
      @sent)
    (parallel/join w)))

(deftest a-worker-that-does-not-receive-stops-its-parent
  (let [w    (parallel/fork (on-host))
        kb   (byte-array 100000)
        room #(= :room (try (parallel/send w kb {:timeout-ms 1000}) :room (catch Exception _)))
        sent (count (take-while true? (repeatedly room)))]
    (is (< 10 sent 200) "what two rings and the window hold")
    (let [received (parallel/exec w (list 'dotimes ['_ sent] '(parallel/receive (parallel/parent))))]
      (within 60000 #(deref received))
      (parallel/send w :more {:timeout-ms 60000}))))

(deftest what-a-worker-sent-is-received-after-its-end-and-join-waits-for-nobody
  (let [w (parallel/run (on-host) '(dotimes [n 60] (parallel/send (parallel/parent) [n (byte-array 50000)])))]
    (is (nil? (within 60000 #(parallel/join w))))
    (is (= (range 60) (map first (parallel/messages w))))))

(deftest the-end-of-a-worker-is-heard-when-all-rings-are-full
  (let [w (parallel/run (on-host) '(doseq [n (range)] (parallel/send (parallel/parent) [n (byte-array 50000)])))
        n #(:messages (:sent (parallel/status w)))]
    (is (await-true #(let [before (n)] (Thread/sleep 500) (and (pos? before) (= before (n))))) "it waits for room")
    (kill! (pid w))
    (is (= :worker-died (error-kind #(within 60000 (fn [] (parallel/join w))))))
    (let [next     #(try (first (parallel/receive w)) (catch clojure.lang.ExceptionInfo _))
          received (vec (take-while some? (repeatedly next)))]
      (is (< 40 (count received)))
      (is (= (range (count received)) received) "a prefix of what was sent"))))

(defn- value-at
  "What a server of nREPL at an address makes of a text."
  [address code]
  (with-open [^java.io.Closeable transport (apply client/connect (mapcat identity address))]
    (-> (client/client transport 60000)
        (client/message {:op "eval" :code code})
        client/response-values
        last)))

(deftest an-editor-connects-to-a-worker-there
  (let [w     (parallel/run (on-host) '(do (def from-main 7) (parallel/receive (parallel/parent))))
        where (parallel/repl w)
        path  (str "/tmp/parallel-test-" (System/nanoTime))
        v     (parallel/fork (on-host))]
    (is (= "127.0.0.1" (:host where)))
    (is (= where (parallel/repl w)) "one server")
    (is (= ["here" 7] (value-at where (str "(require 'parallel.hosts)"
                                           "[(parallel.hosts/host) parallel.cluster.hosts-test/from-main]"))))
    (testing "much comes through, and connections side by side"
      (is (= (repeat 4 (apply str (repeat 300000 "x")))
             (mapv deref (doall (repeatedly 4 #(future (value-at where "(apply str (repeat 300000 \"x\"))"))))))))
    (testing "nothing listens on a port there"
      (is (= {:socket true} (update-vals @(parallel/exec v '(do (parallel.impl.forward/serve))) string?))))
    (testing "at a socket"
      (is (= {:socket path} (parallel/repl v {:socket path})))
      (is (= "here" (value-at {:socket path} "(require 'parallel.hosts) (parallel.hosts/host)"))))
    (testing "what cannot be listened at is refused"
      (let [u (parallel/fork (on-host))]
        (is (= :bad-argument (error-kind #(parallel/repl u {:port (:port where)}))))
        (is (= :bad-argument (error-kind #(parallel/repl u {:socket path}))))))
    (testing "it ends with the worker"
      (run! parallel/kill [w v])
      (is (await-true #(not (.exists (io/file path)))))
      (is (await-true #(try (.close ^java.io.Closeable (client/connect :port (:port where)))
                           (catch java.io.IOException _ true)))))))

(deftest threads-of-a-worker-there
  (let [w (parallel/run (on-host) '(parallel/receive (parallel/parent)))]
    (is (await-true #(re-find #"parallel-eval-\d+" (str (parallel/threads w)))))))

(deftest what-is-defined-here-means-the-same-there
  (parallel/everywhere '(def everywhere-said 7))
  (try
    (is (= 7 @(parallel/run (on-host) 'everywhere-said)))
    (finally
      (parallel/everywhere-forget))))

(deftest workers-of-workers-there-have-ids-of-their-own
  (let [out (java.io.StringWriter.)
        w   (binding [*out* out]
              (parallel/run (on-host)
                            '(let [inner (parallel/run '(do (println "inner") [(parallel/id) (parallel.hosts/host)]))]
                               @inner)))
        [id host] @w]
    (is (= (:host/id (about-host)) (quot id 1000000)))
    (is (= "here" host))
    (is (= (str "<parallel#" id "> inner\n") (str out)))))

(deftest interrupt-stop-and-kill-reach-it
  (let [w     (parallel/fork (on-host))
        reply (parallel/exec w '(Thread/sleep 100000))]
    (is (await-true #(= :running (:state (parallel/status w)))))
    (parallel/interrupt w)
    (is (= :remote-exception (error-kind #(within 60000 (fn [] @reply)))))
    (is (= 1 @(parallel/exec w 1)))
    (parallel/stop w)
    (is (= :ended (:state (parallel/status w)))))
  (let [w (parallel/run (on-host) '(Thread/sleep 100000))]
    (is (await-true #(= :running (:state (parallel/status w)))))
    (parallel/kill w)
    (is (= [:worker-died 137 :kill] ((juxt :parallel/error :exit :signal) (error #(within 60000 (fn [] @w)))))))
  (let [w (parallel/run (on-host) '(Thread/sleep 100000))]
    (parallel/kill w)
    (is (= :worker-died (error-kind #(within 60000 (fn [] @w)))) "before it has started")))

(deftest a-worker-that-is-killed-there-has-died
  (let [w (parallel/run (on-host) '(do (.println System/err "last words")
                                       (parallel/send (parallel/parent) :sent)
                                       (Thread/sleep 100000)))
        v (parallel/fork (on-host))]
    (is (await-true #(= 1 (:messages (:sent (parallel/status w))))))
    (kill! (pid w))
    (let [e (error #(within 60000 (fn [] (parallel/join w))))]
      (is (= [:worker-died 137 :kill] ((juxt :parallel/error :exit :signal) e)))
      (is (= ["last words"] (:stderr-tail e)))
      (is (re-find #"Thread/sleep" (:doing e))))
    (is (= :sent (parallel/receive w)) "what it had sent is there")
    (is (= 1 @(parallel/exec v 1)) "its neighbour goes on")))

;; ---- its lines

(deftest all-lines-come-before-the-end-of-a-worker-and-its-end-comes
  (let [out (java.io.StringWriter.)
        n   20000
        w   (binding [*out* out]
              (parallel/run (on-host) '(fn [n]
                                         (dotimes [i n] (println i) (when (zero? (mod i 4)) (parallel/print "said" i))))
                            n))]
    (is (nil? (within 120000 #(parallel/join w))))
    (let [lines (map #(second (str/split % #"> ")) (str/split-lines (str out)))]
      (is (= (map str (range n)) (remove #(str/starts-with? % "said") lines)))
      (is (= (map #(str "said " %) (range 0 n 4)) (filter #(str/starts-with? % "said") lines))))))

;; ---- spares

(defn- below-agent []
  (set (map #(.pid ^java.lang.ProcessHandle %)
            (iterator-seq (.iterator (.descendants (process (:pid (about-host)))))))))

(deftest a-worker-there-takes-a-spare-that-is-kept-there
  (let [spares #(:spares (about-host))]
    (is (= 0 (spares)))
    (parallel/warm {:in *host*} 1)
    (is (await-true #(= 1 (spares))))
    (let [kept (below-agent)
          w    (parallel/fork (on-host))]
      (is (= [2 "here"] @(parallel/exec w '[(+ 1 1) (parallel.hosts/host)])))
      (is (contains? kept (pid w)) "its process was there before")
      (is (await-true #(and (= 1 (spares)) (= 1 (count (remove kept (below-agent)))))) "the next is started"))
    (is (= [] (parallel/spares)) "none is kept here")
    (parallel/warm 0)
    (is (await-true #(= 0 (spares))))
    (parallel/warm {:in [*host*]} 1)
    (is (await-true #(= 1 (spares))))
    (parallel/warm {:in "here"} 0)
    (is (await-true #(= 0 (spares))))))

;; ---- what is known of it

(deftest events-of-a-worker-there-name-its-host
  (let [events (atom [])
        w      (parallel/run (on-host {:on-event #(swap! events conj %)}) 1)
        v      (parallel/run {:on-event #(swap! events conj %)} 1)]
    (is (= 1 @w @v))
    (is (await-true #(= 6 (count @events))))
    (is (= {"here" 3 nil 3} (frequencies (map :host @events))))
    (is (= #{:started :ready :ended} (set (map :event (filter :host @events)))))))

(deftest status-has-the-workers-of-workers-there
  (let [w      (parallel/fork (on-host))
        v      (parallel/fork)
        id-of  #(.id ^parallel.Worker %)]
    (is (= 1 @(parallel/exec v 1)))
    @(parallel/exec w '(do (def inner (parallel/fork {:name "inner"}))
                           (def reply (parallel/exec inner '(do (def own (parallel/fork)) @(parallel/exec own 1)
                                                                (Thread/sleep 100000))))
                           nil))
    ;; What a worker says of its own workers arrives a little later than its reply.
    (is (await-true #(= {:idle 3 :running 1} (frequencies (map :state (parallel/status)))))
        (pr-str (parallel/status)))
    (let [by-id               (into {} (map (juxt :id identity)) (parallel/status))
          [inner own :as all] (sort (remove #{(id-of w) (id-of v)} (keys by-id)))
          shown               (juxt :parent :host :name :state)]
      (is (= [2 (:host/id (about-host))] [(count all) (quot inner 1000000)]))
      (is (= [(id-of w) "here" "inner" :running] (shown (by-id inner))))
      (is (= [inner "here" nil :idle] (shown (by-id own))))
      (is (re-find #"Thread/sleep" (:doing (by-id inner))))
      (is (every? #(<= 0 (:age-ms (by-id %)) 60000) all))
      (is (some? (process (:pid (by-id own)))))
      (is (= [nil nil] ((juxt :host :age-ms) (by-id (id-of v))))))
    (parallel/kill w)
    (is (await-true #(= [(id-of v)] (map :id (parallel/status)))) "they go with it")))

(deftest a-worker-there-counts-its-messages-itself
  (let [w       (parallel/fork (on-host))
        counted #(let [{:keys [sent received queue]} (parallel/status w)]
                   (mapv :messages [sent received queue]))]
    (dotimes [n 5] (parallel/send w n))
    (is (await-true #(= [0 0 5] (counted))) "they wait for it, wherever they are")
    @(parallel/exec w '(dotimes [_ 3] (parallel/receive (parallel/parent))))
    (is (await-true #(= [0 3 2] (counted))))
    @(parallel/exec w '(dotimes [n 4] (parallel/send (parallel/parent) n)))
    (is (await-true #(= [4 3 2] (counted))) "nobody has received them here")
    (parallel/stop w)
    (is (= [4 3 2] (counted)))))

(deftest what-a-stop-broke-off-there-is-named
  (dotimes [_ 3]
    (let [w (parallel/run (on-host) '(do (parallel/send (parallel/parent) :begun) (Thread/sleep 100000)))]
      (is (= :begun (parallel/receive w)))
      (parallel/stop w)                     ; sooner than its status was looked at
      (let [e (error #(parallel/join w))]
        (is (= [:worker-died true :running] ((juxt :parallel/error :stopped (comp :state :status)) e)))
        (is (re-find #"Thread/sleep" (str (:doing e)))))))
  (let [w (parallel/fork (on-host))]
    (is (= 1 @(parallel/exec w 1)))
    (parallel/stop w)
    (is (nil? (parallel/join w)) "nothing was broken off")))

(deftest the-crash-report-of-a-worker-there-comes-here
  (let [w (parallel/run (on-host {:dir (str (System/getProperty "java.io.tmpdir"))})
                        '(do (parallel/send (parallel/parent) :begun) (Thread/sleep 100000)))]
    (is (= :begun (parallel/receive w)))
    (signal! "SEGV" (pid w))
    (let [{:keys [hs-err hs-err-host] :as e} (error #(within 60000 (fn [] (parallel/join w))))]
      (is (= [:worker-died :abrt] ((juxt :parallel/error :signal) e)))
      (try
        (is (re-find #"A fatal error has been detected" (slurp hs-err)))
        (is (not= hs-err hs-err-host))
        (is (= (slurp hs-err) (slurp hs-err-host)) "the host is this machine")
        (is (str/includes? (:message-of-error e) hs-err))
        (finally
          (run! #(.delete (io/file %)) [hs-err hs-err-host]))))))

(deftest workers-of-workers-there-count-for-max-workers-here
  (let [w    (parallel/fork (on-host))
        kind #(error-kind (fn [] (parallel/stop (parallel/fork {:in :thread :max-workers %}))))]
    @(parallel/exec w '(do (parallel/fork 2) nil))
    (is (await-true #(= 3 (count (parallel/status)))))
    (is (= [:bad-argument nil] [(kind 3) (kind 4)]))))

;; ---- what belongs to one machine

(defmacro ^:private with-shared
  "Evaluates body with names bound to what is shared, and closes that."
  [[& bindings] & body]
  `(let [~@bindings]
     (try ~@body (finally (run! shared/close ~(vec (take-nth 2 bindings)))))))

(deftest what-lies-in-memory-that-is-shared-here-is-refused
  (let [w (parallel/fork (on-host))
        v (parallel/fork)]
    (with-shared [xs (shared/shared :double 10), l (shared/lock)]
      (doseq [x [xs {:deep [xs]} l]
              f [#(parallel/send w x) #(parallel/send [v w] x) #(parallel/try-send w x)]]
        (is (= :not-transferable (error-kind f)) (pr-str x)))
      (parallel/send v xs)
      (is (= 10 @(parallel/exec v '(count (parallel/receive (parallel/parent))))) "at home it goes"))))

(deftest what-is-shared-here-is-no-argument-there
  (let [w (parallel/fork (on-host))
        v (parallel/fork)]
    (with-shared [xs (shared/shared :double 10), l (shared/lock), b (shared/barrier 2), c (shared/counter)
                  la (shared/latch 1)]
      (doseq [x [xs l b c la]
              [path f] {[1]      #(parallel/run (on-host) 'list 0 x)
                        [0 :a 1] #(parallel/exec w 'list {:a [1 x]})
                        [2]      #(first (parallel/exec [v w] 'list 0 1 x))}]
        (let [e (error #(deref (f)))]
          (is (= [:not-transferable path] ((juxt :parallel/error :path) e)) (pr-str x))
          (is (re-find #"receiver is on another.* (Send a copy|messages)" (:message-of-error e)))))
      (is (= :not-transferable (error-kind #(deref (parallel/run (on-host) (list 'count xs))))) "in a form")
      (is (= :not-transferable (error-kind #(deref (parallel/spawn-on (on-host) (count xs))))) "a local of spawn")
      (is (= :not-transferable (error-kind #(deref (parallel/run (on-host) (parallel/pfn [] (count xs))))))
          "what a function has captured")
      (is (= :not-transferable (error-kind #(parallel/send w (parallel/pfn [] (count xs))))) "the same in a message")
      (is (= 10 @(parallel/exec v 'count xs) @(parallel/run 'count xs)) "at home it goes"))))

(deftest what-is-shared-there-is-refused-on-its-way-here
  (let [w (parallel/fork (on-host))]
    @(parallel/exec w '(do (require '[parallel.shared :as shared]) (def xs (shared/shared {:from (long-array [1 2 3])}))
                           nil))
    (is (= [:not-transferable [0]]
           ((juxt :parallel/error :path) (error #(deref (parallel/exec w '[xs]))))) "as a value")
    (is (= :not-transferable
           (:parallel/error (:data (error #(deref (parallel/exec w '(parallel/send (parallel/parent) xs)))))))
        "as a message, at the sender")
    (is (= 6 @(parallel/exec w '(reduce + @(parallel/run 'seq xs)))) "its own workers have it")))

(deftest what-is-shared-is-refused-where-it-arrives-all-the-same
  (with-shared [xs (shared/shared :double 10)]
    (parallel/everywhere (list 'def 'kept xs))
    (try
      (let [e (error #(deref (parallel/run (on-host) 'kept)))]
        (is (some? (:parallel/error e)) "the journal does not say where it goes"))
      (finally
        (parallel/everywhere-forget)))
    (let [bytes (parallel.codec.Codec/toBytes {:a xs})
          w     (parallel/fork (on-host))
          e     (error #(deref (parallel/exec w '(fn [bytes] (parallel.codec.Codec/fromBytes bytes)) bytes)))]
      (is (= :not-transferable (:parallel/error e)))
      (is (re-find #"80 bytes lies in the memory of the machine of its sender.* Send a copy" (:message-of-error e))))))
