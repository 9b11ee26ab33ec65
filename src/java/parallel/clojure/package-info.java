/**
 * Clojure's face of the core: its values, handles that deref, and errors as data.
 *
 * <p>The one room that may import {@code clojure.lang}; the rooms below find it through {@code parallel.codec.ByName},
 * and only where Clojure is on the class path.
 *
 * <p>Begin with {@link parallel.clojure.ClojureLanguage}, what the core asks of Clojure. The files
 * {@code ClojureTypes...} are the codec of its values; {@code ClojureTypesTags} has their first bytes.
 * {@link parallel.clojure.ClojureWorker}, {@link parallel.clojure.ClojureReply} and
 * {@link parallel.clojure.ClojureTask} are the handles that {@code parallel.api} and {@code parallel.pool} return, and
 * {@link parallel.clojure.ClojureErrors} makes their errors. {@link parallel.clojure.PortableFunction} is a
 * {@code pfn}. What is better said in Clojure is in {@code parallel.impl}.
 *
 * <p>May know: api, runtime, control, codec, pool, shared.
 */
package parallel.clojure;
