(ns parallel.option-tables
  "The option tables of the documents, made of those of the library. To rewrite them:

    bin/clojure -M:dev -m parallel.option-tables"
  (:require [clojure.string :as str]
            [parallel.impl.dashboard :as dashboard]
            [parallel.impl.pool-options :as pool-options]
            [parallel.impl.shared-options :as shared-options]
            [parallel.impl.worker-options :as worker-options]))

(def ^:private documents
  "[file, name of the table in its markers, table]"
  [["doc/guide.md" "worker options" worker-options/table]
   ["doc/pool.md" "map options" (into pool-options/map-table pool-options/journal-table)]
   ["doc/pool.md" "pool options" pool-options/pool-table]
   ["doc/shared.md" "shared options" shared-options/table]
   ["doc/looking.md" "dashboard options" dashboard/table]])

(def ^:private code
  "What a reader would type: keywords, calls and vars in a text."
  #"(?<![\w`]):[a-z][a-z-]*\??|\((?:default-pool|rng)\)|\*(?:out|err)\*|(?<![\w`])-Xmx|set-budget!")

(defn- cell [text]
  (-> text (str/replace code #(str "`" % "`")) (str/replace "|" "\\|")))

(defn- default [{:keys [default otherwise]}]
  (if otherwise (cell otherwise) (str "`" (pr-str default) "`")))

(defn- markdown
  "A table, as lines."
  [table]
  (concat ["| option | what it is | allowed | default |" "|---|---|---|---|"]
          (for [{:keys [key doc takes] :as row} table]
            (str "| `" key "` | " (cell doc) " | " (cell takes) " | " (default row) " |"))))

(defn- between-markers
  "The text with the table of that name in the place of the one between its markers."
  [text table-name table]
  (let [[begin end] (map #(str "<!-- " table-name ": " % " -->") ["made by parallel.option-tables" "end"])
        from        (str/index-of text begin)
        to          (str/index-of text end)]
    (when-not (and from to)
      (throw (ex-info (str "There is no place for the table: " begin " ... " end) {:table table-name})))
    (str (subs text 0 from) begin "\n" (str/join "\n" (markdown table)) "\n" (subs text to))))

(defn as-they-should-be
  "{file text} of the documents, with the option tables of the library."
  []
  (reduce (fn [texts [file table-name table]]
            (assoc texts file (between-markers (or (texts file) (slurp file)) table-name table)))
          {} documents))

(defn -main []
  (doseq [[file text] (as-they-should-be)]
    (spit file text)))
