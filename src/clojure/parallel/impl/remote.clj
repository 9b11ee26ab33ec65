(ns ^:no-doc parallel.impl.remote
  "A prompt whose evaluations happen in a worker, while the worker evaluates other work: what the caller does, and
  what the worker does."
  (:require [clojure.main :as main]
            [clojure.string :as str]
            [parallel.api]
            [parallel.impl.errors :as errors]
            [parallel.impl.form :as form])
  (:import [clojure.lang Compiler LineNumberingPushbackReader]
           [java.io FileNotFoundException Reader StringReader Writer]
           [java.nio.file CopyOption FileAlreadyExistsException Files LinkOption Path]
           [java.nio.file.attribute FileAttribute PosixFilePermissions]
           [java.util ArrayList]
           [java.util.concurrent BlockingQueue CancellationException LinkedBlockingQueue TimeUnit]
           [parallel.clojure ClojureReply]
           [parallel.runtime Context WorkerHandle]))

(set! *warn-on-reflection* true)

;; ---- in the worker

(def ^:private kept
  "What a prompt keeps from one evaluation to the next, as those of clojure.main and nREPL do."
  [#'*ns* #'*1 #'*2 #'*3 #'*e #'*print-length* #'*print-level* #'*print-meta* #'*print-namespace-maps*
   #'*warn-on-reflection* #'*unchecked-math* #'*math-context* #'*data-readers* #'*default-data-reader-fn* #'*assert*])

(def ^:private prompts
  "Key of a prompt to its bindings of the vars above."
  (atom {}))

(def ^:private talks
  "Id of an evaluation to its Talk."
  (atom {}))

(deftype Talk [^BlockingQueue events, ^BlockingQueue input, ended])

(defn open
  "Makes the talk of an evaluation, before two threads use it: and so this namespace has been loaded when they do."
  [id]
  (swap! talks assoc id (Talk. (LinkedBlockingQueue. 256) (LinkedBlockingQueue.) (atom false)))
  nil)

(defn- talk ^Talk [id]
  (or (get @talks id)
      (throw (CancellationException. "Nobody waits for this evaluation any more."))))

(defn forget
  "Nobody asks for the events of that evaluation any more."
  [id]
  (some-> ^Talk (get @talks id) (.ended) (reset! true))
  (swap! talks dissoc id)
  nil)

(defn forget-prompt
  "The prompt of that key has ended."
  [key]
  (swap! prompts dissoc key)
  nil)

(defn- tell
  "Waits while the caller is slow; nothing where it has gone. An interrupt ends the evaluation that prints."
  [^Talk talk event]
  (loop []
    (when-not (or @(.ended talk) (.offer ^BlockingQueue (.events talk) event 1 TimeUnit/SECONDS))
      (recur))))

(def ^:private wait-s "How long a request for events waits for the first of them." 5)

(defn events
  "What has happened in that evaluation since the last call, after waiting for something; empty when nothing has for
  some seconds. [:out text], [:err text], [:input]: it waits for a line; [:value text ns last?], [:out-form rest]: the
  form that leads back and the text behind it, [:incomplete rest]: a form that is not at its end; and [:end]."
  [id]
  (let [queue (.events (talk id))
        first (.poll ^BlockingQueue queue wait-s TimeUnit/SECONDS)
        all   (ArrayList.)]
    (when first
      (.add all first)
      (.drainTo ^BlockingQueue queue all))
    (when (= [:end] (peek (vec all)))
      (forget id))
    (vec all)))

(defn input
  "Gives a line to what reads *in* in that evaluation; nil: there is no more."
  [id line]
  (.put ^BlockingQueue (.input (talk id)) (or line ::eof))
  nil)

(defn- writer
  "What is written becomes events, until the evaluation has ended; then it goes where the worker's output goes."
  ^Writer [^Talk talk kind ^Writer later]
  (proxy [Writer] []
    (write
      ([x]
       (let [text (if (int? x) (str (char x)) (if (string? x) x (String. ^chars x)))]
         (when (seq text)
           (if @(.ended talk) (.write later ^String text) (tell talk [kind text])))))
      ([x offset n]
       (let [^Writer this this
             offset (int offset)
             n      (int n)]
         (.write this (if (string? x) (subs x offset (+ offset n)) (String. ^chars x offset n))))))
    (flush [] (when @(.ended talk) (.flush later)))
    (close [])))

(defn- reader
  "*in* of an evaluation: lines that its caller gives when asked."
  [^Talk talk]
  (let [line (atom nil)]
    (LineNumberingPushbackReader.
     (proxy [Reader] []
       (read
         ([] (let [^Reader this this
                   one (char-array 1)]
               (if (neg? (.read this one 0 1)) -1 (int (aget one 0)))))
         ([^chars to offset n]
          (when (and (nil? @line) (not @(.ended talk)))
            (tell talk [:input])
            (reset! line (.take ^BlockingQueue (.input talk))))
          (let [^String text @line]
            (if (or (nil? text) (= ::eof text))
              -1
              (let [k (min (long n) (count text))]
                (.getChars text 0 (int k) to (int offset))
                (reset! line (when (< k (count text)) (subs text k)))
                (int k))))))
       (close [])))))

(defn- user-ns []
  (or (find-ns 'user) (binding [*ns* (create-ns 'user)] (refer 'clojure.core) *ns*)))

(defn- ensure-parallel [ns]
  (when-not (get (ns-aliases ns) 'parallel)
    (.addAlias ^clojure.lang.Namespace ns 'parallel (the-ns 'parallel.api)))
  ns)

;; ---- printing

(def ^:private most-text "Of a printed value, in characters, where nothing else is said: a megabyte." (* 1024 1024))

(def ^:private full (ex-info "The printed text has reached its limit." {}))

(defn- bounded
  "A writer that ends what prints to it when it has enough, or when the thread is interrupted."
  ^Writer [^StringBuilder to ^long most]
  (letfn [(add [^CharSequence text]
            (when (Thread/interrupted)
              (throw (InterruptedException.)))
            (let [room (- most (.length to))]
              (.append to text 0 (int (min room (.length text))))
              (when (> (.length text) room)
                (throw full))))]
    (proxy [Writer] []
      (write
        ([x] (add (if (int? x) (str (char x)) (if (string? x) x (String. ^chars x)))))
        ([x offset n]
         (let [offset (int offset)
               n      (int n)]
           (add (if (string? x) (subs x offset (+ offset n)) (String. ^chars x offset n))))))
      (flush [])
      (close []))))

(defn- printed
  "The value as text, at most one character longer than the quota, which says that there is more."
  [value {:keys [print options quota]}]
  (let [print  (when print (requiring-resolve (symbol print)))
        text   (StringBuilder.)
        writer (bounded text (inc (long (or quota most-text))))]
    (try
      (if print
        (print value writer (or options {}))
        (binding [*out* writer] (pr value)))
      (catch Throwable e
        (when-not (some #(identical? full %) (take-while some? (iterate ex-cause e)))
          (throw e))))
    (str text)))

;; ---- evaluating

(defn- out? [form]
  (and (seq? form) (= 1 (count form)) (symbol? (first form))
       (= (find-var 'parallel.api/out) (try (resolve (first form)) (catch Exception _ nil)))))

(defn- end-of-text? [e]
  (boolean (some #(re-find #"^EOF while reading" (str (ex-message %))) (take-while some? (iterate ex-cause e)))))

(defn- start-bindings [key {:keys [defaults ns]}]
  (merge (into {} (map (fn [^clojure.lang.Var v] [v (.deref v)])) kept)
         {#'*1 nil #'*2 nil #'*3 nil #'*e nil #'*warn-on-reflection* false #'*unchecked-math* false
          #'*ns* (or (some-> ns symbol find-ns) (user-ns))}
         (into {} (for [[sym value] defaults] [(find-var sym) value]))
         (get @prompts key)))

(defn- explicit [ns]
  (when ns
    (or (find-ns (symbol ns))
        (try
          (require (symbol ns))
          (find-ns (symbol ns))
          (catch FileNotFoundException _ nil)))))

(defn- read-next
  "The next form; ::end; or [::incomplete text]."
  [^LineNumberingPushbackReader in more?]
  (.captureString in)
  (try
    (read {:read-cond :allow :eof ::end} in)
    (catch Throwable e
      (let [text (.getString in)]
        (if (and more? (end-of-text? e))
          [::incomplete text]
          (throw e))))))

(defn- incomplete [x]
  (when (and (vector? x) (= ::incomplete (first x)))
    (second x)))

(defn- remember! [key saved-ns]
  (swap! prompts assoc key (cond-> (select-keys (get-thread-bindings) kept)
                             saved-ns (assoc #'*ns* saved-ns))))

(defn- evaluate-with
  "Calls a thunk for a value. A function that tells the value."
  [talk thunk opts]
  (let [value (thunk)]
    (set! *3 *2)
    (set! *2 *1)
    (set! *1 value)
    (fn [last?]
      (let [text (printed value opts)]
        (tell talk [:value text (str (ns-name *ns*)) last?])))))

(defn- evaluate-forms
  "Reads each form when the one before has been evaluated: it may depend on that. The next is read before a value is
  told, so that it is known to be the last."
  [talk {:keys [line column more? missing-ns] :as opts} ^String text]
  (let [in (LineNumberingPushbackReader. (StringReader. text))]
    (when line (.setLineNumber in (int line)))
    (loop [form (read-next in more?)]
      (cond
        (= ::end form)     nil
        (incomplete form)  (tell talk [:incomplete (incomplete form)])
        (out? form)        (tell talk [:out-form (slurp in)])
        missing-ns         (throw (ex-info (str "There is no namespace " missing-ns
                                                " in worker " (.id (Context/current))
                                                ". Load its file there, or (parallel/out) first.")
                                           {}))
        :else
        (let [say  (evaluate-with talk #(eval form) opts)
              next (try (read-next in more?) (catch Throwable e (say false) (throw e)))]
          (say (= ::end next))
          (recur next))))))

(defn evaluate-here
  "Evaluates as at the prompt of that key, all forms of a text, or a file; what happens there is told by events. opts:
  {:text, or :form, or :load [text path name]; :ns in which, where it is not the prompt's; :initial {:ns, :defaults vars
  and values} of a new prompt; :file :line of the text; :more? whether the text may go on; :print :options :quota of
  values}"
  [id key {:keys [text form load ns initial file] :as opts}]
  (let [talk  (talk id)
        start (start-bindings key initial)
        ns    (explicit ns)
        opts  (cond-> opts (and (:ns opts) (nil? ns)) (assoc :missing-ns (:ns opts)))]
    (try
      (with-bindings (assoc start
                            #'*ns* (ensure-parallel (or ns (start #'*ns*)))
                            #'*file* (or file "NO_SOURCE_PATH")
                            #'*command-line-args* nil
                            #'*out* (writer talk :out *out*)
                            #'*err* (writer talk :err *err*)
                            #'*in* (reader talk))
        (let [saved-ns (when ns (start #'*ns*))]
          (try
            (cond
              load (let [[text path name] load]
                     ((evaluate-with talk #(Compiler/load (StringReader. text) path name) opts) true))
              text (evaluate-forms talk opts text)
              :else ((evaluate-with talk #(eval form) opts) true))
            nil
            (catch Throwable e
              (set! *e e)
              (throw e))
            (finally
              (remember! key saved-ns)))))
      (finally
        (let [interrupted? (Thread/interrupted)]       ; the caller has to learn of the end
          (tell talk [:end])
          (reset! (.ended talk) true)
          (when interrupted?
            (.interrupt (Thread/currentThread))))))))

;; ---- what editors ask

(defn- look-up [ns sym]
  (into {} (filter (comp some? val)) ((requiring-resolve 'nrepl.util.lookup/lookup) ns (symbol sym))))

(defn- eldoc [{:keys [ns name arglists-str doc]}]
  (when arglists-str
    {:eldoc (mapv #(mapv str %) (read-string arglists-str)) :ns ns :name name :docstring (str doc) :type "function"}))

(defn answer
  "The response to what an editor asks of names, by the ops of nREPL and those of cider-nrepl."
  [{:keys [op ns prefix sym symbol]}]
  (let [ns    (if (find-ns (clojure.core/symbol ns)) (clojure.core/symbol ns) 'user)
        asked (or sym symbol)]
    (merge {:status :done}
           (case op
             ("completions" "complete")
             {:completions (mapv #(update-vals % (fn [v] (if (keyword? v) (name v) v)))
                                 ((requiring-resolve 'nrepl.util.completion/completions) (or prefix symbol) ns))}
             "lookup" {:info (look-up ns asked)}
             "info"   (look-up ns asked)
             "eldoc"  (or (eldoc (look-up ns asked)) {:status #{:done :no-eldoc}})))))

;; ---- a server in the worker

(defonce ^:private server (atom nil))

(def ^:private only-owner
  (into-array FileAttribute
              [(PosixFilePermissions/asFileAttribute (PosixFilePermissions/fromString "rwx------"))]))

(defn socket-of-owner
  "Calls listen with the path of a socket in a directory that only its owner may enter, takes the rights of others from
  it, and only then moves it to where it is wanted. So nobody else can connect at any time, whatever the umask."
  [listen path]
  (let [wanted (.toAbsolutePath (Path/of path (make-array String 0)))
        _      (when (Files/exists wanted (into-array LinkOption [LinkOption/NOFOLLOW_LINKS]))
                 (throw (FileAlreadyExistsException. path nil "A socket needs a path at which there is nothing yet.")))
        own    (Files/createTempDirectory (.getParent wanted) ".s-" only-owner)
        made   (.resolve own "s")]
    (try
      (listen (str made))
      (Files/setPosixFilePermissions made (PosixFilePermissions/fromString "rw-------"))
      (Files/move made wanted (make-array CopyOption 0))
      (finally
        (Files/deleteIfExists made)
        (Files/deleteIfExists own)))))

(defn- start-server [{:keys [port socket]}]
  (let [start   (try
                  (requiring-resolve 'nrepl.server/start-server)
                  (catch FileNotFoundException _
                    (throw (ex-info (str "nREPL is not on the class path of worker " (.id (Context/current))
                                         ". Add nrepl/nrepl {:mvn/version \"1.0.0\"} to the dependencies "
                                         "of the process that starts it.")
                                    {}))))
        handler ((requiring-resolve 'nrepl.server/default-handler) (requiring-resolve 'parallel.nrepl/middleware))]
    (if socket
      (do (socket-of-owner #(start :socket % :handler handler) socket)
          {:socket socket})
      {:host "127.0.0.1" :port (:port (start :bind "127.0.0.1" :port (or port 0) :handler handler))})))

(defn serve
  "Starts an nREPL server in this process, or finds the one that it has. Where it listens."
  [opts]
  (when-not (.ownsProcess (Context/current))
    (throw (ex-info "A worker that is a thread has no nREPL server of its own: start one in this process." {})))
  (locking server
    (or @server (reset! server (start-server opts)))))

;; ---- at the caller

(defn- value-of [^ClojureReply reply]
  (try
    (errors/surfacing (.value reply))
    (catch InterruptedException e
      (future-cancel reply)
      (throw e))))

(defn call
  "The value of a form of no locals, evaluated in the worker at once, while its other work runs. Blocks; an interrupt
  interrupts it there, too."
  [^WorkerHandle w form]
  (value-of (.execNow w (form/work 'user form []))))

(defn- symbols-in
  "The symbols of a text, as far as this process can read it: a function of this prompt may be meant, which then goes to
  the worker."
  [text]
  (try
    (let [in (LineNumberingPushbackReader. (StringReader. text))]
      (binding [*read-eval* false]
        (into [] (comp (take-while #(not= ::end %)) (mapcat #(tree-seq coll? seq %)) (filter symbol?) (distinct))
              (repeatedly #(read {:read-cond :allow :eof ::end} in)))))
    (catch Exception _ [])))

(defn- begin
  "A reply of a function of this namespace, called there with arguments."
  [^WorkerHandle w function args symbols]
  (.execNow w (form/work 'user (if (seq symbols) (list 'do (list 'quote symbols) function) function) args)))

(defn call-there [w function & args]
  (value-of (begin w function args nil)))

(defn tell-later
  "Calls a function of this namespace there; waits for nothing."
  [w function & args]
  (begin w function args nil)
  nil)

(defn ask
  "The worker's response to a message of an editor about names."
  [w message]
  (call-there w `answer message))

(defn- give-input [w id]
  (.flush ^Writer *out*)
  (call-there w `input id (some-> (read-line) (str "\n"))))

(defn evaluate
  "At the prompt of that key in the worker; opts are those of evaluate-here. What is printed there is printed here at
  once, and what reads *in* there reads it here. Calls handle with each other event, in their order. Blocks; an
  interrupt interrupts it there."
  [^WorkerHandle w key opts handle]
  (let [id    (str (random-uuid))
        _     (call-there w `open id)
        reply (begin w `evaluate-here [id key opts] (some-> (:text opts) symbols-in))]
    (try
      (loop []
        (let [over?  (realized? reply)
              events (call-there w `events id)]
          (doseq [[kind text :as event] events]
            (case kind
              :out   (do (.write ^Writer *out* ^String text) (.flush ^Writer *out*))
              :err   (do (.write ^Writer *err* ^String text) (.flush ^Writer *err*))
              :input (give-input w id)
              :end   nil
              (handle event)))
          (when-not (or (= [:end] (peek events)) (and over? (empty? events)))
            (recur))))
      (value-of reply)
      (catch Throwable e
        (when-not (realized? reply)
          (future-cancel reply)
          (when-not (.isDone w)
            (tell-later w `forget id)))
        (throw e)))))

(def ^:private death-ms
  "How long a worker whose reply says that it has died may take until its handle says so, too."
  5000)

(defn dead?
  "Whether the worker has ended, when something asked of it has failed with that exception."
  [^WorkerHandle w e]
  (when (contains? #{:worker-died :closed} (:parallel/error (ex-data e)))
    (try (deref w death-ms nil) (catch InterruptedException e (throw e)) (catch Throwable _)))
  (.isDone w))

(defn death
  "The error that says that a prompt in a worker has ended with the worker. Not with the worker's error as its cause:
  prompts print the innermost message alone."
  [^WorkerHandle w ^Throwable error]
  (doto ^Throwable (ex-info (str "Worker " (.id w) " has ended: this prompt is back in its own process. "
                                 (ex-message error))
                            (assoc (ex-data error) :worker (.id w)))
    (.addSuppressed error)))

(defn main-repl
  "A prompt of clojure.main's kind in the worker, until (parallel/out), the worker's end or the end of input."
  [^WorkerHandle w key]
  (let [ns   (atom "user")
        over (atom false)
        ;; lines are read there: only there it is known what a form means, and where it ends
        step (fn [text]
               (let [rest (atom nil)]
                 (evaluate w key {:text text :more? true}
                           (fn [[kind text worker-ns]]
                             (case kind
                               :value      (do (reset! ns worker-ns) (println text))
                               :out-form   (reset! over true)
                               :incomplete (reset! rest text))))
                 @rest))]
    (loop [text nil]
      (when-not text
        (print (str @ns "@" (.id w) "=> "))
        (flush))
      (when-let [line (read-line)]
        (let [text (if text (str text "\n" line) line)
              rest (when-not (str/blank? text)
                     (try
                       (step text)
                       (catch Throwable e
                         (if (dead? w e)
                           (do (reset! over true)
                               (binding [*out* *err*] (println (ex-message (death w e)))))
                           (main/repl-caught e))
                         nil)))]
          (when-not @over
            (recur rest)))))
    (when-not (.isDone w)
      (tell-later w `forget-prompt key))
    nil))
