(ns hooks.parallel.pool
  "What clj-kondo reads in place of a macro."
  (:require [clj-kondo.hooks-api :as api]))

(defn with-pool
  "(with-pool [p opts n] ...) as (with-open [p (pool opts n)] ...): the name is bound, and so must the rest be."
  [{:keys [node]}]
  (let [[_ bindings & body] (:children node)
        [pool-name & args]  (:children bindings)]
    (when-not (and (api/vector-node? bindings) pool-name (<= 1 (count args) 2))
      (throw (ex-info "with-pool takes [name n] or [name opts n]" (or (meta bindings) (meta node)))))
    {:node (api/list-node
            (list* (api/token-node 'clojure.core/let)
                   (api/vector-node [pool-name (api/vector-node (vec args))])
                   body))}))
