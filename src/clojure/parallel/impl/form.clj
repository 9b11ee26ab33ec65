(ns ^:no-doc parallel.impl.form
  "A form with all that it needs to mean the same in a worker as at its call site: the namespace's name, and the aliases,
  refers and imports that the form uses."
  (:require [clojure.string :as str]
            [parallel.impl.errors :as errors])
  (:import [clojure.lang IPersistentMap Var]
           [parallel.codec Codec NotTransferableException]
           [parallel.runtime Job Workers]))

(set! *warn-on-reflection* true)

(defn- symbols
  "All symbols in a form, in its maps, sets and metadata too."
  [form]
  (->> (tree-seq coll? (fn [x] (if (meta x) (cons (dissoc (meta x) :line :column :end-line :end-column :file :source) (seq x)) (seq x))) form)
       (filter symbol?)
       (into #{})))

(defn- base-name
  "The path of a namespace's file, without its ending."
  [ns-sym]
  (-> (str ns-sym) (str/replace "-" "_") (str/replace "." "/")))

(defn- on-class-path?
  "Whether the namespace can be loaded from the class path."
  [ns-sym]
  (let [loader (clojure.lang.RT/baseLoader)]
    (boolean (some #(.getResource ^ClassLoader loader (str (base-name ns-sym) %)) ["__init.class" ".clj" ".cljc"]))))

(defn- being-loaded?
  "Whether this thread is just loading the namespace's file; another thread's load is none of ours. loaded-libs does not tell: ns
  adds to it at once."
  [ns-sym]
  (boolean (some #{(str "/" (base-name ns-sym))} @#'clojure.core/*pending-paths*)))

(defn loadable?
  "Whether a worker can require the namespace: it is on the class path, and not just being loaded here."
  [ns-sym]
  (and (not= ns-sym 'user)
       (on-class-path? ns-sym)
       (not (being-loaded? ns-sym))))

(def ^:private core 'clojure.core)

(defn- needs-of
  "What one symbol of a form needs from its namespace: {:aliases {..} :refers {..} :imports #{..} :requires #{..} :own? bool}."
  [ns sym]
  (let [qualifier (some-> (namespace sym) symbol)
        aliased (when qualifier (get (ns-aliases ns) qualifier))]
    (cond
      (= qualifier (ns-name ns)) {:own? true}
      aliased {:aliases {qualifier (ns-name aliased)} :requires #{(ns-name aliased)}}
      qualifier (merge (when (or (find-ns qualifier) (on-class-path? qualifier)) {:requires #{qualifier}})
                       (when (class? (get (ns-imports ns) qualifier))
                         {:imports #{(.getName ^Class (get (ns-imports ns) qualifier))}}))
      :else
      (let [bare (symbol (str/replace (name sym) #"(?<=.)\.$" ""))
            target (or (get (ns-map ns) sym) (get (ns-map ns) bare))]
        (cond
          (class? target) {:imports #{(.getName ^Class target)}}
          (not (var? target)) nil
          (= (.ns ^Var target) ns) {:own? true}
          (= (ns-name (.ns ^Var target)) core) (when-not (= (.sym ^Var target) sym) {:refers {sym (symbol target)}})
          :else {:refers {sym (symbol target)} :requires #{(ns-name (.ns ^Var target))}})))))

(defn- merge-needs [a b]
  (merge-with (fn [x y] (if (coll? x) (into x y) (or x y))) a b))

(defn- default-import? [class-name]
  (str/starts-with? class-name "java.lang."))

(defn context
  "What a form needs from the namespace named ns-sym."
  [ns-sym form]
  (let [ns (or (find-ns ns-sym) (create-ns ns-sym))
        needs (reduce (fn [acc sym] (merge-needs acc (needs-of ns sym)))
                      {:aliases {} :refers {} :imports #{} :requires #{} :own? false}
                      (symbols form))]
    {:ns ns-sym
     :aliases (:aliases needs)
     :refers (:refers needs)
     :imports (vec (remove default-import? (:imports needs)))
     :requires (vec (filter loadable? (cond-> (disj (:requires needs) ns-sym core)
                                        (:own? needs) (conj ns-sym))))}))

(defn- read-all
  "The forms of a string of code as far as they read, to find what they need; the worker reads them itself."
  [ns-sym ^String code]
  (let [reader (clojure.lang.LineNumberingPushbackReader. (java.io.StringReader. code))]
    (binding [*ns* (or (find-ns ns-sym) *ns*) *read-eval* false]
      (loop [forms []]
        (let [form (try
                     (read {:eof ::end :read-cond :allow} reader)
                     (catch Exception _ ::end))]
          (if (= form ::end) forms (recur (conj forms form))))))))

(defn check
  "The form itself, or :bad-argument when it is not one."
  [form]
  (cond
    (var? form) (symbol form)
    (fn? form) (throw (errors/bad-argument
                       (str "A function object cannot travel: " (class form)
                            ". Give a quoted form, '(fn [x] ...), a qualified symbol, or a var, #'f.")
                       {:class (.getName (class form))}))
    :else form))

(defn job
  "The job of evaluating a form, and calling its value with args where it is a function; a Job that fails where something
  cannot travel."
  ^Job [ns-sym form args]
  (let [form (check form)
        code? (string? form)
        context (context ns-sym (if code? (read-all ns-sym form) form))]
    (Workers/job Job/FORM
                 (reify java.util.function.Supplier
                   (get [_]
                     (Codec/toBytes (assoc context (if code? :code :form) form :args (vec args))))))))
