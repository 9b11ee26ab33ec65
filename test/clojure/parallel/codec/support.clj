(ns parallel.codec.support
  "Values of every kind, and what it means that one arrived."
  (:require [clojure.test.check.generators :as gen]
            [parallel.codec.records :as records])
  (:import (clojure.lang PersistentQueue)
           (java.lang.reflect Array)
           (java.math BigDecimal BigInteger)
           (java.net URI)
           (java.time Duration Instant)
           (java.util ArrayList Collection Date LinkedHashMap LinkedHashSet List Map SortedSet TreeMap TreeSet UUID)
           (java.util.regex Pattern)
           (parallel.codec Codec UnserializableException Shapes$Color Shapes$Point)))

(set! *warn-on-reflection* true)

(defn bytes-of ^bytes [v] (Codec/toBytes v))
(defn value-of [^bytes b] (Codec/fromBytes b))
(defn round-trip [v] (value-of (bytes-of v)))

(defn refusal
  "The exception with which a value is refused, or a message that cannot be read; nil if it is not."
  ^UnserializableException [f]
  (try (f) nil (catch UnserializableException e e)))

(defn array? [v] (and (some? v) (.isArray (class v))))

(declare same?)

(defn- same-all? [as bs]
  (and (= (count as) (count bs)) (every? true? (map same? as bs))))

(defn- same-array? [a b]
  (let [n (Array/getLength a)]
    (and (= n (Array/getLength b))
         (every? #(same? (Array/get a %) (Array/get b %)) (range n)))))

(defn- same-map? [a b]
  (and (= (count a) (count b))
       (or (instance? clojure.lang.PersistentHashMap a) (= (keys a) (keys b)))
       (every? (fn [[k v]] (and (contains? b k) (same? v (get b k)))) a)))

(defn same?
  "Equal by =, of the same class, in the same order, with equal metadata; arrays by content, floating point by its
  bits."
  [a b]
  (boolean
   (and (= (class a) (class b))
        (cond
          (array? a) (same-array? a b)
          (instance? Pattern a) (and (= (str a) (str b)) (= (.flags ^Pattern a) (.flags ^Pattern b)))
          (instance? Double a) (= (Double/doubleToRawLongBits a) (Double/doubleToRawLongBits b))
          (instance? Float a) (= (Float/floatToRawIntBits a) (Float/floatToRawIntBits b))
          (instance? Shapes$Point a) (and (= (.label ^Shapes$Point a) (.label ^Shapes$Point b))
                                          (same? (.more ^Shapes$Point a) (.more ^Shapes$Point b)))
          (instance? Map a) (same-map? a b)
          (or (sequential? a) (instance? List a)) (same-all? (seq a) (seq b))
          (instance? SortedSet a) (= (seq a) (seq b))
          :else (and (= a b) (= (hash a) (hash b))))
        (or (nil? (meta a)) (same? (meta a) (meta b)))
        (= (nil? (meta a)) (nil? (meta b))))))

(def examples
  "Values that keep their class."
  (let [s (fn [& xs] (apply str xs))]
    [nil true false 0 -1 -16 -17 47 48 127 128 -128 -129 32767 32768 -32769 2147483647 2147483648 Long/MAX_VALUE
     Long/MIN_VALUE
     (int 0) (int 127) (int -129) Integer/MIN_VALUE (short -2) (byte -3) 0.0 -0.0 1.5 Double/NaN Double/MIN_VALUE
     ##Inf (float 1.5) Float/NaN
     (Double/longBitsToDouble 0x7ff8000000000123) (Float/intBitsToFloat (unchecked-int 0xffc00001))
     \a \u0000 \uffff (char 0xd800) "" "a" (s \u00ff) (s \u0100) "żółw" (s "a" (char 0xd800))
     (s (char 0xdc00) (char 0xd800)) "\ud83d\ude00"
     (s (apply str (repeat 63 "x"))) (apply str (repeat 64 "x")) (apply str (repeat 65 "x"))
     (apply str (repeat 64 "\u0100"))
     (apply str (repeat 20000 "ab")) (apply str (repeat 20000 "aż")) (s (apply str (repeat 9000 "a")) "ż")
     1/3 -7/2 10N (bigint 1e40) (- (bigint 1e40)) 1.50M -0.0001M (BigDecimal. (BigInteger. "5") Integer/MAX_VALUE)
     (BigInteger. "0")
     (BigInteger. "123456789012345678901234567890") (.shiftLeft BigInteger/ONE 20000)
     :a :a/b :a.b.c/d-e? (keyword "" "") (keyword nil "x/y") (keyword "a b" "c\nd") (keyword "ż")
     (keyword (apply str (repeat 500 "k")))
     (keyword (apply str (repeat 126 "k"))) (keyword (apply str (repeat 125 "k"))) (keyword "seven77")
     (keyword "eight888") (keyword "nine99999")
     'a 'a/b (symbol nil "x/y") (symbol "ż" "ó") (with-meta 'a {:tag 'long})
     (with-meta (symbol (apply str (repeat 500 "k"))) {:a 1})
     (UUID. 1 -1) (Date. 12345) (Instant/ofEpochSecond -5 999999999) Instant/MAX Instant/MIN (Duration/ofNanos -1)
     (Duration/ofSeconds Long/MAX_VALUE)
     (URI. "http://a.b/c?d=e#f") (URI. "relative/x") #"a.*b"
     (Pattern/compile "A" (bit-or Pattern/CASE_INSENSITIVE Pattern/DOTALL Pattern/LITERAL))
     [] [1] [nil] [[]] (vec (range 31)) (vec (range 32)) (vec (range 33)) (vec (range 1056)) (vec (range 1057))
     (with-meta [1] {:m [1]})
     () '(1) '(1 2 (3)) (with-meta '(1) {:line 3 :column 4}) (with-meta () {:a 1}) (apply list (range 3000))
     {} {:a 1} {nil nil} {[1] {2 3}} (array-map :c 1 :b 2 :a 3) (apply array-map (range 40))
     (apply array-map (range 300)) (zipmap (range 9) (range))
     (zipmap (range 3000) (range)) (hash-map :a 1) (with-meta {:a 1} {:b 2}) (with-meta (hash-map :a 1) {:b 2})
     {1 :long 1.0 :double}
     #{} #{1} (set (range 100)) (with-meta #{1} {:a 1}) #{nil} #{[1] #{2}}
     (sorted-map) (sorted-map 3 1 2 4) (sorted-map-by > 1 2 3 4) (with-meta (sorted-map-by compare 1 2) {:a 1})
     (sorted-set "b" "a")
     (sorted-set-by records/by-length "ccc" "a" "bb") (with-meta (sorted-set-by < 1 2) {:a 1})
     (sorted-map :a (sorted-set 1))
     (first {:a 1}) (into PersistentQueue/EMPTY [1 2 3]) (with-meta (into PersistentQueue/EMPTY [1]) {:a 1})
     PersistentQueue/EMPTY
     (tagged-literal 'my/tag [1 2]) (reader-conditional '(:clj 1) true) (reader-conditional '(:clj 1) false)
     (records/->Point 1 2.5) (records/map->Point {:x 1 :y 2 :z 3}) (with-meta (records/->Point [1] nil) {:m 1})
     (records/->Typed 1 2.0 "x") (records/->Bare)
     (assoc (records/->Bare) :a 1)
     [(records/->Point 1 2) (records/->Bare) (records/->Point 3 4) (records/->Point (records/->Point 5 6) 7)]
     (Shapes$Point. 1 2 "l" [1 :a]) (Shapes$Point. 1 2 nil nil)
     [(Shapes$Point. 1 2 "l" (Shapes$Point. 1 2 "m" nil)) (Shapes$Point. 3 4 nil nil)]
     Shapes$Color/RED Shapes$Color/GREEN [Shapes$Color/RED Shapes$Color/GREEN Shapes$Color/RED] Thread$State/BLOCKED
     (ArrayList. [1 nil "a"]) (LinkedHashMap. {1 2}) (LinkedHashSet. [2 1]) (TreeMap. {2 1 1 2}) (TreeSet. [3 1 2])
     (ArrayList. ^Collection (range 3000))
     (java.util.AbstractMap$SimpleImmutableEntry. 1 nil)
     (java.time.LocalDate/of 2024 2 29) (java.time.LocalTime/of 1 2 3 4) (java.time.LocalDateTime/of 2024 1 2 3 4 5)
     (java.time.ZonedDateTime/of 2024 1 2 3 4 5 6 (java.time.ZoneId/of "Europe/Warsaw"))
     (java.time.OffsetDateTime/of 2024 1 2 3 4 5 6 java.time.ZoneOffset/UTC)
     (java.time.Period/of 1 2 3) (java.time.ZoneId/of "Europe/Warsaw") (java.time.ZoneOffset/ofHours 2)
     (java.io.File. "/tmp/x")
     (boolean-array [true false]) (byte-array [1 -1]) (short-array [1 -1]) (char-array [\a (char 0xd800)])
     (int-array [1 -1]) (long-array [1 -1])
     (float-array [1 Float/NaN -0.0]) (double-array [1 Double/NaN -0.0])
     (double-array [(Double/longBitsToDouble 0x7ff8000000000123)])
     (byte-array 0) (double-array 0) (byte-array (range 1023 0 -1) ) (boolean-array 1023 true) (double-array 127 1.5)
     (double-array 128 1.5)
     (int-array (range 5000)) [(double-array (range 300)) (byte-array 2000) "x" (long-array 128 7)] (object-array 0)
     (object-array [1 :a nil [2]])
     (into-array String ["a" nil]) (into-array Long []) (to-array-2d [[1 2] [3]]) (make-array Long/TYPE 2 3)
     (make-array String 2 0 4)
     (into-array [(double-array 200) (double-array 3)]) (into-array clojure.lang.Keyword [:a])
     (into-array records/point-class [(records/->Point 1 2)])
     (object-array (range 3000)) (into-array Comparable [1 "a"]) (into-array Shapes$Color [Shapes$Color/GREEN])
     {:op :eval :id 42 :xs [1 2 3]} '(do (let [a 1] (+ a b/c) #(inc %) "x" \y #"z"))]))

(def key-like
  "Single values that are equal to themselves."
  (gen/one-of
   [gen/large-integer gen/small-integer gen/boolean gen/char gen/string gen/string-ascii gen/keyword gen/keyword-ns
    gen/symbol gen/symbol-ns
    gen/ratio gen/uuid gen/size-bounded-bigint (gen/return nil) (gen/fmap int gen/small-integer)
    (gen/fmap bigdec gen/large-integer)
    (gen/fmap #(Date. (long %)) gen/large-integer) (gen/elements [Shapes$Color/RED Shapes$Color/GREEN])]))

(def scalar (gen/one-of [key-like gen/double (gen/fmap float (gen/double* {:min -1e30 :max 1e30}))]))

(def value
  "Nested values of most classes, some with metadata."
  (gen/recursive-gen
   (fn [inner]
     (let [some-of (gen/vector inner 0 6)]
       (gen/one-of
        [some-of (gen/list inner) (gen/map key-like inner) (gen/set key-like) (gen/fmap object-array some-of)
         (gen/fmap #(ArrayList. ^Collection %) some-of) (gen/fmap #(LinkedHashMap. ^Map %) (gen/map key-like inner))
         (gen/fmap #(LinkedHashSet. ^Collection %) (gen/set key-like))
         (gen/fmap #(into (sorted-map) %) (gen/map gen/small-integer inner))
         (gen/fmap #(into (sorted-set-by >) %) (gen/set gen/small-integer))
         (gen/fmap (fn [[a b]] (records/->Point a b)) (gen/tuple inner inner))
         (gen/fmap (fn [[a b]] (with-meta a b)) (gen/tuple some-of (gen/map gen/keyword inner {:min-elements 1})))
         (gen/fmap #(into PersistentQueue/EMPTY %) some-of) (gen/fmap double-array (gen/vector gen/double 0 200))
         (gen/fmap byte-array (gen/vector gen/byte 0 1500)) (gen/fmap #(Shapes$Point. 1 2 "p" %) inner)])))
   scalar))
