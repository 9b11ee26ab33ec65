;; Four workers receive arrays and print them; bin/demo runs this.
(require '[parallel.api :as parallel])

(def worker
  '(do
     (parallel/print "I'm a worker, my ID is:" (parallel/id))
     (dotimes [_ 5]
       (let [t (parallel/receive (parallel/parent))]
         (parallel/print "received array of size" (alength t))
         (parallel/print "first elements:" (vec (take 3 t)))
         (Thread/sleep 1000)))))

(parallel/print "I'm the parent, my ID is:" (parallel/id))
(def ws (vec (repeatedly 4 #(parallel/run worker))))
(def data (double-array (range 1 101)))
(dotimes [_ 5] (parallel/send ws data))
(parallel/join ws)
(parallel/print "all processes terminated")

(println "Try next: bin/repl --plain starts a prompt, and README.md has a first example to paste.")
(println "Then read: doc/guide.md leads from the first worker to a prompt inside one.")
