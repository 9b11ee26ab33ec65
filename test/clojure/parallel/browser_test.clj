(ns ^:once parallel.browser-test
  "The dashboard in a real browser, which bin/lib/chromium.bash installs; parallel.browser drives it."
  (:require [clojure.edn :as edn]
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
                  of-entry paused live-again narrow hundred drawing-ms action complaints]}
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
