/**
 * The public API of Java: worker JVMs, messages with them, pools of them, and memory that all of them share.
 *
 * <p>Begin with {@link parallel.Parallel}, which starts workers. What it returns is a {@link parallel.Worker}, and a
 * {@link parallel.Peer} to exchange messages with. {@link parallel.WorkerPool} gives tasks to many workers, and
 * {@link parallel.SharedArray} is memory that they all see. Every error is a {@link parallel.ParallelException}.
 *
 * <p>Signatures here have types of the JDK and of this package only, so that everything below may change.
 * {@code Parallel}, {@code WorkerPool} and the {@code Shared...} types are doors to the rooms below; no other type
 * here knows them.
 *
 * <p>May know: none, but for the doors.
 */
package parallel;
