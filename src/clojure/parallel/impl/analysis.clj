(ns ^:no-doc parallel.impl.analysis
  "Which names of its namespace a form refers to, found as the compiler finds them: macros expanded, locals followed.
  The form is neither compiled nor run. Where only the run can tell what a name means, the analysis says that it is not
  sure."
  (:require [clojure.string :as str]))

(set! *warn-on-reflection* true)

(def ^:private changes-names
  "Functions and macros of clojure.core after which names may mean something else, or that take code as data."
  '#{eval load load-file load-string load-reader read read-string require use refer refer-clojure in-ns ns import alias
     intern create-ns requiring-resolve ns-unmap remove-ns binding-conveyor-fn gen-class gen-interface proxy
     definterface})

(def ^:private special
  '#{quote var if do recur throw monitor-enter monitor-exit def let* loop* letfn* fn* new . try catch finally set! case*
     reify* deftype* import* &})

(defn- in-worker
  "The symbol as a worker sees it, where parallel is an alias of parallel.api in every namespace."
  [ns sym]
  (if (and (= "parallel" (namespace sym)) (not (get (ns-aliases ns) 'parallel)))
    (symbol "parallel.api" (name sym))
    sym))

(defn- resolved
  "What the symbol means in the namespace, and else in clojure.core, which a worker refers to everywhere."
  [ns env sym]
  (when-not (contains? env sym)
    (try (or (ns-resolve ns (in-worker ns sym))
             (ns-resolve 'clojure.core sym))
         (catch Exception _ nil))))

(defn- unsure! [state] (vswap! state assoc :sure? false :all? false))

(defn- defines!
  "A def may give names of the form another meaning, but which they are is known."
  [state]
  (vswap! state assoc :sure? false))

(declare walk)

(defn- walk-all [state env forms]
  (run! #(walk state env %) forms))

(defn- walk-symbol
  "Notes a name that the form refers to: of a var or class, or of a local around the form."
  [state env sym]
  (cond
    (= ::outer (get env sym)) (vswap! state update :used conj sym)
    (not (contains? env sym)) (vswap! state update :free conj sym)))

(defn- with-locals [env names]
  (into env (map (fn [n] [n nil])) names))

(defn- walk-bindings
  "The environment after bindings, walked one after the other."
  [state env bindings]
  (reduce (fn [env [sym init]]
            (walk state env init)
            (with-locals env [sym]))
          env
          (partition 2 bindings)))

(defn- walk-body [state env [params & body]]
  (walk-all state (with-locals env (remove #{'&} params)) body))

(defn- walk-fn [state env args]
  (let [[self args] (if (symbol? (first args)) [(first args) (next args)] [nil args])
        env (if self (with-locals env [self]) env)]
    (run! #(walk-body state env %) (if (vector? (first args)) [args] args))))

(defn- walk-catch [state env [class-name binding & body]]
  (walk-symbol state env class-name)
  (walk-all state (with-locals env [binding]) body))

(defn- walk-special [state env [op & args]]
  (case op
    quote                                                  nil
    var                                                    (walk-symbol state {} (first args))
    (if do recur throw monitor-enter monitor-exit set! try finally) (walk-all state env args)
    (let* loop*)                                           (walk-all state
                                                                     (walk-bindings state env (first args))
                                                                     (next args))
    letfn*                                                 (let [env (with-locals env (take-nth 2 (first args)))]
                                                             (walk-all state env (take-nth 2 (next (first args))))
                                                             (walk-all state env (next args)))
    fn*                                                    (walk-fn state env args)
    catch                                                  (walk-catch state env args)
    new                                                    (walk-all state env args)
    .                                                      (let [[target member & more] args]
                                                             (walk state env target)
                                                             (walk-all state env (if (seq? member) (next member) more)))
    case*                                                  (let [[sym _ _ default clauses] args]
                                                             (walk state env sym)
                                                             (walk state env default)
                                                             (walk-all state env (map second (vals clauses))))
    reify*                                                 (let [[interfaces & methods] args]
                                                             (walk-all state env interfaces)
                                                             (doseq [[_ & body] methods] (walk-body state env body)))
    def                                                    (do (defines! state) (walk-all state env (drop 1 args)))
    deftype*                                               (let [[_ _ fields & more] args]
                                                             (unsure! state)
                                                             (walk-all state env
                                                                       (second (drop-while #(not= % :implements) more)))
                                                             (doseq [[_ & body] (filter seq? more)]
                                                               (walk-body state (with-locals env fields) body)))
    (unsure! state)))

(defn- method-call? [^String n] (and (str/starts-with? n ".") (not= n ".") (not= n "..")))
(defn- constructor? [^String n] (and (str/ends-with? n ".") (not= n ".") (not= n "..")))

(defn- expanded
  "The expansion of a macro's call, or nil when it cannot be had here."
  [state env form macro]
  (try
    (apply macro form env (rest form))
    (catch Throwable _
      (unsure! state)
      nil)))

(defn- base-name
  "The path of a namespace's file, without its ending."
  [ns-sym]
  (-> (str ns-sym) (str/replace "-" "_") (str/replace "." "/")))

(defn on-class-path?
  "Whether the namespace can be loaded from the class path."
  [ns-sym]
  (let [loader (clojure.lang.RT/baseLoader)]
    (boolean (some #(.getResource ^ClassLoader loader (str (base-name ns-sym) %)) ["__init.class" ".clj" ".cljc"]))))

(defn being-loaded?
  "Whether this thread is just loading the namespace's file; another thread's load is none of ours. loaded-libs does not
  tell: ns adds to it at once."
  [ns-sym]
  (boolean (some #{(str "/" (base-name ns-sym))} @#'clojure.core/*pending-paths*)))

(defn anything-being-loaded?
  "Whether this thread is just loading a namespace's file."
  []
  (boolean (seq @#'clojure.core/*pending-paths*)))

(defn- qualifier
  "What stands before the slash: :known here, :loadable, or :unknown."
  [ns sym]
  (let [q (symbol (namespace (in-worker ns sym)))]
    (cond
      (or (find-ns q) (get (ns-aliases ns) q) (class? (resolved ns {} q))) :known
      (on-class-path? q) :loadable
      :else :unknown)))

(defn- walk-call [{:keys [ns]} state env [head & args :as form]]
  (let [target (when (symbol? head) (resolved ns env head))
        n      (when (symbol? head) (name head))]
    (cond
      (not (symbol? head))                        (walk-all state env form)
      (and (special head) (not (contains? env head))) (walk-special state env form)
      (contains? env head)                        (walk-all state env form)
      (and (var? target)
           (= "clojure.core" (namespace (symbol target)))
           (changes-names (.sym ^clojure.lang.Var target))) (unsure! state)
      (and (var? target) (.isMacro ^clojure.lang.Var target)) (do (walk-symbol state env head)
                                                                  (walk state env (expanded state env form @target)))
      (method-call? n)                            (walk-all state env args)
      (constructor? n)                            (do (walk-symbol state env (symbol (namespace head)
                                                                                     (subs n 0 (dec (count n)))))
                                                      (walk-all state env args))
      (or target (and (namespace head) (= :known (qualifier ns head)))) (do (walk-symbol state env head)
                                                                            (walk-all state env args))
      (and (namespace head) (= :loadable (qualifier ns head))) (do (unsure! state)
                                                                   (walk-symbol state env head))
      ;; what is not known here may be a macro: its arguments mean what it makes of them
      :else                                       (walk-symbol state env head))))

(defn- walk [state env form]
  (cond
    (symbol? form) (walk-symbol state env form)
    (and (seq? form) (seq form)) (walk-call @state state env form)
    (map? form)    (do (walk-all state env (keys form)) (walk-all state env (vals form)))
    (coll? form)   (walk-all state env form)))

(defn- walked [ns env form]
  (let [state (volatile! {:ns ns :free #{} :used #{} :sure? true :all? true})]
    (try
      (binding [*ns* ns]
        (walk state env form))
      (catch StackOverflowError _      ; a form of hundreds of levels: the worker's compiler decides
        (unsure! state)))
    @state))

(defn names
  "{:free symbols that the form refers to, :sure? whether those are all, and each is referred to, :all? whether those
  are all}."
  [ns form]
  (select-keys (walked ns {} form) [:free :sure? :all?]))

(defn- mentioned [forms]
  (into #{} (filter symbol?) (tree-seq coll? seq forms)))

(defn used-locals
  "Those of the locals around a form that it refers to. Where only the run can tell, those that it mentions."
  [ns locals form]
  (let [{:keys [used all?]} (walked ns (into {} (map (fn [local] [local ::outer])) locals) form)]
    (filterv (if all? used (mentioned form)) locals)))

(def ^:private casts
  '{long clojure.core/long double clojure.core/double int clojure.core/int float clojure.core/float
    char clojure.core/char boolean clojure.core/boolean byte clojure.core/byte short clojure.core/short})

(defn hinted
  "The name of a local with the compiler's word on its type: locals that are numbers stay primitive, others keep their
  hint."
  [sym ^clojure.lang.Compiler$LocalBinding binding]
  (let [^Class type (try
                      (when (and binding (.hasJavaClass binding))
                        (.getJavaClass binding))
                      (catch Exception _ nil))]
    (with-meta sym
      (when type
        {:tag (cond
                (.isPrimitive type) (symbol (.getName type))
                (.isArray type)     (.getName type)
                :else               (symbol (.getName type)))}))))

(defn function-of-locals
  "The form of a function of the values of locals by name: form, in which the names stand for them, with their hints.
  However many there are: a function has 20 parameters at most."
  [locals form]
  (let [values   (gensym "locals")
        bindings (fn [local]
                   (let [bare  (with-meta local nil)
                         value (list values (list 'quote bare))
                         cast  (get casts (:tag (meta local)))]
                     (if cast [bare (list cast value)] [local value])))]
    (list 'fn* [values] (list 'let* (into [] (mapcat bindings) locals) form))))

(defn- names-a-class? [^String n]
  (or (str/includes? n ".") (str/starts-with? n "[")))

(defn unbound
  "The symbols among the free ones that mean nothing in the namespace."
  [ns free]
  (remove (fn [sym]
            (or (and (namespace sym) (not= :unknown (qualifier ns sym)))
                (special sym)
                (names-a-class? (name sym))
                (resolved ns {} sym)))
          free))
