(ns ^:once parallel.dev-test
  "What dev/ and resources/ bring."
  (:require [clojure.edn :as edn]
            [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing]])
  (:import [java.lang ProcessBuilder]))

(defn- run-in
  "What a process prints in a directory."
  [directory command]
  (let [process (.start (doto (ProcessBuilder. ^java.util.List command)
                          (.directory (io/file directory))
                          (.redirectErrorStream true)
                          (-> .environment (.put "PARALLEL_CACHE" "off"))))]
    (slurp (.getInputStream process))))

(defn- copy-of-project []
  (let [directory (io/file "target" (str "dev-test-" (System/nanoTime)))]
    (.mkdirs directory)
    (run-in "." ["bash" "-c" (str "cp -r bin src dev deps.edn '" directory "' && mkdir -p '" directory "/target' '"
                                  directory "/resources' '" directory "/test'"
                                   " && cp -rp target/classes target/classes.fingerprint '" directory "/target'")])
    directory))

(deftest changed-code-is-had-by-the-next-worker
  (let [directory (copy-of-project)
        source    "src/java/parallel/control/Version.java"
        said      (run-in directory
                          ["bash" "-c" (str "bin/clojure -M:dev -e '
           (require (quote [parallel.api :as parallel]) (quote parallel.impl.print))
           (defn now [] (parallel/run (quote [@(resolve (quote parallel.impl.print/added))
                                 (.getSimpleName (Class/forName \"parallel.runtime.Added\"))])))
           (spit \"src/java/parallel/runtime/Added.java\"
                 \"package parallel.runtime; final class Added { }\")
           (Thread/sleep 1100)
           (spit \"src/clojure/parallel/impl/print.clj\" \"\\n(def added 42)\\n\" :append true)
           (prn (user/reload))
           (user/javac)
           (prn @(now))
           (flush)
           (System/exit 0)'")])]
    (try
      (is (.exists (io/file directory source)))
      (is (str/includes? said "[parallel.impl.print]\n"))
      (is (str/ends-with? said "[42 \"Added\"]\n"))
      (finally
        (run! #(.delete ^java.io.File %) (reverse (file-seq directory)))))))

(deftest the-linters-configuration-names-what-there-is
  (let [config (edn/read-string (slurp "resources/clj-kondo.exports/io.github.parallel-jvm/parallel/config.edn"))]
    (is (seq (:lint-as config)))
    (doseq [[ours theirs] (:lint-as config)]
      (is (:macro (meta (requiring-resolve ours))) ours)
      (is (:macro (meta (requiring-resolve theirs))) theirs))
    (testing "and the file of each hook is where the linter looks for it"
      (doseq [[ours hook] (get-in config [:hooks :analyze-call])]
        (is (:macro (meta (requiring-resolve ours))) ours)
        (let [file (io/file "resources/clj-kondo.exports/io.github.parallel-jvm/parallel"
                            (str (str/replace (namespace hook) "." "/") ".clj"))]
          (is (re-find (re-pattern (str "\\(defn " (name hook) "\\n")) (slurp file))))))))
