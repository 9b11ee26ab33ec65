(ns parallel.nrepl
  "Connects nREPL and workers. The middleware

  - records what is defined at the prompt, so that a form for a worker can use it;
  - lets a session evaluate in a worker: (parallel/in w) ... (parallel/out);
  - answers the ops \"parallel/status\" and \"parallel/eval\", for editors.

  It needs nREPL 1.0 or newer on the class path. A server is given it by its name, in .nrepl.edn or on the command line:

    {:middleware [parallel.nrepl/middleware]}
    clojure -M -m nrepl.cmdline --middleware '[parallel.nrepl/middleware]'"
  (:require [clojure.string :as str]
            [nrepl.middleware :refer [set-descriptor!]]
            [nrepl.middleware.interruptible-eval :as interruptible-eval]
            [nrepl.middleware.print :as print]
            [nrepl.misc :refer [response-for]]
            [nrepl.transport :as transport]
            [parallel.api :as parallel]
            [parallel.impl.definitions :as definitions]
            [parallel.impl.remote :as remote])
  (:import [clojure.lang LineNumberingPushbackReader]
           [java.io StringReader Writer]
           [nrepl.transport Transport]
           [parallel.runtime WorkerHandle]))

(def ^:dynamic ^:no-doc *worker*
  "Of a session: the worker that it evaluates in and the name of the namespace there, {:worker w :ns text}; nil: here."
  nil)

(def ^:dynamic ^:no-doc *namespaces-there*
  "Of a session: the names of namespaces of workers that responses have had: an editor may send one when the session is
  back."
  #{})

;; ---- evaluation in a worker

(deftype ^:private Printed [text])

(defmethod print-method Printed [^Printed printed ^Writer w]
  (.write w (str (.text printed))))

(defn ^:no-doc print-text
  "What nREPL prints with while a session is in a worker: values come from there as text. Others are printed as by pr."
  [value writer _]
  (binding [*out* writer]
    (pr value)))

(def ^:private conveyed
  "What a new prompt in a worker takes over from the session."
  [#'*print-length* #'*print-level* #'*print-meta* #'*print-namespace-maps*])

(defn- initial []
  {:ns       (:ns *worker*)
   :defaults (into {} (for [v conveyed] [(symbol v) (deref v)]))})

(defn- send-value [{:keys [transport] :as msg} value ns]
  (.flush ^Writer *err*)
  (.flush ^Writer *out*)
  (transport/send transport (response-for msg {:value value :ns ns ::print/keys #{:value}})))

(defn- evaluate-text-here
  "The forms of a text that began in a worker and comes back: all values but the last are sent."
  [eval msg text]
  (let [in   (LineNumberingPushbackReader. (StringReader. text))
        next #(read {:read-cond :allow :eof ::end} in)]
    (loop [form (next), value nil]
      (if (= ::end form)
        value
        (let [value (definitions/evaluate eval form)
              after (next)]
          (when-not (= ::end after)
            (send-value msg value (str (ns-name *ns*)))
            (set! *3 *2)
            (set! *2 *1)
            (set! *1 value))
          (recur after value))))))

(defn- back-home! []
  (set! *worker* nil))

(defn- evaluate-there
  "Evaluates opts of remote/evaluate in the session's worker. The last value; those before it are sent. Where the text
  leads back, its rest is evaluated here."
  [eval opts]
  (let [{:keys [worker]} *worker*
        msg   interruptible-eval/*msg*
        value (atom nil)
        rest  (atom nil)]
    (try
      (remote/evaluate worker (str (:id (meta (:session msg)))) (assoc opts :initial (initial))
                       (fn [[kind text ns last?]]
                         (if (= kind :out-form)
                           (reset! rest text)
                           (do
                             (set! *worker* {:worker worker :ns ns})
                             (set! *namespaces-there* (conj *namespaces-there* ns))
                             (if last?
                               (reset! value (Printed. text))
                               (send-value msg (Printed. text) ns))))))
      (catch Throwable e
        (if (remote/dead? worker e)
          (do (back-home!)
              (throw (remote/death worker e)))
          (throw e))))
    (if-let [text @rest]
      (do (parallel/out)
          (when-not (str/blank? text)
            (send-value msg nil (str (ns-name *ns*)))
            (evaluate-text-here eval msg text)))
      @value)))

(def ^:private stand-in
  "The code that nREPL is given in place of a text that a worker has to read."
  `(stands-for-text))

(defn- evaluate-message
  "A message that came while its session was in a worker; the one before it may have led back."
  [eval {:keys [text load] :as there}]
  (cond
    *worker* (evaluate-there eval there)
    load     (let [[text path name] load]
               (definitions/evaluate-text (fn [_] (clojure.lang.Compiler/load (StringReader. text) path name))
                                          nil
                                          text))
    :else    (evaluate-text-here eval interruptible-eval/*msg* text)))

;; ---- evaluation

(defn- evaluator
  "The function that evaluates a form for a message: another middleware's, or eval."
  [{::keys [eval]}]
  (if eval @(find-var (symbol eval)) clojure.core/eval))

(defn- loads-text?
  "Whether the form loads a file as a whole, as nREPL's does until 1.4. Later ones evaluate a file form by form."
  [form]
  (some #{'clojure.lang.Compiler/load} (tree-seq seq? seq form)))

(defn- out? [form]
  (and (seq? form) (= 1 (count form)) (symbol? (first form))
       (= #'parallel/out (try (resolve (first form)) (catch Exception _ nil)))))

(defn ^:no-doc eval-noting
  "What nREPL calls in place of eval."
  [form]
  (let [{::keys [text there] :as msg} interruptible-eval/*msg*
        eval (evaluator msg)]
    (cond
      (and there (= form stand-in))     (evaluate-message eval there)
      (and *worker* (not (out? form)))  (evaluate-there eval {:form form})      ; of the message that has led there
      (and text (loads-text? form))     (definitions/evaluate-text eval form text)
      :else                             (definitions/evaluate eval form))))

(defn- place
  "Where a session is, for its thread and for others."
  [session]
  (if (thread-bound? #'*worker*) *worker* (get @session #'*worker*)))

(defn- with-namespace-of-worker
  "A transport whose responses name the worker's namespace, and the worker, while the session evaluates there."
  [^Transport transport session]
  (reify Transport
    (recv [_] (.recv transport))
    (recv [_ timeout] (.recv transport timeout))
    (send [this response]
      (let [{:keys [ns ^WorkerHandle worker]} (place session)]
        (.send transport (cond-> response (and ns (:ns response)) (assoc :ns ns :parallel/worker (.id worker)))))
      this)))

(defn- without-namespace
  "A transport of responses without a namespace: after a file is loaded an editor stays where it is."
  [^Transport transport]
  (reify Transport
    (recv [_] (.recv transport))
    (recv [_ timeout] (.recv transport timeout))
    (send [this response]
      (.send transport (dissoc response :ns))
      this)))

(def ^:private most-text "nREPL has no bound of its own on a value's text, and editors take a megabyte." (* 1024 1024))

(defn- in-worker
  "The message with a stand-in for what is to be read and evaluated in the worker. Values are printed there, as the
  message asks."
  [{:keys [op code file file-path file-name line column ns transport] :as msg}]
  (let [quota (::print/quota msg most-text)
        there (cond-> {:print   (some-> (::print/print msg) str)
                       :options (::print/options msg)
                       :quota   quota}
                (= op "eval")      (assoc :text code :ns ns :file file :line line :column column)
                (= op "load-file") (assoc :load [file file-path file-name]))]
    (cond-> (-> msg
                (dissoc :ns :file :file-path :file-name :line :column ::print/options)
                (assoc :op "eval" :code (pr-str stand-in) ::there there
                       ::print/print (str `print-text) ::print/quota quota))
      (= op "load-file") (assoc :transport (without-namespace transport)))))

(defn- forms?
  "Whether there may be a form in a text."
  [text]
  (not (str/blank? (str/replace text #"(?m)^\s*(;.*)?$" ""))))

(defn- here
  "The message for this process. A namespace of a worker that the session has left is none of this one's."
  [{:keys [session ns] :as msg}]
  (cond-> msg
    (and ns (nil? (find-ns (symbol ns))) (contains? (get @session #'*namespaces-there*) ns)) (dissoc :ns)))

(defn- evaluating [{:keys [session eval file code op] :as msg}]
  (when-not (contains? @session #'*worker*)
    (swap! session assoc #'*worker* nil #'*namespaces-there* #{}))
  (let [msg (assoc msg
                   :eval (str `eval-noting)
                   ::eval eval
                   :transport (with-namespace-of-worker (:transport msg) session))]
    (cond
      (nil? (get @session #'*worker*))                       (cond-> (here msg) (= op "load-file") (assoc ::text file))
      (= op "load-file")                                     (in-worker msg)
      (and (string? code) (forms? code))                     (in-worker msg)
      :else                                                  (dissoc msg :ns))))

;; ---- what editors ask about names

(def ^:private questions
  "The ops that are answered where the session is: nREPL's own and those of cider-nrepl."
  #{"completions" "lookup" "complete" "info" "eldoc"})

;; ---- ops for editors

(defn- for-bencode [x]
  (cond
    (map? x)     (into {} (for [[k v] x :when (some? v)] [(name k) (for-bencode v)]))
    (keyword? x) (name x)
    (or (string? x) (int? x)) x
    (sequential? x) (mapv for-bencode x)
    :else        (str x)))

(defn- respond [msg response]
  (transport/send (:transport msg) (response-for msg response)))

(defn- in-thread
  "Calls f on a thread of its own: the session's goes on."
  [^WorkerHandle w f]
  (doto (Thread. ^Runnable f (str "parallel-nrepl-" (.id w)))
    (.setDaemon true)
    .start))

(defn- ask-worker [{:keys [session] :as msg}]
  (let [{:keys [worker ns]} (get @session #'*worker*)]
    (in-thread worker
               (fn []
                 (try
                   (respond msg (remote/ask worker (-> (select-keys msg [:op :ns :prefix :sym :symbol])
                                                       (update :ns #(or % ns "user")))))
                   (catch Throwable e
                     (respond msg {:status #{:error :done} :err (str (ex-message e) "\n")})))))))

(defn- worker-of [{:keys [worker]}]
  (some #(when (= (str worker) (str (.id ^WorkerHandle %))) %) (parallel/children)))

(defn- writing
  "A writer whose text is sent as responses."
  ^Writer [msg kind]
  (proxy [Writer] []
    (write [^String text] (respond msg {kind text}))
    (flush [])
    (close [])))

(defn- eval-in-worker [{:keys [code] :as msg}]
  (if-let [w (worker-of msg)]
    (in-thread w
               (fn []
                 (respond msg
                          (try
                            (let [value (atom nil)]
                              (binding [*out* (writing msg :out)
                                        *err* (writing msg :err)
                                        *in*  (LineNumberingPushbackReader. (StringReader. ""))]
                                (remote/evaluate w "parallel/eval" {:text code}
                                                 (fn [[kind text ns]]
                                                   (when (= kind :value)
                                                     (reset! value {:value text :ns ns})))))
                              (assoc @value :status :done))
                            (catch Throwable e
                              {:err (str (ex-message e) "\n") :ex (str (class e)) :status #{:eval-error :done}})))))
    (respond msg {:status #{:error :no-such-worker :done}
                  :err    (str "There is no worker " (:worker msg) " here; there are "
                               (mapv #(.id ^WorkerHandle %) (parallel/children)) ".\n")})))

(defn- forget-prompt
  "A session that closes leaves its prompt in a worker."
  [{:keys [session]}]
  (when-let [^WorkerHandle w (:worker (some-> session deref (get #'*worker*)))]
    (when-not (.isDone w)
      (remote/tell-later w `remote/forget-prompt (str (:id (meta session)))))))

(defn ^{:added "0.2"} middleware
  "Returns a handler for nREPL that does what the text of this namespace says, and gives other messages to handler.
  Throws nothing: errors are responses."
  [handler]
  (fn [{:keys [op session] :as msg}]
    (cond
      (contains? #{"eval" "load-file"} op) (handler (if session (evaluating msg) msg))
      (and (questions op) (some-> session deref (get #'*worker*))) (ask-worker msg)
      (= "parallel/status" op) (respond msg {:workers (for-bencode (parallel/status)) :status :done})
      (= "parallel/eval" op)   (eval-in-worker msg)
      :else
      (do (when (= "close" op) (forget-prompt msg))
          (handler msg)))))

(set-descriptor!
 #'middleware
 {:requires #{"clone"}
  :expects  (into #{"eval" "load-file" #'print/wrap-print} questions)
  :handles
  {"parallel/status"
   {:doc      "The session's live workers, those of workers included."
    :requires {}
    :optional {}
    :returns  {"workers" "A list of maps, as parallel.api/status; what is unknown is left out."}}
   "parallel/eval"
   {:doc      (str "Evaluates code in a worker of this process, while its other work continues; "
                   "what it prints comes as \"out\" and \"err\".")
    :requires {"worker" "The worker's id." "code" "The code."}
    :optional {}
    :returns  {"value" "The value of the last form, printed."
               "ns"    "The namespace in the worker after it."
               "err"   "What went wrong."
               "ex"    "The class of the exception."}}}})
