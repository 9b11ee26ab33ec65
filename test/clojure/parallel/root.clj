(ns parallel.root
  "Programs of a few forms in a root JVM of their own: with another heap, another /dev/shm, or one that is killed."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [parallel.crash :as crash]
            [parallel.support :refer [clojure-main quick-jvm within]])
  (:import [java.lang ProcessBuilder$Redirect]
           [java.util.concurrent TimeUnit]))

(defn start
  "Starts a root that evaluates forms: the Process. Options: :jvm-opts, :env, :shell, words of a shell before the java
  command, which is \"$@\" there, and :class-path, entries before this one's. It starts from the start cache, unless its
  class path or its cache is another."
  ^Process [{:keys [jvm-opts env shell class-path]} forms]
  (let [plain?  (or class-path (contains? env "PARALLEL_CACHE"))
        java    (if plain?
                  (concat [(str (System/getProperty "java.home") "/bin/java") "-XX:-UsePerfData"] quick-jvm jvm-opts
                          ["-cp" (str class-path (when class-path ":") (System/getProperty "java.class.path"))
                           "clojure.main"])
                  (apply clojure-main "-XX:-UsePerfData" jvm-opts))
        command (concat (when shell ["sh" "-c" shell "sh"]) java ["-e" (apply pr-str forms)])
        builder (doto (ProcessBuilder. ^java.util.List (vec command))
                  (.redirectErrorStream true)
                  (-> .environment (.putAll (or env {}))))]
    (.redirectOutput builder ProcessBuilder$Redirect/PIPE)
    (.start builder)))

(defn run
  "The lines that a root says, its exit code and what it leaves: {:said :exit :left}. It must end by itself."
  [opts & forms]
  (let [process (start opts forms)]
    (try
      (with-open [lines (io/reader (.getInputStream process))]
        ;; values of defs
        {:said (within 240000 #(into [] (remove (fn [line] (str/starts-with? line "#'"))) (line-seq lines)))
         :exit (when (.waitFor process 30 TimeUnit/SECONDS) (.exitValue process))
         :left (crash/left-of {:process process})})
      (finally
        (.destroyForcibly process)))))

(def prelude
  "Forms that most programs begin with: parallel.api as p, and (outcome form), its value or its error in words."
  '[(require '[parallel.api :as p])
    (defmacro outcome [& body]
      `(let [answer# (future (try (do ~@body) (catch Throwable e#
                                                [(or (:parallel/error (ex-data e#)) (class e#)) (ex-message e#)])))]
         (deref answer# 60000 :hangs)))])
