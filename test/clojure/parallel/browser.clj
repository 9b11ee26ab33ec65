(ns parallel.browser
  "A program that opens a dashboard in a real browser, without a window, which bin/lib/chromium.bash installs. Its JVM
  has Selenium on its class path, the tests' have not:

    bin/clojure -M:test:browser check             says what it has seen, as EDN
    bin/clojure -M:test:browser picture FILE.png  takes a picture of it; a further word:
                                                           dark or narrow, as it is then, or panes, of what is below"
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [parallel.api :as parallel]
            [parallel.look :as look]
            [parallel.pool :as pool]
            [parallel.shared :as shared]
            [parallel.support :refer [await-true error quick-jvm]])
  (:import [java.io Closeable File]
           [java.lang AutoCloseable ProcessBuilder]
           [java.util.logging Level]
           [org.openqa.selenium Alert By Dimension NoAlertPresentException OutputType WebDriver]
           [org.openqa.selenium.chrome ChromeDriver ChromeDriverService ChromeDriverService$Builder ChromeOptions]
           [org.openqa.selenium.interactions Actions]
           [org.openqa.selenium.logging LogEntry LoggingPreferences]
           [parallel Worker]))

;; ---- the browser

(defn- command ^File [command-name]
  (first (for [directory (str/split (System/getenv "PATH") #":")
               :let [file (io/file directory command-name)], :when (.canExecute file)]
           file)))

(defn- started ^ChromeDriver []
  (let [logs    (doto (LoggingPreferences.) (.enable "browser" Level/ALL))
        options (doto (ChromeOptions.)
                  (.setBinary (command "chromium"))
                  (.addArguments ^java.util.List ["--headless=new" "--no-sandbox" "--disable-gpu"
                                                  "--disable-dev-shm-usage" "--hide-scrollbars"])
                  (.setCapability "goog:loggingPrefs" logs))
        ^ChromeDriverService service (.build ^ChromeDriverService$Builder
                                             (.usingDriverExecutable (ChromeDriverService$Builder.)
                                                                     (command "chromedriver")))]
    (ChromeDriver. service options)))

(defn- js [^ChromeDriver browser script & args]
  (.executeScript browser script (object-array args)))

(defn- size! [^WebDriver browser width height]
  (.setSize (.window (.manage browser)) (Dimension. width height)))

(defn- complaints
  "What the console of the page says that is an error or a warning."
  [^WebDriver browser]
  (vec (for [^LogEntry entry (.getAll (.get (.logs (.manage browser)) "browser"))
             :when (<= (.intValue Level/WARNING) (.intValue (.getLevel entry)))]
         (.getMessage entry))))

;; ---- a session that has something of everything

(defn work [x]
  (Thread/sleep (+ 20 (rand-int 200)))
  (if (zero? (mod x 37)) (throw (ex-info "of 37" {})) (* x x)))

(defn other-work [x]
  (Thread/sleep (+ 50 (rand-int 400)))
  (inc x))

(def ^:private locks-both
  '(fn [^java.util.concurrent.locks.Lock x ^java.util.concurrent.locks.Lock y]
     (.lock x)
     (parallel/receive (parallel/parent))
     (.lock y)))

(defn- signal [^Worker w name]
  (.waitFor (.start (ProcessBuilder. ^java.util.List ["kill" (str "-" name) (str (.pid w))]))))

(defn- with-session
  "Calls f with a map of workers: an idle one, one that evaluates, one that a signal has stopped, one that was killed,
  and two that wait for each other."
  [f]
  (look/watch! {:on-deadlock :off})
  (let [idle    (parallel/fork {:name "<b onclick=x()>idle</b>" :jvm-opts quick-jvm})
        busy    (parallel/run {:name "counts" :jvm-opts quick-jvm}
                              '(do (dotimes [_ 300] (parallel/send (parallel/parent) (byte-array 2000)))
                                   (println "<i>printed</i>")
                                   (dotimes [i 40]
                                     (println "counts" i))
                                   (Thread/sleep 600000)))
        stopped (parallel/fork {:name "stopped" :jvm-opts quick-jvm})
        killed  (parallel/fork {:name "killed" :jvm-opts quick-jvm})
        [a b]   [(shared/lock) (shared/lock)]
        locked  (mapv (fn [[x y]] (parallel/run {:name "locks" :jvm-opts quick-jvm} locks-both x y)) [[a b] [b a]])]
    (try
      @(parallel/exec idle '(+ 1 2))
      @(parallel/exec stopped '(* 6 7))
      (parallel/exec killed '(Thread/sleep 600000))
      (await-true #(every? (fn [w] (= :receiving (:state (parallel/status w)))) locked))
      (parallel/send locked :go)
      (await-true #(= :running (:state (parallel/status killed))))
      (signal killed "KILL")
      (error #(parallel/join killed))
      (signal stopped "STOP")
      (f {:idle idle :busy busy :stopped stopped :killed killed :locked locked})
      (finally
        (signal stopped "KILL")
        (run! parallel/kill (parallel/children))
        ;; held until now: what nobody here holds is not mapped here any more, and the page has it not
        (run! #(.close ^AutoCloseable %) [a b])))))

;; ---- what is seen

(def ^:private rows
  "return [...document.querySelectorAll('#tree tbody tr')].map(r => [...r.cells].map(c => c.textContent))")

(def ^:private too-wide
  "What is wider than the window, apart from what scrolls within its own place."
  "const wide = [];
   for (const e of document.body.querySelectorAll('*')) {
     if (e.closest('.scroll') && !e.classList.contains('scroll')) continue;
     if (e.getBoundingClientRect().right > window.innerWidth + 1) wide.push(e.tagName + '#' + e.id);
   }
   const root = document.documentElement;
   if (root.scrollWidth > root.clientWidth) wide.push('the page: ' + root.scrollWidth + ' of ' + root.clientWidth);
   return wide")

(defn- shown
  "{id [state name doing]} of the rows of the page."
  [browser]
  (into {} (for [row (js browser rows)]
             [(parse-long (nth row 0)) [(nth row 1) (nth row 2) (nth row 11)]])))

(defn- expected
  "The same, as status has it."
  [{:keys [stopped]}]
  (into {} (for [{:keys [id name state doing]} (parallel/status)]
             [id [(if (= id (.id ^Worker stopped)) "stopped" (clojure.core/name state)) (str name) (str doing)]])))

(defn- press [browser target key]
  (js browser "const e = arguments[0] ? document.querySelector(arguments[0]) : document;
               e.dispatchEvent(new KeyboardEvent('keydown', {key: arguments[1], bubbles: true}))" target key))

(defn- text [browser selector]
  (js browser "return document.querySelector(arguments[0]).textContent" selector))

(defn- drag
  "Marks a range of the stream with the mouse, between those parts of its width."
  [^ChromeDriver browser from to]
  (let [canvas (.findElement browser (By/cssSelector "#stream"))
        width  (.getWidth (.getSize canvas))
        at     #(int (* width (- % 0.5)))]      ; from the middle, as the driver counts
    (-> (Actions. browser)
        (.moveToElement canvas (at from) 0)
        (.clickAndHold)
        (.moveToElement canvas (at (/ (+ from to) 2)) 0)
        (.moveToElement canvas (at to) 0)
        (.release)
        (.perform))))

(defn- in-flame
  "What the flame graph shows in a tab of its own: [how many frames, the cursor over one, what is said of one that the
  mouse is over]."
  [^ChromeDriver browser]
  (let [page (.getWindowHandle browser)]
    (.click (.findElement browser (By/cssSelector "#flame a")))
    (.window (.switchTo browser) ^String (await-true #(first (disj (set (.getWindowHandles browser)) page)) 10000))
    (await-true #(pos? (js browser "return document.querySelectorAll('g.f').length")) 10000)
    (let [answer (js browser "const frames = [...document.querySelectorAll('g.f')], last = frames[frames.length - 1];
                              last.dispatchEvent(new MouseEvent('mouseover', {bubbles: true}));
                              return [frames.length, getComputedStyle(last).cursor,
                                      document.getElementById('said').textContent]")]
      (.close browser)
      (.window (.switchTo browser) page)
      (vec answer))))

(defn- check-panes
  "What is shared, printed, marked and profiled."
  [{:keys [busy locked]} ^ChromeDriver browser]
  (let [profiled (.id ^Worker (first locked))
        choose #(press browser (str "#tree tbody tr[data-id='" (.id ^Worker %) "']") "Enter")
        lines  #(vec (js browser "return [...document.querySelectorAll('#output span')]
                                           .map(e => e.textContent.trim())"))
        rows-of #(vec (map vec (js browser "return [...document.querySelectorAll(arguments[0] + ' tr')].slice(1)
                                              .map(r => [...r.cells].map(c => c.textContent))" %)))]
    (choose busy)
    (await-true #(= "counts 39" (peek (lines))) 10000)
    (let [printed (lines)]
      (drag browser 0.5 0.9)
      (let [dragged (text browser "#range h2")
            ranges  (rows-of "#range table")]
        (press browser nil "Escape")
        (let [unmarked (text browser "#range")]
          (press browser nil "r")
          (let [by-key (js browser "return document.querySelectorAll('#range table').length")]
            (press browser nil "Escape")
            (js browser "const of = document.getElementById('profile-of');
                         [...of.options].forEach(o => { o.selected = o.value === arguments[0]; });
                         document.getElementById('profile-ms').value = '300';
                         document.querySelector('#profile-form button').click()" (str profiled))
            (let [drawn? #(js browser "const image = document.querySelector('#flame img');
                                       return image !== null && image.complete && image.naturalWidth > 0")
                  drawn  (boolean (await-true drawn? 120000))]
              {:printed printed :dragged dragged :ranges ranges :unmarked unmarked :range-by-key by-key
               :cells (rows-of "#cells") :holders (mapv #(.id ^Worker %) locked)
               :profiled [drawn (text browser "#profile-said")] :flame (when drawn (in-flame browser))})))))))

(defn- check [{:keys [idle killed locked] :as workers} ^ChromeDriver browser]
  (let [live?    #(= (expected workers) (select-keys (shown browser) (keys (expected workers))))
        found?   #(str/includes? (text browser "#health") "is stopped by a signal")
        ids      (mapv #(.id ^Worker %) locked)
        answers  {:as-status?  (boolean (await-true live? 10000))
                  :found?      (boolean (await-true found? 20000))}
        answers  (assoc answers
                        :address     (js browser "return location.href.replace(/:\\d+/, '')")
                        :shown       (shown browser)
                        :expected    (expected workers)
                        :health      [(mapv :text (look/diagnose))
                                      (js browser "return [...document.querySelectorAll('#health li')]
                                                     .map(e => e.firstChild.textContent)")]
                        :killed      (get (shown browser) (.id ^Worker killed))
                        :cycle-edges (js browser "return document.querySelectorAll('svg line.cycle').length")
                        :markup      (js browser "return document.querySelectorAll('td b').length")
                        :errors      (text browser "#errors"))]
    (press browser (str "#tree tbody tr[data-id='" (.id ^Worker idle) "']") "Enter")
    (let [by-key (text browser "#details")]
      (js browser "[...document.querySelectorAll('#waits button.cycle')][0].click()")
      (let [of-wait (text browser "#details")]
        (press browser "#stream" "ArrowLeft")
        (let [of-entry (text browser "#details")]
          (press browser nil "p")
          (let [paused [(text browser "#link") (text browser "#pause")]]
            (press browser nil "p")
            (let [live-again (await-true #(= "live" (text browser "#link")) 10000)
                  panes      (check-panes workers browser)]
              (size! browser 500 800)
              ;; a window has a least width; a phone's is asked for without one
              (.executeCdpCommand browser "Emulation.setDeviceMetricsOverride"
                                  {"width" 360 "height" 740 "deviceScaleFactor" 1 "mobile" true})
              (await-true #(= 360 (js browser "return window.innerWidth")) 5000)
              (Thread/sleep 600)       ; two more samples are drawn
              (let [narrow [(js browser "return window.innerWidth") (vec (js browser too-wide))]]
                (.executeCdpCommand browser "Emulation.clearDeviceMetricsOverride" {})
                (size! browser 1400 900)
                (assoc answers
                       :ids ids :by-key by-key :of-wait of-wait :of-entry of-entry :paused paused
                       :live-again (boolean live-again) :panes panes :narrow narrow)))))))))

(defn- with-a-hundred
  "How many milliseconds the page takes for a picture of a hundred workers."
  [browser]
  (let [ws (vec (repeatedly 94 #(parallel/run {:in :thread} '(Thread/sleep 600000))))]
    (try
      {:hundred    (boolean (await-true #(<= 100 (count (js browser rows))) 20000))
       :drawing-ms (js browser "const began = performance.now(); draw(); return performance.now() - began")}
      (finally
        (run! parallel/kill ws)))))

(defn- kill-by-button
  "The buttons that a worker has, and whether it is dead once one of them was pressed, and the question answered."
  [{:keys [busy]} ^ChromeDriver browser]
  (press browser (str "#tree tbody tr[data-id='" (.id ^Worker busy) "']") "Enter")
  (let [buttons (js browser "return [...document.querySelectorAll('#details button')].map(b => b.textContent)")
        click   #(js browser "setTimeout(() => [...document.querySelectorAll('#details button')].pop().click(), 0)")
        answer  (fn [yes?]
                  (let [alert (await-true #(try (.alert (.switchTo browser)) (catch NoAlertPresentException _)) 20000)
                        text  (.getText ^Alert alert)]
                    (if yes? (.accept ^Alert alert) (.dismiss ^Alert alert))
                    text))]
    (click)
    (let [question (answer false)
          lives    (parallel/alive? busy)]
      (click)
      (answer true)
      {:buttons buttons :question question :lives lives
       :ended (boolean (await-true #(str/starts-with? (str (first (get (shown browser) (.id ^Worker busy)))) "dead")
                                   10000))})))

(defn- checked []
  (with-session
    (fn [workers]
      (let [browser (started)]
        (try
          (with-open [^Closeable d (look/dashboard {:actions true})]
            (size! browser 1400 900)
            (.get browser (:url d))
            (await-true #(seq (js browser rows)) 20000)
            (let [answers (merge (check workers browser) (with-a-hundred browser)
                                 {:action (kill-by-button workers browser)})]
              (assoc answers :complaints (complaints browser))))
          (finally
            (.quit browser)))))))

;; ---- a picture

(defn- lower-panes
  "Brings what is below into sight, with a profile of the pool and a range that is marked."
  [^ChromeDriver browser pool-workers]
  (js browser "const of = document.getElementById('profile-of');
               [...of.options].forEach(o => { o.selected = arguments[0].includes(o.value); });
               document.querySelector('#profile-form button').click()"
      (mapv #(str (.id ^Worker %)) pool-workers))
  (await-true #(js browser "const image = document.querySelector('#flame img');
                            return image !== null && image.complete && image.naturalWidth > 0") 60000)
  (drag browser 0.45 0.8)
  (js browser "document.getElementById('shared-title').scrollIntoView()"))

(defn- picture
  "Of the page, as it is by day; dark, as narrow as a phone, or of what is below."
  [path kind]
  (with-session
    (fn [_]
      (pool/with-pool [p {:jvm-opts quick-jvm} 4]
        (with-open [^AutoCloseable _grid (shared/shared :double [2000 500])
                    ^AutoCloseable _flags (shared/shared :byte 4096)
                    ^AutoCloseable barrier (shared/barrier 3)
                    ^AutoCloseable _done (shared/latch 4)]
          (let [browser (started)
                at-it   (parallel/run {:name "steps" :jvm-opts quick-jvm} '(fn [^parallel.SharedBarrier b] (.await b))
                                      barrier)
                mapped  (fn [opts f xs] (future (dorun (pool/pmap-unordered (assoc opts :pool p :chunk 1) f xs))))
                maps    [(mapped {:on-error :value} #'work (range 1 2000)) (mapped {} #'other-work (range 2000))]]
            (try
              (with-open [^Closeable d (look/dashboard {:actions (= kind "panes")})]
                (size! browser 1360 860)
                (case kind
                  "dark"   (.executeCdpCommand browser "Emulation.setEmulatedMedia"
                                               {"features" [{"name" "prefers-color-scheme" "value" "dark"}]})
                  "narrow" (.executeCdpCommand browser "Emulation.setDeviceMetricsOverride"
                                               {"width" 360 "height" 1400 "deviceScaleFactor" 1 "mobile" true})
                  "panes"  (size! browser 1360 1080)
                  nil)
                (.get browser (:url d))
                (Thread/sleep 24000)     ; so that the stream is full
                (if (= kind "panes")
                  (lower-panes browser (pool/workers p))
                  (js browser "document.querySelector('#waits button.cycle').click()"))
                (Thread/sleep 400)
                (io/copy ^File (.getScreenshotAs browser OutputType/FILE) (io/file path)))
              (finally
                (run! future-cancel maps)
                (parallel/kill at-it)
                (.quit browser)))))))))

(defn -main [what & [path kind]]
  (.setLevel (java.util.logging.Logger/getLogger "org.openqa.selenium") Level/SEVERE)
  (case what
    "check"   (prn (checked))
    "picture" (picture path kind))
  (shutdown-agents))
