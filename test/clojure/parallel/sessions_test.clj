(ns ^:jvm parallel.sessions-test
  "Sessions of one user beside each other in the same /dev/shm: each uses and removes its own, and what dead ones left."
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.api :as parallel]
            [parallel.support :refer [await-true within]])
  (:import [java.io BufferedReader File InputStreamReader]
           [java.lang ProcessBuilder$Redirect ProcessHandle]
           [java.nio.file Files Path]
           [java.util.concurrent TimeUnit]))

(def ^:private without-clojure
  (->> (str/split (System/getProperty "java.class.path") (re-pattern File/pathSeparator))
       (filter #(re-find #"agrona|classes" %))
       (str/join File/pathSeparator)))

(defn- start-root
  "A root that takes the steps of parallel.example.Squeezed: its process and a reader of its lines."
  [prefix & steps]
  (let [process (-> (ProcessBuilder. ^java.util.List (vec (concat prefix
                                                                  [(str (System/getProperty "java.home") "/bin/java")
                                                                   "-XX:-UsePerfData" "-cp" without-clojure
                                                                  "parallel.example.Squeezed"] steps)))
                    (.redirectError ProcessBuilder$Redirect/INHERIT)
                    .start)]
    {:process process :reader (BufferedReader. (InputStreamReader. (.getInputStream process)))}))

(defn- next-line [{:keys [^BufferedReader reader]}]
  (within 60000 #(.readLine reader)))

(defn- go-on [{:keys [^Process process]}]
  (doto (.getOutputStream process) (.write 10) .flush))

(defn- ended? [{:keys [^Process process]}]
  (and (.waitFor process 60 TimeUnit/SECONDS) (zero? (.exitValue process))))

(defn- directories
  "The session directories in /dev/shm."
  []
  (into #{} (filter #(str/starts-with? % "parallel-")) (.list (File. "/dev/shm"))))

(defn- of-root [{:keys [^Process process]}]
  (filter #(str/includes? % (str "-" (.pid process) "-")) (directories)))

(defn- ours
  "Those of this JVM, which has a session then."
  []
  (is (= 3 @(parallel/run {:in :thread} '(+ 1 2))))
  (vec (filter #(str/includes? % (str "-" (.pid (ProcessHandle/current)) "-")) (directories))))

(defn- of-namespace
  "Those of a root in a pid namespace of its own, which the names tell by its inode."
  [{:keys [^Process process]}]
  (let [root (.get (.findFirst (.children process)))
        inode (re-find #"\d+"
                       (str (Files/readSymbolicLink (Path/of (str "/proc/" (.pid ^ProcessHandle root) "/ns/pid")
                                                             (make-array String 0)))))]
    (vec (filter #(str/includes? % (str "-" inode "-")) (directories)))))

(defn- kill-all
  "kill -9 of a root and its workers in one go."
  [{:keys [^Process process]}]
  (let [pids (map #(str (.pid ^ProcessHandle %))
                  (cons (.toHandle process) (iterator-seq (.iterator (.descendants process)))))]
    (.waitFor (.start (ProcessBuilder. ^java.util.List (into ["kill" "-9"] pids))))
    (.waitFor process)))

(deftest sessions-beside-each-other-keep-to-their-own
  (let [ours (ours)
        [dies lives] (doall (repeatedly 2 #(start-root [] "keep" "wait" "talk")))]
    (try
      (is (= ["keep up" "keep up"] (mapv next-line [dies lives])))
      (is (= [1 1 1] (map count [ours (of-root dies) (of-root lives)])))
      (kill-all dies)
      (is (= 1 (count (of-root dies))) "nobody was left to remove it")
      (let [later (start-root [] "run:8192")]
        (is (= ["run ran" "end"] (mapv next-line [later later])))
        (is (empty? (of-root dies)) "the next session did")
        (is (= 1 (count (of-root lives))) "and left that of the living one")
        (is (ended? later))
        (is (empty? (of-root later))))
      (is (= ours (filter (directories) ours)))
      (go-on lives)
      (is (= ["wait over" "talk talked" "end"] (repeatedly 3 #(next-line lives))))
      (is (ended? lives))
      (is (empty? (of-root lives)))
      (finally
        (run! #(.destroyForcibly ^Process (:process %)) [dies lives])))))

(def ^:private pid-namespace
  ["unshare" "-r" "-m" "-p" "-f" "--mount-proc" "--kill-child"])

(defn- permitted? []
  (try (zero? (.waitFor (.start (ProcessBuilder. ^java.util.List (conj pid-namespace "true")))))
       (catch java.io.IOException _ false)))

(deftest a-session-of-another-pid-namespace-is-left-alone
  (if-not (permitted?)
    (do (println "No pid namespace may be made here: session-directory-test holds the rule by names alone.")
        (is (not (permitted?))))
    (let [ours (ours)
          inside (start-root pid-namespace "keep" "wait" "talk")]
      (try
        (is (= "keep up" (next-line inside)))
        (let [its (of-namespace inside)
              pid (parse-long (nth (str/split (str (first its)) #"-") 2))]
          (is (= 1 (count its)))
          (is (not= (.pid ^Process (:process inside)) pid) "its pid means nothing here")
          (is (= ours (filter (directories) ours))
              "the session inside has not swept ours, which by their pids are dead there")
          (testing "and is not swept by a session here"
            (let [later (start-root [] "run:8192")]
              (is (= ["run ran" "end"] (mapv next-line [later later])))
              (is (ended? later)))
            (is (= its (filter (directories) its))))
          (go-on inside)
          (is (= ["wait over" "talk talked" "end"] (repeatedly 3 #(next-line inside))))
          (is (ended? inside))
          (is (await-true #(not-any? (directories) its) 5000)))
        (finally
          (.destroyForcibly ^Process (:process inside)))))))
