(ns parallel.bench.row
  "A row of the table: a figure beside a reference of the same run, and what it must be.

    {:part \"ping\" :figure \"...\" :of \"bare ring\" :unit \"ns\" :ours 220.0 :reference 140.0 :ratio 1.57
     :spread [1.5 1.7] :goal \"<= 2.0 x\" :held? true}

  :ratio is ours / reference, or, where the goal is to be faster, reference / ours. :spread is of the ratios of single
  turns."
  (:require [clojure.string :as str]))

(defn median [xs]
  (let [sorted (vec (sort xs))
        n (count sorted)]
    (if (odd? n)
      (double (nth sorted (quot n 2)))
      (/ (+ (nth sorted (dec (quot n 2))) (nth sorted (quot n 2))) 2.0))))

(defn- goal-text [[relation limit :as goal]]
  (when goal
    (case relation
      :<=     (format "<= %s x" limit)
      :>=     (format ">= %s x" limit)
      :faster (format ">= %s x faster" limit)
      :below  (format "< %s" limit))))

(defn- held? [[relation limit] ours ratio]
  (case relation
    :<=           (<= ratio limit)
    (:>= :faster) (>= ratio limit)
    :below        (< ours limit)))

(defn row
  "ours and reference are what single turns measured; reference nil: there is none. The goal: [:<= x] or [:>= x] of ours
  / reference, [:faster x] of reference / ours, [:below x] of ours itself, or nil."
  [{:keys [figure of unit ours reference goal]}]
  (let [ratios (when (seq reference)
                 (mapv (if (= :faster (first goal)) #(/ %2 %1) #(/ %1 %2)) ours
                       (take (count ours) (concat reference (repeat (median reference))))))
        ratio  (some-> ratios median)
        of-own (when (and (nil? ratios) (seq ours)) [(apply min ours) (apply max ours)])]
    {:figure    figure
     :of        of
     :unit      unit
     :ours      (median ours)
     :reference (some-> (seq reference) median)
     :ratio     ratio
     :spread    (if ratios [(apply min ratios) (apply max ratios)] of-own)
     :goal      (goal-text goal)
     :held?     (when goal (held? goal (median ours) ratio))}))

(defn missing
  "A row of what could not be measured."
  [figure of why]
  {:figure figure :of of :missing why})

(defn number-text [x]
  (cond
    (nil? x)             ""
    (>= (abs x) 1000)    (format "%,.0f" (double x))
    (>= (abs x) 100)     (format "%.0f" (double x))
    (>= (abs x) 1)       (format "%.2f" (double x))
    :else                (format "%.3g" (double x))))

(def ^:private columns
  [["figure" 46] ["ours" -9] ["unit" 8] ["reference" 21] ["" -9] ["ratio" -8] ["spread" -13] ["goal" 15] ["held" 4]])

(defn- line [cells]
  (str/trimr (str/join " " (map (fn [[_ width] cell] (format (str "%" (- width) "s") cell)) columns cells))))

(defn text
  "A row as a line."
  [{:keys [figure of unit ours reference ratio spread goal held? missing]}]
  (if missing
    (line [figure "" "" (or of "") "" "" "" (str "missing: " missing) ""])
    (line [figure (number-text ours) (or unit "") (or of "") (number-text reference) (number-text ratio)
           (if spread (str/join ".." (map number-text spread)) "") (or goal "")
           (case held? true "yes" false "NO" nil "")])))

(def header (line (map first columns)))

(defn markdown
  "Rows as a table of Markdown."
  [rows]
  (let [line (fn [cells] (str "| " (str/join " | " cells) " |\n"))]
    (str (line ["figure" "ours" "reference" "ratio" "spread" "goal" "held"])
         (line ["---" "---:" "---:" "---:" "---" "---" "---"])
         (str/join (for [{:keys [figure of unit ours reference ratio spread goal held? missing]} rows]
                     (line (if missing
                             [figure "" (or of "") "" "" "" (str "missing: " missing)]
                             [figure (str (number-text ours) " " unit)
                              (if reference (str of ", " (number-text reference)) (or of "")) (number-text ratio)
                              (if (and ratio spread) (str/join " to " (map number-text spread)) "")
                              (or goal "") (case held? true "yes" false "no" nil "")])))))))
