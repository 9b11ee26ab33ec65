(ns ^:once parallel.publish-test
  "What a stranger gets: the jars, the pom, the tag, and the same name and version wherever they are said."
  (:require [clojure.edn :as edn]
            [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [clojure.xml :as xml]
            [parallel.coordinates :as coordinates]
            [parallel.outside :refer [sh with-directory]])
  (:import [java.io File]
           [java.nio.file Files]
           [java.security MessageDigest]
           [java.util HexFormat]
           [java.util.jar JarFile]))

;; --- One name, one version

(defn- mentions
  "Each different text that a pattern's group finds in a file."
  [pattern file]
  (set (map second (re-seq pattern (slurp file)))))

(deftest every-document-says-the-coordinates-of-the-build
  (let [lib     coordinates/lib
        version coordinates/version]
    (doseq [file ["README.md" "doc/guide.md"]]
      (is (= #{(str lib)} (mentions #"([\w./-]+) \{:mvn/version" file)) file)
      (is (= #{version} (mentions #":mvn/version \"([^\"]+)\"" file)) file))
    (is (= [#{(namespace lib)} #{(name lib)} #{version}]
           (for [tag ["groupId" "artifactId" "version"]]
             (mentions (re-pattern (str "<" tag ">([^<]+)</" tag ">")) "README.md"))))
    (is (= #{(str lib)} (mentions #"(\S+) \{:local/root" "bin/clojure")))
    (testing "and the projects that use it"
      (doseq [file ["test/consumers/tools-deps/deps.edn" "test/consumers/uberjar/deps.edn"]]
        (is (contains? (:deps (edn/read-string (slurp file))) lib) file))
      (doseq [file ["junit" "shaded" "modular"]]
        (let [groups (mentions #"<groupId>([^<]+)</groupId>" (str "test/consumers/" file "/pom.xml"))]
          (is (contains? groups (namespace lib)) file))))
    (testing "and the linter's directory, which is looked for by the coordinates"
      (is (.exists (io/file "resources/clj-kondo.exports" (str lib) "config.edn"))))
    (testing "and the library itself"
      (let [[file] (filter #(= "Version.java" (.getName ^File %)) (file-seq (io/file "src/java")))]
        (is (= #{version} (mentions #"LIBRARY = \"([^\"]+)\"" file)))))))

(deftest the-tree-of-documents-has-every-document
  (let [files (->> (slurp "doc/cljdoc.edn") edn/read-string (tree-seq coll? seq) (keep :file) sort)
        there (->> (file-seq (io/file "doc")) (map str) (filter #(str/ends-with? % ".md")))]
    (is (= (sort (concat ["README.md" "CONTRIBUTING.md" "SECURITY.md" "CHANGELOG.md"] there)) files))))

(deftest the-workflow-tests-what-the-readme-promises
  (let [listed   (fn [pattern file] (re-seq #"[\d.]+\d" (second (re-find pattern (slurp file)))))
        workflow ".github/workflows/ci.yml"]
    (is (= (listed #"JDK ([\d, ]+); Clojure" "README.md") (listed #"java: \[(.*)\]" workflow)))
    (is (= (listed #"; Clojure ([\d., ]+); Linux" "README.md") (listed #"clojure: \[(.*)\]" workflow)))))

;; --- The build, in copies of the project

(def ^:private author ["-c" "user.name=A test" "-c" "user.email=test@localhost"])

(defn- git [directory & arguments]
  (let [{:keys [exit out]} (apply sh directory {} "git" (concat author arguments))]
    (is (= 0 exit) out)
    out))

(defn- commit [directory]
  (git directory "add" "-A")
  (git directory "commit" "-q" "-m" "As it is"))

(defn- build
  "Runs a task of the build in a copy of the project: {:exit :out}."
  [directory environment task & arguments]
  (apply sh directory environment "bin/clojure" "-T:build" task arguments))

(def ^:private what-a-build-reads
  ["bin" "src" "resources" "cluster/src" "cluster/resources" "deps.edn" "build.clj" "LICENSE" "CHANGELOG.md"
   ".gitignore"])

(defn- copy-of-project
  "A git repository of one commit that has what a build reads."
  ^File [directory]
  (doseq [part what-a-build-reads
          ^File file (file-seq (io/file part)) :when (.isFile file)]
    (let [copy (io/file directory (str file))]
      (io/make-parents copy)
      (io/copy file copy)
      (.setExecutable copy (.canExecute file))))
  (git directory "init" "-q")
  (commit directory)
  directory)

(defn- sha-256 [^File file]
  (.formatHex (HexFormat/of) (.digest (MessageDigest/getInstance "SHA-256") (Files/readAllBytes (.toPath file)))))

(defn- with-name [directory pattern]
  (first (filter #(re-find pattern (.getName ^File %)) (file-seq (io/file directory)))))

(def ^:private product-kinds
  {:jar #"\d\.jar$|SNAPSHOT\.jar$", :sources #"-sources\.jar$", :javadoc #"-javadoc\.jar$", :pom #"\.pom$"})

(def ^:private cluster (symbol (str coordinates/lib "-cluster")))

(defn- products
  "The files of an artifact's release below a directory, by kind."
  [directory lib]
  (let [its-own (io/file directory (str/replace (namespace lib) "." "/") (name lib))]
    (update-vals product-kinds #(with-name its-own %))))

(defn- text-in
  "The text at a path of an element, given by tags."
  [element path]
  (let [at (fn [element tag] (first (filter #(= tag (:tag %)) (:content element))))]
    (first (:content (reduce at element path)))))

(defn- check-pom [^File file lib scopes]
  (let [pom  (xml/parse file)
        deps (->> (:content pom) (some #(when (= :dependencies (:tag %)) (:content %)))
                  (map (fn [dep] [(text-in dep [:artifactId]) (text-in dep [:scope])])))]
    (is (= [(namespace lib) (name lib) coordinates/version]
           (map #(text-in pom [%]) [:groupId :artifactId :version])))
    (is (= scopes (into {} deps)))
    (doseq [path [[:name] [:description] [:url] [:scm :connection] [:scm :tag] [:organization :name]
                  [:licenses :license :name]]]
      (is (not (str/blank? (text-in pom path))) path))))

(defn- entries [^File jar]
  (with-open [jar (JarFile. jar)]
    (set (map str (enumeration-seq (.entries jar))))))

(defn- check-jars [{:keys [^File jar sources javadoc]}]
  (with-open [jar (JarFile. jar)]
    (is (= "parallel" (.getValue (.getMainAttributes (.getManifest jar)) "Automatic-Module-Name"))))
  (let [public (->> (.listFiles (io/file "src/java/parallel"))
                    (map #(.getName ^File %))
                    (keep #(second (re-matches #"(\w+)\.java" %))))]
    (is (every? (entries javadoc) (map #(str "parallel/" % ".html") public)))
    (is (every? (entries sources) (map #(str "parallel/" % ".java") public)))
    (is (contains? (entries sources) "parallel/api.clj"))
    (is (every? (entries jar) ["parallel/Parallel.class" "parallel/Parallel.java" "parallel/api.clj"
                               "META-INF/LICENSE"]))
    (is (not-any? #(re-find #"cluster|parallel-engine" %) (mapcat entries [jar sources])))))

(defn- check-cluster-jars [{:keys [jar sources javadoc]}]
  (is (nil? javadoc))
  (is (every? (entries jar) ["parallel/cluster/GrpcStreams.class" "parallel/cluster/GrpcStreams.java"
                             "META-INF/parallel-engine" "META-INF/LICENSE"]))
  (is (every? (entries sources) ["parallel/cluster/GrpcStreams.java" "META-INF/parallel-engine"]))
  (is (not-any? #(re-find #"^parallel/(?!cluster/).|\.clj$" %) (entries jar)) "nothing of the first artifact"))

(deftest ^:slow ^{:deadline-s 600} two-builds-of-one-commit-have-the-same-bytes-wherever-they-go
  (with-directory [directory "publish-test"]
    (let [one    (copy-of-project (io/file directory "one"))
          two    (io/file directory "another place" "two")
          remote (io/file directory "remote")
          local  (io/file directory "local")]
      (git directory "clone" "-q" one two)
      (let [{:keys [exit out]} (build one {"TZ" "UTC"} "deploy" ":repository" (pr-str (str (.toURI remote))))]
        (is (= 0 exit) out))
      (let [{:keys [exit out]} (build two {"TZ" "Asia/Kathmandu"} "install" ":local-repo" (pr-str (str local)))]
        (is (= 0 exit) out))
      (doseq [[lib kinds scopes check-jars]
              [[coordinates/lib (keys product-kinds) {"agrona" "compile", "clojure" "provided"} check-jars]
               [cluster [:jar :sources :pom] {"parallel" "compile", "grpc-netty-shaded" "compile"} check-cluster-jars]]
              :let [deployed  (products remote lib)
                    installed (products local lib)]]
        (is (= kinds (keys (filter val deployed))))
        (is (= (update-vals deployed #(some-> % sha-256)) (update-vals installed #(some-> % sha-256))))
        (testing "and are what a repository asks for"
          (is (some? (with-name remote #"^maven-metadata\.xml$")))
          (doseq [file (keep val deployed)]
            (is (.exists (io/file (str file ".sha1")))))
          (check-pom (:pom deployed) lib scopes)
          (check-jars deployed))))))

(defn- replace-in [file from to]
  (spit file (str/replace-first (slurp file) from to)))

(deftest ^:slow ^{:deadline-s 600} a-tag-is-made-for-a-release-that-is-whole
  (with-directory [directory "publish-test"]
    (let [project (copy-of-project (io/file directory "project"))
          changes (io/file project "CHANGELOG.md")
          refused (fn [pattern]
                    (let [{:keys [exit out]} (build project {} "tag")]
                      (is (= 1 exit))
                      (is (re-find pattern out))
                      (is (= "" (git project "tag")))))]
      (replace-in (io/file project "build.clj") (pr-str coordinates/version) (pr-str "9.8.7-SNAPSHOT"))
      (refused #"9\.8\.7-SNAPSHOT is a snapshot")
      (replace-in (io/file project "build.clj") "9.8.7-SNAPSHOT" "9.8.7")
      (refused #"has changes that are not committed")
      (commit project)
      (refused #"CHANGELOG\.md has no section 9\.8\.7")
      (replace-in changes "## Unreleased" "## 9.8.7")
      (commit project)
      (git project "config" "user.name" "A test")
      (git project "config" "user.email" "test@localhost")
      (let [{:keys [exit out]} (build project {} "tag")]
        (is (= 0 exit) out))
      (is (= "v9.8.7\n" (git project "tag" "--points-at" "HEAD")))
      (testing "once"
        (is (re-find #"There is a tag v9\.8\.7 already" (:out (build project {} "tag"))))))))
