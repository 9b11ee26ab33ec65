(ns parallel.nrepl
  "nREPL and workers. The middleware

  - notes what is defined at the prompt, so that workers can be given it: a form that uses a function of the prompt just works;
  - lets a session evaluate in a worker: (parallel/in w) ... (parallel/out);
  - answers the ops \"parallel/status\" and \"parallel/eval\", for editors.

  It needs nREPL 1.0 or newer on the class path, and comes into a server by its name, in .nrepl.edn or on the command line:

    {:middleware [parallel.nrepl/middleware]}
    clojure -M -m nrepl.cmdline --middleware '[parallel.nrepl/middleware]'"
  (:require [nrepl.middleware :refer [set-descriptor!]]
            [nrepl.middleware.interruptible-eval :as interruptible-eval]
            [nrepl.misc :refer [response-for]]
            [nrepl.transport :as transport]
            [parallel.api :as parallel]
            [parallel.impl.definitions :as definitions]
            [parallel.impl.remote :as remote])
  (:import [nrepl.transport Transport]
           [java.io Writer]
           [parallel.runtime WorkerHandle]))

(def ^:dynamic ^:no-doc *worker*
  "Of a session: the worker that it evaluates in and the name of the namespace there, {:worker w :ns text}; nil: here."
  nil)

;; ---- evaluation

(deftype ^:private Printed [text])

(defmethod print-method Printed [^Printed printed ^Writer w]
  (.write w (str (.text printed))))

(defn- out? [form]
  (and (seq? form) (= 1 (count form)) (symbol? (first form))
       (= #'parallel/out (try (resolve (first form)) (catch Exception _ nil)))))

(defn- evaluate-there [form]
  (let [{:keys [worker]} *worker*
        {:keys [text ns]} (remote/evaluate worker (str (:session interruptible-eval/*msg*)) form)]
    (set! *worker* {:worker worker :ns ns})
    (Printed. text)))

(defn- evaluator
  "The function that evaluates a form for a message: another middleware's, or eval."
  [{::keys [eval]}]
  (if eval @(find-var (symbol eval)) clojure.core/eval))

(defn ^:no-doc eval-noting
  "What nREPL calls in place of eval."
  [form]
  (let [{::keys [text] :as msg} interruptible-eval/*msg*]
    (cond
      (and *worker* (not (out? form))) (evaluate-there form)
      text                             (definitions/evaluate-text (evaluator msg) form text)
      :else                            (definitions/evaluate (evaluator msg) form))))

(defn- with-namespace-of-worker
  "A transport whose responses name the worker's namespace while the session evaluates there."
  [^Transport transport session]
  (reify Transport
    (recv [_] (.recv transport))
    (recv [_ timeout] (.recv transport timeout))
    (send [this response]
      (let [there (:ns (get @session #'*worker*))]
        (.send transport (cond-> response (and there (:ns response)) (assoc :ns there))))
      this)))

(defn- evaluating [{:keys [session eval file op] :as msg}]
  (when-not (contains? @session #'*worker*)
    (swap! session assoc #'*worker* nil))
  (cond-> (assoc msg :eval (str `eval-noting) ::eval eval :transport (with-namespace-of-worker (:transport msg) session))
    (= op "load-file")         (assoc ::text file)
    (get @session #'*worker*)  (dissoc :ns)))     ; it is one of the worker's

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

(defn- worker-of [{:keys [worker]}]
  (some #(when (= (str worker) (str (.id ^WorkerHandle %))) %) (parallel/children)))

(defn- eval-in-worker
  "On a thread of its own: the session's goes on."
  [{:keys [code] :as msg}]
  (if-let [w (worker-of msg)]
    (doto (Thread. ^Runnable
                   (fn []
                     (respond msg
                              (try
                                (let [{:keys [text ns]} (remote/evaluate w "parallel/eval" (read-string {:read-cond :allow} (str "(do " code "\n)")))]
                                  {:value text :ns ns :status :done})
                                (catch Throwable e
                                  {:err (str (ex-message e) "\n") :ex (str (class e)) :status #{:eval-error :done}}))))
                   (str "parallel-nrepl-eval-" (.id ^WorkerHandle w)))
      (.setDaemon true)
      .start)
    (respond msg {:status #{:error :no-such-worker :done}
                  :err    (str "There is no worker " (:worker msg) " here; there are " (mapv #(.id ^WorkerHandle %) (parallel/children)) ".\n")})))

(defn middleware
  "The nREPL middleware; see the namespace."
  [handler]
  (fn [{:keys [op] :as msg}]
    (case op
      ("eval" "load-file") (handler (if (:session msg) (evaluating msg) msg))
      "parallel/status"    (respond msg {:workers (for-bencode (parallel/status)) :status :done})
      "parallel/eval"      (eval-in-worker msg)
      (handler msg))))

(set-descriptor! #'middleware
                 {:requires #{"clone"}
                  :expects  #{"eval" "load-file"}
                  :handles  {"parallel/status" {:doc "The session's live workers, those of workers included."
                                                :requires {}
                                                :optional {}
                                                :returns {"workers" "A list of maps, as parallel.api/status; what is unknown is left out."}}
                             "parallel/eval"   {:doc "Evaluates code in a worker of this process, beside whatever it does."
                                                :requires {"worker" "The worker's id." "code" "The code."}
                                                :optional {}
                                                :returns {"value" "The value of the last form, printed."
                                                          "ns" "The namespace in the worker after it."
                                                          "err" "What went wrong."
                                                          "ex" "The class of the exception."}}}})
