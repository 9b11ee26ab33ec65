package parallel.pool;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

import parallel.ParallelException;
import parallel.StartFailedException;
import parallel.Worker;

/**
 * The workers of a pool: how many there are, which of them gets the next task, who is replaced. Guarded by the pool's
 * lock.
 */
final class Crew
{
    /** A worker is given so much work ahead, so that it does not wait for the next task; a far one, two round trips. */
    private static final double AHEAD_NANOS = 500_000;
    private static final int MOST_AHEAD = 64;
    private static final int MOST_AHEAD_FAR = 256;
    /** A worker whose host takes longer to answer is far. */
    private static final double FAR_NANOS = 1_000_000;
    /**
     * A part of a map is given ahead while tasks take no longer: for those that do, the wait for the next is less than
     * a hundredth of them.
     */
    private static final double LONG_NANOS = 50_000_000;
    private static final long BALANCE_MS = 2;
    private static final long PAUSE_MS = 5000;
    /** What is under way to a worker, in bytes: its values take several times as much, and what comes of them. */
    private static final int PART_OF_HEAP = 32;
    private static final double SMOOTHING = 0.1;

    private final Pool pool;
    private final Supplier<? extends Worker> maker;
    private final List<PoolWorker> members = new ArrayList<>();
    private final Succession succession = new Succession();
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
            if (started() == null)
            {
                return;
            }
        }
    }

    /** A worker that is being started; null: the system has no thread for it. */
    private PoolWorker started()
    {
        PoolWorker worker = new PoolWorker(pool);
        try
        {
            worker.start(maker);
            members.add(worker);    // its thread waits for the pool's lock before it says that it has ended
            return worker;
        }
        catch (OutOfMemoryError e)
        {
            noThread(e);
            return null;
        }
    }

    /** The system has no more threads for this process: those that there are do what there is to do, or nobody does. */
    private void noThread(OutOfMemoryError e)
    {
        pauseStarts();
        if (members.isEmpty())
        {
            pool.failAll(new StartFailedException("A worker of the pool could not be started: " + e, Map.of(), e));
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

    /** Who does the tasks; empty while more may come, or one of them is not there yet. */
    int[] doers()
    {
        boolean isWhole = !closed && live() >= pool.limits().max() && handles().size() == members.size();
        return isWhole ? handles().stream().mapToInt(Worker::id).toArray() : new int[0];
    }

    /** What is under way to the worker with the smallest heap, in bytes at most. */
    long leastRoom()
    {
        return members.stream().mapToLong(PoolWorker::mostBytes).min().orElse(Long.MAX_VALUE);
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
        for (PoolWorker worker : members)
        {
            if (worker.mayTakeTasks() && worker.given() < pool.limits().maxTasks() &&
                worker.hasRoomFor(task) && task.place().call.mayBeGivenTo(worker) &&
                (freest == null || worker.load() < freest.load()) && worker.load() <= mostAhead(task, worker))
            {
                freest = worker;
            }
        }
        return freest;
    }

    private int mostAhead(PoolTask<?> task, PoolWorker worker)
    {
        double roundTrip = worker.roundTripNanos();
        int most = roundTrip > FAR_NANOS ? MOST_AHEAD_FAR : MOST_AHEAD;
        int ahead = (int)Math.min(most, Math.max(AHEAD_NANOS, 2 * roundTrip) / (1 + nanosPerTask));
        boolean waits = nanosPerTask <= Math.max(LONG_NANOS, 100 * roundTrip);
        return ahead == 0 && task.place().ahead && waits ? 1 : ahead;
    }

    /** Of the worker that is farthest. */
    long roundTripNanos()
    {
        return members.stream().mapToLong(PoolWorker::roundTripNanos).max().orElse(0);
    }

    /** A task has come to its value. */
    void took(long nanos)
    {
        nanosPerTask = nanosPerTask == Double.POSITIVE_INFINITY ? nanos :
            nanosPerTask + SMOOTHING * (nanos - nanosPerTask);
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
            worker.watch(Timer.after(pool.limits().idleMs() + 1, () -> pool.locked(() -> endIfIdle(worker))));
        }
    }

    private void endIfIdle(PoolWorker worker)
    {
        worker.unwatch();
        long idleMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - worker.idleSince());
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
        int leaving = (int)members.stream().filter(PoolWorker::isLeavingAlone).count();
        return count(PoolWorker.State.READY) + starting() + leaving;
    }

    /** Those that replace nobody. */
    private int starting()
    {
        return (int)members.stream().filter(worker -> worker.state() == PoolWorker.State.STARTING &&
            !succession.isSuccessor(worker)).count();
    }

    /**
     * Starts what is missing: up to the least number always, above it one by one while tasks wait; and shares out what
     * waits in workers.
     */
    void fit()
    {
        if (closed || pool.isShut() && pool.queue().isEmpty())
        {
            return;
        }
        if (!paused)
        {
            boolean wanted = !pool.queue().isEmpty();
            int live = live();
            int least = pool.limits().min();
            if (live < least)
            {
                start(least - live);
            }
            else if (wanted && live < pool.limits().max() && starting() == 0)
            {
                start(1);
            }
            replaceOutgrown();
        }
        balance();
    }

    private void replaceOutgrown()
    {
        PoolWorker outgrown = succession.next(pool.limits().max());
        PoolWorker successor = outgrown == null ? null : started();
        if (successor != null)
        {
            succession.begin(outgrown, successor);
        }
    }

    /** Where one is idle and another has tasks that wait behind one that takes long, they are recalled. */
    private void balance()
    {
        if (!balancing && isUneven())
        {
            balancing = true;
            Timer.after(BALANCE_MS, () -> pool.locked(() ->
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
        return pool.queue().isEmpty() && members.stream().anyMatch(PoolWorker::isIdle) &&
            members.stream().anyMatch(worker -> worker.load() > 1);
    }

    // ---- coming and going

    void ready(PoolWorker worker)
    {
        if (closed)
        {
            return;
        }
        long heap = Pools.heapBytes(worker.worker());
        worker.mostBytes(heap / PART_OF_HEAP);
        worker.isReady(Pools.host(worker.worker()), Pools.roundTripNanos(worker.worker()));
        watchHeap(worker, heap);
        List<TaskContent.Shared> needed = succession.functionsFor(worker);
        if (needed.isEmpty())
        {
            warm(worker);
        }
        else
        {
            worker.load(needed);
        }
    }

    private void watchHeap(PoolWorker worker, long heap)
    {
        double most = pool.limits().maxHeapUse();
        if (most > 0 && Pools.hasOwnHeap(worker.worker()))
        {
            worker.watchHeap((long)(most * heap), (long)((2 + most) / 3 * heap));
        }
    }

    /** It may take tasks. */
    void warm(PoolWorker worker)
    {
        failedStarts = 0;
        killedStarts = 0;
        if (closed || worker.state() != PoolWorker.State.STARTING)
        {
            return;
        }
        worker.state(PoolWorker.State.READY);
        succession.warm(worker);
        watchIfNotNeeded(worker);
    }

    /** What is live in its heap is above the bound; of one that is full so far that it begins nothing more. */
    void outgrown(PoolWorker worker, boolean isFull)
    {
        if (isFull)
        {
            worker.full();
        }
        if (!closed && worker.state() == PoolWorker.State.READY)
        {
            succession.add(worker);
        }
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
        boolean neverReady = worker.state() == PoolWorker.State.STARTING;
        members.remove(worker);
        worker.state(PoolWorker.State.ENDED);
        if (!closed)
        {
            succession.lost(worker);
        }
        if (!neverReady || closed)
        {
            return false;
        }
        if (DeathPolicy.wasKilled(error))
        {
            killedStarts++;
        }
        else
        {
            failedStarts++;
        }
        if (paused || failedStarts < DeathPolicy.MOST_DIED && killedStarts < DeathPolicy.MOST_KILLED)
        {
            return false;
        }
        return pauseStarts();
    }

    private boolean pauseStarts()
    {
        paused = true;
        boolean none = count(PoolWorker.State.READY) == 0;
        if (!none)
        {
            Timer.after(PAUSE_MS, () -> pool.locked(() ->
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
            dismissStarting();
        }
    }

    void dismissStarting()
    {
        members.stream().filter(worker -> worker.state() == PoolWorker.State.STARTING).forEach(PoolWorker::dismiss);
    }

    void close()
    {
        closed = true;
    }
}
