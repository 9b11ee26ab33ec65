/**
 * Where a worker lives: a process or a thread. (A host is a machine.)
 *
 * <p>Begin with {@link parallel.place.Workers}, the composition root: it makes the handle of a worker and its place,
 * with files and channel, and undoes them when a step fails. {@link parallel.place.Places} is the table of who makes
 * which place. {@code ProcessPlace} and {@link parallel.place.ThreadPlace} implement
 * {@link parallel.runtime.Place}. A {@code WorkerJvm} is one JVM with its files and its connection, launched as
 * {@code WorkerLaunch} describes it. {@link parallel.place.Spares} keeps JVMs that wait to become workers, and
 * {@link parallel.place.StartCaches} has the start cache made.
 *
 * <p>May know: api, child, runtime, control, codec, transport, process.
 */
package parallel.place;
