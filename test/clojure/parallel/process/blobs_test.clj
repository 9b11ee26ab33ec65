(ns parallel.process.blobs-test
  "A class path by its content, here and where it is sent."
  (:require [clojure.java.io :as io]
            [clojure.test :refer [deftest is testing]])
  (:import [java.io File IOException]
           [java.nio.file Files]
           [java.nio.file.attribute FileAttribute]
           [java.util.jar JarFile]
           [parallel.process Blob Blobs BlobStore BlobStore$Part]))

(defn- temporary ^File []
  (.toFile (Files/createTempDirectory "blobs-test" (make-array FileAttribute 0))))

(defmacro ^:private with-directories
  "Binds names to directories of their own, which are removed in the end."
  [names & body]
  `(let [~@(mapcat (fn [n] [n `(temporary)]) names)]
     (try
       ~@body
       (finally
         (run! io/delete-file (mapcat #(reverse (file-seq %)) ~names))))))

(defn- put! [^File directory file-name text]
  (let [file (io/file directory file-name)]
    (io/make-parents file)
    (spit file text)
    file))

(defn- blobs [& entries]
  (vec (Blobs/of ^java.util.List (mapv str entries) (.toPath (io/file (System/getProperty "java.io.tmpdir"))))))

(defn- sums [& entries]
  (mapv #(.sum ^Blob %) (apply blobs entries)))

(deftest a-directory-is-the-same-wherever-and-whenever-it-was-made
  (with-directories [a b]
    (doseq [directory [a b], [file-name text] {"x/one.clj" "1", "x/two.clj" "2", "three.txt" "3"}]
      (put! directory file-name text))
    (.setLastModified (io/file b "x/one.clj") 1000000000000)
    (is (= (sums a) (sums b)))
    (with-open [jar (JarFile. (.toFile (.file ^Blob (first (blobs a)))))]
      (is (= ["three.txt" "x/" "x/one.clj" "x/two.clj"] (map str (enumeration-seq (.entries jar))))))))

(deftest a-change-of-the-same-length-is-seen
  (with-directories [a]
    (let [jar    (put! a "some.jar" "1")
          values (for [text ["1" "2" "3" "3"], entry [a jar]]
                   (do (spit jar text) (first (sums entry))))]
      (is (= 6 (count (set values)))))))

(deftest entries-keep-their-order-and-those-that-are-not-there-are-left-out
  (with-directories [a]
    (let [[one two empty-one] (map #(put! a (str % ".jar") %) ["one" "two" ""])]
      (is (= (concat (sums two) (sums one)) (sums two "/no/such.jar" empty-one one)))
      (is (= (sums one two) (sums (str a "/*") )) "a wildcard is its jars"))))

;; ---- the store

(def ^:private a-sum "Of the bytes of \"text\"." "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1")

(defn- store ^BlobStore [^File directory most-bytes] (BlobStore. (.toPath directory) most-bytes))

(defn- receive! [^BlobStore store sum bytes & texts]
  (with-open [^BlobStore$Part part (.receive store sum bytes)]
    (doseq [^String text texts]
      (.write part (.getBytes text)))
    (.finish part)))

(defn- refused? [f]
  (try (f) false (catch IOException _ true)))

(deftest what-has-arrived-whole-is-found-and-nothing-else
  (with-directories [directory]
    (let [s     (store directory 100)
          found #(.isPresent (.find ^BlobStore s a-sum))]
      (is (not (found)))
      (is (refused? #(receive! s a-sum 4 "tex")) "too short")
      (is (refused? #(receive! s a-sum 4 "text" "s")) "too long")
      (is (refused? #(receive! s a-sum 4 "tixt")) "other bytes")
      (is (= [] (vec (.list directory))) "nothing is left of those")
      (receive! s a-sum 4 "te" "xt")
      (is (found))
      (is (thrown? IllegalArgumentException (.find s "../../etc/passwd")))
      (testing "a flipped byte is seen by the next process, and by this one when the time is another"
        (spit (io/file directory (str a-sum ".jar")) "tExt")
        (is (not (.isPresent (.find (store directory 100) a-sum))))
        (is (not (.exists (io/file directory (str a-sum ".jar")))))))))

(deftest those-that-were-not-used-for-longest-go-first
  (with-directories [directory]
    (let [sums (mapv #(format "%064x" (biginteger %)) (range 4))
          old  #(- (System/currentTimeMillis) (* % 3600000))]
      (doseq [[sum hours] (map vector sums [50 3 1000 0])]
        (put! directory (str sum ".jar") "0123456789")
        (.setLastModified ^File (put! directory (str sum ".used") "") (old hours)))
      (.setLastModified ^File (put! directory "part-old" "") (old 48))
      (put! directory "part-new" "")
      (.prune (store directory 25))
      (is (= (sort (cons "part-new" (for [sum [(sums 1) (sums 3)], end [".jar" ".used"]] (str sum end))))
             (sort (.list directory)))))))

(deftest a-directory-that-others-can-write-to-is-no-store
  (with-directories [directory]
    (.setWritable directory true false)
    (is (refused? #(store directory 1)))))
