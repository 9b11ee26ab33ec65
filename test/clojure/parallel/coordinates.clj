(ns parallel.coordinates
  "What build.clj says that the library is called, read from its text."
  (:import [java.io PushbackReader StringReader]))

(defn- forms [file]
  (let [reader (PushbackReader. (StringReader. (slurp file)))]
    (binding [*read-eval* false]
      (doall (take-while #(not= ::end %) (repeatedly #(read {:eof ::end} reader)))))))

(defn- value-of
  "What (def name value) says, without its quote."
  [forms name]
  (let [value (some (fn [[head sym value]] (when (and (= 'def head) (= name sym)) value)) forms)]
    (if (seq? value) (second value) value)))

(def ^:private build (forms "build.clj"))

(def lib (value-of build 'lib))
(def version (value-of build 'version))
