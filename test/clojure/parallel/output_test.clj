(ns ^:jvm ^:elsewhere parallel.output-test
  "What workers print, at the level of the API: whole lines, each labelled once, none lost, and nobody waits for a
  printer."
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.api :as parallel]
            [parallel.support :refer [await-true elsewhere? error error-kind within]])
  (:import [java.io StringWriter Writer]
           [java.util.concurrent CountDownLatch]
           [parallel Worker]))

(defn- label [id]
  (format "<parallel#%03d> " id))

(defn- lines-of
  "The lines with a worker's label, without it."
  [id text]
  (let [its (label id)]
    (into [] (comp (filter #(str/starts-with? % its)) (map #(subs % (count its)))) (str/split-lines (str text)))))

(defn- settled
  "What the thunk says once that is positive and has been the same for 300 ms."
  [f]
  (let [before (f)]
    (Thread/sleep 300)
    (if (and (pos? before) (= before (f))) before (recur f))))

(deftest a-hundred-thousand-lines-of-four-workers-at-once-are-whole-and-labelled-once
  (let [out (StringWriter.)
        ws (binding [*out* out]
             (vec (repeatedly 4 #(parallel/run '(do (dotimes [i 25000]
                                                      (case (int (mod i 3))
                                                        0 (parallel/print "line" i)
                                                        1 (println "line" i)
                                                        (.println System/out (str "line " i))))
                                                    (print "the end"))))))]
    (is (= [nil nil nil nil] (within 200000 #(parallel/join ws))))
    (is (= 100004 (count (str/split-lines (str out)))))
    (let [expected (conj (mapv #(str "line " %) (range 25000)) "the end")]
      (doseq [^Worker w ws]
        (is (= expected (lines-of (.id w) out)) "in order, an unfinished last line included")))))

(deftest odd-bytes-crashes-and-workers-below-lose-nothing
  (let [out (StringWriter.)
        err (StringWriter.)
        binary '(byte-array (map unchecked-byte (remove #{10 13} (range 256))))
        w (binding [*out* out *err* err]
            (parallel/run
             (list 'let ['bytes binary]
                   '(let [inner (parallel/run '(do (println "below")
                                                   (.println System/err "below, to err")
                                                   (print "unfinished below")
                                                   (.halt (Runtime/getRuntime) 3)))]
                      (try (parallel/join inner) (catch Exception _))
                      (.write System/out bytes 0 (alength bytes))
                      (.println System/out)
                      (.write System/out (byte-array (map unchecked-byte [0x61 0xc3 0x28 0xff 0xe2 0x82 0x0a])) 0 7)
                      (println "ünïcode ✓ 𝄞")
                      (println "<parallel#007> looks labelled")
                      (println "cr\r")
                      (parallel/print "two\nlines")
                      (.start (ProcessBuilder. ["sh" "-c" "echo from a program"]))
                      (.waitFor (.start (.inheritIO (ProcessBuilder. ["sh" "-c" "echo native; echo native err >&2"]))))
                      (parallel/send (parallel/parent) (parallel/id))
                      (print "unfinished")
                      (.print System/err "unfinished err")
                      (.waitFor (.start (ProcessBuilder. ["kill" "-9" (str (.pid (java.lang.ProcessHandle/current)))])))
                      (Thread/sleep 60000)))))
        id (within 60000 #(parallel/receive w))
        e (error #(within 60000 (fn [] (parallel/join w))))]
    (is (= [:worker-died :kill] ((juxt :parallel/error :signal) e)))
    (let [lines (lines-of id out)]
      (is (= ["a\ufffd(\ufffd\ufffd" "ünïcode ✓ 𝄞" "<parallel#007> looks labelled" "cr" "two" "lines" "native"
              "unfinished"]
             (rest lines)))
      (testing "every byte"
        (is (= (apply str (map char (remove #{10 13} (range 128)))) (subs (first lines) 0 126)))
        (is (every? #{\ufffd} (subs (first lines) 126)))))
    (is (= ["native err" "unfinished err"] (lines-of id err) (:stderr-tail e)))
    (testing "of the worker below, with its own label, once"
      (let [below (if (elsewhere?)                 ; ids of a host's workers are of its own million
                    (first (remove #{id} (map parse-long (map second (re-seq #"<parallel#0*(\d+)> below" (str out))))))
                    (inc (long id)))]
        (is (= ["below" "unfinished below"] (lines-of below out)))
        (is (= ["below, to err"] (lines-of below err)))))
    (is (every? #(re-find #"^<parallel#\d{3,}> " %) (str/split-lines (str out))))))

(defn- gated
  "A writer that takes nothing before the latch is open; and what it has taken since."
  [^CountDownLatch gate]
  (let [got (StringWriter.)]
    [(proxy [Writer] []
       (write
         ([x] (.await gate) (if (string? x) (.write got ^String x) (.write got (int x))))
         ([x offset length] (.await gate)
          (.write got (str (if (string? x) x (String. ^chars x))) (int offset) (int length))))
       (flush [])
       (close []))
     got]))

(def ^:private rest-of-line (apply str (repeat 2000 ".")))

(def ^:private printing-echo
  '(do (future (let [more (apply str (repeat 2000 "."))]
                 (loop [i 0] (println "line" i more) (recur (inc i)))))
       (loop [] (let [x (parallel/receive (parallel/parent))]
                  (when-not (= x :end)
                    (parallel/send (parallel/parent) x)
                    (recur))))
       :done))

(deftest a-parent-that-takes-no-output-holds-up-the-prints-and-nothing-else
  (let [gate (CountDownLatch. 1)
        [out got] (gated gate)
        [a b] (mapv (fn [form] (parallel/run {:out out :err out :grace-ms 600} form)) [printing-echo printing-echo])
        echo (fn [w xs] (mapv (fn [x] (parallel/send w x) (parallel/receive w)) xs))
        seconds (fn [f] (let [started (System/nanoTime)] [(f) (/ (- (System/nanoTime) started) 1e9)]))]
    (try
      (testing "messages flow while the worker prints without pause and nothing is taken"
        (is (= (range 500) (within 60000 #(echo a (range 500)))))
        (is (within 60000 #(= (range 500) (echo b (range 500)))))
        (is (= "" (str got))))
      (testing (str "a worker that has ended is joined, also when a thread of its code goes on printing, "
                    "into a pipe that is full")
        (parallel/send a :end)
        (let [[value s] (seconds #(within 30000 (fn [] (parallel/join a))))]
          (is (= :done value))
          (is (> 5 s))))
      (testing "stop and status do not wait either"
        (let [[_ s] (seconds #(within 30000 (fn [] (parallel/stop b))))]
          (is (> 5 s))
          (is (= :worker-died (error-kind #(parallel/join b))))))
      (finally
        (.countDown gate)))
    (testing "what was printed comes when it is taken"
      (is (pos? (within 60000 (fn [] (settled #(.length (.getBuffer ^StringWriter got)))))))
      (doseq [^Worker w [a b]]
        (let [lines (lines-of (.id w) got)]
          (is (< 100 (count lines)))
          (is (every? true? (map #(= %1 (str "line " %2 " " rest-of-line)) (butlast lines) (range)))
              "in order, nothing left out"))))))

(def printed "How many lines the worker of the next test has printed." (atom 0))

(deftest ^{:elsewhere false} lines-that-go-up-by-credit-are-all-delivered
  (let [gate (CountDownLatch. 1)
        [out got] (gated gate)
        n 300000
        _ (reset! printed 0)
        w (parallel/run {:in :thread :out out} '(fn [n]
                                                  (dotimes [_ n]
                                                    (.write *out* "x\n")
                                                    (swap! printed inc))
                                                  (.write *out* (apply str (repeat 5 "y\n")))
                                                  (.write *out* "\r\nz"))
                        n)]
    (is (< 100000 (within 60000 (fn [] (settled #(deref printed)))) n) "at 8 MiB its prints wait")
    (.countDown gate)
    (is (nil? (within 120000 #(parallel/join w))))
    (is (= (+ n 7) (count (str/split-lines (str got)))))
    (is (= ["x" "y" "y" "y" "y" "y" "" "z"] (subvec (lines-of (.id ^Worker w) got) (dec n))))))
