/**
 * What a parent and a worker say to each other.
 *
 * <p>Begin with {@link parallel.control.Frames}, the kinds of frames of the control stream. The
 * {@link parallel.control.Header} is what a worker's JVM reads from its stdin, a {@link parallel.control.Work} is what
 * is to be evaluated, as bytes, and a {@link parallel.control.RemoteError} is an exception on its way. All errors of
 * the library are made in {@link parallel.control.Errors}. {@link parallel.control.Language} is what the core asks of
 * Clojure.
 *
 * <p>Both sides use these classes, and nothing here belongs to one of them: no thread, no handle, no state of a
 * worker.
 *
 * <p>May know: api, codec, transport, process.
 */
package parallel.control;
