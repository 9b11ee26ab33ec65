(ns ^:no-doc parallel.impl.journal
  "A map's journal: which map it is of, what it has of an element, what is kept. parallel.pool.Journal has the file."
  (:require [parallel.impl.errors :as errors])
  (:import [clojure.lang IObj]
           [java.io File]
           [java.nio.file Path]
           [java.util List]
           [parallel.clojure PortableFunction]
           [parallel.codec Codec UnserializableException]
           [parallel.pool Journal Journal$Contents Journal$Entry MapJournal MapJournal$Identity TaskContent$Shared]))

(set! *warn-on-reflection* true)

(defn path? [x]
  (or (string? x) (instance? File x) (instance? Path x)))

(defn path-of ^Path [x]
  (if (instance? Path x) x (.toPath (File. (str x)))))

;; ---- what a function is known by

(defn- generated
  "The name of a symbol, where the reader or a macro has put a number into it: that differs from session to session."
  [sym]
  (re-find #"^(.*__)\d+(__auto__|#)?$" (name sym)))

(defn- renamed [seen sym]
  (if-let [[_ stem end] (generated sym)]
    (symbol (namespace sym) (str stem (or (get @seen sym) (get (vswap! seen assoc sym (count @seen)) sym)) end))
    sym))

(defn- canonical
  "Data that is equal for what means the same: without metadata, maps and sets in an order of their own, generated names
  numbered as they come."
  [seen x]
  (let [of (partial canonical seen)]
    (cond
      (symbol? x)                      (renamed seen (with-meta x nil))
      (instance? PortableFunction x)   [:pfn (of (.source ^PortableFunction x))]
      (record? x)                      [(.getName (class x)) (of (into {} x))]
      (map? x)                         [:map (sort-by pr-str (for [[k v] x]
                                                               [(of k) (if (and (#{:args :bytes} k) (bytes? v))
                                                                         (of (Codec/fromBytes ^bytes v))
                                                                         (of v))]))]
      (set? x)                         [:set (sort-by pr-str (map of x))]
      (sequential? x)                  [(if (vector? x) :vector :list) (mapv of x)]
      (instance? IObj x)               (with-meta x nil)
      :else                            x)))

(defn- digest ^bytes [x]
  (Journal/digest (Codec/toBytes x)))

(def ^:private advice
  (str "Take another file; or, where the results of both are the same, give the first map and this one the same "
       ":journal-key"))

;; ---- a map's

(defn open
  "The MapJournal at a path, for a map of that function. Its seed is the one that the file has, if none was given."
  ^MapJournal [path ^TaskContent$Shared shared text {:keys [seed] :as opts} a-seed]
  (let [function (digest (canonical (volatile! {}) (Codec/fromBytes (.body shared))))
        key      (when (contains? opts :journal-key) (digest (:journal-key opts)))]
    (errors/surfacing
     (MapJournal/open (path-of path) (MapJournal$Identity. function text (long (or seed a-seed)) key) seed advice))))

(defn- encoded-error
  "Message and data of an error of an element: all but what cannot be sent, as an element that was refused."
  ^bytes [e]
  (let [travels? (fn [[_ v]] (try (Codec/toBytes v) true (catch UnserializableException _ false)))]
    (Codec/toBytes [(ex-message e) (into {} (filter travels?) (ex-data e))])))

(defn- error-of [[message data]]
  (ex-info message data))

(defn- decoded [^bytes bytes]
  (when bytes
    (try
      [(Codec/fromBytes bytes)]
      (catch UnserializableException _))))

(defn find-element
  "[value failed?] of the element, if the journal has it; else nil, and its digest is kept for what it will come to. An
  error counts only where errors are values."
  [^MapJournal journal on-error index x]
  (when-let [^bytes digest (try (digest x) (catch UnserializableException _))]
    (let [^Journal$Entry entry (.find journal index digest)
          [value :as found]    (when (and entry (or (not (.failed entry)) (= :value on-error)))
                                 (decoded (.payload journal entry)))]
      (cond
        (nil? found)    (do (.await journal index digest) nil)
        (.failed entry) [(error-of value) true]
        :else           [value false]))))

(defn await-new
  "Whether the journal has none of the elements, nor any after them; then their digests are kept as find-element does."
  [^MapJournal journal start ^List xs]
  (.awaitNew journal (long start) xs))

(defn keep!
  "Writes what the elements of a part have come to; errors only where they are values. Throws IOException."
  [^MapJournal journal on-error start {:keys [^List values errors]}]
  (if (empty? errors)
    (.keepValues journal (long start) values)
    (dotimes [i (count values)]
      (let [index (+ (long start) i)
            error (get errors i)]
        (when (and (or (nil? error) (= :value on-error)) (.isAwaited journal index))
          (.keep journal index (some? error) (if error (encoded-error error) (Codec/toBytes (nth values i)))))))))

(defn check-current
  "Throws when another map of this process has opened the journal since."
  [^MapJournal journal]
  (errors/surfacing (.checkCurrent journal)))

(defn complete! [^MapJournal journal elements]
  (.complete journal (long elements)))

(defn close! [^MapJournal journal]
  (.close journal))

;; ---- reading

(defn contents ^Journal$Contents [path]
  (errors/surfacing (Journal/contents (path-of path))))

(defn entries
  "[index value] of each element, in the order in which they were kept: reducible; a value is read when it is its turn."
  [path]
  (let [file (path-of path)]
    (eduction (map (fn [^Journal$Entry entry]
                     (let [value (Codec/fromBytes (Journal/payload file entry))]
                       [(.index entry) (if (.failed entry) (error-of value) value)])))
              (.entries (contents path)))))

(defn info
  "What is said of a journal."
  [path]
  (let [contents    (contents path)
        entries     (.entries contents)
        of          (MapJournal$Identity/of (.head contents))]
    {:elements  (count entries)
     :failed    (count (filter #(.failed ^Journal$Entry %) entries))
     :bytes     (.bytes contents)
     :complete? (.complete contents)
     :function  (some-> ^MapJournal$Identity of .text)}))
