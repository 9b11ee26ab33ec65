(ns ^:jit parallel.shared-test
  "Arrays that every worker sees: what is shared, how it travels, and when its memory goes. Four workers serve all tests
  that end none."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing use-fixtures]]
            [parallel.api :as parallel]
            [parallel.shared :as shared :refer [aget* aset*]]
            [parallel.support :refer [await-true error error-kind within]])
  (:import [java.io File]
           [java.nio DoubleBuffer]
           [java.nio.file Files]
           [parallel.codec Codec]))

(set! *warn-on-reflection* true)

(def ^:dynamic *ws* nil)

(defn- with-four-workers [f]
  ;; what others have sent and nobody received: held as long as there are workers
  (await-true #(zero? (:held (shared/usage))))
  (parallel/with-workers [ws (parallel/fork 4)]
    (run! deref (parallel/exec ws '(shared/usage)))          ; they are there: no test counts them as left behind
    (binding [*ws* ws]
      (f))))

(use-fixtures :once with-four-workers)

(defn- each
  "The values of a form with arguments in each of the four workers."
  [form & args]
  (mapv deref (apply parallel/exec-in 'parallel.shared-test *ws* form args)))

(defn- each-first [form & args]
  @(apply parallel/exec-in 'parallel.shared-test (first *ws*) form args))

(defn- id-of [^parallel.Worker w] (.id w))

(defn maps
  "The lines of this process's mappings that are of shared arrays in memory."
  []
  (filter #(str/includes? % "/array-")
          (str/split-lines (String. (Files/readAllBytes (.toPath (io/file "/proc/self/maps")))))))

(defn- forgotten
  "Collects until the thunk returns true; a minute at most."
  [thunk]
  (await-true #(do (System/gc) (thunk))))

;; ---- what is shared

(deftest four-workers-fill-their-parts-of-a-cube
  (with-open [cube (shared/shared :long [20 20 20])]
    (run! deref (map (fn [w part i] (parallel/exec w '(fn [part i] (shared/fill! part i)) part i))
                     *ws* (shared/parts cube 4) (range 1 5)))
    (is (= (* 2000 (+ 1 2 3 4)) (reduce + cube)))
    (is (= [1 1 2 2 3 3 4 4] (mapv #(aget* cube %) [0 1999 2000 3999 4000 5999 6000 7999])))
    (is (= [1 4 2] [(aget* cube 0 0 0) (aget* cube 19 19 19) (aget* cube 5 0 0)]))
    (testing "partial sums, each made where the part is"
      (is (= [2000 4000 6000 8000]
             (mapv deref (map (fn [w part] (parallel/exec w '(fn [part] (reduce + part)) part)) *ws*
                              (shared/parts cube 4))))))))

(deftest ten-elements-over-four-workers
  (with-open [xs (shared/shared :int 10)]
    (is (= [3 3 2 2] (mapv count (shared/parts xs 4))))
    (run! deref (map (fn [w part] (parallel/exec w '(fn [part] (shared/fill! part (parallel/id))) part)) *ws*
                     (shared/parts xs 4)))
    (is (= (mapcat (fn [w n] (repeat n (id-of w))) *ws* [3 3 2 2]) (seq xs)))
    (is (= [1 1 0 0] (mapv count (shared/parts (shared/slice xs 0 2) 4))))))

(deftest nothing-named-is-left-and-one-process-maps-it-once
  (with-open [xs (shared/shared :double 100000)]
    (let [session (re-find #"/dev/shm/parallel-[^/]*" (first (maps)))]
      (is (every? #(str/ends-with? % "(deleted)") (maps)))
      (is (= [] (filter #(str/starts-with? (.getName ^File %) "array-") (.listFiles (io/file session))))))
    (let [w (first *ws*)
          seen @(parallel/exec w '(fn [x y]
                                    (def kept x)
                                    [(identical? x (get-in y [:deep 0]))
                                     (distinct (vals (frequencies (map #(re-find #"array-\S+" %)
                                                                       (parallel.shared-test/maps)))))])
                               xs {:deep [xs]})]
      (is (= [true [1]] seen))
      (is @(parallel/exec w '(fn [x] (identical? x kept)) xs) "it arrives as the same object")
      (is (identical? xs (first @(parallel/exec w '[kept]))))
      @(parallel/exec w '(do (shared/close kept) (def kept nil))))))

(deftest a-reference-is-small
  (with-open [xs (shared/shared :double [1000 1000])]
    (with-open [lock (shared/lock)]
      (doseq [x [xs (shared/slice xs 10 20) (shared/view xs :read-only) lock {:a xs}]]
        (let [bytes (Codec/toBytes x)]
          (is (> 200 (alength bytes)))
          (Codec/fromBytes bytes))))
    (is (= [1000 1000] (shared/shape (Codec/fromBytes (Codec/toBytes xs)))))))

(deftest every-type-is-read-written-copied-and-sent
  (doseq [[kind values too-much] [[:boolean [true false true] 1] [:byte [1 -128 127] 128]
                                  [:short [1 -32768 32767] 32768]
                                  [:char [\a \b \uFFFF] "a"] [:int [1 Integer/MIN_VALUE Integer/MAX_VALUE] 2147483648]
                                  [:long [1 Long/MIN_VALUE Long/MAX_VALUE] 1.5] [:float [1.5 -0.25 ##Inf] nil]
                                  [:double [1.5 -0.25 ##-Inf] "1"]]]
    (testing kind
      (with-open [xs (shared/shared {:from values} kind)
                  ys (shared/shared kind 5)]
        (is (= values (seq xs)))
        (is (= [(class (nth (shared/->array xs) 0))] (distinct (map class (seq xs)))) "no widening")
        (is (= values (vec (shared/->array xs))))
        (is (= values
               @(parallel/exec (first *ws*) '(fn [xs] (let [v (vec (shared/->array xs))] (shared/close xs) v)) xs)))
        (shared/copy-to! xs 1 ys 3 2)
        (is (= (subvec values 1) (drop 3 (seq ys))))
        (shared/fill! ys (values 0) 1 3)
        (is (= [(values 0) (values 0)] (take 2 (drop 1 ys))))
        (shared/copy-to! (shared/->array xs) ys)
        (is (= values (take 3 ys)))
        (is (= :bad-argument (error-kind #(aset* xs 0 too-much))))
        (is (= values (seq xs)))))))

(deftest a-handle-is-a-clojure-collection-of-its-elements
  (with-open [xs (shared/shared {:from (range 100)} :long)
              none (shared/shared :long 0)]
    (is (= 4950 (reduce + xs) (reduce + 0 xs)))
    (is (= 10 (reduce (fn [_ x] (if (= x 10) (reduced x) x)) xs)))
    (is (= [100 5 :none] [(count xs) (nth xs 5) (nth xs 100 :none)]))
    (is (= (range 100) (seq xs) (sequence xs) (into [] xs)))
    (is (= [nil 0 0 :init] [(seq none) (count none) (reduce + none) (reduce + :init none)]))
    (is (= [3 4] (seq (shared/slice xs 3 5))))
    (is (not= xs (shared/slice xs 0)) "equality is identity")
    (is (re-matches #"#parallel/shared\{:type :long :shape \[100\]\}" (pr-str xs)))
    (is (re-matches #"#parallel/shared\{:type :long :shape \[1000000\]\}\n"
                    (with-open [many (shared/shared :long 1000000)]
                      (with-out-str ((requiring-resolve 'clojure.pprint/pprint) many)))))))

(defn- sum-of-doubles ^double [^doubles xs]
  (let [n (shared/length xs)]
    (loop [i 0, sum 0.0]
      (if (< i n) (recur (inc i) (+ sum (aget* xs i))) sum))))

(deftest hinted-code-reads-primitives-without-reflection
  (let [warnings (java.io.StringWriter.)]
    (binding [*err* warnings, *warn-on-reflection* true, *ns* (the-ns 'parallel.shared-test)]
      (eval '(fn [^doubles xs ^ints ys] (aset* xs 0 1) (aset* ys 1 2)
               (+ (aget* xs 0) (aget* ys 1) (long (nth (vec (shared/buffers xs)) 0))))))
    (is (= "" (str warnings))))
  (with-open [xs (shared/shared {:from (range 10)} :double)]
    (is (= 45.0 (sum-of-doubles xs)))
    (is (= :bad-argument (error-kind #(let [^longs wrong xs] (aget* wrong 0)))))
    (is (= :bad-argument (error-kind #(let [^doubles xs xs] (aget* xs 10)))))))

(deftest a-file-that-cannot-become-the-array-keeps-what-it-holds
  (let [file (doto (File/createTempFile "kept" "") (spit "what it holds"))]
    (try
      (doseq [offset [Long/MAX_VALUE (- Long/MAX_VALUE 5) (bit-shift-left 1 60)]]
        (is (= :bad-argument (error-kind #(shared/shared {:file file :offset offset} :byte 10))) offset)
        (is (= "what it holds" (slurp file))))
      (is (= :bad-argument (error-kind #(shared/shared {:file file} :byte (bit-shift-left 1 50)))))
      (is (= "what it holds" (slurp file)))
      (finally
        (.delete file)))))

(deftest odd-paths-and-numbers-of-parts-are-refused-with-a-sentence
  (is (= :bad-argument (error-kind #(shared/shared {:file "\u0000"} :byte 10))))
  (with-open [xs (shared/shared :byte 10)]
    (is (= :bad-argument (error-kind #(shared/parts xs Integer/MAX_VALUE))))
    (is (= 12 (count (shared/parts xs 12))))))

(deftest a-file-on-disk-is-an-array-that-stays
  (let [file (File/createTempFile "shared" ".data")]
    (try
      (with-open [made (shared/shared {:file file :from [1.5 2.5 3.5]} :double)]
        (is (= 24 (.length file)))
        (is (= [1.5 2.5 3.5] (each-first '(fn [xs] (let [v (vec (seq xs))] (shared/aset* xs 0 9.5) v)) made)))
        (is (= 9.5 (aget* made 0))))
      (with-open [read (shared/shared {:file (str file) :mode :read} :double)]
        (is (= [9.5 2.5 3.5] (seq read)))
        (is (= :bad-argument (error-kind #(aset* read 0 1.0))))
        (is (= :bad-argument
               (each-first '(fn [xs] (try (shared/aset* xs 0 1.0) (catch Exception e (:parallel/error (ex-data e)))))
                           read))))
      (with-open [part (shared/shared {:file file :mode :read-write :offset 8} :double 2)]
        (aset* part 1 4.5)
        (is (= [2.5 4.5] (seq part))))
      (with-open [private (shared/shared {:file file :mode :read-write} :double)]
        (let [copy (shared/view private :copy-on-write)]
          (aset* copy 0 0.0)
          (is (= [0.0 9.5] [(aget* copy 0) (aget* private 0)]))))
      (is (= 24 (.length file)) "the file stays")
      (testing "what does not fit"
        (is (= :bad-argument (error-kind #(shared/shared {:file file :mode :read} :double 4))))
        (is (= :bad-argument (error-kind #(shared/shared {:file file :mode :read :offset 3} :double))))
        (is (= :bad-argument (error-kind #(shared/shared {:file "/no/such/file" :mode :read} :double)))))
      (finally
        (.delete file)))))

;; ---- views

(deftest views-refuse-writes-or-keep-them-to-themselves
  (with-open [xs (shared/shared {:from [1 2 3]} :long)]
    (let [fixed (shared/view xs :read-only)
          own (shared/view xs :copy-on-write)]
      (doseq [write [#(aset* fixed 0 9) #(shared/fill! fixed 9) #(shared/get-and-add! fixed 0 1)
                     #(shared/copy-to! (long-array [9]) fixed)
                     #(shared/compare-and-set! fixed 0 1 9)]]
        (is (= :bad-argument (error-kind write))))
      (is (.isReadOnly ^java.nio.Buffer (first (shared/buffers fixed))))
      (aset* own 0 100)
      (aset* xs 2 30)
      (is (= [[1 2 30] [100 2] [1 2 30]] [(seq xs) (take 2 own) (seq fixed)]))
      (testing "in workers too"
        (is (= [:bad-argument]
               (distinct (each '(fn [a] (try (shared/aset* a 0 1) (catch Exception e (:parallel/error (ex-data e)))))
                               fixed))))
        (is (= [[1 7] [1 7] [1 7] [1 7]]
               (each '(fn [a] (let [was (nth a 0)] (shared/aset* a 0 7) [was (nth a 0)])) own)))
        (is (= [1 100] [(aget* xs 0) (aget* own 0)]))
        (each '(fn [a] (shared/close a)) xs)))))

;; ---- atomics

(deftest four-workers-count-to-400000
  (with-open [xs (shared/shared :long 3)
              ys (shared/shared :int 1)
              c (shared/counter)]
    (each '(fn [xs ys c]
             (dotimes [_ 100000] (shared/get-and-add! xs 1 1))
             (dotimes [_ 1000] (shared/swap-at! xs 2 inc) (shared/get-and-add! ys 0 1) (shared/add! c))
             (run! shared/close [xs ys c]))
          xs ys c)
    (is (= [0 400000 4000] (seq xs)))
    (is (= [4000 4000] [(aget* ys 0) (shared/value c)]))
    (is (shared/compare-and-set! xs 0 0 5))
    (is (not (shared/compare-and-set! xs 0 0 6)))
    (is (= 5 (shared/get-volatile xs 0)))
    (with-open [zs (shared/shared :double 1)]
      (is (= :bad-argument (error-kind #(shared/get-and-add! zs 0 1)))))))

;; ---- end

(deftest use-after-close-is-an-error-also-of-its-views
  (with-open [xs (shared/shared :double 10)]
    (let [part (shared/slice xs 0 5) own (shared/view xs :copy-on-write)]
      (shared/close own)
      (is (= [true false] [(shared/closed? own) (shared/closed? xs)]) "a copy-on-write view alone")
      (shared/close xs)
      (shared/close xs)
      (doseq [use [#(aget* xs 0) #(aset* part 0 1.0) #(nth part 0) #(reduce + xs) #(shared/->array xs)
                   #(shared/fill! xs 0.0) #(shared/buffers xs)
                   #(shared/slice xs 0 1) #(shared/view xs :read-only) #(parallel/send (first *ws*) {:a [xs]})
                   #(let [^doubles xs xs] (aget* xs 0))]]
        (is (contains? #{:closed :not-transferable} (error-kind use))))
      (is (shared/closed? part))
      (is (str/includes? (pr-str xs) ":closed true"))
      (is (forgotten #(empty? (maps))) "it is mapped no more"))))

(deftest closing-while-others-read-ends-no-jvm
  (dotimes [_ 5]
    (with-open [xs (shared/shared :double 200000)
                counts (shared/shared :long 1000)]
      (let [readers (doall (for [read [#(sum-of-doubles xs) #(reduce + xs) #(shared/->array xs)
                                       #(shared/get-and-add! counts 7 1) #(shared/fill! xs 2.0)]]
                             (future (error-kind #(loop [] (read) (recur))))))]
        (Thread/sleep 50)
        (shared/close xs)
        (shared/close counts)
        (is (= (repeat 5 :closed) (mapv #(deref % 60000 :hangs) readers)))))))

(deftest forgotten-arrays-are-released
  (let [before (:arrays (shared/usage))]
    (dotimes [_ 10] (shared/shared :double 1000))
    (is (<= before (:arrays (shared/usage))))
    (is (forgotten #(empty? (maps))))
    (is (await-true #(= {:arrays 0 :bytes 0} (select-keys (shared/usage) [:arrays :bytes]))))))

(defn- open-files
  "The files of shared arrays, also deleted ones, that this process has open."
  []
  (keep (fn [^File fd] (let [path (try (str (Files/readSymbolicLink (.toPath fd))) (catch java.io.IOException _))]
                         (when (some-> path (str/includes? "/array-"))
                           path)))
        (.listFiles (io/file "/proc/self/fd"))))

(deftest ^:slow a-thousand-arrays-of-8-MB-one-after-another
  (dotimes [i 500]
    (with-open [xs (shared/shared :double 1000000)]
      (is (seq (open-files)))
      (aset* xs (dec (count xs)) 1.0)))
  (dotimes [i 500]
    (aset* (shared/shared :double 1000000) i 1.0))
  (forgotten #(empty? (maps)))
  (is (= [] (maps)))
  (await-true #(zero? (:held (shared/usage))))
  (await-true #(empty? (open-files)))
  (is (= [0 []] [(:held (shared/usage)) (open-files)]) "nothing keeps their memory"))

(deftest an-array-that-does-not-fit-is-refused-with-the-sizes
  (let [e (error #(shared/shared {:shared-bytes 1000000} :double 1000000))]
    (is (= :bad-argument (:parallel/error e)))
    (is (= [8004096 1000000] [(:needed e) (:shared-bytes e)])))
  (is (= :bad-argument (error-kind #(shared/shared :double 1000000000000))))
  (try
    (shared/set-budget! 1000000)
    (with-open [xs (shared/shared :byte 900000)]
      (is (= :bad-argument (error-kind #(shared/shared :byte 900000)))))
    (with-open [xs (shared/shared :byte 900000)]
      (is (= 900000 (count xs)) "what was closed is room again"))
    (finally
      (shared/set-budget! nil))))

;; ---- on its way

(deftest a-sender-may-close-at-once
  (let [w (first *ws*)
        sum '(let [xs (parallel/receive (parallel/parent))]
               (try (reduce + (if (map? xs) (:xs xs) xs)) (finally (shared/close (if (map? xs) (:xs xs) xs)))))]
    (dotimes [i 20]
      (with-open [xs (shared/shared {:from [i 1]} :long)]
        (parallel/send w (if (even? i) xs {:xs xs}))))
    (is (pos? (:held (shared/usage))) "held until they have arrived")
    (is (= (map inc (range 20)) (repeatedly 20 #(deref (parallel/exec w sum)))))
    (testing "to a group"
      (with-open [xs (shared/shared {:from [1 2]} :long)]
        (parallel/send *ws* xs))
      (is (= [3 3 3 3] (each sum))))
    (testing "as an argument to a group, in its time"
      (is (= [3 3 3 3] (mapv deref (with-open [xs (shared/shared {:from [1 2]} :long)]
                                     (parallel/exec *ws* '(fn [xs] (let [sum (reduce + xs)] (shared/close xs) sum))
                                                    xs))))))
    (is (await-true #(zero? (:held (shared/usage)))))))

(deftest what-a-worker-has-sent-outlives-it
  (let [w (parallel/run '(do (parallel/send (parallel/parent) {:xs (shared/shared {:from [1 2 3]} :int)})
                             (shared/shared {:from [4 5]} :int)))]
    (parallel/join w)
    (let [{:keys [xs]} (parallel/receive w)]
      (is (= [1 2 3] (seq xs)))
      (is (= [4 5] (seq @w)))
      (is (identical? @w @w))
      (run! shared/close [xs @w]))
    (is (await-true #(zero? (:held (shared/usage)))))))

(deftest what-is-never-received-goes-with-who-could-have
  (let [w (parallel/fork)]
    (with-open [xs (shared/shared :double 1000)]
      (parallel/send w xs))
    (parallel/stop w)
    ;; the four workers live on, and nobody knows that none of them has it on its way; it is given up where room is
    ;; needed
    (is (<= 1 (:held (shared/usage))))
    (shared/set-budget! 100000)
    (try
      (with-open [xs (shared/shared :byte 90000)]
        (is (zero? (:held (shared/usage)))))
      (finally
        (shared/set-budget! nil)))))

(deftest an-array-whose-last-process-was-killed-is-an-error-of-that-message
  (let [w (parallel/fork)]
    @(parallel/exec w '(do (def xs (shared/shared :double 10)) (parallel/send (parallel/parent) xs)
                           (parallel/send (parallel/parent) 2)))
    (parallel/kill w)
    (is (= :worker-died (error-kind #(parallel/join w))))
    (let [e (error #(parallel/receive w))]
      (is (= :not-transferable (:parallel/error e)))
      (is (str/includes? (:message-of-error e) "shared array")))
    (is (= 2 (parallel/receive w)) "the next message is not touched")))

;; ---- workers that are threads

(deftest a-worker-that-is-a-thread-has-the-same-mapping
  (parallel/with-workers [ws (parallel/fork {:in :thread} 2)]
    (with-open [xs (shared/shared :long 4)
                b (shared/barrier 3)]
      (let [replies (parallel/exec ws '(fn [xs b] (shared/get-and-add! xs 0 1) (shared/await b) xs) xs b)]
        (shared/await b)
        (is (= [2 true true] [(aget* xs 0) (identical? xs @(first replies)) (identical? xs @(second replies))]))))))

;; ---- mistakes

(deftest mistakes-are-named
  (with-open [xs (shared/shared :double [2 3])]
    (doseq [[mistake says] [[#(shared/shared :decimal 3) #":decimal.*|one of"] [#(shared/shared :double -1) #"-1"]
                            [#(shared/shared :double) #"double"]
                            [#(shared/shared {:form [1]} :long) #":form.*:from"]
                            [#(shared/shared {:from 3} :long) #":from is 3"]
                            [#(shared/shared {:mode :read} :long 3) #":file"]
                            [#(shared/shared {:from [1 2 3]} :long 2) #"2.*3"]
                            [#(aget* xs 6) #"6"] [#(aget* xs 2 0) #"dimension 0"] [#(aget* xs 1 2 3) #"2 indices"]
                            [#(aget* [1 2] 0) #"shared array"]
                            [#(shared/slice xs 4 9) #"6 elements"] [#(shared/parts xs 0) #"parts"]
                            [#(shared/view xs :cow) #":copy-on-write"]
                            [#(shared/barrier 0) #"parties"] [#(shared/latch -1) #"count"]
                            [#(shared/await 3) #"barrier or a latch"]
                            [#(shared/copy-to! xs (long-array 6)) #"double"] [#(shared/close 3) #"shared"]
                            [#(shared/shared :double Long/MAX_VALUE) #"larger than any memory"]
                            [#(shared/shared :double [4294967296 4294967296]) #"larger than any"]
                            [#(aget* xs nil) #"an index.*nil"] [#(aget* xs "0") #"\"0\""] [#(aset* xs nil 1.0) #"nil"]
                            [#(aget* xs 0 nil) #"nil"]
                            [#(shared/copy-to! nil xs) #"two arrays"] [#(shared/copy-to! [1.0] xs) #"two arrays"]
                            [#(shared/copy-to! xs 0 xs 0 nil) #"positions and counts, not nil"]
                            [#(shared/copy-to! (double-array 1) 9999999999 xs 0 1) #"9999999999"]]]
      (let [e (error mistake)]
        (is (= :bad-argument (:parallel/error e)) (str says))
        (is (re-find says (str (:message-of-error e))))))
    (is (= [0.0] (distinct xs))))
  (with-open [ns (shared/shared {:from [1]} :long)]
    (doseq [mistake [#(shared/get-and-add! ns 0 1.5) #(shared/get-and-add! ns nil 1)
                     #(shared/compare-and-set! ns 0 1.0 2) #(shared/swap-at! ns 0 nil)
                     #(shared/swap-at! ns 0 (constantly 2.5)) #(shared/swap-at! ns 0 str)
                     #(shared/set-volatile! ns 0 nil) #(shared/get-volatile ns nil)]]
      (is (= :bad-argument (error-kind mistake))))
    (is (= [1] (seq ns)))))

(deftest elements-come-from-whatever-has-some
  (doseq [[kind from] [[:char "abc"] [:int (java.util.ArrayList. [1 2])] [:long (eduction (map inc) [1 2])]
                       [:float (object-array [1 2.5])] [:byte #{1}]]]
    (with-open [xs (shared/shared {:from from} kind)]
      (is (every? true? (map == (map #(if (char? %) (int %) %) from) (map #(if (char? %) (int %) %) xs))))
      (is (= (count (seq from)) (count xs))))))
