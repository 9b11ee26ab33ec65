(ns parallel.bench.hosts
  "A worker on a host, which is this machine, beside a stream of the engine that carries it, and beside a worker of this
  machine. The connection of a host that is added by a command has TLS."
  (:require [parallel.bench.contender :refer [ask rounds warm-up with-contenders]]
            [parallel.bench.machine :as machine]
            [parallel.bench.row :as row])
  (:import [java.lang ProcessHandle]
           [parallel.bench GrpcBytes]))

(def ^:private there "parallel, on a host")

;; ---- messages

(defn- compared [figure unit value results references]
  (for [[of goal] references]
    (row/row {:figure figure :of of :unit unit :goal goal :ours (map value (results there))
              :reference (map value (results of))})))

(defn- messages
  [{:keys [quick?] :as options}]
  (with-contenders [contenders _ [there "gRPC" "gRPC, TLS" "TCP"]]
    (let [ping    (constantly ["ping" 8 (if quick? 2000 10000)])
          array   (constantly ["array" 1000000 (if quick? 10 40)])
          small   (constantly ["one-way" 64 (if quick? 500000 2000000)])
          of      (fn [round]
                    (warm-up contenders (if quick? 2000 4000) round)
                    (rounds contenders options round))]
      (doall
       (concat
        (compared "ping-pong of a long, p50" "us" #(/ (:p50 %) 1e3) (of ping)
                  [["gRPC" [:<= 2.0]] ["gRPC, TLS" nil] ["TCP" nil]])
        (compared "double[1,000,000], one way" "MB/s" #(/ (:bytes-per-second %) 1e6) (of array)
                  [["gRPC" [:>= 0.7]] ["gRPC, TLS" nil] ["TCP" nil]])
        (compared "one way, byte[64]" "M/s" #(/ (:per-second %) 1e6) (of small)
                  [["gRPC" [:>= 0.5]] ["gRPC, TLS" nil] ["TCP" nil]]))))))

;; ---- start

(defn- ms [answer] (/ (:ns answer) 1e6))

(defn- starts [program {:keys [quick?]}]
  (let [settled? (some :settled (repeatedly 3 #(ask program ["settle" 0 80])))
        turns    (fn [n f] (f) (vec (repeatedly n f)))
        runs     (turns (if quick? 4 9) (fn [] (mapv #(ms (ask program [% 0 0])) ["there" "here"])))
        adds     (turns (if quick? 3 7) (fn [] [(ms (ask program ["add" 0 0])) (/ (GrpcBytes/nanosToAnswer) 1e6)]))
        figure   "run on a host to the first message"]
    [(if settled?
       (row/row {:figure figure :of "run here" :unit "ms" :ours (map first runs) :reference (map second runs)})
       (row/missing figure "run here" "the host has no start cache"))
     (row/row {:figure "what a host adds to that" :unit "ms" :goal [:below 60] :ours (map #(apply - %) runs)})
     (row/missing "the same with a spare" nil "hosts keep no spares")
     (row/row {:figure "hosts/add by a command, its jars there" :of "gRPC, a JVM's answer" :unit "ms" :goal [:<= 1.5]
               :ours (map first adds) :reference (map second adds)})
     (row/row {:figure "the same" :unit "ms" :goal [:below 1500] :ours (map first adds)})]))

;; ---- what it costs while it is there

(def ^:private rest-ms 1500)
(def ^:private further-hosts 4)
(def ^:private forked 4)
(def ^:private stalled 8)

(defn- private-mib [pid]
  (/ (:private (machine/memory pid)) 1048576.0))

(defn- limit [figure unit most value]
  (row/row {:figure figure :unit unit :goal [:below most] :ours [(double value)]}))

(defn- bare-memory
  "MiB of two JVMs with a bare stream between them."
  []
  (with-contenders [{wire "gRPC, small"} _ ["gRPC, small"]]
    (ask wire ["ping" 8 5000])
    (let [^Process process (:process wire)]
      (mapv private-mib (cons (.pid process)
                              (map #(.pid ^ProcessHandle %) (iterator-seq (.iterator (.children process)))))))))

(defn- costs [program {:keys [quick?]}]
  (let [{:keys [link agent] :as none} (ask program ["processes" 0 0])
        bare    (bare-memory)
        both    #(mapv private-mib [link agent])
        _       (Thread/sleep (long rest-ms))
        idle    (machine/idle-percent [link agent] (if quick? 3000 10000))
        memory  (both)
        threads (mapv machine/java-threads [link agent])
        _       (ask program ["fork" forked 0])
        _       (Thread/sleep (long rest-ms))
        some    (ask program ["processes" 0 0])
        each    #(/ (- (double %1) %2) forked)
        working (mapv machine/java-threads [link agent])
        slow    (ask program ["status" 0 (if quick? 2000 4000)])
        _       (ask program ["fork" stalled 0])
        before  (both)
        _       (ask program ["stall" 0 0])
        full    (both)
        _       (ask program ["fork" 0 0])
        alone   (first (both))
        _       (ask program ["more" further-hosts 0])
        _       (Thread/sleep (long rest-ms))
        crowd   (first (both))]
    (ask program ["fewer" further-hosts 0])
    (into
     [(limit "status while the agent stands still, longest" "ms" 20 (ms slow))
      (limit "CPU of link and agent, idle" "% core" 0.5 (reduce + idle))]
     (concat
      (for [[process mib] (map vector ["link" "agent"] memory)]
        (row/row {:figure (str "private memory of the " process) :of "gRPC, small" :unit "MiB" :goal [:<= 1.25]
                  :ours [mib] :reference [(row/median bare)]}))
      [(limit "private memory of the link for a further host" "MiB" 2 (/ (- crowd alone) further-hosts))
       (limit "threads of the root for a worker on a host" "" 1.5 (each (:threads some) (:threads none)))
       (limit "threads of the link" "" 15 (first threads))
       (limit "threads of the agent" "" 19 (second threads))
       (limit "the same, for a worker" "" 3.5 (each (second working) (second threads)))]
      (for [[process a b] (map vector ["link" "agent"] before full)]
        (limit (str "memory of the " process " for 8 that stall") "MiB" 32 (- b a)))))))

(defn hosts [options]
  (concat (messages options)
          (with-contenders [{program "parallel.hosts"} _ ["parallel.hosts"]]
            (into (starts program options) (costs program options)))))
