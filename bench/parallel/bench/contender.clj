(ns parallel.bench.contender
  "Programs that are measured: each reads rounds from its stdin, a line each, and answers with a line of EDN. All live
  through a part and wait without using the CPU, so that rounds can go in turns: A B C A B C."
  (:require [clojure.edn :as edn]
            [clojure.java.io :as io]
            [clojure.string :as str]
            [parallel.bench.machine :as machine])
  (:import [java.io BufferedReader File Writer]
           [java.lang ProcessBuilder$Redirect ProcessHandle]
           [java.util.concurrent TimeUnit]))

(def ^:private answer-ms 120000)
(def ^:private end-ms 20000)

(def scratch
  "Where what is made for a run lies: programs, errors of contenders."
  (io/file "target" "bench"))

(def plain-class-path
  "The library's and what it needs, without what the benchmarks need."
  (or (System/getProperty "parallel.bench.classpath") (System/getProperty "java.class.path")))

(def java
  (str (io/file (System/getProperty "java.home") "bin" "java")))

(def ^:private jvm-opts
  "For all JVMs alike. Aeron's driver asks for the second."
  ["--add-exports" "java.base/jdk.internal.misc=ALL-UNNAMED" "--add-opens" "java.base/sun.nio.ch=ALL-UNNAMED"])

(defn- wire [name]
  {:command (into [java] (concat (mapcat (fn [[k v]] [(str k "=" v)]) (partition 2 jvm-opts))
                                 ["-cp" (System/getProperty "java.class.path") "parallel.bench.Measure" name]))})

(defn- small-wire
  "A wire whose ends have the JVM's options of those processes that carry workers to a host."
  [name]
  {:command [java "-Xmx96m" "-XX:+UseSerialGC" "-cp" (System/getProperty "java.class.path")
             "parallel.bench.Measure" name]})

(defn- python [kind]
  {:command ["python3" "bench/python/contender.py" kind]
   :missing #(when-not (machine/command? "python3") "there is no python3: apt-get install python3")})

(defn- compile-mpi []
  (let [program (io/file scratch "mpi")
        result  (.start (doto (ProcessBuilder. ^java.util.List ["mpicc" "-O2" "-o" (str program) "bench/c/mpi.c"])
                          (.inheritIO)))]
    (when-not (zero? (.waitFor result))
      "bench/c/mpi.c does not compile")))

(def ^:private mpi
  {:command ["mpirun" "--allow-run-as-root" "--oversubscribe" "-n" "2" (str (io/file scratch "mpi"))]
   :missing #(if (and (machine/command? "mpirun") (machine/command? "mpicc"))
               (compile-mpi)
               "there is no mpicc: apt-get install openmpi-bin libopenmpi-dev")})

(defn clojure-program
  "A contender that is the namespace's -main, on the plain class path and that of the benchmarks' sources."
  [ns-sym]
  {:command [java "-cp" (str plain-class-path File/pathSeparator "bench") "clojure.main" "-m" (str ns-sym)]})

(defn hosts-program
  "As clojure-program, with what hosts need."
  [ns-sym]
  (let [class-path (or (System/getProperty "parallel.bench.hosts-classpath") (System/getProperty "java.class.path"))]
    {:command [java "-cp" (str class-path File/pathSeparator "bench") "clojure.main" "-m" (str ns-sym)]}))

(def all
  {"parallel" (wire "parallel"), "parallel, receiveInto" (wire "parallel-into"), "arraycopy" (wire "copy"),
   "bare ring" (wire "ring"), "Aeron IPC" (wire "aeron")
   "Unix socket" (wire "unix"), "TCP" (wire "tcp"), "JeroMQ" (wire "jeromq")
   "Python Pipe" (python "pipe"), "Python shared_memory" (python "shared_memory"),
   "Python forkserver" (python "forkserver")
   "Open MPI" mpi
   "parallel.api" (clojure-program 'parallel.bench.program)
   "parallel, on a host" (wire "parallel-host"), "gRPC" (wire "grpc"), "gRPC, TLS" (wire "grpc-tls")
   "gRPC, small" (small-wire "grpc")
   "parallel.hosts" (hosts-program 'parallel.bench.hosts-program)})

(defn- fail [{:keys [name ^Process process ^File errors]} what]
  (.destroyForcibly process)
  (throw (ex-info (str name " " what (when (.exists errors)
                                       (str ": " (str/join " | " (take-last 5 (str/split-lines (slurp errors)))))))
                  {:contender name})))

(defn- answer [{:keys [^BufferedReader out] :as contender}]
  (let [line (deref (future (.readLine out)) answer-ms ::late)]
    (case line
      ::late (fail contender "did not answer")
      nil    (fail contender "ended")
      (edn/read-string line))))

(defn- launch [name {:keys [command]}]
  (let [errors  (io/file scratch (str (str/replace name #"\W+" "-") ".err"))
        process (.start (doto (ProcessBuilder. ^java.util.List command)
                          (.redirectError (ProcessBuilder$Redirect/to errors))))]
    {:name name, :process process, :errors errors, :in (io/writer (.getOutputStream process)),
     :out (io/reader (.getInputStream process))}))

(defn ask
  "Lets a contender play a round, [what size times]; what it measured, a map."
  [{:keys [^Writer in] :as contender} round]
  (.write in (str (str/join " " round) "\n"))
  (.flush in)
  (answer contender))

(defn end
  "Ends contenders, and waits for it."
  [contenders]
  (doseq [{:keys [^Writer in]} contenders]
    (try (.close in) (catch java.io.IOException _)))
  (doseq [{:keys [^Process process]} contenders]
    (when-not (.waitFor process end-ms TimeUnit/MILLISECONDS)
      (run! #(.destroyForcibly ^ProcessHandle %) (iterator-seq (.iterator (.descendants process))))
      (.waitFor (.destroyForcibly process)))))

(defn start
  "Starts contenders by name, side by side: [{name contender} {name why it is missing}]."
  [names]
  (.mkdirs ^File scratch)
  (let [missing  (into {} (keep (fn [name] (when-let [why (some-> (:missing (all name)) (.invoke))] [name why]))) names)
        launched (mapv #(launch % (all %)) (remove missing names))]
    (try
      (run! answer launched)
      [(into {} (map (juxt :name identity)) launched) missing]
      (catch Throwable e
        (end launched)
        (throw e)))))

(defmacro with-contenders
  "Evaluates body with the contenders of those names, and the reasons why others are missing."
  [[contenders missing names] & body]
  `(let [[contenders# missing#] (start ~names)]
     (try
       (let [~contenders contenders#
             ~missing missing#]
         ~@body)
       (finally
         (end (vals contenders#))))))

(defn- turn
  "A round of each: {name answer}."
  [contenders round-of]
  (into {} (map (fn [[name c]] [name (ask c (round-of name))])) contenders))

(defn warm-up
  "Lets each contender play its round again and again for so many milliseconds: until its code is compiled, for which
  two ends that spin on two cores leave little time."
  [contenders ms round-of]
  (doseq [[name c] contenders :when (round-of name)]
    (let [end (+ (System/nanoTime) (* 1000000 ms))]
      (while (< (System/nanoTime) end)
        (ask c (round-of name))))))

(defn rounds
  "Lets the contenders play in turns: {name [answer ...]}. round-of says of a name what it plays, nil: nothing. The
  first warm-ups turns are not counted."
  [contenders {:keys [turns warm-ups]} round-of]
  (let [playing (filter (comp round-of key) contenders)]
    (dotimes [_ warm-ups] (turn playing round-of))
    (apply merge-with into (repeatedly turns #(update-vals (turn playing round-of) vector)))))
