(ns ^:no-doc parallel.impl.remote
  "A prompt whose evaluations happen in a worker, beside what the worker evaluates otherwise: what the caller does, and what the
  worker does."
  (:require [clojure.main :as main]
            [parallel.api]
            [parallel.impl.errors :as errors]
            [parallel.impl.form :as form])
  (:import [parallel.clojure ClojureReply]
           [parallel.runtime Context WorkerHandle]))

(set! *warn-on-reflection* true)

;; ---- in the worker

(def ^:private prompts
  "What each prompt remembers: key to {:ns name, :values [*1 *2 *3], :error *e}."
  (atom {}))

(defn- user-ns []
  (or (find-ns 'user) (binding [*ns* (create-ns 'user)] (refer 'clojure.core) *ns*)))

(defn- ensure-parallel [ns]
  (when-not (get (ns-aliases ns) 'parallel)
    (.addAlias ^clojure.lang.Namespace ns 'parallel (the-ns 'parallel.api)))
  ns)

(defn evaluate-here
  "Evaluates a form as at the prompt of that key: {:text the value as it prints, :ns the namespace's name}."
  [key form]
  (let [{:keys [ns values error]} (get @prompts key)
        [v1 v2 v3] values]
    (binding [*ns* (ensure-parallel (or (some-> ns find-ns) (user-ns)))
              *1 v1 *2 v2 *3 v3 *e error
              *file* "NO_SOURCE_PATH"
              *print-length* *print-length* *print-level* *print-level* *print-meta* *print-meta* *warn-on-reflection* false
              *unchecked-math* false *data-readers* *data-readers* *assert* *assert* *command-line-args* nil]
      (try
        (let [value (eval form)
              text  (pr-str value)]
          (swap! prompts assoc key {:ns (ns-name *ns*) :values [value v1 v2] :error *e})
          {:text text :ns (str (ns-name *ns*))})
        (catch Throwable e
          (swap! prompts update key assoc :ns (ns-name *ns*) :error e)
          (throw e))))))

(defonce ^:private server (atom nil))

(defn- start-server [{:keys [port socket]}]
  (let [start   (try
                  (requiring-resolve 'nrepl.server/start-server)
                  (catch java.io.FileNotFoundException _
                    (throw (ex-info (str "nREPL is not on the class path of worker " (.id (Context/current))
                                         ". Add nrepl/nrepl {:mvn/version \"1.0.0\"} to the dependencies of the process that starts it.")
                                    {}))))
        handler ((requiring-resolve 'nrepl.server/default-handler) (requiring-resolve 'parallel.nrepl/middleware))]
    (if socket
      (do (start :socket socket :handler handler)
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
  "The value of a form of no locals, evaluated in the worker at once, beside whatever it does. Blocks; an interrupt interrupts it
  there, too."
  [^WorkerHandle w form]
  (value-of (.execNow w (form/job 'user form []))))

(defn evaluate
  "A form at a prompt in the worker: {:text :ns}."
  [w key form]
  (call w (list `evaluate-here key (list 'quote form))))

(defn main-repl
  "A prompt of clojure.main's kind in the worker, until (parallel/out) or the end of input."
  [w key out?]
  (let [ns (atom "user")]
    (main/repl
     :init        (fn [])
     :prompt      #(print (str @ns "@" (.id ^WorkerHandle w) "=> "))
     :read        (fn [request-prompt request-exit]
                    (let [form (main/repl-read request-prompt request-exit)]
                      (if (out? form) request-exit form)))
     :eval        (fn [form]
                    (let [{:keys [text] worker-ns :ns} (evaluate w key form)]
                      (reset! ns worker-ns)
                      text))
     :print       println)))
