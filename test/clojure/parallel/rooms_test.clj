(ns ^:once parallel.rooms-test
  "Which room may know which, read from the compiled classes and the sources; and that the overview says the same."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.test-runner :as test-runner])
  (:import [java.io File PrintWriter StringWriter]
           [java.util.spi ToolProvider]
           [parallel.codec ByName]))

(def ^:private jdk #"(java|javax|jdk)\..*")
(def ^:private agrona #"org\.agrona\..*")

(def ^:private rooms
  "Room to the rooms that it may know, besides itself. The overview and each room's package-info.java say the same."
  {"transport" #{}
   "codec"     #{"transport"}
   "process"   #{}
   "api"       #{}
   "control"   #{"api" "codec" "transport" "process"}
   "runtime"   #{"api" "control" "codec" "transport" "process"}
   "relay"     #{"runtime" "control" "codec" "transport" "process"}
   "child"     #{"api" "runtime" "control" "codec" "transport" "process"}
   "place"     #{"api" "child" "runtime" "control" "codec" "transport" "process"}
   "hosts"     #{"api" "place" "relay" "child" "runtime" "control" "codec" "transport" "process"}
   "look"      #{"api" "runtime" "control" "transport"}
   "profile"   #{"api" "place" "runtime" "control" "process"}
   "dashboard" #{"api" "look" "profile" "pool" "shared" "place" "runtime" "control"}
   "shared"    #{"api" "runtime" "control" "codec" "transport" "process"}
   "pool"      #{"api" "place" "runtime" "control" "codec"}
   "clojure"   #{"api" "runtime" "control" "codec" "pool" "shared"}})

(defn- package [room]
  (if (= room "api") "parallel" (str "parallel." room)))

(def ^:private room-of
  "Package to room."
  (into {} (map (juxt package identity)) (keys rooms)))

(def ^:private libraries
  "What a room may know besides the JDK and other rooms."
  {"transport" agrona, "codec" agrona, "relay" agrona, "clojure" #"clojure\.lang\..*"
   "dashboard" #"com\.sun\.net\.httpserver\..*"})

(def ^:private parts-of-transport
  "Rooms that may know a part of transport alone. The codec: how bytes are handed over, and how Agrona is opened."
  {"codec"  #"parallel\.transport\.(Payload|Assembly|Reader|Abandonable|Agrona)"
   "shared" #"parallel\.transport\.MappedFile"})

(def ^:private doors
  "Classes to rooms that they alone of their room may know."
  {"parallel.Parallel"      #{"runtime" "place"}
   "parallel.Hosts"         #{"hosts"}
   "parallel.Look"          #{"runtime" "look" "profile" "dashboard"}
   "parallel.SharedArray"   #{"shared"}
   "parallel.SharedBarrier" #{"shared"}
   "parallel.SharedCounter" #{"shared"}
   "parallel.SharedLatch"   #{"shared"}
   "parallel.SharedLock"    #{"shared"}
   "parallel.WorkerPool"    #{"pool"}})

(defn- package-of [class-name]
  (subs class-name 0 (str/last-index-of class-name ".")))

(defn- outermost [class-name]
  (str/replace class-name #"\$.*" ""))

(defn- allowed? [[from to]]
  (let [home (room-of (package-of from))
        room (room-of (package-of to))]
    (cond
      (= home room)                   true
      (nil? room)                     (boolean (or (re-matches jdk to)
                                                   (some-> (libraries home) (re-matches to))
                                                   (and (#{"parallel.pool.ResourceShares" "parallel.pool.HeapWatch"
                                                           "parallel.child.Collections"}
                                                         (outermost from))
                                                        (str/starts-with? to "com.sun.management."))))
      (and (= room "transport")
           (parts-of-transport home)) (boolean (re-matches (parts-of-transport home) (outermost to)))
      :else                           (or (contains? (rooms home) room)
                                          (contains? (doors (outermost from)) room)))))

(defn- jdeps [directory]
  (let [out  (StringWriter.)
        tool (.get (ToolProvider/findFirst "jdeps"))
        code (.run ^ToolProvider tool (PrintWriter. out) (PrintWriter. out)
                   (into-array String ["-verbose:class" "-filter:none" directory]))]
    (when-not (zero? code)
      (throw (ex-info (str "jdeps: " out) {:code code})))
    (str/split-lines (str out))))

(def ^:private all-uses
  "[class used-class] of every use in the compiled classes."
  (delay (keep #(some->> (re-matches #"\s+(\S+)\s+->\s+(\S+)\s+.*" %) rest vec)
               (jdeps "target/classes"))))

(deftest no-room-knows-another-than-it-may
  (let [all @all-uses]
    (is (> (count all) 100) "the classes were read")
    (is (= #{} (set (remove room-of (map (comp package-of first) all)))) "every package is a room with rules")
    (is (= [] (sort (remove allowed? all))))))

(defn- sources [directory ending]
  (sort (filter #(str/ends-with? (.getName ^File %) ending) (file-seq (io/file directory)))))

(defn- room-of-file [^File file]
  (let [directory (.getName (.getParentFile file))]
    (if (= directory "parallel") "api" directory)))

(defn- class-of-file [^File file]
  (str (package (room-of-file file)) "." (str/replace (.getName file) ".java" "")))

(deftest no-room-imports-another-than-it-may
  (testing "a constant of another class leaves no trace in the compiled one, and neither does a Javadoc"
    (is (= [] (for [file (sources "src/java" ".java")
                    line (str/split-lines (slurp file))
                    :let [[_ to] (re-matches #"import (parallel\.(?:[a-z]+\.)?[A-Z]\w*)[\w.]*;" line)]
                    :when (and to (not (allowed? [(class-of-file file) to])))]
                [(class-of-file file) to])))))

;; ---- the second artifact

(defn- names-in-cluster [pattern]
  (set (for [^File file (sources "cluster/src/java" ".java"), :when (re-find pattern (slurp file))] (.getName file))))

(deftest one-file-of-the-second-artifact-knows-the-engine
  (is (= #{"GrpcStreams.java"} (names-in-cluster #"io\.grpc|netty"))))

(deftest the-second-artifact-knows-the-room-relay-alone-but-for-what-puts-it-together
  (is (= [] (for [^File file (sources "cluster/src/java" ".java")
                  :when (not (re-find #"(Main|Connector)\.java" (str file)))
                  [_ room] (re-seq #"parallel\.([a-z]+)\.[A-Z]" (slurp file)), :when (not (#{"cluster" "relay"} room))]
              [(.getName file) room]))))

(deftest nothing-knows-the-second-artifact
  (is (= [] (for [^File file (concat (sources "src/java" ".java") (sources "src/clojure" ".clj"))
                  :when (re-find #"parallel[./]cluster|io\.grpc" (slurp file))]
              (.getName file)))))

(deftest transport-and-process-do-not-know-each-other
  (doseq [[from to] [["parallel.transport" "parallel.process"] ["parallel.process" "parallel.transport"]]]
    (is (= [] (filter (fn [[a b]] (and (= from (package-of a)) (= to (package-of b)))) @all-uses)))))

(deftest only-one-room-knows-Clojure
  (is (= #{"parallel.clojure"}
         (set (for [[from to] @all-uses, :when (str/starts-with? to "clojure.")] (package-of from))))))

(defn- rooms-named [text]
  (set (filter rooms (re-seq #"[a-z]+" text))))

(deftest each-room-says-what-it-may-know
  (doseq [[room may-know] rooms
          :let [file (io/file "src/java/parallel" (if (= room "api") "" room) "package-info.java")]]
    (testing room
      (is (.exists file))
      (when (.exists file)
        (let [text (str/replace (slurp file) #"\s+\*?\s*" " ")]
          (is (re-find #"Begin with" text))
          (is (= may-know (some-> (re-find #"May know: ([^.]*)\." text) second rooms-named))))))))

(deftest the-package-info-of-shared-has-a-line-for-each-of-its-files
  (let [[_ listed] (re-find #"(?s)<pre>(.*?)</pre>" (slurp "src/java/parallel/shared/package-info.java"))]
    (is (= (set (map #(str/replace (.getName ^File %) ".java" "") (sources "src/java/parallel/shared" ".java")))
           (into #{"package-info"} (map second) (re-seq #"(?m)^ \*   .{12}(\w+)  +\w" (str listed)))))))

;; ---- the overview

(defn- overview [] (slurp "doc/design/overview.md"))

(defn- section [heading]
  (second (re-find (re-pattern (str "(?s)\n## " heading "\n(.*?)(?:\n## |$)")) (overview))))

(deftest the-overview-says-who-may-import-whom
  (is (= rooms
         (into {} (for [[_ room may] (re-seq #"(?m)^\| `([a-z]+)` \| (.*) \|$" (section "Who may import whom"))]
                    [room (set (filter rooms (map second (re-seq #"`([a-z]+)`" may))))])))))

(def ^:private java-name
  "A class as documents have it, with its room or without, with a method or without."
  #"(?:parallel[./])?(?:([a-z]+)[./])?([A-Z][A-Z]*[a-z]\w*)(?:\.([a-z]\w*))?(?:\(\))?")

(defn- names
  "[text room class method] of the Java names in a document; room and method may be nil."
  [text]
  (keep #(re-matches java-name %) (map second (re-seq #"`([^`\n]+)`" text))))

(def ^:private class-files
  (delay (group-by #(str/replace (.getName ^File %) ".java" "") (sources "src/java" ".java"))))

(defn- exists? [[_ room class method]]
  (some (fn [file]
          (and (or (nil? room) (= room (room-of-file file)))
               (or (nil? method) (re-find (re-pattern (str "[\\w>\\]] " method "\\(")) (slurp file)))))
        (@class-files class)))

(deftest every-class-and-method-that-the-overview-names-exists
  (let [named (names (overview))]
    (is (> (count named) 50) "names were found")
    (is (= [] (map first (remove exists? named))))))

(deftest every-class-of-ours-that-another-document-names-exists
  (testing "those with a room, and methods of those that have a name of ours; the JDK has the others"
    (doseq [file (cons (io/file "CONTRIBUTING.md") (sources "doc" ".md"))]
      (testing (str file)
        (is (= [] (for [[text room class :as named] (names (slurp file))
                        :when (and (or (rooms room) (and (nil? room) (@class-files class))) (not (exists? named)))]
                    text)))))))

;; ---- strings that name something

(def ^:private literal-or-comment
  #"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+'|//[^\n]*|/\*[\s\S]*?\*/")

(defn- literals [file]
  (for [text (re-seq literal-or-comment (slurp file)), :when (str/starts-with? text "\"")]
    (subs text 1 (dec (count text)))))

(def ^:private named-to-users
  "Classes of rooms that messages tell users to use."
  #{"parallel.codec.Extension"})

(deftest no-string-but-those-of-ByName-names-a-class-of-a-room
  (is (= [] (for [file  (sources "src/java" ".java"), :when (not= (.getName ^File file) "ByName.java")
                  text  (literals file)
                  class (re-seq #"parallel[./](?:[a-z]+)[./][A-Z][\w$]*" text), :when (not (named-to-users class))]
              [(.getName ^File file) class]))))

(deftest each-class-that-is-named-as-text-exists
  (let [names (for [^java.lang.reflect.Field field (.getFields ByName)] (.get field nil))]
    (is (= 7 (count names)))
    (doseq [^String name names]
      (testing name
        (is (class? (Class/forName name false (.getClassLoader ByName))))))))

(defn- roles
  "Of threads, in names such as parallel-eval-3."
  [names]
  (set (keep #(second (re-matches #"parallel-([a-z]+(?:-[a-z]+)*)(?:-|-\d+|-<\w+>)?" %)) names)))

(deftest the-overview-lists-the-threads-that-are-made-and-no-others
  (is (= (roles (concat (mapcat literals (sources "src/java" ".java"))
                        (for [file (sources "src/clojure" ".clj")
                              line (str/split-lines (slurp file)), :when (re-find #"\((?:Thread\.|Threads/start) " line)
                              text (re-seq #"\"([^\"]*)\"" line)]
                          (second text))))
         (roles (map second (re-seq #"`([^`\n]+)`" (section "Threads of a process")))))))

;; ---- what a JVM is started from

(def ^:private questions
  "What the sources ask this JVM about itself that another JVM is started from, and who may ask it."
  {"ClassPath.current("     #{"Bases.java"}
   "getSystemResource("     #{"Base.java"}
   "inheritedJvmFlags("     #{"Base.java" "ThisProcess.java"}
   "\"java.home\""          #{"Base.java"}
   "\"java.vm.version\""    #{"Base.java"}
   "\"java.class.path\""    #{"ClassPath.java"}})

(deftest what-a-JVM-is-started-from-is-asked-of-this-one-in-one-place
  (doseq [[question may-ask] questions]
    (testing question
      (is (= may-ask (set (for [file (sources "src/java" ".java"), :when (str/includes? (slurp file) question)]
                            (.getName ^File file))))))))

;; ---- the tests themselves

(deftest no-two-tests-of-a-file-have-one-name
  (doseq [file (file-seq (io/file "test/clojure")), :when (str/ends-with? (.getName ^java.io.File file) "_test.clj")]
    (testing (str file)
      (is (= [] (for [[test-name n] (frequencies (test-runner/test-names file)), :when (> n 1)] test-name))))))
