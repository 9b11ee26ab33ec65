(ns build
  "The build. Each task makes what it needs, of both artifacts: parallel and parallel-cluster.

    bin/clojure -T:build clean
    bin/clojure -T:build javac
    bin/clojure -T:build prep
    bin/clojure -T:build jar
    bin/clojure -T:build sources
    bin/clojure -T:build javadoc
    bin/clojure -T:build install [:local-repo '\"DIRECTORY\"']
    bin/clojure -T:build deploy :repository '\"URL\"' [:id '\"SERVER\"']
    bin/clojure -T:build tag

  Files go to target/; :target '\"DIRECTORY\"' names another place. Two builds of one commit by one JDK have the same
  bytes."
  (:require [clojure.data.xml :as xml]
            [clojure.edn :as edn]
            [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.tools.build.api :as b]
            [clojure.tools.deps.util.maven :as maven])
  (:import [java.io File PrintWriter StringWriter]
           [java.net URI]
           [java.nio.file Files]
           [java.time LocalDateTime ZoneOffset]
           [java.util.jar Attributes$Name Manifest]
           [java.util.spi ToolProvider]
           [java.util.zip ZipEntry ZipOutputStream]
           [org.eclipse.aether RepositorySystem]
           [org.eclipse.aether.artifact Artifact DefaultArtifact]
           [org.eclipse.aether.deployment DeployRequest]
           [org.eclipse.aether.installation InstallRequest]
           [org.eclipse.aether.repository RemoteRepository]))

;; --- The coordinates

;; The only place that decides them. To move the library to another group, change lib and home here, run
;; bin/test --only publish-test, and change what that names: the documents, bin/clojure and the directory of
;; resources/clj-kondo.exports say the same. Namespaces, packages and the module's name do not depend on the group.
;; A registry wants the group to be proven: Clojars and Maven Central by the account or the domain that it names.
;; Maven Central also wants signatures and a <developers> element.
(def ^:private lib 'io.github.parallel-jvm/parallel)
(def ^:private version "0.2.0-SNAPSHOT")
(def ^:private home "https://github.com/parallel-jvm/parallel")

(def ^:private description
  "Worker JVMs from quoted forms, and messages between them over Agrona ring buffers in shared memory.")

(def ^:private cluster-description
  "Carries the worker JVMs of parallel to other machines, over gRPC.")

(def ^:private core
  "The first artifact. :java and :others are the directories of its sources, :classes that of its classes, :aliases
  those of the class path it is compiled against, :products the prefix of its directories below target/."
  {:lib         lib
   :description description
   :module      "parallel"
   :java        "src/java"
   :others      ["src/clojure" "resources"]
   :classes     "target/classes"
   :aliases     [:1.11]
   :products    ""})

(def ^:private cluster
  "The second artifact, which needs the first. Nothing of the first knows it."
  {:lib         (symbol (namespace lib) (str (name lib) "-cluster"))
   :description cluster-description
   :module      "parallel.cluster"
   :java        "cluster/src/java"
   :others      ["cluster/resources"]
   :classes     "target/cluster-classes"
   :aliases     [:1.11 :cluster]
   :products    "cluster-"})

(def ^:private both [core cluster])

(defn- fail [& words]
  (throw (ex-info (str/join " " words) {})))

(defn- file-of
  "The path of a product: target/parallel-0.2.0.jar, or with a classifier target/parallel-0.2.0-sources.jar."
  ([opts product] (file-of opts product nil))
  ([{:keys [target] :or {target "target"}} product classifier]
   (str target "/" (name (:lib product)) "-" version (when classifier (str "-" classifier)) ".jar")))

(defn- directory-of [{:keys [target] :or {target "target"}} product directory]
  (str target "/" (:products product) directory))

;; --- git

(defn- git
  "The first line that git prints, or nil."
  [& arguments]
  (some-> (b/process {:command-args (into ["git"] arguments), :out :capture, :err :ignore})
          :out str/split-lines first not-empty))

(defn- refuse-changes []
  (when (git "status" "--porcelain")
    (fail "The work tree has changes that are not committed: commit them, so that the release can be built again.")))

(defn- build-time
  "The time of every entry of a jar, in UTC: SOURCE_DATE_EPOCH's, else the commit's. Without either it is the start of
  1980, the first that a jar can hold."
  []
  (let [seconds (or (System/getenv "SOURCE_DATE_EPOCH") (git "log" "-1" "--format=%ct") "315532800")]
    (LocalDateTime/ofEpochSecond (parse-long seconds) 0 ZoneOffset/UTC)))

;; --- Tools of the JDK

(defn- run-tool
  "Runs javac or javadoc in this JVM."
  [tool arguments]
  (let [^ToolProvider provider (.orElseThrow (ToolProvider/findFirst tool)
                                             #(ex-info (str "This Java has no " tool ": a JDK is needed.") {}))
        said   (StringWriter.)
        out    (PrintWriter. said)
        status (.run provider out out ^"[Ljava.lang.String;" (into-array String arguments))]
    (when-not (zero? status)
      (fail tool "failed:\n" (str said)))))

(def ^:private newest-strict-javac
  "Its warnings are known to be silent here; a later javac may have new kinds, which must not stop a user."
  25)

(defn- javac-opts
  "As bin/clojure's: every warning is an error. this-escape, which javac 17 does not know, is left out."
  [javac-version]
  (cond-> ["--release" "17" "-encoding" "UTF-8" "-proc:none" "-g"
           (if (< javac-version 21) "-Xlint:all" "-Xlint:all,-this-escape")]
    (<= javac-version newest-strict-javac) (conj "-Werror")))

(defn- library-jars
  "The jars to compile against: with the oldest Clojure that the library runs on."
  [{:keys [aliases]}]
  (->> (:classpath-roots (b/create-basis {:project "deps.edn", :aliases aliases}))
       (filter #(str/ends-with? % ".jar"))))

(defn- files-below
  "The files below a directory, in an order that the file system has no part in."
  [directory]
  (->> (file-seq (io/file directory))
       (filter #(.isFile ^File %))
       (sort-by str)))

(defn- compile-to
  "Compiles the Java of an artifact. The class path is its jars, and the directories of classes, if any."
  [directory {:keys [java] :as product} & classes]
  (.mkdirs (io/file directory))
  (run-tool "javac" (concat (javac-opts (.feature (Runtime/version)))
                            ["-d" directory
                             "-classpath" (str/join File/pathSeparator (concat classes (library-jars product)))]
                            (filter #(str/ends-with? % ".java") (map str (files-below java))))))

;; --- Jars

(defn- manifest ^Manifest [attributes]
  (let [manifest (Manifest.)]
    (doseq [[k v] (into [["Manifest-Version" "1.0"]] attributes)]
      (.put (.getMainAttributes manifest) (Attributes$Name. ^String k) v))
    manifest))

(defn- relative [directory ^File file]
  (str/replace (str (.relativize (.toPath (io/file directory)) (.toPath file))) File/separator "/"))

(defn- directories-of
  "The directories that a jar's entry is in: a/b/c.txt is in a/ and a/b/."
  [path]
  (let [parts (butlast (str/split path #"/"))]
    (map #(str (str/join "/" (take % parts)) "/") (range 1 (inc (count parts))))))

(defn- write-jar
  "Writes a jar of what is below a directory. The manifest is first; the rest is in the order of the names. All have one
  time."
  [jar directory attributes]
  (let [time  (build-time)
        files (into {} (map (juxt #(relative directory %) identity)) (files-below directory))
        names (sort (into (set (mapcat directories-of (keys files))) (keys files)))]
    (io/make-parents jar)
    (with-open [out (ZipOutputStream. (io/output-stream jar))]
      (letfn [(entry [path write]
                (.putNextEntry out (doto (ZipEntry. ^String path) (.setTimeLocal time)))
                (write)
                (.closeEntry out))]
        (entry "META-INF/" (constantly nil))
        (entry "META-INF/MANIFEST.MF" #(.write (manifest attributes) out))
        (doseq [path names :when (not= "META-INF/" path)]
          (entry path #(some-> ^File (files path) .toPath (Files/copy out))))))
    (println jar)))

(def ^:private scopes
  "The scope of each dependency of the pom. A Java program needs no Clojure: one that has it names the version itself."
  {'org.clojure/clojure       "provided"
   'org.agrona/agrona         "compile"
   'io.grpc/grpc-netty-shaded "compile"
   lib                        "compile"})

(defn- pom-dependency [[dependency {:mvn/keys [version]}]]
  [:dependency
   [:groupId (namespace dependency)]
   [:artifactId (name dependency)]
   [:version version]
   [:scope (or (scopes dependency) (fail "build.clj says no scope for" dependency))]])

(defn- dependencies-of [{:keys [lib aliases]}]
  (let [deps (edn/read-string (slurp "deps.edn"))]
    (if (= lib (:lib core))
      (:deps deps)
      (assoc (get-in deps [:aliases (peek aliases) :extra-deps]) (:lib core) {:mvn/version version}))))

(defn- pom [{:keys [lib description] :as product}]
  (let [git-url (str home ".git")]
    [:project
     [:modelVersion "4.0.0"]
     [:groupId (namespace lib)]
     [:artifactId (name lib)]
     [:version version]
     [:packaging "jar"]
     [:name (name lib)]
     [:description description]
     [:url home]
     [:organization
      [:name "The parallel project"]
      [:url (str (.resolve (URI. home) "."))]]
     [:licenses
      [:license
       [:name "EPL-2.0"]
       [:url "https://www.eclipse.org/legal/epl-2.0/"]
       [:distribution "repo"]]]
     [:scm
      [:connection (str "scm:git:" git-url)]
      [:developerConnection (str "scm:git:" git-url)]
      [:tag (or (git "rev-parse" "HEAD") (str "v" version))]
      [:url home]]
     (into [:dependencies] (map pom-dependency) (sort-by key (dependencies-of product)))]))

(def ^:private pom-namespace "http://maven.apache.org/POM/4.0.0")

(defn- pom-element
  "An element of the pom's own XML namespace, which is the default one in the text."
  [[tag & content]]
  (apply xml/element (xml/qname pom-namespace (name tag)) (when (= :project tag) {:xmlns pom-namespace})
         (map #(if (vector? %) (pom-element %) %) content)))

(defn- pom-file [directory {:keys [lib]}]
  (io/file directory "META-INF" "maven" (namespace lib) (name lib) "pom.xml"))

(defn- write-pom [directory {:keys [lib] :as product}]
  (let [file (doto (pom-file directory product) io/make-parents)]
    (spit file (xml/indent-str (pom-element (pom product))))
    (spit (io/file (.getParent file) "pom.properties")
          (format "groupId=%s\nartifactId=%s\nversion=%s\n" (namespace lib) (name lib) version))))

(defn- add-licence [directory]
  (b/copy-file {:src "LICENSE", :target (str directory "/META-INF/LICENSE")}))

;; --- The tasks

(defn clean
  "Deletes target/."
  [_]
  (b/delete {:path "target"}))

(defn prep
  "Compiles src/java to target/classes, for Java 17."
  [_]
  (b/delete {:path "target/classes.fingerprint"})            ; bin/clojure's note of what it compiled there
  (compile-to (:classes core) core))

(defn javac
  "Compiles src/java to target/classes, then cluster/src/java to target/cluster-classes, for Java 17."
  [opts]
  (prep opts)
  (b/delete {:path "target/cluster-classes.fingerprint"})
  (compile-to (:classes cluster) cluster (:classes core)))

(defn- add-sources [directory {:keys [java others]}]
  (b/copy-dir {:src-dirs (conj others java), :target-dir directory})
  (add-licence directory))

(defn- make-jar
  "Makes the jar of an artifact, against the classes of the one that it needs, if any. Returns its file."
  [opts {:keys [lib module] :as product} & classes]
  (let [directory (directory-of opts product "jar") ; apart from target/classes: a running JVM may be using those
        file      (file-of opts product)]
    (b/delete {:path directory})
    (apply compile-to directory product classes)
    (add-sources directory product)
    (write-pom directory product)
    (write-jar file directory [["Automatic-Module-Name" module]
                               ["Implementation-Title" (name lib)]
                               ["Implementation-Version" version]])
    file))

(defn jar
  "Makes the jars of both artifacts: classes, the Clojure and the Java sources (so that an editor's jump to a definition
  reaches both), pom, licence. Returns their files."
  [opts]
  [(make-jar opts core)
   (make-jar opts cluster (directory-of opts core "jar"))])

(defn- make-sources [opts product]
  (let [directory (directory-of opts product "sources")
        file      (file-of opts product "sources")]
    (b/delete {:path directory})
    (add-sources directory product)
    (write-jar file directory [])
    file))

(defn sources
  "Makes the jars of the sources of both artifacts, of Clojure and of Java. Returns their files."
  [opts]
  (mapv #(make-sources opts %) both))

(defn javadoc
  "Makes the documentation of the package parallel, and the jar of it. A public member without a comment, and any other
  finding of doclint, is an error. Returns the jar's file."
  [opts]
  (let [directory (directory-of opts core "javadoc")
        file      (file-of opts core "javadoc")]
    (b/delete {:path directory})
    (run-tool "javadoc" ["-quiet" "-Xdoclint:all" "-Werror" "--release" "17" "-notimestamp" "-locale" "en"
                         "-encoding" "UTF-8" "-docencoding" "UTF-8" "-charset" "UTF-8"
                         "-windowtitle" (str (name lib) " " version) "-doctitle" (str (name lib) " " version)
                         "-d" directory "-sourcepath" (:java core)
                         "-classpath" (str/join File/pathSeparator (library-jars core)) "parallel"])
    (add-licence directory)
    (write-jar file directory [])
    file))

(defn- artifact ^Artifact [{:keys [lib]} classifier extension file]
  (.setFile (DefaultArtifact. (namespace lib) (name lib) classifier extension version) (io/file file)))

(defn- artifacts
  "Builds all that a repository gets. Users import nothing of the second artifact: it has no javadoc."
  [opts]
  (conj (into [] (mapcat (fn [product jar sources]
                           [(artifact product "" "jar" jar)
                            (artifact product "" "pom" (pom-file (directory-of opts product "jar") product))
                            (artifact product "sources" "jar" sources)])
                         both (jar opts) (sources opts)))
        (artifact core "javadoc" "jar" (javadoc opts))))

(defn- session [^RepositorySystem system local-repo]
  (maven/make-session system (.getAbsolutePath (io/file local-repo))))

(defn install
  "Puts the jars and the pom into a local Maven repository: the user's, or that of :local-repo."
  [{:keys [local-repo] :or {local-repo @maven/cached-local-repo} :as opts}]
  (let [request (.setArtifacts (InstallRequest.) (artifacts opts))
        system  (maven/make-system)]
    (.install ^RepositorySystem system (session system local-repo) request)
    (println (str lib) version "is in" (str local-repo))))

(defn deploy
  "Puts the jars and the pom into the repository whose URL is :repository. Where it asks who that is, :id names the
  <server> of ~/.m2/settings.xml that knows. A release is deployed only from a work tree without changes."
  [{:keys [repository id] :or {id "parallel"} :as opts}]
  (when-not repository
    (fail "Where to? Say :repository and a URL, such as '\"file:/a/directory\"'."))
  (when-not (str/ends-with? version "-SNAPSHOT")
    (refuse-changes))
  (let [^RemoteRepository remote (maven/remote-repo [id {:url repository}])
        request (doto (DeployRequest.) (.setArtifacts (artifacts opts)) (.setRepository remote))
        system  (maven/make-system)
        notes   (directory-of opts core "deploy")] ; the metadata that was there, which is not the user's to keep
    (.deploy ^RepositorySystem system (session system notes) request)
    (println (str lib) version "is in" repository)))

(defn tag
  "Tags the commit as v and the version. It refuses a snapshot, a work tree with changes, a version without a section in
  CHANGELOG.md, and a tag that is there."
  [_]
  (let [tag (str "v" version)]
    (when (str/ends-with? version "-SNAPSHOT")
      (fail version "is a snapshot: change the version in build.clj first."))
    (refuse-changes)
    (when-not (str/includes? (slurp "CHANGELOG.md") (str "\n## " version))
      (fail "CHANGELOG.md has no section" version))
    (when (git "tag" "--list" tag)
      (fail "There is a tag" tag "already."))
    (when-not (zero? (:exit (b/process {:command-args ["git" "tag" "-a" tag "-m" (str (name lib) " " version)]})))
      (fail "git made no tag" tag))
    (println tag)))
