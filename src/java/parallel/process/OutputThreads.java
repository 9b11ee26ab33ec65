package parallel.process;

import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Threads that write to sinks: one for each worker with output at this moment, so that a sink that blocks holds up no
 * other; none when all are quiet.
 */
final class OutputThreads
{
    private static final AtomicInteger NEXT = new AtomicInteger();
    static final Executor POOL =
        new ThreadPoolExecutor(0, Integer.MAX_VALUE, 1, TimeUnit.SECONDS, new SynchronousQueue<>(),
        OutputThreads::thread);

    private OutputThreads()
    {
    }

    private static Thread thread(Runnable task)
    {
        return daemon(task, "parallel-output-" + NEXT.incrementAndGet());
    }

    // Throws OutOfMemoryError where the system has no more threads for this process.
    static void start(Runnable task, String name)
    {
        daemon(task, name).start();
    }

    private static Thread daemon(Runnable task, String name)
    {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }
}
