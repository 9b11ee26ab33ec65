(ns ^:jvm parallel.pages-test
  "Nothing that is read from a page is trusted, nothing is left by whoever is killed in between, and a place that is
  taken away or full is passed over."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.api :as parallel]
            [parallel.crash :as crash]
            [parallel.root :as root]
            [parallel.shared]
            [parallel.support :refer [await-true error thorough? within]])
  (:import [java.io File]))

(defn- directories-of [pid]
  (for [base ["/dev/shm" (System/getProperty "java.io.tmpdir")]
        ^File f (.listFiles (io/file base))
        :when (re-find (re-pattern (str "^parallel-\\d+-" pid "-")) (.getName f))]
    f))

(deftest ^:once ^{:deadline-s 240} a-session-whose-directory-is-removed-makes-it-again
  (let [{:keys [said left]}
        (apply root/run {}
               (concat root/prelude
                       '[(require '[parallel.shared :as s])
                         (def w
                           (p/run '(loop []
                                     (parallel/send (parallel/parent) (parallel/receive (parallel/parent)))
                                     (recur))))
                         (p/send w 1) (p/receive w)
                         (def d
                           (let [pid (.pid (java.lang.ProcessHandle/current))]
                             (first (filter #(re-find (re-pattern (str "^parallel-\\d+-" pid "-"))
                                                      (.getName ^java.io.File %))
                                            (.listFiles (java.io.File. "/dev/shm"))))))
                         (println "removed" (.delete ^java.io.File d))
                         (p/send w 2)
                         (println "echo" (outcome (p/receive w)) "run" (outcome @(p/run '(+ 1 2))) "shared"
                                  (outcome (count (s/shared :double 10)))
                                  "thread" (outcome @(p/run {:in :thread} '(+ 1 2))) "closed" (outcome (p/close))
                                  "again" (outcome @(p/run '(+ 1 2))))
                         (System/exit 0)]))]
    (is (= ["removed true" "echo 2 run 3 shared 10 thread 3 closed nil again 3"]
           (filter #(re-find #"^(removed|echo)" %) said)))
    (is (empty? left))))

(def ^:private vandal
  "Forms of a root that has its own pages overwritten at random, while it makes calls."
  '[(def pages (vec (for [f (.listFiles (java.io.File. "/proc/self/fd"))
                          :let [l (try (str (java.nio.file.Files/readSymbolicLink (.toPath ^java.io.File f)))
                                       (catch Exception _ ""))]
                          :when (re-find #"/(session|pair)-" l)]
                      f)))
    (def writing (atom true))
    (def writer
      (future
        (while @writing
          (with-open [page (java.io.RandomAccessFile. ^java.io.File (pages (.nextInt r (count pages))) "rw")]
            (dotimes [_ 20]
              (.seek page (long (.nextInt r (int (min 300000 (.length page))))))
              (if (zero? (.nextInt r 2))
                (.writeLong page (.nextLong r))
                (.write page (byte-array [(.nextInt r 4) 0 0 0 (.nextInt r 4) 0 0 0]))))))))])

(deftest ^{:deadline-s 280} random-bytes-in-pages-neither-hang-a-call-nor-end-the-JVM
  (let [seed (rand-int 1000000)
        {:keys [said]}
        (apply root/run {}
               (concat root/prelude
                       [(list 'def 'r (list 'java.util.Random. seed))]
                       '[(def ws
                           (vec (repeatedly 2
                                            #(p/run '(do (parallel/send (parallel/parent) :up)
                                                         (parallel/receive (parallel/parent)))))))
                         (run! p/receive ws)]
                       vandal
                       [(list 'def 'end (list '+ '(System/nanoTime) (if (thorough?) 8000000000 3000000000)))]
                       '[
                         (def calls (atom {}))
                         (while (< (System/nanoTime) end)
                           (doseq [[what f] {:status #(count (p/status)) :of #(:state (p/status (first ws)))
                                             :children #(count (p/children))
                                             :run #(p/join (p/run {:in :thread} '(+ 1 2)) 20000 :late)
                                             :try #(p/try-receive (first ws) nil)}]
                             (swap! calls update (if (= :hangs (outcome (f))) [what :hangs] :ended) (fnil inc 0))))
                         (reset! writing false)
                         (println "calls" (keys @calls))
                         (println "killed" (outcome (p/kill ws)) (outcome (p/close)))
                         (System/exit 0)]))]
    (is (= "calls (:ended)" (first (filter #(str/starts-with? % "calls") said)))
        (str "seed " seed "\n" (str/join "\n" (take-last 10 said))))
    (is (some #(re-find #"^killed" %) said) (str "seed " seed))))

(deftest ^{:deadline-s 240} a-slot-that-is-its-own-parent-ends-no-call-s-way
  (let [{:keys [said]}
        (apply root/run {}
               (concat root/prelude
                       '[(def form '(let [_    (parallel/receive (parallel/parent))
                                          pid  (.. java.lang.ProcessHandle current parent get pid)
                                          page (first (for [f (.listFiles (java.io.File. (str "/proc/" pid "/fd")))
                                                            :let [l (try (str (java.nio.file.Files/readSymbolicLink
                                                                               (.toPath f)))
                                                                         (catch Exception e ""))]
                                                            :when (.contains l "/session-")]
                                                        f))
                                          r    (java.io.RandomAccessFile. ^java.io.File page "rw")]
                                      (.seek r (+ 4096 512 8)) (.write r (byte-array [1 0 0 0 1 0 0 0]))
                                      :written))
                         (def w (p/run form))
                         (def w2
                           (p/run '(do (parallel/send (parallel/parent) :up) (parallel/receive (parallel/parent)))))
                         (p/receive w2) (p/send w :go)
                         (println "join" (outcome (p/join w)) (outcome (count (p/status))))
                         (println "close" (outcome (p/close)))
                         (System/exit 0)]))]
    (is (some #(re-find #"^join :written \d" %) said) (str/join "\n" said))
    (is (some #{"close nil"} said))))

(deftest ^{:deadline-s 120} a-worker-that-is-killed-while-it-makes-an-array-leaves-no-file
  (dotimes [_ 3]
    (let [w (parallel/run {:max-heap "64m"} '(do (require 'parallel.shared) (parallel/send (parallel/parent) :now)
                                                 (parallel.shared/shared :byte 300000000)))]
      (parallel/receive w)
      (let [dir (first (directories-of (.pid (java.lang.ProcessHandle/current))))
            named #(filter (fn [^File f] (str/starts-with? (.getName f) "array-")) (.listFiles ^File dir))]
        (parallel/kill w)
        (is (= :worker-died (:parallel/error (error #(parallel/join w)))))
        (is (empty? (named)))))))

(deftest ^{:deadline-s 60} the-end-of-a-worker-takes-away-what-still-has-its-name
  (let [w    (parallel/run '(do (parallel/send (parallel/parent) (.pid (java.lang.ProcessHandle/current)))
                                (parallel/receive (parallel/parent))))
        dir  (first (directories-of (.pid (java.lang.ProcessHandle/current))))
        left (doto (io/file dir (str "array-" (parallel/receive w) "-77")) (spit ""))]
    (parallel/kill w)
    (is (= :worker-died (:parallel/error (error #(parallel/join w)))))
    (is (not (.exists left)))))

(defn- as-root? []
  (= "root" (System/getProperty "user.name")))

(deftest ^:once ^{:deadline-s 240} without-inodes-in-shared-memory-the-temp-dir-is-used
  (if-not (as-root?)
    (is (not (as-root?)) "a /dev/shm of one's own takes root")
    (doseq [inodes [2 4]]
      (let [{:keys [said]}
            (apply root/run
                   {:shell (str "unshare -m sh -c 'mount -t tmpfs -o size=100m,nr_inodes=" inodes
                                " x /dev/shm && exec \"$@\"' sh \"$@\"")}
                   (concat root/prelude
                           '[(println "values" (outcome (mapv deref (mapv (fn [i] (p/run '(fn [i] i) i)) (range 3)))))
                             (System/exit 0)]))]
        (is (some #{"values [0 1 2]"} said) (str/join "\n" said))))))

(deftest ^{:deadline-s 240} where-nothing-can-be-made-sharing-is-refused-with-a-sentence
  (if-not (as-root?)
    (is (not (as-root?)) "a /dev/shm of one's own takes root")
    (let [{:keys [said]}
          (apply root/run {:jvm-opts ["-Djava.io.tmpdir=/nonexistent"]
                           :shell "unshare -m sh -c 'mount -t tmpfs -o ro x /dev/shm && exec \"$@\"' sh \"$@\""}
                 (concat root/prelude '[(require 'parallel.shared)
                                        (println "shared" (first (outcome (parallel.shared/shared :double 10))) "run"
                                                 (first (outcome @(p/run 1))))
                                        (System/exit 0)]))]
      (is (some #{"shared :bad-argument run :start-failed"} said) (str/join "\n" said)))))

(deftest ^:once ^{:deadline-s 240} a-root-that-is-killed-while-its-workers-boot-leaves-no-directory
  (doseq [signal ["KILL" "TERM"]
          _ (range (if (thorough?) 4 2))]
    (let [root (root/start {} '[(require '[parallel.api :as p])
                                (def ws (vec (repeatedly 2 #(p/run '(parallel/receive (parallel/parent))))))
                                (p/join ws)])
          pid  (.pid root)]
      (try
        (is (await-true #(.isPresent (.findAny (.descendants root))) 60000))
        (Thread/sleep (rand-int 700))       ; a moment of the boot
        (crash/signal pid signal)
        (is (await-true #(empty? (directories-of pid)) 20000) signal)
        (finally
          (.destroyForcibly root))))))

(deftest what-the-JVM-says-on-stdout-when-it-cannot-start-is-in-the-error
  (let [e (error #(within 60000 (fn [] @(parallel/run {:jvm-opts ["-XX:+UseG1GC" "-XX:+UseSerialGC"]} 1))))]
    (is (= :start-failed (:parallel/error e)))
    (is (re-find #"(?i)multiple garbage collectors" (:message-of-error e)))
    (is (some #(re-find #"(?i)multiple garbage collectors" %) (:stderr-tail e)))))

(deftest ^{:deadline-s 240} a-start-cache-is-used-only-where-nobody-else-can-write
  (let [dir   (crash/temporary)
        found (fn [path]
                (last (:said (apply root/run {:env {"PARALLEL_CACHE" (str path)}}
                                    '[(println (.isPresent (parallel.process.StartCache/find
                                                              (parallel.place.Bases/ofThisJvm)))) (System/exit 0)]))))
        open  (io/file dir "open")]
    (try
      (is (= "true" (found (io/file dir "own"))))
      (testing "a link"
        (java.nio.file.Files/createSymbolicLink (.toPath (io/file dir "link")) (.toPath (io/file dir "own"))
                                                (make-array java.nio.file.attribute.FileAttribute 0))
        (is (= "false" (found (io/file dir "link")))))
      (testing "below a directory that all may write"
        (.mkdirs (io/file open "mine"))
        (.setWritable open true false)
        (is (= "false" (found (io/file open "mine")))))
      (finally
        (crash/delete dir)))))
