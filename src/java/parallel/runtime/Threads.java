package parallel.runtime;

import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The one place of the library's upper rooms where threads are made: all are daemons.
 */
public final class Threads
{
    private static final AtomicInteger NUMBER = new AtomicInteger();

    /** For what must not keep the control thread: threads come on demand and end after a second of idleness. */
    public static final Executor POOL = new ThreadPoolExecutor(0, Integer.MAX_VALUE, 1, TimeUnit.SECONDS, new SynchronousQueue<>(),
        r -> make("parallel-pool-" + NUMBER.incrementAndGet(), r));

    private Threads()
    {
    }

    /**
     * Starts a daemon.
     *
     * @param name of the thread.
     * @param body of it.
     * @return the thread.
     */
    public static Thread start(String name, Runnable body)
    {
        final Thread thread = make(name, body);
        thread.start();
        return thread;
    }

    private static Thread make(String name, Runnable body)
    {
        final Thread thread = new Thread(null, body, name, 0, false);
        thread.setDaemon(true);
        // From JDK 19 on a thread that inherits no thread locals would not inherit this either: the class path of a prompt hangs on it.
        thread.setContextClassLoader(Thread.currentThread().getContextClassLoader());
        return thread;
    }

    /** The stacks of all threads of this JVM, as text. */
    static String dump()
    {
        final StringBuilder text = new StringBuilder();
        for (final Map.Entry<Thread, StackTraceElement[]> entry : Thread.getAllStackTraces().entrySet())
        {
            final Thread thread = entry.getKey();
            text.append('"').append(thread.getName()).append("\" ").append(thread.getState()).append('\n');
            for (final StackTraceElement frame : entry.getValue())
            {
                text.append("    at ").append(frame).append('\n');
            }
        }
        return text.toString();
    }
}
