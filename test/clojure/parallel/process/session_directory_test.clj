(ns ^:jvm parallel.process.session-directory-test
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is testing use-fixtures]]
            [parallel.process.support :as support :refer [*directory* hang-ms probe with-process within-deadline]])
  (:import (java.io IOException)
           (java.net StandardProtocolFamily UnixDomainSocketAddress)
           (java.nio.channels ServerSocketChannel)
           (java.nio.file Files LinkOption Path)
           (java.nio.file.attribute FileAttribute PosixFilePermissions)
           (java.util.function Consumer)
           (parallel.process SessionDirectory)))

(use-fixtures :each support/nothing-left)

(defn- create
  "A session directory over the bases, and the atom of its warnings."
  [memory sockets]
  (let [warnings (atom [])]
    [(SessionDirectory/create memory sockets (reify Consumer (accept [_ line] (swap! warnings conj line)))) warnings]))

(defn- exists? [^Path path]
  (Files/exists path (into-array [LinkOption/NOFOLLOW_LINKS])))

(defn- directory [^Path path]
  (Files/createDirectories path (make-array FileAttribute 0)))

(defn- in [name]
  (.resolve ^Path *directory* ^String name))

(deftest only-this-user-enters-and-nothing-is-left
  (let [[session warnings] (create [*directory*] [*directory*])
        memory (.memory ^SessionDirectory session)]
    (is (= [] @warnings))
    (is (= "rwx------"
           (PosixFilePermissions/toString (Files/getPosixFilePermissions memory (make-array LinkOption 0)))))
    (is (= memory (.sockets ^SessionDirectory session)) "one directory does for both")
    (is (re-matches #"parallel-\d+-\d+-\d+-\d+-\d+" (str (.getFileName memory))))
    (directory (.resolve memory "a/b"))
    (spit (str memory "/a/b/file") "x")
    (directory (in "outside"))
    (spit (str (in "outside") "/kept") "x")
    (Files/createSymbolicLink (.resolve memory "link") (in "outside") (make-array FileAttribute 0))
    (.close ^SessionDirectory session)
    (.close ^SessionDirectory session)
    (is (not (exists? memory)))
    (is (exists? (.resolve (in "outside") "kept")) "a link is not followed")
    (is (thrown? IOException (.fallbackMemory ^SessionDirectory session 1)))))

(deftest the-usual-places-work-as-they-are
  (let [session (SessionDirectory/create (reify Consumer (accept [_ _])))]
    (try
      (is (Files/isWritable (.memory session)))
      (is (> 100 (count (str (.resolve (.sockets session) "123456.s")))))
      (with-open [server (ServerSocketChannel/open StandardProtocolFamily/UNIX)]
        (.bind server (UnixDomainSocketAddress/of (.resolve (.sockets session) "123456.s"))))
      (finally
        (.close session)))
    (is (not (exists? (.memory session))))
    (is (not (exists? (.sockets session))))))

(deftest sessions-of-one-process-have-directories-of-their-own
  (let [sessions (within-deadline
                   (mapv deref (mapv (fn [_] (future (first (create [*directory*] [*directory*])))) (range 8))))]
    (is (= 8 (count (set (map #(.memory ^SessionDirectory %) sessions)))))
    (run! #(.close ^SessionDirectory %) sessions)
    (is (= [] (support/files-in *directory*)))))

(deftest what-a-killed-session-left-is-removed-by-the-next
  (let [left (with-process [process (probe ["session" (str *directory*)])]
               (let [left (Path/of (support/first-line (.stdout process)) (make-array String 0))]
                 (SessionDirectory/sweep *directory*)
                 (is (exists? (.resolve left "left")) "a living session's is not touched")
                 (SessionDirectory/removeIfOwnerGone left left)
                 (is (exists? (.resolve left "left")))
                 (.kill process)
                 (is (.awaitExit process hang-ms))
                 left))]
    (is (exists? (.resolve left "left")))
    (.close ^SessionDirectory (first (create [*directory*] [*directory*])))
    (is (not (exists? left)))
    (is (= [] (support/files-in *directory*)))))

(deftest an-orphan-removes-the-directory-of-its-dead-root
  (let [left (with-process [process (probe ["session" (str *directory*)])]
               (Path/of (support/first-line (.stdout process)) (make-array String 0)))]
    (SessionDirectory/removeIfOwnerGone left left)
    (is (not (exists? left)))
    (SessionDirectory/removeIfOwnerGone left left)))

(defn- name-parts
  "The numbers in the name of a session of this process: uid, pid, start, namespace, count."
  []
  (let [[session _] (create [*directory*] [*directory*])]
    (.close ^SessionDirectory session)
    (mapv parse-long (re-seq #"\d+" (str (.getFileName (.memory ^SessionDirectory session)))))))

(deftest only-what-is-certainly-ours-and-dead-is-swept
  (let [[uid pid start namespace] (name-parts)
        made      (fn [& parts] (directory (in (str "parallel-" (str/join "-" parts)))))
        foreign   (made (inc uid) 999999999 start namespace 1)
        container (made uid 999999999 start (inc namespace) 1)
        alive     (made uid pid start namespace 77)
        reused    (made uid pid (inc start) namespace 1)
        gone      (made uid 999999999 start namespace 1)
        strange   (made "of-somebody")
        absurd    (made uid "99999999999999999999999" start namespace 1)
        outside   (directory (in "outside"))
        link      (Files/createSymbolicLink (in (str/join "-" ["parallel" uid 999999998 start namespace 1]))
                                            outside (make-array FileAttribute 0))]
    (spit (str outside "/kept") "x")
    (SessionDirectory/sweep *directory*)
    (testing "another user's, another container's, a living one's, and what has no name of ours stays"
      (is (every? exists? [foreign container alive strange absurd link (.resolve ^Path outside "kept")])))
    (testing "a pid that was used again is another process"
      (is (not (exists? reused)))
      (is (not (exists? gone))))))

(deftest many-may-sweep-at-once
  (let [[uid _ start namespace] (name-parts)]
    (dotimes [i 200]
      (spit (str (directory (in (str/join "-" ["parallel" uid (+ 900000000 i) start namespace 1]))) "/file") "x"))
    (within-deadline (run! deref (mapv (fn [_] (future (SessionDirectory/sweep *directory*))) (range 4))))
    (is (= [] (support/files-in *directory*)))))

(deftest a-place-that-cannot-be-used-is-told-in-one-line
  (let [[session warnings] (create [(in "no-such") *directory*] [*directory*])]
    (is (= 1 (count @warnings)))
    (is (re-find #"no-such does not exist: files of this session are made in .*\(\d+ of \d+ MiB free\).*--shm-size"
                 (str (first @warnings))))
    (is (not (str/includes? (str (first @warnings)) "\n")))
    (.close ^SessionDirectory session)))

(deftest memory-that-is-full-has-a-second-place
  (let [[session warnings] (create [(directory (in "small")) (directory (in "large"))] [(in "small")])
        fallback (.fallbackMemory ^SessionDirectory session 3000000)]
    (is (= (in "large") (.getParent fallback)))
    (is (= fallback (.fallbackMemory ^SessionDirectory session 3000000)))
    (is (= 1 (count @warnings)))
    (is (re-find #"small has no room for 3 MiB \(\d+ of \d+ MiB free\)" (first @warnings)))
    (testing "a worker of the session has a fallback of its own and leaves the root's directories alone"
      (let [joined (SessionDirectory/join (.memory ^SessionDirectory session) (.sockets ^SessionDirectory session)
                                          (reify Consumer (accept [_ _])))]
        (.close joined)
        (is (exists? (.memory ^SessionDirectory session)))))
    (.close ^SessionDirectory session)
    (is (= [] (support/files-in (in "large"))))
    (is (= [] (support/files-in (in "small"))))))

(deftest sockets-lie-where-their-path-is-short-enough
  (let [deep (directory (in (apply str (repeat 60 "d"))))
        [session _] (create [deep] [deep *directory*])]
    (is (= deep (.getParent (.memory ^SessionDirectory session))))
    (is (= *directory* (.getParent (.sockets ^SessionDirectory session))))
    (.close ^SessionDirectory session)
    (is (= [] (support/files-in deep)))
    (let [e (is (thrown? IOException (create [*directory*] [deep (in "none")])))]
      (is (re-find #"too long for a socket \(\d+ bytes, at most 99\), .*none does not exist.*XDG_RUNTIME_DIR"
                   (ex-message e))))
    (is (= [(str (.getFileName ^Path deep))] (support/files-in *directory*))
        "nothing is left of a session that failed")))

(deftest no-place-at-all-is-an-error-that-lists-what-was-tried
  (spit (str (in "file")) "x")
  (let [e (is (thrown? IOException (create [(in "none") (in "file")] [*directory*])))]
    (is (re-find #"none does not exist, .*file is not a directory.*java\.io\.tmpdir" (ex-message e)))))
