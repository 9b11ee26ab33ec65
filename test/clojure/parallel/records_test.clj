(ns parallel.records-test
  "Records of the prompt bring their type along wherever they are: nested in arguments, in elements of a pool's map, in
  messages."
  (:require [clojure.test :refer [deftest is testing]]
            [parallel.impl.definitions :as definitions]))

(defn- at-prompt
  "Evaluates forms as at a prompt that notes what it defines, in the namespace; the value of the last one."
  [ns-sym & forms]
  (binding [*ns* (or (find-ns ns-sym)
                     (doto (create-ns ns-sym)
                       (as-> n (binding [*ns* n]
                                 (refer 'clojure.core)
                                 (require '[parallel.api :as parallel] '[parallel.pool :as pool])))))
            *file* "NO_SOURCE_PATH"]
    (last (mapv #(definitions/evaluate eval %) forms))))

(defmacro ^:private with-prompt [[ns-sym] & body]
  `(let [~ns-sym (gensym "prompt")]
     (try ~@body (finally (remove-ns ~ns-sym)))))

(deftest records-arrive-everywhere-with-what-they-implement
  (with-prompt [p]
    (at-prompt p
               '(defprotocol Area (area [this]))
               '(def factor 1)
               '(defrecord Square [side] Area (area [_] (* factor side side)))
               '(defrecord Circle [radius])
               '(extend-type Circle Area (area [c] (* 3 (:radius c))))
               '(def w (parallel/fork {:max-heap "128m"})))
    (testing "messages, nested, both ways; the class is one for all"
      (is (= [16 [16 12] true]
             (at-prompt p '(do (parallel/send w {:deep [1 {:s (->Square 4)} #{(->Circle 4)}]})
                               (let [sq  (->Square 4)
                                     m   @(parallel/exec w
                                                         '(let [{[_ {:keys [s]}
                                                                  circles] :deep} (parallel/receive (parallel/parent))]
                                                            (parallel/send (parallel/parent)
                                                                           [s (assoc s :more (first circles))])
                                                            [(area s) (mapv area (cons s circles))]))
                                     up  (parallel/receive w)]
                                 (conj m (= [sq (assoc sq :more (->Circle 4))] up))))))))
    (testing "arguments, nested; locals of spawn-on"
      (is (= [25 36] (at-prompt p '[@(parallel/exec w '(fn [m] (area (:s (first (:x m))))) {:x [{:s (->Square 5)}]})
                                    (let [m {:a {:b (->Square 6)}}]
                                      @(parallel/spawn-on w (area (get-in m [:a :b]))))]))))
    (testing "redefined: what comes after has the new one, and the old one again"
      (at-prompt p '(defrecord Square [side colour] Area (area [_] (* 100 factor side))))
      (is (= [200 :red] (at-prompt p '(do (parallel/send w [(->Square 2 :red)])
                                          @(parallel/exec w '(let [[s] (parallel/receive (parallel/parent))]
                                                               [(area s) (:colour s)]))))))
      (at-prompt p '(defrecord Square [side] Area (area [_] (* factor side side))))
      (is (= 4
             (at-prompt p '(do (parallel/send w [(->Square 2)])
                               @(parallel/exec w '(area (first (parallel/receive (parallel/parent)))))))))
      (at-prompt p '(def factor 10))
      (is (= 40
             (at-prompt p '(do (parallel/send w [(->Square 2)])
                               @(parallel/exec w '(area (first (parallel/receive (parallel/parent))))))))
          "what it uses, too"))
    (testing "a worker of the worker has it, too"
      (is (= 90 (at-prompt p '(do (parallel/send w (->Square 3))
                                  @(parallel/exec w '(let [v (parallel/fork {:max-heap "64m"})
                                                           s (parallel/receive (parallel/parent))]
                                                       (parallel/send v {:s s})
                                                       (try
                                                         @(parallel/exec
                                                           v '(area (:s (parallel/receive (parallel/parent)))))
                                                         (finally (parallel/kill v))))))))))
    (testing "a definition that is not the worker's to evaluate is an error of that message, which names the class"
      (intern p 'unnoted (fn [x] x))
      (at-prompt p '(defrecord Uses [x] Area (area [_] (unnoted x))))
      (let [e (try (at-prompt p '(do (parallel/send w {:a [(->Uses 1)]})
                                     @(parallel/exec w '(parallel/receive (parallel/parent)))))
                   (catch Exception e e))]
        (is (re-find #"record prompt\d+\.Uses.*unnoted" (str (ex-message e)))))
      (is (= 1 (at-prompt p '(do (parallel/send w 1) @(parallel/exec w '(parallel/receive (parallel/parent)))))))
      "the channel goes on")
    (at-prompt p '(parallel/stop w))))

(deftest elements-and-arguments-of-a-pool-may-be-records-of-the-prompt
  (with-prompt [p]
    (at-prompt p '(defprotocol Area (area [s])) '(defrecord Sq [side] Area (area [_] (* side side)))
               '(def thepool (pool/pool {:max-heap "96m"} 1)))
    (is (= [[9] [3] 16 5 [[(at-prompt p '(->Sq 2))]]]
           (at-prompt p '[(vec (pool/pmap {:pool thepool} 'area [(->Sq 3)]))
                          (vec (pool/pmap {:pool thepool} '(fn [m] (:side (:s m))) [{:s (->Sq 3)}]))
                          @(pool/submit thepool '(fn [x] (area (first x))) [(->Sq 4)])
                          (pool/fold {:pool thepool} '+ '(fn [n s] (+ n (area s))) [(->Sq 1) (->Sq 2)])
                          (vec (pool/pmap {:pool thepool} '(fn [n] [(->Sq n)]) [2]))])))
    (at-prompt p '(.close ^java.lang.AutoCloseable thepool))))
