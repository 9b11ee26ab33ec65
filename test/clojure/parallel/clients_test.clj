(ns ^:once parallel.clients-test
  "Clients that others have written, as their users have them."
  (:require [clojure.java.io :as io]
            [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [nrepl.server :as server]
            [parallel.api :as parallel]
            [parallel.nrepl]
            [parallel.support :refer [await-true]])
  (:import [java.io InputStream OutputStream]
           [java.lang ProcessHandle]
           [java.util.concurrent TimeUnit]))

(def ^:private patience-s 120)

(defn- start ^Process [command environment]
  (let [builder (ProcessBuilder. ^java.util.List command)]
    (.putAll (.environment builder) environment)
    (.start (.redirectErrorStream builder true))))

(defn- end [^Process process]
  (run! #(.destroyForcibly ^ProcessHandle %) (iterator-seq (.iterator (.descendants process))))
  (.destroyForcibly process)
  (.waitFor process patience-s TimeUnit/SECONDS))

;; ---- the npm package nrepl-client

(deftest the-npm-client-goes-into-a-worker-and-back
  (if-let [modules (System/getenv "PARALLEL_NREPL_CLIENT")]
    (let [server  (server/start-server :bind "127.0.0.1" :port 0
                                       :handler (server/default-handler #'parallel.nrepl/middleware))
          process (start ["node" "test/clients/session.js" (str (:port server))]
                         {"NODE_PATH" modules "NODE_NO_WARNINGS" "1"})]
      (try
        (let [output (future (slurp (.getInputStream process)))
              said   (deref output (* 1000 patience-s) "It did not end.")
              answer (fn [code]
                       (or (some #(when (str/includes? % (str "\"code\":\"" code)) %) (str/split-lines said)) said))]
          (is (str/includes? (answer "@(parallel/exec") "\"values\":[\"42\"]"))
          (is (str/includes? (answer "[::k") "\"values\":[\"[:there/k there/foo true]\"]"))
          (is (str/includes? (answer "(println") "\"out\":\"said there\\n\""))
          (is (str/includes? (answer "(/ 1 0)") "Divide by zero"))
          (is (str/includes? (answer "(parallel/out)") "\"ns\":\"user\""))
          (is (str/includes? (answer "(parallel/id)") "\"values\":[\"0\"]")))
        (finally
          (end process)
          (await-true #(empty? @(:open-transports server)))
          (server/stop-server server)
          (run! parallel/kill (parallel/children))
          (await-true #(empty? (parallel/children)))
          (parallel/close))))
    (do (println "The npm package nrepl-client is not here (bin/test installs it with npm): its session is not tested.")
        (is (not= "true" (System/getenv "CI")) "under CI the npm package nrepl-client has to be had"))))

;; ---- a terminal

(defn- terminal
  "bin/repl --plain in a terminal of its own, also where these tests ignore Ctrl-C, as in the background: {:type sends
  text, :until waits for text, and is what came before it, :process}."
  []
  (let [process (start ["env" "--default-signal=INT" "script" "-q" "-f" "-c" "exec bin/repl --plain" "/dev/null"]
                       {"TERM" "dumb"})
        in      ^InputStream (.getInputStream process)
        out     ^OutputStream (.getOutputStream process)
        seen    (StringBuffer.)
        from    (atom 0)
        reader  (doto (Thread. #(try
                                  (loop []
                                    (let [b (.read in)]
                                      (when-not (neg? b)
                                        (.append seen (char b))
                                        (recur))))
                                  (catch java.io.IOException _)))
                  .start)]
    {:process process
     :reader  reader
     :type    (fn [text] (.write out (.getBytes ^String text)) (.flush out))
     :until   (fn [text]
                (let [at #(let [i (.indexOf seen ^String text (int @from))] (when-not (neg? i) i))]
                  (if-let [i (await-true at (* 1000 patience-s))]
                    (let [before (subs (str seen) @from i)]
                      (reset! from (+ i (count text)))
                      before)
                    (throw (ex-info (str "It did not say " (pr-str text)) {:said (subs (str seen) @from)})))))}))

(deftest Ctrl-C-at-a-plain-prompt-interrupts-what-is-evaluated
  (let [{:keys [process type until ^Thread reader]} (terminal)
        evaluate   (fn [code prompt] (until prompt) (type (str code "\n")))
        interrupt  (fn [code prompt]
                     (evaluate (str "(do (println (str \"be\" \"gun\")) " code ")") prompt)
                     (until "begun\r\n")
                     (type "\u0003"))]
    (try
      (interrupt "(Thread/sleep 600000)" "user=> ")
      (until "sleep interrupted")
      (evaluate "(def w (parallel/fork))" "user=> ")
      (evaluate "@(parallel/exec w '(+ 40 2))" "user=> ")
      (until "42\r\n")
      (testing "what is defined here is sent to the worker that uses it"
        (evaluate "(defn twice [x] (* 2 x))" "user=> ")
        (evaluate "@(parallel/exec w '(twice 33))" "user=> ")
        (until "66\r\n"))
      (interrupt "(parallel/receive w)" "user=> ")
      (until "InterruptedException")
      (testing "in a worker, whose prompt says where it is"
        (evaluate "(parallel/in w)" "user=> ")
        (interrupt "(Thread/sleep 600000)" "user@1=> ")
        (until "InterruptedException")
        (evaluate "{:a\n::b}" "user@1=> ")
        (until "{:a :user/b}")
        (evaluate "(read-line)\na line" "user@1=> ")
        (until "\"a line\"")
        (evaluate "(System/exit 3)" "user@1=> ")
        (until "Worker 1 has ended: this prompt is back in its own process"))
      (until "user=> ")
      (type "\u0003")
      (until "Ctrl-D ends this prompt.")
      (type "(+ 20 3)\n")
      (until "23\r\n")
      (type "\u0004")
      (is (.waitFor ^Process process patience-s TimeUnit/SECONDS))
      (is (= 0 (.exitValue ^Process process)))
      (finally
        (end process)
        (.join reader (* 1000 patience-s))))))
