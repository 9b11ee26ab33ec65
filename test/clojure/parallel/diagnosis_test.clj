(ns ^:once parallel.diagnosis-test
  "Troubles as people have them: each is what diagnose names first, and the form that it gives mends it, or shows more."
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.api :as parallel]
            [parallel.look :as look]
            [parallel.pool :as pool]
            [parallel.root :as root]
            [parallel.support :refer [await-true error quick-jvm]])
  (:import [parallel Worker]
           [parallel.codec ByName]))

(defn- found
  "The first finding once it is that one, within 20 s."
  [kind]
  (let [found (await-true #(let [[first] (look/diagnose)] (when (= kind (:finding first)) first)) 20000)]
    (is (= kind (:finding (or found (first (look/diagnose))))))
    (is (= #{:finding :text :ids :do} (set (keys found))))
    found))

(defn- gone? [kind]
  (await-true #(not-any? (comp #{kind} :finding) (look/diagnose)) 20000))

(defn- mend [finding]
  (eval (:do finding)))

(defn- run [form]
  (parallel/run {:jvm-opts quick-jvm} form))

(defn- acts
  "A thread that may act, until it is let go: what it is there for is no deadlock."
  []
  (let [go (promise)]
    (.start (Thread. ^Runnable (fn [] @go)))
    go))

(deftest all-is-well
  (let [{:keys [said left]}
        (root/run {} '(require '[parallel.api :as p] '[parallel.look :as look])
                  '(do (prn (look/diagnose))
                       (let [w (p/fork)]
                         @(p/exec w '(+ 1 2))
                         (prn (look/diagnose))
                         (look/print-diagnosis))
                       (shutdown-agents)))]
    (is (= ["[]" "[]" "All is well."] said))
    (is (empty? left))))

(deftest a-deadlock
  (let [w (run '(parallel/receive (parallel/parent)))
        f (future (error #(parallel/receive w)))
        d (found :deadlock)]
    (is (= #{0 (.id ^Worker w)} (set (:ids d))))
    (try
      (mend d)
      (is (= :deadlock (:parallel/error (deref f 60000 nil))))
      (is (gone? :deadlock))
      (finally
        (look/watch! {:on-deadlock :report})
        (parallel/kill w)))))

(deftest a-stopped-process
  (let [w (parallel/fork {:jvm-opts quick-jvm})]
    @(parallel/exec w '(+ 1 2))
    (.waitFor (.start (ProcessBuilder. ["kill" "-STOP" (str (.pid ^Worker w))])))
    (let [s (found :process-stopped)]
      (is (= [(.id ^Worker w)] (:ids s)))
      (is (str/includes? (:text s) (str (.pid ^Worker w))))
      (is (str/includes? (with-out-str (look/print-diagnosis)) (pr-str (:do s))))
      (mend s)
      (is (gone? :process-stopped))
      (is (= 3 @(parallel/exec w '(+ 1 2))))
      (parallel/stop w))))

(deftest a-parent-that-waits-for-who-waits-for-it
  (let [go (acts)
        w  (run '(try (parallel/receive (parallel/parent)) (catch clojure.lang.ExceptionInfo _ :after-all)))
        f  (future (parallel/join w))
        p  (found :parent-waits)]
    (is (= [0 (.id ^Worker w)] (:ids p)))
    (mend p)
    (is (= :after-all (deref f 60000 :hangs)))
    (is (gone? :parent-waits))
    (deliver go true)))

(deftest a-receiver-that-does-not-receive
  (let [w (parallel/run {:jvm-opts quick-jvm} '(do (parallel/receive (parallel/parent)) (Thread/sleep 600000)))
        _ (parallel/send w :go)
        f (future (error #(parallel/send w (byte-array 50000000))))
        r (found :ring-full)]
    (is (= [0 (.id ^Worker w)] (:ids r)))
    (is (str/includes? (with-out-str (mend r)) "parallel-eval-"))
    (parallel/kill w)
    (is (not= :hangs (deref f 60000 :hangs)))
    (is (gone? :ring-full))))

(deftest an-inbox-that-grows
  (let [w (run '(do (dotimes [_ 25000] (parallel/send (parallel/parent) 1)) (Thread/sleep 600000)))
        f (future (error #(parallel/join w 60000 nil)))
        i (found :inbox-grows)]
    (is (= [0 (.id ^Worker w)] (:ids i)))
    (is (= 1 (mend i)))
    (dotimes [_ 20000] (parallel/receive w))
    (is (gone? :inbox-grows))
    (parallel/kill w)
    @f))

(deftest a-heap-that-is-nearly-full
  (let [w (parallel/fork {:max-heap "64m" :jvm-opts quick-jvm})]
    @(parallel/exec w '(let [^Runtime r (Runtime/getRuntime)]
                         (def kept (loop [kept []]
                                     (System/gc)
                                     (if (< (- (.totalMemory r) (.freeMemory r)) (* 0.92 (.maxMemory r)))
                                       (recur (conj kept (byte-array 500000)))
                                       kept)))
                         nil))
    (let [h (found :heap-full)]
      (is (= [(.id ^Worker w)] (:ids h)))
      (mend h)
      (is (gone? :heap-full)))))

(defn- finding
  "That finding, whichever others there are, once it is there, within 60 s."
  [kind]
  (let [found (await-true #(first (filter (comp #{kind} :finding) (look/diagnose))) 60000)]
    (is (= #{:finding :text :ids :do} (set (keys found))) kind)
    found))

(deftest a-worker-that-does-little-but-collect
  (let [w (parallel/run {:max-heap "48m" :jvm-opts ["-XX:+UseSerialGC" "-XX:TieredStopAtLevel=1"]}
                        '(let [^Runtime r (Runtime/getRuntime)
                               kept       (loop [kept []]
                                            (System/gc)
                                            (if (< (- (.totalMemory r) (.freeMemory r)) (* 0.93 (.maxMemory r)))
                                              (recur (conj kept (byte-array 300000)))
                                              kept))]
                           (while true (byte-array 200000))
                           (count kept)))]
    (try
      (let [g (finding :gc-thrash)]
        (is (= [(.id ^Worker w)] (:ids g)))
        (is (re-find #"of the last 5 s on collections" (str (:text g))))
        (is (some (comp #{:gc} :kind) (mend g))))
      (finally
        (parallel/kill w)))
    (is (gone? :gc-thrash))))

(deftest a-process-that-nobody-has-any-more
  (let [file   (java.io.File/createTempFile "orphan" ".pid")
        orphan (str "perl -e 'open F, \">" file "\"; print F $$; close F; sleep 600' " ByName/MAIN
                    " >/dev/null 2>&1 </dev/null &")]
    (try
      (.waitFor (.start (ProcessBuilder. ["sh" "-c" orphan])))
      (let [s   (finding :spare-orphan)
            pid (slurp file)]
        (is (str/includes? (str (:text s)) (str "process " pid " ")))
        (mend s)
        (is (gone? :spare-orphan)))
      (finally
        (.delete file)))))

(deftest an-element-that-kills
  (pool/with-pool [p {:jvm-opts quick-jvm} 1]
    (is (= :worker-died (:parallel/error (error #(doall (pool/pmap {:pool p :chunk 1}
                                                                   '(fn [x] (if (= 3 x)
                                                                              (.halt (Runtime/getRuntime) 1)
                                                                              (do (Thread/sleep 1) x)))
                                                                   (range 6)))))))
    (let [e (found :poison-element)]
      (is (< 1 (count (:ids e))))
      (is (str/includes? (:text e) "element 3"))
      (is (seq (mend e))))))
