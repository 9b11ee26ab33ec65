(ns ^:no-doc parallel.impl.progress
  "How far a map is: a bar on a terminal, a line now and then elsewhere, or a function that is given a map."
  (:require [clojure.string :as str]
            [parallel.impl.terminal :as terminal])
  (:import [java.io Writer]
           [parallel.pool Pool]))

(set! *warn-on-reflection* true)

(def ^:private bar-ms 100)
(def ^:private line-ms 5000)
(def ^:private bar-width 30)
(def ^:private local "How this machine is called among hosts." "local")

(defn- duration [ms]
  (let [s (quot (long ms) 1000)]
    (cond (< s 60) (str s " s")
          (< s 3600) (format "%d:%02d min" (quot s 60) (rem s 60))
          :else (format "%d:%02d h" (quot s 3600) (rem (quot s 60) 60)))))

(defn- rate-of [n elapsed-ms]
  (when (pos? (long elapsed-ms))
    (/ (* 1000.0 (long n)) (long elapsed-ms))))

(defn facts
  "What is known: done and failed elements of total (nil: unknown), so many milliseconds after the beginning; where
  hosts have a part in it, the same of each of them."
  [{:keys [done failed total from-journal finished? hosts]} elapsed-ms]
  (let [rate (rate-of (- (long done) (long (or from-journal 0))) elapsed-ms)]
    (cond-> {:done done :failed failed :total total :from-journal (or from-journal 0) :elapsed-ms elapsed-ms :rate rate
             :left-ms (when (and total rate (pos? (double rate)))
                        (Math/round (/ (* 1000.0 (- (long total) (long done))) (double rate))))
             :finished? (boolean finished?)}
      (some key hosts)
      (assoc :hosts (into {} (for [[host its] hosts]
                               [(or host local) (assoc its :rate (rate-of (:done its) elapsed-ms))]))))))

(defn- in-words [rate]
  (when rate
    (format ", %s/s" (if (< (double rate) 10) (format "%.1f" rate) (str (Math/round (double rate)))))))

(defn- line
  "The facts in words, but for those of hosts."
  [{:keys [done failed total from-journal elapsed-ms rate left-ms finished?]}]
  (str done (when total (str "/" total)) " done"
       (when (pos? (long (or from-journal 0))) (str ", " from-journal " of them from the journal"))
       (when (pos? (long failed)) (str ", " failed " failed"))
       (in-words rate)
       (cond finished? (str ", took " (duration elapsed-ms))
             left-ms   (str ", " (duration left-ms) " left"))))

(defn lines
  "The facts in words: a line, and one for each host."
  [{:keys [hosts] :as facts}]
  (str/join "\n" (cons (line facts)
                       (for [[host {:keys [failed] :as its}] (sort-by key hosts)]
                         (str "  " host ": " (:done its) " done" (when (pos? (long failed)) (str ", " failed " failed"))
                              (in-words (:rate its)))))))

(defn bar
  "The facts as a bar, in words where the total is unknown; of each host what it has done."
  [{:keys [done total hosts] :as facts}]
  (str (when (and total (pos? (long total)))
         (let [filled (quot (* (long bar-width) (min (long done) (long total))) (long total))]
           (str "[" (str/join (repeat filled "=")) (str/join (repeat (- (long bar-width) filled) " ")) "] ")))
       (line facts)
       (when hosts
         (str " (" (str/join ", " (for [[host its] (sort-by key hosts)] (str host " " (:done its)))) ")"))))

(defn- printing
  "A function of facts that calls show with their text and whether they are the last, at intervals."
  [make interval-ms show]
  (let [shown (volatile! 0)]
    (fn [{:keys [elapsed-ms finished?] :as facts}]
      (when (or finished? (>= (long elapsed-ms) (+ (long @shown) (long interval-ms))))
        (vreset! shown elapsed-ms)
        (show (make facts) finished?)))))

(defn- write-line [^Writer out text]
  (.write out (str text "\n"))
  (.flush out))

(defn- guarded
  "progress, whose first exception is logged, and no other: it is called often."
  [progress]
  (let [said? (atom false)]
    (fn [facts]
      (try
        (progress facts)
        (catch Throwable e
          (when (compare-and-set! said? false true)
            (Pool/logged #(throw e))))))))

(defn show
  "A function of facts that shows them as progress says: true or a function."
  [progress]
  (cond
    (not (true? progress)) (guarded progress)
    (terminal/terminal?) (let [out *out*] (printing bar bar-ms #(terminal/show-bar out %1 %2)))
    :else (let [out *out*] (printing lines line-ms (fn [text _] (write-line out text))))))

(defn- now-ms ^long []
  (quot (System/nanoTime) 1000000))

(defn more
  "More elements of a map, or of a host, are done."
  [so-far done failed]
  (-> so-far (update :done (fnil + 0) done) (update :failed (fnil + 0) failed)))

(defn reporter
  "{:report (fn [host done failed]) :found (fn [n]) :end (fn [done failed hosts])}: more is done, from any thread, on a
  host or nil, this machine; so many were in the journal; all is done, so many in all, and of each host."
  [progress total]
  (if-not progress
    {:report (fn [_ _ _]) :found (fn [_]) :end (fn [_ _ _])}
    (let [show  (show progress)
          start (now-ms)
          state (atom {:done 0 :failed 0 :total total})
          tell  (fn [change]
                  (locking state
                    (when-not (:finished? @state)
                      (show (facts (swap! state change) (- (now-ms) start))))))]
      {:report (fn [host done failed] (tell #(-> % (more done failed) (update-in [:hosts host] more done failed))))
       :found  (fn [n] (tell #(-> % (update :done + n) (update :from-journal (fnil + 0) n))))
       :end    (fn [done failed hosts]
                 (tell #(assoc % :done done :failed failed :hosts hosts :finished? true)))})))
