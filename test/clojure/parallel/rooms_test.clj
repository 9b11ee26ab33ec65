(ns ^:once parallel.rooms-test
  "Which room may know which, read from the compiled classes."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing]])
  (:import [java.io PrintWriter StringWriter]
           [java.util.spi ToolProvider]))

(def ^:private jdk #"(java|javax|jdk)\..*")
(def ^:private agrona #"org\.agrona\..*")

(defn- room
  "The classes of a room: its package, without those below it."
  [package]
  (re-pattern (str (str/replace package "." "\\.") "\\.[^.]+")))

(def ^:private transport-for-codec
  "What of transport the codec may know: how bytes are handed over, and how Agrona is opened."
  #"parallel\.transport\.(Payload|Assembly|Reader|Abandonable|Agrona)")

(def ^:private allowed
  "Room to what its classes may use, besides the JDK and the room itself."
  {"parallel.transport" [agrona]
   "parallel.codec"     [agrona transport-for-codec]
   "parallel.process"   []
   "parallel"           []
   "parallel.runtime"   (map room ["parallel" "parallel.transport" "parallel.codec" "parallel.process"])
   "parallel.shared"    (map room ["parallel" "parallel.runtime" "parallel.codec" "parallel.process"])
   "parallel.child"     (map room ["parallel" "parallel.runtime" "parallel.transport" "parallel.codec" "parallel.process"])
   "parallel.pool"      (map room ["parallel" "parallel.runtime" "parallel.codec"])
   "parallel.clojure"   (conj (map room ["parallel" "parallel.runtime" "parallel.codec" "parallel.pool" "parallel.shared"]) #"clojure\.lang\..*")})

(def ^:private doors
  "Classes that may use more than their room."
  {"parallel.Parallel"      [(room "parallel.runtime")]
   "parallel.SharedArray"   [(room "parallel.shared")]
   "parallel.SharedBarrier" [(room "parallel.shared")]
   "parallel.SharedCounter" [(room "parallel.shared")]
   "parallel.SharedLatch"   [(room "parallel.shared")]
   "parallel.SharedLock"    [(room "parallel.shared")]
   "parallel.WorkerPool"    [(room "parallel.pool")]
   "parallel.pool.Shares"   [#"com\.sun\.management\..*"]})

(defn- package-of [class-name]
  (subs class-name 0 (str/last-index-of class-name ".")))

(defn- outermost [class-name]
  (str/replace class-name #"\$.*" ""))

(defn- allowed? [[from to]]
  (let [home (package-of from)]
    (some #(re-matches % to)
          (concat [jdk (room home)] (allowed home) (doors (outermost from))))))

(defn- jdeps [directory]
  (let [out  (StringWriter.)
        tool (.get (ToolProvider/findFirst "jdeps"))
        code (.run ^ToolProvider tool (PrintWriter. out) (PrintWriter. out)
                   (into-array String ["-verbose:class" "-filter:none" directory]))]
    (when-not (zero? code)
      (throw (ex-info (str "jdeps: " out) {:code code})))
    (str/split-lines (str out))))

(defn- uses
  "[class used-class] of every use in the classes below the directory."
  [directory]
  (keep #(some->> (re-matches #"\s+(\S+)\s+->\s+(\S+)\s+.*" %) rest vec)
        (jdeps directory)))

(deftest no-room-knows-another-than-it-may
  (let [all (uses "target/classes")]
    (is (> (count all) 100) "the classes were read")
    (is (= #{} (set (remove allowed (map (comp package-of first) all)))) "every package is a room with rules")
    (is (= [] (sort (remove allowed? all))))))

(deftest transport-and-process-do-not-know-each-other
  (doseq [[from to] [["parallel.transport" "parallel.process"] ["parallel.process" "parallel.transport"]]]
    (is (= [] (filter (fn [[a b]] (and (= from (package-of a)) (re-matches (room to) b))) (uses "target/classes"))))))

(deftest only-one-room-knows-Clojure
  (is (= #{"parallel.clojure"}
         (set (for [[from to] (uses "target/classes"), :when (str/starts-with? to "clojure.")] (package-of from))))))

(defn- test-names [file]
  (map second (re-seq #"\((?:deftest|defboth|defspec)\s+(?:\^\{[^}]*\}\s+|\^[^{\s]\S*\s+)*([^\s()^]+)" (slurp file))))

(deftest no-two-tests-of-a-file-have-one-name
  (doseq [file (file-seq (io/file "test/clojure")), :when (str/ends-with? (.getName ^java.io.File file) "_test.clj")]
    (testing (str file)
      (is (= [] (for [[test-name n] (frequencies (test-names file)), :when (> n 1)] test-name))))))
