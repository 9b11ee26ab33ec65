(ns ^:no-doc parallel.impl.pool-function
  "Functions as a pool takes them: a var, a symbol, a quoted fn form, a pfn, or the function object of a var; and what
  of them is sent."
  (:require [clojure.string :as str]
            [parallel.impl.errors :as errors]
            [parallel.impl.form :as form]
            ;; a name that is not known could be that of a macro: then nothing is sent with it
            [parallel.impl.pool-worker])
  (:import [clojure.lang Compiler Var]
           [java.util.function Supplier]
           [parallel.clojure PortableFunction]
           [parallel.codec Codec Destination]
           [parallel.pool TaskContent$Shared]
           [parallel.control Work Language Text]))

(set! *warn-on-reflection* true)

(defn- var-of
  "The var whose value a function object is, by the name of its class; or nil."
  ^Var [f]
  (let [[ns-name var-name & more] (str/split (Compiler/demunge (.getName (class f))) #"/" 2)]
    (when (and ns-name var-name (not (str/includes? var-name "/")) (empty? more))
      (let [v (some-> (find-ns (symbol ns-name)) (ns-resolve (symbol var-name)))]
        (when (and (var? v) (identical? f @v))
          v)))))

(defn form-of
  "The form of f, or f itself if it is a pfn; :bad-argument if it is none of what a pool takes."
  [f]
  (cond
    (var? f) (symbol f)
    (instance? PortableFunction f) f
    (and (fn? f) (var-of f)) (symbol (var-of f))
    (fn? f) (form/check f)
    (or (symbol? f) (keyword? f) (seq? f)) f
    :else (throw (errors/bad-argument
                  (str "A pool takes a function as a var, a symbol, a quoted form, '(fn [x] ...), or (pfn [x] ...), "
                       "not " (errors/shown f) ".")))))

(def ^:private most-text 200)

(defn text
  "f for people."
  [f]
  (binding [*print-length* 20 *print-level* 6 *print-meta* false]
    (let [f (form-of f)]
      (Text/shortened (pr-str (if (instance? PortableFunction f) (:form (.source ^PortableFunction f)) f)) most-text))))

(defn- call
  "[form args]: a form whose value, or the value of calling it with args, is (maker f ...). The same for the same
  functions: workers know by that what they have already."
  [maker fs]
  (let [forms (mapv form-of fs)]
    (if (some #(instance? PortableFunction %) forms)
      (let [names (mapv #(symbol (str "parallel-pfn-" %)) (range (count forms)))
            pfn?  #(instance? PortableFunction %)]
        [(list `fn (vec (keep (fn [[n f]] (when (pfn? f) n)) (map vector names forms)))
               (cons maker (map (fn [n f] (if (pfn? f) n f)) names forms)))
         (filterv pfn? forms)])
      [(cons maker forms) []])))

(defn- payload ^bytes [^Work work]
  (when-let [failure (.failure work)]
    (errors/surfacing (throw failure)))
  (.payload work))

(defn- payload-of ^bytes [ns-sym maker fs]
  (let [[form args] (call maker fs)]
    (payload (form/work ns-sym form args))))

;; ---- what was prepared before

(deftype ^:private Same [x]
  Object
  (hashCode [_] (System/identityHashCode x))
  (equals [_ other] (and (instance? Same other) (identical? x (.-x ^Same other)))))

(defn- named
  "What a form is remembered by. Equal lists may mean different things: (f (1)), (f [1])."
  [form]
  (if (seq? form) (Same. form) form))

(defn- writing-for
  "What f returns; what it encodes goes to that destination."
  [^Destination destination f]
  (.of destination (reify Supplier (get [_] (f)))))

(defn written-for
  "The bytes of x. Throws UnserializableException for what cannot go to that destination."
  ^bytes [destination x]
  (writing-for destination #(Codec/toBytes x)))

(def ^:private most-prepared 64)

(def ^:private prepared
  "[destination namespace maker form-or-Same ...] to {:shared :text :stands?}."
  (atom {}))

(defn- prepare [ns-sym maker fs]
  (let [[form args]   (call maker fs)
        [work stands?] (if (seq args) [(form/work ns-sym form args)] (form/lasting-work ns-sym form))]
    {:shared (TaskContent$Shared. (payload work)) :text (text (peek fs)) :stands? stands?}))

(defn shared-and-text
  "{:shared what of (maker f ...) is sent, once per worker, :text the last f for people}, for workers at a destination.
  Prepared again only when something that it depends on has changed."
  [destination ns-sym maker fs]
  (let [key   (into [destination ns-sym maker] (map (comp named form-of)) fs)
        known (get @prepared key)]
    (if (and known ((:stands? known)))
      known
      (let [made (writing-for destination #(prepare ns-sym maker fs))]
        (when (:stands? made)
          (swap! prepared #(assoc (if (< (count %) (long most-prepared)) % {}) key made)))
        made))))

(defn here
  "(maker f ...) made in this process."
  ^java.util.function.Function [ns-sym maker fs]
  (.evaluate (Language/find) (Codec/fromBytes (payload-of ns-sym maker fs))))

(defn local
  "f as a function of this process, called in it."
  [ns-sym f]
  (let [f (if (fn? f) f (form-of f))]
    (cond
      (fn? f) f
      (keyword? f) f
      :else (binding [*ns* (or (find-ns ns-sym) *ns*)]
              (or (when (and (symbol? f) (namespace f))
                    (let [home (or (get (ns-aliases *ns*) (symbol (namespace f))) (namespace f))]
                      (some-> (requiring-resolve (symbol (str home) (name f))) deref)))
                  (eval f))))))
