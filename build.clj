(ns build
  "The build: bin/clojure -T:build clean, javac, jar or install (each builds what it needs)."
  (:require [clojure.java.io :as io]
            [clojure.tools.build.api :as b]))

(def ^:private lib 'parallel/parallel)
(def ^:private version "0.1.0-SNAPSHOT")
(def ^:private jar-dir "target/jar")
(def ^:private jar-file (format "target/%s-%s.jar" (name lib) version))

(def ^:private newest-strict-javac
  "Its warnings are known to be silent here; a later javac may have new kinds, which must not stop a user."
  25)

(defn clean
  "Deletes target/."
  [_]
  (b/delete {:path "target"}))

(defn- javac-opts
  "As bin/clojure's: every warning is an error. this-escape, which javac 17 does not know, is left out."
  [javac-version]
  (cond-> ["--release" "17" "-encoding" "UTF-8" "-proc:none" "-g"
           (if (< javac-version 21) "-Xlint:all" "-Xlint:all,-this-escape")]
    (<= javac-version newest-strict-javac) (conj "-Werror")))

(defn- compile-to [directory]
  (b/javac {:src-dirs   ["src/java"]
            :class-dir  directory
            :basis      (b/create-basis {:project "deps.edn", :aliases [:1.11]})
            :javac-opts (javac-opts (.feature (Runtime/version)))}))

(defn javac
  "Compiles src/java to target/classes, for Java 17, against the oldest Clojure that the library runs on."
  [_]
  (b/delete {:path "target/classes.fingerprint"})            ; bin/clojure's note of what it compiled there
  (compile-to "target/classes"))

(def ^:private pom-data
  [[:description "Worker JVMs from quoted forms, and messages between them over Agrona ring buffers in shared memory."]
   [:licenses
    [:license
     [:name "EPL-2.0"]
     [:url "https://www.eclipse.org/legal/epl-2.0/"]]]])

(defn jar
  "Makes the jar: classes, the Clojure and the Java sources (so that an editor's jump to a definition reaches both), pom, license."
  [_]
  (b/delete {:path jar-dir})
  (compile-to jar-dir)                                       ; apart from target/classes: a running JVM may be using those
  (b/copy-dir {:src-dirs ["src/clojure" "src/java" "resources"], :target-dir jar-dir})
  (b/copy-file {:src "LICENSE", :target (str jar-dir "/META-INF/LICENSE")})
  (b/write-pom {:class-dir jar-dir
                :lib       lib
                :version   version
                :basis     (b/create-basis {:project "deps.edn"})
                :src-dirs  ["src/clojure" "src/java"]
                :pom-data  pom-data})
  (b/jar {:class-dir jar-dir, :jar-file jar-file})
  (println (.getPath (io/file jar-file))))

(defn install
  "Makes the jar and puts it into the local Maven repository."
  [_]
  (jar nil)
  (b/install {:basis     (b/create-basis {:project "deps.edn"})
              :lib       lib
              :version   version
              :jar-file  jar-file
              :class-dir jar-dir}))
