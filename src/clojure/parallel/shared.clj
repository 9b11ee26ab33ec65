(ns parallel.shared
  "Arrays in memory that all processes of the session map. A message has a reference to the array, not its elements.

  Make        shared
  Elements    aget* aset* nth count reduce seq; length shape index ->array copy-to! fill! buffers
  Parts       slice parts view
  Atomics     get-and-add! compare-and-set! swap-at! get-volatile set-volatile!
  Primitives  lock with-lock acquire release repair; barrier latch await reset count-down!; counter add! value
  Collectives broadcast scatter gather reduce-all
  Hosts       replicate
  End         close closed? usage set-budget!

    (require '[parallel.api :as parallel] '[parallel.shared :as shared])
    (def xs (shared/shared :double 1000000))
    (def w (parallel/fork))
    @(parallel/exec w '(fn [xs] (shared/fill! xs 1.5)) xs)
    (reduce + xs)                               ; => 1500000.0
    (shared/close xs)

  Plain reads and writes of several processes are not ordered by themselves, as those of several threads are not.
  Messages, replies, atomics, locks, barriers and latches order them. All functions are safe from any thread in that
  sense; those that block say so.

  Errors are ExceptionInfos. Every function throws :bad-argument for arguments of another number or kind, an index
  outside of the array, a value that does not fit and a write to a read-only view, and :closed after close."
  (:refer-clojure :exclude [await compare-and-set! replicate])
  (:require [clojure.string :as str]
            [parallel.api :as parallel]
            [parallel.impl.arrays :as arrays :refer [array-of primitive-array? range-of]]
            [parallel.impl.collectives :as collectives]
            [parallel.impl.errors :as errors :refer [defcall milliseconds refuse]]
            [parallel.impl.shared-options :as shared-options])
  (:import [clojure.lang Compiler Compiler$LocalBinding]
           [java.io Writer]
           [java.nio.file Path]
           [java.util.concurrent TimeUnit TimeoutException]
           [parallel SharedArray SharedBarrier SharedCounter SharedLatch SharedLock]
           [parallel.clojure ClojureSharedArray SharedAccess]
           [parallel.shared ArrayHandle SharedArrays Budget SyncCells]))

(set! *warn-on-reflection* true)

(defmethod print-method ClojureSharedArray [a ^Writer w]
  (.write w (str a)))

(defmethod print-method SyncCells [x ^Writer w]
  (.write w (str x)))

;; ---- arguments

(def ^:private kinds
  {:boolean Boolean/TYPE :byte Byte/TYPE :short Short/TYPE :char Character/TYPE
   :int Integer/TYPE :long Long/TYPE :float Float/TYPE :double Double/TYPE})

(defn- whole ^long [call x]
  (if (int? x) (long x) (refuse call "whole numbers of 64 bits" x)))

(defn- position
  "An index: a number, whose fraction is cut off, as nth does it."
  ^long [call i]
  (if (and (number? i) (<= Long/MIN_VALUE i Long/MAX_VALUE)) (long i) (refuse call "an index, a number" i)))

(defn- refuse-kind [x]
  (refuse "shared" (str "the type of the elements, one of " (str/join " " (sort (keys kinds)))) x))

(defn- kind-of ^Class [x]
  (or (kinds x) (refuse-kind x)))

(defn- lengths ^longs [x]
  (let [dims (if (sequential? x) x [x])]
    (when-not (and (seq dims) (every? #(and (int? %) (<= 0 (long %))) dims))
      (refuse "shared" "a length, or a vector of lengths, 0 or more each" x))
    (long-array dims)))

;; ---- make

(defn- elements
  "What :from says, as something with a length: a primitive array, a shared array or a vector."
  [from]
  (if (or (primitive-array? from) (instance? SharedArray from)) from (vec from)))

(defn- element-type ^Class [kind from]
  (cond
    kind                          (kind-of kind)
    (primitive-array? from)       (.getComponentType (class from))
    (instance? SharedArray from)  (.elementType ^SharedArray from)
    :else                         (refuse-kind kind)))

(defn- size-of [from]
  (cond
    (instance? SharedArray from) (vec (.shape ^SharedArray from))
    (primitive-array? from)      (java.lang.reflect.Array/getLength from)
    :else                        (count from)))

(defn- fill-from! [^SharedArray a from]
  (let [n (if (instance? SharedArray from) (.length ^SharedArray from) (long (size-of from)))]
    (when (> n (.length a))
      (refuse "shared" (str "at most as many elements as the array has, " (.length a)) n))
    (cond
      (instance? SharedArray from) (if (= (.elementType a) (.elementType ^SharedArray from))
                                     (.copyTo ^ArrayHandle from 0 ^ArrayHandle a 0 n)
                                     (dotimes [i n] (.set a i (.get ^SharedArray from i))))
      (and (primitive-array? from) (= (.elementType a) (.getComponentType (class from)))) (.copyFrom a 0 from 0 n)
      :else (loop [i 0, xs (seq from)]
              (when xs
                (.set a i (first xs))
                (recur (inc i) (next xs)))))
    a))

(defn- path ^Path [x]
  (if (instance? Path x)
    x
    (try
      (Path/of (str x) (make-array String 0))
      (catch java.nio.file.InvalidPathException _
        (refuse "shared" "a path of a file" x)))))

(defn- on-disk [opts ^Class type shape]
  (SharedArray/onDisk type (path (:file opts)) (shared-options/mode opts shape) (:offset opts)
                      (if shape (lengths shape) (long-array 0))))

(defn- copy?
  "Whether the new array is one of the elements of a primitive array, and nothing else."
  [opts type shape from]
  (and (primitive-array? from)
       (= type (.getComponentType (class from)))
       (= shape (size-of from))
       (not (:shared-bytes opts))))

(defn- make [opts kind shape]
  (let [opts  (shared-options/checked opts)
        from  (some-> (:from opts) elements)
        type  (element-type kind from)
        shape (or shape (some-> from size-of))]
    (errors/surfacing
     (cond
       (:file opts)                 (cond-> (on-disk opts type shape) from (fill-from! from))
       (nil? shape)                 (refuse "shared" "a length, or a vector of lengths, 0 or more each" shape)
       (copy? opts type shape from) (SharedArrays/of from)
       :else                        (cond-> (SharedArrays/create type (long (:shared-bytes opts -1)) (lengths shape))
                                      from (fill-from! from))))))

(defcall ^SharedArray shared
  "Makes an array of zeros in memory that all processes of the session map, or opens one in a file on disk. Returns its
  handle. Sent, alone or nested, it arrives as an array of the same memory: in a process that has it, as the same
  object.

  kind    of the elements: :double :float :long :int :short :char :byte :boolean.
  shape   a length, or a vector of them ([rows cols], row-major); with :from its length by default. More than 2 GiB
          works.
  opts    :from a collection, a primitive array or a shared array: the first elements; the kind may be left out for
          arrays
          :file          a path: the elements are in that file, in this machine's byte order, and stay there
          :mode          of the file: :create (the default where a shape is given) makes or empties it, :read refuses
                         writes, :read-write
          :offset        bytes in the file before the first element, a multiple of an element's size, default 0
          :shared-bytes  most bytes that this process may have with it; see set-budget!

  Throws :bad-argument for an array that does not fit into the budget or the file system, with the sizes, and for a
  file that cannot be used. The file of an array in memory has no name.

    (shared :double 1000000)
    (shared :long [20 20 20])
    (shared {:from (double-array [1 2 3])})
    (shared {:file \"/data/xs\" :mode :read} :float)
    (with-open [xs (shared :int 10)] ...)         ; closed at the end"
  {:arglists '([kind shape] [opts] [opts kind] [opts kind shape])}
  ([opts] (make opts nil nil))
  ([x y] (if (map? x) (make x y nil) (make {} x y)))
  ([opts kind shape] (make opts kind shape)))

(defcall set-budget!
  "Sets how many bytes of shared memory this process may have. nil: the default, half of what the file system has.
  Returns nil. Throws :bad-argument for what is not a number of 0 or more, or nil.

    (set-budget! 500000000)"
  [bytes]
  (Budget/limit (cond
                  (nil? bytes) -1
                  (and (int? bytes) (<= 0 (long bytes))) (long bytes)
                  :else (refuse "set-budget!" "a number of bytes, 0 or more, or nil" bytes)))
  nil)

;; ---- elements

(defcall length
  "Returns how many elements an array has, also where count, which is an int, cannot say. Throws :bad-argument for what
  is not a shared array, :closed after close.

    (length (shared :int [3 4])) ; => 12"
  ^long [a]
  (.length (array-of "length" a)))

(defcall shape
  "Returns the lengths of an array's dimensions, a vector. Throws :bad-argument for what is not a shared array, :closed
  after close.

    (shape (shared :int [3 4])) ; => [3 4]"
  [a]
  (vec (.shape (array-of "shape" a))))

(defcall index
  "Returns the index of an element of several dimensions: row-major. Throws :bad-argument outside of the array, :closed
  after close.

    (index (shared :int [3 4]) 1 2) ; => 6"
  [a & is]
  (errors/surfacing (.index (array-of "index" a) (long-array (map #(position "index" %) is)))))

(def ^:private suffixes
  '{booleans Boolean bytes Byte shorts Short chars Char ints Int longs Long floats Float doubles Double})

(defn- hinted
  "The suffix of the accessors for a symbol that is hinted as an array is, at its use or where it is bound; else nil."
  [a]
  (when (symbol? a)
    (suffixes (or (:tag (meta a))
                  (when-let [binding (get @Compiler/LOCAL_ENV a)]
                    (.tag ^Compiler$LocalBinding binding))))))

(defn- access [prefix suffix]
  (symbol "parallel.clojure.SharedAccess" (str prefix suffix)))

(defcall aget*
  "Returns the element at an index, or at one for each dimension. Bounds are checked. There is no boxing and no
  reflection where the array is hinted as an array of its elements would be: ^doubles, ^longs, ^ints, ^floats, ^shorts,
  ^chars, ^bytes, ^booleans. Throws :bad-argument outside of the array, :closed after close.

    (let [^doubles xs xs]
      (loop [i 0, sum 0.0]
        (if (< i n) (recur (inc i) (+ sum (aget* xs i))) sum)))"
  {:inline (fn [a i]
             (if-let [suffix (hinted a)]
               `(~(access "get" suffix) ~(vary-meta a dissoc :tag) (long ~i))
               `((var aget*) ~a ~i)))
   :inline-arities #{2}}
  ([a i] (errors/surfacing (.get (array-of "aget*" a) (position "aget*" i))))
  ([a i j] (aget* a (index a i j)))
  ([a i j & more] (aget* a (apply index a i j more))))

(defcall aset*
  "Sets the element at an index, or at one for each dimension. Returns x. Hints work as for aget*. Throws :bad-argument
  outside of the array, for a value that does not fit and for a read-only view; :closed after close.

    (aset* xs 0 1.5)
    (aset* matrix row col 1.5)"
  {:arglists '([a i x] [a i j x] [a i j & more])
   :inline (fn [a i x]
             (if-let [suffix (hinted a)]
               `(~(access "set" suffix) ~(vary-meta a dissoc :tag) (long ~i)
                                        (~(symbol "clojure.core" (str/lower-case (str suffix))) ~x))
               `((var aset*) ~a ~i ~x)))
   :inline-arities #{3}}
  ([a i x]
   (errors/surfacing (.set (array-of "aset*" a) (position "aset*" i) x))
   x)
  ([a i j x] (aset* a (index a i j) x))
  ([a i j k & more]
   (let [more (vec (list* i j k more))]
     (aset* a (apply index a (pop more)) (peek more)))))

(defcall ->array
  "Returns a primitive array with a copy of the elements, or of those from one index up to another. Throws
  :bad-argument for a range outside of the array or too large for a Java array, :closed after close.

    (vec (->array (shared {:from [1 2 3 4]} :int) 1 3)) ; => [2 3]"
  ([a] (->array a nil nil))
  ([a from] (->array a from nil))
  ([a from to] (arrays/copied a from to)))

(defn- place
  "Where in an array, or how many of its elements."
  ([x] (place x Long/MAX_VALUE))
  ([x most]
   (if (and (int? x) (<= (- (long most)) (long x) (long most)))
     x
     (refuse "copy-to!" (str "whole numbers up to " most " for positions and counts") x))))

(defn- elements-in [x]
  (cond
    (instance? SharedArray x) (length x)
    (primitive-array? x)      (java.lang.reflect.Array/getLength x)
    :else                     (refuse "copy-to!" "two arrays, one of them shared" x)))

(defcall copy-to!
  "Copies elements at the speed of memory between shared arrays, or between one and a primitive array, of the same
  type. Returns to.

  from, to        a shared array or a primitive one, one of them shared
  start, at, n    the first element copied, where it goes, and how many; default all of from, to the beginning

  Throws :bad-argument for arrays of two types, a range outside of one of them and a read-only view; :closed after
  close.

    (copy-to! xs (double-array 10))
    (copy-to! (double-array [1 2 3]) 0 xs 100 3)"
  ([from to]
   (copy-to! from 0 to 0 (elements-in from)))
  ([from start to at n]
   (errors/surfacing
    (cond
      (and (instance? ArrayHandle from) (instance? ArrayHandle to))
      (.copyTo ^ArrayHandle from (long (place start)) ^ArrayHandle to (long (place at)) (long (place n)))

      (instance? ArrayHandle from)
      (.copyTo ^ArrayHandle from (long (place start)) ^Object to
               (int (place at Integer/MAX_VALUE)) (int (place n Integer/MAX_VALUE)))

      (instance? ArrayHandle to)
      (.copyFrom ^ArrayHandle to (long (place at)) from
                 (int (place start Integer/MAX_VALUE)) (int (place n Integer/MAX_VALUE)))

      :else
      (refuse "copy-to!" "two arrays, one of them shared" from)))
   to))

(defcall fill!
  "Sets all elements, or those from one index up to another, to x, at the speed of memory. Returns the array. Throws
  :bad-argument for a range outside of the array, a value that does not fit and a read-only view; :closed after close.

    (fill! xs 0.0)"
  ([a x] (fill! a x nil nil))
  ([a x from to]
   (let [[from to] (range-of "fill!" a from to)]
     (errors/surfacing (.fill (array-of "fill!" a) x (long from) (long to)))
     a)))

(defcall buffers
  "Returns the elements as NIO buffers of their type, for libraries that take those: a vector, of one for an array of
  less than a GiB. They are the array's memory; do not use them after close. Throws :bad-argument for what is not a
  shared array, :closed after close.

    (.get ^java.nio.DoubleBuffer (first (buffers xs)) 0)"
  [a]
  (errors/surfacing (vec (.buffers (array-of "buffers" a)))))

;; ---- parts

(defcall slice
  "Returns a view of the elements from one index up to another, of one dimension. It can be sent, too. Throws
  :bad-argument for a range outside of the array, :closed after close.

    (slice xs 0 1000)"
  (^parallel.SharedArray [a from] (slice a from nil))
  (^parallel.SharedArray [a from to]
   (let [[from to] (range-of "slice" a from to)]
     (errors/surfacing (.slice (array-of "slice" a) (long from) (long to))))))

(defcall parts
  "Returns all elements as n slices in order, whose lengths differ by one at most; some are empty where there are fewer
  elements than n. Throws :bad-argument for an n below 1 or too large, :closed after close.

    (mapv count (parts (shared :int 10) 4)) ; => [3 3 2 2]"
  [a n]
  (arrays/parts a n))

(defcall view
  "Returns a view of all elements.

  how    :read-only        writes are refused with :bad-argument, here and where the view arrives
         :copy-on-write    writes stay in this process, and are this view's own; where it arrives, a new one is made of
                           the shared elements

  Throws :bad-argument for another how, and when a copy-on-write view cannot be mapped; :closed after close.

    (view xs :read-only)"
  ^parallel.SharedArray [a how]
  (errors/surfacing
   (case how
     :read-only     (.readOnly (array-of "view" a))
     :copy-on-write (.copyOnWrite (array-of "view" a))
     (refuse "view" ":read-only or :copy-on-write" how))))

;; ---- atomics

(defcall get-and-add!
  "Adds x to an element of an int or long array, atomically among all processes. Returns what it was before. Throws
  :bad-argument for an array of another kind or an index outside of it, :closed after close.

    (get-and-add! counts 3 1)"
  [a i x]
  (errors/surfacing (.getAndAdd (array-of "get-and-add!" a) (position "get-and-add!" i) (whole "get-and-add!" x))))

(defcall compare-and-set!
  "Sets an element of an int or long array to new if it is old, atomically among all processes. Returns whether it was.
  Throws as get-and-add!.

    (compare-and-set! counts 3 0 1)"
  [a i old new]
  (errors/surfacing (.compareAndSet (array-of "compare-and-set!" a)
                                    (position "compare-and-set!" i)
                                    (whole "compare-and-set!" old)
                                    (whole "compare-and-set!" new))))

(defcall get-volatile
  "Returns an element of an int or long array. The reader then sees all that was written before the atomic or volatile
  write whose value it got. Throws as get-and-add!.

    (get-volatile counts 3)"
  ^long [a i]
  (errors/surfacing (.getVolatile (array-of "get-volatile" a) (position "get-volatile" i))))

(defcall set-volatile!
  "Sets an element of an int or long array. A thread that reads the value with get-volatile or an atomic sees all that
  was written before. Returns x. Throws as get-and-add!.

    (set-volatile! counts 3 1)"
  [a i x]
  (errors/surfacing (.setVolatile (array-of "set-volatile!" a) (position "set-volatile!" i) (whole "set-volatile!" x)))
  x)

(defcall swap-at!
  "Sets an element of an int or long array to (f element args...), atomically among all processes. f may be called
  again. Returns the new value. Throws as get-and-add!, and what f throws.

    (swap-at! a 0 max 17)"
  [a i f & args]
  (when-not (ifn? f)
    (refuse "swap-at!" "a function" f))
  (loop []
    (let [old (get-volatile a i)
          new (whole "swap-at!" (apply f old args))]
      (if (compare-and-set! a i old new) new (recur)))))

;; ---- locks, barriers, latches, counters

(defcall lock
  "Makes a lock among all threads of all processes to which it is sent. It is reentrant and not fair. It is also a
  java.util.concurrent.locks.Lock. When its holder's process or thread worker has ended, the lock is broken: those that
  wait for it, and later callers, get :worker-died with the :worker/id, within a second, until repair. Throws
  :bad-argument when there is no room in shared memory.

    (def l (lock))
    (parallel/exec ws '(fn [l xs] (shared/with-lock l (shared/aset* xs 0 (inc (shared/aget* xs 0))))) l xs)"
  ^parallel.SharedLock []
  (errors/surfacing (SharedLock/create)))

(defn- lock-of ^SharedLock [call x]
  (if (instance? SharedLock x) x (refuse call "a lock" x)))

(defcall acquire
  "Takes a lock. Blocks until it is free, or at most timeout-ms milliseconds and returns timeout-val. Returns true.
  Throws :worker-died for a broken lock, :closed after close, and InterruptedException if interrupted while it waits.

    (acquire l 1000 false) ; => true"
  ([l]
   (errors/surfacing (.lockInterruptibly (lock-of "acquire" l)))
   true)
  ([l timeout-ms timeout-val]
   (if (errors/surfacing (.tryLock (lock-of "acquire" l) (milliseconds "acquire" timeout-ms) TimeUnit/MILLISECONDS))
     true
     timeout-val)))

(defcall release
  "Releases a lock; as often as it was taken. Returns nil. Never blocks. Throws :bad-argument if this thread does not
  hold it, :closed after close.

    (release l)"
  [l]
  (errors/surfacing (.unlock (lock-of "release" l))))

(defcall repair
  "Makes a broken lock usable again: nobody holds it. No effect on one that is not broken. Returns the lock. Throws
  :bad-argument for what is not a lock, :closed after close.

    (repair l)"
  [l]
  (errors/surfacing (.repair (lock-of "repair" l)))
  l)

(defmacro ^{:added "0.2"} with-lock
  "Evaluates body with the lock held. Returns the value of body. Blocks, and throws, as acquire; throws what body
  throws.

    (with-lock l (aset* xs 0 (inc (aget* xs 0))))"
  [l & body]
  `(let [l# ~l]
     (acquire l#)
     (try
       ~@body
       (finally
         (release l#)))))

(defcall barrier
  "Makes a barrier for n parties: threads of any processes to which it is sent. It opens when n wait at it, again and
  again. It breaks when a party has ended and too few are left to open it. A party is a process to which it was sent,
  or that has waited at it. Those that wait at a broken barrier, and later callers, get :worker-died with the
  :worker/id, within a second, until reset. Throws :bad-argument for an n below 1, and when there is no room in shared
  memory.

    (def b (barrier 4))
    (parallel/exec ws '(fn [b] (dotimes [_ 100] (work) (shared/await b))) b)"
  ^parallel.SharedBarrier [n]
  (when-not (and (int? n) (<= 1 (long n) Integer/MAX_VALUE))
    (refuse "barrier" "a number of parties, 1 or more" n))
  (errors/surfacing (SharedBarrier/create (int n))))

(defcall latch
  "Makes a latch that opens when it has been counted down n times. It breaks when a process to which it was sent has
  ended without counting down, and too few are left that could: those that await it get :worker-died with the
  :worker/id, within a second. Throws :bad-argument for an n below 0, and when there is no room in shared memory.

    (def l (latch 4))
    (parallel/exec ws '(fn [l] (load-data) (shared/count-down! l)) l)
    (await l)"
  ^parallel.SharedLatch [n]
  (when-not (and (int? n) (<= 0 (long n) Integer/MAX_VALUE))
    (refuse "latch" "a count, 0 or more" n))
  (errors/surfacing (SharedLatch/create (int n))))

(defn- barrier-opened [^SharedBarrier b ms timeout-val]
  (try
    (.await b (milliseconds "await" ms) TimeUnit/MILLISECONDS)
    (catch TimeoutException _ timeout-val)))

(defn- latch-opened [^SharedLatch l ms timeout-val]
  (if (.await l (milliseconds "await" ms) TimeUnit/MILLISECONDS) true timeout-val))

(defcall await
  "Waits at a barrier until it opens, or for a latch until its count is 0; or at most timeout-ms milliseconds and
  returns timeout-val. Returns at a barrier how many came later, 0 to the one that opened it; of a latch true. A caller
  that gives up at a barrier is not counted. Throws :worker-died when it is broken, :closed after close, and
  InterruptedException if interrupted.

    (await b)
    (await l 1000 false)"
  ([x]
   (errors/surfacing
    (cond
      (instance? SharedBarrier x) (.await ^SharedBarrier x)
      (instance? SharedLatch x)   (do (.await ^SharedLatch x) true)
      :else                       (refuse "await" "a barrier or a latch" x))))
  ([x timeout-ms timeout-val]
   (errors/surfacing
    (cond
      (instance? SharedBarrier x) (barrier-opened x timeout-ms timeout-val)
      (instance? SharedLatch x)   (latch-opened x timeout-ms timeout-val)
      :else                       (refuse "await" "a barrier or a latch" x)))))

(defcall reset
  "Makes a broken barrier usable again: nobody waits at it. No effect on one that is not broken. Returns the barrier.
  Throws :bad-argument for what is not a barrier, :closed after close.

    (reset b)"
  [b]
  (if (instance? SharedBarrier b)
    (errors/surfacing (.reset ^SharedBarrier b))
    (refuse "reset" "a barrier" b))
  b)

(defcall count-down!
  "Counts a latch down by one; at 0 no effect. Never blocks. Returns the count that is left. Throws :bad-argument for
  what is not a latch, :closed after close.

    (count-down! l)"
  [l]
  (if (instance? SharedLatch l)
    (errors/surfacing (.countDown ^SharedLatch l) (.getCount ^SharedLatch l))
    (refuse "count-down!" "a latch" l)))

(defcall counter
  "Makes a counter, at 0, that all processes to which it is sent change atomically. Throws :bad-argument when there is
  no room in shared memory.

    (def c (counter))
    (add! c)    ; => 1
    (value c)   ; => 1"
  ^parallel.SharedCounter []
  (errors/surfacing (SharedCounter/create)))

(defcall add!
  "Adds x, by default 1, to a counter. Returns the new value. Never blocks. Throws :bad-argument for what is not a
  counter or a whole number, :closed after close.

    (add! c 10)"
  ([c] (add! c 1))
  ([c x]
   (if (and (instance? SharedCounter c) (int? x))
     (errors/surfacing (.addAndGet ^SharedCounter c (long x)))
     (refuse "add!" "a counter and a whole number" (if (int? x) c x)))))

(defcall value
  "Returns the value of a counter, or the count of a latch. Never blocks. Throws :bad-argument for anything else,
  :closed after close.

    (value c)"
  [c]
  (errors/surfacing
   (cond
     (instance? SharedCounter c) (.get ^SharedCounter c)
     (instance? SharedLatch c)   (.getCount ^SharedLatch c)
     :else                       (refuse "value" "a counter or a latch" c))))

;; ---- collectives

(defcall broadcast
  "Gives every worker of a group the same. A large array is written once, and mapped by all.

  ws    a group, in its parent: x, one message to each. A primitive array arrives as a shared array of its elements;
        anything else, a shared array too, as send sends it. Returns what was sent: the shared array. (parent), in a
        worker, without x: what the parent broadcasts. As receive.

  Blocks, and throws, as send and receive.

    (broadcast ws (double-array 10000000))
    (shared/broadcast (parallel/parent))          ; in each worker"
  ([parent] (parallel/receive parent))
  ([ws x] (collectives/broadcast ws x)))

(defcall scatter
  "Sends each worker of a group one part of x, in order; the lengths of the parts differ by one at most.

  ws    a group, in its parent: of a shared array slices are sent, which nothing is copied for; of a primitive array
        arrays; of any other collection vectors. Returns the parts. (parent), in a worker, without x: its part. As
        receive.

  Blocks, and throws, as send and receive.

    (scatter ws (range 10))                       ; of four: [0 1 2] [3 4 5] [6 7] [8 9]"
  ([parent] (parallel/receive parent))
  ([ws x] (collectives/scatter ws x)))

(defcall gather
  "Collects one message from each worker of a group.

  ws    a group, in its parent: a vector of one message from each, in group order; nothing is taken unless every member
        has one. With timeout-ms, timeout-val stands where nothing came in time. (parent) and x, in a worker: x is its
        message. As send; returns x.

  Blocks, and throws, as send and receive.

    (gather ws)
    (shared/gather (parallel/parent) (sum part))  ; in each worker"
  ([ws] (parallel/receive ws))
  ([parent x] (collectives/give parent x))
  ([ws timeout-ms timeout-val] (parallel/receive ws timeout-ms timeout-val)))

(defcall reduce-all
  "Combines one contribution of each worker and of their parent, and gives all of them the result.

  ws    a group, in its parent: one message is received from each worker, combined with x, this process's own
        contribution (nil: none), in group order, and the result is sent to each worker and returned. (parent), in a
        worker: x is sent, and the result received and returned.
  op    a function of two, or :sum, :product, :min or :max; of arrays it is applied to the elements.
  x     a number, or anything op takes; or an array, shared or primitive, of which all contributions have the type and
        the length. The result is a shared array where that of this process (without one, of the first worker) is one.

  Blocks, and throws, as receive and send. Throws :bad-argument for contributions that differ in type or length, and for
  another op; what op throws.

    (reduce-all ws + 0)
    (shared/reduce-all (parallel/parent) + (sum part))     ; in each worker"
  [peer op x]
  (collectives/reduce-all peer op x))

;; ---- end

;; ---- on other machines

(def ^:private replicate-on (delay (requiring-resolve 'parallel.impl.replicas/replicate-on)))

(defcall replicate
  "Copies a shared array once per host. The value that it returns stands, in each worker, for the copy of the worker's
  own host; here, and in workers of this machine, it is xs. It is read-only, and so are its slices. Blocks until the
  copies are there.

  xs      a shared array; what is written to it afterwards is not copied
  hs      a host, the name of one, or a sequential collection of these; for (hosts/local) there is nothing to copy

  On each host a worker named \"replica\" holds the copy; it is among (children). close of the returned value, or of
  xs, ends these workers. A worker that it was sent to keeps its copy as long as it has it. Throws :bad-argument where
  a host is not up, :host-lost where one is lost meanwhile. Sending it to a host that has no copy throws
  :not-transferable. Safe from any thread.

    (def ys (shared/replicate xs [\"big1\" \"big2\"]))
    (map deref (parallel/exec ws '(fn [ys] (reduce + ys)) ys))
    (shared/close ys)"
  [xs hs]
  (when-not (instance? SharedArray xs)
    (refuse "replicate" "a shared array" xs))
  (errors/surfacing (@replicate-on xs hs)))

(defcall close
  "Releases an array, a lock or the like in this process. An array is released with its slices and views, a
  copy-on-write view alone. Any later use throws :closed, also in a thread that is reading. The memory is given back
  when the last process has released it. An array that nothing refers to is released by itself. A reference in a
  message keeps the memory until the message has arrived. Idempotent. Returns nil. Throws :bad-argument for anything
  else.

  On JDK 22 and newer it is unmapped before close returns; before, by the collector, which is asked to run soon.

    (close xs)"
  [x]
  (cond
    (instance? SharedArray x) (.close ^SharedArray x)
    (instance? SyncCells x)       (.close ^SyncCells x)
    :else                     (refuse "close" "what is shared: an array, a lock, a barrier, a latch or a counter" x))
  nil)

(defcall closed?
  "Returns whether an array, a lock, a barrier, a latch or a counter was closed in this process. Never blocks. Throws
  :bad-argument for anything else.

    (closed? xs) ; => false"
  [x]
  (cond
    (instance? SharedArray x) (.isClosed ^SharedArray x)
    (instance? SyncCells x)       (.isClosed ^SyncCells x)
    :else                     (refuse "closed?" "what is shared: an array, a lock, a barrier, a latch or a counter" x)))

(defcall usage
  "Returns what this process has of shared memory, a map: :arrays how many it maps, :bytes of these, :closing-bytes
  closed but not unmapped yet, :held and :held-bytes released, but in a message to another process, :shared-bytes the
  budget. Never blocks. Throws :bad-argument when shared memory cannot be used in this process.

    (:bytes (usage))"
  []
  (errors/surfacing (into {} (map (fn [[k v]] [(keyword k) v])) (SharedArrays/usage))))
