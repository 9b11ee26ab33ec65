(ns ^:jvm parallel.profile-test
  "Where the time of workers goes, and what is drawn of it."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.api :as parallel]
            [parallel.look :as look]
            [parallel.support :refer [await-true clojure-main error quick-jvm thorough? within]])
  (:import [java.io File StringReader]
           [java.lang ProcessBuilder]
           [java.nio.file Files Path]
           [java.nio.file.attribute FileAttribute]
           [java.time Duration]
           [javax.xml.parsers DocumentBuilderFactory]
           [org.xml.sax InputSource]
           [parallel Look Profile Worker]
           [parallel.look ReportFile]))

(def ^:private most-ms "Of a call that profiles: far more than it takes on a machine that does a lot else." 200000)

(def ^:private sink "What is computed goes there, or a compiler would leave it out." (double-array 1))

(defn hot->sin! [n]
  (let [n (long n)]
    (loop [i 0 x 0.0] (if (< i n) (recur (inc i) (+ x (Math/sin (double i)))) x))))

(defn cold [n]
  (let [n (long n)]
    (loop [i 0 x 0.0] (if (< i n) (recur (inc i) (+ x (Math/sin (double i)))) x))))

(defn mixed
  "For ever: so many parts of the one, and of the other."
  [hots colds]
  (while true
    (aset ^doubles sink 0 (double (hot->sin! (* hots 1000))))
    (aset ^doubles sink 0 (double (cold (* colds 1000))))))

(defn- profile [ws ms]
  (within most-ms #(look/profile ws ms)))

(defn- signal [w name]
  (.waitFor (.start (ProcessBuilder. ^java.util.List ["kill" (str "-" name) (str (.pid ^Worker w))]))))

(defn- id [w] (.id ^Worker w))

(defn- await-running [w]
  (is (await-true #(= :running (:state (parallel/status w))))))

(defn- gone [ws]
  (parallel/kill ws)
  (doseq [w ws]
    (within 60000 #(error (fn [] (parallel/join w))))))

(defn- of-frame [stacks frame]
  (reduce + (for [[stack n] stacks, :when (some #{frame} (str/split stack #";"))] n)))

(defn- plus [a b] (merge-with + a b))

;; ---- loads

(defn- about?
  "Is a share of n samples what it has to be? Within 3 points, and what chance does to so few."
  [expected n of]
  (<= (abs (- expected (/ (double n) of))) (+ 0.03 (* 3 (Math/sqrt (/ 0.25 of))))))

(deftest shares-of-two-loads-are-told-alone-and-merged
  (let [ws   [(parallel/run '(mixed 70 30)) (parallel/run '(mixed 20 80))]
        ids  (map id ws)
        hot  "parallel.profile-test/hot->sin!"
        cold "parallel.profile-test/cold"]
    (try
      (run! await-running ws)
      (let [until  (+ (System/nanoTime) 15000000000)
            stacks (loop [sums {}]
                     (let [{:keys [merged workers]} (profile ws 2000)
                           sums                     (merge-with plus sums workers)]
                       (is (= (set ids) (set (keys workers))))
                       (is (= merged (apply merge-with + (vals workers))))
                       (if (or (> (System/nanoTime) until) (every? #(< 150 (reduce + 0 (vals (sums %)))) ids))
                         sums
                         (recur sums))))
            shares (for [[id share] (map vector ids [0.7 0.2])]
                     (let [hots  (of-frame (stacks id) hot)
                           colds (of-frame (stacks id) cold)]
                       (is (pos? (+ hots colds)))
                       (is (about? share hots (max 1 (+ hots colds))) (pr-str hots colds))
                       [(* share (+ hots colds)) hots (+ hots colds)]))
            [expected hots of] (apply map + shares)]
        (is (about? (/ expected of) hots of) "merged")
        (testing "names are those of the source, and a stack begins where the code of users does"
          (is (every? #(re-find #"^parallel\.profile-test/(eval/)?(fn|mixed|eval)" %)
                      (filter #(str/includes? % hot) (mapcat (comp keys val) stacks))))))
      (finally
        (gone ws)))))

(defn wait-in-four-ways []
  (let [never (promise)
        lock  (Object.)]
    (doto (Thread. (fn promised [] @never)) (.setDaemon true) .start)
    (doto (Thread. (fn asleep [] (while true (Thread/sleep 20)))) (.setDaemon true) .start)
    (doto (Thread. (fn monitor [] (locking lock (.wait lock)))) (.setDaemon true) .start)
    (parallel/receive (parallel/parent))))

(deftest waits-say-for-what-and-count-as-long-as-they-take
  (let [w (parallel/run '(wait-in-four-ways))]
    (try
      (is (await-true #(= :receiving (:state (parallel/status w)))))
      (let [two      [(future (profile w 2000)) (future (profile [w] 2000))]
            waits-of (fn [stacks at what]
                       (reduce + 0 (for [[stack n] stacks
                                         :when (and (str/includes? stack at)
                                                    (str/ends-with? stack (str ";[waits: " what "]")))]
                                     n)))]
        (doseq [{:keys [merged workers]} (map deref two)]
          (testing "two at a time"
            (is (= {(id w) merged} workers))
            (doseq [[at what] {"parallel.api/receive" "receive", "promised" "park", "asleep" "sleep",
                               "monitor"              "monitor"}]
              (testing what
                (is (<= 120 (waits-of merged at what) 320) (pr-str merged))))
            (testing "and nothing of threads that wait for work"
              (is (= [] (remove #(re-find #"wait-in-four-ways" %) (keys merged))))))))
      (parallel/send w :end)
      (is (= :end (parallel/join w)))
      (finally
        (gone [w])))))

(deftest an-idle-worker-has-nothing-and-Java-has-the-same
  (let [w (parallel/fork)]
    @(parallel/exec w 1)
    (let [{:keys [merged workers]} (profile w 50)]
      (is (= [(id w)] (keys workers)))
      (is (not-any? #(str/includes? % "[waits: ") (keys merged))))
    (let [^Profile p (within most-ms #(Look/profile (Duration/ofMillis 50) (into-array Worker [w])))]
      (is (= #{(id w)} (set (keys (.workers p))))))
    (is (= {:merged {} :workers {}} (look/profile [] 600000)) "at once")
    (is (= 2 @(parallel/exec w 2)) "it goes on")
    (gone [w])))

;; ---- ends

(deftest workers-that-end-meanwhile-hang-nobody
  (let [ws   (vec (repeatedly 2 #(parallel/run '(mixed 1 0))))
        _    (run! await-running ws)
        told (future (look/profile ws 600000))]
    (signal (first ws) "KILL")
    (parallel/stop (second ws))
    (let [{:keys [workers] :as p} (within most-ms #(deref told))]
      (is (map? p))
      (is (every? (set (map id ws)) (keys workers))))
    (gone ws)))

(deftest what-is-interrupted-ends-and-the-next-one-works
  (let [w    (parallel/run '(mixed 1 0))
        told (promise)
        _    (await-running w)
        ^Thread t (doto (Thread. #(deliver told (try (look/profile w 600000) (catch Throwable e e)))) .start)]
    (is (await-true #(= Thread$State/TIMED_WAITING (.getState t))))
    (.interrupt t)
    (is (instance? InterruptedException (within 60000 #(deref told))))
    (is (= [(id w)] (keys (:workers (profile w 20)))))
    (gone [w])))

(defn- written
  "How long the recorded files of a worker are."
  [w]
  (vec (for [^File session (.listFiles (io/file (System/getProperty "java.io.tmpdir")))
             :when         (str/starts-with? (.getName session) "parallel-")
             ^File file    (file-seq (io/file session (str "recorder-" (.pid ^Worker w))))]
         (.length file))))

(defn- await-written
  "They write once a second what they have recorded: waits until each has done so three times."
  [ws]
  (let [seen (atom {})]
    (is (await-true (fn []
                      (doseq [w ws] (swap! seen update w (fnil conj #{}) (written w)))
                      (every? #(< 3 (count %)) (vals @seen)))
                    120000))))

(deftest what-was-killed-tells-of-its-last-time-where-it-has-recorded
  (let [ws   (vec (repeatedly (if (thorough?) 5 2) #(parallel/run {:flight true :jvm-opts quick-jvm} '(mixed 1 0))))
        done (parallel/run {:flight true :jvm-opts quick-jvm} '(do (dotimes [_ 100] (hot->sin! 1000000)) 7))
        top  (fn [stacks] (some-> (seq stacks) (->> (apply max-key val)) key (str/split #";") last))]
    (run! await-running ws)
    (testing "as one that lives"
      (is (= [(id (first ws))] (keys (:workers (profile (first ws) 20))))))
    (is (= 7 (within most-ms #(parallel/join done))))
    (await-written ws)
    (run! #(signal % "KILL") ws)
    (doseq [w ws]
      (is (= :worker-died (:parallel/error (within 60000 #(error (fn [] (parallel/join w))))))))
    (let [{:keys [workers]} (profile (conj ws done) 5000)]
      (is (= (set (map id (conj ws done))) (set (keys workers))))
      (doseq [[id stacks] workers]
        (is (= "parallel.profile-test/hot->sin!" (top stacks)) (pr-str id stacks))))
    (testing "as often as one asks"
      (is (= (profile ws 1000) (profile ws 1000))))))

(deftest ^:slow nothing-is-left-after-a-close
  (let [program (str '(do (require '[parallel.api :as parallel] '[parallel.look :as look])
                          (let [opts {:flight true :jvm-opts ["-XX:TieredStopAtLevel=1" "-XX:+UseSerialGC"]}
                                ws   [(parallel/fork opts) (parallel/fork {:jvm-opts (:jvm-opts opts)})]
                                mark (str "-" (.pid (java.lang.ProcessHandle/current)) "-")
                                left (fn [] (filterv (fn [f] (.contains (str f) mark))
                                                     (.listFiles (java.io.File.
                                                                   (System/getProperty "java.io.tmpdir")))))]
                            (look/profile ws 20)
                            (println "before" (count (left)))
                            (.waitFor (.start (java.lang.ProcessBuilder. ["kill" "-9" (str (.pid (first ws)))])))
                            (parallel/close)
                            (println "after" (count (left)))
                            (look/profile (parallel/fork opts) 20)
                            (println "again" (count (left)))
                            (System/exit 0))))
        process (.start (doto (ProcessBuilder. ^java.util.List (conj (clojure-main) "-e" program))
                          (.redirectErrorStream true)))
        said    (within most-ms #(slurp (.getInputStream process)))
        left    #(filterv (fn [f] (str/includes? (str f) (str "-" (.pid process) "-")))
                          (.listFiles (io/file (System/getProperty "java.io.tmpdir"))))]
    (is (= ["before 1" "after 0" "again 1"] (filterv #(re-matches #"(before|after|again) \d" %) (str/split-lines said)))
        said)
    (is (await-true #(empty? (left))))))

;; ---- what is refused

(def ^:private without-recorder
  ["--limit-modules" "java.base,java.management,jdk.management,java.sql,jdk.unsupported"])

(deftest a-profile-is-of-processes-here-for-a-time
  (let [thread (parallel/fork {:in :thread})
        ended  (parallel/run {:in :process} 1)
        w      (parallel/fork)
        bare   (parallel/fork {:jvm-opts without-recorder})
        flying {:flight true :jvm-opts without-recorder :err (java.io.StringWriter.)}]
    (parallel/join ended)
    (doseq [[ws ms says] [[nil 1 #"\(profile \.\.\.\) takes a worker or a sequential collection of workers, not "]
                          [3 1 #"takes a worker"]
                          [[w 1] 1 #"takes a worker"]
                          [w nil #"takes a number of milliseconds of 1 or more"]
                          [w 0 #"of 1 or more"]
                          [w -1 #"of 1 or more"]
                          [w 1.5 #"of 1 or more"]
                          [w "1" #"of 1 or more"]
                          [w 10000000000 #"of 1 or more"]
                          [thread 1 #"worker \d+.* is a thread of this process"]
                          [[w thread] 1 #"is a thread of this process"]
                          [ended 1 #"has ended\..* with the option :flight true"]
                          [bare 1 #"needs the module jdk\.jfr, which the Java of worker \d+"]]]
      (testing (pr-str ws ms)
        (let [e (within most-ms #(error (fn [] (look/profile ws ms))))]
          (is (= :bad-argument (:parallel/error e)))
          (is (re-find says (str (:message-of-error e)))))))
    (testing "a worker that is to record and cannot"
      (let [e (within most-ms #(error (fn [] (parallel/join (parallel/run flying 1)))))]
        (is (= :start-failed (:parallel/error e)))
        (is (re-find #"jdk\.jfr" (str (:message-of-error e))))))
    (is (= :bad-argument (:parallel/error (error #(parallel/fork {:flight 1})))))
    (parallel/stop thread)
    (gone [w bare])))

;; ---- the graph

(defn- with-file [f]
  (let [directory (Files/createTempDirectory "parallel-profile" (make-array FileAttribute 0))
        path      (str (.resolve ^Path directory "flame.svg"))]
    (try
      (f path)
      (finally
        (run! #(.delete ^File %) (reverse (file-seq (.toFile ^Path directory))))))))

(defn- elements [svg tag]
  (let [factory (DocumentBuilderFactory/newInstance)
        nodes   (.getElementsByTagName (.parse (.newDocumentBuilder factory) (InputSource. (StringReader. svg))) tag)]
    (mapv #(.getTextContent (.item nodes %)) (range (.getLength nodes)))))

(def ^:private hostile "</script><script>x()</script>]]><!-- & \"' \u0000\ud800 https://evil.example/x.js")

(deftest a-flame-graph-is-one-file-whose-texts-are-texts
  (with-file
    (fn [path]
      (let [stacks {"a;b" 70, "a;c" 29, "a;c;[waits: receive]" 1, hostile 3}]
        (is (= path (look/flame! path {:merged stacks :workers {}})))
        (let [svg    (slurp path)
              titles (elements svg "title")]
          (is (= ["all (103 samples, 100.00 %)" "a (100 samples, 97.09 %)" "b (70 samples, 67.96 %)"]
                 (filterv #(re-find #"^(all|a|b) \(" %) titles)))
          (is (some #(str/includes? % "</script><script>x()</script>]]>") titles) "as text")
          (is (= 1 (count (elements svg "script"))))
          (is (= 1 (count (re-seq #"<script" svg)) (count (re-seq #"</script" svg))))
          (is (= ["http://www.w3.org/2000/svg" "https://evil.example/x.js"]
                 (sort (distinct (re-seq #"https?://[^\s\"<)]+" svg))))
              "the name of XML's namespace, and the text of a frame")
          (is (not (re-find #"(?i)\bhref|\bsrc=|url\(|@import|innerHTML|\beval\(" svg)))))
      (testing "of one worker, and of nothing"
        (look/flame! path {"x" 1})
        (is (= ["all (1 samples, 100.00 %)" "x (1 samples, 100.00 %)"] (elements (slurp path) "title")))
        (look/flame! path {:merged {} :workers {}})
        (is (= ["all (0 samples, 100.00 %)"] (elements (slurp path) "title")))))))

(deftest a-report-has-the-flame-graph-of-the-last-profile
  (let [w (parallel/fork)]
    (try
      (let [{:keys [merged]} (profile w 50)
            stacks           {"a;</script><script>x()</script>" 3}
            flame            #(with-file
                                (fn [path]
                                  (look/report! path)
                                  (let [html (slurp path)]
                                    (is (not (re-find #"(?i)https?:|innerHTML" html)) "no URL")
                                    (is (= 2 (count (re-seq #"(?i)<script" html))))
                                    (is (= 2 (count (re-seq #"(?i)</script" html))))
                                    (re-find #"\d+ samples of 10 ms" html))))]
        (is (= (str (reduce + 0 (vals merged)) " samples of 10 ms") (flame)))
        (testing "whatever its frames are called"
          (ReportFile/profiled stacks)
          (is (= "3 samples of 10 ms" (flame)))))
      (finally
        (ReportFile/profiled nil)
        (gone [w])))))

(deftest a-flame-graph-stays-below-500-kB
  (with-file
    (fn [path]
      (let [random (java.util.Random. 1)
            stack  #(str/join ";" (repeatedly 60 (fn [] (str "some.name.space-" (.nextInt random 4) "/function"))))]
        (look/flame! path {:merged (into {} (repeatedly 20000 (fn [] [(stack) 1])))})
        (is (< 50000 (.length (io/file path)) 500000))
        (is (< 100 (count (elements (slurp path) "title"))))
        (look/flame! path {:merged {(str/join ";" (repeat 3000 (apply str (repeat 300 "x")))) 5}})
        (is (< (.length (io/file path)) 500000) "one that is deep")))))

(deftest a-flame-graph-is-of-stacks-and-numbers
  (doseq [wrong [nil 3 "a;b" [] {"a" -1} {"a" 1.5} {"a" nil} {:a 1} {:merged nil} {:merged {"a" "b"}}]]
    (testing (pr-str wrong)
      (let [e (error #(look/flame! "flame.svg" wrong))]
        (is (= :bad-argument (:parallel/error e)))
        (is (re-find #"\(flame! \.\.\.\) takes what profile returns, or a map of stacks"
                     (str (:message-of-error e)))))))
  (doseq [[path says] [[nil #"takes the path of the file"] ["/no/such/directory/x.svg" #"there is no directory"]
                       ["/" #"is a directory"]]]
    (let [e (error #(look/flame! path {}))]
      (is (= :bad-argument (:parallel/error e)))
      (is (re-find says (str (:message-of-error e)))))))
