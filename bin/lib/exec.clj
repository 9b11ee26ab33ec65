;; What clojure -X and -T run: [fn] [key value]... [map], with the :exec-fn, :exec-args, :ns-default and :ns-aliases of the basis.
;; The function gets one map. Only for bin/clojure where the Clojure CLI, which has its own, is not installed.
(ns parallel.bin.exec
  (:require [clojure.edn :as edn]
            [clojure.string :as str]))

(defn- fail [& words]
  (throw (ex-info (str/join " " words) {::usage true})))

(defn- read-basis []
  (some->> (System/getProperty "clojure.basis") slurp (edn/read-string {:default tagged-literal})))

(defn- read-argument [text]
  (try (edn/read-string {:default tagged-literal} text)
       (catch RuntimeException e (fail "Unreadable argument:" (pr-str text) "-" (ex-message e)))))

(defn- qualify
  "The symbol of the function: with its namespace by :ns-aliases, or in the default namespace."
  [sym {:keys [ns-default ns-aliases]}]
  (cond
    (not (symbol? sym))       (fail "Not a function's name:" (pr-str sym))
    (qualified-symbol? sym)   (symbol (str (get ns-aliases (symbol (namespace sym)) (namespace sym))) (name sym))
    ns-default                (symbol (str ns-default) (name sym))
    :else                     (fail "The function needs a namespace (no :ns-default is set):" sym)))

(defn- assoc-argument
  "A key may be a path: [:a :b]."
  [m k v]
  (if (vector? k) (assoc-in m k v) (assoc m k v)))

(defn- parse
  "The command line as {:f symbol or nil, :pairs of path and value, :more a map}: the map at the end, then the one on stdin for -."
  [arguments]
  (let [stdin?   (= "-" (last arguments))
        values   (mapv read-argument (cond-> arguments stdin? butlast))
        f        (when (symbol? (first values)) (first values))
        values   (cond-> values f (subvec 1))
        last-map (when (and (odd? (count values)) (map? (peek values))) (peek values))
        values   (cond-> values last-map pop)]
    (when (odd? (count values))
      (fail "Key is missing a value:" (pr-str (peek values))))
    {:f f, :pairs (partition 2 values), :more (merge last-map (when stdin? (read-argument (slurp *in*))))}))

(defn- exec [arguments]
  (let [{:keys [exec-fn exec-args] :as argmap} (:argmap (read-basis))
        {:keys [f pairs more]} (parse arguments)
        sym  (qualify (or f exec-fn (fail "No function given, and no :exec-fn in the aliases.")) argmap)
        args (merge (reduce (fn [m [k v]] (assoc-argument m k v)) (or exec-args {}) pairs) more)
        f    (or (requiring-resolve sym) (fail "There is no function" sym))]
    (binding [*ns* (create-ns 'user)]
      (f args))))

(try
  (exec *command-line-args*)
  (shutdown-agents)
  (catch Throwable e
    (binding [*out* *err*]
      (if (::usage (ex-data e))
        (println (ex-message e))
        ((requiring-resolve 'clojure.main/report-error) e :target "file")))
    (shutdown-agents)
    (System/exit 1)))
