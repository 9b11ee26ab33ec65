(ns parallel.timeline-test
  "What workers did last, and the files that are made of it."
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.api :as parallel]
            [parallel.look :as look]
            [parallel.pool :as pool]
            [parallel.support :refer [await-true defboth error opts within]])
  (:import [java.io File]
           [java.lang ProcessBuilder]
           [java.nio.file Files Path]
           [java.nio.file.attribute FileAttribute]
           [java.util OptionalLong]
           [parallel Look TimelineEntry Worker]
           [parallel.look ReportFile]))

(def ^:private all-keys #{:id :kind :name :index :from-ns :to-ns :outcome})

(defn- signal [w name]
  (.waitFor (.start (ProcessBuilder. ^java.util.List ["kill" (str "-" name) (str (.pid ^Worker w))]))))

(defn- outcomes
  "[kind name outcome] of the work of a worker, without its waits and collections."
  [w]
  (mapv (juxt :kind :name :outcome) (remove (comp #{:wait :gc} :kind) (look/timeline w))))

(defboth replies-are-recorded-with-their-outcomes
  (let [w (parallel/fork (opts))
        before (System/nanoTime)]
    @(parallel/exec w '(+ 1 2))
    (error #(deref (parallel/exec w '(throw (ex-info "no" {})))))
    (let [reply (parallel/exec w '(Thread/sleep 600000))]
      (is (await-true #(= [:reply "(Thread/sleep 600000)" nil] (peek (outcomes w)))))
      (is (nil? (:to-ns (peek (filterv (comp #{:reply} :kind) (look/timeline w))))))
      (future-cancel reply))
    (is (await-true #(= [[:reply "(+ 1 2)" :ok] [:reply "(throw (ex-info \"no\" {}))" :error]
                         [:reply "(Thread/sleep 600000)" :cancelled]]
                        (outcomes w))))
    (let [entries (look/timeline w)]
      (is (= #{all-keys} (set (map (comp set keys) entries))))
      (is (= #{(.id ^Worker w)} (set (map :id entries))))
      (is (apply <= before (map :from-ns entries)))
      (is (every? #(<= (:from-ns %) (:to-ns %) (System/nanoTime)) entries) "one clock for all processes"))
    (testing "after its end"
      (let [entries (look/timeline w)]
        (parallel/kill w)
        (within 60000 #(error (fn [] (parallel/join w))))
        (is (= entries (look/timeline w) (look/timeline [w])))
        (is (= entries (filterv (comp #{(.id ^Worker w)} :id) (look/timeline))))))))

(defboth forms-of-run-are-recorded-with-waits-of-a-millisecond-and-more
  (let [w (parallel/run (opts) '(+ 1 (do (Thread/sleep 20) (parallel/receive (parallel/parent)))))]
    (is (await-true #(= :receiving (:state (parallel/status w)))))
    (Thread/sleep 5)
    (parallel/send w 1)
    (is (= 2 (parallel/join w)))
    (is (= [[:form "(+ 1 (do (Thread/sleep 20) (p..." :ok]] (outcomes w)))
    (let [{:keys [name from-ns to-ns outcome]} (first (filter (comp #{:wait} :kind) (look/timeline w)))]
      (is (= ["receive" :ok] [name outcome]))
      (is (< 1000000 (- to-ns from-ns))))
    (let [failed (parallel/run (opts) '(throw (ex-info "no" {})))]
      (error #(parallel/join failed))
      (is (= [:error] (map peek (outcomes failed)))))))

(deftest what-a-stop-breaks-off-is-cancelled
  (let [w (parallel/run '(Thread/sleep 600000))]
    (is (await-true #(= [nil] (map peek (outcomes w)))))
    (parallel/stop w)
    (is (= [:cancelled] (map peek (outcomes w))))))

(defn slow [x]
  (Thread/sleep 2)
  (if (= x 3) (throw (ex-info "three" {})) x))

(deftest tasks-and-elements-of-a-pool-are-recorded-and-short-ones-as-parts
  (pool/with-pool [p 1]
    @(pool/submit p slow 1)
    (let [w       (first (pool/workers p))
          entries (fn [kind] (filterv (comp #{kind} :kind) (look/timeline w)))]
      (error #(deref (pool/submit p slow 3)))
      (is (= [["parallel.timeline-test/slow" :ok] ["parallel.timeline-test/slow" :error]]
             (map (juxt :name :outcome) (entries :task))))
      (testing "a task that is cancelled"
        (let [task (pool/submit p '(fn [] (Thread/sleep 600000)))]
          (is (await-true #(some (comp nil? :outcome) (entries :task))))
          (future-cancel task)
          (is (await-true #(= :cancelled (:outcome (peek (entries :task))))))))
      (testing "elements"
        (dorun (pool/pmap {:pool p :on-error :value} slow (range 20)))
        (is (= (for [i (range 20)] [i "parallel.timeline-test/slow" (if (= i 3) :error :ok)])
               (map (juxt :index :name :outcome) (entries :element))))
        (is (every? (fn [{:keys [from-ns to-ns]}] (< 1000000 (- to-ns from-ns) 2000000000)) (entries :element))))
      (testing "short ones"
        (is (= 200000 (count (pool/pmap {:pool p} inc (range 200000)))))
        (let [parts (entries :part)]
          (is (< 1 (count parts) 500))
          (is (every? :index parts))
          (is (apply < (map :index parts)))
          (is (= #{:ok} (set (map :outcome parts)))))
        ;; where each had its own, all 768 records would be theirs; a busy machine makes some of them long
        (is (< (count (filter (comp #{"clojure.core/inc"} :name) (entries :element))) 700))
        (testing "in one part by the caller's choice: the worker finds it out"
          (count (pool/pmap {:pool p :chunk 50000} dec (range 50000)))
          (is (> 700 (count (filter (comp #{"clojure.core/dec"} :name) (entries :element)))))
          (is (= 1 (count (filter (comp #{"clojure.core/dec"} :name) (entries :part)))))))
      (testing "what began first and has not ended is still there"
        (is (= [nil] (map :outcome (entries :form))))))))

(defn deadly [x]
  (when (= x 17)
    (.waitFor (.start (ProcessBuilder. ^java.util.List
                                       ["kill" "-9" (str (.pid (java.lang.ProcessHandle/current)))]))))
  x)

(deftest a-worker-that-is-killed-in-an-element-leaves-it-open
  (pool/with-pool [p 1]
    @(pool/submit p slow 1)
    (let [w (first (pool/workers p))
          e (error #(dorun (pool/pmap {:pool p :chunk 20} deadly (range 20))))]
      (is (= [:worker-died 17] ((juxt :parallel/error :index) e)))
      (is (= [[:element 17 nil nil]]
             (map (juxt :kind :index :to-ns :outcome)
                  (filter #(and (= :element (:kind %)) (nil? (:outcome %))) (look/timeline w)))))
      (is (= (range 18) (map :index (filter (comp #{:element} :kind) (look/timeline w)))))
      (is (some #{[17 nil]} (map (juxt :index :outcome) (look/timeline))) "without its handle, too")
      (let [e (error #(parallel/join w))]
        (is (re-find #"died, killed by SIGKILL, doing parallel\.timeline-test/deadly, element 17\. It was running"
                     (str (:message-of-error e))))
        (is (= [:element "parallel.timeline-test/deadly" 17] ((juxt :kind :name :index) (:under-way e))))))))

(deftest a-worker-that-is-killed-in-a-part-says-in-which
  (pool/with-pool [p 1]
    (count (pool/pmap {:pool p} inc (range 200000)))
    (let [w (first (pool/workers p))]
      (error #(dorun (pool/pmap {:pool p :chunk 1000} deadly (range 17000 -1 -1))))
      (is (re-find #"It was in the part from element 16\d\d\d on of parallel\.timeline-test/deadly\."
                   (str (:message-of-error (error #(parallel/join w)))))))))

(deftest a-stopped-worker-is-looked-at-at-once
  (let [w (parallel/fork)]
    (dotimes [_ 50] @(parallel/exec w '(+ 1 2)))
    (parallel/exec w '(Thread/sleep 600000))
    (is (await-true #(nil? (:outcome (peek (look/timeline w))))))
    (signal w "STOP")
    (try
      (look/timeline w)
      (let [times (for [_ (range 20)]
                    (let [began (System/nanoTime)]
                      (is (= 51 (count (filter (comp #{:reply} :kind) (look/timeline w)))))
                      (is (seq (look/timeline)))
                      (/ (- (System/nanoTime) began) 1e6)))]
        (is (> 20 (double (nth (sort times) 10))) "milliseconds, of both"))
      (finally
        (signal w "KILL")
        (within 60000 #(error (fn [] (parallel/join w))))))
    (is (= [:reply "(Thread/sleep 600000)" nil] (peek (outcomes w))) "open, when it was killed")))

(deftest workers-of-workers-are-seen
  (let [w  (parallel/fork)
        id @(parallel/exec w '(do (def below (parallel/fork))
                                  @(parallel/exec below '(* 6 7))
                                  (:id (parallel/status below))))]
    (is (= [[:reply "(* 6 7)" :ok]]
           (map (juxt :kind :name :outcome) (filter (comp #{id} :id) (look/timeline)))))
    (testing "and a worker sees its own"
      (is (= [id] @(parallel/exec w '(do (require 'parallel.look)
                                         (vec (distinct (map :id (parallel.look/timeline)))))))))
    (parallel/stop w)))

(deftest the-last-64-that-have-ended-are-known
  (let [ws (vec (for [_ (range 70)] (doto (parallel/run {:in :thread} '(+ 1 2)) parallel/join)))]    ; one by one
    (let [known (set (map :id (look/timeline)))]
      (is (every? known (map #(.id ^Worker %) (take-last 60 ws))))
      (is (not-any? known (map #(.id ^Worker %) (take 6 ws)))))))

(deftest collections-of-a-worker-that-works-are-recorded
  (let [w (parallel/run {:max-heap "64m" :jvm-opts ["-XX:+UseSerialGC"]}
                        '(let [until (+ (System/nanoTime) 60000000000)]
                           (loop [kept []]
                             (when (and (< (System/nanoTime) until) (nil? (parallel/try-receive (parallel/parent) nil)))
                               (dotimes [_ 10] (byte-array 100000))
                               (recur (if (< (count kept) 200) (conj kept (byte-array 100000)) []))))))]
    (is (await-true #(some (comp #{:gc} :kind) (look/timeline w))))
    (let [{:keys [name from-ns to-ns outcome]} (last (filter (comp #{:gc} :kind) (look/timeline w)))]
      (is (contains? #{"Copy" "MarkSweepCompact"} name))
      (is (= :ok outcome))
      (is (< (abs (- (System/nanoTime) to-ns)) 60000000000))
      (is (<= 1000000 (- to-ns from-ns) 10000000000)))
    (parallel/send w :end)
    (parallel/join w)))

(deftest a-timeline-is-of-workers
  (doseq [wrong [nil 3 "w" [1] {:id 1}]]
    (let [e (error #(look/timeline wrong))]
      (is (= :bad-argument (:parallel/error e)))
      (is (re-find #"\(timeline \.\.\.\) takes a worker or a sequential collection of workers, not "
                   (:message-of-error e)))))
  (is (= [] (look/timeline []))))

;; ---- files

(defn- directory ^Path []
  (Files/createTempDirectory "parallel-report" (make-array FileAttribute 0)))

(defn- delete [^Path directory]
  (run! #(.delete ^File %) (reverse (file-seq (.toFile directory)))))

(def ^:private hostile
  "</script><script>x()</script><!-- \u2028\u2029 & \"'\\ https://evil.example/x.js \ud800 \u0000")

(defn- json
  "Whether a text is JSON, and its value: read as the reader of Clojure reads it, which takes all that we write."
  [text]
  (is (every? #(< 31 (int %) 127) text) "ASCII")
  (binding [*read-eval* false]
    (read-string (str/replace text #"\"(?:[^\"\\]|\\.)*\"|[:]|null"
                              #(case % ":" " " "null" "nil" %)))))

(defn- with-hostile-workers
  "Calls f with the path of a file, a worker whose name and form are hostile, and one that has died."
  [f]
  (let [directory (directory)
        w         (parallel/fork {:name hostile})
        dead      (parallel/fork {:name "dead"})]
    (try
      (error #(deref (parallel/exec w (list 'throw (list 'ex-info hostile {})))))
      (parallel/exec w (list 'do hostile '(Thread/sleep 600000)))
      (error #(deref (parallel/exec dead '(.halt (Runtime/getRuntime) 3))))
      (within 60000 #(error (fn [] (parallel/join dead))))
      (is (await-true #(nil? (:outcome (peek (look/timeline w))))))
      (f (str (.resolve directory "file")) w dead)
      (finally
        (parallel/kill [w dead])
        (delete directory)))))

(deftest a-trace-is-JSON-with-an-event-for-each-entry
  (with-hostile-workers
    (fn [path w dead]
      (is (= path (look/trace! path)))
      (let [{events "traceEvents"} (json (slurp path))
            of     (fn [worker phase] (filter #(and (= (.id ^Worker worker) (% "pid")) (= phase (% "ph"))) events))]
        (is (= #{"M" "X" "B"} (set (map #(% "ph") events))))
        (is (= [1 1] [(count (of w "B")) (count (of dead "B"))]) "open")
        (is (every? #(and (number? (% "ts")) (<= 0 (% "ts"))) (of w "X")))
        (is (every? #(pos? (% "dur")) (of w "X")))
        (is (= ["error"] (map #(get-in % ["args" "outcome"]) (of w "X"))))
        (is (str/includes? (get-in (first (of w "M")) ["args" "name"]) "</script><script>x()"))))))

(deftest a-report-is-one-file-that-asks-for-nothing-and-that-no-text-can-leave
  (ReportFile/profiled nil)     ; of a test before this one: its graph is too long for this test's reader of JSON
  (with-hostile-workers
    (fn [path w dead]
      (is (= path (look/report! path)))
      (let [html     (slurp path)
            [_ text] (re-find #"(?s)<script type=\"application/json\" id=\"data\">(.*?)</script>" html)
            data     (json text)
            of       (fn [worker] (first (filter #(= (.id ^Worker worker) (% "id")) (data "workers"))))]
        (is (not (re-find #"(?i)https?:|ftp:|\burl\(|\bsrc=|\bhref=|@import|//|<link|<iframe|<img" html)) "no URL")
        (is (not (re-find #"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(" html)) "texts are text nodes")
        (is (= 2 (count (re-seq #"(?i)<script" html)) (count (re-seq #"(?i)</script" html))))
        (is (not (re-find #"[<>&/]|\u2028" text)))
        (is (= (str/replace hostile "\ud800" "\ufffd") ((of w) "name"))
            "and says what it was")
        (is (= ["dead" 3] ((juxt #(% "state") #(% "exit")) (of dead))))
        (is (re-find #"died" ((of dead) "error")) "last words")
        (is (some #(= [(.id ^Worker dead) nil] [(first %) (nth % 6)]) (data "entries")) "what it died of")))))

(defn- browser
  "The command of a browser without a window, nil where there is none."
  []
  (first (for [directory (str/split (str (System/getenv "PATH")) #":")
               command   ["chromium" "google-chrome"]
               :let      [file (File. ^String directory ^String command)]
               :when     (.canExecute file)]
           (str file))))

(deftest ^:slow a-browser-shows-the-report-and-its-texts-as-texts
  (if-let [command (browser)]
    (with-hostile-workers
      (fn [path w _]
        (look/report! (str path ".html"))
        (let [process (.start (doto (ProcessBuilder. ^java.util.List
                                                     [command "--headless" "--no-sandbox" "--disable-gpu"
                                                      (str "--user-data-dir=" path "-profile") "--dump-dom"
                                                      (str "file://" path ".html")])
                                (.redirectError java.lang.ProcessBuilder$Redirect/DISCARD)))
              dom     (within 120000 #(slurp (.getInputStream process)))]
          (.waitFor process)
          (is (re-find #"<p id=\"when\">\d+ workers, as of" dom) "its script has run")
          (is (re-find #"<td[^>]*>&lt;/script&gt;&lt;script&gt;x\(\)&lt;/script&gt;" dom))
          (is (re-find #"(?s)<pre>[^<]*worker \d+ +reply +\(throw \(ex-info[^<]*, error" dom))
          (is (str/includes? dom (str "worker " (.id ^Worker w)))))))
    (println "There is no browser here: the report is not opened.")))

(deftest a-path-that-cannot-be-written-is-said
  (let [directory (directory)]
    (try
      (doseq [[call f] {"report!" look/report! "trace!" look/trace!}
              [path pattern] [[nil #"takes the path of the file for the .*, a string, File or Path, not nil"]
                              [3 #"takes the path of the file for the .*, not 3"]
                              ["a\u0000b" #"cannot write a file of that name"]
                              [directory #"it is a directory; name a file in it"]
                              [(str directory "/no/such/file") #"there is no directory .*/no/such"]]]
        (testing [call path]
          (let [e (error #(f path))]
            (is (= :bad-argument (:parallel/error e)))
            (is (re-find pattern (str (:message-of-error e)))))))
      (finally
        (delete directory)))))

(deftest the-same-from-Java
  (let [directory (directory)
        w         (parallel/fork)]
    (try
      @(parallel/exec w '(+ 1 2))
      (let [^TimelineEntry e (peek (vec (Look/timeline (into-array Worker [w]))))]
        (is (= ["REPLY" "(+ 1 2)" (OptionalLong/empty)] [(str (.kind e)) (.name e) (.index e)]))
        (is (some #{e} (Look/timeline))))
      (is (Files/exists (Look/report (.resolve directory "r.html")) (make-array java.nio.file.LinkOption 0)))
      (is (Files/exists (Look/trace (.resolve directory "t.json")) (make-array java.nio.file.LinkOption 0)))
      (finally
        (parallel/stop w)
        (delete directory)))))
