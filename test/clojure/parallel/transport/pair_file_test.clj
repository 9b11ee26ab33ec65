(ns ^:jvm parallel.transport.pair-file-test
  "The mapped files: how they are made, reached by another process, refused, and gone."
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is testing use-fixtures]]
            [parallel.transport.support :refer
             [await-true descriptors ends forever hang-s in-thread mappings nothing-left send! value
              *directory*]])
  (:import (java.io File RandomAccessFile)
           (java.nio.file Files LinkOption Path)
           (java.nio.file.attribute PosixFilePermission)
           (java.util OptionalInt)
           (java.util.concurrent TimeUnit)
           (parallel.transport Bytes Ends NoRoomException PairFile SessionPage SessionPage$Slot StatusPage)))

(use-fixtures :each nothing-left)

(defn- path ^Path [s]
  (Path/of s (make-array String 0)))

(defn- create ^PairFile
  ([] (create 8192))
  ([ring-bytes] (PairFile/create *directory* ring-bytes 42 1000)))

(defn- names []
  (vec (.list (.toFile *directory*))))

(deftest a-file-has-no-name-and-is-reached-through-its-descriptor
  (with-open [pair (create)]
    (is (= [] (names)))
    (is (re-matches #"/proc/\d+/fd/\d+" (.handOn pair)))
    (with-open [other (PairFile/attach (path (.handOn pair)))]
      (is (= 8192 (.ringBytes other)))
      (.state (.status other) 3)
      (is (= 3 (.state (.status pair)))))
    (.attached pair)
    (with-open [other (PairFile/attach (path (.handOn pair)))]
      (is (= 3 (.state (.status other)))))))

(deftest a-file-is-its-owners-alone
  (with-open [pair (create)]
    (is (= #{PosixFilePermission/OWNER_READ PosixFilePermission/OWNER_WRITE}
           (set (Files/getPosixFilePermissions (path (.handOn pair)) (make-array LinkOption 0)))))))

(deftest an-interrupt-does-not-break-the-making-of-a-file
  (is (= [true 5]
         (value (in-thread
                  (.interrupt (Thread/currentThread))
                  (with-open [pair  (create)
                              other (PairFile/attach (path (.handOn pair)))]
                    (.state (.status other) 5)
                    [(Thread/interrupted) (.state (.status pair))]))))))

(deftest a-ring-has-a-power-of-two-of-bytes
  (doseq [size [0 -1 4096 8191 10000 65537]]
    (is (thrown-with-msg? IllegalArgumentException #"power of two" (create size)))))

(deftest too-little-space-is-an-error-with-sizes-and-place
  (let [e (is (thrown? NoRoomException (Ends/tooLarge *directory*)))]
    (is (= *directory* (.directory ^NoRoomException e)))
    (is (< (.usable ^NoRoomException e) (.needed ^NoRoomException e)))
    (is (str/includes? (ex-message e) (str (.needed ^NoRoomException e))))
    (is (= [] (names)))))

(deftest what-is-no-pair-file-is-refused-with-a-reason
  (let [file (File. (.toFile *directory*) "garbage")
        refused (fn [f]
                  (with-open [raf (RandomAccessFile. file "rw")] (f raf))
                  (try (.close (PairFile/attach (.toPath file))) nil
                       (catch java.io.IOException e (.getMessage e))))
        at (fn [offset bytes] (fn [^RandomAccessFile raf] (.seek raf offset) (.write raf (byte-array bytes))))]
    (is (re-find #"no pair file: it has 3 bytes" (refused (at 0 [1 2 3]))))
    (is (re-find #"wrong magic" (refused (at 100000 [0]))))
    (with-open [pair (create)]
      (let [whole (Files/readAllBytes (path (.handOn pair)))]
        (is (nil? (refused (at 0 whole))))
        (is (re-find #"byte order" (refused (at 12 [1 2 3 4]))))
        (refused (at 0 whole))
        (is (re-find #"not finished" (refused (at 8 [0 0 0 0]))))
        (is (re-find #"layout version 99" (refused (at 8 [99 0 0 0]))))
        (refused (at 0 whole))
        (is (re-find #"rings of 8193 bytes" (refused (at 16 [1 32 0 0]))))
        (refused (at 0 whole))
        (is (re-find #"not whole" (refused (fn [^RandomAccessFile raf] (.setLength raf 100000)))))))
    (.delete file)
    (is (thrown? java.nio.file.NoSuchFileException (PairFile/attach (.toPath file))))))

(def ^:private in-another-jvm
  '(let [path   (fn [s] (java.nio.file.Path/of s (make-array String 0)))
         [hand-on] *command-line-args*
         pair   (parallel.transport.PairFile/attach (path hand-on))
         own    (parallel.transport.MessageChannel. pair parallel.transport.Side/CHILD (parallel.transport.SocketBell.)
                                                    1000000
                                                    (parallel.transport.Bytes/owning))
         message (.receive own (parallel.transport.Bytes/owning) (+ (System/nanoTime) 30000000000))]
     (.doing (.status own) "answering")
     (.send own (parallel.transport.Bytes/payload (.bytes message)) Long/MAX_VALUE)
     (.exitNoted (.status own) 7)
     (.sendEnd own)
     (.halt (Runtime/getRuntime) 7)))

(deftest a-file-that-was-forgotten-does-not-keep-its-descriptor
  (let [before (count (descriptors))]
    (dotimes [_ 20]
      (create))
    (is (await-true #(do (System/gc) (<= (count (descriptors)) before))) "the collector closes them")
    (dotimes [_ 20]
      (with-open [pair (create)]
        (is (= [] (names)))
        (is (re-matches #"/proc/\d+/fd/\d+" (.handOn pair)))))))

(deftest another-process-reaches-the-unlinked-file
  (with-open [e (ends 8192)]
    (let [hand-on (.handOn (.pair (.parent e)))
          command [(str (System/getProperty "java.home") "/bin/java") "-cp" (System/getProperty "java.class.path")
                   "clojure.main"
                   "-e" (pr-str in-another-jvm) hand-on]
          form    (File/createTempFile "form" ".clj" (.toFile *directory*))]
      (spit form (pr-str in-another-jvm))
      (let [process (.start (.inheritIO (ProcessBuilder. ^java.util.List (-> command (subvec 0 4)
                                                                             (conj (str form) hand-on)))))]
        (try
          (send! (.parent e) 5 500)
          (is (.waitFor process hang-s TimeUnit/SECONDS))
          (is (= 7 (.exitValue process)))
          (is (= -1 (.wrongAt (.receive (.parent e) (Bytes/owning) 0) 5)))
          (is (.isEnded (.parent e)))
          (is (= ["answering" (OptionalInt/of 7) 1 500]
                 (let [s (.status (.parent e))] [(.doing s) (.exitNoted s) (.messagesSent s) (.bytesSent s)])))
          (finally
            (.destroyForcibly process)
            (.delete form)))))))

;; --- The status page

(deftest the-status-page-is-read-by-others-while-it-is-written
  (with-open [pair (create)
              look (StatusPage/map (path (.handOn pair)))]
    (let [s (.status pair)]
      (is (= [0 nil nil -1 0 0 0 (OptionalInt/empty)]
             [(.state look) (.doing look) (.lastError look) (.blockedOn look) (.pid look) (.startedAtMs look)
              (.heapBytes look) (.exitNoted look)]))
      (doto s
        (.state 2)
        (.doing "(+ 1 2) \u2026")
        (.lastError "boom")
        (.blockedOn 4)
        (.pid 99)
        (.startedAtMs 123)
        (.heapBytes 456)
        (.exitNoted 137))
      (is (= [2 "(+ 1 2) \u2026" "boom" 4 99 123 456 (OptionalInt/of 137)]
             [(.state look) (.doing look) (.lastError look) (.blockedOn look) (.pid look) (.startedAtMs look)
              (.heapBytes look) (.exitNoted look)]))
      (.doing s nil)
      (.lastError s "")
      (is (= [nil ""] [(.doing look) (.lastError look)])))))

(deftest doing-keeps-at-least-2700-characters-and-whole-ones
  (with-open [pair (create)]
    (let [s (.status pair)]
      (doseq [text ["x" "\u00e9" "\u20ac" (str (char 0xD83D) (char 0xDE00))]]
        (let [long-text (str/join (repeat 9000 text))]
          (.doing s long-text)
          (is (<= 2700 (count (.doing s))))
          (is (str/starts-with? long-text (.doing s))))))))

(deftest a-text-is-never-seen-half-changed
  (with-open [pair (create)
              look (StatusPage/map (path (.handOn pair)))]
    (let [stop   (promise)
          texts  (set (map #(str/join (repeat (* 100 (inc %)) (char (+ 97 %)))) (range 20)))
          writer (in-thread (loop [ts (cycle texts)]
                              (when-not (realized? stop)
                                (.doing (.status pair) (first ts))
                                (recur (rest ts)))))]
      (is (await-true #(.doing look)))
      (is (every? texts (repeatedly 5000 #(.doing look))))
      (deliver stop true)
      (value writer))))

(deftest a-closed-pair-serves-a-copy-of-its-status
  (let [pair (create)
        s    (.status pair)]
    (.doing s "before")
    (.close pair)
    (.close pair)
    (is (= [] (mappings)))
    (is (= "before" (.doing s)))
    (.doing s "after")
    (is (= "after" (.doing s)))))

;; --- Leaks

(deftest a-thousand-channels-leave-nothing
  (.close (ends 8192))
  (let [before (count (descriptors))]
    (dotimes [n 1000]
      (with-open [e (ends 8192)]
        (when (zero? (mod n 50))
          (let [receiver (in-thread (.receive (.child e) (Bytes/owning) (long forever)))]
            (is (await-true #(pos? (Ends/blocked (.child e)))))
            (send! (.parent e) 1 n)
            (value receiver)))))
    (is (= [] (mappings)))
    (is (= [] (names)))
    (is (await-true #(<= (count (descriptors)) (+ 2 before))))))

;; --- The session page

(defn- slots [^SessionPage page]
  (mapv (fn [^SessionPage$Slot s] [(.id s) (.parentId s) (.pid s) (.pidStartMs s) (.startedMs s) (.host s) (.name s)
                                   (.pairHandOn s)])
        (.slots page)))

(deftest the-session-page-lists-the-workers-of-all-processes
  (with-open [page  (SessionPage/create *directory* 42 1000 1)
              other (SessionPage/attach (path (.handOn page)))]
    (is (= [] (names)))
    (is (= [42 1000] [(.rootPid other) (.rootStartMs other)]))
    (is (= [] (slots page)))
    (let [a (.acquireSlot page 1 0 "worker" 5)
          b (.acquireSlot other 2 1 nil 6)]
      (is (= [[1 0 0 0 5 0 "worker" nil] [2 1 0 0 6 0 nil nil]] (slots page) (slots other)))
      (doto other (.slotPid b 3 77 78) (.slotPair b "/proc/1/fd/2"))
      (is (= [2 1 77 78 6 3 nil "/proc/1/fd/2"] (second (slots page))))
      (.releaseSlot page b)
      (is (= [[1 0 0 0 5 0 "worker" nil]] (slots other)))
      (let [c (.acquireSlot page 3 0 (str/join (repeat 40 "\u20ac")) 7)]
        (is (= b c))
        (is (= (str/join (repeat 21 "\u20ac")) (nth (second (slots other)) 6)) "64 bytes, whole characters"))
      (.releaseSlot page a))))

(deftest ids-begin-where-the-page-says
  (with-open [page  (SessionPage/create *directory* 42 1000 2000001)
              other (SessionPage/attach (path (.handOn page)))]
    (is (= [2000001 2000002 2000003] [(.nextId page) (.nextId other) (.nextId page)])))
  (is (thrown? IllegalArgumentException (SessionPage/create *directory* 42 1000 0))))

(deftest a-session-has-1024-slots
  (with-open [page (SessionPage/create *directory* 42 1000 1)]
    (is (= (range 1024) (map #(.acquireSlot page % 0 "w" 0) (range 1024))))
    (is (= -1 (.acquireSlot page 5000 0 "w" 0)))
    (.releaseSlot page 512)
    (is (= 512 (.acquireSlot page 5000 0 "w" 0)))))

(deftest ids-and-slots-are-given-out-once-to-many
  (with-open [page  (SessionPage/create *directory* 42 1000 1)
              other (SessionPage/attach (path (.handOn page)))]
    (let [give    (fn [^SessionPage p]
                    (in-thread (vec (repeatedly 200 #(let [id (.nextId p)] [id (.acquireSlot p id 0 (str id) id)])))))
          watcher (in-thread (dotimes [_ 50]
                               (doseq [[id _ _ _ started _ name] (slots other)]
                                 (is (= [(str id) id] [name started])))))
          given   (mapcat value (mapv give [page other page other]))]
      (value watcher)
      (is (= (range 1 801) (sort (map first given))))
      (is (= (range 800) (sort (map second given)))))))

(deftest what-is-no-session-page-is-refused
  (let [file (File. (.toFile *directory*) "garbage")]
    (spit file "nothing")
    (is (thrown-with-msg? java.io.IOException #"no session page" (SessionPage/attach (.toPath file))))
    (with-open [raf (RandomAccessFile. file "rw")] (.setLength raf 2000000))
    (is (thrown-with-msg? java.io.IOException #"wrong magic" (SessionPage/attach (.toPath file))))
    (.delete file)))
