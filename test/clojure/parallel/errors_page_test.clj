(ns parallel.errors-page-test
  "doc/errors.md has every code, and every sentence that an error of the library has."
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is]]
            [parallel.error-texts :as error-texts])
  (:import [parallel ParallelException$Code]))

(def ^:private page (delay (slurp "doc/errors.md")))

(defn- listed
  "The sentences of its tables."
  []
  (->> (str/split-lines @page)
       (keep #(second (re-find #"^\| `(.*?)` \|" %)))
       (map #(str/replace % "\\|" "|"))))

(deftest each-code-has-a-section-with-data-or-cure-and-an-example
  (doseq [code (ParallelException$Code/values)
          :let [heading (str "### `:" (-> (str code) str/lower-case (str/replace "_" "-")) "`\n")
                section (some-> (str/index-of @page heading) (#(subs @page (+ (long %) (count heading))))
                                (str/split #"\n##" 2) first)]]
    (is (some? section) heading)
    (is (re-find #"(?s)\*\*Cure\*\*.*\*\*Example\*\*" (str section)) heading)))

(deftest each-sentence-of-the-sources-is-listed-and-no-other
  (let [texts (error-texts/all)]
    (is (< 300 (count texts)) "they are found")
    (is (= [] (remove (set (listed)) (keys texts))) "not on the page: add it, with what to do")
    (is (= [] (remove texts (listed))) "not in the sources: remove it")))

(deftest no-sentence-is-listed-twice
  (is (= [] (for [[text n] (frequencies (listed)), :when (< 1 (long n))] text))))
