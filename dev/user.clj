(ns user
  "What a person at the prompt of this project has."
  (:require [parallel.api :as parallel]))

(defn reload
  "Loads the library's Clojure again, changed files included."
  []
  (require 'parallel.api :reload-all))
