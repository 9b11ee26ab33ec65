package parallel;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;

import parallel.place.Workers;
import parallel.runtime.Context;

/**
 * Starts worker JVMs, and says who the calling code is. Safe from any thread; needs no Clojure.
 *
 * <pre>{@code
 * Worker worker = Parallel.run(() -> {
 *     double[] xs = (double[])Parallel.parent().receive();
 *     return Arrays.stream(xs).sum();
 * });
 * try {
 *     worker.send(new double[] {1, 2, 3});
 *     System.out.println(worker.join());      // 6.0
 * }
 * catch (RemoteException e) {
 *     System.err.println(e.getCause());       // what the lambda threw
 * }
 * }</pre>
 */
public final class Parallel
{
    private static final WorkerOptions DEFAULTS = WorkerOptions.builder().build();

    private Parallel()
    {
    }

    /**
     * Starts a worker JVM that calls the body; returns at once.
     *
     * @param body a lambda or an object; what it captures is sent by value.
     * @param <C>  a Callable that is Serializable (Java serialization itself is not used).
     * @return the worker's handle; {@link Worker#join()} throws what goes wrong.
     * @throws ParallelException with BAD_ARGUMENT if the body is null.
     */
    public static <C extends Callable<?> & Serializable> Worker run(C body)
    {
        return run(DEFAULTS, body);
    }

    /**
     * Starts a worker JVM with options, as {@link #run(Callable)} does.
     *
     * @param options those of the worker.
     * @param body    a lambda or an object; what it captures is sent by value.
     * @param <C>     a Callable that is Serializable.
     * @return the worker's handle.
     * @throws ParallelException with BAD_ARGUMENT if the options or the body are null.
     */
    public static <C extends Callable<?> & Serializable> Worker run(WorkerOptions options, C body)
    {
        return Workers.startBody(options, body);
    }

    /**
     * Starts a worker JVM that makes an instance of a class and calls or runs it; returns at once.
     *
     * @param body a public class that is a Callable or a Runnable.
     * @param args the arguments for its public constructor; they are sent by value.
     * @return the worker's handle; the value of a Runnable is null.
     * @throws ParallelException with BAD_ARGUMENT if no constructor fits.
     */
    public static Worker run(Class<?> body, Object... args)
    {
        return run(DEFAULTS, body, args);
    }

    /**
     * Starts a worker JVM with options, as {@link #run(Class, Object...)} does.
     *
     * @param options those of the worker.
     * @param body    a public class that is a Callable or a Runnable.
     * @param args    the arguments for its public constructor; they are sent by value.
     * @return the worker's handle; the value of a Runnable is null.
     * @throws ParallelException with BAD_ARGUMENT if no constructor fits, or the options are null.
     */
    public static Worker run(WorkerOptions options, Class<?> body, Object... args)
    {
        return Workers.startClass(options, body, args);
    }

    /**
     * Returns this process's id. Never blocks.
     *
     * @return 0 in the root, else a positive number that is unique in the session.
     */
    public static int id()
    {
        return Context.current().id();
    }

    /**
     * Returns the peer that stands for the parent. Never blocks.
     *
     * @return the peer, or null in the root.
     */
    public static Peer parent()
    {
        return Context.current().parent();
    }

    /**
     * Returns this process's live workers. Never blocks.
     *
     * @return a snapshot, in the order of their ids.
     */
    public static List<Worker> children()
    {
        return Workers.children();
    }

    /**
     * Prints one line, labelled with this process's id, such as {@code <parallel#003> }. A worker's line appears where
     * its parent's output goes.
     *
     * @param values any values; they are printed with a space between them.
     */
    public static void print(Object... values)
    {
        Context.current().printLine(false, Arrays.stream(values).map(String::valueOf).collect(Collectors.joining(" ")));
    }

    /**
     * Keeps spare JVMs with the default options; see {@link #warm(WorkerOptions, int)}.
     *
     * @param spares how many, 0 to 256; 0 gives all spares back, whatever their options.
     * @throws ParallelException with BAD_ARGUMENT for any other number.
     */
    public static void warm(int spares)
    {
        if (spares == 0)
        {
            Workers.warmNone();
            return;
        }
        warm(DEFAULTS, spares);
    }

    /**
     * Keeps spare JVMs, booted and idle, for workers that are yet to be started with the same options of a process:
     * jvmOpts, maxHeap, env, dir, classpath, java, ringBytes, inboxBytes. A new worker takes a spare that was started
     * as its own JVM would be now, and the next spare is started in its place. A spare is not a worker:
     * {@link #children()} has none.
     *
     * <p>Returns at once; the spares boot in the background, and one that boots is taken, too. They end with this
     * process, or with {@link #close()}, which also forgets their number. Each takes a little more memory than an idle
     * worker. Safe from any thread.
     *
     * <pre>{@code
     *   WorkerOptions options = WorkerOptions.builder().maxHeap("512m").build();
     *   Parallel.warm(options, 2);
     *   Worker worker = Parallel.run(options, () -> 42);     // begins within milliseconds, once the spares have booted
     * }</pre>
     *
     * @param options those of the workers; with inThread nothing is kept. In a host they are kept there, in several on
     *                each.
     * @param spares  how many for these options, 0 to the option maxWorkers.
     * @throws ParallelException with BAD_ARGUMENT for any other number.
     */
    public static void warm(WorkerOptions options, int spares)
    {
        Workers.warm(options, spares);
    }

    /**
     * Stops all workers of this process at the same time, and ends its spares. The exit of the JVM does the same.
     * Blocks until they have ended. Idempotent.
     */
    public static void close()
    {
        Context.current().close(-1);
    }
}
