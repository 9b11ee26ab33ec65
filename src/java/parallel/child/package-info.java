/**
 * The worker's side.
 *
 * <p>Begin with {@link parallel.child.Main} and {@code WorkerProcess}, a worker's JVM from its first to
 * its last moment. {@link parallel.child.WorkerSide} is the worker's end of the control stream: a table of commands.
 * It gives what is to be evaluated to the thread of {@link parallel.child.Evaluations}, and an
 * {@link parallel.child.Evaluation} is what came of it. A worker that is a thread has a {@code WorkerSide}, too, and
 * no {@code Main}. {@code Recordings} has the JDK's flight recorder, where somebody asks for a profile.
 *
 * <p>Most of it is loaded before a worker's first message, so a class that is not needed then costs every start.
 *
 * <p>May know: api, runtime, control, codec, transport, process.
 */
package parallel.child;
