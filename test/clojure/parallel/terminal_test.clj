(ns ^:once ^:jvm parallel.terminal-test
  "What is seen at a real terminal: a prompt of clojure.main in a pseudo-terminal of script's, keys and all."
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.support :refer [await-true clojure-main]])
  (:import [java.io InputStreamReader OutputStreamWriter]
           [java.lang ProcessBuilder]
           [java.util.concurrent TimeUnit]))

(def ^:private rows 7)
(def ^:private columns 70)

(defn- start-terminal
  "{:process :type (fn [text]) :seen (fn [])}: a prompt in a terminal of 7 rows and 70 columns."
  []
  (let [command (str "stty rows " rows " cols " columns "; exec " (str/join " " (map #(str "'" % "'") (clojure-main)))
                     " -r")
        process (.start (.redirectErrorStream (ProcessBuilder. ^java.util.List ["script" "-qefc" command "/dev/null"])
                                              true))
        out     (OutputStreamWriter. (.getOutputStream process))
        seen    (StringBuffer.)
        reader  (future
                  (with-open [in (InputStreamReader. (.getInputStream process) "UTF-8")]
                    (loop []
                      (let [c (.read in)]
                        (when-not (neg? c)
                          (.append seen (char c))
                          (recur))))))]
    {:process process :reader reader :seen #(str seen)
     :type    (fn [^String text] (.write out text) (.flush out))}))

(defn- screen
  "The lines of a terminal after what was printed: carriage returns, and the two sequences that erase, done."
  [text]
  (reduce (fn [lines line]
            (conj lines
                  (reduce (fn [shown part]
                            (let [erased? (str/starts-with? part "\u001b[K")
                                  part    (str/replace part "\u001b[K" "")]
                              (if erased? part (str part (subs shown (min (count shown) (count part)))))))
                          ""
                          (str/split line #"\r"))))
          []
          (str/split text #"\r*\n")))

(deftest a-session-at-a-terminal
  (let [{:keys [^Process process reader seen type]} (start-terminal)
        told? (fn [pattern] (await-true #(re-find pattern (seen))))
        after (fn [text] (subs (seen) (str/last-index-of (seen) text)))]
    (try
      (type "(require '[parallel.api :as parallel] '[parallel.pool :as pool])\n(println (str \"beg\" \"un\"))\n")
      (is (told? #"begun"))
      (type
       "(def ws (mapv (fn [n] (parallel/run {:in :thread :name (str \"w\" n)} '(Thread/sleep 600000))) (range 4)))\n")
      (is (told? #"#'user/ws"))
      (testing "top is as large as the terminal, tells names, and ends with q, without Enter"
        (type "(parallel/top {:interval-ms 200})\n")
        (is (told? #"(?s)4 workers\. q or Enter ends this\..*4 workers\. q or Enter"))
        (type "q(println (str \"after\" \"-q\"))\n")
        (is (told? #"after-q"))
        (let [picture (re-find #"(?s)\u001b\[H(.*?)\u001b\[J" (seen))
              lines   (str/split (str/replace (second picture) #"\r|\u001b\[K" "") #"\n")]
          (is (<= (count lines) (dec rows)))
          (is (< (apply max (map count lines)) columns))
          (is (re-find #"^1 +\d+ w0 +" (second lines)))
          (is (some #(re-find #"\.\.\. and 2 more" %) lines))))
      (testing "Ctrl-C ends it, and not the process; the terminal is as before: lines are read as lines"
        (type "(parallel/top {:interval-ms 200})\n")
        (is (await-true #(= 2 (count (re-seq #"\u001b\[2J" (seen))))))
        (is (await-true #(re-find #"workers\. q or Enter" (after "\u001b[2J"))))
        (type "\u0003(println (str \"after\" \"-C\"))\n")
        (is (told? #"after-C")))
      (type "(parallel/kill ws)\n")
      (testing "a bar leaves nothing behind, and lines of workers stand above it"
        (type (str "(def rs (doall (pool/pmap {:pool (pool/pool {:in :thread} 1) :progress true :chunk 1}"
                   " '(fn [x] (when (zero? (mod x 10)) (println \"at\" x)) (Thread/sleep 60) x)"
                   " (range 30))))\n(println (str \"map-\" \"done\"))\n"))
        (is (told? #"map-done"))
        (let [lines (screen (after "(def rs"))
              bars  (filter #(str/includes? % "[==") lines)]
          (is (= 1 (count bars)) (pr-str lines))
          (is (re-matches #"\[={30}\] 30/30 done, [\d.]+/s, took \d+ s" (first bars)))
          (doseq [n [0 10 20]]
            (is (some #(re-find (re-pattern (str "<parallel#\\d+> at " n "$")) %) lines) (pr-str lines)))))
      (type "(System/exit 0)\n")
      (is (.waitFor process 60 TimeUnit/SECONDS))
      (finally
        (.destroyForcibly process)
        (deref reader 10000 nil)))))
