(ns build
  (:require [clojure.tools.build.api :as b]))

(def ^:private classes "target/classes")

(defn uber [{:keys [deps]}]
  (let [basis (b/create-basis {:project "deps.edn", :extra deps})]
    (b/copy-dir {:src-dirs ["src"], :target-dir classes})
    (b/compile-clj {:basis basis, :class-dir classes, :ns-compile '[consumer.main]})
    (b/uber {:basis basis, :class-dir classes, :uber-file "target/consumer.jar", :main 'consumer.main})))
