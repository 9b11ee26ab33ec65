(ns parallel.walkthrough
  "A walk through the library: evaluate the forms one after the other. The last one leaves nothing behind."
  (:require [parallel.api :as parallel]))

;; A worker is a JVM that evaluates a form. Its value is what join or deref returns.
(def adder (parallel/run '(fn [a b] (+ a b)) 1 2))
@adder
;; => 3

;; Messages go both ways. (parent) is the other end, in the worker.
(def echo (parallel/run '(run! #(parallel/send (parallel/parent) %) (parallel/messages (parallel/parent)))))
(parallel/send echo {:xs (double-array 3) :at :home})
(parallel/receive echo)

;; What a worker does is in shared memory: asking never waits.
(parallel/status echo)
(:state (parallel/status echo))

;; Its loop ends when our stream to it ends; then its form has a value.
(parallel/send-end echo)
(parallel/join echo)

;; Groups: any vector of workers.
(def ws (parallel/fork 2))
(mapv deref (parallel/exec ws '(parallel/id)))

;; Forked workers keep their state.
@(parallel/exec (first ws) '(def n 41))
@(parallel/exec (first ws) '(inc n))

;; An error arrives here, with its data, and the worker lives on.
(def failing (parallel/exec (first ws) '(throw (ex-info "no luck" {:n 13}))))
(try
  @failing
  (catch Exception e
    (:data (ex-data e))))
;; => {:n 13}

;; The same, where a process is not needed: :in :thread.
@(parallel/run {:in :thread} '(reduce + (range 10)))

;; The end: nothing is left.
(parallel/join ws)
(parallel/children)
;; => []
