(ns ^:no-doc parallel.impl.start-cache
  "The program that fills the start cache of the class path it runs with: compiles the library's Clojure in advance,
  then lets a worker start from it and archive the classes that it loads."
  (:require [clojure.string :as str])
  (:import [java.io File]
           [java.nio.file Files OpenOption Path]
           [java.nio.file.attribute FileAttribute]
           [java.util.jar JarEntry JarOutputStream]
           [parallel.place Bases]
           [parallel.process StartCache StartCache$Maker StartCache$Packed]))

(set! *warn-on-reflection* true)

(def ^:private namespaces
  "What a worker loads. This namespace requires none of it: what is loaded already would not be compiled."
  '[parallel.api parallel.impl.analysis parallel.impl.arrays parallel.impl.child parallel.impl.collectives
    parallel.impl.dashboard parallel.impl.definitions parallel.impl.diagnosis parallel.impl.errors parallel.impl.form
    parallel.impl.forward parallel.impl.journal parallel.impl.look parallel.impl.options parallel.impl.pfn
    parallel.impl.pool-function parallel.impl.pool-map parallel.impl.pool-options parallel.impl.pool-worker
    parallel.impl.print parallel.impl.progress parallel.impl.reload parallel.impl.remote parallel.impl.replicas
    parallel.impl.source parallel.impl.stdin parallel.impl.worker-options
    parallel.hosts parallel.look parallel.pool parallel.shared])

;; ---- the jar

(defn- compile-into
  "[name path] of each class file that the namespaces are compiled to."
  [^Path directory]
  (binding [*compile-path* (str (Files/createDirectory directory (make-array FileAttribute 0)))]
    (doseq [n namespaces :when (not (contains? (loaded-libs) n))]
      (compile n)))
  (for [^File file (file-seq (.toFile (.resolve directory "parallel"))) :when (.isFile file)
        :let [path (.toPath file)]]
    [(str/replace (str (.relativize directory path)) File/separator "/") path]))

(defn- write-jar [^Path jar files]
  (with-open [out (JarOutputStream. (Files/newOutputStream jar (make-array OpenOption 0)))]
    (doseq [[^String entry-name path] files]
      (.putNextEntry out (JarEntry. entry-name))
      (Files/copy ^Path path out))))

(defn- make-jar [^StartCache cache ^Path scratch]
  (let [jar (.resolve scratch "jar")]
    (write-jar jar (concat (for [^StartCache$Packed packed (.toPack cache)] [(.name packed) (.file packed)])
                           (compile-into (.resolve scratch "classes"))))
    (.publish cache jar (.jar cache))))

;; ---- the archive

(def ^:private typical
  "What a worker does: it takes and gives messages of the common kinds, prints, and comes to a value."
  '(let [parent (parallel/parent)]
     (println "started")
     (loop [n 0]
       (let [message (parallel/receive parent)]
         (parallel/send parent message)
         (if (= message :end) {:messages n} (recur (inc n)))))))

(def ^:private typical-messages
  [1 2.0 "text" :keyword 'symbol {:op :eval :id 42 :xs [1 2 3]} #{1} '(1 2)
   (double-array 10000) (long-array 3) (byte-array 3) (vec (range 100)) nil true (ex-info "error" {:x 1})
   (byte-array 3000000) :end])

(def ^:private dump-ms "How long the dump may take once the worker has ended." 60000)

(defn- make-archive [^StartCache cache ^Path scratch]
  ;; An archive is for class paths that begin with the one it was made with, and takes no directories.
  (let [archive (.resolve scratch "archive")
        run     (requiring-resolve 'parallel.api/run)
        send    (requiring-resolve 'parallel.api/send)
        receive (requiring-resolve 'parallel.api/receive)
        quiet   (java.io.StringWriter.)
        worker  (run {:classpath (vec (.classPath cache []))
                      :jvm-opts  [(str "-XX:ArchiveClassesAtExit=" archive)]
                      :grace-ms  dump-ms
                      :out       quiet
                      :err       quiet}
                  typical)]
    (doseq [message typical-messages]
      (send worker message)
      (receive worker))
    @worker
    (.publish cache archive (.archive cache))))

;; ---- the command

(defn- make [^StartCache cache scratch]
  (when-not (.hasJar cache)
    (make-jar cache scratch))
  (make-archive cache scratch))

(defn- end-with-stdin
  "Who started this process has ended when its stdin does."
  []
  (doto (Thread. ^Runnable (fn []
                             (while (not (neg? (.read System/in))))
                             (System/exit 0)))
    (.setDaemon true)
    .start))

(defn -main
  "Fills the cache, unless another process is at it or there can be none. With any argument it ends when its stdin
  does."
  [& while-stdin-is-open]
  (when while-stdin-is-open
    (end-with-stdin))
  (let [cache (StartCache/find (Bases/ofThisJvm))]
    (when (.isPresent cache)
      (let [^StartCache cache (.get cache)]
        (.fill cache (reify StartCache$Maker (make [_ scratch] (make cache scratch))))))))
