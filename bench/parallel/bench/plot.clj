(ns parallel.bench.plot
  "Line charts as SVG, both axes logarithmic: text, so that a new run shows as a diff. The usual libraries draw with
  AWT, whose fonts a machine without a screen often lacks.

    (svg {:title \"...\" :caption \"...\" :x \"bytes\" :y \"GB/s\" :series [[\"ours\" [[8 0.1] [64 0.7]]] ...]})"
  (:require [clojure.string :as str]))

(def ^:private width 860)
(def ^:private height 480)
(def ^:private margin {:left 70 :right 190 :top 46 :bottom 74})

(def ^:private colours
  "Of Okabe and Ito, told apart by colour-blind readers too."
  ["#0072B2" "#D55E00" "#009E73" "#CC79A7" "#E69F00" "#56B4E9" "#7F7F7F" "#000000" "#8B5A2B"])

(defn- escaped [s]
  (str/escape (str s) {\& "&amp;" \< "&lt;" \> "&gt;"}))

(defn- element [tag attributes & content]
  (str "<" tag
       (str/join (map (fn [[k v]] (format " %s=\"%s\"" (name k) (if (float? v) (format "%.1f" v) v))) attributes))
       (if (seq content) (str ">" (str/join content) "</" tag ">\n") "/>\n")))

(defn- text [x y anchor size s]
  (element "text" [[:x (double x)] [:y (double y)] [:text-anchor anchor] [:font-size size]] (escaped s)))

(defn- decades
  "Powers of ten around the values: [lowest highest]."
  [values]
  (let [low (long (Math/floor (Math/log10 (apply min values))))]
    [low (max (inc low) (long (Math/ceil (Math/log10 (apply max values)))))]))

(defn- scale
  "A function from a value to a coordinate."
  [[low high] from to]
  (fn [v] (+ from (* (- to from) (/ (- (Math/log10 v) low) (- high low))))))

(defn- power-text [exponent]
  (let [v (Math/pow 10 exponent)]
    (cond
      (>= exponent 9) (format "%.0fG" (/ v 1e9))
      (>= exponent 6) (format "%.0fM" (/ v 1e6))
      (>= exponent 3) (format "%.0fk" (/ v 1e3))
      (>= exponent 0) (format "%.0f" v)
      :else           (str (bigdec v)))))

(defn- axes [{:keys [x y x-ticks]} [x0 x1] y-decades to-x to-y]
  (let [{:keys [left right top bottom]} margin
        line (fn [a b c d]
               (element "line"
                        [[:x1 (double a)] [:y1 (double b)] [:x2 (double c)] [:y2 (double d)] [:stroke "#dddddd"]]))]
    (str (str/join (for [e (range (first y-decades) (inc (second y-decades))), :let [at (to-y (Math/pow 10 e))]]
                     (str (line left at (- width right) at) (text (- left 6) (+ at 4) "end" 12 (power-text e)))))
         (str/join (for [[v label] (or x-ticks (map (juxt #(Math/pow 10 %) power-text) (range x0 (inc x1)))),
                         :let [at (to-x v)]]
                     (str (line at top at (- height bottom)) (text at (+ (- height bottom) 18) "middle" 12 label))))
         (text (/ (+ left (- width right)) 2) (- height 36) "middle" 13 x)
         (text left (- top 8) "start" 13 y))))

(defn- curve [to-x to-y ours? colour points]
  (str (element "polyline" [[:fill "none"] [:stroke colour] [:stroke-width (if ours? 4 2)]
                            [:points (str/join " " (map (fn [[x y]] (format "%.1f,%.1f" (to-x x) (to-y y))) points))]])
       (when (<= (count points) 12)
         (str/join (map (fn [[x y]] (element "circle" [[:cx (to-x x)] [:cy (to-y y)] [:r 3] [:fill colour]]))
                        points)))))

(defn- legend
  "Names at the right, in the order in which the curves end there."
  [series to-y]
  (let [at (- width (:right margin) -14)]
    (loop [[[name points colour] & more] (sort-by (fn [[_ points]] (to-y (second (last points)))) series),
           least (:top margin), out ""]
      (if (nil? name)
        out
        (let [y (max least (to-y (second (last points))))]
          (recur more (+ y 16)
                 (str out (element "circle" [[:cx (double (- at 6))] [:cy (double (- y 4))] [:r 4] [:fill colour]])
                      (text (+ at 3) y "start" 12 name))))))))

(defn svg
  "The chart as text. x-ticks: [[value label] ...] instead of powers of ten; ours: the name of the series that is drawn
  thicker."
  [{:keys [title caption series x-ticks ours] :as chart}]
  (let [{:keys [left right top bottom]} margin
        series (map (fn [[name points] colour] [name points colour]) series (cycle colours))
        points (mapcat second series)
        xs     (if x-ticks
                 [(Math/log10 (ffirst x-ticks)) (Math/log10 (first (last x-ticks)))]
                 (decades (map first points)))
        ys     (decades (map second points))
        to-x   (scale xs left (- width right))
        to-y   (scale ys (- height bottom) top)]
    (element "svg" [[:xmlns "http://www.w3.org/2000/svg"] [:viewBox (str "0 0 " width " " height)] [:width width]
                    [:height height]
                    [:font-family "sans-serif"]]
             "\n"
             (element "rect" [[:width width] [:height height] [:fill "white"]])
             (text left 20 "start" 16 title)
             (axes chart xs ys to-x to-y)
             (str/join (map (fn [[name points colour]] (curve to-x to-y (= name ours) colour points)) series))
             (legend series to-y)
             (text left (- height 12) "start" 11 caption))))
