(ns ^:jvm parallel.crash-test
  "The crash matrix: who dies, doing what, and what the other side sees. Each row ends with a new worker that answers; the
  runner proves that nothing is left."
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [clojure.walk :as walk]
            [parallel.api :as parallel]
            [parallel.support :refer [await-true error within]])
  (:import [java.lang ProcessBuilder ProcessBuilder$Redirect ProcessHandle]
           [java.util.concurrent TimeUnit]))

;; ---- how a worker dies

(def ^:private deaths
  "Form that ends the worker, or a signal from outside; and what its error says."
  {:exit-0      {:form '(System/exit 0) :error {:parallel/error :worker-died :exit 0 :signal nil}}
   :exit-3      {:form '(System/exit 3) :error {:parallel/error :worker-died :exit 3 :signal nil}}
   :halt        {:form '(.halt (Runtime/getRuntime) 4) :error {:parallel/error :worker-died :exit 4 :signal nil}}
   :kill-9      {:signal "KILL" :error {:parallel/error :worker-died :exit 137 :signal :kill}}
   :kill-15     {:signal "TERM" :error {:parallel/error :worker-died :exit 143 :signal :term}}
   :kill-11     {:signal "SEGV" :error {:parallel/error :worker-died :exit 134 :signal :abrt}}
   :uncaught    {:form '(throw (ex-info "uncaught" {:x 1})) :error {:parallel/error :remote-exception :data {:x 1}}}
   :overflow    {:form '((fn f [x] (inc (f x))) 1) :error {:parallel/error :remote-exception :class "java.lang.StackOverflowError"}}
   :memory      {:opts {:max-heap "64m"} :form '(vec (repeatedly #(long-array 100000)))
                 :error {:parallel/error :remote-exception :class "java.lang.OutOfMemoryError"}}
   :write-fails {:form '(parallel/send (parallel/parent) [inc])
                 :error {:parallel/error :remote-exception}}})

(def ^:private doings
  "What the worker does when it dies (in place of :death), and what the parent is blocked in."
  {:computing         {:form '(do (parallel/send (parallel/parent) :up) :death (while true))
                       :parent parallel/join}
   :blocked-receive   {:form '(do (parallel/send (parallel/parent) :up) :death (parallel/receive (parallel/parent)))
                       :parent parallel/receive}
   :blocked-send      {:opts {:ring-bytes 8192}
                       :form '(do (parallel/send (parallel/parent) :up)
                                  (future (Thread/sleep 100) :death)
                                  (while true (parallel/send (parallel/parent) (byte-array 3000))))
                       :parent parallel/join}
   :parent-in-send    {:opts {:ring-bytes 8192}
                       :form '(do (parallel/send (parallel/parent) :up) (Thread/sleep 50) :death (while true (Thread/sleep 1000)))
                       :parent #(while true (parallel/send % (byte-array 3000)))}
   :parent-in-select  {:form '(do (parallel/send (parallel/parent) :up) (Thread/sleep 50) :death (while true (Thread/sleep 1000)))
                       :parent #(parallel/select [%])}
   :parent-in-deref   {:form '(do (parallel/send (parallel/parent) :up) (Thread/sleep 50) :death (while true (Thread/sleep 1000)))
                       :parent deref}})

(defn- with-death [form death]
  (walk/postwalk #(if (= % :death) death %) form))

(defn- signal [^long pid name]
  (.waitFor (.start (ProcessBuilder. ^java.util.List ["kill" (str "-" name) (str pid)]))))

(defn- answers? []
  (= 3 (within 60000 #(deref (parallel/run '(+ 1 2))))))

(defn- row [death doing]
  (let [{:keys [form error] death-opts :opts death-signal :signal} (deaths death)
        {doing-opts :opts doing-form :form blocked :parent} (doings doing)
        w (binding [*err* (java.io.StringWriter.) *out* (java.io.StringWriter.)]
            (parallel/run (merge {:dir (System/getProperty "java.io.tmpdir")} death-opts doing-opts) (with-death doing-form form)))
        _ (is (= :up (within 60000 #(parallel/receive w))))
        outcome (promise)
        _ (doto (Thread. #(deliver outcome (try (blocked w) (catch Throwable e e)))) (.setDaemon true) .start)]
    (when death-signal
      (signal (.pid w) death-signal))
    (let [e (deref outcome 60000 ::hangs)]
      (is (instance? clojure.lang.ExceptionInfo e) (str e))
      (is (= error (zipmap (keys error) (map (ex-data e) (keys error)))))
      (is (= (.id w) (:worker/id (ex-data e))))
      (is (= :ended (within 60000 #(try (parallel/join w) (catch Exception _ :ended)))))
      (some-> ^String (:hs-err (ex-data e)) java.io.File. .delete))))

(deftest ^{:deadline-s 900} a-worker-that-dies-ends-what-waits-for-it
  (doseq [death (keys deaths)]
    (testing death
      (row death :computing)))
  (is (answers?)))

(deftest ^{:deadline-s 900} a-killed-worker-ends-every-kind-of-call
  (doseq [doing (keys doings)
          death [:kill-9 :exit-3]]
    (testing (str death " while " doing)
      (row death doing)))
  (is (answers?)))

(deftest a-worker-killed-in-the-middle-of-a-large-message-loses-only-that-message
  (let [w (parallel/run '(do (parallel/send (parallel/parent) :first)
                             (parallel/send (parallel/parent) (byte-array 100000000))
                             :unreachable))]
    (is (= :first (parallel/receive w)))
    (await-true #(= :sending (:state (parallel/status w))))
    (signal (.pid w) "KILL")
    (is (= :worker-died (:parallel/error (error #(within 60000 (fn [] (parallel/receive w)))))))
    (is (= :worker-died (:parallel/error (error #(parallel/receive w)))))
    (is (answers?))))

(deftest what-was-committed-before-a-death-is-received-before-its-error
  (let [w (parallel/run '(do (dotimes [i 1000] (parallel/send (parallel/parent) i)) (.halt (Runtime/getRuntime) 9)))]
    (error #(parallel/join w))
    (is (= (range 1000) (repeatedly 1000 #(parallel/receive w))))
    (is (= 9 (:exit (error #(parallel/receive w)))))))

(deftest a-worker-killed-while-it-starts-is-a-failed-start
  (doseq [ms [50 200 500 1000]]
    (let [w (parallel/run '(do (parallel/send (parallel/parent) 1) (Thread/sleep 60000)))]
      (Thread/sleep ms)
      (await-true #(pos? (.pid w)))
      (signal (.pid w) "KILL")
      (let [e (error #(parallel/join w))]
        (is (#{:start-failed :worker-died} (:parallel/error e)) ms)
        (is (= 137 (:exit e)) ms))))
  (is (answers?)))

;; ---- the parent dies

(defn- left-of
  "What the session of a root is still seen by: names that carry its pid."
  [^Process root]
  (filterv #(str/includes? % (str "-" (.pid root) "-"))
           (mapcat #(map (partial str % "/") (.list (java.io.File. ^String %))) ["/dev/shm" (System/getProperty "java.io.tmpdir")])))

(defn- start-root
  "A root JVM of its own that evaluates code; its stdout, line by line. It heeds Ctrl-C also where these tests run in the
  background, whose processes inherit that it is ignored."
  [code]
  (let [process (-> (ProcessBuilder. ^java.util.List ["env" "--default-signal=INT"
                                                      (str (System/getProperty "java.home") "/bin/java") "-XX:-UsePerfData" "-cp" (System/getProperty "java.class.path") "clojure.main" "-e" (str "(do " code ")")])
                    (.redirectError ProcessBuilder$Redirect/DISCARD)
                    .start)]
    {:process process :lines (line-seq (java.io.BufferedReader. (java.io.InputStreamReader. (.getInputStream process))))}))

(defn- workers-of [^Process process]
  (vec (iterator-seq (.iterator (.descendants (.toHandle process))))))

(def ^:private three-deep
  "(require '[parallel.api :as parallel])
   (def w (parallel/run '(let [inner (parallel/run '(let [innermost (parallel/run '(do (parallel/send (parallel/parent) 1) (Thread/sleep 600000)))]
                                                      (parallel/send (parallel/parent) (parallel/receive innermost))
                                                      (Thread/sleep 600000)))]
                           (parallel/send (parallel/parent) (parallel/receive inner))
                           (parallel/receive (parallel/parent)))))
   (parallel/receive w)
   (println \"up\") (flush)")

(defn- gone-in-time? [handles]
  (await-true #(not-any? (fn [^ProcessHandle h] (.isAlive h)) handles) 10000))

(deftest no-worker-outlives-its-parent
  (doseq [[how end] {"kill -9" (fn [^Process p] (.destroyForcibly p))
                     "System/exit" (fn [^Process p] (doto (.getOutputStream p) (.write (.getBytes "exit\n")) .flush))
                     "Ctrl-C" (fn [^Process p] (signal (.pid p) "INT"))}]
    (testing how
      (let [{:keys [^Process process lines]} (start-root (str three-deep " (read-line) (System/exit 5)"))]
        (is (= "up" (first lines)))
        (let [workers (workers-of process)]
          (is (= 3 (count workers)))
          (end process)
          (is (.waitFor process 20 TimeUnit/SECONDS))
          (is (gone-in-time? workers))
          (when (= how "System/exit") (is (= 5 (.exitValue process))))
          (is (await-true #(empty? (left-of process)) 10000)))))))

(deftest when-the-middle-is-killed-the-innermost-ends-and-the-root-goes-on
  (let [{:keys [^Process process lines]} (start-root (str three-deep " (println (:parallel/error (try (parallel/receive w) (catch Exception e (ex-data e))))) (flush) (read-line)"))]
    (is (= "up" (first lines)))
    (let [workers (workers-of process)
          middle (first (sort-by #(.pid ^ProcessHandle %) workers))]
      (signal (.pid ^ProcessHandle middle) "KILL")
      (is (gone-in-time? workers))
      (is (= ":worker-died" (second lines)))
      (is (.isAlive process))
      (doto (.getOutputStream process) (.write (.getBytes "\n")) .flush)
      (is (.waitFor process 20 TimeUnit/SECONDS))
      (is (empty? (left-of process))))))

(defn- only-an-empty-directory? [paths]
  (and (<= (count paths) 1)
       (every? #(empty? (.list (java.io.File. ^String %))) paths)))

(defn- next-session-sweeps? [^Process root]
  (let [{:keys [^Process process lines]} (start-root "(require '[parallel.api :as parallel]) @(parallel/run '(+ 1 2)) (println \"up\") (flush)")]
    (is (= "up" (first lines)))
    (.waitFor process)
    (empty? (left-of root))))

(deftest a-parent-killed-while-its-workers-start-leaves-no-worker-and-no-file
  (doseq [ms [50 500]]
    (let [{:keys [^Process process lines]} (start-root "(require '[parallel.api :as parallel]) (parallel/fork 2) (println \"up\") (flush) (read-line)")]
      (is (= "up" (first lines)))
      (Thread/sleep ms)
      (let [workers (workers-of process)]
        (.destroyForcibly process)
        (.waitFor process)
        (is (gone-in-time? workers) ms)
        (is (await-true #(only-an-empty-directory? (left-of process)) 10000) ms)
        (is (next-session-sweeps? process) ms)))))

(deftest when-all-are-killed-at-once-at-most-an-empty-directory-stays-and-the-next-session-sweeps-it
  (let [{:keys [^Process process lines]} (start-root three-deep)]
    (is (= "up" (first lines)))
    (let [workers (workers-of process)]
      (.waitFor (.start (ProcessBuilder. ^java.util.List (into ["kill" "-9" (str (.pid process))] (map #(str (.pid ^ProcessHandle %))) workers))))
      (.waitFor process)
      (is (gone-in-time? workers))
      (is (only-an-empty-directory? (left-of process)))
      (is (next-session-sweeps? process)))))
