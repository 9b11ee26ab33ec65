(ns parallel.error-texts
  "The sentences of errors, found in the sources: the strings where an error is made, with … for what varies. To list
  them:

    bin/clojure -M:dev -m parallel.error-texts"
  (:require [clojure.java.io :as io]
            [clojure.string :as str])
  (:import [clojure.lang LineNumberingPushbackReader]
           [com.sun.source.tree BinaryTree CompilationUnitTree ConditionalExpressionTree LiteralTree MemberSelectTree
            MethodInvocationTree NewClassTree ParenthesizedTree Tree]
           [com.sun.source.util JavacTask TreeScanner]
           [java.io File StringReader]
           [javax.tools DiagnosticListener JavaCompiler ToolProvider]))

(defn normalised
  "A text with one … for each part that varies, and single spaces."
  [text]
  (-> text
      (str/replace #"%(?:\d+\$)?[-,]?[\d.]*[sdfnxht]" "…")
      (str/replace #"\s+" " ")
      (str/replace #"(?:…\s?)*…" "…")
      str/trim))

(defn- sentence?
  "Whether a text has four words of its own at least, and is no pattern and no script."
  [text]
  (and (<= 4 (count (re-seq #"(?<![\w-])[A-Za-z][\w'-]*" text)))
       (not (re-find #"[\\^]|\$[(A-Z{]" text))))

(defn- whole-sentence? [text]
  (re-find #"[.…:?]\s*$" text))

;; ---- Java

(declare alternatives)

(defn- joined
  "The text of an operand of +; what is no text is …"
  [tree]
  (let [texts (alternatives tree)]
    (if (= 1 (count texts)) (first texts) "…")))

(defn- alternatives
  "The texts that an expression may be; none where it has no string of its own."
  [tree]
  (condp instance? tree
    ParenthesizedTree         (recur (.getExpression ^ParenthesizedTree tree))
    LiteralTree               (let [value (.getValue ^LiteralTree tree)]
                                (when (string? value) [value]))
    ConditionalExpressionTree (let [^ConditionalExpressionTree tree tree]
                                (concat (alternatives (.getTrueExpression tree))
                                        (alternatives (.getFalseExpression tree))))
    BinaryTree                (let [^BinaryTree tree tree]
                                (when (= "PLUS" (str (.getKind tree)))
                                  [(str (joined (.getLeftOperand tree)) (joined (.getRightOperand tree)))]))
    MethodInvocationTree      (let [^MethodInvocationTree tree tree]
                                (when (re-find #"^String\.format$|\"\.formatted$" (str (.getMethodSelect tree)))
                                  (mapcat alternatives (.getArguments tree))))
    nil))

(def ^:private makers
  "Methods that make an error of the text that they are given."
  #{"badArgument" "closed" "noMemory" "startFailed" "refused" "refuse" "unserializable" "unreadable" "notTransferable"})

(def ^:private errors
  "Classes of the errors that a user sees: their own texts count."
  #{"ClosedException" "HostLostException" "HostNotAddedException" "NotTransferableException" "ParallelException"
    "RejectedExecutionException" "RemoteException" "StartFailedException" "TimeoutException"
    "UnserializableException" "WorkerDiedException"})

(defn- method-name [^MethodInvocationTree tree]
  (let [^Tree select (.getMethodSelect tree)]
    (if (instance? MemberSelectTree select) (str (.getIdentifier ^MemberSelectTree select)) (str select))))

(def ^:private reasons
  "Files that have reasons and remedies, which become parts of an error's text: all their texts count."
  #{"AgentLaunch.java" "ClojureTypes.java" "ClojureTypesRecords.java" "ClojureTypesSorted.java" "EndErrors.java"
    "JavaCommand.java" "LastWords.java" "Launcher.java" "ProcessPlace.java" "Refusal.java" "RemoteError.java"
    "Salloc.java" "Session.java" "SshCommand.java" "Wrapped.java"})

(defn- scanner
  "Adds the texts to found, an atom. whole?: all texts count, wherever they stand."
  [found whole?]
  (proxy [TreeScanner] []
    (visitBinary [^BinaryTree tree _]
      (let [^TreeScanner this this
            texts (alternatives tree)]
        (if (and whole? (seq texts))
          (swap! found into texts)
          (proxy-super visitBinary tree nil))
        nil))
    (visitLiteral [^LiteralTree tree _]
      (when whole?
        (swap! found into (alternatives tree)))
      nil)
    (visitNewClass [^NewClassTree tree _]
      (let [^TreeScanner this this]
        (when (errors (str (.getIdentifier tree)))
          (swap! found into (mapcat alternatives (.getArguments tree))))
        (proxy-super visitNewClass tree nil)))
    (visitMethodInvocation [^MethodInvocationTree tree _]
      (let [^TreeScanner this this]
        (when (makers (method-name tree))
          (swap! found into (mapcat alternatives (.getArguments tree))))
        (proxy-super visitMethodInvocation tree nil)))))

(defn- files [suffix]
  (for [directory ["src" "cluster/src"]
        ^File file (file-seq (io/file directory))
        :when (and (.isFile file) (str/ends-with? (.getName file) suffix))]
    file))

(defn- of-java []
  (let [^JavaCompiler compiler (ToolProvider/getSystemJavaCompiler)
        manager (.getStandardFileManager compiler nil nil nil)
        silent  (reify DiagnosticListener (report [_ _]))
        ^JavacTask task (.getTask compiler nil manager silent ["-proc:none"] nil
                                  (.getJavaFileObjectsFromFiles manager (files ".java")))]
    (for [unit (doall (.parse task))
          :let [found (atom [])
                file  (.getName (io/file (.getName (.getSourceFile ^CompilationUnitTree unit))))]
          text (do (.scan ^TreeScanner (scanner found (contains? reasons file)) unit nil)
                   (cond->> @found (reasons file) (filter whole-sentence?)))]
      [text file])))

;; ---- Clojure

(defn- forms
  "The forms of a file; keywords of an alias are read as those of a namespace of that name."
  [file]
  (let [text   (str/replace (slurp file) #"::([\w.-]+/)" ":$1")
        reader (LineNumberingPushbackReader. (StringReader. text))]
    (doall (take-while (complement #{::end}) (repeatedly #(read {:eof ::end :read-cond :allow} reader))))))

(defn- text-of
  "The text of a form: a string, or a (str ...) of them; … where it is not known."
  [form]
  (cond
    (string? form)                                  form
    (and (seq? form) (#{'str 'format} (first form))) (str/join (map text-of (rest form)))
    :else                                           "…"))

(defn- calls-in [form]
  (filter seq? (tree-seq coll? seq form)))

(defn- texts-in-form [form]
  (mapcat (fn [call]
            (let [head (when (symbol? (first call)) (name (first call)))]
              (case head
                ("refuse" "refuse-value")
                (let [[_ what allowed _ hint] call]
                  (concat [(str "(" (text-of what) " ...) takes " (text-of allowed) ", not …")]
                          (when hint [(text-of hint)])))
                ("bad-argument" "ex-info") [(text-of (second call))]
                "case"                     (when (= 'kind (second call)) (map text-of (take-nth 2 (nnext (next call)))))
                nil)))
          (calls-in form)))

(defn- of-clojure []
  (for [^File file (files ".clj"), form (forms file), text (texts-in-form form)]
    [text (.getName file)]))

(defn all
  "Each sentence with the names of the files that have it, in order."
  []
  (->> (concat (of-java) (of-clojure))
       (map (fn [[text file]] [(normalised text) file]))
       (filter (comp sentence? first))
       (reduce (fn [all [text file]] (update all text (fnil conj (sorted-set)) file)) (sorted-map))))

(defn -main
  "Prints them, each below the names of its files."
  []
  (doseq [[text names] (sort-by (comp str val) (all))]
    (println (str/join " " names) "\t" text))
  (System/exit 0))
