(ns ^:no-doc parallel.impl.dashboard
  "The options of a dashboard, and the dashboard as Clojure has it."
  (:require [parallel.impl.errors :as errors]
            [parallel.impl.options :as options :refer [number-from]])
  (:import [clojure.lang ILookup]
           [java.io Closeable Writer]
           [java.util.function Supplier]
           [parallel Dashboard DashboardOptions]
           [parallel.dashboard Dashboards]))

(set! *warn-on-reflection* true)

(def table
  "Options of a dashboard, as parallel.impl.options has tables."
  [{:key :port :takes "a number from 0 to 65535" :valid? (number-from 0 65535)
    :set (fn [^DashboardOptions o v] (.port o (int v)))
    :default 0 :doc "port of 127.0.0.1 that it listens on; 0 is one that is free"}
   {:key :open :takes "true or false" :valid? boolean?
    :set (fn [^DashboardOptions o v] (.open o (boolean v)))
    :default false :doc "whether a browser is opened, where there is one"}
   {:key :actions :takes "true or false" :valid? boolean?
    :set (fn [^DashboardOptions o v] (.actions o (boolean v)))
    :default false :doc "whether the page can interrupt, stop, kill and profile workers"}])

(deftype LiveDashboard [^Dashboard dashboard]
  ILookup
  (valAt [this k] (.valAt this k nil))
  (valAt [_ k not-found]
    (case k
      :url  (.url dashboard)
      :port (.port dashboard)
      :open (.isOpen dashboard)
      not-found))
  Closeable
  (close [_] (.close dashboard))
  Object
  (toString [_] (str dashboard)))

(defmethod print-method LiveDashboard [^LiveDashboard d ^Writer w]
  (.write w (if (:open d)
              (str "#parallel/dashboard{:url " (pr-str (:url d)) "}")
              "#parallel/dashboard{:open false}")))

(defn- as-json
  "A finding of diagnose, as the page takes it."
  [{:keys [finding text ids do]}]
  {"finding" (name finding) "text" text "ids" ids "do" (pr-str do)})

(defn open
  "Opens a dashboard with those options; diagnose is a function without arguments."
  [opts diagnose]
  (options/check-known "dashboard" opts (map :key table))
  (options/check-values "dashboard" table (or opts {}))
  (let [by-key  (into {} (map (juxt :key :set)) table)
        checked (reduce (fn [o [k v]] ((by-key k) o v)) (DashboardOptions/defaults) opts)]
    (LiveDashboard. (errors/surfacing (Dashboards/open checked (reify Supplier
                                                                 (get [_] (mapv as-json (diagnose)))))))))
