(ns ^:no-doc parallel.impl.definitions
  "What was defined at the prompt, as forms: so that a worker can be given it. A form is noted under each var that it
  has changed. What only adds to a multimethod or a protocol is noted under that."
  (:require [clojure.string :as str]
            [parallel.impl.stdin :as stdin])
  (:import [clojure.lang LineNumberingPushbackReader Namespace Var]
           [java.io File PushbackReader StringReader]
           [java.lang.ref WeakReference]))

(set! *warn-on-reflection* true)

(def ^:private noted
  "Qualified symbol of a var to {:form :ns :root, a weak reference to what the form made of it, :additions {key form}}."
  (atom {}))

(defn- root
  "What tells one definition of a var from the next: what it holds, for a protocol its interface. The rest of a protocol
  changes whenever something is extended."
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
  (when (and (seq? form)
             (symbol? (first form))
             (str/starts-with? (name (first form)) "def")
             (not= "defmethod" (name (first form))))
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

;; ---- forms of a text, each read in the namespace that is current there

(defn- namespace-after
  "The namespace that is current after a form: that of an ns or in-ns, if it exists."
  [form ns]
  (or (when (and (seq? form) (#{'ns 'in-ns} (first form)))
        (let [n (second form)
              n (if (and (seq? n) (= 'quote (first n))) (second n) n)]
          (when (symbol? n)
            (find-ns n))))
      ns))

(defn- read-next
  "The next form; ::unreadable where there is none, but more may follow, ::end at the end."
  [^PushbackReader reader ns]
  (binding [*ns* ns *read-eval* false]
    (try
      (read {:read-cond :allow :eof ::end} reader)
      (catch Exception _
        (let [c (.read reader)]
          (if (neg? c) ::end (do (.unread reader c) ::unreadable)))))))

(defn- forms-from
  "[{:form :ns}] of what a reader has; it begins in ns. A prompt goes on after what cannot be read, and so do we."
  [reader ns]
  (loop [ns ns forms []]
    (let [form (read-next reader ns)]
      (case form
        ::end        forms
        ::unreadable (recur ns forms)
        (recur (namespace-after form ns) (conj forms {:form form :ns (ns-name ns)}))))))

(defn- forms-in
  "Those of a text whose first character stands in line and column 1, or there."
  ([text ns]
   (forms-in text ns 1 1))
  ([text ns line column]
   (let [indented (str (apply str (repeat (dec (long column)) \space)) text)]
     (forms-from (doto (LineNumberingPushbackReader. (StringReader. indented))
                   (.setLineNumber (int line)))
                 ns))))

(defn- forms-without-lines
  "Those of a text at a prompt, which numbers the lines of each form from 1."
  [^String text ns]
  (forms-from (PushbackReader. (StringReader. text)) ns))

(def ^:private typed
  "{:forms read last at clojure.main's prompt, :ns they were read in, :before what its vars held then}; or nil."
  (atom nil))

(defn- note-typed!
  "Notes what they have defined so far. No prompt tells that an evaluation has ended: the next read does, or whoever
  needs a definition meanwhile."
  []
  (locking typed
    (when-let [{:keys [forms ns before]} @typed]
      (let [now (roots ns)]
        (doseq [{:keys [form]} forms]
          (run! #(note-definition! ns % form) (changed before now))
          (note-addition! ns form))
        (swap! typed assoc :before now)))))

(defn read-at-prompt!
  "Takes the text of a form that will be evaluated next, in *ns*."
  [text]
  (locking typed
    (note-typed!)
    (reset! typed {:forms (forms-without-lines text *ns*) :ns *ns* :before (roots *ns*)})))

(defn evaluate-text
  "As evaluate, where the form loads a file of that text: what the file has defined is noted one by one."
  [eval form text]
  (let [before (into {} (map (fn [ns] [ns (roots ns)])) (all-ns))
        value  (eval form)
        forms  (forms-in text *ns*)]
    (doseq [[ns-sym forms] (group-by :ns forms)
            :let [ns (find-ns ns-sym)]
            sym (changed (before ns {}) (roots ns))]
      (when-let [{:keys [form]} (last (filter #(contains? (names-defined (:form %)) sym) forms))]
        (note-definition! ns sym form)))
    (run! (fn [{:keys [form ns]}] (note-addition! (the-ns ns) form)) forms)
    value))

(defn- all-noted []
  (note-typed!)
  @noted)

;; ---- looking up

;; A script's definitions stand in its file; those of -e and of a redirected stdin in texts of their own.

(def ^:private scripts
  "File to [time of its last change, its forms]."
  (atom {}))

(defn- forms-of
  "The top-level forms of a file as it is now, {:form :ns}; none where it cannot be read."
  [^File file]
  (let [time (.lastModified file)
        [read-at forms] (get @scripts file)]
    (if (= time read-at)
      forms
      (let [forms (try (forms-in (slurp file) (create-ns 'user)) (catch Exception _ []))]
        (swap! scripts assoc file [time forms])
        forms))))

(def ^:private expressions
  "The forms of -e on this JVM's command line. A prompt numbers the lines of each form from 1: then lines say nothing."
  (delay
   (let [forms (if (= :prompt (:stdin @stdin/given)) forms-without-lines forms-in)]
     (into [] (mapcat #(forms % (create-ns 'user))) (:expressions @stdin/given)))))

;; A script that comes through a pipe cannot be read again. What was read before its first ns form belongs to whichever
;; namespace was current.

(def ^:private captured
  "{:text read so far, :forms {namespace forms}}"
  (atom {:text "" :forms {}}))

(defn- captured-text
  "What was read of a script so far; nil where it is not kept."
  []
  (when-let [^LineNumberingPushbackReader reader (:reader stdin/script)]
    (locking captured
      (let [more (.getString reader)]
        (.captureString reader)
        (when (seq more)
          (swap! captured (fn [{:keys [text]}] {:text (str text more) :forms {}})))
        (:text @captured)))))

(defn- captured-forms [ns]
  (locking captured
    (let [text (captured-text)]
      (or (get-in @captured [:forms ns])
          (let [{:keys [line column]} stdin/script
                forms (into @expressions (when text (forms-in text ns line column)))]
            (swap! captured assoc-in [:forms ns] forms)
            forms)))))

(def ^:private stdin (File. "/proc/self/fd/0"))

(defn- without-file
  "The forms of what has no file, for a namespace: given on the command line, or of a script on stdin. The same object
  as long as nothing more was read."
  [ns]
  (if (and (= :script (:stdin @stdin/given)) (.isFile ^File stdin))
    (forms-of stdin)
    (captured-forms ns)))

(defn- file-of
  "The file that the var was loaded from, when it is no file of the class path."
  ^File [^Var v]
  (let [file (some-> (:file (meta v)) str File.)]
    (when (and file (.isFile ^File file))
      file)))

(defn- candidates
  "The forms of the text that the var was defined by, in its namespace."
  [^Var v]
  (let [file (:file (meta v))
        ns   (ns-name (.ns v))]
    (filter #(= ns (:ns %))
            (cond
              (file-of v) (forms-of (file-of v))
              (or (nil? file)
                  (str/starts-with? (str file) "NO_SOURCE")
                  (str/starts-with? (str file) "<")) (without-file (.ns v))
              :else nil))))

(defn- within
  "The forms in a top-level form that define the name, itself first."
  [form sym]
  (filter #(contains? (names-defined %) sym) (tree-seq coll? seq form)))

(defn- best
  "Of forms that define a name, the one on the var's line, else the last."
  [^Var v forms]
  (or (first (filter #(and (:line (meta v)) (= (:line (meta v)) (:line (meta %)))) forms))
      (last forms)))

(defn- captured-locals
  "{name value} of the locals around the function that a var holds."
  [^Var v]
  (let [f (.getRawRoot v)]
    (when (fn? f)
      (into {}
            (for [^java.lang.reflect.Field field (.getDeclaredFields (class f))
                  :when (not (java.lang.reflect.Modifier/isStatic (.getModifiers field)))
                  :let [n (clojure.lang.Compiler/demunge (.getName field))]
                  :when (not (str/starts-with? n "__"))]
              (do (.setAccessible field true)
                  [(symbol n) (.get field f)]))))))

(defn shape
  "The hashes of the simple values that the function of a var has captured, or nil: another evaluation of its source has
  the same, unless it takes the clock, or chance."
  [^Var v]
  (not-empty (sort (map hash (filter #(or (number? %) (string? %) (ident? %) (char? %)) (vals (captured-locals v)))))))

(defn- inside
  "The definition that stands in a top-level form: with the locals around it, as the function has captured them."
  [^Var v {:keys [form ns]}]
  (let [inner  (best v (within form (.sym v)))
        locals (if (identical? inner form) {} (captured-locals v))]
    (when (and inner (or (identical? inner form) (fn? (.getRawRoot v))))
      (cond-> {:form inner :ns ns}
        (seq locals) (assoc :locals locals)))))

(defn- path-to
  "The forms from this one to the innermost that stands at the line and column, or nil."
  [form line column]
  (when (coll? form)
    (or (some #(some->> (path-to % line column) (cons form)) form)
        (when (and (seq? form) (= [line column] ((juxt :line :column) (meta form))))
          (list form)))))

(defn- earlier
  "The forms before this one that define the name: (def f (memoize f)) needs the f before."
  [^Var v form]
  (when (and (seq? form) (= 'def (first form)) (some #{(.sym v)} (tree-seq coll? seq (drop 2 form))))
    (map :form (filter #(contains? (names-defined (:form %)) (.sym v))
                       (take-while #(not (identical? form (:form %))) (candidates v))))))

(defn- standing-at
  "The definition at the var's line and column, also where a macro of another name has made it."
  [^Var v]
  (let [{:keys [line column]} (meta v)
        found (when (and line column)
                (last (keep (fn [{:keys [form ns]}]
                              (some-> (path-to form line column) vec (vector ns)))
                            (candidates v))))]
    (when-let [[path ns] found]
      (let [form   (peek path)
            locals (when (some #(and (seq? %) (not= 'do (first %))) (pop path))
                     (captured-locals v))
            before (earlier v form)]
        (cond-> {:form (if (seq before) (list* 'do (concat before [form])) form) :ns ns}
          (seq locals) (assoc :locals locals))))))

(defn- by-name [^Var v]
  (let [tops (filter #(seq (within (:form %) (.sym v))) (candidates v))
        line (:line (meta v))
        top  (or (first (filter (fn [{:keys [form]}] (some #(= line (:line (meta %))) (within form (.sym v)))) tops))
                 (last tops))]
    (when top
      (inside v top))))

(defn- in-script [^Var v]
  (or (standing-at v) (by-name v)))

(defn- additions-in-script [^Var v]
  (into {}
        (for [{top :form ns :ns} (candidates v)
              form (tree-seq #(and (seq? %) (not= 'quote (first %))) seq top)
              :let [{:keys [to key]} (extended (the-ns ns) form)]
              :when (some #(= (symbol v) (var-symbol (the-ns ns) %)) to)]
          [key {:form form :ns ns}])))

(defn- as-noted
  "The definition that was noted, unless the var has been given another root since."
  [^Var v {:keys [form ns] ^WeakReference noted-root :root}]
  (when (and form (identical? (.get noted-root) (root v)))
    (inside v {:form form :ns ns})))

(defn defining
  "The var whose definition brings this one with it: a protocol for its functions."
  ^Var [^Var v]
  (let [protocol (:protocol (meta v))]
    (if (var? protocol) protocol v)))

(defn- made-by?
  "Whether a function can be what a definition has made: one that was put in its place, as by with-redefs, has another
  name."
  [form ^Var v]
  (let [f (.getRawRoot v)]
    (or (not (fn? f))
        (not (#{"defn" "defn-" "defmacro"} (name (first form))))
        (let [simple (last (str/split (.getName (class f)) #"\$"))]
          (= (clojure.lang.Compiler/munge (name (.sym v))) (str/replace simple #"__\d+$" ""))))))

(defn source
  "How the var was defined, {:form :ns}, or nil when that is not known."
  [^Var v]
  (or (as-noted v (get (all-noted) (symbol v)))
      (when-let [source (in-script v)]
        (when (made-by? (:form source) v)
          source))))

(defn- stands?
  "Whether an addition has been made, and was not taken back: the text of a script is read before all of it was
  evaluated."
  [^Var v form ns]
  (let [[head _ dispatch] form
        multi (.getRawRoot v)]
    (or (not= "defmethod" (name head))
        (not (instance? clojure.lang.MultiFn multi))
        (let [value (if (symbol? dispatch) (ns-resolve (the-ns ns) dispatch) dispatch)]
          (or (not (or (keyword? value) (string? value) (number? value) (class? value) (nil? value) (boolean? value)))
              (contains? (methods multi) value))))))

(defn- constant
  "The value of a dispatch value's expression in a namespace, or ::unknown."
  [ns expression]
  (try (binding [*ns* (the-ns ns)] (eval expression)) (catch Throwable _ ::unknown)))

(defn replaced?
  "Whether a function of a script has been replaced by one whose source is not known, as with-redefs does."
  [^Var v]
  (let [source (when-not (get-in (all-noted) [(symbol v) :form]) (in-script v))]
    (boolean (and source (not (made-by? (:form source) v))))))

(defn additions
  "What was added to a multimethod or protocol at the prompt or by a script: {key {:form :ns}}, in which a key says what
  it was added for."
  [^Var v]
  (into {} (filter (fn [[_ {:keys [form ns]}]] (stands? v form ns)))
        (or (:additions (get (all-noted) (symbol v)))
            (additions-in-script v))))

(def ^:private foreign-in
  "The additions among the forms of a text, by the identity of those: [forms additions]."
  (atom nil))

(defn- additions-among [forms]
  (let [[known additions] @foreign-in]
    (if (identical? known forms)
      additions
      (let [additions (into [] (for [{:keys [form ns]} forms
                                     :let [{:keys [to key]} (extended (the-ns ns) form)]
                                     target (keep #(var-symbol (the-ns ns) %) to)]
                                 [target key {:form form :ns ns}]))]
        (reset! foreign-in [forms additions])
        additions))))

(defn foreign-additions
  "[target key {:form :ns}] of what the prompt, or the script that a namespace belongs to, has added to multimethods and
  protocols of others: of vars of which from-class-path? is true."
  [^Namespace ns from-class-path?]
  (let [of-script (some (fn [[_ v]] (file-of v)) (ns-interns ns))
        all       (concat (for [[target {:keys [additions]}] (all-noted), [key addition] additions]
                            [target key addition])
                          (additions-among (if of-script (forms-of of-script) (without-file ns))))]
    (filter (fn [[target]]
              ;; a namespace may have been removed
              (let [v (when (find-ns (symbol (namespace target))) (find-var target))]
                (and v (from-class-path? v))))
            all)))

(defn- extensible?
  "Whether something can be added to what a var holds, which then stays the same object."
  [^Var v]
  (let [value (.getRawRoot v)]
    (or (instance? clojure.lang.MultiFn value)
        (and (map? value) (not (record? value)) (some? (:on-interface value))))))

(defn unchanged
  "A function that says whether the var is still defined as it is now, as far as source and additions know. It does not
  keep what the var holds."
  [^Var v]
  (let [root      (WeakReference. (.getRawRoot v))
        meta-data (meta v)
        entry     (get (all-noted) (symbol v))
        file      (file-of v)
        time      (when file (.lastModified file))
        read      (when (extensible? v) (captured-text))]
    (fn []
      (let [held (.get root)]
        (and (some? held)
             (identical? held (.getRawRoot v))
             (identical? meta-data (meta v))
             (identical? entry (get (all-noted) (symbol v)))
             (or (nil? read) (= read (captured-text)))
             (or (nil? file) (= time (.lastModified file))))))))

(defn in-a-resource?
  "Whether the var was defined by a file of the class path."
  [^Var v]
  (let [file (:file (meta v))]
    (boolean (and file (not (str/starts-with? file "NO_SOURCE")) (.getResource (clojure.lang.RT/baseLoader) file)))))

(defn of-class
  "The var that was defined together with a class of the prompt: the constructor function of a record or type, the
  protocol of an interface; or nil."
  [^Class c]
  (let [n (.getName c) i (str/last-index-of n ".")]
    (when i
      (when-let [ns (find-ns (symbol (clojure.lang.Compiler/demunge (subs n 0 i))))]
        (let [simple (subs n (inc (long i)))]
          (some #(get (ns-interns ns) (symbol (clojure.lang.Compiler/demunge %))) [(str "->" simple) simple]))))))

(defn kind
  "How a var of the prompt is sent: :source, :value as it holds it now, or :once, evaluated there once."
  [^Var v {:keys [form]}]
  (let [value (.getRawRoot v)]
    (cond
      (and (seq? form) (= "defonce" (name (first form))))          :once
      (or (fn? value) (.isMacro v) (instance? clojure.lang.MultiFn value)
          (and (map? value) (not (record? value)) (:on-interface value))
          (instance? clojure.lang.Var$Unbound value)
          (class? value))                                          :source
      (and (instance? clojure.lang.IDeref value)
           (not (instance? java.util.concurrent.Future value))
           (not (instance? parallel.Peer value)))                  :once
      :else                                                        :value)))

(defn unknown-methods
  "The dispatch values of a multimethod's methods whose source is not known; on-class-path? says it of a namespace,
  which brings its own."
  [^Var v on-class-path?]
  (let [known (into #{} (for [[_ {:keys [form ns]}] (additions v) :when (= "defmethod" (name (first form)))]
                          (constant ns (nth form 2 nil))))]
    (for [[dispatch-value f] (methods (.getRawRoot v))
          :let [n (.getName (class f)) i (str/index-of n "$")]
          :when (and i (not (known dispatch-value))
                     (not (on-class-path? (symbol (clojure.lang.Compiler/demunge (subs n 0 i))))))]
      dispatch-value)))

(def ^:private most-elements "Of a lazy seq that a var holds." 1000000)

(defn endless?
  "Whether a value is a seq that has no end, or none within a million elements."
  [x]
  (and (seq? x) (not (counted? x))
       (or (instance? clojure.lang.Cycle x) (instance? clojure.lang.Iterate x)
           (= most-elements (bounded-count most-elements x)))))
