(ns ^:jvm parallel.shared-memory-test
  "Shared memory that is missing, full or too small: real small file systems over /dev/shm and the temp dir, in a mount
  namespace of the test's own, with a root JVM in it. Where no such namespace may be made, a limit on the size of files
  stands in, and the test says so."
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is testing]])
  (:import [java.io File]
           [java.nio.file Files]
           [java.nio.file.attribute FileAttribute]
           [java.util.concurrent TimeUnit]))

(def ^:private without-clojure
  (->> (str/split (System/getProperty "java.class.path") (re-pattern File/pathSeparator))
       (filter #(re-find #"agrona|classes" %))
       (map #(.getAbsolutePath (File. ^String %)))
       (str/join File/pathSeparator)))

(def ^:private java-command (str (System/getProperty "java.home") "/bin/java"))

(defn- run-process
  "Runs a command to its end; its exit code and the lines of its output, both streams together."
  [command]
  (let [out (File/createTempFile "squeezed" ".txt")
        builder (doto (ProcessBuilder. ^java.util.List command)
                  (.redirectErrorStream true)
                  (.redirectOutput out))
        _ (.remove (.environment builder) "XDG_RUNTIME_DIR")
        process (.start builder)]
    (try
      (when-not (.waitFor process 120 TimeUnit/SECONDS)
        (.destroyForcibly process))
      {:exit (.waitFor process) :lines (remove str/blank? (str/split-lines (slurp out)))}
      (finally
        (.delete out)))))

(defn- permitted? [unshare]
  (try
    (zero? (:exit (run-process (into unshare ["sh" "-c" "mount -t tmpfs -o size=1m tmpfs /dev/shm"]))))
    (catch java.io.IOException _ false)))

(def ^:private namespaces
  "The ways to a mount namespace of one's own that this machine permits: as root, and as anybody."
  (delay (filterv permitted? [["unshare" "-m"] ["unshare" "-r" "-m"]])))

(defn- script
  "Prepares the file systems, runs the root over the steps, and lists what is left: all of the temp dir, and of
  /dev/shm, which may be everybody's, what has the root's pid in its name."
  [prepare steps]
  (str/join "\n" [prepare
                  (str java-command " -XX:-UsePerfData -Djava.io.tmpdir=$TMP -cp '" without-clojure
                       "' parallel.example.Squeezed " (str/join " " steps) " & root=$!")
                  "wait $root; echo exit $?"
                  "rm -f $TMP/filler"
                  "for f in $(ls -A $TMP) $(ls -A /dev/shm | grep -e \"-$root-\"); do echo left $f; done"]))

(defn- squeezed
  "The lines of a root that takes the steps where `prepare` has run. $TMP is its temp dir."
  [unshare prepare & steps]
  (let [tmp (.toFile (Files/createTempDirectory "s" (make-array FileAttribute 0)))]
    (try
      (:lines (run-process (into (vec unshare) ["bash" "-c" (str "TMP=" tmp "\n" (script prepare steps))])))
      (finally
        (run! #(.delete ^File %) (reverse (file-seq tmp)))))))

(defn- said [lines step]
  (some #(when (str/starts-with? % (str step " ")) (subs % (inc (count step)))) lines))

(defn- clean-end? [lines]
  (and (is (some #{"end"} lines) lines)
       (is (= "0" (said lines "exit")) lines)
       (is (nil? (said lines "left")) lines)))

(defn- warnings [lines]
  (filter #(str/includes? % "files of this session are made in") lines))

(defn- limited
  "A limit of 4 MiB on the size of files, in the shell's blocks of 1 KiB."
  []
  (squeezed [] "ulimit -f 4096" "run:8388608" "run:8192"))

(defn- in-namespace
  "Calls f with the way to a mount namespace; without one, holds what can be held without."
  [f]
  (if-let [unshare (first @namespaces)]
    (f unshare)
    (let [lines (limited)]
      (println "No mount namespace may be made here: a limit on the size of files stands in for a small /dev/shm.")
      (is (re-find #"START_FAILED" (said lines "run")))
      (clean-end? lines))))

(def ^:private without-shm
  "d=$(mktemp -d -p $TMP); mount -t tmpfs -o mode=755 tmpfs $d
   for f in null zero random urandom; do touch $d/$f; mount --bind /dev/$f $d/$f; done
   ln -s /proc/self/fd $d/fd; mount --move $d /dev; rmdir $d")

(deftest a-shared-memory-that-cannot-be-used-is-replaced-by-the-temp-dir
  (in-namespace
    (fn [unshare]
      (doseq [[why prepare reason] [["absent" without-shm #"/dev/shm does not exist: files"]
                                    ["read-only" "mount -t tmpfs -o ro,size=64m tmpfs /dev/shm"
                                     #"/dev/shm is not writable: files"]
                                    ["without an inode" "mount -t tmpfs -o size=64m,nr_inodes=1 tmpfs /dev/shm"
                                     #"/dev/shm takes no directory .*No space left"]
                                    ["of 1 MiB" "mount -t tmpfs -o size=1m tmpfs /dev/shm"
                                     (re-pattern (str #"/dev/shm has no room \(1 of 1 MiB free\): "
                                                      #"files of this session are made in \S+ "
                                                      #"\(\d+ of \d+ MiB free\).*--shm-size"))]]]
        (testing why
          (let [lines (squeezed unshare prepare "run:1048576")]
            (is (= "ran" (said lines "run")) lines)
            (is (= 1 (count (warnings lines))) lines)
            (is (re-find reason (str (first (warnings lines)))) lines)
            (clean-end? lines)))))))

(deftest rings-that-do-not-fit-go-to-the-temp-dir-or-fail-with-the-sizes-and-nothing-else-does
  (in-namespace
    (fn [unshare]
      (let [lines (squeezed unshare "mount -t tmpfs -o size=12m tmpfs /dev/shm; mount -t tmpfs -o size=24m tmpfs $TMP"
                            "run:8388608" "keep" "fill:/dev/shm" "nested" "talk" "run:16777216" "fill:$TMP"
                            "run:1048576" "talk" "empty:/dev/shm" "run:1048576")
            [large larger none again] (keep #(second (re-matches #"run (.*)" %)) lines)]
        (is (= "ran" large) lines)
        (is (re-find #"/dev/shm has no room for 17 MiB \(\d+ of 12 MiB free\): .*--shm-size"
                     (str (first (warnings lines))))
            lines)
        (testing "full between two workers"
          (is (= "up" (said lines "keep")))
          (is (= "ran" (said lines "nested")) lines)
          (is (= 2 (count (warnings lines))) "one line of the root, one of the worker that started a worker"))
        (testing "the temp dir cannot hold it either"
          (doseq [failed [larger none]]
            (is (re-find (re-pattern (str #"START_FAILED .*No room in /dev/shm\S+: \d+ bytes are needed, "
                                          #"\d+ are usable\. No room in \S+: \d+ bytes are needed, \d+ are usable\. "
                                          #".*--shm-size"))
                         (str failed))
                lines)
            (is (re-find #" \[#parallel/worker\{:id 2 [^\[]*\]$" (str failed))
                "the one that is kept is the only child")))
        (is (= ["talk talked" "talk talked"] (filter #(str/starts-with? % "talk") lines))
            "full file systems harm no ring that exists")
        (is (= "ran" again) "there is room again")
        (clean-end? lines)))))

(deftest a-user-namespace-is-enough
  (if-let [unshare (some #{["unshare" "-r" "-m"]} @namespaces)]
    (let [lines (squeezed unshare "mount -t tmpfs -o size=2m tmpfs /dev/shm" "run:8192")]
      (is (= "ran" (said lines "run")) lines)
      (clean-end? lines))
    (do (println "No user namespace may be made here: the other tests of shared memory did what is permitted.")
        (is (some? @namespaces)))))

(deftest a-file-that-cannot-be-written-though-there-is-room-fails-the-start-with-the-systems-word
  (let [lines (limited)
        [large small] (keep #(second (re-matches #"run (.*)" %)) lines)]
    (is (re-find #"START_FAILED .*No room in \S+: 16\d+ bytes are needed, \d+ are usable: File too large\." (str large))
        lines)
    (is (= "ran" small) lines)
    (clean-end? lines)))

(def ^:private little-is-left
  "Fills shared memory but for a megabyte, and says what is wrong, before and after what mends it was evaluated."
  '(do
     (require '[parallel.api :as parallel] '[parallel.look :as look])
     (let [until-true (fn [f] (loop [n 0] (or (f) (when (< n 1200) (Thread/sleep 50) (recur (inc n))))))
           found      (fn [] (mapv (juxt :finding :do) (look/diagnose)))
           shm        (java.io.File. "/dev/shm")]
       (parallel/warm 2)
       (until-true (fn [] (= [:idle :idle] (map :state (parallel/spares)))))
       (with-open [out (java.io.FileOutputStream. (java.io.File. shm "filler"))]
         (while (< 1048576 (.getUsableSpace shm))
           (.write out (byte-array 65536))))
       (let [[[_ mend] :as before] (found)]
         (prn before)
         (eval mend)
         (prn (until-true (fn [] (empty? (found))))))
       (parallel/close)
       (shutdown-agents))))

(deftest little-shared-memory-is-diagnosed-and-mended
  (in-namespace
    (fn [unshare]
      (let [{:keys [exit lines]}
            (run-process (into (vec unshare)
                               ["sh" "-c" "mount -t tmpfs -o size=64m tmpfs /dev/shm && exec \"$@\"" "sh" java-command
                                "-cp" (System/getProperty "java.class.path") "clojure.main" "-e"
                                (pr-str little-is-left)]))]
        (is (= [0 ["[[:shm-low (parallel.api/warm 0)]]" "true"]] [exit lines]))))))
