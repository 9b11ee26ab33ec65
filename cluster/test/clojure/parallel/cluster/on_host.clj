(ns parallel.cluster.on-host
  "A host of this machine, for tests: an agent, a connection, and the process that holds it."
  (:require [clojure.java.io :as io]
            [parallel.api :as parallel]
            [parallel.hosts :as hosts])
  (:import [java.io RandomAccessFile]
           [java.lang ProcessHandle]
           [java.util Optional]))

(def here
  "As if this machine were another."
  {:start ["env"] :address "127.0.0.1" :name "here" :host-timeout-ms 12000})

(def ^:dynamic *host* nil)

(defn from-start-cache?
  "Of a host: does a worker there start from a start cache with an archive?"
  [host]
  @(parallel/run {:in host} '(and (some? (re-find #"start\.jar" (System/getProperty "java.class.path")))
                                  (boolean (some #(re-find #"SharedArchiveFile" %)
                                                 (.getInputArguments
                                                  (java.lang.management.ManagementFactory/getRuntimeMXBean)))))))

(defn- fill-start-cache!
  "Has the start cache made for JVMs of a class path, as bin/test does for those of this one; true if that went well."
  [class-path]
  (zero? (.waitFor (.start (.inheritIO (ProcessBuilder.
                                        ^java.util.List [(str (System/getProperty "java.home") "/bin/java")
                                                         "-XX:TieredStopAtLevel=1" "-cp" class-path "clojure.main"
                                                         "-m" "parallel.impl.start-cache"]))))))

(defmacro ^:private one-at-a-time
  "Evaluates body while no other JVM of the tests does."
  [& body]
  `(with-open [file# (RandomAccessFile. (io/file (doto (io/file "target") .mkdirs) "host-start-cache.lock") "rw")]
     (.lock (.getChannel file#))
     ~@body))

(def start-cache
  "Made once: a host makes it in the background while its first worker lives, and most tests are shorter than that. True
  if workers of a host use it from then on."
  (delay
    (let [there (fn [f]
                  (try
                    (f (hosts/add here))
                    (finally
                      (hosts/close))))
          path  '(.replaceFirst (System/getProperty "java.class.path") "^[^:]*/start\\.jar:" "")
          made? #(fill-start-cache! (there (fn [h] @(parallel/run {:in h} path))))]
      (one-at-a-time
        (or (there from-start-cache?)
            (and (made?) (there from-start-cache?)))))))

(defmacro with-host
  "Evaluates body with *host*, a host of this machine; options are added to those it has."
  [options & body]
  `(binding [*host* (do @start-cache (hosts/add (merge here ~options)))]
     ~@body))

(defn closing-hosts
  "A fixture: no host is left."
  [test]
  (try
    (test)
    (finally
      (hosts/close))))

(defn on-host
  "Options of a worker there."
  ([] (on-host {}))
  ([options] (assoc options :in *host*)))

(defn process
  "The process of that pid, or nil."
  ^ProcessHandle [pid]
  (let [^Optional p (ProcessHandle/of (long pid))]
    (.orElse p nil)))

(defn gone? [pid]
  (let [p (process pid)]
    (or (nil? p) (not (.isAlive p)))))

(defn kill! [pid] (.destroyForcibly (process pid)))

(defn signal!
  "Sends a process a signal by its name, such as STOP."
  [signal pid]
  (.waitFor (.start (ProcessBuilder. ^java.util.List ["kill" (str "-" signal) (str pid)]))))

(defn about-host
  "What there is to say of the host that was added last."
  []
  (last (hosts/hosts)))

(defn agent-pid [] (:pid (about-host)))

(defn link-pid
  "Of the process that holds the connections: the agent's command is its child."
  []
  (let [^Optional parent (.parent (process (agent-pid)))]
    (.pid ^ProcessHandle (.get parent))))

(defn pid [w] (:pid (parallel/status w)))
