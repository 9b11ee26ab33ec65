(ns ^:jvm parallel.packed-test
  "Programs whose classes are packed otherwise than on a class path: jars within a jar, and modules."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.crash :as crash]
            [parallel.root :as root]
            [parallel.support :refer [quick-jvm within]])
  (:import [java.io ByteArrayOutputStream File OutputStream]
           [java.nio.file Files Path]
           [java.util.concurrent TimeUnit]
           [java.util.jar Attributes$Name JarEntry JarOutputStream Manifest]
           [javax.tools JavaCompiler ToolProvider]))

(def ^:private own-class-path (System/getProperty "java.class.path"))

(defmacro ^:private with-directory
  "Evaluates the body with a new directory, which is removed afterwards."
  [name & body]
  `(let [~name (crash/temporary)]
     (try ~@body
          (finally (crash/delete ~name)))))

(defn- write-jar
  "A jar of entries, name to bytes, with attributes in its manifest."
  [^OutputStream out attributes entries]
  (let [manifest (Manifest.)]
    (doseq [[k v] (assoc attributes "Manifest-Version" "1.0")]
      (.put (.getMainAttributes manifest) (Attributes$Name. ^String k) v))
    (with-open [jar (JarOutputStream. out manifest)]
      (doseq [[^String entry ^bytes content] entries]
        (.putNextEntry jar (JarEntry. entry))
        (.write jar content 0 (alength content))))))

(defn- program
  "What a program of these forms says in marked lines; (say what form) says one."
  [opts & forms]
  (let [{:keys [said] :as outcome}
        (apply root/run opts (concat root/prelude
                                     '[(defmacro say [what form]
                                         (list 'println (str "> " what) (list 'pr-str (list 'outcome form))))]
                                     forms '[(System/exit 0)]))]
    (assoc outcome :marked (if (vector? said) (keep #(second (re-matches #"> (.*)" %)) said) said))))

(deftest ^{:deadline-s 240} the-jars-within-a-jar-are-unpacked-for-workers
  (with-directory directory
    (let [nested (doto (ByteArrayOutputStream.) (write-jar {} {"nested.txt" (.getBytes "in the nested jar")}))
          app    (io/file directory "app.jar")
          _      (write-jar (io/output-stream app)
                            {"Spring-Boot-Lib" "BOOT-INF/lib/" "Spring-Boot-Classes" "BOOT-INF/classes/"}
                            {"BOOT-INF/lib/nested.jar"   (.toByteArray nested)
                             "BOOT-INF/classes/own.txt" (.getBytes "of the program")})
          cache  (io/file directory "cache")
          root   (fn [cache & forms]
                   (apply program {:class-path (str own-class-path ":" app) :env {"PARALLEL_CACHE" (str cache)}} forms))
          ask    (fn []
                   (root cache
                         '(def entries (parallel.process.ClassPath/current))
                         '(say "entries" (vec (take-last 2 entries)))
                         '(say "again" (= entries (parallel.process.ClassPath/current)))
                         '(say "worker" @(p/run '(mapv (comp slurp clojure.java.io/resource)
                                                       ["own.txt" "nested.txt"])))))
          {:keys [marked said left]} (ask)
          entries (some->> (first marked) (re-matches #"entries (.*)") second read-string)]
      (is (= ["again true" "worker [\"of the program\" \"in the nested jar\"]"] (rest marked)) (str/join "\n" said))
      (is (= ["classes" "nested.jar"] (map #(.getName (io/file %)) entries)))
      (is (every? #(and (str/starts-with? % (str cache)) (.exists (io/file %))) entries))
      (is (= marked (:marked (ask))) "another process finds the same")
      (is (= [] left))
      (testing "without a place for them"
        (let [{:keys [marked]} (root "off" '(say "worker" @(p/run '(+ 1 2))))]
          (is (re-find #"^worker \[:\S+ .*app\.jar.*PARALLEL_CACHE" (str (first marked)))))))))

(def ^:private modular-program
  {"module-info.java" "module modapp { requires parallel; }"
   "modapp/Main.java" "package modapp;
                       import parallel.Parallel;
                       public final class Main {
                         record Point(int x, int y) {}
                         public static void main(String[] none) throws Exception {
                           Point point = new Point(20, 22);
                           Object sum = Parallel.run(() -> point.x() + point.y()).join();
                           System.out.println(Main.class.getModule() + \" \" + sum);
                         }
                       }"})

(defn- entry-of-class-path ^File [pattern]
  (io/file (first (filter #(re-find pattern %) (str/split own-class-path #":")))))

(defn- jar-of-library
  "What is compiled here as an automatic module, whose name is the file's."
  [^File jar]
  (let [^Path classes (.toPath (.getAbsoluteFile (entry-of-class-path #"target/classes$")))]
    (write-jar (io/output-stream jar) {}
               (for [^File file (file-seq (.toFile classes)) :when (.isFile file)]
                 [(str (.relativize classes (.toPath file))) (Files/readAllBytes (.toPath file))]))))

(defn- compile-program
  "The directory of the classes."
  [directory sources module-path]
  (let [classes (io/file directory "modapp")
        files   (for [[file text] sources]
                  (str (doto (io/file directory "source" file) io/make-parents (spit text))))
        ^JavaCompiler compiler (ToolProvider/getSystemJavaCompiler)]
    (assert (zero? (.run compiler nil nil nil
                         (into-array String (concat ["-d" (str classes) "-p" module-path] files)))))
    classes))

(defn- run-java
  "The lines that a java command says, and how it ended."
  [arguments]
  (let [java    (str (System/getProperty "java.home") "/bin/java")
        command (concat [java "-XX:-UsePerfData"] quick-jvm arguments)
        builder (doto (ProcessBuilder. ^java.util.List (vec command))
                  (.redirectErrorStream true)
                  (-> .environment (.put "PARALLEL_CACHE" "off")))
        process (.start builder)]
    (try
      {:said (within 100000 #(str/split-lines (slurp (.getInputStream process))))
       :exit (when (.waitFor process 30 TimeUnit/SECONDS) (.exitValue process))
       :left (crash/left-of {:process process})}
      (finally
        (.destroyForcibly process)))))

(deftest ^{:deadline-s 240} a-modular-program-runs-workers-or-learns-which-module-it-lacks
  (with-directory directory
    (let [jar     (io/file directory "parallel.jar")
          _       (jar-of-library jar)
          library (str jar ":" (entry-of-class-path #"agrona.*\.jar$"))
          classes (compile-program directory modular-program library)
          run     (fn [& options]
                    (run-java (concat ["-p" (str classes ":" library)] options ["-m" "modapp/modapp.Main"])))]
      (let [{:keys [said exit left]} (run "--add-modules" "jdk.unsupported")]
        (is (= ["module modapp 42" 0 []] [(last said) exit left]) (str/join "\n" said)))
      (let [{:keys [said exit left]} (run)]
        (is (some #(str/includes? % "--add-modules jdk.unsupported") said) (str/join "\n" said))
        (is (= [1 []] [exit left]))))))
