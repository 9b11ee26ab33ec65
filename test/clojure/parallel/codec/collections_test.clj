(ns parallel.codec.collections-test
  "The JDK's collections arrive as the class that they have, or as one that can stand in its place, or are refused."
  (:require [clojure.test :refer [deftest is testing]]
            [parallel.codec.support :refer [bytes-of refusal round-trip value-of]])
  (:import (java.util AbstractList AbstractMap$SimpleEntry ArrayDeque ArrayList Arrays BitSet Collection Collections
                      Comparator Deque EnumMap EnumSet
                      HashMap Hashtable IdentityHashMap LinkedHashMap LinkedHashSet LinkedList List Map Map$Entry
                      NavigableMap NavigableSet PriorityQueue
                      Properties Queue Set SortedMap SortedSet Stack TreeMap TreeSet Vector WeakHashMap)
           (java.util.concurrent ArrayBlockingQueue ConcurrentHashMap ConcurrentLinkedDeque ConcurrentLinkedQueue
                                 ConcurrentMap ConcurrentNavigableMap
                                 ConcurrentSkipListMap ConcurrentSkipListSet CopyOnWriteArrayList CopyOnWriteArraySet
                                 LinkedBlockingDeque
                                 LinkedBlockingQueue PriorityBlockingQueue)
           (parallel.codec Shapes$Color)))

(def ^:private days [Thread$State/BLOCKED Thread$State/NEW])

(defn- filled [^Map m] (doto m (.put "a" 1) (.put "c" 3) (.put "b" 2)))

(def ^:private kept
  "Those that keep their class."
  [(LinkedList. [3 nil 1]) (Vector. [3 1]) (doto (Stack.) (.push 1) (.push 2)) (CopyOnWriteArrayList. [3 nil 1])
   (ArrayDeque. [3 1 2])
   (ConcurrentLinkedQueue. [3 1]) (ConcurrentLinkedDeque. [3 1]) (LinkedBlockingQueue. [3 1])
   (doto (LinkedBlockingQueue. 7) (.add 1))
   (doto (LinkedBlockingDeque. 7) (.add 1)) (PriorityQueue. [5 1 4 2])
   (doto (PriorityQueue. (Collections/reverseOrder)) (.addAll [1 5 2]))
   (doto (PriorityBlockingQueue. 11 (Collections/reverseOrder)) (.addAll [1 5 2])) (TreeSet. [3 1])
   (doto (TreeSet. (Comparator/reverseOrder)) (.addAll [1 3 2]))
   (doto (TreeSet. String/CASE_INSENSITIVE_ORDER) (.addAll ["b" "A" "C"]))
   (doto (ConcurrentSkipListSet. (Collections/reverseOrder)) (.addAll [1 3 2]))
   (filled (TreeMap. (Collections/reverseOrder))) (filled (ConcurrentSkipListMap.))
   (filled (ConcurrentSkipListMap. (Comparator/reverseOrder)))
   (filled (ConcurrentHashMap.)) (doto (ConcurrentHashMap/newKeySet) (.add 1)) (filled (Hashtable.))
   (doto (Properties.) (.setProperty "k" "v"))
   (EnumSet/copyOf ^Collection days) (EnumSet/noneOf Thread$State) (EnumSet/allOf Shapes$Color)
   (EnumMap. ^Map (zipmap days [1 2]))
   (BitSet.) (doto (BitSet.) (.set 3) (.set 1000)) (AbstractMap$SimpleEntry. 1 nil)])

(defn- contents [c]
  (cond
    (instance? BitSet c)    (seq (.toLongArray ^BitSet c))
    (instance? Map$Entry c) [(key c) (val c)]
    (instance? Hashtable c) (into {} c)
    (instance? Map c)       (map (juxt key val) c)
    :else                   (seq c)))

(deftest a-collection-of-the-JDK-keeps-its-class-order-and-elements
  (doseq [c kept :let [arrived (round-trip c)]]
    (is (= (class c) (class arrived)))
    (is (= (contents c) (contents arrived)) (str (class c))))
  (testing "and what it does with more"
    (is (= 6 (.remainingCapacity ^LinkedBlockingQueue (round-trip (doto (LinkedBlockingQueue. 7) (.add 1))))))
    (is (= [5 2 1] (let [q (round-trip (doto (PriorityQueue. (Collections/reverseOrder)) (.addAll [1 5 2])))]
                     (vec (repeatedly 3 #(.poll ^PriorityQueue q))))))
    (is (= #{Thread$State/NEW} (doto ^Set (round-trip (EnumSet/noneOf Thread$State)) (.add Thread$State/NEW))))))

(def ^:private views
  "[value, the interfaces that code may know it by]"
  (let [many (ArrayList. (range 9)) linked (LinkedHashSet. [3 1]) tree (TreeMap. {1 2 3 4 5 6})]
    [[(.subList many 2 5) [List AbstractList]] [(Arrays/asList (object-array [2 1])) [List AbstractList]]
     [(List/of 2 1) [List]] [(Map/of 1 2) [Map]]
     [(Set/of 1) [Set]] [(Collections/unmodifiableList many) [List]] [(Collections/synchronizedList many) [List]]
     [(Collections/unmodifiableSet linked) [Set]]
     [(Collections/synchronizedMap (HashMap. {1 2})) [Map]] [(Collections/unmodifiableSortedMap tree) [SortedMap]]
     [(Collections/unmodifiableNavigableSet (.navigableKeySet tree)) [NavigableSet]]
     [(Collections/checkedList (ArrayList. [1]) Long) [List]]
     [(Collections/emptyList) [List]] [(Collections/singletonMap 1 2) [Map]] [(Collections/nCopies 3 :x) [List]]
     [(Collections/emptySortedSet) [SortedSet]]
     [(.keySet (HashMap. {1 2})) [Set]] [(.keySet tree) [NavigableSet]] [(.descendingMap tree) [NavigableMap]]
     [(.headMap tree 3) [SortedMap]]
     [(.descendingSet (TreeSet. [1 2 3])) [NavigableSet]] [(.subSet (TreeSet. [1 2 3]) 1 3) [SortedSet]]
     [(HashMap. {1 2}) [HashMap Map]]
     [(first (.entrySet (HashMap. {1 2}))) [Map$Entry]] [(.keySet (LinkedHashMap. {2 1})) [Set]]
     [(.subList (Vector. [1 2 3]) 1 2) [List]]
     [(.subList (LinkedList. [1 2 3]) 1 2) [List AbstractList]]]))

(deftest a-view-arrives-equal-as-what-code-may-know-it-by
  (doseq [[v types] views :let [arrived (round-trip v)]]
    (is (= v arrived) (str (class v)))
    (is (= (seq (if (instance? Map$Entry v) [] v)) (seq (if (instance? Map$Entry v) [] arrived))) "in the same order")
    (doseq [t types]
      (is (instance? t arrived) (str (class v)))))
  (is (= [2 3] (round-trip (vec (.values (LinkedHashMap. {1 2 4 3}))))))
  (is (= [2 3] (vec (round-trip (.values (LinkedHashMap. {1 2 4 3})))))))

(deftest what-could-not-stand-in-its-place-is-refused-at-the-sender
  (doseq [c [(TreeSet. ^Comparator (fn [a b] (compare b a))) (PriorityQueue. ^Comparator (comparator >))
             (ConcurrentSkipListMap. ^Comparator (comparator >))
             (IdentityHashMap. {1 2}) (WeakHashMap. {1 2}) (ArrayBlockingQueue. 3) (CopyOnWriteArraySet. [1])
             (Collections/asLifoQueue (ArrayDeque. [1]))
             (.subMap (ConcurrentSkipListMap. {1 2}) 1 true 1 true) (EnumMap. Thread$State)
             (doto (Properties. (doto (Properties.) (.setProperty "d" "1"))))
             (Collections/unmodifiableSortedSet (TreeSet. ^Comparator (comparator >)))
             (proxy [ArrayList] []) (proxy [AbstractList] [] (size [] 0))
             (proxy [java.util.AbstractMap] [] (entrySet [] #{}))
             (proxy [clojure.lang.APersistentMap] [] (iterator [] (.iterator [])) (seq [] nil))]
          :let [e (refusal #(bytes-of [0 c]))]]
    (is (some? e) (str (class c)))
    (is (= [1] (some-> e .path)))
    (is (re-find #"cannot be sent: .{20}" (str (some-> e .getMessage))))))

(deftest what-is-read-has-no-order-kind-or-enum-of-its-own
  (doseq [bytes [[0x36 22 0] [0x36 10 4 0] [0x36 14 0 0x11 16] [0x36 8 0 0 0 0 0] [0x36 21 0] [0x36 12 0 1 0]]]
    (is (some? (refusal #(value-of (byte-array (map unchecked-byte bytes))))) (pr-str bytes)))
  (let [^bytes of-enum (bytes-of (EnumSet/noneOf Thread$State))
        named (String. of-enum "ISO-8859-1")]
    (is (some? (refusal #(value-of (.getBytes (.replace named "java.lang.Thread$State" "java.lang.ThreadsState")
                                              "ISO-8859-1")))))
    (is (some? (refusal #(value-of (.getBytes (.replace (.replace named "java.lang.Thread$State" "java.lang.Integer")
                                                        "\u0016" "\u0011")
                                              "ISO-8859-1")))))))
