(ns parallel.documents-test
  "What the README, the guides and the walkthrough say works when it is pasted: each form is evaluated, and where a
  comment says => the value is that one."
  {:once true}
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is]]
            [parallel.api :as parallel]
            [parallel.impl.definitions :as definitions]
            [parallel.impl.worker-options :as worker-options]
            [parallel.option-tables :as option-tables])
  (:import [clojure.lang LineNumberingPushbackReader]
           [java.io StringReader]))

(defn- promise-in [line]
  (some->> line (re-find #";+ => (\S.*?)(?:, and .*|; .*)?$") second read-string vector))

(defn- promised
  "The value that the comment after a form promises, as [value], or nil: on the form's last line, or on a line of its
  own below."
  [lines last-line]
  (let [below (get lines last-line)]
    (or (promise-in (get lines (dec last-line)))
        (when (some-> below (str/starts-with? ";"))
          (promise-in below)))))

(defn- evaluate-all
  "Evaluates the forms of a text in a namespace of its own, as at a prompt that notes definitions; a vector of [form
  value promised]."
  [text]
  (let [lines (str/split-lines text)
        reader (LineNumberingPushbackReader. (StringReader. text))]
    (binding [*ns* (create-ns (gensym "parallel.pasted"))
              *out* (java.io.StringWriter.)]
      (refer 'clojure.core)
      (loop [results []]
        (let [form (read {:eof ::end} reader)]
          (if (= form ::end)
            results
            (let [value (definitions/evaluate eval form)]
              (pr-str value)            ; as a prompt does: what is lazy is realised
              (recur (conj results [form value (promised lines (.getLineNumber reader))])))))))))

(defn check
  "Evaluates a text, which keeps its promises, so many at least. Then all workers and pools are ended."
  [text least]
  (try
    (let [results (evaluate-all text)
          kept (filter peek results)]
      (is (<= least (count kept)) "the promises are found")
      (doseq [[form value [expected]] kept]
        (is (= expected value) (pr-str form))))
    (finally
      (parallel/everywhere-forget)
      (parallel/close)          ; the pools, too
      (run! parallel/kill (parallel/children))
      (run! #(deref (.onExit ^parallel.Worker %)) (parallel/children)))))

(defn- examples [file]
  (str/join "\n" (map second (re-seq #"(?s)```clojure\n(.*?)```" (slurp file)))))

(defn- examples-and-cells
  "As examples, with the code of the second column of each table, in the order of the page."
  [file]
  (->> (re-seq #"(?ms)^```clojure\n(.*?)^```|^\| [^\n]*? \| `([^`\n]+)` \|$" (slurp file))
       (map #(or (second %) (peek %)))
       (str/join "\n")))

(def session
  "The guide's first: each part of the library once."
  (second (re-find #"(?s)```clojure\n(.*?)```" (slurp "doc/guide.md"))))

(deftest the-session-of-the-guide-works-when-pasted
  (check session 6))

(deftest the-examples-of-the-readme-work
  (check (examples "README.md") 4))

(deftest the-examples-on-performance-work
  (check (examples "doc/performance.md") 2))

(deftest the-walkthrough-works-from-top-to-bottom
  (check (slurp "dev/parallel/walkthrough.clj") 2))

(deftest start-up-works-from-top-to-bottom
  (check (examples "doc/start-up.md") 3))

(deftest the-examples-on-errors-work
  (check (examples "doc/errors.md") 3))

(deftest the-guide-works-from-top-to-bottom
  (check (examples "doc/guide.md") 26))

(deftest what-is-said-of-shared-arrays-works-from-top-to-bottom
  (check (examples "doc/shared.md") 15))

(defn ancestors-programs
  "Its local program and its remote one, as the page for those who come from there has them."
  []
  (map second (re-seq #"(?s)```clojure\n(.*?)```" (slurp "doc/from-lua.md"))))

(deftest the-local-program-of-the-ancestor-works
  (check (first (ancestors-programs)) 1))

(deftest what-is-said-to-those-who-come-from-Julia-works
  (check (examples-and-cells "doc/from-julia.md") 18))

(deftest what-is-said-to-those-who-come-from-Python-works
  (check (examples-and-cells "doc/from-python.md") 39))

(deftest what-is-said-to-those-who-come-from-R-works
  (check (examples-and-cells "doc/from-r.md") 20))

(deftest what-is-said-to-those-who-come-from-core-async-works
  (check (examples-and-cells "doc/from-core-async.md") 14))

(deftest the-guide-to-pools-works-from-top-to-bottom
  (check (examples "doc/pool.md") 20))

(deftest what-is-said-of-looking-works-from-top-to-bottom
  (check (examples "doc/looking.md") 10))

(deftest the-option-tables-of-the-documents-are-those-of-the-library
  (doseq [[file text] (option-tables/as-they-should-be)]
    (is (= text (slurp file)) (str file ": bin/clojure -M:dev -m parallel.option-tables rewrites it"))))

(deftest each-option-of-a-worker-has-a-row
  (is (= (set (parallel.WorkerOptions$Option/values)) (set (map :option worker-options/table))))
  (is (= [] (remove #(or (:otherwise %) (contains? % :default)) worker-options/table)) "with a default"))
