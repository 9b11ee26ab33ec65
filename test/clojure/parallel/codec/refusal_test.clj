(ns parallel.codec.refusal-test
  (:require [clojure.string :as str]
            [clojure.test :refer [deftest is testing]]
            [parallel.codec.records :as records]
            [parallel.codec.support :refer [bytes-of refusal round-trip value-of]])
  (:import (java.util ArrayList HashMap TreeMap)
           (parallel.codec Shapes$Handle Shapes$Opaque Shapes$Point)))

(defn- refused [v] (refusal #(bytes-of v)))

(deftest a-refusal-says-which-class-where-and-what-to-do
  (doseq [[v path] [[inc []]
                    [{:a [1 2 {:b inc}]} [:a 2 :b]]
                    [(list 1 (map identity [inc])) [1 0]]
                    [{"k" {nil inc}} ["k" nil]]
                    [#{[inc]} [0 0]]
                    [(sorted-map 1 inc) [1]]
                    [(object-array [1 (object-array [nil inc])]) [1 1]]
                    [(into-array Object [inc]) [0]]
                    [(ArrayList. [1 inc]) [1]]
                    [(HashMap. {:a (ArrayList. [inc])}) [:a 0]]
                    [(records/->Point 1 {:z inc}) [:y :z]]
                    [(assoc (records/->Bare) :added [inc]) [:added 0]]
                    [(Shapes$Point. 1 2 "l" [inc]) ["more" 0]]
                    [(zipmap (range 20) (concat (range 19) [[inc]])) [19 0]]
                    [(into clojure.lang.PersistentQueue/EMPTY [1 inc]) [1]]
                    [(subvec [1 [inc]] 1) [0 0]]
                    [(first {:a inc}) [1]]
                    [(vec (concat (range 100) [inc])) [100]]]]
    (let [e (refused v)]
      (is (= (.getName (class inc)) (some-> e .className)) (pr-str path))
      (is (= path (some-> e .path)))
      (is (str/includes? (.getMessage e) "clojure.core$inc cannot be sent: functions carry no meaning"))
      (is (= (boolean (seq path)) (str/includes? (.getMessage e) "It is at [")))))
  (is (str/ends-with? (.getMessage (refused {:a [1 2 {:b inc}]})) "It is at [:a 2 :b].")))

(deftest a-key-that-cannot-travel-ends-the-path
  (is (= [:a "key of class clojure.lang.Atom"] (.path (refused {:a {(atom 1) 1}}))))
  (is (= [1 "key of class clojure.lang.PersistentVector" 0] (.path (refused [0 (hash-map [inc] 1)]))))
  (is (= ["key of class clojure.lang.Atom"] (.path (refused (HashMap. {(atom 1) 1}))))))

(defn- unreadable
  "The exception of a message in which the class of each record Bare has another name."
  [v]
  (let [text (String. ^bytes (bytes-of v) "ISO-8859-1")]
    (assert (str/includes? text "records.Bare"))
    (refusal #(value-of (.getBytes (str/replace text "records.Bare" "records.Bard") "ISO-8859-1")))))

(deftest what-cannot-be-read-says-where-as-what-cannot-be-written-does
  (let [bad (records/->Bare)]
    (doseq [[v path] [[bad []]
                      [{:a [1 2 {:b bad}]} [:a 2 :b]]
                      [(list 1 (map identity [bad])) [1 0]]
                      [{"k" {nil bad}} ["k" nil]]
                      [#{[bad]} [0 0]]
                      [(sorted-map 1 bad) [1]]
                      [(object-array [1 (object-array [nil bad])]) [1 1]]
                      [(into-array Object [bad]) [0]]
                      [(ArrayList. [1 bad]) [1]]
                      [(java.util.LinkedList. [1 bad]) [1]]
                      [(java.util.concurrent.ConcurrentHashMap. {:a bad}) [:a]]
                      [(HashMap. {:a (ArrayList. [bad])}) [:a 0]]
                      [(records/->Point 1 {:z bad}) [:y :z]]
                      [(assoc (records/->Point 1 2) :added [bad]) [:added 0]]
                      [(Shapes$Point. 1 2 "l" [bad]) ["more" 0]]
                      [(zipmap (range 20) (concat (range 19) [[bad]])) [19 0]]
                      [(apply array-map (concat (range 40) [40 [bad]])) [40 0]]
                      [(into clojure.lang.PersistentQueue/EMPTY [1 bad]) [1]]
                      [(subvec [1 [bad]] 1) [0 0]]
                      [(first {:a bad}) [1]]
                      [(first (HashMap. {:a bad})) [1]]
                      [(vec (concat (range 100) [bad])) [100]]
                      [[{bad 1}] [0 "a key"]]
                      [[(with-meta [1] {:m bad})] [0 "metadata"]]]
            :let [e (unreadable v)]]
      (is (= "parallel.codec.records.Bard" (some-> e .className)) (pr-str path))
      (is (= path (some-> e .path)))))
  (testing "what user code throws while it is read, too"
    (let [of-map (String. ^bytes (bytes-of {:a [1 (java.util.concurrent.ConcurrentHashMap. {1 2})]}) "ISO-8859-1")]
      (is (= [:a 1 1]
             (.path (refusal #(value-of (.getBytes (str/replace of-map "\u00d1\u00d2" "\u00d1\u0001")
                                                   "ISO-8859-1")))))))))

(deftest what-has-no-meaning-elsewhere-is-refused
  (doseq [v [inc (fn [] 1) #(+ % 1) (atom 1) (ref 1) (agent 1) (volatile! 1) (delay 1) (promise) (future 1) (reduced 1)
             (Object.) (Thread.) String
             (java.io.ByteArrayInputStream. (byte-array 0)) (Shapes$Opaque. 1) print-method (reify Runnable (run [_]))
             (proxy [Object] [])
             *out* (java.util.concurrent.atomic.AtomicLong.)]]
    (let [e (refused [v])]
      (is (= (.getName (class v)) (some-> e .className)) (str (class v)))
      (is (= [0] (some-> e .path))))))

(deftest an-order-without-a-name-is-refused
  (is (= [:a] (.path (refused {:a (sorted-map-by #(compare %2 %1) 1 2)}))))
  (is (str/includes? (.getMessage (refused (sorted-set-by (comparator <) 1))) "is not the value of a var"))
  (is (refused (let [f (fn [a b] (compare a b))] (sorted-set-by f 1))))
  (is (refused (TreeMap. (comparator >)))))

(deftest an-array-that-could-not-hold-what-arrives-is-refused
  (is (= [0] (.path (refused (into-array clojure.lang.LazySeq [(map inc [1])])))))
  (is (= [1] (.path (refused (into-array (class (java.util.List/of 1 2)) [nil (java.util.List/of 1 2)])))))
  (is (= [0] (.path (refused (into-array Shapes$Handle [(Shapes$Handle. 1)])))))
  (is (= [[1]] (map vec (round-trip (into-array java.util.List [(java.util.LinkedList. [1])]))))))

(deftest a-handle-travels-as-its-replacement
  (is (= {:w ["handle" 7]} (round-trip {:w (Shapes$Handle. 7)})))
  (testing "a replacement that is refused says where"
    (is (= [:w 0] (.path (refused {:w (reify parallel.codec.Replaced (replacement [_] [inc]))}))))
    (is (.isTooDeep (refused (reify parallel.codec.Replaced (replacement [this] this)))))))

(deftest long-paths-and-strange-keys-do-not-spoil-the-message
  (let [bad-key (reify Object (toString [_] (throw (IllegalStateException.))))]
    (is (str/includes? (.getMessage (.at (refused [inc]) bad-key)) "It is at ["))
    (is (< (count (.getMessage (refused {(apply str (repeat 100000 "k")) inc}))) 101000))
    (is (< (count (.getMessage (refused {(vec (range 10000)) inc}))) 1000))))
