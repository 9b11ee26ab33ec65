(ns ^:no-doc parallel.impl.look
  "What workers do, for people: a table, and a view that moves. All of it is from shared memory and the process table, so it is
  readable when workers hang."
  (:require [clojure.pprint :as pprint]
            [clojure.string :as str])
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

;; ---- the table

(defn table
  "The rows of status maps, for clojure.pprint/print-table."
  [statuses now]
  (for [{:keys [id parent pid name state started-at doing sent received queue heap-bytes exit signal]} statuses]
    (array-map "id" id "parent" parent "pid" (or pid "") "name" (or name "") "state" (clojure.core/name state) "up" (age started-at now)
               "sent" (flow sent) "received" (flow received) "queue" (flow queue) "heap" (if heap-bytes (str (scaled heap-bytes) "B") "")
               "end" (str/trim (str exit " " (some-> signal clojure.core/name)))
               "doing" (one-line doing 40))))

(defn print-table [statuses]
  (if (seq statuses)
    (pprint/print-table (table statuses (Instant/now)))
    (println "no workers")))

(defn print-spares
  "A line on the JVMs that wait to become workers."
  [spares]
  (when (seq spares)
    (println (str (count spares) " spare" (when (next spares) "s") ": "
                  (str/join ", " (for [{:keys [pid state heap-bytes]} spares]
                                   (str "pid " pid " " (clojure.core/name state) (when heap-bytes (str " " (scaled heap-bytes) "B")))))))))

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

(def ^:private columns
  [["id" 8 :left] ["pid" 8 :right] ["state" 10 :left] ["up" 7 :right] ["in/s" 7 :right] ["B" 7 :right] ["out/s" 7 :right] ["B" 7 :right]
   ["queue" (+ bar-width 1) :left] ["heap" 7 :right] ["cpu" 5 :right] ["doing" 0 :left]])

(defn- cell [[_ width side] text]
  (cond
    (zero? width)   text
    (= side :right) (format (str "%" width "s") text)
    :else           (format (str "%-" width "s") text)))

(defn- line [texts]
  (str/trimr (str/join " " (map cell columns texts))))

(defn- line-of
  "The line of one worker; was is its status in the last picture, so many seconds ago, or nil."
  [depth {:keys [id pid state started-at doing queue heap-bytes] :as status} was cpu now seconds]
  (line [(str (str/join (repeat (* 2 depth) " ")) id) (str pid) (name state) (age started-at now)
         (rate status was :received :messages seconds) (rate status was :received :bytes seconds)
         (rate status was :sent :messages seconds) (rate status was :sent :bytes seconds)
         (bar (:bytes queue 0)) (scaled heap-bytes) cpu (one-line doing 200)]))

(defn frame
  "The lines of one picture. A snapshot is {:statuses :cpu-ms {pid ms} :at an Instant}; before is the one of the last picture, or nil."
  [before {:keys [statuses cpu-ms at]} width]
  (let [seconds (if before (/ (.toMillis (Duration/between (:at before) at)) 1000.0) 0)
        earlier (into {} (map (juxt :id identity)) (:statuses before))
        lines   (for [[depth {:keys [id pid] :as status}] (in-tree statuses)]
                  (line-of depth status (earlier id) (percent (get cpu-ms pid) (get-in before [:cpu-ms pid]) seconds) at seconds))]
    (mapv #(subs % 0 (min (count %) (long width))) (cons (line (map first columns)) lines))))

(defn- cpu-of [pid]
  (let [^ProcessHandle process (.orElse (ProcessHandle/of pid) nil)
        ^Duration total        (some-> process .info .totalCpuDuration (.orElse nil))]
    (some-> total .toMillis)))

(defn- snapshot [statuses]
  {:statuses statuses
   :cpu-ms   (into {} (for [{:keys [pid]} statuses :when (and pid (not= pid (.pid (ProcessHandle/current))))] [pid (cpu-of pid)]))
   :at       (Instant/now)})

(defn- key-pressed? [^Reader in]
  (and in (.ready in)))

(defn- pause
  "Waits; true when somebody pressed Enter meanwhile."
  [in ms]
  (let [end (+ (System/nanoTime) (* 1000000 (long ms)))]
    (loop []
      (cond
        (key-pressed? in)                  true
        (neg? (- end (System/nanoTime)))   false
        :else (do (Thread/sleep (min 50 (long ms))) (recur))))))

(defn- terminal-width []
  (or (some-> (System/getenv "COLUMNS") parse-long) 120))

(defn view
  "Prints pictures of what statuses, a function, returns: so many, or until Enter. On a terminal each takes the place of the last."
  [statuses {:keys [frames interval-ms terminal? in]}]
  (loop [before nil, n 1]
    (let [now   (snapshot (statuses))
          lines (frame before now (terminal-width))]
      (when terminal?
        (print "\u001b[H\u001b[2J"))
      (println (str/join "\n" lines))
      (when terminal?
        (println (str "\n" (count (:statuses now)) " workers. Enter ends this.")))
      (flush)
      (when-not (or (and frames (>= n (long frames)))
                    (pause in interval-ms))
        (recur now (inc n)))))
  (while (and (key-pressed? in) (not= 10 (.read ^Reader in)))))
