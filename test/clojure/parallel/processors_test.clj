(ns parallel.processors-test
  "Workers that may use some of the processors only, and that are nice."
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.api :as parallel]
            [parallel.support :refer [await-true error error-kind quick-jvm]])
  (:import [java.nio.file Files Path]
           [parallel WorkerOptions]
           [parallel.process Processors]))

(def ^:private allowed "The processors of these tests." (vec (Processors/allowed)))

(def ^:private masks
  "A form: the masks of all threads of the process, how many processors its JVM counts, and how nice it is."
  '(let [text  (fn [path]
                 (String. (java.nio.file.Files/readAllBytes (java.nio.file.Path/of path (make-array String 0)))))
         mask  (fn [task]
                 (second (re-find #"Cpus_allowed_list:\s*(\S+)" (text (str "/proc/self/task/" task "/status")))))
         after (second (clojure.string/split (text "/proc/self/stat") #"\) "))]
     {:masks (into #{} (map mask) (.list (java.io.File. "/proc/self/task")))
      :count (.availableProcessors (Runtime/getRuntime))
      :nice  (parse-long (nth (clojure.string/split after #" ") 16))}))

(defn- seen [opts]
  @(parallel/run (merge {:jvm-opts quick-jvm} opts) (list 'do '(require 'clojure.string) masks)))

(defn- nice-here []
  (-> (String. (Files/readAllBytes (Path/of "/proc/self/stat" (make-array String 0))))
      (str/split #"\) ") second (str/split #" ") (nth 16) parse-long))

(deftest every-thread-of-a-worker-keeps-to-its-processors
  (let [one (peek allowed)]
    (is (= {:masks #{(str one)} :count 1} (dissoc (seen {:cpus [one]}) :nice))))
  (testing "all, without the option"
    (is (= (count allowed) (:count (seen {}))))))

(deftest each-worker-gets-another-where-each-is-to-have-one
  (let [ws (parallel/fork {:cpus :one-each :jvm-opts quick-jvm} (count allowed))]
    (try
      (is (= (set (map str allowed))
             (set (mapcat (comp :masks deref) (parallel/exec ws (list 'do '(require 'clojure.string) masks))))))
      (finally
        (parallel/stop ws)))))

(deftest status-shows-both
  (let [shown (fn [opts] ((juxt :cpus :nice) (parallel/status (parallel/run (merge {:jvm-opts quick-jvm} opts) 1))))
        all   (Processors/ranges (shuffle allowed))]
    (is (= [nil 0] (shown {})))
    (is (= [[(peek allowed)] 3] (shown {:cpus [(peek allowed)] :nice 3})))
    (is (= [nil nil] (shown {:in :thread :nice 3})))
    (is (= allowed (Processors/numbers all)))
    (is (= "0-3,8,10-11" (Processors/ranges (map int [8 0 11 2 1 3 10 3]))))
    (testing "of one that was dealt out, and after its end"
      (let [w (parallel/run {:cpus :one-each :jvm-opts quick-jvm} 1)]
        (parallel/join w)
        (is (some #{(:cpus (parallel/status w))} (map vector allowed)))))
    (testing "of a worker of a worker"
      (let [w (parallel/run {:jvm-opts quick-jvm}
                            (list 'do (list 'parallel/fork {:cpus [(first allowed)] :nice 2 :jvm-opts quick-jvm})
                                  '(parallel/receive (parallel/parent))))]
        (try
          (is (await-true #(= [[(first allowed)] 2] ((juxt :cpus :nice) (second (parallel/status))))))
          (finally
            (parallel/stop w)))))))

(deftest how-nice-it-is-comes-on-top-of-this-process-s
  (is (= (min 19 (+ 5 (nice-here))) (:nice (seen {:nice 5}))))
  (is (= (nice-here) (:nice (seen {}))))
  (is (= [(min 19 (+ 3 (nice-here))) 1] ((juxt :nice :count) (seen {:nice 3 :cpus [(first allowed)]})))))

(deftest a-spare-of-other-processors-is-not-taken
  (try
    (parallel/warm {:jvm-opts quick-jvm} 1)
    (is (await-true #(= [:idle] (map :state (parallel/spares)))))
    (is (= #{(str (first allowed))} (:masks (seen {:cpus [(first allowed)]}))))
    (finally
      (parallel/warm 0))))

(deftest bad-input-is-refused-with-what-is-allowed
  (doseq [cpus [[] [-1] "0" [:a] 0 nil [0.5] :each]]
    (is (= :bad-argument (error-kind #(parallel/run {:cpus cpus} 1))) cpus))
  (let [e (error #(parallel/run {:cpus [4095]} 1))]
    (is (= :bad-argument (:parallel/error e)))
    (is (str/includes? (:message-of-error e) (str/join ", " allowed)) "which there are"))
  (doseq [nice [-1 20 "5" nil 1.5]]
    (is (= :bad-argument (error-kind #(parallel/run {:nice nice} 1))) nice))
  (testing "from Java"
    (is (thrown-with-msg? parallel.ParallelException #"list of numbers" (.cpus (WorkerOptions/builder) [])))
    (is (thrown-with-msg? parallel.ParallelException #"from 0 to 19" (.nice (WorkerOptions/builder) 20)))))

(deftest where-the-system-has-no-command-for-it-the-start-fails
  (let [e (error #(parallel/join (parallel/run {:cpus [(first allowed)] :env {"PATH" "/nowhere"}} 1)))]
    (is (= :start-failed (:parallel/error e)))
    (is (str/includes? (:message-of-error e) "taskset"))))
