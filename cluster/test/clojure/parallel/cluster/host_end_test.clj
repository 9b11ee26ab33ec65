(ns ^:once ^:jvm ^:slow parallel.cluster.host-end-test
  "How a host ends, and what its workers' parent hears of it; and what is refused."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing use-fixtures]]
            [parallel.api :as parallel]
            [parallel.cluster.on-host :refer [*host* about-host agent-pid closing-hosts gone? here kill! link-pid
                                              on-host pid signal! with-host]]
            [parallel.documents-test :as documents]
            [parallel.hosts :as hosts]
            [parallel.look :as look]
            [parallel.root :as root]
            [parallel.support :refer [await-true error error-kind within]]))

(use-fixtures :each closing-hosts)

;; ---- what ends

(defn- lost
  "The :parallel/error, :why and :host of a worker's end."
  [w]
  ((juxt :parallel/error :why :host) (error #(within 60000 (fn [] (parallel/join w))))))

(deftest an-agent-that-dies-is-a-host-lost
  (let [events (atom [])]
    (with-host {:on-event #(swap! events conj (:event %))}
      (let [ws   [(parallel/run (on-host) '(do (parallel/send (parallel/parent) :sent) (Thread/sleep 100000)))
                  (parallel/fork (on-host))]
            _    @(parallel/exec (second ws) 1)
            pids (mapv pid ws)]
        (is (await-true #(= 1 (:messages (:sent (parallel/status (first ws)))))))
        (kill! (agent-pid))
        (is (= (repeat 2 [:host-lost :agent-died "here"]) (map lost ws)))
        (is (= :sent (parallel/receive (first ws))))
        (is (= {:sent 0 :confirmed 0 :received 1}
               (select-keys (error #(parallel/receive (first ws))) [:sent :confirmed :received])))
        (is (await-true #(every? gone? pids)) "its workers end by themselves")
        (is (= :lost (:state (about-host))))
        (is (await-true #(= [:host-up :host-lost] (remove #{:host-silent :host-back} @events))))
        (is (= :bad-argument (error-kind #(parallel/run (on-host) 1))))
        (with-host {}
          (is (= [1 2] (map - (map :host/id (hosts/hosts)) (repeat (dec (:host/id (first (hosts/hosts)))))))
              "its number is not used again")
          (is (= 3 @(parallel/run (on-host) '(+ 1 2)))))))))

(deftest the-process-that-holds-the-hosts-may-die
  (with-host {}
    (let [w     (parallel/run (on-host) '(Thread/sleep 100000))
          _     (is (await-true #(= :running (:state (parallel/status w)))))
          pids  [(pid w) (agent-pid)]]
      (kill! (link-pid))
      (is (= [:host-lost :link-died "here"] (lost w)))
      (is (await-true #(every? gone? pids)))
      (with-host {}
        (is (= 3 @(parallel/run (on-host) '(+ 1 2))))))))

(deftest an-agent-that-stands-still-is-waited-for-and-then-lost
  (let [events (atom [])]
    (with-host {:on-event #(swap! events conj (:event %)) :host-timeout-ms 6000}
      (let [w     (parallel/run (on-host) '(do (parallel/receive (parallel/parent)) (Thread/sleep 100000)))
            _     (is (await-true #(= :receiving (:state (parallel/status w)))))
            agent (agent-pid)
            pids  [(pid w) agent]]
        (signal! "STOP" agent)
        (is (await-true #(= :silent (:state (about-host)))))
        (is (some (comp #{:host-silent} :finding) (look/diagnose)))
        (is (nil? (parallel/receive w 100 nil)) "a call waits")
        (signal! "CONT" agent)
        (is (await-true #(= :up (:state (about-host)))))
        (signal! "STOP" agent)
        (is (= [:host-lost :silent "here"] (lost w)))
        (signal! "CONT" agent)
        (is (await-true #(every? gone? pids)))
        ;; a busy machine may be silent more than once
        (is (await-true #(= :host-lost (peek @events))))
        (is (= #{:host-up :host-silent :host-back :host-lost} (set @events)))))))

(deftest a-host-that-is-removed-is-gone
  (with-host {}
    (let [w    (parallel/run (on-host) '(Thread/sleep 100000))
          _    (is (await-true #(= :running (:state (parallel/status w)))))
          pids [(pid w) (agent-pid)]]
      (hosts/remove *host*)
      (is (every? gone? pids))
      (is (= :worker-died (error-kind #(parallel/join w))))
      (is (= [:closed] (map :state (hosts/hosts))))
      (is (re-find #"No worker can be started on host here \(closed\)"
                   (:message-of-error (error #(parallel/run (on-host) 1)))))
      (hosts/remove *host*)
      (hosts/close)
      (is (= [] (hosts/hosts))))))

(deftest two-hosts-side-by-side
  (hosts/with-hosts [[a b] [(assoc here :name "a") (assoc here :name "b")]]
    (let [ws (mapv #(parallel/run {:in %} '(let [m (parallel/receive (parallel/parent))]
                                             [(parallel.hosts/host) m]))
                   [a b "a" "b"])]
      (parallel/send ws :all)
      (is (= [["a" :all] ["b" :all] ["a" :all] ["b" :all]] (mapv deref ws)))
      (is (= :bad-argument (error-kind #(hosts/add (assoc here :name "a")))) "a name is given once"))))

;; ---- several, this machine, and what is known of hosts

(deftest hosts-are-brought-in-side-by-side-all-or-none
  (let [adding (future (hosts/add-all [(assoc here :name "a") (assoc here :name "b" :start ["env" "OF_B=b"])]))
        _      (is (await-true #(= [:starting :starting] (map :state (hosts/hosts)))) "not one after the other")
        hs     @adding]
    (is (= ["a" "b"] (map :name (hosts/hosts)) (map #(.name ^parallel.Host %) hs)))
    (is (= #{:up} (set (map :state (hosts/hosts)))))
    (is (= [nil "b"] (mapv deref (mapv #(parallel/run {:in %} '(System/getenv "OF_B")) hs))))
    (hosts/close)
    (let [e (error #(hosts/add-all [(assoc here :name "a") (assoc here :name "b" :start ["sh" "-c" "exit 3"])
                                    (assoc here :name "c" :java "/no/such/java")]))]
      (is (= [:several [:start-failed :start-failed] ["b" "c"]]
             [(:parallel/error e) (map (comp :parallel/error ex-data) (:errors e))
              (map (comp :host ex-data) (:errors e))]))
      (is (re-find #"2 of 3 hosts could not be added.*" (:message-of-error e)))
      (is (= [["a" :closed]] (map (juxt :name :state) (hosts/hosts))) "the other is removed"))
    (is (= :bad-argument (error-kind #(hosts/add-all here)) (error-kind #(hosts/add-all [here {}]))))
    (is (= :bad-argument (:parallel/error (:data (error #(deref (parallel/run '(parallel.hosts/add-all [])))))))
        "a worker has none")))

(deftest with-hosts-leaves-none-whatever-happens
  (let [pids (atom [])]
    (is (= :out (try
                  (hosts/with-hosts [hs [(assoc here :name "a") (assoc here :name "b")]]
                    (reset! pids (map :pid (hosts/hosts)))
                    (throw (ex-info "out" {:kind :out})))
                  (catch clojure.lang.ExceptionInfo e (:kind (ex-data e))))))
    (is (= 2 (count @pids)))
    (is (every? gone? @pids))
    (is (= [:closed :closed] (map :state (hosts/hosts))))))

(deftest this-machine-is-a-host-too
  (let [local (hosts/local)
        w     (parallel/fork {:in local})]
    (is (= [nil nil] [@(parallel/exec w '(parallel.hosts/host)) (:host (parallel/status w))]) (pr-str local))
    (is (identical? local (hosts/local)))
    (is (= [] (hosts/hosts)))
    (let [status (.status local)]
      (is (= [1 0 (.pid (java.lang.ProcessHandle/current))] [(.workers status) (.number status) (.pid status)])))
    (hosts/remove local)
    (is (= 1 @(parallel/exec w 1)) "it cannot be removed")
    (parallel/stop w)))

(deftest all-that-is-known-of-a-host-is-there
  (with-host {:cores 3}
    (let [w    (parallel/fork (on-host))
          keys [:name :host/id :state :via :address :pid :cores :free-cores :memory-bytes :load :jdk :java :dir :speed
                :rtt-us :mb-per-s :workers :spares :sent :received :since :last-heard-ms :error]]
      @(parallel/exec w '(dotimes [n 3] (parallel/send (parallel/parent) n)))
      (parallel/send w "x")
      @(parallel/exec w '(parallel/receive (parallel/parent)))
      (is (await-true #(and (:rtt-us (about-host)) (= 1 (:messages (:received (about-host)))))))
      (let [h (about-host)]
        (is (= (set keys) (set (clojure.core/keys h))))
        (is (= ["here" :up :start "127.0.0.1" 3 2 1 0 nil] ((juxt :name :state :via :address :cores :free-cores :workers
                                                                  :spares :error) h)))
        (is (every? pos? ((juxt :host/id :pid :memory-bytes :rtt-us) h)))
        (is (<= 17 (:jdk h)))
        (is (= [3 1] [(:messages (:sent h)) (:messages (:received h))]))
        (is (< 0 (:bytes (:sent h))))
        (is (<= 0 (:last-heard-ms h) 60000))
        (is (instance? java.time.Instant (:since h))))
      (parallel/stop w)
      (is (= [0 3 3 1] (let [h (about-host)]
                         [(:workers h) (:free-cores h) (:messages (:sent h)) (:messages (:received h))]))
          "of those that have ended, too"))
    (is (re-find #"\|\s+here \|\s+up \|" (with-out-str (hosts/print-hosts))))
    (is (re-find #"here" (pr-str *host*))))
  (hosts/close)
  (is (= "no hosts\n" (with-out-str (hosts/print-hosts)))))

;; ---- the guide

(deftest the-guide-to-hosts-works-from-top-to-bottom
  (#'documents/check (#'documents/examples "doc/hosts.md") 6))

;; ---- the root

(def ^:private root-with-a-host
  "Forms of a root that has a worker on a host, and says the pids of that, its agent and the process in between."
  '[(require '[parallel.hosts :as hosts])
    (import 'java.lang.ProcessHandle)
    (def h (hosts/add {:start ["env"] :address "127.0.0.1" :host-timeout-ms 12000}))
    (def w (p/fork {:in h}))
    @(p/exec w 1)
    (def agent-pid (:pid (first (hosts/hosts))))
    (println "pids" (:pid (p/status w)) agent-pid (.pid (.get (.parent (.get (ProcessHandle/of agent-pid))))))])

(deftest nothing-of-the-engine-is-loaded-in-the-root
  (let [{:keys [said exit left]} (apply root/run {:jvm-opts ["-Xlog:class+load:stdout"]}
                                        (concat root/prelude root-with-a-host '[(System/exit 0)]))]
    (is (= 0 exit))
    (is (some #(str/starts-with? % "pids") said) (str/join "\n" (remove #(str/starts-with? % "[") said)))
    (is (some #(re-find #"parallel\.hosts\.LinkJvm" %) said))
    (is (not-any? #(re-find #"\] (io\.grpc|parallel\.cluster|parallel\.relay\.(LinkServer|AgentServer))" %) said))
    (is (empty? left))))

(deftest a-root-that-is-killed-leaves-nothing-anywhere
  (let [process (root/start {} (concat root/prelude root-with-a-host '[(Thread/sleep 1000000)]))]
    (try
      (let [lines (io/reader (.getInputStream process))
            said  (within 240000 #(some (fn [line] (re-find #"^pids (.*)" line)) (line-seq lines)))
            pids  (map parse-long (str/split (second said) #" "))]
        (is (= 3 (count pids)))
        (.destroyForcibly process)
        (is (await-true #(every? gone? pids)) (pr-str pids)))
      (finally
        (.destroyForcibly process)))))

;; ---- options of a host

(deftest a-host-has-a-directory-and-variables-for-its-workers
  (let [said '[(System/getProperty "user.dir") (System/getenv "OF_HOST") (System/getenv "OF_BOTH")]]
    (with-host {:dir "/" :env {"OF_HOST" "host" "OF_BOTH" "host"}}
      (is (= ["/" "host" "host"] @(parallel/run (on-host) said)))
      (is (= ["/tmp" "host" "worker"] @(parallel/run (on-host {:dir "/tmp" :env {"OF_BOTH" "worker"}}) said))))))

;; ---- bad input

(deftest what-is-no-host-is-refused
  (doseq [[spec what] {nil                                #"a map of options"
                       {}                                 #":start of a host is nil"
                       {:start "ssh"}                     #":start of a host is \"ssh\"; allowed is a vector of strings"
                       {:start []}                        #":start of a host is \[\]"
                       {:start ["env"] :naem "x"}         #"Unknown option :naem of a host; known are"
                       {:start ["env"] :cores 0}          #":cores .*is 0; allowed is a number of 1 or more"
                       {:start ["env"] :host-timeout-ms 1} #":host-timeout-ms .*from 3000 to 600000"}]
    (testing (pr-str spec)
      (let [e (error #(hosts/add spec))]
        (is (= :bad-argument (:parallel/error e)))
        (is (re-find what (:message-of-error e))))))
  (doseq [in [:elsewhere 7 nil [] [:elsewhere] ["nobody" "none"]]]
    (is (= :bad-argument (error-kind #(parallel/run {:in in} 1))) (pr-str in)))
  (is (re-find #"There is no host nobody" (:message-of-error (error #(parallel/run {:in "nobody"} 1))))))

(deftest a-command-that-starts-no-agent-says-why-soon
  (doseq [[options what] {{:start ["/no/such/command"]}                 #"Its command cannot be run"
                          {:start ["sh" "-c" "exit 3"]}                 #"ended with exit code 3 before"
                          {:start ["echo" "rubbish"]}                   #"It printed: \"rubbish\s"
                          {:start ["sh" "-c" "yes"]}                    #"prints text that is not from the agent: \"y\""
                          {:start ["sh" "-c" "sleep 600"] :start-timeout-ms 800} #"was not up in time"
                          {:java "/no/such/java"}                       #"Install Java 17 or newer"
                          {:start ["sh" "-c" "echo parallel-agent 0.0.1 5 x y; sleep 600"]} #"version 0.0.1"
                          {:jvm-opts ["-no-such-flag"]}                 #"-no-such-flag"}]
    (testing (pr-str options)
      (let [e (within 60000 (fn [] (error #(hosts/add (merge here options)))))]
        (is (= :start-failed (:parallel/error e)))
        (is (re-find what (:message-of-error e)) (:message-of-error e))
        (is (= "here" (:host e)))))
    (is (= [] (hosts/hosts)) "its name can be used again")))

(deftest a-worker-has-no-hosts
  (let [said #(:message-of-error (error (fn [] @(parallel/run % '(parallel.hosts/add {:start ["env"]})))))]
    (is (re-find #"has no hosts: add them, and start their workers, in the root" (said {})))
    (is (re-find #"has no hosts: add them, and start their workers, in the root" (said {:in :thread})))
    (is (re-find #"has no hosts: add them, and start their workers, in the root"
                 (:message-of-error (error (fn [] @(parallel/run '(parallel/run {:in "here"} 1)))))))))
