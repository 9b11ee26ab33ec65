(ns parallel.exhausted
  "Programs for a root JVM that has too few threads or too little memory. Each line says what came of a call; the last
  is \"end\"."
  (:require [clojure.string :as str]
            [parallel.api :as parallel]
            [parallel.support :refer [quick-jvm]])
  (:import [java.util.concurrent CountDownLatch LinkedBlockingQueue]))

(def ^:private hang-ms 40000)

(def ^:private ^LinkedBlockingQueue calls
  "For threads that are made beforehand: what is called must not need one."
  (LinkedBlockingQueue.))

(defn- outcome [f]
  (try (str "value " (pr-str (f)))
       (catch Throwable e
         (str "error " (:parallel/error (ex-data e) (class e)) " " (ex-message e)))))

(defn- make-callers []
  (dotimes [_ 6]
    (doto (Thread. ^Runnable #(while true
                                (let [[f answer] (.take calls)]
                                  (deliver answer (outcome f)))))
      (.setDaemon true)
      .start)))

(defn- call [f]
  (let [answer (promise)]
    (.put calls [f answer])
    answer))

(defn- say [what answer]
  (println what (str/replace (deref answer hang-ms "hangs") "\n" " | "))
  (flush))

;; ---- threads

(defn- fill
  "Starts threads until there is no more: functions that end one each."
  []
  (loop [made ()]
    (let [latch (CountDownLatch. 1)
          thread (doto (Thread. ^Runnable #(.await latch)) (.setDaemon true))]
      (if (try (.start thread) true (catch OutOfMemoryError _ false))
        (recur (conj made #(do (.countDown latch) (.join thread))))
        made))))

(def ^:private small
  {:max-heap "32m"
   :jvm-opts (into quick-jvm ["-XX:CompressedClassSpaceSize=32m" "-XX:ReservedCodeCacheSize=48m"])})

(defn threads
  "With no thread to spare, one, two ... until a worker can be run; then without any once more, while a worker lives."
  []
  (make-callers)
  (let [events (atom {})
        tell   (fn [{:keys [event] :worker/keys [id]}] (swap! events update id (fnil conj []) event))
        opts   (assoc small :on-event tell)
        left   (loop [[end & others] (fill), spare 0]
                 (let [w      (promise)
                       answer (call #(do (deliver w (parallel/run opts '(+ 1 2))) (parallel/join @w)))]
                   (say (str "spare " spare " run" (deref w 1000 " nothing") " joined") answer)
                   (if (or (= "value 3" (deref answer 0 nil)) (nil? end))
                     others
                     (do (end) (recur others (inc spare))))))]
    (run! #(%) left)
    (say "with all threads: run" (call #(parallel/join (parallel/run opts '(+ 1 2)))))
    (let [w      (parallel/fork opts)
          _      (say "fork" (call #(deref (parallel/exec w '(+ 1 2)))))
          filled (fill)
          sleeps (parallel/exec w '(do (parallel/receive (parallel/parent)) 1))
          other  (parallel/run opts '(+ 1 2))
          calls  {"reply" (call #(deref sleeps))
                  "join"  (call #(parallel/join w))
                  "other" (call #(parallel/join other))}]
      (parallel/kill w)
      (run! (fn [[what answer]] (say what answer)) calls)
      (say "closed" (call #(parallel/close)))
      (println "children" (parallel/children))
      (run! #(%) filled))
    (println "told of the end" (every? #(some #{:ended :failed :died} %) (vals @events)))
    (println "end")
    (flush)
    (shutdown-agents)))

;; ---- memory

(def ^:private sizes "In MiB; the heap is of 40." [1 4 8 10 12 14 16 20 28 48])

(defn memory
  "Replies and final values of all sizes up to more than the heap."
  []
  (make-callers)
  (let [opts {:max-heap "256m" :jvm-opts quick-jvm}
        fork #(parallel/fork opts)]
    (loop [w (fork), [mb & sizes] sizes]
      (when mb
        (say (str "exec " mb) (call #(alength ^bytes (deref (parallel/exec w (list 'byte-array (* mb 1024 1024)))))))
        (recur (if (parallel/alive? w) w (fork)) sizes)))
    (doseq [mb (take-nth 3 sizes)]
      (let [form (list 'byte-array (* mb 1024 1024))]
        (say (str "run " mb) (call #(alength ^bytes (parallel/join (parallel/run opts form))))))))
  (parallel/close)
  (println "end")
  (flush)
  (shutdown-agents))

(defn -main [program]
  ((ns-resolve 'parallel.exhausted (symbol program))))
