(ns parallel.cluster.faults.history
  "What a process has sent and received, in a file of its own: a line at once for each, so that a kill loses none.

    b nanos n length crc   it begins to send message n
    s nanos n              send has returned
    r nanos n length crc   message n was received
    e nanos text           a call has thrown: EDN

  Nanoseconds are the machine's, the same for all of its processes."
  (:require [clojure.edn :as edn]
            [clojure.java.io :as io]
            [clojure.string :as str])
  (:import [java.io File FileOutputStream]
           [java.nio ByteBuffer]
           [java.nio.charset StandardCharsets]
           [java.util Random]
           [java.util.zip CRC32C]))

;; ---- messages

(def ^:private head-bytes 8)
(def ^:private noise-bytes (bit-shift-left 1 20))

(defn noise
  "Bytes that messages are made of."
  ^bytes [seed]
  (let [bytes (byte-array noise-bytes)]
    (.nextBytes (Random. (long seed)) bytes)
    bytes))

(defn crc
  "Of a message, without the place where it is written."
  [^bytes message]
  (let [sum (CRC32C.)]
    (.update sum message 0 4)
    (.update sum message (int head-bytes) (int (- (alength message) head-bytes)))
    (unchecked-int (.getValue sum))))

(defn message
  "Message n, of that many bytes, 8 or more: its number, its checksum, and noise from an offset."
  ^bytes [^bytes noise n length offset]
  (let [bytes (byte-array length)]
    (loop [at head-bytes, from (long offset)]
      (when (< at (long length))
        (let [count (min (- (long length) at) (- noise-bytes from))]
          (System/arraycopy noise from bytes at count)
          (recur (+ at count) 0))))
    (doto (ByteBuffer/wrap bytes)
      (.putInt 0 (int n))
      (.putInt 4 (int (crc bytes))))
    bytes))

(defn number [^bytes message] (.getInt (ByteBuffer/wrap message) 0))

(defn sound?
  "Is its checksum that of its bytes?"
  [^bytes message]
  (= (.getInt (ByteBuffer/wrap message) 4) (crc message)))

(defn small-length
  "8 B to 1 MB, each power of two as likely as the next."
  [^Random random]
  (long (* 8 (Math/pow 2.0 (* 17 (.nextDouble random))))))

(def largest-small (* 8 (bit-shift-left 1 17)))

(defn large-length
  "20 to 24 MB."
  [^Random random]
  (+ 20000000 (.nextInt random 4000000)))

;; ---- writing

(defn writer
  "A function that writes a line of a kind; to be called from any thread."
  [file]
  (let [out (FileOutputStream. (io/file file) true)]
    (fn [kind & words]
      (.write out (.getBytes (str kind " " (System/nanoTime) " " (str/join " " words) "\n") StandardCharsets/UTF_8)))))

;; ---- reading

(defn- entry [line]
  (let [[kind nanos & words] (str/split line #" " (if (str/starts-with? line "e") 3 -1))]
    (merge {:kind kind :at (parse-long nanos)}
           (if (= "e" kind)
             {:error (edn/read-string (first words))}
             (zipmap [:n :length :crc] (map parse-long words))))))

(defn entries
  "Those of a file, in order; a line that was not finished is none."
  [^File file]
  (if (.exists file)
    (let [text (slurp file)
          end  (str/last-index-of text "\n")]
      (if end
        (mapv entry (str/split-lines (subs text 0 end)))
        []))
    []))
