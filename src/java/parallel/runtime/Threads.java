package parallel.runtime;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * Makes threads of the upper rooms, all of them daemons. pool.Timer, shared.Mappings, child.Main and the nREPL
 * middleware make their own, and so do the hooks of an exit. A thread that others depend on has a last resort: when an
 * error ends it, its duties are concluded with that error. Safe from any thread.
 *
 * <pre>{@code
 *   Threads.start("parallel-life-3", this::live, this::lost);   // lost(Throwable): settles whoever waits
 * }</pre>
 */
public final class Threads
{
    private static final System.Logger LOG = System.getLogger("parallel");
    private static final List<String> WITH_CODE =
        List.of("parallel-eval-", "parallel-exec-now-", "parallel-pool-", "parallel-nrepl-");
    private static final AtomicInteger NUMBER = new AtomicInteger();
    /** Another thread took all memory. What that one holds comes back when it has failed. */
    private static final int TRIES = 20;
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    /** For what must not keep the control thread: threads come on demand and end after a second of idleness. */
    public static final Executor POOL =
        new ThreadPoolExecutor(0, Integer.MAX_VALUE, 1, TimeUnit.SECONDS, new SynchronousQueue<>(),
        r -> make("parallel-pool-" + NUMBER.incrementAndGet(), r));

    private Threads()
    {
    }

    /**
     * Starts a daemon that nobody depends on: an error that ends it is logged.
     *
     * @param name of the thread.
     * @param body of it.
     * @return the thread.
     * @throws OutOfMemoryError if the system has no more threads for this process.
     */
    public static Thread start(String name, Runnable body)
    {
        return start(name, body, e -> LOG.log(System.Logger.Level.ERROR, "An error ended the thread " + name, e));
    }

    /**
     * Starts a daemon that others depend on.
     *
     * @param name       of the thread.
     * @param body       of it.
     * @param lastResort called on the same thread with whatever the body threw: concludes what the thread was
     *                   responsible
     *                   for. It is called again if it runs out of memory, so it must be idempotent.
     * @return the thread.
     * @throws OutOfMemoryError if the system has no more threads for this process. Then neither body nor last resort
     *     runs.
     */
    public static Thread start(String name, Runnable body, Consumer<Throwable> lastResort)
    {
        Thread thread = unstarted(name, body, lastResort);
        thread.start();
        return thread;
    }

    /** As {@link #start(String, Runnable, Consumer)}; the caller starts it. */
    public static Thread unstarted(String name, Runnable body, Consumer<Throwable> lastResort)
    {
        return make(name, () ->
        {
            try
            {
                body.run();
            }
            catch (Throwable e)
            {
                surely(() -> lastResort.accept(e));
            }
        });
    }

    /**
     * Runs a step of an end, which must be taken whatever happens. Out of memory is tried again for a second: another
     * thread took it, and gives it back when it has failed. Any other error is logged.
     *
     * @param step idempotent.
     * @return null, or the error that it ended with.
     */
    public static Throwable surely(Runnable step)
    {
        Throwable failure = null;
        for (int i = 0; i < TRIES; i++)
        {
            try
            {
                step.run();
                return null;
            }
            catch (OutOfMemoryError e)
            {
                failure = e;
                LockSupport.parkNanos(PAUSE_NANOS);
            }
            catch (Throwable e)
            {
                failure = e;
                break;
            }
        }
        log(failure);
        return failure;
    }

    private static void log(Throwable failure)
    {
        try
        {
            LOG.log(System.Logger.Level.ERROR, "A step of an end failed; the others were taken", failure);
        }
        catch (Throwable e)
        {
            // There is no memory for a line of log, either.
        }
    }

    /**
     * Runs a short task on the pool, or on the calling thread if the system has no more threads for this process.
     *
     * @param task must not wait for what the caller holds.
     */
    static void execute(Runnable task)
    {
        try
        {
            POOL.execute(task);
        }
        catch (OutOfMemoryError e)
        {
            task.run();
        }
    }

    /**
     * Does a thread only do what the library does? Those of an evaluation, of a listener and of a request of nREPL have
     * the code of others on them.
     *
     * @param thread of this process.
     * @return true: nobody's code stands still where it waits.
     */
    public static boolean isOfLibrary(Thread thread)
    {
        String name = thread.getName();
        return name.startsWith("parallel-") && WITH_CODE.stream().noneMatch(name::startsWith);
    }

    private static Thread make(String name, Runnable body)
    {
        Thread thread = new Thread(null, body, name, 0, false);
        thread.setDaemon(true);
        // From JDK 19 on a thread that inherits no thread locals would not inherit this either: the class path of a
        // prompt hangs on it.
        thread.setContextClassLoader(Thread.currentThread().getContextClassLoader());
        return thread;
    }

    /** The stacks of all threads of this JVM, as text. */
    public static String dump()
    {
        StringBuilder text = new StringBuilder();
        for (Map.Entry<Thread, StackTraceElement[]> entry : Thread.getAllStackTraces().entrySet())
        {
            Thread thread = entry.getKey();
            text.append('"').append(thread.getName()).append("\" ").append(thread.getState()).append('\n');
            for (StackTraceElement frame : entry.getValue())
            {
                text.append("    at ").append(frame).append('\n');
            }
        }
        return text.toString();
    }
}
