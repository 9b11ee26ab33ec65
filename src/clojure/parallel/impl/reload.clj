(ns ^:no-doc parallel.impl.reload
  "Code that is never stale: what a worker has loaded from source files outside jars, and loading it again once these
  have changed. A namespace is noted when its ns form is evaluated; before a form is evaluated the files of what it
  uses are looked at, which costs a microsecond each."
  (:require [clojure.java.io :as io]
            [clojure.string :as str])
  (:import [clojure.lang Namespace Var]
           [java.io File]
           [java.net URL]
           [java.util List Map]
           [parallel.clojure SourceFiles SourceFiles$Source]
           [parallel.control Language]))

(set! *warn-on-reflection* true)

(def on?
  "Whether this process loads changed namespaces again."
  (Boolean/getBoolean Language/RELOAD_PROPERTY))

;; ---- what is loaded

(defn- file-of ^File [^URL url]
  (when (and url (= "file" (.getProtocol url)))
    (File. (.toURI url))))

(defn- root
  "The path of a namespace's file on the class path, without its extension."
  [ns-sym]
  (-> (name ns-sym) (str/replace \- \_) (str/replace \. \/)))

(defn- source-file
  "The file that a namespace is loaded from while *file* is that; nil where it is another, as at a prompt, or in a jar."
  [ns-sym file]
  (some (fn [extension]
          (let [path  (str (root ns-sym) extension)
                found (io/resource path)]
            (when found
              (let [own (file-of found)]
                (when (and own (or (= file path) (= file (.getPath own))))
                  own)))))
        [".clj" ".cljc"]))

(defn- parts
  "The files that a file loads by (load \"name\"): they belong to its namespace."
  [ns-sym ^File file]
  (let [directory (str/replace (root ns-sym) #"[^/]*$" "")]
    (for [[_ path] (re-seq #"\(load\s+\"([^\"]+)\"" (slurp file))
          :let [path (if (str/starts-with? path "/") (subs path 1) (str directory path))
                part (some #(file-of (io/resource (str path %))) [".clj" ".cljc"])]
          :when part]
      part)))

(def ^:dynamic *began*
  "When, in milliseconds, what loads namespaces in this thread began; nil where nobody has said it."
  nil)

(defn- note-current
  "Called as often as a namespace has been loaded, and by each ns form, where *ns* is what it makes."
  [& _]
  (let [file *file*]
    (when (and (string? file) (re-find #"\.cljc?$" file))
      (let [ns-sym (ns-name *ns*)]
        (when-let [source (source-file ns-sym file)]
          (SourceFiles/note (name ns-sym) (cons source (parts ns-sym source)) (or *began* Long/MAX_VALUE)))))))

(defn note-all
  "From now on each namespace that is loaded is noted."
  []
  (add-watch @#'clojure.core/*loaded-libs* ::note note-current))

(defn forget-unfinished
  "Takes namespaces whose loading has failed for not loaded: Clojure's require would not load them a second time."
  []
  (dosync
    (alter @#'clojure.core/*loaded-libs* #(into (empty %) (filter find-ns) %))))

;; ---- who uses whom

(defn- noted []
  (into {} (map (fn [[n sources]] [(symbol n) sources])) (SourceFiles/noted)))

(defn- in-order
  "The noted namespaces, in the order in which they were loaded first."
  []
  (mapv symbol (keys (SourceFiles/noted))))

(defn- namespace-of-class [^Class c]
  (when (instance? clojure.lang.DynamicClassLoader (.getClassLoader c))
    (symbol (clojure.lang.Compiler/demunge (.getPackageName c)))))

(defn- uses-now
  "The namespaces that one means by its aliases, refers and imports."
  [^Namespace ns]
  (-> #{}
      (into (map ns-name) (vals (ns-aliases ns)))
      (into (map #(ns-name (.ns ^Var %))) (vals (ns-refers ns)))
      (into (keep namespace-of-class) (vals (ns-imports ns)))))

(defn- words
  "The names in the text of a file, and what stands before and after the slash of a qualified one."
  [text]
  (into #{} (map symbol) (re-seq #"[A-Za-z*+!_?<>=$%&-][\w.*+!?<>=$%&'-]*" text)))

(defn- uses-by-text
  "Those of known that the text of a file names, and those of the readers of its tagged literals."
  [known aliases text]
  (let [words      (words text)
        qualifiers (into #{} (map (comp symbol second)) (re-seq #"(?<![\w.-])([\w-]+)/" text))
        ;; a name of one word may be anything
        named?     #(if (str/includes? (name %) ".") (words %) (and (qualifiers %) (not (aliases %))))
        readers    (for [[_ tag] (re-seq #"#([A-Za-z][\w.*+!?-]*(?:/[\w.*+!?-]+)?)" text)
                         :let [v (get *data-readers* (symbol tag))]
                         :when (var? v)]
                     (ns-name (.ns ^Var v)))]
    (into (into #{} (filter named?) known) readers)))

(defn- text-of
  "What the files of a namespace say now."
  [sources]
  (str/join "\n" (for [^SourceFiles$Source source sources :when (.exists (.file source))]
                   (slurp (.file source)))))

(defn- uses
  "The noted namespaces that a noted one uses, by what it means now and by what its files say."
  [noted ns-sym]
  (let [known (set (keys noted))
        ns    (find-ns ns-sym)
        found (uses-by-text known (if ns (set (keys (ns-aliases ns))) #{}) (text-of (noted ns-sym)))]
    (disj (into #{} (filter known) (into found (when ns (uses-now ns)))) ns-sym)))

(defn- reached
  "roots, and all that they reach by a function from one to several."
  [roots step]
  (loop [seen #{} [x & more :as left] (seq roots)]
    (cond
      (nil? left) seen
      (seen x)    (recur seen more)
      :else       (recur (conj seen x) (seq (concat (step x) more))))))

(def ^:private files-of
  "{:generation of the notes, :files {roots to the files of what they use}}"
  (atom {}))

(defn- files
  ^"[Lparallel.clojure.SourceFiles$Source;" [roots]
  (let [generation (SourceFiles/generation)
        {known :files of :generation} @files-of]
    (or (when (= generation of) (get known roots))
        (let [noted (noted)
              found (into-array SourceFiles$Source
                                (mapcat noted (reached (filter noted roots) (partial uses noted))))]
          (swap! files-of #(assoc-in (if (= generation (:generation %)) % {:generation generation})
                                     [:files roots] found))
          found))))

;; ---- what a namespace is, to be had back

(defn- kept [^Namespace ns]
  {:mappings (.getMappings ns)
   :aliases  (.getAliases ns)
   :vars     (into [] (for [[_ ^Var v] (ns-interns ns)] [v (.hasRoot v) (.getRawRoot v) (meta v)]))})

(defn- give-back [^Namespace ns {:keys [mappings aliases vars]}]
  (doseq [[sym x] (.getMappings ns) :when (not (identical? x (get mappings sym)))]
    (.unmap ns sym))
  (doseq [[sym x] mappings :when (not (identical? x (.getMapping ns sym)))]
    (if (class? x)
      (.importClass ns sym x)
      (.refer ns sym x)))
  (doseq [sym (keys (.getAliases ns)) :when (not= (get aliases sym) (get (.getAliases ns) sym))]
    (.removeAlias ns sym))
  (doseq [[sym target] aliases :when (nil? (get (.getAliases ns) sym))]
    (.addAlias ns sym target))
  (doseq [[^Var v root? root m] vars]
    (if root? (.bindRoot v root) (.unbindRoot v))
    (.resetMeta v m)))

;; ---- loading again

(def ^:private times-loaded (atom 0))

(defn loaded-again
  "How many namespaces this process has loaded again. What was compiled when it was another number may be stale."
  []
  @times-loaded)

(defn- changed? [sources]
  (some #(.isChanged ^SourceFiles$Source %) sources))

(defn- sorted
  "some of the namespaces, each after those that it uses; within a cycle in the order in which they were loaded."
  [order some uses]
  (letfn [(visit [[seen out :as acc] x]
            (if (seen x)
              acc
              (let [[seen out] (reduce visit [(conj seen x) out] (filter (uses x) order))]
                [seen (if (some x) (conj out x) out)])))]
    (second (reduce visit [#{} []] (filter some order)))))

(defn- clear
  "Forgets what a namespace means by aliases, refers and imports: its ns form may say something else now."
  [^Namespace ns]
  (run! #(.removeAlias ns %) (keys (ns-aliases ns)))
  (run! #(.unmap ns %) (for [[sym ^Var v] (ns-refers ns) :when (not= 'clojure.core (ns-name (.ns v)))] sym)))

(defn- forget-removed
  "Unmaps the vars that were not defined again and that the files do not name: a function that was removed is no more.
  What defonce holds is named."
  [^Namespace ns {:keys [vars]} sources]
  (let [words (words (text-of sources))]
    (doseq [[^Var v _ root] vars
            :when (and (identical? root (.getRawRoot v)) (not (words (.sym v))))]
      (.unmap ns (.sym v)))))

(defn- load-again [libs]
  (let [notes  (SourceFiles/noted)
        before (into [] (for [lib libs :let [ns (find-ns lib)] :when ns] [ns (kept ns)]))]
    (try
      (run! clear (map first before))
      (doseq [lib libs]
        (binding [*began* (System/currentTimeMillis)]
          (require lib :reload)))
      (catch Throwable e
        (doseq [[ns state] before]
          (give-back ns state))
        (forget-unfinished)
        (SourceFiles/restore (select-keys notes (map name libs)))
        (throw e)))
    (let [noted (noted)]
      (doseq [[ns state] before]
        (forget-removed ns state (noted (ns-name ns)))))
    (swap! times-loaded + (count libs))))

(defn due?
  "Whether the file of one of the namespaces roots, or of what they use, has changed."
  [roots]
  (SourceFiles/isAnyChanged (files roots)))

(defn refresh
  "Loads those of the namespaces roots, and of what they use, whose files have changed again, with all that use them.
  Throws what loading throws: then all of these are what they were. One thread at a time."
  [roots]
  (let [noted   (noted)
        order   (in-order)
        uses    (memoize (partial uses noted))
        changed (into #{} (filter #(changed? (noted %))) (reached (filter noted roots) uses))
        users   (fn [x] (filter #(contains? (uses %) x) order))
        libs    (sorted order (reached changed users) uses)]
    (when (seq libs)
      (load-again libs))))
