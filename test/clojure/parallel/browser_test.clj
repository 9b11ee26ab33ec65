(ns ^:once parallel.browser-test
  "The dashboard in a real browser, which bin/lib/chromium.bash installs; parallel.browser drives it."
  (:require [clojure.edn :as edn]
            [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.support :refer [within]])
  (:import [java.lang ProcessBuilder$Redirect]))

(defn- said
  "What a command prints; nil where it fails."
  [& command]
  (let [process (-> (ProcessBuilder. ^java.util.List command) (.redirectError ProcessBuilder$Redirect/INHERIT) .start)
        text    (slurp (.getInputStream process))]
    (when (zero? (.waitFor process))
      (str/trim text))))

(def ^:private installed?
  (delay
    (or (some? (said "bin/lib/chromium.bash" "install"))
        (when (= "true" (System/getenv "CI"))
          (throw (IllegalStateException. "under CI a browser has to be had: see above")))
        (println "*** The tests in a browser are LEFT OUT: there is none. Install chromium and chromium-driver."))))

(defn- seen
  "What the program says at last."
  [text]
  (some-> text str/split-lines peek edn/read-string))

(deftest ^:slow a-browser-shows-what-status-says
  (when @installed?
    (let [{:keys [as-status? found? address shown expected health killed cycle-edges markup errors ids by-key of-wait
                  of-entry paused live-again panes narrow hundred drawing-ms action complaints]}
          (seen (within 240000 #(said "bin/clojure" "-M:test:browser" "check")))]
      (is as-status?)
      (is (= expected (select-keys shown (keys expected))))
      (is (= ["dead 137 KILL" "killed"] (take 2 killed)))
      (is (= "http://127.0.0.1/" address) "without the token")
      (testing "what is wrong, who waits, and last words"
        (is found?)
        (is (= (first health) (second health)))
        (is (= 2 cycle-edges))
        (is (str/includes? of-wait "SyncCells"))
        (is (some #(str/includes? of-wait (str "worker " %)) ids))
        (is (re-find #"killed by SIGKILL" errors)))
      (testing "names are text"
        (is (zero? markup))
        (is (contains? (set (map second (vals shown))) "<b onclick=x()>idle</b>")))
      (testing "by keyboard"
        (is (str/includes? by-key "<b onclick=x()>idle</b>"))
        (is (re-find #"kind" of-entry))
        (is (= ["paused" "Go on"] paused))
        (is live-again))
      (let [{:keys [printed dragged ranges unmarked range-by-key cells holders profiled flame]} panes]
        (testing "the last lines of the chosen worker"
          (is (= (for [i (range 20 40)] (str "counts " i)) printed)))
        (testing "locks, with who holds and who waits"
          (is (= (set (map (fn [[a b]] ["lock" "the root" (str "held by worker " a) (str b)])
                           [holders (reverse holders)]))
                 (set (map (fn [[what _ maker state waits]] [what maker state waits]) cells)))))
        (testing "numbers of a marked time"
          (is (re-matches #".*\d to .*\d, \d+(\.\d+)? s" dragged))
          (is (seq ranges))
          (is (every? #(re-matches #"\d+\.\d%" (second %)) (filter #(= 6 (count %)) ranges)))
          (is (= "" unmarked))
          (is (pos? range-by-key)))
        (testing "a profile, and its graph in a tab of its own"
          (is (= [true (str "Profile of worker " (first holders) ", 300.0 ms, in samples of 10 ms. A click opens it.")]
                 profiled))
          (let [[frames pointer said] flame]
            (is (< 1 frames))
            (is (= "pointer" pointer) "by the style that is served beside it")
            (is (re-find #"\(\d+ samples" said) "by the script"))))
      (testing "as narrow as a phone nothing but tables is wider than the window"
        (is (= [360 []] narrow)))
      (testing "a hundred workers are drawn before the next sample is there"
        (is hundred)
        (is (> 125 drawing-ms) "milliseconds"))
      (testing "an action is asked about first"
        (is (= ["Stacks" "Interrupt" "Stop" "Kill"] (:buttons action)))
        (is (re-matches #"Kill worker \d+\?" (:question action)))
        (is (:lives action))
        (is (:ended action)))
      (is (= [] complaints) "of the console"))))

(deftest pictures-of-the-guide-are-small
  (doseq [file ["dashboard.png" "dashboard-panes.png"]]
    (is (< 10000 (.length (io/file "doc/figures" file)) 200000) file)))
