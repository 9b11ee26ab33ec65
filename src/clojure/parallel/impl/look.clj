(ns ^:no-doc parallel.impl.look
  "What workers do, for people: a table, and a view that moves. All of it is from shared memory and the process table,
  so it is readable when workers hang."
  (:require [clojure.pprint :as pprint]
            [clojure.string :as str]
            [parallel.impl.terminal :as terminal])
  (:import [java.io Reader]
           [java.lang ProcessHandle]
           [java.time Duration Instant]))

(set! *warn-on-reflection* true)

;; ---- numbers as people read them

(defn- scaled
  "1234567 as 1.2M."
  [n]
  (if (nil? n)
    ""
    (loop [n (double n), [unit & more] ["" "k" "M" "G" "T"]]
      (if (and (>= n 1000) more)
        (recur (/ n 1000) more)
        (if (= unit "") (str (Math/round n)) (format "%.1f%s" n unit))))))

(defn- duration [ms]
  (let [s (quot (long ms) 1000)]
    (cond
      (< ms 1000)    (str ms " ms")
      (< s 120)      (str s " s")
      (< s 7200)     (str (quot s 60) " min")
      :else          (str (quot s 3600) " h"))))

(defn- age [^Instant started now]
  (if started (duration (max 0 (.toMillis (Duration/between started now)))) ""))

(defn- one-line [text most]
  (let [text (str/trim (str/replace (str text) #"\s+" " "))]
    (if (> (count text) (long most)) (str (subs text 0 (max 0 (- (long most) 3))) "...") text)))

(defn- flow [{:keys [messages bytes]}]
  (str (scaled messages) " / " (scaled bytes) "B"))

(defn- doing-of
  "What a worker waits for, if it does, and what it evaluates: \"[receive 0, 5 s] (form)\"."
  [{:keys [doing] :as status}]
  (str (str/join (for [{:keys [for on since-ms]} (:waits (meta status))]
                   (str "[" (str/join " " (cons (name for) on)) ", " (duration since-ms) "] ")))
       doing))

;; ---- the table

(defn table
  "The rows of status maps, for clojure.pprint/print-table."
  [statuses now]
  (for [{:keys [id parent pid name state started-at sent received queue heap-bytes exit signal] :as status} statuses]
    (array-map "id"       id
               "parent"   parent
               "pid"      (or pid "")
               "name"     (or name "")
               "state"    (clojure.core/name state)
               "up"       (age started-at now)
               "sent"     (flow sent)
               "received" (flow received)
               "queue"    (flow queue)
               "heap"     (if heap-bytes (str (scaled heap-bytes) "B") "")
               "end"      (str/trim (str exit " " (some-> signal clojure.core/name)))
               "doing"    (one-line (doing-of status) 40))))

(defn print-table [statuses]
  (if (seq statuses)
    (pprint/print-table (table statuses (Instant/now)))
    (println "no workers"))
  (doseq [{:keys [id stale]} statuses :when stale]
    (println (str "Worker " id " runs code that is older than the disk: " (str/join ", " stale)))))

(defn- host-row [{:keys [name state via address pid cores free-cores load jdk rtt-us workers sent received error]
                  :host/keys [id]}]
  (array-map "id"       id
             "name"     name
             "state"    (clojure.core/name state)
             "via"      (clojure.core/name via)
             "address"  (or address "")
             "pid"      (or pid "")
             "free"     (str free-cores " of " (or cores "?"))
             "load"     (if load (format "%.1f" load) "")
             "jdk"      (or jdk "")
             "rtt"      (if rtt-us (str rtt-us " us") "")
             "workers"  workers
             "sent"     (flow sent)
             "received" (flow received)
             "error"    (or error "")))

(defn print-hosts [hosts]
  (if (seq hosts)
    (pprint/print-table (map host-row hosts))
    (println "no hosts")))

(defn print-spares
  "A line on the JVMs that wait to become workers."
  [spares]
  (when (seq spares)
    (println (str (count spares) " spare" (when (next spares) "s") ": "
                  (str/join ", " (for [{:keys [pid state heap-bytes]} spares]
                                   (str "pid " pid " " (clojure.core/name state)
                                        (when heap-bytes (str " " (scaled heap-bytes) "B")))))))))

;; ---- the view

(def ^:private ring-bytes "The default size of a ring: a full bar." 1048576)
(def ^:private bar-width 8)

(defn- bar [bytes]
  (let [full (min bar-width (long (Math/ceil (/ (* (double bar-width) (double bytes)) ring-bytes))))]
    (str (str/join (repeat full "#")) (str/join (repeat (- bar-width full) ".")))))

(defn- in-tree
  "[depth status] of each, those of workers below the worker that started them."
  [statuses]
  (let [ids      (set (map :id statuses))
        children (group-by :parent statuses)]
    (letfn [(below [depth status]
              (cons [depth status] (mapcat #(below (inc depth) %) (sort-by :id (children (:id status))))))]
      (mapcat #(below 0 %) (sort-by :id (remove #(ids (:parent %)) statuses))))))

(defn- rate [now before key what seconds]
  (if (and before (pos? seconds))
    (scaled (max 0.0 (/ (- (get-in now [key what] 0) (get-in before [key what] 0)) (double seconds))))
    ""))

(defn- percent [cpu-ms before-ms seconds]
  (if (and cpu-ms before-ms (pos? seconds))
    (format "%.0f%%" (max 0.0 (/ (- (double cpu-ms) (double before-ms)) (* 10.0 seconds))))
    ""))

(def ^:private all-columns
  [["id" 8 :left] ["pid" 8 :right] ["name" 12 :left] ["state" 10 :left] ["up" 7 :right]
   ["in/s" 7 :right] ["B" 7 :right] ["out/s" 7 :right] ["B" 7 :right]
   ["queue" (+ bar-width 1) :left] ["heap" 7 :right] ["cpu" 5 :right] ["doing" 0 :left]])

(defn- columns-for
  "Names have a column where there are any."
  [statuses]
  (if (some :name statuses) all-columns (filterv #(not= "name" (first %)) all-columns)))

(defn- cell [[_ width side] text]
  (cond
    (zero? width)   text
    (= side :right) (format (str "%" width "s") text)
    :else           (format (str "%-" width "s") text)))

(defn- line [columns texts]
  (str/trimr (str/join " " (map cell columns texts))))

(defn- line-of
  "The line of one worker; was is its status in the last picture, so many seconds ago, or nil."
  [columns depth {:keys [id pid state started-at queue heap-bytes] :as status} was cpu now seconds]
  (line columns
        (concat [(str (str/join (repeat (* 2 depth) " ")) id) (str pid)]
                (when (= columns all-columns) [(one-line (:name status) 12)])
                [(name state) (age started-at now)
                 (rate status was :received :messages seconds) (rate status was :received :bytes seconds)
                 (rate status was :sent :messages seconds) (rate status was :sent :bytes seconds)
                 (bar (:bytes queue 0)) (scaled heap-bytes) cpu (one-line (doing-of status) 200)])))

(defn frame
  "The lines of one picture. A snapshot is {:statuses :cpu-ms {pid ms} :at an Instant}; before is the one of the last
  picture, or nil."
  [before {:keys [statuses cpu-ms at]} width]
  (let [seconds (if before (/ (.toMillis (Duration/between (:at before) at)) 1000.0) 0)
        earlier (into {} (map (juxt :id identity)) (:statuses before))
        columns (columns-for statuses)
        lines   (for [[depth {:keys [id pid] :as status}] (in-tree statuses)
                      :let [cpu (percent (get cpu-ms pid) (get-in before [:cpu-ms pid]) seconds)]]
                  (line-of columns depth status (earlier id) cpu at seconds))]
    (mapv #(subs % 0 (min (count %) (long width))) (cons (line columns (map first columns)) lines))))

(defn- cpu-of [pid]
  (let [^ProcessHandle process (.orElse (ProcessHandle/of pid) nil)
        ^Duration total        (some-> process .info .totalCpuDuration (.orElse nil))]
    (some-> total .toMillis)))

(defn- snapshot [statuses]
  {:statuses statuses
   :cpu-ms   (into {} (for [{:keys [pid]} statuses
                            :when (and pid (not= pid (.pid (ProcessHandle/current))))]
                        [pid (cpu-of pid)]))
   :at       (Instant/now)})

(def ^:private ending-keys
  "q, Enter, Ctrl-C, Ctrl-D, and the end of the input."
  (into #{-1} (map int) [\q \Q \newline \return \u0003 \u0004]))

(defn- pressed
  "The next key, or nil."
  [^Reader in]
  (when (and in (.ready in))
    (.read in)))

(defn- pause
  "Waits; the key, when somebody pressed one meanwhile that ends the view."
  [in ms]
  (let [end (+ (System/nanoTime) (* 1000000 (long ms)))]
    (loop []
      (let [key (pressed in)]
        (cond
          (ending-keys key)                key
          key                              (recur)
          (neg? (- end (System/nanoTime))) nil
          :else (do (Thread/sleep (min 50 (long ms))) (recur)))))))

(defn- skip-line
  "Where keys come by the line, what follows the one that ended the view is no form for the prompt."
  [in key]
  (loop [key key]
    (when (and key (not (#{-1 10} key)))
      (recur (pressed in)))))

(defn- counted-workers [n]
  (str n (if (= n 1) " worker" " workers")))

(defn- fitting
  "As many of the lines as there are rows, one that says how many more there are among them."
  [lines rows]
  (let [most (max 2 (long rows))]
    (if (<= (count lines) most)
      lines
      (conj (subvec lines 0 (dec most)) (str "... and " (- (count lines) (dec most)) " more")))))

(defn- screen
  "A picture that takes the place of the last one, with as many lines and columns as the terminal has."
  [before now]
  (let [[rows columns] (terminal/size)
        lines (conj (fitting (frame before now (dec (long columns))) (- (long rows) 3))
                    ""
                    (str (counted-workers (count (:statuses now))) ". q or Enter ends this."))]
    (str "\u001b[H"
         (str/join "\n" (map #(str (subs % 0 (min (count %) (dec (long columns)))) "\u001b[K") lines))
         "\u001b[J\n")))

(defn- pictures [statuses {:keys [frames interval-ms terminal? in]} by-key?]
  (loop [before nil, n 1]
    (let [now (snapshot (statuses))]
      (if terminal?
        (print (screen before now))
        (println (str/join "\n" (frame before now 120))))
      (flush)
      (when-not (and frames (>= n (long frames)))
        (let [key (pause in interval-ms)]
          (cond
            (nil? key)    (recur now (inc n))
            (not by-key?) (skip-line in key)))))))

(defn view
  "Prints pictures of what statuses, a function, returns: so many, or until q, Enter or Ctrl-C is pressed. On a terminal
  each takes the place of the last."
  [statuses {:keys [terminal?] :as opts}]
  (if terminal?
    (do (print "\u001b[2J")
        (terminal/with-keys #(pictures statuses opts %)))
    (pictures statuses opts false)))
