(ns parallel.bench.baseline
  "A guard against regressions: ratios of a quiet machine, kept in bench/baseline.edn, which a later run must not miss
  by much. Ratios are of one run, so that they compare between machines of a kind; still, a tolerance is wide, and the
  guard is run by hand before a release."
  (:require [clojure.edn :as edn]
            [clojure.java.io :as io]
            [clojure.pprint :as pprint]
            [clojure.string :as str]
            [parallel.bench.machine :as machine]
            [parallel.bench.row :as row]))

(def ^:private file (io/file "bench" "baseline.edn"))

(def ^:private tolerance
  "How many times worse a figure may be than the baseline's."
  1.6)

(defn- lower-is-better? [{:keys [goal]}]
  (str/starts-with? goal "<"))

(defn- figure-of
  "What is compared: the ratio; what was measured itself where there is no reference, or the goal is a limit."
  [{:keys [goal ratio ours]}]
  (if (str/starts-with? (str goal) "< ") ours (or ratio ours)))

(defn- key-of [{:keys [part figure of]}]
  [part figure of])

(defn kept
  "The figures of the rows that have a goal: what a baseline is."
  [rows]
  (into (sorted-map) (keep (fn [{:keys [goal missing] :as row}]
                             (when (and goal (not missing))
                               [(key-of row) (Double/parseDouble (format "%.3g" (double (figure-of row))))])))
        rows))

(defn- read-figures []
  (when (.exists file)
    (:figures (edn/read-string (slurp file)))))

(defn write
  "Replaces the baseline's figures by those of the rows; figures of parts that did not run stay."
  [rows]
  (with-open [out (io/writer file)]
    (binding [*out* out]
      (println (str ";; Ratios to a reference of the same run (or, where there is none, figures): "
                    "[part figure reference] to number."))
      (println ";; Written by bin/bench --rebase; bin/bench --quick --check compares with it.")
      (pprint/pprint {:machine (machine/caption)
                      :figures (into (sorted-map) (merge (read-figures) (kept rows)))})))
  (println "Wrote" (str file)))

(defn- worse-by
  "By which factor a row is worse than the baseline says; below 1: better."
  [row before]
  (let [now (figure-of row)]
    (if (lower-is-better? row) (/ now before) (/ before now))))

(defn compared
  "Each row that a map of figures knows: [row before factor], the factor by which it is worse."
  [figures rows]
  (for [{:keys [goal missing] :as row} rows
        :let [before (when (and goal (not missing)) (get figures (key-of row)))]
        :when before]
    [row before (worse-by row before)]))

(defn check
  "Compares with the baseline and prints what is much worse; true if nothing is, and something was compared."
  [rows]
  (let [all (compared (read-figures) rows)
        bad (filter (fn [[_ _ factor]] (> factor tolerance)) all)]
    (doseq [[{:keys [part figure of] :as row} before factor] bad]
      (println (format "WORSE by %.2f x: %s, %s%s: %s, in the baseline %s" factor part figure (if of (str " / " of) "")
                       (row/number-text (figure-of row)) (row/number-text before))))
    (println (format "%d figures compared with %s, %d worse by more than %.1f x." (count all) (str file) (count bad)
                     tolerance))
    (and (seq all) (empty? bad))))
