package parallel.pool;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

import parallel.ParallelException;
import parallel.Worker;

/**
 * The workers of a pool: how many there are, which of them gets the next task, who is replaced. Guarded by the pool's lock.
 */
final class Crew
{
    /** A worker is given so much work ahead, so that it does not wait for the next task. */
    private static final double AHEAD_NANOS = 500_000;
    private static final int MOST_AHEAD = 64;
    /** A part of a map is given ahead while tasks take no longer: for those that do, the wait for the next is less than a hundredth of them. */
    private static final double LONG_NANOS = 50_000_000;
    private static final long BALANCE_MS = 2;
    private static final long PAUSE_MS = 5000;
    private static final double SMOOTHING = 0.1;

    private final Pool pool;
    private final Supplier<? extends Worker> maker;
    private final List<PoolWorker> members = new ArrayList<>();
    /** Not known before the first has ended: then they count as long. */
    private double nanosPerTask = Double.POSITIVE_INFINITY;
    private int failedStarts;
    private int killedStarts;
    /** No worker is started: the last ones did not come up. */
    private boolean paused;
    private boolean closed;
    private boolean balancing;

    Crew(Pool pool, Supplier<? extends Worker> maker)
    {
        this.pool = pool;
        this.maker = maker;
    }

    void start(int workers)
    {
        for (int i = 0; i < workers; i++)
        {
            final PoolWorker worker = new PoolWorker(pool);
            members.add(worker);
            worker.start(maker);
        }
    }

    List<PoolWorker> members()
    {
        return members;
    }

    List<Worker> handles()
    {
        return members.stream().map(PoolWorker::worker).filter(Objects::nonNull).toList();
    }

    int load()
    {
        return members.stream().mapToInt(PoolWorker::load).sum();
    }

    private int count(PoolWorker.State state)
    {
        return (int)members.stream().filter(worker -> worker.state() == state).count();
    }

    // ---- who gets the next task

    /** The worker with the least to do that may be given the task; null if there is none. */
    PoolWorker freest(PoolTask<?> task)
    {
        PoolWorker freest = null;
        for (final PoolWorker worker : members)
        {
            if (worker.state() == PoolWorker.State.READY && worker.given() < pool.limits().maxTasks() &&
                (freest == null || worker.load() < freest.load()))
            {
                freest = worker;
            }
        }
        return freest != null && freest.load() <= mostAhead(task) ? freest : null;
    }

    private int mostAhead(PoolTask<?> task)
    {
        final int ahead = (int)Math.min(MOST_AHEAD, AHEAD_NANOS / (1 + nanosPerTask));
        return ahead == 0 && task.place().ahead && nanosPerTask <= LONG_NANOS ? 1 : ahead;
    }

    /** A task has come to its value. */
    void took(long nanos)
    {
        nanosPerTask = nanosPerTask == Double.POSITIVE_INFINITY ? nanos : nanosPerTask + SMOOTHING * (nanos - nanosPerTask);
    }

    /** A worker has ended a task. */
    void did(PoolWorker worker)
    {
        renewIfUsedUp(worker);
        watchIfNotNeeded(worker);
    }

    private void renewIfUsedUp(PoolWorker worker)
    {
        if (worker.given() >= pool.limits().maxTasks())
        {
            worker.quit();
        }
    }

    private void watchIfNotNeeded(PoolWorker worker)
    {
        if (worker.isIdle() && live() > pool.limits().min() && !worker.isWatched())
        {
            worker.watch(Later.after(pool.limits().idleMs() + 1, () -> pool.locked(() -> endIfIdle(worker))));
        }
    }

    private void endIfIdle(PoolWorker worker)
    {
        worker.unwatch();
        final long idleMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - worker.idleSince());
        if (worker.isIdle() && idleMs >= pool.limits().idleMs() && live() > pool.limits().min())
        {
            worker.quit();
        }
        else
        {
            watchIfNotNeeded(worker);
        }
    }

    // ---- how many there are

    private int live()
    {
        return count(PoolWorker.State.READY) + count(PoolWorker.State.STARTING);
    }

    /** Starts what is missing: up to the least number always, above it one by one while tasks wait; and shares out what waits in workers. */
    void fit()
    {
        if (closed || pool.isShut() && pool.queue().isEmpty())
        {
            return;
        }
        if (!paused)
        {
            final boolean wanted = !pool.queue().isEmpty();
            final int live = live();
            final int least = pool.limits().min();
            if (live < least)
            {
                start(least - live);
            }
            else if (wanted && live < pool.limits().max() && count(PoolWorker.State.STARTING) == 0)
            {
                start(1);
            }
        }
        balance();
    }

    /** Where one is idle and another has tasks that wait behind one that takes long, they are recalled. */
    private void balance()
    {
        if (!balancing && isUneven())
        {
            balancing = true;
            Later.after(BALANCE_MS, () -> pool.locked(() ->
            {
                balancing = false;
                if (isUneven())
                {
                    members.stream().filter(worker -> worker.load() > 1).forEach(PoolWorker::recall);
                }
            }));
        }
    }

    private boolean isUneven()
    {
        return pool.queue().isEmpty() && members.stream().anyMatch(PoolWorker::isIdle) && members.stream().anyMatch(worker -> worker.load() > 1);
    }

    // ---- coming and going

    void ready(PoolWorker worker)
    {
        failedStarts = 0;
        killedStarts = 0;
        if (closed)
        {
            return;
        }
        worker.state(PoolWorker.State.READY);
        watchIfNotNeeded(worker);
    }

    /** A task has come: if no worker was to be had before, it is tried once more. */
    void tryAgain()
    {
        if (paused && count(PoolWorker.State.READY) == 0)
        {
            resume();
        }
    }

    private void resume()
    {
        paused = false;
        failedStarts = 0;
        killedStarts = 0;
    }

    /** A worker has ended. True: there is none, and starting one has failed too often. */
    boolean lost(PoolWorker worker, ParallelException error)
    {
        final boolean neverReady = worker.state() == PoolWorker.State.STARTING;
        members.remove(worker);
        worker.state(PoolWorker.State.ENDED);
        if (!neverReady || closed)
        {
            return false;
        }
        if (Facts.wasKilled(error))
        {
            killedStarts++;
        }
        else
        {
            failedStarts++;
        }
        if (paused || failedStarts < Facts.MOST_DIED && killedStarts < Facts.MOST_KILLED)
        {
            return false;
        }
        return pauseStarts();
    }

    private boolean pauseStarts()
    {
        paused = true;
        final boolean none = count(PoolWorker.State.READY) == 0;
        if (!none)
        {
            Later.after(PAUSE_MS, () -> pool.locked(() ->
            {
                resume();
                pool.dispatch();
            }));
        }
        return none;
    }

    /** No task is left, and none will come. */
    void quitIfDone()
    {
        if (pool.queue().isEmpty())
        {
            members.forEach(PoolWorker::quit);
            killStarting();
        }
    }

    void killStarting()
    {
        members.stream().filter(worker -> worker.state() == PoolWorker.State.STARTING).forEach(PoolWorker::kill);
    }

    void close()
    {
        closed = true;
    }
}
