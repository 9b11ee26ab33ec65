(ns ^:no-doc parallel.impl.shared-options
  "The options of shared arrays."
  (:require [clojure.string :as str]
            [parallel.impl.errors :as errors]
            [parallel.impl.options :as options :refer [number-from]])
  (:import [parallel SharedArray$Mode]))

(set! *warn-on-reflection* true)

(def ^:private modes
  "What may be done to a file."
  {:create SharedArray$Mode/CREATE :read SharedArray$Mode/READ :read-write SharedArray$Mode/READ_WRITE})

(def table
  "Options of shared."
  [{:key :from :takes "a collection of numbers (chars, booleans), a primitive array or a shared array"
    :valid? #(and (some? %) (seqable? %))
    :otherwise "zeros" :doc "the first elements"}
   {:key :file :takes "a path: a string, File or Path" :valid? options/path?
    :otherwise "none: the array is in memory" :doc "file that the elements are in, and stay in"}
   {:key :mode :takes ":create, :read or :read-write" :valid? modes
    :otherwise ":create with a shape, else :read-write" :doc "what may be done to the file"}
   {:key :offset :takes "a number of bytes, 0 or more" :valid? (number-from 0)
    :default 0 :doc "bytes in the file before the first element"}
   {:key :shared-bytes :takes "a number of bytes, 0 or more" :valid? (number-from 0)
    :otherwise "the budget of set-budget!"
    :doc "most bytes of shared memory that this process may have with the array"}])

(defn mode
  "What may be done to the file of an array with that shape, or without one."
  ^SharedArray$Mode [opts shape]
  (modes (:mode opts (if shape :create :read-write))))

(defn checked
  "The options of shared, checked, with the defaults."
  [opts]
  (when-not (map? opts)
    (errors/refuse "shared" "options as a map, first" opts))
  (options/check-known "shared" opts (map :key table))
  (options/check-values table opts)
  (when-let [lost (and (not (:file opts)) (seq (filter opts [:mode :offset])))]
    (throw (errors/bad-argument (str (str/join ", " lost) " of shared needs the option :file."))))
  (merge (options/defaults table) opts))
