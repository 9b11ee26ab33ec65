(ns ^:once ^:slow parallel.consumers-test
  "The projects below test/consumers, as their users have them: each takes the library, by its coordinates, from a local
  Maven repository that is filled here and serves these tests alone. What else they need comes from the user's own
  repository, and what that lacks from Maven's registry."
  (:require [clojure.edn :as edn]
            [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing use-fixtures]]
            [parallel.coordinates :as coordinates]
            [parallel.outside :as outside :refer [sh with-directory]])
  (:import [java.io File]))

(def ^:private users-repository (io/file (System/getProperty "user.home") ".m2" "repository"))

(def ^:private ^:dynamic *scratch*
  "A directory for the tests of this namespace. Its repository/ is the local Maven repository."
  nil)

(defn- scratch ^File [path]
  (io/file *scratch* path))

(defn- bin ^String [command]
  (.getAbsolutePath (io/file "bin" command)))

(defn- java ^String []
  (str outside/java-home "/bin/java"))

;; --- The repository

(def ^:private repositories
  "For tools.deps: the library comes from the scratch repository. All else is in the user's, as this project needs it,
  too."
  (delay {:mvn/local-repo (str (scratch "repository"))
          :mvn/repos      {"central" {:url (str (.toURI ^File users-repository)) :releases {:checksum :ignore}}
                           "clojars" nil}}))

(defn- edn [value]
  (binding [*print-namespace-maps* false]       ; an argument that begins with # is taken for a file's name
    (pr-str value)))

(defn- maven-settings
  "The user's repository as a repository that Maven asks before its registry."
  []
  (let [repository (str "<id>users-own</id><url>" (.toURI ^File users-repository) "</url>"
                        "<releases><checksumPolicy>ignore</checksumPolicy></releases>"
                        "<snapshots><enabled>false</enabled></snapshots>")]
    (str "<settings><profiles><profile><id>users-own</id>"
         "<repositories><repository>" repository "</repository></repositories>"
         "<pluginRepositories><pluginRepository>" repository "</pluginRepository></pluginRepositories>"
         "</profile></profiles><activeProfiles><activeProfile>users-own</activeProfile></activeProfiles></settings>")))

(defn- mvn [directory & arguments]
  (let [users-settings (io/file (System/getProperty "user.home") ".m2" "settings.xml")]
    (apply sh directory {} (concat ["mvn" "-B" "-ntp" "-s" (scratch "settings.xml")
                                    (str "-Dmaven.repo.local=" (scratch "repository"))]
                                   (when (.exists users-settings) ["-gs" users-settings])
                                   arguments))))

(defn- fill-repository []
  (let [{:keys [exit out]} (sh "." {} (bin "clojure") "-T:build" "install"
                               ":target" (pr-str (str (scratch "built")))
                               ":local-repo" (pr-str (str (scratch "repository"))))]
    (when-not (= 0 exit)
      (throw (ex-info (str "The library was not installed:\n" out) {:exit exit})))))

(use-fixtures :once
  (fn [f]
    (with-directory [directory "consumers-test"]
      (binding [*scratch* directory]
        (fill-repository)
        (spit (scratch "settings.xml") (maven-settings))
        (f)))))

;; --- The projects

(def ^:private versions
  (delay (let [{:keys [deps aliases]} (edn/read-string (slurp "deps.edn"))]
           {"@parallel.version@"    coordinates/version
            "@clojure.version@"     (get-in deps ['org.clojure/clojure :mvn/version])
            "@tools.build.version@" (get-in aliases [:build :deps 'io.github.clojure/tools.build :mvn/version])})))

(defn- project
  "A copy of a consumer with the versions filled in: its directory."
  ^File [consumer]
  (let [from (io/file "test/consumers" consumer)
        to   (scratch consumer)]
    (doseq [^File file (file-seq from) :when (.isFile file)]
      (let [copy (io/file to (str (.relativize (.toPath from) (.toPath file))))]
        (io/make-parents copy)
        (spit copy (reduce-kv str/replace (slurp file) @versions))))
    to))

(defn- lines [{:keys [out]}]
  (set (str/split-lines out)))

(defmacro ^:private succeeds [outcome]
  `(let [outcome# ~outcome]
     (is (= 0 (:exit outcome#)) (:out outcome#))
     outcome#))

(def ^:private what-the-Clojure-program-says
  ["form: 49" "function: 11" "map: [0 1 4 9 16]"])

(deftest ^{:deadline-s 300} a-tools-deps-project-runs-workers-of-its-namespaces
  (let [directory (project "tools-deps")
        outcome   (succeeds (sh directory {} (bin "clojure") "-Srepro" "-Sdeps" (edn @repositories)
                                "-M" "-m" "consumer.main"))]
    (is (every? (lines outcome) what-the-Clojure-program-says) (:out outcome))))

(deftest ^{:deadline-s 600} an-uberjar-with-a-compiled-main-runs-workers-of-its-namespaces
  (let [directory (project "uberjar")]
    (succeeds (sh directory {} (bin "clojure") "-Srepro" "-Sdeps" (edn @repositories) "-T:build" "uber"
                  ":deps" (edn @repositories)))
    (let [outcome (succeeds (sh *scratch* {} (java) "-jar" (io/file directory "target/consumer.jar")))]
      (is (every? (lines outcome) what-the-Clojure-program-says) (:out outcome)))))

(deftest ^{:deadline-s 300} JUnit-under-surefire-runs-workers-without-Clojure
  (let [outcome (succeeds (mvn (project "junit") "test"))]
    (is (re-find #"Tests run: 4, Failures: 0, Errors: 0, Skipped: 0" (:out outcome)) (:out outcome))))

(deftest ^{:deadline-s 600} a-shaded-jar-runs-workers-without-Clojure
  (let [directory (project "shaded")]
    (succeeds (mvn directory "package"))
    (let [outcome (succeeds (sh *scratch* {} (java) "-jar" (io/file directory "target/consumer.jar")))]
      (is (every? (lines outcome) ["sum: 6.0" "pool: 36" "clojure: null"]) (:out outcome)))))

(deftest ^{:deadline-s 600} a-module-that-requires-parallel-runs-workers
  (let [directory (project "modular")]
    (succeeds (mvn directory "prepare-package"))
    (let [modules (str (io/file directory "target/classes") File/pathSeparator (io/file directory "target/modules"))
          outcome (succeeds (sh *scratch* {} (java) "-p" modules "-m" "consumer/consumer.Main"))]
      (is (every? (lines outcome) ["module consumer requires module parallel" "sum: 42"]) (:out outcome))
      (testing "and its class path has no Clojure"
        (is (not-any? #(str/includes? % "clojure") (.list (io/file directory "target/modules"))))))))
