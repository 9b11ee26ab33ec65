(ns parallel.bench
  "What is claimed about speed, measured beside real references in the same run; bin/bench --help says how it is
  called."
  (:require [clojure.data.json :as json]
            [clojure.java.io :as io]
            [clojure.string :as str]
            [parallel.bench.baseline :as baseline]
            [parallel.bench.contender :as contender]
            [parallel.bench.figures :as figures]
            [parallel.bench.machine :as machine]
            [parallel.bench.row :as row]))

;; ---- the parts

(defn- rows-of
  "A part's function: loaded when it is run, so that what one needs is not asked of another."
  [sym]
  (fn [options] ((requiring-resolve sym) options)))

(defn- there? [sym]
  (io/resource (str (str/replace (munge (namespace sym)) "." "/") ".clj")))

(defn- as-row
  "A part's own row, whose goal may be a number that the ratio has to reach."
  [{:keys [goal] :as row}]
  (cond-> row (number? goal) (assoc :goal (format ">= %s x" goal))))

(defn- rows-where-there
  "The rows of a function that takes no options and prints them, too: the first of the symbols whose file is there."
  [& syms]
  (fn [_]
    (if-let [sym (first (filter there? syms))]
      (let [rows (volatile! nil)]
        (with-out-str (vreset! rows ((requiring-resolve sym))))
        (map as-row @rows))
      [(row/missing (name (first syms)) nil (str "there is no " (namespace (first syms))))])))

(def ^:private parts
  "In the order of the table: [name what function], each a function of the options that returns rows."
  [["ping"      "there and back of a long, by the Java API"        (rows-of 'parallel.bench.messages/ping)]
   ["busy"      "the same beside others that want the processors"  (rows-of 'parallel.bench.busy/busy)]
   ["one-way"   "small messages one way"                           (rows-of 'parallel.bench.messages/one-way)]
   ["arrays"    "double[] of 1e5, 1e6, 1e7 one way"                (rows-of 'parallel.bench.messages/arrays)]
   ["codec"     "Clojure values written and read"                  (rows-of 'parallel.bench.codec/codec)]
   ["idle"      "a worker that waits, and how soon it wakes"       (rows-of 'parallel.bench.idle/idle)]
   ["start"     "run to the first message"                         (rows-of 'parallel.bench.start/start)]
   ["warm"      "the same with a warm spare"                       (rows-of 'parallel.bench.start/warm)]
   ["ancestor"  "4 workers, 1000 rounds of maps with arrays"       (rows-of 'parallel.bench.ancestor/ancestor)]
   ["footprint" "memory and threads of an idle worker"             (rows-of 'parallel.bench.footprint/footprint)]
   ["pool"      "tasks of a pool"                                  (rows-of 'parallel.bench.pool/pool)]
   ["record"    "an element in a worker's flight record"            (rows-of 'parallel.bench.record/record)]
   ["shared"    "shared arrays"
    (rows-where-there 'parallel.bench.shared/shared-figures)]
   ["hosts"     "workers on a host, which is this machine"         (rows-of 'parallel.bench.hosts/hosts)]
   ["scaling"   "2 to 100 workers"                                 (rows-of 'parallel.bench.scaling/scaling)]
   ["sizes"     "arrays by size, for the plot"                     (rows-of 'parallel.bench.messages/sizes)]])

(def ^:private not-quick
  "Parts that --quick leaves out unless they are named."
  #{"busy" "hosts" "scaling" "sizes"})

(defn- failures
  "A table of its own: how long it takes until a failure is seen."
  []
  ((requiring-resolve 'parallel.failures/print-table)))

(def ^:private usage
  (str "bin/bench [options] [parts]   without a part: all of them\n\n"
       (str/join (map (fn [[part what]] (format "  %-11s %s%n" part what)) parts))
       "  failures    how long it takes until a failure is seen, 20 of each kind; only when named

  --quick         fewer and shorter turns, without busy, hosts, scaling and sizes unless they are named: under
                  three minutes for all
  --json FILE     the table as JSON, too
  --markdown FILE the table as Markdown, too; those of the documentation are in doc/figures
  --plots DIR     plots of what the run has measured (ping, sizes, scaling), as SVG; those of the documentation are in
                  doc/figures
  --check         compares the ratios with bench/baseline.edn; exit code 1 where one is much worse
  --rebase        writes bench/baseline.edn from this run
  --install       first installs the Debian packages of what is compared with, where this user may
  --help

A row: ours, the reference in the same run, the median of the turns' ratios, their spread, the goal, whether it is held.
The JDK is JAVA_HOME's, else the one on PATH."))

;; ---- running

(defn- measure
  "The rows of a part, printed; what went wrong is a row, too. The part's data for plots is in the rows' metadata."
  [[part _ f] options]
  (let [before (machine/snapshot)
        rows   (try
                 (f options)
                 (catch Exception e
                   [(row/missing part nil (str "failed, " (ex-message e)))]))
        tagged (mapv #(assoc % :part part) rows)
        meanwhile (machine/meanwhile before (machine/snapshot))]
    (run! println (map row/text tagged))
    (some->> (machine/warning meanwhile) (println " "))
    (flush)
    {:rows tagged, :meanwhile meanwhile, :data (meta rows)}))

(defn- wanted [{:keys [quick? named]}]
  (filter (fn [[part]] (if (seq named) (some #{part} named) (not (and quick? (not-quick part))))) parts))

(defn- summary [rows measured]
  (let [goals (filter #(some? (:held? %)) rows)]
    (format "%d rows with a goal: %d held, %d not; %d missing. Seconds: %s." (count goals) (count (filter :held? goals))
            (count (remove :held? goals)) (count (filter :missing rows))
            (str/join ", "
                      (map (fn [{:keys [rows meanwhile]}] (format "%s %.0f" (:part (first rows)) (:seconds meanwhile)))
                           measured)))))

(defn- write-json [file rows measured]
  (spit file (json/write-str {:machine   (machine/caption)
                              :meanwhile (into {} (map (fn [{:keys [rows meanwhile]}] [(:part (first rows)) meanwhile]))
                                               measured)
                              :rows      rows}
                             :indent true)))

(defn- run-parts
  "Runs them, prints and writes what was asked for; whether all is well."
  [{:keys [quick? plots markdown check? rebase?] json-file :json :as options}]
  (println (machine/caption))
  (println row/header)
  (let [turns    (if quick? {:turns 3 :warm-ups 1} {:turns 7 :warm-ups 2})
        measured (mapv #(measure % (merge options turns)) (wanted options))
        rows     (into [] (mapcat :rows) measured)]
    (println (summary rows measured))
    (when json-file (write-json json-file rows measured))
    (when markdown (spit markdown (str (machine/caption) "\n\n" (row/markdown rows))))
    (when plots (figures/write plots (apply merge (map :data measured))))
    (when rebase? (baseline/write rows))
    (or (not check?) (boolean (baseline/check rows)))))

;; ---- the command line

(defn- refuse [& words]
  (throw (ex-info (str/join " " words) {::usage true})))

(defn- parse [arguments]
  (loop [[a & more] arguments, options {:named []}]
    (case a
      nil            options
      "--quick"      (recur more (assoc options :quick? true))
      "--check"      (recur more (assoc options :check? true))
      "--rebase"     (recur more (assoc options :rebase? true))
      ("--json" "--markdown" "--plots") (if-let [value (first more)]
                                          (recur (rest more) (assoc options (keyword (subs a 2)) value))
                                          (refuse a "needs a value."))
      ("-h" "--help") {:help? true}
      (if (some #{a} (conj (map first parts) "failures"))
        (recur more (update options :named conj a))
        (refuse "There is no part" (pr-str a)
                (str "here; there are " (str/join ", " (map first parts)) ", failures."))))))

(defn- play [arguments]
  (let [{:keys [help? named] :as options} (parse arguments)]
    (if help?
      (do (println usage)
          true)
      (do (.mkdirs contender/scratch)
          (when (some #{"failures"} named) (failures))
          (or (= named ["failures"]) (run-parts options))))))

(defn -main [& arguments]
  (let [well? (try
                (play arguments)
                (catch clojure.lang.ExceptionInfo e
                  (when-not (::usage (ex-data e))
                    (throw e))
                  (binding [*out* *err*]
                    (println (ex-message e) "bin/bench --help says what there is."))
                  nil))]
    (flush)
    (System/exit (case well? true 0, false 1, 2))))
