(ns ^:jvm parallel.life-test
  "The life of a worker when its parent, or the worker, has no more memory or threads, or a call of it throws: every
  call ends. A test double of the place where a worker lives (parallel.place.Faulty) throws at each step; real JVMs run
  out of threads and memory."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [clojure.walk :as walk]
            [parallel.api :as parallel]
            [parallel.crash :as crash]
            [parallel.impl.form :as form]
            [parallel.support :refer [await-true quick-jvm within]])
  (:import [java.lang ProcessBuilder ProcessBuilder$Redirect]
           [java.util.concurrent CompletableFuture CountDownLatch Executor Executors ForkJoinPool Future TimeUnit]
           [java.util.function Supplier]
           [java.util.logging Level Logger]
           [parallel Worker]
           [parallel.control Work]
           [parallel.place Faulty]))

(def ^:private hang-ms 60000)

;; ---- a call of a life throws

(def ^:private loggers
  (delay (mapv #(Logger/getLogger %) ["parallel" "parallel.transport.ControlLoop"])))

(defn- silently
  "Calls f while what the library logs, which is an error with its stack for each step that fails, is dropped."
  [f]
  (let [levels (mapv #(.getLevel ^Logger %) @loggers)]
    (try (run! #(.setLevel ^Logger % Level/OFF) @loggers)
         (f)
         (finally (dorun (map #(.setLevel ^Logger %1 %2) @loggers levels))))))

(def ^:private kinds
  {:memory  #(OutOfMemoryError. "Java heap space, injected")
   :thread  #(OutOfMemoryError. "unable to create native thread: injected")
   :linkage #(NoClassDefFoundError. "injected/Missing")
   :runtime #(IllegalStateException. "injected")})

(def ^:private steps
  "Every call of the place and of the link to it, always or the first time only (!), and the call whose error names what
  happened."
  {"make" :join, "slot" :join, "start" :join, "awaitExit" :join, "frame.READY" :join, "ready" :join
   "link.send" :reply, "finish" nil, "link.close" nil, "ending" nil, "facts" nil, "stderrTail" nil
   "outOfMemory" nil, "suspicion" nil, "terminate" nil, "kill" nil
   "start!" :join, "awaitExit!" :join, "ready!" :join, "finish!" nil, "link.send!" :reply
   "link.close!" nil, "ending!" nil, "facts!" nil, "kill!" nil})

(defn- faulty ^Worker [opts work step kind]
  (Faulty/start (@#'parallel/worker-options (assoc opts :in :thread :grace-ms 300)) work (@#'parallel/maker) step
                (reify Supplier (get [_] ((kinds kind))))))

(defn- outcome
  "What came of a call: [:value v], [:error e], or :hangs."
  [f]
  (let [answer (future (try [:value (f)] (catch Throwable e [:error e])))]
    (deref answer hang-ms :hangs)))

(defn- names-it? [[_ e]]
  (boolean (and (instance? Throwable e)
                (some #(re-find #"injected" (str (ex-message %))) (take-while some? (iterate ex-cause e))))))

(defn- plays
  "One life with a step that fails: what came of each call, once it has ended by that or was stopped. One whose join
  names what happened ends by itself: if it were stopped meanwhile, it would say that."
  [step named kind end]
  (let [told   (atom [])
        w      (faulty {:on-event #(swap! told conj (:event %))} Work/IDLE step kind)
        reply  (parallel/exec w '(+ 1 2))
        sleeps (parallel/exec w '(do (parallel/receive (parallel/parent)) (Thread/sleep 1000000)))
        calls  {:reply   (future (outcome #(deref reply)))
                :receive (future (outcome #(parallel/receive w)))
                :exit    (future (outcome #(.get (.onExit w))))}]
    (outcome #(deref reply))
    (when (= :join named)
      (outcome #(.get (.onExit w))))
    (outcome #(end w))
    (let [calls (assoc (update-vals calls deref)
                       :sleeps (outcome #(deref sleeps))
                       :join (outcome #(parallel/join w))
                       :deref (outcome #(deref w)))]
      {:calls calls
       :w w
       :told (await-true #(some #{:ended :failed :died} @told) hang-ms)
       :status (parallel/status w)
       :awaited (Faulty/awaited w)
       :child? (some #{w} (parallel/children))})))

(defn- each-of
  "Calls f with each of the cases, 8 at a time: most of them wait."
  [f cases]
  (let [pool (ForkJoinPool. 8)]
    (try
      (run! #(.get ^Future %) (mapv (fn [c] (.submit pool ^Runnable (bound-fn [] (f c)))) cases))
      (finally
        (.shutdown pool)
        (.awaitTermination pool 60 TimeUnit/SECONDS)))))

(deftest ^{:deadline-s 900} whatever-throws-in-a-life-every-call-ends-and-says-why
  (silently
    (fn []
      (each-of
        (fn [[step named kind [how end]]]
          (testing (str step " " kind " " how)
            (let [{:keys [calls told status awaited child?]} (plays step named kind end)]
              (is (not-any? #{:hangs} (vals calls)) (pr-str calls))
              (is (contains? #{:ended :failed :died} told) "its listener hears of the end")
              (is (contains? #{:ended :failed :dead} (:state status)))
              (is (= 0 awaited))
              (is (not child?))
              (is (= :value (first (:exit calls))))
              (doseq [[_ e] (vals (dissoc calls :exit)) :when (instance? Throwable e)]
                (is (instance? clojure.lang.ExceptionInfo e) (str e)))
              (when named
                (is (names-it? (calls named)) (pr-str (calls named)))))))
        (for [[step named] steps, kind (keys kinds), end {:stop parallel/stop, :kill parallel/kill}]
          [step named kind end])))))

(def ^:private lost-with
  "The calls that each kind of frame would have ended."
  {"RESULT" #{:reply :join}, "RESULT_ERROR" #{:reply :join}, "VALUE" #{:join :alone}, "ERROR" #{:alone}})

(deftest ^{:deadline-s 300} a-frame-that-is-lost-ends-what-waits-for-it
  (silently
    (fn []
      (each-of
        (fn [[frame kind]]
          (testing (str frame " " kind)
            (let [step   (str "frame." frame)
                  form   (if (#{"ERROR" "RESULT_ERROR"} frame) '(throw (ex-info "its own" {})) '(+ 1 2))
                  forked (faulty {} Work/IDLE step kind)
                  reply  (parallel/exec forked form)
                  alone  (faulty {} (form/work (ns-name *ns*) form []) step kind)]
              (doseq [[call f] {:reply #(deref reply), :join #(parallel/join forked), :alone #(parallel/join alone)}
                      :let [came (outcome f)]]
                (is (not= :hangs came) (str call))
                (when (contains? (lost-with frame) call)
                  (is (names-it? came) (str call " " (pr-str came))))))))
        (for [frame (keys lost-with), kind (keys kinds)]
          [frame kind])))))

;; ---- this process has no more threads

(defn- root
  "A root JVM that runs one of the programs of parallel.exhausted under a limit of the shell: its lines, until it has
  ended."
  [limit jvm-opts program]
  (let [java    (str (System/getProperty "java.home") "/bin/java")
        path    (System/getProperty "java.class.path")
        command (concat ["sh" "-c" (str limit " exec \"$@\"") "sh" java "-XX:-UsePerfData"] quick-jvm jvm-opts
                        ["-cp" path "clojure.main" "-m" "parallel.exhausted" program])
        builder (doto (ProcessBuilder. ^java.util.List (vec command))
                  (.redirectError ProcessBuilder$Redirect/DISCARD)
                  ;; malloc has room of its own: where a stack just does not fit, a JVM ends for want of 92 bytes
                  (-> .environment (.putAll {"PARALLEL_CACHE"   "off"
                                             "MALLOC_ARENA_MAX" "1"
                                             "MALLOC_TOP_PAD_"  (str (* 64 1024 1024))})))
        process (.start builder)]
    (try
      (with-open [lines (io/reader (.getInputStream process))]
        (let [said (within 240000 #(doall (line-seq lines)))]
          {:said said
           :exit (when (.waitFor process 30 TimeUnit/SECONDS) (.exitValue process))
           :left (crash/left-of {:process process})}))
      (finally
        (.destroyForcibly process)))))

(deftest ^{:deadline-s 300} without-threads-every-call-ends-and-with-threads-it-works-again
  (let [stacks ["-Xmx64m" "-XX:CompressedClassSpaceSize=64m" "-XX:ReservedCodeCacheSize=64m" "-Xss256m"]
        {:keys [said exit left]} (root "ulimit -v 12000000;" stacks "threads")]
    (is (= "end" (last said)) (str/join "\n" said))
    (is (= 0 exit))
    (is (not-any? #(str/includes? % "hangs") said) (str/join "\n" said))
    (is (some #(str/includes? % "start-failed") said) "the limit was reached")
    (is (some #(= "with all threads: run value 3" %) said) "with threads it works again")
    (is (some #(re-find #"limit of threads" %) said) "and the error says what was missing")
    (is (empty? left))))

;; ---- memory

(deftest ^{:deadline-s 300} a-reply-and-a-value-that-do-not-fit-here-end-with-an-error
  (let [{:keys [said exit]} (root "" ["-Xmx40m"] "memory")]
    (is (= "end" (last said)) (str/join "\n" said))
    (is (= 0 exit))
    (is (not-any? #(str/includes? % "hangs") said) (str/join "\n" said))
    (is (some #(re-find #"exec .* error" %) said))
    (is (some #(re-find #"run .* error" %) said))
    (is (some #(re-find #"exec .* value" %) said))))

(deftest ^{:deadline-s 300} an-argument-that-does-not-fit-there-ends-with-an-error
  (let [fork #(parallel/fork {:max-heap "40m" :jvm-opts quick-jvm})
        gave (loop [w (fork), sizes [1 4 8 12 16 20 24 32 48], gave []]
               (if-let [[mb & sizes] (seq sizes)]
                 (let [came (outcome #(deref (parallel/exec w '(fn [x] (alength x)) (byte-array (* mb 1024 1024)))))]
                   (recur (if (parallel/alive? w) w (fork)) sizes (conj gave [mb came])))
                 (do (parallel/kill w) gave)))]
    (is (not-any? #{:hangs} (map second gave)))
    (is (= [:value (* 1024 1024)] (second (first gave))))
    (testing "what is larger than its heap is not even sent"
      (let [[_ [_ e]] (last gave)]
        (is (= :not-transferable (:parallel/error (ex-data e))))
        (is (str/includes? (ex-message e) "max-heap"))))
    (testing "many small things, which take several times their bytes"
      (let [w    (fork)
            many (vec (repeatedly 400000 (fn [] {:a 1 :b "text" :c [1 2 3]})))
            came (outcome #(deref (parallel/exec w '(fn [x] (count x)) many)))]
        (is (= :error (first came)) (pr-str came))
        (is (re-find #"(?i)memory" (ex-message (second came))))
        (parallel/kill w)))))

(deftest evaluations-under-way-are-bounded-and-keep-their-order
  (parallel/with-workers [w (parallel/fork {:max-heap "32m" :jvm-opts quick-jvm})]
    @(parallel/exec w '(def seen (atom [])))
    (let [form    '(fn [i x] (swap! seen conj i) (alength x))
          replies (mapv #(parallel/exec w form % (byte-array 1000000)) (range 60))
          dropped (nth replies 59)]
      (is (future-cancel dropped))
      (is (= (repeat 59 1000000) (mapv #(within hang-ms (fn [] (deref %))) (pop replies))) "60 MB for a heap of 32")
      (is (= (range 59) @(parallel/exec w '(deref seen)))))))

;; ---- exits that hang, or are forbidden

(deftest a-shutdown-hook-that-hangs-keeps-nobody-waiting
  (let [hang '(.addShutdownHook (Runtime/getRuntime) (Thread. #(Thread/sleep 1000000)))
        exits  (parallel/run {:jvm-opts quick-jvm} (list 'do hang '(System/exit 3)))
        ends   (parallel/run {:jvm-opts quick-jvm} (list 'do hang 4))
        [_ e]  (outcome #(deref exits))]
    (is (= [:value 4] (outcome #(deref ends))))
    (is (= 0 (:exit (parallel/status ends))))
    (is (= :worker-died (:parallel/error (ex-data e))))
    (is (str/includes? (str (ex-message e)) "A shutdown hook had not ended"))
    (is (= 72 (:exit (ex-data e))))))

(deftest a-worker-whose-code-forbids-its-exit-or-everything-is-ended
  (let [managed? (< (.feature (Runtime/version)) 24)
        opts     {:jvm-opts (cond-> quick-jvm managed? (conj "-Djava.security.manager=allow"))}
        forbid   (fn [what]
                   (walk/postwalk-replace
                     {:what what}
                     '(do (System/setSecurityManager
                            (proxy [SecurityManager] []
                              (checkPermission
                                ([p] (when (re-find :what (.getName p)) (throw (SecurityException. "no"))))
                                ([p c]))))
                          5)))
        exit     (outcome #(deref (parallel/run opts (forbid #"exitVM"))))
        all      (outcome #(deref (parallel/run opts (forbid #""))))
        w        (parallel/fork opts)
        forks    (doall (for [form [(forbid #"") '(+ 1 2)]]
                          (outcome #(deref (parallel/exec w form)))))
        joins    (outcome #(parallel/join w))]
    (is (not-any? #{:hangs} (concat forks [exit all joins])))
    (if managed?
      (is (= [:value 5] exit))
      (is (= :remote-exception (:parallel/error (ex-data (second exit)))) "since JDK 24 nothing can be forbidden"))))

;; ---- small things that were kept or never came back

(deftest threads-of-exec-now-are-forgotten-when-they-have-ended
  (parallel/with-workers [w (parallel/run {:in :thread} '(parallel/receive (parallel/parent)))]
    (dotimes [i 300]
      (parallel/everywhere i))
    (is (await-true #(= 0 (Faulty/now w))))))

(deftest a-slot-is-released-by-its-own-worker-only
  (let [process (.start (ProcessBuilder. ["sleep" "1000"]))
        [here? gone?] [#(some #{%} (Faulty/ids)) #(not-any? #{%} (Faulty/ids))]]
    (try
      (Faulty/orphan 1000001 1000000 (.pid process))
      (Faulty/releaseOrphans)
      (is (here? 1000001) "its parent has ended, its process lives")
      (.destroyForcibly process)
      (is (.waitFor process 30 TimeUnit/SECONDS))
      (is (await-true #(do (Faulty/releaseOrphans) (gone? 1000001))))
      (let [slot (Faulty/orphan 1000002 0 (.pid (java.lang.ProcessHandle/current)))]
        (Faulty/release slot 1000001)
        (is (here? 1000002) "released once more by who had it before")
        (Faulty/release slot 1000002)
        (is (gone? 1000002)))
      (finally
        (.destroyForcibly process)))))

(deftest the-wait-for-spares-that-go-is-bounded
  (is (not= :hangs (outcome #(Faulty/awaitSparesOneOfWhichStays)))))

;; ---- who am I, on a thread of a pool that everybody shares

(def shared-pool "Of this process; its threads are born when it first has something to do." (atom nil))

(defn ids-of
  "The ids of so many tasks, side by side: more than the pool has threads."
  [n submit]
  (let [all (CountDownLatch. n)
        ids (mapv (fn [_] (submit (fn [] (.countDown all) (.await all 20 TimeUnit/SECONDS) (parallel/id)))) (range n))]
    (set (map deref ids))))

(defn on [pool f]
  (let [answer (promise)]
    (.execute ^Executor pool #(deliver answer (f)))
    answer))

(defn identities
  "The ids that code has which the caller gives to threads of each kind."
  []
  (let [own (Executors/newFixedThreadPool 2)]
    (try
      {:fork-join (ids-of 4 #(on @shared-pool %))
       :async     (ids-of 1 #(CompletableFuture/supplyAsync (reify Supplier (get [_] (%)))))
       :delayed   (ids-of 1 #(on (CompletableFuture/delayedExecutor 1 TimeUnit/MILLISECONDS) %))
       :future    (ids-of 40 #(future (%)))
       :agent     (ids-of 1 #(let [answer (promise)] (send-off (agent nil) (fn [_] (deliver answer (%)))) answer))
       :pmap      (set (pmap (fn [_] (parallel/id)) (range 8)))
       :thread    (ids-of 1 #(let [answer (promise)] (.start (Thread. ^Runnable (fn [] (deliver answer (%))))) answer))
       :own-pool  (ids-of 2 #(on own %))}
      (finally
        (.shutdown own)))))

(deftest a-pooled-thread-keeps-nobodys-identity
  (reset! shared-pool (ForkJoinPool. 4))
  (try
    (let [w    (parallel/run {:in :thread} '(parallel.life-test/identities))
          mine #{(.id ^Worker w)}]
      (is (= {:fork-join #{0}, :async #{0}, :delayed #{0}
              :future mine, :agent mine, :pmap mine, :thread mine, :own-pool mine}
             (within hang-ms #(deref w))))
      (testing "later, in the root, on threads that were born for the worker"
        (is (= #{#{0}} (set (vals (identities)))))
        (let [run #(deref (parallel/run {:in :thread} 1))]
          (is (= [1 1] (mapv deref [(future (run)) (on @shared-pool run)]))))))
    (finally
      (.shutdown ^ForkJoinPool @shared-pool)
      (reset! shared-pool nil))))
