(ns parallel.bench
  "What is claimed about speed, measured beside real references in the same run; bin/bench --help says how it is called."
  (:require [clojure.data.json :as json]
            [clojure.string :as str]
            [parallel.bench.ancestor :refer [ancestor]]
            [parallel.bench.codec :refer [codec]]
            [parallel.bench.idle :refer [idle]]
            [parallel.bench.machine :as machine]
            [parallel.bench.messages :refer [arrays one-way ping]]
            [parallel.bench.row :as row]
            [parallel.bench.start :refer [start warm]]))

(def ^:private parts
  "In the order of the table: a function of the options that returns rows."
  [["ping" #'ping] ["one-way" #'one-way] ["arrays" #'arrays] ["codec" #'codec] ["idle" #'idle] ["start" #'start] ["warm" #'warm]
   ["ancestor" #'ancestor]])

(defn- measured
  "The rows of a part, printed; what went wrong is a row, too."
  [[part f] options]
  (let [before (machine/snapshot)
        rows   (try (doall (f options))
                    (catch Exception e [(row/missing part nil (str "failed, " (ex-message e)))]))
        meanwhile (machine/meanwhile before (machine/snapshot))]
    (run! println (map row/text rows))
    (some->> (machine/warning meanwhile) (println " "))
    (flush)
    (map #(assoc % :part part :meanwhile meanwhile) rows)))

(defn- parse [arguments]
  (loop [[a & more] arguments, options {:parts []}]
    (case a
      nil       options
      "--quick" (recur more (assoc options :quick? true))
      "--json"  (recur (rest more) (assoc options :json (first more)))
      (recur more (update options :parts conj a)))))

(defn -main [& arguments]
  (let [{:keys [quick? json] wanted :parts :as options} (parse arguments)
        options (merge options (if quick? {:turns 3 :warm-ups 1} {:turns 7 :warm-ups 2}))]
    (println (machine/caption))
    (println row/header)
    (let [rows (vec (mapcat #(measured % options) (filter (fn [[part]] (or (empty? wanted) (some #{part} wanted))) parts)))]
      (when json
        (spit json (json/write-str {:machine (machine/caption) :rows rows}))))
    (shutdown-agents)))
