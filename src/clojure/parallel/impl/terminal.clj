(ns ^:no-doc parallel.impl.terminal
  "The terminal that this process was started from, if it was: its size, single keys, and a bar in its last line that
  other lines push down."
  (:import [java.io Console File IOException Writer]
           [java.lang ProcessBuilder ProcessBuilder$Redirect]
           [java.util List]
           [java.util.concurrent TimeUnit]))

(set! *warn-on-reflection* true)

(defn terminal?
  "Whether what is printed now reaches a terminal: not under nREPL, which binds *out* again. Since JDK 22 there is a
  console without one, too."
  []
  (let [^Console console (System/console)]
    (and console
         (identical? *out* (.getRawRoot #'*out*))
         (if-let [m (try (.getMethod Console "isTerminal" (make-array Class 0)) (catch NoSuchMethodException _ nil))]
           (.invoke ^java.lang.reflect.Method m console (object-array 0))
           true))))

;; ---- stty

(def ^:private tty (File. "/dev/tty"))

(defn- stty
  "What stty prints for the terminal; nil where there is none, or no stty."
  [& args]
  (try
    (let [process (.start (doto (ProcessBuilder. ^List (into ["stty"] args))
                            (.redirectInput (ProcessBuilder$Redirect/from tty))
                            (.redirectError ProcessBuilder$Redirect/DISCARD)))
          text    (slurp (.getInputStream process))]
      (when (and (.waitFor process 2 TimeUnit/SECONDS) (zero? (.exitValue process)))
        (.trim text)))
    (catch IOException _ nil)))

(defn- number-in [variable]
  (some-> (System/getenv variable) parse-long))

(defn size
  "[rows columns] of the terminal as it is now."
  []
  (let [[rows columns] (some->> (stty "size") (re-matches #"(\d+) (\d+)") rest (map parse-long))]
    (if (and rows columns (pos? (long rows)) (pos? (long columns)))
      [rows columns]
      [(or (number-in "LINES") 24) (or (number-in "COLUMNS") 120)])))

(defn with-keys
  "Calls f with true while each key can be read at once, without Enter, and Ctrl-C is a key, too; with false where that
  cannot be had."
  [f]
  (let [saved   (stty "-g")
        restore (when saved #(stty saved))
        hook    (when saved (Thread. ^Runnable restore))]  ; also when the process ends meanwhile
    (if-not saved
      (f false)
      (try
        (.addShutdownHook (Runtime/getRuntime) hook)
        (stty "-icanon" "-echo" "-isig" "min" "1")
        (f true)
        (finally
          (restore)
          (try
            (.removeShutdownHook (Runtime/getRuntime) hook)
            (catch IllegalStateException _)))))))  ; it ends

;; ---- a bar in the last line

(def erase "To the beginning of the line, and nothing in it." "\r\u001b[K")

(def ^:private bar-lock (Object.))
(def ^:private bar "{:writer :text} of the bar that is shown, or nil." (atom nil))

(defn show-bar
  "Shows a bar in place of the one before; the last one stays, and what is printed next begins below it."
  [^Writer w text last?]
  (locking bar-lock
    (reset! bar (when-not last? {:writer w :text text}))
    (.write w (str erase text (when last? "\n")))
    (.flush w)))

(defn- write-now [^Writer w line]
  (locking w
    (.write w (str line "\n"))
    (.flush w)))

(defn write-line
  "Writes a whole line, above the bar if one is shown."
  [w line]
  (if (nil? @bar)
    (write-now w line)
    (locking bar-lock
      (let [{:keys [^Writer writer text]} @bar]
        (when writer
          (.write writer ^String erase)
          (.flush writer))
        (write-now w line)
        (when writer
          (.write writer ^String text)
          (.flush writer))))))
