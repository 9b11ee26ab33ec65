(ns parallel.prompt
  "The prompt of bin/repl --plain: as clojure.main's, but Ctrl-C interrupts what is evaluated instead of ending the
  JVM, and workers get the definitions of the prompt, as under nREPL with the middleware."
  (:require [clojure.main :as main]
            [parallel.api]
            [parallel.impl.definitions :as definitions])
  (:import [sun.misc Signal SignalHandler]))

(def ^:private evaluation
  "{:thread of the evaluation that runs, :asked how often Ctrl-C has been pressed in it}; nil at the prompt."
  (atom nil))

(def ^:private patience "So many times Ctrl-C asks what is evaluated to end; the next time the JVM ends." 3)

(defn- pressed []
  (let [{:keys [^Thread thread asked]} (swap! evaluation #(some-> % (update :asked inc)))]
    (binding [*out* *err*]
      (cond
        (nil? thread)      (println "\nCtrl-D ends this prompt.")
        (<= asked patience) (do (when (= asked patience)
                                  (println "\nIt does not end; Ctrl-C once more ends the JVM."))
                                (.interrupt thread))
        :else              (.halt (Runtime/getRuntime) 130)))))

(defn- interruptible [form]
  (reset! evaluation {:thread (Thread/currentThread) :asked 0})
  (try
    (definitions/evaluate eval form)
    (finally
      (reset! evaluation nil)
      (Thread/interrupted))))       ; it has come too late

(defn -main
  "A prompt in user, with parallel.api as parallel."
  []
  (Signal/handle (Signal. "INT") (reify SignalHandler (handle [_ _] (pressed))))
  (main/repl
   :init #(do (in-ns 'user)
              (require '[parallel.api :as parallel])
              (apply require main/repl-requires))
   :eval interruptible))
