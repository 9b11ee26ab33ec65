(ns ^:no-doc parallel.impl.definitions
  "What was defined at the prompt, as forms: so that a worker can be given it. A form is noted under each var that it has
  changed. What only adds to a multimethod or a protocol is noted under that."
  (:require [clojure.string :as str])
  (:import [clojure.lang LineNumberingPushbackReader Namespace Var]
           [java.io File StringReader]
           [java.lang.ref WeakReference]))

(set! *warn-on-reflection* true)

(def ^:private noted
  "Qualified symbol of a var to {:form :ns :root, a weak reference to what the form made of it, :additions {key form}}."
  (atom {}))

(defn- root
  "What tells one definition of a var from the next: what it holds, for a protocol its interface. The rest of a protocol changes
  whenever something is extended."
  [^Var v]
  (let [value (.getRawRoot v)]
    (or (when (and (map? value) (not (record? value))) (:on-interface value))
        value)))

(defn- roots
  "The namespace's own vars and what they hold."
  [^Namespace ns]
  (into {} (for [[sym v] (ns-interns ns)] [sym (root v)])))

(defn- changed [before after]
  (for [[sym root] after :when (not (and (contains? before sym) (identical? (before sym) root)))] sym))

(defn- names-defined [form]
  (when (and (seq? form) (symbol? (first form)) (str/starts-with? (name (first form)) "def") (not= "defmethod" (name (first form))))
    (let [n (second form)]
      (into #{} (map #(symbol (str % n))) ["" "->" "map->"]))))

;; ---- additions

(defn- protocols-of-extend-type [ns body]
  (filter #(and (symbol? %) (var? (ns-resolve ns %))) body))

(defn- extended
  "The symbols that an addition adds to, and what distinguishes it from others to the same; nil when the form is none."
  [ns form]
  (when (and (seq? form) (symbol? (first form)))
    (let [[head a b] form]
      (case (name head)
        ("defmethod" "prefer-method") {:to [a] :key [head b]}
        "extend-type"                 {:to (protocols-of-extend-type ns (nnext form)) :key [head a]}
        "extend-protocol"             {:to [a] :key [head]}
        "extend"                      {:to (protocols-of-extend-type ns (nnext form)) :key [head a]}
        nil))))

(defn- var-symbol [ns sym]
  (let [v (try (ns-resolve ns sym) (catch Exception _ nil))]
    (when (var? v) (symbol v))))

(defn- note-addition! [ns form]
  (when-let [{:keys [to key]} (extended ns form)]
    (doseq [target (keep #(var-symbol ns %) to)]
      (swap! noted assoc-in [target :additions key] {:form form :ns (ns-name ns)}))))

(defn- note-definition! [ns sym form]
  (let [v (get (ns-interns ns) sym)]
    (swap! noted update (symbol v) assoc :form form :ns (ns-name ns) :root (WeakReference. (root v)))))

(defn evaluate
  "Calls eval, a function, with the form, and notes what it has defined in *ns*. Returns the value."
  [eval form]
  (let [ns     *ns*
        before (roots ns)
        value  (eval form)]
    (run! #(note-definition! ns % form) (changed before (roots ns)))
    (note-addition! ns form)
    value))

;; ---- files that an editor loads

(defn- forms-in [^String text ns]
  (let [reader (LineNumberingPushbackReader. (StringReader. text))]
    (binding [*ns* ns *read-eval* false]
      (into [] (take-while #(not (identical? % ::end))) (repeatedly #(read {:read-cond :allow :eof ::end} reader))))))

(defn- namespace-of
  "The namespace that a file's text begins with, if it exists."
  [text]
  (let [form (try (first (forms-in text *ns*)) (catch Exception _ nil))]
    (when (and (seq? form) (= 'ns (first form)))
      (find-ns (second form)))))

(defn evaluate-text
  "As evaluate, where the form loads a file of that text: what the file has defined is noted one by one."
  [eval form text]
  (let [before (into {} (map (fn [ns] [ns (roots ns)])) (all-ns))
        value  (eval form)
        ns     (or (namespace-of text) *ns*)
        forms  (try (forms-in text ns) (catch Exception _ []))]
    (doseq [sym (changed (before ns {}) (roots ns))]
      (when-let [form (last (filter #(contains? (names-defined %) sym) forms))]
        (note-definition! ns sym form)))
    (run! #(note-addition! ns %) forms)
    value))

;; ---- looking up

(defn- as-noted
  "The definition that was noted, unless the var has been given another root since."
  [^Var v {:keys [form ns] ^WeakReference noted-root :root}]
  (when (and form (identical? (.get noted-root) (root v)))
    {:form form :ns ns}))

;; A script's definitions stand in its file.

(def ^:private scripts
  "File to [time of its last change, its forms]."
  (atom {}))

(defn- forms-of
  "The top-level forms of a file as it is now; none where it cannot be read."
  [^File file ns]
  (let [time (.lastModified file)
        [read-at forms] (get @scripts file)]
    (if (= time read-at)
      forms
      (let [forms (try (forms-in (slurp file) ns) (catch Exception _ []))]
        (swap! scripts assoc file [time forms])
        forms))))

(defn- script-of
  "The file that the var was loaded from, when it is no file of the class path."
  ^File [^Var v]
  (let [file (some-> (:file (meta v)) str File.)]
    (when (and file (.isFile ^File file))
      file)))

(defn- in-script [^Var v]
  (when-let [file (script-of v)]
    (let [forms (filter #(contains? (names-defined %) (.sym v)) (forms-of file (.ns v)))]
      (when-let [form (or (first (filter #(= (:line (meta v)) (:line (meta %))) forms)) (last forms))]
        {:form form :ns (ns-name (.ns v))}))))

(defn- additions-in-script [^Var v]
  (when-let [file (script-of v)]
    (into {}
          (for [form (forms-of file (.ns v))
                :let [{:keys [to key]} (extended (.ns v) form)]
                :when (some #(= (symbol v) (var-symbol (.ns v) %)) to)]
            [key {:form form :ns (ns-name (.ns v))}]))))

(defn defining
  "The var whose definition brings this one along: a protocol for its functions."
  ^Var [^Var v]
  (let [protocol (:protocol (meta v))]
    (if (var? protocol) protocol v)))

(defn source
  "How the var was defined, {:form :ns}, or nil when that is not known."
  [^Var v]
  (or (as-noted v (get @noted (symbol v)))
      (in-script v)))

(defn additions
  "What was added to a multimethod or protocol at the prompt or by a script: {key {:form :ns}}, in which a key says what it was
  added for."
  [^Var v]
  (or (:additions (get @noted (symbol v)))
      (additions-in-script v)))

(defn unchanged
  "A function that says whether the var is still defined as it is now, as far as source and additions know. It does not keep what
  the var holds."
  [^Var v]
  (let [root      (WeakReference. (.getRawRoot v))
        meta-data (meta v)
        entry     (get @noted (symbol v))
        file      (script-of v)
        time      (when file (.lastModified file))]
    (fn []
      (let [held (.get root)]
        (and (some? held)
             (identical? held (.getRawRoot v))
             (identical? meta-data (meta v))
             (identical? entry (get @noted (symbol v)))
             (or (nil? file) (= time (.lastModified file))))))))

(defn in-a-resource?
  "Whether the var was defined by a file of the class path."
  [^Var v]
  (let [file (:file (meta v))]
    (boolean (and file (not (str/starts-with? file "NO_SOURCE")) (.getResource (clojure.lang.RT/baseLoader) file)))))

(defn of-class
  "The var that was defined together with a class of the prompt: the constructor function of a record or type, the protocol of an
  interface; or nil."
  [^Class c]
  (let [n (.getName c) i (str/last-index-of n ".")]
    (when i
      (when-let [ns (find-ns (symbol (clojure.lang.Compiler/demunge (subs n 0 i))))]
        (let [simple (subs n (inc (long i)))]
          (some #(get (ns-interns ns) (symbol (clojure.lang.Compiler/demunge %))) [(str "->" simple) simple]))))))
