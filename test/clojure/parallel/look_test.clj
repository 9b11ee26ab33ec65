(ns parallel.look-test
  "What a person sees of workers."
  (:require [clojure.datafy :as datafy]
            [clojure.pprint :as pprint]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.api :as parallel]
            [parallel.impl.look :as look]
            [parallel.support :refer [await-true defboth opts within]])
  (:import [java.lang ProcessBuilder]
           [java.time Instant]))

(defn- status-of [id & {:as more}]
  (merge {:id id :pid (+ 1000 id) :parent 0 :name nil :state :running :started-at (Instant/ofEpochSecond 0)
          :doing (str "(form " id ")")
          :sent {:messages 0 :bytes 0} :received {:messages 0 :bytes 0} :queue {:messages 0 :bytes 0} :heap-bytes nil
          :exit nil :signal nil}
         more))

(defn- at [s] (Instant/ofEpochSecond s))

(deftest what-a-worker-waits-for-stands-before-what-it-evaluates
  (let [status (with-meta (status-of 2) {:waits [{:for :select :on [3 4] :since-ms 5000 :thread "t"}]})]
    (is (re-find #"\[select 3 4, 5 s\] \(form 2\)$"
                 (second (look/frame nil {:statuses [status] :cpu-ms {} :at (at 1)} 200))))
    (is (= ["[select 3 4, 5 s] (form 2)"] (map #(get % "doing") (look/table [status] (at 1))))))
  (let [w (parallel/run '(parallel/receive (parallel/parent)))]
    (is (await-true #(= [[:receive [0]]] (map (juxt :for :on) (:waits (meta (parallel/status w)))))))
    (is (re-find #"\[receive 0, " (with-out-str (parallel/print-status))))
    (parallel/send w 1)
    @w
    (is (nil? (:waits (meta (parallel/status w)))))))

(deftest a-picture-has-a-line-for-each-worker-with-those-below-it-indented
  (let [before {:statuses [(status-of 1 :sent {:messages 10 :bytes 1000})] :cpu-ms {1001 500} :at (at 60)}
        now    {:statuses [(status-of 1 :sent {:messages 30 :bytes 5000} :queue {:messages 1 :bytes 524288}
                                      :heap-bytes 12345678)
                           (status-of 3) (status-of 2 :parent 1 :state :receiving :doing "(a\n  form)")]
                :cpu-ms {1001 1500} :at (at 62)}
        [head one two three] (look/frame before now 200)]
    (is (re-find #"^id +pid state +up +in/s +B +out/s +B queue +heap +cpu doing$" head))
    (is (re-find #"^1 +1001 running +62 s +0 +0 +10 +2\.0k ####\.\.\.\. +12\.3M +50% \(form 1\)$" one))
    (is (re-find #"^  2 +1002 receiving .*\(a form\)$" two))
    (is (re-find #"^3 +1003" three))
    (is (= [20 20] (map count (take 2 (look/frame before now 20)))) "cut to the terminal's width")))

(deftest the-first-picture-has-no-rates
  (is (re-find #"^1 +1001 running +5 min +\.\.\.\.\.\.\.\. +\(form 1\)$"
               (second (look/frame nil {:statuses [(status-of 1)] :cpu-ms {} :at (at 300)} 200)))))

(deftest top-prints-a-picture-where-there-is-no-terminal
  (let [w (parallel/run {:name "sleeper"} '(do (parallel/send (parallel/parent) 1) (Thread/sleep 600000)))]
    (parallel/receive w)
    (is (= 2 (count (str/split-lines (with-out-str (parallel/top))))))
    (is (= 6 (count (str/split-lines (with-out-str (parallel/top {:frames 3 :interval-ms 10}))))))
    (is (re-find #"(?m)^\|\s+id \| parent .*\n.*\n\|\s+\d+ \|\s+0 \| +\d+ \| sleeper \| running "
                 (with-out-str (parallel/print-status))))
    (is (re-find #"sleeper" (with-out-str (parallel/print-status w))))
    (testing "of one that hangs, too"
      (.waitFor (.start (ProcessBuilder. ^java.util.List ["kill" "-STOP" (str (.pid w))])))
      (is (re-find #"running" (within 10000 #(with-out-str (parallel/top))))))
    (parallel/kill w)
    (within 60000 #(try (parallel/join w) (catch Exception _)))
    (is (= "no workers\n" (with-out-str (parallel/print-status))))
    (is (thrown-with-msg? clojure.lang.ExceptionInfo #":frame" (parallel/top {:frame 1})))))

(deftest the-view-goes-on-until-Enter
  (let [in      (java.io.PipedReader.)
        enter   (java.io.PipedWriter. in)
        out     (java.io.StringWriter.)
        reader  (java.io.BufferedReader. in)
        viewing (future (binding [*out* out]
                          (look/view (constantly [(status-of 1)]) {:interval-ms 5 :terminal? true :in reader})
                          :ended))]
    (is (await-true #(< 3 (count (re-seq #"Enter ends this" (str out))))))
    (is (not (realized? viewing)))
    (.write enter "\nrest")
    (.flush enter)
    (is (= :ended (deref viewing 60000 :late)))
    (is (= \r (char (.read reader))) "the line is taken, and no more")))

(defboth handles-print-at-once-in-every-way
  (let [w     (parallel/fork (opts))
        reply (parallel/exec w '(Thread/sleep 600000))]
    (is (await-true #(= :running (:state (parallel/status w)))))
    (let [shown (re-pattern (str "#parallel/worker\\{:id " (.id w) " :pid " (.pid w) " :state :running\\}"))]
      (doseq [printed [#(pr-str w) #(str w) #(print-str w) #(with-out-str (pprint/pprint w)) #(pr-str {:w [w]})
                       #(with-out-str (pprint/pprint {:w [w]}))
                       #(binding [*print-readably* nil *print-dup* false] (pr-str w))
                       #(binding [*print-level* 2 *print-length* 1] (pr-str [w]))]]
        (is (re-find shown (within 10000 printed))))
      (is (= "#parallel/reply{:done false}" (within 10000 #(pr-str reply))
             (within 10000 #(str/trim (with-out-str (pprint/pprint reply)))))))
    (parallel/kill w)))

(deftest a-handle-can-be-explored
  (let [w (parallel/run '(throw (ex-info "no luck" {:n 13})))]
    (try (parallel/join w) (catch Exception _))
    (let [data (datafy/datafy w)]
      (is (= [(.id w) :failed] ((juxt :id :state) data)))
      (is (= :remote-exception (:parallel/error (ex-data (:error data)))))
      (is (re-find #"no luck" (:cause (datafy/nav data :error (:error data))))))
    (let [ok (parallel/run '(+ 1 2))]
      (parallel/join ok)
      (is (nil? (:error (datafy/datafy ok)))))))

(deftest events-can-be-tapped
  (let [seen (atom [])
        tap  #(swap! seen conj (:event %))]
    (add-tap tap)
    (try
      (parallel/join (parallel/run {:on-event tap>} '(+ 1 2)))
      (is (await-true #(= [:started :ready :ended] @seen)))
      (finally
        (remove-tap tap)))))
