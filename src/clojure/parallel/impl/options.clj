(ns ^:no-doc parallel.impl.options
  "Options are tables: one serves validation, errors and documents. A row is a map of

  :key        the option
  :doc        what it is, in one line
  :takes      what is allowed, in words; an error says them
  :valid?     the same as a predicate
  :default    its value where it is not given; a row without it has none, or one that is found at the call
  :otherwise  what holds where it is not given, in words, where the default does not say it
  :set        (set target value) applies it, where it is applied by itself

  The tables are in worker-options, pool-options, shared-options and dashboard."
  (:require [clojure.string :as str]
            [parallel.impl.errors :as errors])
  (:import [java.io File]
           [java.nio.file Path]))

(set! *warn-on-reflection* true)

;; ---- what is allowed

(defn number-from
  "A predicate: a whole number from least on, or to most."
  ([least] (number-from least Long/MAX_VALUE))
  ([least most] #(and (int? %) (<= (long least) (long %) (long most)))))

(defn path?
  "Whether x names a file: a string, a File or a Path."
  [x]
  (or (string? x) (instance? File x) (instance? Path x)))

;; ---- what is made of a table

(defn defaults
  "A map of the options that have a default."
  [table]
  (into {} (keep (fn [row] (when (contains? row :default) [(:key row) (:default row)]))) table))

(defn check-map
  "Throws :bad-argument when what should be options is no map."
  [what m]
  (when-not (map? m)
    (throw (errors/bad-argument (str "Options of " what " are a map, not " (pr-str m) ".")))))

(defn check-known
  "Throws :bad-argument when what should be options is no map (or nil), or has a key that is not among the known ones."
  [what m known]
  (when (some? m)
    (check-map what m))
  (when-let [unknown (seq (remove (set known) (keys m)))]
    (throw (errors/bad-argument
            (str "Unknown option " (str/join ", " (map pr-str unknown)) " of " what "; known are "
                 (str/join " " (sort-by str known)) ".")
            {:unknown (vec unknown) :known (vec (sort-by str known))})))
  m)

(defn check-values
  "Throws :bad-argument when an option of the table has a value that it does not take. what, if any, is named by the
  error."
  ([table m] (check-values nil table m))
  ([what table m]
   (doseq [{:keys [key takes valid?]} table
           :when (contains? m key)
           :let [v (get m key)]]
     (when-not (valid? v)
       (throw (errors/bad-argument
               (str "Option " key (when what (str " of " what)) " is " (pr-str v) "; allowed is " takes ".")
               {:option key :allowed takes}))))
   m))
