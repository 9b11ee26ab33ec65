(ns parallel.journal-test
  "Maps with a journal: what is kept, what is evaluated again, and who may have the file."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing use-fixtures]]
            [parallel.api :as parallel]
            [parallel.outside :refer [with-directory]]
            [parallel.pool :as pool]
            [parallel.root :as root]
            [parallel.support :refer [await-true error error-kind thorough? within]])
  (:import [java.io File RandomAccessFile]
           [java.nio.file Files]
           [java.nio.file.attribute PosixFilePermissions]
           [java.util.concurrent TimeUnit]))

(def ^:dynamic ^:private *pool* "Of two workers that are threads: what they evaluate can be counted." nil)
(def ^:dynamic ^:private ^File *directory* nil)

(defn- task-threads []
  (filter (fn [^Thread t] (str/starts-with? (.getName t) "parallel-tasks-")) (keys (Thread/getAllStackTraces))))

(use-fixtures :once (fn [tests]
                      (pool/with-pool [p {:in :thread} 2]
                        (await-true #(= 2 (count (task-threads))))
                        (binding [*pool* p] (tests)))))
(use-fixtures :each (fn [test]
                      (with-directory [directory "journal"]
                        (binding [*directory* directory] (test)))))

(defn- path ^File [] (io/file *directory* "journal"))

(def ^:private evaluated (atom []))

(defn noting
  "The square, noted."
  [x]
  (swap! evaluated conj x)
  (* x x))

(defn- evaluates
  "[what f returns, the elements that were evaluated meanwhile]"
  [f]
  (reset! evaluated [])
  (let [value (within 60000 (bound-fn [] (f)))]
    [value (sort @evaluated)]))

(defn- squares
  ([n] (squares {} n))
  ([opts n] (vec (pool/pmap (merge {:pool *pool* :journal (path)} opts) `noting (range n)))))

(deftest the-same-call-evaluates-only-what-is-missing
  (is (= [(map #(* % %) (range 100)) (range 100)] (evaluates #(squares 100))))
  (is (= [(map #(* % %) (range 100)) []] (evaluates #(squares 100))))
  (is (= [(map #(* % %) (range 150)) (range 100 150)] (evaluates #(squares 150))))
  (testing "a path may be a string or a Path"
    (is (= [100 []] (evaluates #(count (squares {:journal (str (path))} 100)))))
    (is (= [100 []] (evaluates #(count (squares {:journal (.toPath (path))} 100)))))))

(deftest results-come-as-they-are-done-from-an-unordered-map
  (let [all #(set (pool/pmap-unordered {:pool *pool* :journal (path)} `noting (range 50)))]
    (is (= [(set (map #(* % %) (range 50))) (range 50)] (evaluates all)))
    (is (= [(set (map #(* % %) (range 50))) []] (evaluates all)))))

(deftest of-a-lazy-input-only-what-was-given-out-is-there
  (let [some-of #(vec (take 5 (pool/pmap {:pool *pool* :journal (path) :chunk 1 :in-flight 2} `noting (range))))]
    (is (= [0 1 4 9 16] (first (evaluates some-of))))
    (is (> 20 (:elements (pool/journal-info (path)))))
    (is (false? (:complete? (pool/journal-info (path)))))
    (let [[values evaluated] (evaluates some-of)]
      (is (= [0 1 4 9 16] values))
      (is (not-any? #(< % 5) evaluated)))))

(deftest what-a-journal-has-can-be-read
  (squares 10)
  (is (= (into {} (map (juxt identity #(* % %))) (range 10)) (into {} (pool/journal (path)))))
  (is (= [10 0 true] ((juxt :elements :failed :complete?) (pool/journal-info (path)))))
  (is (str/includes? (:function (pool/journal-info (path))) "noting"))
  (is (= (.length (path)) (:bytes (pool/journal-info (path)))))
  (is (= 11 (count (str/split-lines (with-out-str (pool/print-journal {:path (path)})))))))

(deftest an-element-that-has-changed-is-evaluated-again
  (let [all (fn [xs] (evaluates #(vec (pool/pmap {:pool *pool* :journal (path)} `noting xs))))]
    (all [1 2 3])
    (is (= [[1 25 9 16] [4 5]] (all [1 5 3 4])))
    (is (= {0 1, 1 25, 2 9, 3 16} (into {} (pool/journal (path)))))))

(defn failing [x]
  (swap! evaluated conj x)
  (if (odd? x) (throw (ex-info "odd" {:x x})) x))

(deftest errors-are-kept-only-where-they-are-values
  (let [all (fn [on-error] (evaluates #(vec (pool/pmap {:pool *pool* :journal (path) :on-error on-error} `failing
                                                       (range 4)))))]
    (testing "a function's value is not what the element came to"
      (is (= [[0 :error 2 :error] [0 1 2 3]] (all (constantly :error))))
      (is (= [[0 :error 2 :error] [1 3]] (all (constantly :error)))))
    (let [[[a e b f] evaluated] (all :value)]
      (is (= [0 2 [1 3]] [a b evaluated]))
      (is (= [{:x 1} {:x 3}] (map (comp :data ex-data) [e f]))))
    (let [[[_ e] evaluated] (all :value)]
      (is (= [] evaluated))
      (is (= [:remote-exception 1 {:x 1}] ((juxt :parallel/error :index :data) (ex-data e)))))
    (is (= 2 (:failed (pool/journal-info (path)))))
    (testing "and where they are thrown, the element is tried"
      (is (= :remote-exception (error-kind #(all :throw)))))))

(deftest an-error-that-is-thrown-leaves-what-was-done
  (is (= :remote-exception
         (error-kind #(vec (pool/pmap {:pool *pool* :journal (path) :chunk 1} `failing [0 2 4 5 6])))))
  (is (<= 3 (:elements (pool/journal-info (path)))))
  (is (= [[0 2 4] []] (evaluates #(vec (pool/pmap {:pool *pool* :journal (path)} `failing [0 2 4]))))))

(deftest random-numbers-are-those-of-the-first-call
  (let [all (fn [opts n] (vec (pool/pmap (merge {:pool *pool* :journal (path)} opts) '(fn [_] (.nextLong (pool/rng)))
                                         (range n))))
        first-ones (all {} 10)]
    (is (= first-ones (subvec (all {} 20) 0 10)))
    (testing "as without a journal"
      (let [seeded (io/file *directory* "seeded")]
        (all {:seed 7 :journal seeded} 5)
        (is (= (vec (pool/pmap {:pool *pool* :seed 7} '(fn [_] (.nextLong (pool/rng))) (range 10)))
               (all {:journal seeded} 10)))
        (is (str/includes? (:message-of-error (error #(all {:seed 8 :journal seeded} 5))) ":seed is 7"))))))

(deftest a-journal-is-of-one-function
  (let [all (fn [f opts] (vec (pool/pmap (merge {:pool *pool* :journal (path)} opts) f (range 3))))
        scaled (fn [n] (parallel/pfn [x] (* n x)))]
    (all (scaled 2) {})
    (is (= [0 2 4] (all (scaled 2) {})))
    (testing "captured values are part of it"
      (is (str/includes? (:message-of-error (error #(all (scaled 3) {}))) "another function")))
    (is (= :bad-argument (error-kind #(all 'inc {}))))
    (testing "nothing was changed by that"
      (is (= [0 2 4] (all (scaled 2) {})))))
  (testing "unless both have the same key"
    (let [keyed (io/file *directory* "keyed")
          all   (fn [f opts] (vec (pool/pmap (merge {:pool *pool* :journal keyed} opts) f [1 2])))]
      (all 'inc {:journal-key :a})
      (is (= [2 3] (all 'dec {:journal-key :a :seed 5})))
      (is (= :bad-argument (error-kind #(all 'inc {:journal-key :b}))))
      (is (= [2 3] (all 'inc {})) "the function is the same, too")
      (is (= :bad-argument (error-kind #(all 'dec {})))))))

(deftest names-that-the-reader-makes-are-no-difference
  (let [all #(vec (pool/pmap {:pool *pool* :journal (path)} (read-string "#(+ %1 (let [[a] [1]] a))") (range 3)))]
    (is (= [1 2 3] (all)))
    (is (= [1 2 3] (all)))))

(defn- bytes-at! [at & bytes]
  (with-open [file (RandomAccessFile. (path) "rw")]
    (.seek file (long at))
    (doseq [b bytes] (.write file (int b)))))

(deftest what-is-torn-or-damaged-is-evaluated-again
  (squares {:chunk 1} 20)
  (testing "a torn end is cut off"
    (with-open [file (RandomAccessFile. (path) "rw")]
      (.setLength file (- (.length file) 45)))
    (is (= 1 (count (second (evaluates #(squares 20)))))))
  (testing "any byte after the beginning may be wrong"
    (doseq [at (take (if (thorough?) 40 8) (shuffle (range 200 (- (.length (path)) 50))))
            :let [length (.length (path))]]
      (bytes-at! at (rand-int 256) (rand-int 256) (rand-int 256))
      (let [[values evaluated] (evaluates #(squares 20))]
        (is (= (map #(* % %) (range 20)) values) at)
        (is (> 4 (count evaluated)) at)
        (is (<= length (.length (path))) at)))))

(deftest an-empty-file-is-a-new-journal-and-any-other-is-refused
  (let [refusal (fn [] (:message-of-error (error #(squares 3))))]
    (spit (path) "")
    (is (= [0 1 4] (squares 3)))
    (spit (path) "a file of something else, for some lines")
    (is (str/includes? (refusal) "it is not a journal"))
    (spit (path) "x")
    (is (str/includes? (refusal) "it is not a journal"))
    (is (= "x" (slurp (path))))
    (testing "of a newer format"
      (io/delete-file (path))
      (squares 3)
      (bytes-at! 16 99)
      (is (str/includes? (refusal) "format is 99")))
    (testing "read-only"
      (Files/setPosixFilePermissions (.toPath (path)) (PosixFilePermissions/fromString "r--r--r--"))
      (is (str/includes? (refusal) "read-only")))
    (testing "a directory, and none"
      (is (str/includes? (:message-of-error (error #(squares {:journal *directory*} 3))) "it is not a regular file"))
      (is (str/includes? (:message-of-error (error #(squares {:journal (io/file *directory* "no" "file")} 3)))
                         "there is no directory")))
    (is (= :bad-argument (error-kind #(pool/journal (io/file *directory* "none")))))
    (is (= :bad-argument (error-kind #(pool/journal-info 7))))))

(deftest options-that-do-not-fit-are-refused
  (is (= :bad-argument (error-kind #(squares {:journal 7} 3))))
  (is (= :bad-argument (error-kind #(squares {:journal nil} 3))))
  (is (= :bad-argument (error-kind #(pool/pmap {:pool *pool* :journal-key 1} 'inc [1]))))
  (is (= :bad-argument (error-kind #(pool/fold {:pool *pool* :journal (path)} '+ '+ [1]))))
  (testing "within an element there is no pool"
    (let [nested (list 'fn '[_] (list 'vec (list `pool/pmap {:journal (str (path))} ''inc [1])))]
      (is (str/includes? (:message-of-error (error #(vec (pool/pmap {:pool *pool*} nested [1])))) ":journal")))))

(deftest the-same-process-may-open-it-again-which-ends-the-earlier-map
  (let [earlier (pool/pmap {:pool *pool* :journal (path) :chunk 1 :in-flight 1} `noting (range 100))]
    (is (= 0 (first earlier)))
    (is (= 100 (count (squares 100))))
    (is (= :closed (error-kind #(within 60000 (fn [] (vec earlier))))))
    (is (= [100 []] (evaluates #(count (squares 100)))))))

(deftest the-progress-tells-what-came-from-the-journal
  (squares 10)
  (let [told (atom [])]
    (squares {:progress #(swap! told conj %)} 30)
    (is (= [30 10 true] ((juxt :done :from-journal :finished?) (peek @told))))))

;; ---- other processes

(defn- program [journal log n]
  (conj '[(require '[parallel.pool :as pool] '[parallel.api :as parallel])]
        (list 'pool/with-pool '[p 2]
              '(println "begins")
              (list 'run! 'println
                    (list 'pool/pmap {:pool 'p :journal (str journal) :chunk 10 :seed 5}
                          (list 'quote (list 'fn '[x]
                                             (list 'spit (str log) '(str x "\n") :append true)
                                             '(Thread/sleep 1)
                                             '[x (.nextInt (pool/rng) 1000)]))
                          (list 'range n))))
        '(shutdown-agents)))

(def ^:private most-under-way
  "Elements that are evaluated and not kept when the parent dies: three parts of each of two workers."
  60)

(deftest ^{:deadline-s 900} a-map-survives-the-deaths-of-its-parent
  (let [log        (io/file *directory* "log")
        [n deaths] (if (thorough?) [10000 10] [1000 2])
        begun      #(if (.exists log) (count (re-seq #"\n" (slurp log))) 0)]
    (dotimes [_ deaths]
      (let [process (root/start {} (program (path) log n))
            lines   (line-seq (io/reader (.getInputStream process)))]
        (try
          (is (some #{"begins"} lines))
          (let [until (+ (begun) (rand-int (quot n (inc deaths))))]
            (is (await-true #(<= until (begun)))))
          (finally
            (.destroyForcibly process)      ; SIGKILL
            (.waitFor process 60 TimeUnit/SECONDS)))))
    (let [{:keys [said exit left]} (apply root/run {} (program (path) log n))
          uninterrupted (vec (pool/pmap {:pool *pool* :seed 5} '(fn [x] [x (.nextInt (pool/rng) 1000)]) (range n)))]
      (is (= 0 exit))
      (is (empty? left))
      (is (= (map str uninterrupted) (rest said)) "as without any death")
      (let [times (vals (frequencies (str/split-lines (slurp log))))]
        (is (= n (count times)))
        (is (>= (inc deaths) (apply max times)))
        (is (>= (+ n (* deaths most-under-way)) (reduce + times)) "only what was under way is evaluated again"))
      (is (= [n true] ((juxt :elements :complete?) (pool/journal-info (path))))))))

(deftest another-process-is-told-who-has-it
  (let [log     (io/file *directory* "log")
        process (root/start {} (program (path) log 100000))]
    (try
      (is (await-true #(.exists log)))
      (let [e (error #(squares 3))]
        (is (= :bad-argument (:parallel/error e)))
        (is (str/includes? (:message-of-error e) (str "process " (.pid process)))))
      (testing "and may read it"
        (is (await-true #(pos? (:elements (pool/journal-info (path)))))))
      (finally
        (.destroyForcibly process)
        (.waitFor process 60 TimeUnit/SECONDS)))))

(deftest a-full-disk-is-the-callers-error-and-leaves-a-whole-journal
  (let [mount   (str "unshare -m sh -c 'mkdir -p " *directory* "/small && mount -t tmpfs -o size=64k x " *directory*
                     "/small && exec \"$@\"' sh \"$@\"")
        file    (str *directory* "/small/journal")
        small   (fn [& forms] (apply root/run {:shell mount} '(require '[parallel.pool :as pool]) forms))
        {:keys [said exit]}
        (small (list 'let ['p   '(pool/pool {:in :thread} 1)   ; what it keeps are the first elements
                           'all (list 'fn '[n] (list 'vec (list 'pool/pmap {:pool 'p :journal file :chunk 1}
                                                                '(quote (fn [n] (byte-array 10000))) '(range n))))]
                     '(println (try (count (all 20)) (catch java.io.IOException e (.getMessage e))))
                     (list 'println (list :elements (list 'pool/journal-info file)))
                     '(println (count (all 3)))
                     '(.close ^java.io.Closeable p)
                     '(shutdown-agents)))]
    (is (= 0 exit))
    (is (re-find #"journal .* cannot be written: No space left on device" (first said)) (pr-str said))
    (is (= ["6" "3"] (rest said)))))
