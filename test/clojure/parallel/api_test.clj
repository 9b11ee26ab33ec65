(ns ^:jit ^:elsewhere parallel.api-test
  "The public API: one suite, process workers and thread workers."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.api :as parallel]
            [parallel.sample :refer [fails-deep-inside twice]]
            [parallel.support :refer [await-true defboth elsewhere? error error-kind opts within]])
  (:import [java.util.concurrent CancellationException TimeUnit]))

(defboth the-main-job
  (let [out (java.io.StringWriter.)
        worker '(do
                  (parallel/print "I'm a worker, my ID is:" (parallel/id))
                  (dotimes [_ 3]
                    (let [t (parallel/receive (parallel/parent))]
                      (parallel/print "received array of size" (alength t)))))
        ws (binding [*out* out] (vec (repeatedly 2 #(parallel/run (opts) worker))))
        data (double-array (range 1 101))]
    (dotimes [_ 3] (parallel/send ws data))
    (is (= [nil nil] (parallel/join ws)))
    (let [lines (str/split-lines (str out))]
      (is (= 8 (count lines)))
      (doseq [w ws]
        (let [label (format "<parallel#%03d> " (.id w))]
          (is (= (cons (str label "I'm a worker, my ID is: " (.id w))
                       (repeat 3 (str label "received array of size 100")))
                 (filter #(str/starts-with? % label) lines))))))))

(defboth the-final-value-is-the-forms
  (is (= 3 @(parallel/run (opts) '(+ 1 2))))
  (is (= [1 nil false] @(parallel/run (opts) '[1 nil false])))
  (is (nil? (parallel/join (parallel/run (opts) nil)))))

(defboth a-form-whose-value-is-a-function-is-called-with-the-arguments
  (is (= 42 @(parallel/run (opts) '(fn [a b] (* a b)) 6 7)))
  (is (= 42 @(parallel/run (opts) `twice 21)))
  (is (= 42 @(parallel/run (opts) #'twice 21)))
  (is (= 3 @(parallel/run (opts) "(def a 1) (def b 2) (+ a b)")))
  (is (= :kw @(parallel/run (opts) :kw))))

(defboth a-form-means-in-the-worker-what-it-means-here
  (is (= "a,b" @(parallel/run (opts) '(str/join "," ["a" "b"]))))
  (is (= 10 @(parallel/run (opts) '(twice 5))))
  (is (= 'parallel.api-test @(parallel/run (opts) '(ns-name *ns*))))
  (is (= 1000 @(parallel/run (opts) '(.toMillis TimeUnit/SECONDS 1))))
  (is (= "x" @(parallel/run (opts) '(clojure.string/trim " x ")))))

(defboth messages-are-first-in-first-out-both-ways
  (let [w (parallel/run (opts)
                        '(dotimes [_ 1000] (parallel/send (parallel/parent) (parallel/receive (parallel/parent)))))]
    (is (= (range 1000)
           (mapv (fn [i] (parallel/send w i) (parallel/receive w)) (range 1000))))
    (parallel/join w)))

(defboth nil-and-false-are-ordinary-messages
  (let [w (parallel/run (opts) '(run! #(parallel/send (parallel/parent) %) [nil false []]))]
    (is (= [nil false []] (repeatedly 3 #(parallel/receive w 20000 ::late))))
    (is (= :closed (error-kind #(parallel/receive w))))))

(defboth every-message-before-the-end-is-received-then-the-end-for-ever
  (let [w (parallel/run (opts) '(run! #(parallel/send (parallel/parent) %) (range 10)))]
    (parallel/join w)
    (is (= (range 10) (repeatedly 10 #(parallel/receive w))))
    (dotimes [_ 2]
      (is (= :closed (error-kind #(parallel/receive w))))
      (is (= :closed (error-kind #(parallel/try-receive w ::none))))
      (is (= :closed (error-kind #(parallel/receive w 10 ::none)))))
    (is (= :closed (error-kind #(parallel/send w 1))))))

(defboth a-failed-worker-throws-its-error-after-its-messages
  (let [w (parallel/run (opts) '(do (parallel/send (parallel/parent) 1) (throw (ex-info "broken" {:a 1}))))]
    (is (= 1 (parallel/receive w)))
    (let [e (error #(parallel/receive w))]
      (is (= :remote-exception (:parallel/error e)))
      (is (= {:a 1} (:data e)))
      (is (= "broken" (:message e))))
    (is (= :remote-exception (error-kind #(parallel/send w 1))))
    (is (= :remote-exception (error-kind #(parallel/join w))))
    (is (= :failed (:state (parallel/status w))))
    (let [e (is (thrown? clojure.lang.ExceptionInfo @w))
          root (last (take-while some? (iterate ex-cause e)))]
      (is (= {:a 1} (ex-data root)))
      (is (= "broken" (ex-message root))))))

(defboth a-remote-exception-says-what-where-and-doing-what
  (let [w (parallel/run (opts) '(fails-deep-inside))
        e (error #(parallel/join w))]
    (is (= "java.lang.ArithmeticException" (:class e)))
    (is (= "Divide by zero" (:message e)))
    (is (some #(re-find #"fails_deep_inside" (str %)) (:trace e)))
    (is (= "(fails-deep-inside)" (:doing e)))
    (is (= (.id w) (:worker/id e)))
    (is (pos? (:worker/pid e)))
    (is (re-find #"Divide by zero" (:message-of-error e)))))

(defboth a-form-that-does-not-compile-is-a-failed-start-that-names-the-symbol
  (let [e (error #(parallel/join (parallel/run (opts) '(+ 1 no-such-symbol))))]
    (is (= :start-failed (:parallel/error e)))
    (is (re-find #"no-such-symbol" (:message-of-error e))))
  (let [e (error #(parallel/join (parallel/run (opts) "(+ 1 2")))]
    (is (= :start-failed (:parallel/error e)))
    (is (re-find #"EOF" (:message-of-error e)))))

(defboth exec-evaluates-in-turn-and-state-stays
  (let [w (parallel/fork (opts))]
    @(parallel/exec w '(def counter (atom 0)))
    (is (= (range 1 21) (mapv deref (repeatedly 20 #(parallel/exec w '(swap! counter inc))))))
    (is (= 42 @(parallel/exec w '(fn [x] (+ x @counter)) 22)))
    (is (= :remote-exception (error-kind #(deref (parallel/exec w '(throw (Exception. "no")))))))
    (is (= :remote-exception (error-kind #(deref (parallel/exec w '(no-such-fn))))))
    (is (= :not-transferable (error-kind #(deref (parallel/exec w '{:a [inc]})))))
    (is (= [:a 0] (:path (error #(deref (parallel/exec w '{:a [inc]}))))))
    (is (= 20 @(parallel/exec w '@counter)) "it lives on")
    (is (nil? (parallel/join w)))
    (is (= :ended (:state (parallel/status w))))
    (is (= :closed (error-kind #(deref (parallel/exec w 1)))))))

(defboth exec-on-a-run-worker-is-refused
  (let [w (parallel/run (opts) '(parallel/receive (parallel/parent)))]
    (is (= :bad-argument (error-kind #(parallel/exec w '(+ 1 2)))))
    (parallel/send w 1)
    (is (= 1 (parallel/join w)))))

(defboth a-reply-is-a-future
  (let [w (parallel/fork (opts))
        slow (parallel/exec w '(Thread/sleep 60000))
        queued (parallel/exec w '(+ 1 2))]
    (is (not (realized? slow)))
    (is (= ::late (deref slow 10 ::late)))
    (is (future-cancel queued))
    (is (thrown? CancellationException @queued))
    (is (future-cancel slow) "running: interrupted")
    (is (= :alive @(parallel/exec w :alive)))
    (is (not (future-cancel queued)))))

(defboth interrupt-hits-what-is-evaluated-now-and-nothing-else
  (let [w (parallel/fork (opts))
        sleeping (parallel/exec w '(do (parallel/send (parallel/parent) :here) (Thread/sleep 60000)))]
    (parallel/receive w)
    (parallel/interrupt w)
    (is (= "java.lang.InterruptedException" (:class (error #(deref sleeping)))))
    (parallel/interrupt w)
    (is (false? @(parallel/exec w '(.isInterrupted (Thread/currentThread)))))))

(defboth groups
  (let [ws (parallel/fork (opts) 3)]
    (is (= (repeat 3 2) (mapv deref (parallel/exec ws '(+ 1 1)))))
    (parallel/exec ws '(loop [] (let [x (parallel/receive (parallel/parent))]
                                  (when-not (= x :end)
                                    (parallel/send (parallel/parent) [(parallel/id) x])
                                    (recur)))))
    (is (= ws (parallel/send ws {:x 1})))
    (is (= (mapv #(vector (.id %) {:x 1}) ws) (parallel/receive ws)))
    (parallel/send (first ws) :only)
    (is (= [(first ws) [(.id (first ws)) :only]] (parallel/select ws)))
    (is (= [::none ::none ::none] (parallel/receive ws 10 ::none)))
    (is (= ::none (parallel/select ws 10 ::none)))
    (parallel/send ws :end)
    (is (= [nil nil nil] (parallel/join ws)))
    (is (nil? (parallel/select ws)))
    (is (nil? (parallel/select [])))))

(defboth select-is-fair
  (let [ws (vec (repeatedly 3 #(parallel/run (opts) '(do (dotimes [i 100] (parallel/send (parallel/parent) i))
                                                        (parallel/receive (parallel/parent))))))]
    (await-true #(every? (fn [w] (= 100 (:messages (:sent (parallel/status w))))) ws))
    (let [served (mapv (fn [_] (.id (first (parallel/select ws)))) (range 300))]
      (is (= 100 (count (partition 3 served))))
      (is (every? #(= 3 (count (set %))) (partition 3 served))))
    (parallel/send ws :end)
    (parallel/join ws)))

(defboth a-group-join-throws-as-soon-as-one-has-failed-and-the-others-go-on
  (let [good (parallel/run (opts) '(parallel/receive (parallel/parent)))
        bad (parallel/run (opts) '(throw (ex-info "bad" {})))
        e (error #(parallel/join [good bad]))]
    (is (= :remote-exception (:parallel/error e)))
    (is (= (.id bad) (:worker/id e)))
    (parallel/send good :on)
    (is (= :on @good))
    (let [worse (parallel/run (opts) '(throw (ex-info "worse" {})))]
      (error #(parallel/join worse))
      (let [e (error #(parallel/join [bad worse]))]
        (is (= :several (:parallel/error e)))
        (is (= [(.id bad) (.id worse)] (map #(:worker/id (ex-data %)) (:errors e))))))))

(defboth receive-into-copies-into-an-array-or-leaves-the-message
  (let [w (parallel/run (opts) '(do (parallel/send (parallel/parent) (double-array [1 2 3]))
                                    (parallel/send (parallel/parent) (double-array 100000))
                                    (parallel/receive (parallel/parent))))
        xs (double-array 5)]
    (is (= :bad-argument (error-kind #(parallel/receive-into! w (long-array 5)))))
    (is (= :bad-argument (error-kind #(parallel/receive-into! w (double-array 2)))))
    (is (= :bad-argument (error-kind #(parallel/receive-into! w [1 2]))))
    (is (= 3 (parallel/receive-into! w xs)))
    (is (= [1.0 2.0 3.0 0.0 0.0] (vec xs)))
    (is (= 100000 (parallel/receive-into! w (double-array 100000))))
    (parallel/send w 1)
    (parallel/join w)))

(defboth messages-are-reducible-iterable-and-seqable
  (let [start #(parallel/run (opts) '(dotimes [i 10] (parallel/send (parallel/parent) i)))]
    (is (= 45 (reduce + (parallel/messages (start)))))
    (is (= 145 (reduce + 100 (parallel/messages (start)))))
    (is (= (range 10) (seq (parallel/messages (start)))))
    (is (= (range 10) (iterator-seq (.iterator ^Iterable (parallel/messages (start))))))
    (let [w (start)]
      (is (= [0 1 2] (into [] (take 3) (parallel/messages w))))
      (is (= 3 (first (parallel/messages w))))
      (is (= 4 (parallel/receive w)) "one element at a time")
      (parallel/join w))))

(defboth send-end-ends-one-direction
  (let [w (parallel/run (opts) '(let [sum (reduce + (parallel/messages (parallel/parent)))]
                                  (parallel/send (parallel/parent) sum)
                                  (parallel/send-end (parallel/parent))
                                  (parallel/send-end (parallel/parent))
                                  sum))]
    (run! #(parallel/send w %) (range 5))
    (parallel/send-end w)
    (is (= :closed (error-kind #(parallel/send w 6))))
    (is (= [10] (vec (seq (parallel/messages w)))))
    (is (= 10 @w))))

(defboth time-outs
  (let [w (parallel/run (opts {:ring-bytes 8192})
                        '(do (parallel/receive (parallel/parent)) (parallel/receive (parallel/parent))))]
    (is (= ::none (parallel/receive w 10 ::none)))
    (is (= ::none (parallel/try-receive w ::none)))
    (is (= ::none (parallel/join w 10 ::none)))
    (is (= ::none (deref w 10 ::none)))
    (is (false? (realized? w)))
    (parallel/send w 1)
    (parallel/send w 2)
    (is (= 2 @w))
    (is (true? (realized? w)))))

(defboth a-send-without-room-in-time-throws-and-nothing-of-it-arrives
  (let [w (parallel/run (opts {:ring-bytes 8192})
                        '(do (parallel/send (parallel/parent) :up)
                             (while (not (.exists (java.io.File. "/nonexistent"))) (Thread/sleep 5))))
        big (byte-array (if (elsewhere?) 4000000 100000))]      ; on the way to a host there is a window, too
    (parallel/receive w)
    (let [e (error #(parallel/send w big {:timeout-ms 50}))]
      (is (= :timeout (:parallel/error e)))
      (is (= 50 (:timeout-ms e)))
      (is (= (.id w) (:id (:status e))))
      (is (string? (:threads e))))
    (is (= :bad-argument (error-kind #(parallel/try-send w big))))
    (let [e (error #(parallel/send [w] big {:timeout-ms 50}))]
      (is (= :timeout (:parallel/error e)))
      (is (= [(.id w)] (:unsent e))))
    (parallel/kill w)
    (let [e (error #(parallel/join w))]
      (is (= :worker-died (:parallel/error e)))
      (is (true? (:stopped e))))))

(defboth both-sides-send-64-MB-before-either-receives
  (let [n 8000000
        w (parallel/run (opts) '(fn [n]
                                  (parallel/send (parallel/parent) (long-array n 7))
                                  (alength (parallel/receive (parallel/parent)))) n)]
    (parallel/send w (long-array n 8))
    (is (= 7 (aget ^longs (parallel/receive w) (dec n))))
    (is (= n @w))))

(defboth a-join-takes-what-the-worker-still-sends
  (let [w (parallel/run (opts {:ring-bytes 8192})
                        '(dotimes [_ 20] (parallel/send (parallel/parent) (byte-array 100000))))]
    (is (nil? (within 60000 #(parallel/join w))))
    (is (= 20 (count (seq (parallel/messages w)))))))

(defboth four-workers-a-thousand-rounds
  (doseq [ring-bytes [1048576 8192]]
    (let [ws (vec (repeatedly 4 #(parallel/run (opts {:ring-bytes ring-bytes})
                                               '(doseq [{:keys [round xs]} (seq (parallel/messages (parallel/parent)))]
                                                  (parallel/send (parallel/parent)
                                                                 (+ round (areduce ^doubles xs i sum 0.0
                                                                                   (+ sum (aget ^doubles xs i)))))))))
          xs (double-array (range 10000))
          sum (reduce + xs)]
      (is (every? true? (for [round (range (if (or (elsewhere?) (= ring-bytes 8192)) 100 1000))]
                          (do (parallel/send ws {:round round :xs xs})
                              (= (repeat 4 (+ round sum)) (parallel/receive ws))))))
      (parallel/send-end ws)
      (parallel/join ws))))

(defboth arrays-of-every-size-come-back
  (let [ring 65536
        record (- (quot ring 8) 8)
        w (parallel/run (opts {:ring-bytes ring})
                        '(run! #(parallel/send (parallel/parent) %) (seq (parallel/messages (parallel/parent)))))]
    (doseq [n [0 1 (dec record) record (inc record) ring (inc ring) (* 10 ring) 3000000]
            :let [bytes (byte-array n)]]
      (.nextBytes (java.util.Random. n) bytes)
      (parallel/send w bytes)
      (is (java.util.Arrays/equals bytes ^bytes (parallel/receive w))))
    (parallel/send-end w)
    (parallel/join w)))

(deftest a-message-of-300-MB-comes-back
  (let [w (parallel/run '(parallel/send (parallel/parent) (parallel/receive (parallel/parent))))
        n 300000000
        bytes (byte-array n)]
    (java.util.Arrays/fill bytes (byte 5))
    (parallel/send w bytes)
    (is (java.util.Arrays/equals bytes ^bytes (parallel/receive w)))
    (parallel/join w)))

(defboth bad-input-is-refused-at-the-caller-and-the-session-goes-on
  (testing "options"
    (let [e (error #(parallel/run (opts {:heap "1g"}) '(+ 1 2)))]
      (is (= :bad-argument (:parallel/error e)))
      (is (re-find #":heap" (:message-of-error e)))
      (is (re-find #":max-heap" (:message-of-error e)) "lists the known ones"))
    (doseq [bad [{:ring-bytes 10000} {:ring-bytes 4096} {:ring-bytes "big"} {:max-heap "lots"} {:env {:a 1}}
                 {:in :cloud} {:start-timeout-ms 0}]]
      (is (= :bad-argument (error-kind #(parallel/fork (merge (opts) bad)))) bad)))
  (testing "forms and peers"
    (is (= :bad-argument (error-kind #(parallel/run (opts) inc))))
    (is (= :bad-argument (error-kind #(parallel/send nil 1))))
    (is (= :bad-argument (error-kind #(parallel/receive 5))))
    (is (= :bad-argument (error-kind #(parallel/join [1])))))
  (testing "values"
    (let [w (parallel/fork (opts))
          e (error #(parallel/send w {:a [1 2 {:b inc}]}))]
      (is (= :not-transferable (:parallel/error e)))
      (is (= [:a 2 :b] (:path e)))
      (is (re-find #"clojure.core\$inc" (:class e)))
      (is (= :not-transferable (error-kind #(parallel/join (parallel/run (opts) '(fn [f] f) inc)))))
      (is (= 3 @(parallel/exec w '(+ 1 2)))))))

(deftest a-worker-that-dies-says-how-and-what-it-did
  (testing "exit"
    (let [w (parallel/run '(do (binding [*out* *err*] (println "last words")) (parallel/send (parallel/parent) 1)
                               (System/exit 3)))
          e (error #(parallel/join w))]
      (is (= :worker-died (:parallel/error e)))
      (is (= 3 (:exit e)))
      (is (nil? (:signal e)))
      (is (re-find #"System/exit 3" (:doing e)))
      (is (= ["last words"] (:stderr-tail e)))
      (is (= 1 (parallel/receive w)))
      (is (= :worker-died (error-kind #(parallel/receive w))))
      (is (= :dead (:state (parallel/status w))))
      (is (= 3 (:exit (parallel/status w))))))
  (testing "exit code of a signal, without a signal"
    (let [e (error #(parallel/join (parallel/run '(System/exit 137))))]
      (is (= 137 (:exit e)))
      (is (nil? (:signal e)))))
  (testing "kill -9"
    (let [w (parallel/run '(do (parallel/send (parallel/parent) :up) (Thread/sleep 60000)))]
      (parallel/receive w)
      (.destroyForcibly ^java.lang.ProcessHandle (.get (java.lang.ProcessHandle/of (.pid w))))
      (let [e (error #(within 60000 (fn [] (parallel/receive w))))
            e (or e (error #(parallel/receive w)))]
        (is (= :worker-died (:parallel/error e)))
        (is (= 137 (:exit e)))
        (is (= :kill (:signal e)))
        (is (not (:stopped e))))
      (is (not (parallel/alive? w)))
      (is (= [] (parallel/children))))))

(defboth stop-kill-and-scopes
  (testing "an idle fork ends normally"
    (let [w (parallel/fork (opts))]
      @(parallel/exec w 1)
      (parallel/stop w)
      (is (nil? (parallel/join w)))
      (is (= :ended (:state (parallel/status w))))
      (is (= :closed (error-kind #(parallel/receive w))))))
  (testing "a busy one is broken off"
    (let [w (parallel/run (opts {:grace-ms 300}) '(do (parallel/send (parallel/parent) 1) (Thread/sleep 60000)))]
      (parallel/receive w)
      (parallel/stop w)
      (let [e (error #(parallel/join w))]
        (is (= :worker-died (:parallel/error e)))
        (is (true? (:stopped e))))
      (is (= :dead (:state (parallel/status w))))))
  (testing "one that ignores interrupts, too"
    (let [w (parallel/run (opts {:grace-ms 300}) '(do (parallel/send (parallel/parent) 1)
                                                      (let [end (+ 2000000000 (System/nanoTime))]
                                                        (while (< (System/nanoTime) end)
                                                          (try (Thread/sleep 20) (catch InterruptedException _))))))]
      (parallel/receive w)
      (parallel/stop w)
      (is (= :worker-died (error-kind #(parallel/join w))))))
  (testing "scopes"
    (let [seen (atom nil)]
      (parallel/with-workers [ws (parallel/fork (opts {:grace-ms 300}) 2)]
        (reset! seen ws)
        (is (= [true true] (parallel/alive? ws))))
      (is (= [false false] (parallel/alive? @seen))))
    (let [w (parallel/fork (opts))]
      (with-open [_ ^java.lang.AutoCloseable w] (is (parallel/alive? w)))
      (is (not (parallel/alive? w)))))
  (testing "cancel of a handle"
    (let [w (parallel/run (opts {:grace-ms 300}) '(Thread/sleep 60000))]
      (is (future-cancel w))
      (is (thrown? CancellationException @w))
      (is (= :worker-died (error-kind #(parallel/join w)))))))

(defboth status-and-children
  (is (= [] (parallel/children)))
  (is (= [] (parallel/status)))
  (let [w (parallel/run (opts {:name "counter"})
                        '(do (parallel/send (parallel/parent) 1) (parallel/receive (parallel/parent))))]
    (is (= [w] (parallel/children)))
    (parallel/receive w)
    (await-true #(= :receiving (:state (parallel/status w))))
    (let [s (parallel/status w)]
      (is (= #{:id :pid :parent :name :state :started-at :doing :sent :received :queue :heap-bytes :exit :signal
               :host :age-ms :cpus :nice}
             (set (keys s))))
      (is (= {:id (.id w) :parent 0 :name "counter" :state :receiving :exit nil :signal nil}
             (select-keys s [:id :parent :name :state :exit :signal])))
      (is (= 1 (:messages (:sent s))))
      (is (pos? (:bytes (:sent s))))
      (is (re-find #"parallel/receive" (:doing s)))
      (is (= [(:id s)] (map :id (parallel/status)))))
    (is (re-find (re-pattern (str "#parallel/worker\\{:id " (.id w) " :pid \\d+ :state :receiving\\}")) (pr-str w)))
    (parallel/send w 2)
    (is (= 2 @w))
    (is (= 1 (:messages (:received (parallel/status w)))))
    (is (= {:messages 0 :bytes 0} (:queue (parallel/status w))))))

(defboth workers-of-workers
  (let [out (java.io.StringWriter.)
        w (binding [*out* out]
            (parallel/run (opts) '(fn [in]
                                    (let [inner (parallel/run {:in in}
                                                              '(do (parallel/print "inner")
                                                                   [(parallel/id)
                                                                    (parallel/receive (parallel/parent))]))]
                                      (parallel/send (parallel/parent) (parallel/id))
                                      (parallel/receive (parallel/parent))
                                      (parallel/send inner :go)
                                      [(parallel/id) @inner (count (parallel/children))]))
                          (:in (opts))))]
    (is (= (.id w) (parallel/receive w)))
    (let [[a b] (await-true #(let [s (parallel/status)] (when (= 2 (count s)) s)))]
      (is (= [0 (.id w)] [(:parent a) (:parent b)])))
    (parallel/send w :go)
    (let [[middle [inner message] alive] @w]
      (is (= (.id w) middle))
      (is (> inner middle))
      (is (= [:go 0] [message alive]))
      (is (= (format "<parallel#%03d> inner\n" inner) (str out)) "labelled once"))))

(defboth recursion-is-guarded
  (is (= :bad-argument (error-kind #(parallel/run (opts {:max-workers 1}) (do (parallel/fork (opts)) '(+ 1 2))))))
  (let [e (error #(parallel/join (parallel/run (opts) '(fn [in] (parallel/run {:in in :max-depth 1} '(+ 1 2)))
                                               (:in (opts)))))]
    (is (re-find #"max-depth" (:message-of-error e)))))

(defn nest
  "The ids of n workers within each other, the outermost first."
  [opts n]
  (if (zero? n)
    []
    @(parallel/run opts '(fn [opts n] (into [(parallel/id)] (parallel.api-test/nest opts n))) opts (dec n))))

(deftest ^{:elsewhere false} a-worker-that-starts-itself-is-stopped-at-a-depth-which-can-be-raised
  (let [ids (nest {:in :thread} 8)]
    (is (= 8 (count (set ids))))
    (is (apply < ids)))
  (let [e (error #(nest {:in :thread} 9))]
    (is (re-find (re-pattern (str #"This worker would be 9 deep, workers within workers; max-depth is 8. "
                                  #"Does a worker's code start itself again\? "
                                  #"If that is meant, raise the option max-depth"))
                 (:message-of-error e))))
  (is (= 12 (count (set (nest {:in :thread :max-depth 12} 12)))))
  (is (= :bad-argument (error-kind #(parallel/run {:max-depth 0} '(+ 1 2))))))

(deftest ^{:elsewhere false} a-worker-that-starts-many-is-stopped-at-a-count-which-can-be-raised
  (parallel/with-workers [ws (parallel/fork {:in :thread :max-workers 5} 5)]
    (let [e (error #(parallel/fork {:in :thread :max-workers 5}))]
      (is (= :bad-argument (:parallel/error e)))
      (is (= (str "The session has 5 live workers; max-workers is 5. Does a worker's code start itself again? "
                  "If that is meant, raise the option max-workers (1024 at most).")
             (:message-of-error e))))
    (testing "those of a worker count, too"
      (let [e (error (fn [] @(parallel/exec (first ws) '(parallel/fork {:in :thread :max-workers 5}))))]
        (is (= [:remote-exception :bad-argument] [(:parallel/error e) (:parallel/error (:data e))]))))
    (parallel/with-workers [more (parallel/fork {:in :thread :max-workers 6})]
      (is (= 3 @(parallel/exec more '(+ 1 2))))))
  (is (= 3 @(parallel/run {:in :thread :max-workers 1} '(+ 1 2))) "one that has ended does not count")
  (is (= :bad-argument (error-kind #(parallel/run {:max-workers 1025} '(+ 1 2))))))

(deftest ^{:elsewhere false} a-fork-bomb-goes-off-once
  (let [form '(fn bomb [form]
                (dotimes [_ 3]
                  (try (parallel/run {:in :thread :max-workers 24} form form)
                       (catch clojure.lang.ExceptionInfo _)))
                (parallel/receive (parallel/parent)))
        w (parallel/run {:in :thread} form form)]
    (is (await-true #(let [all (parallel/status)] (and (<= 24 (count all)) (every? (comp #{:receiving} :state) all)))))
    (is (> 100 (count (parallel/status))) "a few may start at the same time")
    (parallel/kill w)
    (is (await-true #(empty? (parallel/status))))))

(defboth everywhere-reaches-workers-of-now-and-later
  (let [early (parallel/fork (opts) 2)]
    (try
      (is (= [:ok :ok] (parallel/everywhere '(do (def everywhere-value 5) :ok))))
      (let [late (parallel/fork (opts))]
        (is (= [5 5 5] (mapv deref (parallel/exec (conj early late) 'everywhere-value))))
        (is (= 5 @(parallel/run (opts) 'everywhere-value)))
        (is (= :several (error-kind #(parallel/everywhere '(throw (ex-info "no" {})))))))
      (finally
        (parallel/everywhere-forget)))
    (let [later (parallel/fork (opts))]
      (is (= 1 @(parallel/exec later 1))))))

(defboth spawn-carries-the-locals-that-it-uses
  (let [x 20
        unused (Object.)
        f (fn [y] @(parallel/spawn-on (opts) (+ x y)))]
    (is (some? unused))
    (is (= 22 (f 2)))
    (let [w (parallel/fork (opts))]
      (is (= 40 @(parallel/spawn-on w (twice x)))))))

(defboth values-equal-what-was-sent
  (let [w (parallel/run (opts)
                        '(run! #(parallel/send (parallel/parent) %) (seq (parallel/messages (parallel/parent)))))]
    (doseq [v [1 2/3 4N 5.6M 1.5 (float 2.5) (byte 3) (short 4) (int 5) \a "é\uD800x" :a/b 'c/d
               #uuid "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
               #inst "2020-01-01" (java.time.Instant/now) (java.time.Duration/ofMillis 5) (java.net.URI. "a:b") '(1 2)
               [1 [2]] {:a {:b 1}}
               #{1 2} (sorted-map 2 :b 1 :a) (sorted-set-by > 1 2 3) (map inc (range 100)) (with-meta [1] {:m 1})]]
      (parallel/send w v)
      (let [got (parallel/receive w)]
        (is (= v got))
        (is (= (meta v) (meta got)))
        (when (or (number? v) (sorted? v)) (is (= (class v) (class got))))
        (when (sorted? v) (is (= (seq v) (seq got))))))
    (parallel/send w (re-pattern "(?i)a+"))
    (is (= "(?i)a+" (str (parallel/receive w))))
    (parallel/send w w)
    (is (= {:worker/id (.id w)} (parallel/receive w)))
    (parallel/send-end w)
    (parallel/join w)))

(defboth an-interrupted-receive-loses-nothing
  (let [w (parallel/run (opts) '(do (parallel/receive (parallel/parent)) (parallel/send (parallel/parent) :late)))
        outcome (promise)
        t (doto (Thread. #(deliver outcome (try (parallel/receive w) (catch InterruptedException _ :interrupted))))
            .start)]
    (.interrupt t)
    (is (= :interrupted (deref outcome 60000 ::late)))
    (parallel/send w 1)
    (is (= :late (parallel/receive w 60000 ::late)))
    (parallel/join w)))

;; ---- ends that come early

(defboth a-fork-that-is-stopped-while-it-starts-has-ended-as-any-idle-one
  (dotimes [_ 10]
    (let [w (parallel/fork (opts))]
      (parallel/stop w)
      (is (nil? (parallel/join w)))
      (is (= :ended (:state (parallel/status w)))))))

(defboth a-fork-that-is-stopped-while-it-starts-breaks-off-what-it-was-given
  (let [w (parallel/fork (opts))
        reply (parallel/exec w '(Thread/sleep 600000))]
    (parallel/stop w)
    (is (contains? #{:worker-died :remote-exception} (error-kind #(deref reply))) "not begun, or begun and interrupted")
    (is (= {:parallel/error :worker-died :stopped true}
           (select-keys (error #(parallel/join w)) [:parallel/error :stopped])))
    (is (= :dead (:state (parallel/status w))))))

(defboth what-is-killed-while-it-starts-is-dead-fork-or-not
  (dotimes [_ 10]
    (doseq [start [#(parallel/fork (opts)) #(parallel/run (opts) '(Thread/sleep 600000))]]
      (let [w (start)]
        (parallel/kill w)
        (is (= :worker-died (error-kind #(within 60000 (fn [] (parallel/join w))))))
        (is (= :dead (:state (parallel/status w))))))))

(defboth what-a-run-worker-has-said-stays-said-when-it-is-stopped-at-that-moment
  (doseq [[form expected state] [[''(parallel/receive (parallel/parent)) :value :ended]
                                 [''(throw (ex-info "thrown" {:x (parallel/receive (parallel/parent))}))
                                  :remote-exception :failed]]
          ms                    [0 1 2 4 8]]
    (let [w (parallel/run (opts) (second form))]
      (await-true #(= :receiving (:state (parallel/status w))))
      (parallel/send w :value)
      (Thread/sleep (long ms))
      (parallel/stop w)
      (is (= expected (or (error-kind #(parallel/join w)) (parallel/join w))))
      (is (= state (:state (parallel/status w)))))))

;; ---- a namespace that runs workers while it is loaded

(deftest a-namespace-that-is-just-being-loaded-is-not-required-in-its-workers
  (let [directory (doto (io/file (str "target/loading-" (.pid (java.lang.ProcessHandle/current)))) .mkdirs)
        file      (io/file directory "runs_at_load.clj")]
    (spit file (str "(ns runs-at-load (:require [parallel.api :as parallel]))\n(defn f [] 1)\n"
                    "(def said (try @(parallel/run '(f))"
                    " (catch Exception e [(:parallel/error (ex-data e)) (:worker/id (ex-data e))])))\n"
                    "(def sum @(parallel/run '(+ 1 2)))\n"))
    (try
      (is (= [[:start-failed true] 3 1]
             @(parallel/run {:classpath (str directory ":" (System/getProperty "java.class.path"))}
                            '(let [before (parallel/id)]
                               (require 'runs-at-load)
                               [(update @(resolve 'runs-at-load/said) 1 > before)
                                @(resolve 'runs-at-load/sum)
                                @(parallel/run '(runs-at-load/f))]))))
      (finally
        (.delete file)
        (.delete directory)))))

(deftest ^{:elsewhere false} thread-workers-that-start-at-once-share-the-loading-of-a-namespace
  (let [directory (doto (io/file "target/test-classes/slow_to_load") .mkdirs)
        pid       (.pid (java.lang.ProcessHandle/current))]
    (dotimes [round 3]
      (let [lib  (symbol (str "slow-to-load.round" round "-of-" pid))
            file (io/file directory (str "round" round "_of_" pid ".clj"))]
        (spit file (str "(ns " lib ")\n(Thread/sleep 300)\n(def x 1)\n"))
        (try
          (let [ws (doall (repeatedly 4 #(parallel/run {:in :thread} (symbol (str lib) "x"))))]
            (is (= [1 1 1 1] (parallel/join ws))))
          (finally
            (remove-ns lib)
            (.delete file)))))
    (.delete directory)))

(deftest ^{:elsewhere false} an-interrupt-while-a-form-is-being-set-up-is-the-forms-own
  (dotimes [i 60]
    (let [w (parallel/run {:in :thread} '(parallel/receive (parallel/parent)))]
      (java.util.concurrent.locks.LockSupport/parkNanos (* i 50000))
      (parallel/interrupt w)
      (is (contains? #{:lives :remote-exception}
                     (try (parallel/join w 20 :lives)
                          (catch clojure.lang.ExceptionInfo e (:parallel/error (ex-data e))))))
      (parallel/kill w)
      (try (parallel/join w) (catch clojure.lang.ExceptionInfo _)))))

;; ---- what comes first

(defboth a-reply-that-stop-breaks-off-has-the-error-of-its-worker
  (let [w     (parallel/fork (opts {:grace-ms 3000}))
        reply (parallel/exec w '(do (parallel/send (parallel/parent) :here) (Thread/sleep 600000)))]
    (parallel/receive w)
    (parallel/stop w)
    (is (= :worker-died (error-kind #(deref reply))))
    (is (= :dead (:state (parallel/status w))))))

(defboth an-idle-fork-that-is-slow-to-end-was-not-broken-off
  (let [w (parallel/fork (opts {:grace-ms 1}))]
    @(parallel/exec w 1)
    (await-true #(= :idle (:state (parallel/status w))))
    (parallel/stop w)
    (is (nil? (parallel/join w)))
    (is (= :ended (:state (parallel/status w))))
    (is (= :closed (error-kind #(parallel/receive w))))))

(defn- blocked?
  "Whether the thread sleeps in a call of the library."
  [^Thread thread]
  (some #(= "parallel.transport.Parker" (.getClassName ^StackTraceElement %)) (.getStackTrace thread)))

(defboth a-send-that-blocks-when-its-stream-is-ended-has-the-error-of-the-peers-death
  (doseq [peer-of [identity vector]]
    (let [w      (parallel/run (opts {:ring-bytes 8192})
                               '(do (parallel/send (parallel/parent) :up)
                                    (.await (java.util.concurrent.CountDownLatch. 1))))
          kind   (promise)
          big    (byte-array (if (elsewhere?) 4000000 100000))      ; more than there is room for on the way to a host
          thread (Thread. #(deliver kind (error-kind (fn [] (parallel/send (peer-of w) big)))))]
      (parallel/receive w)
      (.start thread)
      (is (await-true #(blocked? thread)))
      (parallel/send-end w)
      (parallel/kill w)
      (is (= :worker-died (deref kind 60000 ::hangs)))
      (is (= :closed (error-kind #(parallel/send (peer-of w) 1))) "one that comes after it"))))

(defboth an-interrupt-while-a-form-is-compiled-is-no-error-of-the-form
  (let [w (parallel/run (opts) '(do (defmacro waits []
                                      (parallel/send (parallel/parent) :expanding)
                                      (.await (java.util.concurrent.CountDownLatch. 1)))
                                    (waits)))]
    (parallel/receive w)
    (parallel/interrupt w)
    (let [e (error #(parallel/join w))]
      (is (= [:remote-exception "java.lang.InterruptedException"] ((juxt :parallel/error :class) e))))))

(defboth what-stop-has-broken-off-is-named-and-is-the-error-of-whatever-is-asked-later
  (let [w     (parallel/fork (opts))
        reply (parallel/exec w '(do (parallel/send (parallel/parent) :up) (Thread/sleep 100000)))]
    (parallel/receive w)
    (parallel/stop w)
    (doseq [ask [#(deref reply) #(parallel/join w) #(deref (parallel/exec w '(+ 1 2)))]
            :let [e (error ask)]]
      (is (= [:worker-died true] ((juxt :parallel/error :stopped) e)))
      (is (= "(do (parallel/send (parallel/parent) :up) (Thread/sleep 100000))" (:doing e)))
      (is (re-find #"was stopped.*, doing \(do \(parallel/send.*It was running" (:message-of-error e)))))
  (let [w (parallel/fork (opts))]
    (parallel/kill w)
    (is (= :worker-died (error-kind #(parallel/join w))))
    (is (= :worker-died (error-kind #(deref (parallel/exec w '(+ 1 2))))))))

(defboth one-that-could-not-be-started-can-be-ended-as-any-other
  (let [w (parallel/run (opts) (Object.))]
    (is (= [nil nil nil] [(parallel/interrupt w) (parallel/kill w) (parallel/stop w)]))
    (is (= :not-transferable (error-kind #(parallel/join w))))))

(defboth there-is-no-input-also-after-it-was-closed
  (parallel/with-workers [w (parallel/fork (opts))]
    (is (= ["" nil ""] (mapv #(deref (parallel/exec w %)) '[(slurp *in*) (read-line) (slurp *in*)])))))

(deftest a-variable-can-be-taken-from-the-environment
  (is (string? (System/getenv "PATH")))
  (is (= [nil "1"] @(parallel/run {:env {"PATH" nil "ADDED" "1"}} '[(System/getenv "PATH") (System/getenv "ADDED")])))
  (is (= :bad-argument (error-kind #(parallel/fork {:in :thread :env {nil "1"}})))))

(deftest ^{:elsewhere false} mistaken-arguments-are-named
  (parallel/with-workers [w (parallel/fork {:in :thread})]
    (doseq [[mistake says] [[#(parallel/fork {:in :thread} 100000) #"100000 are to be started; max-workers is 256"]
                            [#(parallel/fork {:ring-bytes 9999999999}) #":ring-bytes is 9999999999"]
                            [#(parallel/fork {:grace-ms -1}) #":grace-ms is -1"]
                            [#(parallel/fork {:max-workers 10000000000}) #":max-workers is 10000000000"]
                            [#(parallel/send w 1 5) #"Options of send are a map, not 5"]
                            [#(parallel/send w 1 []) #"a map, not \[\]"]
                            [#(parallel/top 5) #"a map, not 5"] [#(parallel/select w) #"a collection of peers"]
                            [#(parallel/select 5) #"peers, not 5"]
                            [#(parallel/exec) #"a worker and a form"]]]
      (let [e (error mistake)]
        (is (= :bad-argument (:parallel/error e)))
        (is (re-find says (str (:message-of-error e))))))
    (is (= [w] (parallel/children)) "none of them has started anything")
    (is (= :late (parallel/select (java.util.ArrayList. [w]) 1 :late)))
    (is (= "#parallel/reply{:done true}" (let [reply (parallel/exec w 1)] @reply (str reply)))))
  (parallel/with-workers [w (parallel/fork {:in :thread :max-depth 10000000000})]
    (is (= 1 @(parallel/exec w 1)))))

(defboth the-data-of-an-exception-arrives-as-far-as-it-can-travel
  (let [w (parallel/run (opts) '(throw (ex-info "outer" {:a 1 :f inc :in {:b nil :state (atom 2)} inc 3}
                                                (ex-info "inner" {:x [1 (Object.)] :y 2}))))
        e (try @w (catch Exception e e))
        [outer inner] (take-last 2 (take-while some? (iterate ex-cause e)))]
    (is (= {:a 1 :f "a value of class clojure.core$inc that cannot be sent"
            :in {:b nil :state "a value of class clojure.lang.Atom that cannot be sent"}}
           (ex-data outer) (:data (ex-data e))))
    (is (= ["outer" clojure.lang.ExceptionInfo] [(ex-message outer) (class outer)]))
    (is (= ["inner" {:x "a value of class clojure.lang.PersistentVector that cannot be sent" :y 2}]
           [(ex-message inner) (ex-data inner)]))))

(deftest an-exception-whose-data-cannot-be-read-here-is-told-all-the-same
  (let [e (error #(parallel/join (parallel/run '(do (defrecord OnlyThere [x])
                                                    (throw (ex-info "told" {:record (->OnlyThere 1)}))))))]
    (is (= [:remote-exception "clojure.lang.ExceptionInfo" "told" nil]
           ((juxt :parallel/error :class :message :data) e)))
    (is (seq (:trace e)))))

(defboth a-listener-that-waits-holds-nothing-up
  (let [heard (atom [])
        gate  (promise)
        w     (parallel/run (opts {:on-event (fn [{:keys [event]}] (swap! heard conj event) @gate)}) '(+ 1 2))]
    (is (= 3 (within 60000 #(parallel/join w))))
    (is (await-true #(= [:started] @heard)) "the next is told when it has heard of the last")
    (deliver gate true)
    (is (await-true #(= [:started :ready :ended] @heard)))))
