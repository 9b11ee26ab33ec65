(ns user
  "What a person at the prompt of this project has."
  (:require [clojure.java.io :as io]
            [clojure.java.shell :as shell]
            [clojure.string :as str]
            [parallel.api :as parallel]))

(def ^:private loaded-at "When this prompt last loaded the library's Clojure." (atom (System/currentTimeMillis)))

(defn- namespace-of [file]
  (-> (str (.relativize (.toPath (io/file "src/clojure")) (.toPath ^java.io.File file)))
      (str/replace #"\.clj$" "")
      (str/replace java.io.File/separator ".")
      (str/replace "_" "-")
      symbol))

(defn reload
  "Loads again what has changed of the library's Clojure since the last time, of the namespaces that are loaded. Returns
  their names. Workers that are started from now on have the new code, too; what lives goes on with the old."
  []
  (let [since   @loaded-at
        now     (System/currentTimeMillis)
        changed (for [^java.io.File file (file-seq (io/file "src/clojure"))
                      :when (and (str/ends-with? (.getName file) ".clj")
                                 (> (.lastModified file) since)
                                 (find-ns (namespace-of file)))]
                  (namespace-of file))]
    (reset! loaded-at now)
    (doseq [n changed]
      (require n :reload))
    (vec changed)))

(defn javac
  "Compiles what has changed of the Java. The next worker has it; this JVM keeps the classes that it has loaded. Returns
  the compiler's messages, an empty string where there are none."
  []
  (let [{:keys [exit out err]} (shell/sh "bin/clojure" "-P" "-M:dev")]
    (if (zero? exit)
      (str out err)
      (throw (ex-info (str "It does not compile.\n" out err) {:exit exit})))))
