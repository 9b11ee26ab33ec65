(ns ^:once parallel.lint-test
  "How the sources are written: one test for each rule, over the directories that keep it. bin/lint runs these alone."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is]])
  (:import [com.sun.source.tree ClassTree CompilationUnitTree VariableTree]
           [com.sun.source.util JavacTask SourcePositions TreePathScanner Trees]
           [java.io File]
           [javax.lang.model.element Modifier]
           [javax.tools DiagnosticListener JavaCompiler ToolProvider]))

(def ^:private directories
  "Where all rules hold: [directory suffix of its files], or [file suffix]."
  [["src/clojure" ".clj"]
   ["dev" ".clj"]
   ["build.clj" ".clj"]
   ["bench" ".clj"]
   ["test/clojure" ".clj"]
   ["src/java" ".java"]
   ["test/java" ".java"]
   ["test/stress" ".java"]
   ["bench" ".java"]
   ["cluster" ".clj"]
   ["cluster" ".java"]])

(defn- files
  "The sources below a directory."
  [[directory suffix]]
  (for [^File file (file-seq (io/file directory))
        :when (and (.isFile file) (str/ends-with? (.getName file) suffix))]
    file))

(defn- breaches
  "file:line of each line below the directories of which breach? is true."
  [directories breach?]
  (for [directory directories
        file      (files directory)
        [n line]  (map-indexed vector (str/split (slurp file) #"\n" -1))
        :when     (breach? line)]
    (str file ":" (inc (long n)))))

(deftest each-directory-has-sources
  (is (= [] (remove (comp seq files) directories))))

(def ^:private widest "Columns of a line, prose included." 120)

(deftest no-line-is-wider-than-120-columns
  (is (= [] (breaches directories #(< (long widest) (count %))))))

(deftest no-line-has-a-tab-or-ends-in-white-space
  (is (= [] (breaches directories #(re-find #"\t|\s$" %)))))

;; ---- Java alone

(def ^:private java-files
  (delay (mapcat files (filter (fn [[_ suffix]] (= ".java" suffix)) directories))))

(defn- parsed
  "[units positions] of Java files."
  [files]
  (let [^JavaCompiler compiler (ToolProvider/getSystemJavaCompiler)
        manager  (.getStandardFileManager compiler nil nil nil)
        listener (reify DiagnosticListener (report [_ _]))
        ^JavacTask task (.getTask compiler nil manager listener ["-proc:none"] nil
                                  (.getJavaFileObjectsFromFiles manager files))]
    [(doall (.parse task)) (.getSourcePositions (Trees/instance task))]))

(defn- place-of [^CompilationUnitTree unit ^SourcePositions positions tree]
  (str (.getName (.getSourceFile unit)) ":"
       (.getLineNumber (.getLineMap unit) (.getStartPosition positions unit tree))))

(defn- written-final?
  "Whether the word stands there: what a try opens is final without it."
  [^CompilationUnitTree unit ^SourcePositions positions ^VariableTree tree]
  (let [text (str (.getCharContent (.getSourceFile unit) true))]
    (str/starts-with? (subs text (.getStartPosition positions unit tree)) "final")))

(deftest no-local-and-no-parameter-is-final
  (let [[units positions] (parsed @java-files)
        found (atom [])]
    (doseq [unit units]
      (.scan (proxy [TreePathScanner] []
               (visitVariable [^VariableTree tree _]
                 (let [^TreePathScanner this this]
                   (when (and (contains? (.getFlags (.getModifiers tree)) Modifier/FINAL)
                              (written-final? unit positions tree)
                              (not (instance? ClassTree (.getLeaf (.getParentPath (.getCurrentPath this))))))
                     (swap! found conj (place-of unit positions tree)))
                   (proxy-super visitVariable tree nil))))
             unit nil))
    (is (= [] @found))))

(deftest no-import-is-unused
  (is (= []
         (for [^File file @java-files
               :let [text (slurp file)
                     body (str/replace text #"(?m)^import .*$" "")]
               [_ simple] (re-seq #"(?m)^import [\w.]+\.(\w+);" text)
               :when (not (re-find (re-pattern (str "\\b" simple "\\b")) body))]
           (str file " " simple)))))

(deftest each-public-type-has-an-example
  (is (= []
         (for [^File file (filter #(.isFile ^File %) (.listFiles (io/file "src/java/parallel")))
               :let  [[before] (str/split (slurp file) #"\npublic " 2)]
               :when (and (not= "package-info.java" (.getName file)) (not (str/includes? before "<pre>{@code")))]
           (str file)))))

(deftest inner-comments-are-written-with-slashes
  (is (= [] (breaches (filter (fn [[_ suffix]] (= ".java" suffix)) directories)
                      #(re-find #"^\s*/\*(?!\*)" %)))))
