package parallel.dashboard;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

import parallel.runtime.Context;

/**
 * The thread that samples, four times a second, while somebody watches; it also drops requests that take too long,
 * while there are any. Else it waits.
 */
final class Pulse
{
    static final int MOST_WATCHERS = 8;
    private static final System.Logger LOG = System.getLogger("parallel");
    private static final long PERIOD_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private final Snapshot snapshot;
    private final RequestThreads threads;
    private final List<Watcher> watchers = new CopyOnWriteArrayList<>();
    private final Object lock = new Object();
    private boolean ended;
    private boolean sampled;
    private boolean hasFailed;
    private long nextNanos = System.nanoTime();

    Pulse(Snapshot snapshot, RequestThreads threads)
    {
        this.snapshot = snapshot;
        this.threads = threads;
        threads.onBegin(this::wake);
    }

    RequestThreads threads()
    {
        return threads;
    }

    Context context()
    {
        return snapshot.context();
    }

    Profiles profiles()
    {
        return snapshot.profiles();
    }

    /** A new watcher; null where there are too many. */
    Watcher watch()
    {
        synchronized (lock)
        {
            if (ended || watchers.size() >= MOST_WATCHERS)
            {
                return null;
            }
            Watcher watcher = new Watcher();
            watchers.add(watcher);
            lock.notifyAll();
            return watcher;
        }
    }

    void leave(Watcher watcher)
    {
        watchers.remove(watcher);
    }

    private void wake()
    {
        synchronized (lock)
        {
            lock.notifyAll();
        }
    }

    void end()
    {
        synchronized (lock)
        {
            ended = true;
            lock.notifyAll();
        }
        watchers.forEach(Watcher::end);
    }

    void run()
    {
        try
        {
            while (awaitNext())
            {
                threads.dropLate();
                if (!watchers.isEmpty())
                {
                    sample();
                }
            }
        }
        catch (InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
    }

    private boolean awaitNext() throws InterruptedException
    {
        synchronized (lock)
        {
            while (!ended && watchers.isEmpty() && threads.isIdle())
            {
                sampled = false;
                lock.wait();
            }
            nextNanos = Math.max(nextNanos + PERIOD_NANOS, System.nanoTime());
            long left = nextNanos - System.nanoTime();
            while (!ended && left > 0)
            {
                TimeUnit.NANOSECONDS.timedWait(lock, left);
                left = nextNanos - System.nanoTime();
            }
            return !ended;
        }
    }

    private void sample()
    {
        try
        {
            if (!sampled)
            {
                snapshot.begin();
                sampled = true;
            }
            String next = snapshot.next();
            String whole = null;
            for (Watcher watcher : new ArrayList<>(watchers))
            {
                if (watcher.isNew())
                {
                    whole = whole == null ? snapshot.whole() : whole;
                    give(watcher, whole);
                }
                else
                {
                    give(watcher, next);
                }
            }
        }
        catch (RuntimeException | Error e)
        {
            // What is looked at may end meanwhile, and memory may be short. The next sample is another one.
            LOG.log(hasFailed ? System.Logger.Level.DEBUG : System.Logger.Level.WARNING,
                "A dashboard could not take a sample", e);
            hasFailed = true;
        }
    }

    private void give(Watcher watcher, String text)
    {
        if (!watcher.offer(text))
        {
            leave(watcher);
            watcher.end();
        }
    }
}
