(ns ^:no-doc parallel.impl.stdin
  "What clojure.main evaluates that stands in no file: expressions on the command line, a script on stdin, what is typed
  at its prompt. This may define what a worker will need, and is kept from the moment when this is loaded."
  (:require [clojure.string :as str])
  (:import [clojure.lang LineNumberingPushbackReader]
           [java.io File]
           [java.util.function Consumer]
           [parallel.clojure PromptReader]))

(set! *warn-on-reflection* true)

(def ^:private file (File. "/proc/self/cmdline"))

(defn- words
  "The arguments of clojure.main; nil where this JVM was started otherwise. Not from ProcessHandle, which has none where
  they take more than a page: a class path does."
  []
  (when (= "clojure.main" (first (str/split (System/getProperty "sun.java.command" "") #" ")))
    (let [all            (try (str/split (slurp file) #"\u0000") (catch java.io.IOException _ nil))
          [main & words] (drop-while #(not= "clojure.main" %) all)]
      (when main
        (vec words)))))

(defn parsed
  "What these arguments of clojure.main tell it to evaluate: {:expressions those of -e, :stdin :prompt, :script or
  nil}."
  [words]
  (loop [[option value & more] words, expressions []]
    (case option
      ("-e" "--eval")            (recur more (conj expressions value))
      ("-i" "--init" "--report") (recur more expressions)
      {:expressions expressions
       :stdin       (cond
                      (#{"-r" "--repl"} option) :prompt
                      (= "-" option)            :script
                      (empty? words)            :prompt)})))

(def given
  "The same of this JVM; nil where clojure.main is not its main class."
  (delay (some-> (words) parsed)))

(defn- reads?
  "Whether clojure.main reads that, :script or :prompt, and stdin is still its own."
  [what]
  (and (= what (:stdin @given)) (identical? *in* (.getRawRoot #'*in*))))

;; {:reader of a script on stdin, which keeps what it reads from now on, :line and :column where that begins}; or nil.
(defonce script
  (when (reads? :script)
    (let [^LineNumberingPushbackReader reader *in*]
      (.captureString reader)
      {:reader reader :line (.getLineNumber reader) :column (.getColumnNumber reader)})))

(defn- tell-of-each-form! [reader]
  (let [read! (delay (requiring-resolve 'parallel.impl.definitions/read-at-prompt!))]
    (PromptReader. reader (reify Consumer (accept [_ text] (@read! text))))))

(defonce ^:private prompt
  (when (reads? :prompt)
    (alter-var-root #'*in* tell-of-each-form!)))
