package parallel.pool;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

import parallel.ParallelException;
import parallel.Worker;
import parallel.runtime.Errors;

/**
 * The pool itself: takes tasks in, hands them to its {@link Crew}, and settles their futures. One lock guards queue, places of
 * tasks, and crew; nothing that blocks is done under it.
 */
public final class Pool extends TaskExecutor
{
    static final System.Logger LOG = System.getLogger("parallel");

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Limits limits;
    private final FairQueue queue = new FairQueue();
    private final Crew crew;
    private long lastId;
    private boolean shutdown;
    private boolean closed;
    private volatile Runnable removeHook = () -> { };

    /**
     * A pool, whose workers start at once.
     *
     * @param limits of it.
     * @param maker  starts a worker whose body is a {@link TaskLoop}.
     */
    public Pool(Limits limits, Supplier<? extends Worker> maker)
    {
        this.limits = limits;
        crew = new Crew(this, maker);
        locked(() -> crew.start(limits.start()));
    }

    @Override
    Limits limits()
    {
        return limits;
    }

    void removeHook(Runnable remove)
    {
        removeHook = remove;
    }

    /** Under the lock. */
    boolean isShut()
    {
        return shutdown;
    }

    FairQueue queue()
    {
        return queue;
    }

    void locked(Runnable body)
    {
        lock.lock();
        try
        {
            body.run();
        }
        finally
        {
            lock.unlock();
        }
    }

    /**
     * Calls a listener; what it throws is logged.
     *
     * @param listener any.
     */
    public static void logged(Runnable listener)
    {
        try
        {
            listener.run();
        }
        catch (final Throwable e)
        {
            LOG.log(System.Logger.Level.WARNING, "A listener to a task of a pool threw", e);
        }
    }

    // ---- tasks come

    @Override
    public void add(PoolTask<?> task) throws InterruptedException
    {
        add(task, true);
    }

    @Override
    public boolean tryAdd(PoolTask<?> task)
    {
        try
        {
            return add(task, false);
        }
        catch (final InterruptedException e)
        {
            throw new IllegalStateException(e);     // it does not wait
        }
    }

    private boolean add(PoolTask<?> task, boolean patient) throws InterruptedException
    {
        lock.lock();
        try
        {
            while (true)
            {
                if (shutdown)
                {
                    throw closedError();
                }
                if (task.place().accepted)
                {
                    return true;
                }
                if (hasRoomFor(task))
                {
                    break;
                }
                if (!patient)
                {
                    return false;
                }
                changed.await();
            }
            task.place().accepted = true;
            queue.add(task);
            task.place().queued = true;
            crew.tryAgain();
            dispatch();
            return true;
        }
        finally
        {
            lock.unlock();
        }
    }

    private boolean hasRoomFor(PoolTask<?> task)
    {
        return queue.isEmpty() || queue.length() < limits.queueLength() && queue.bytes() + task.content().bytes() <= limits.queueBytes();
    }

    void dispatch()
    {
        while (!queue.isEmpty())
        {
            final PoolWorker worker = crew.freest(queue.peek());
            if (worker == null)
            {
                break;
            }
            final PoolTask<?> task = queue.poll();
            task.place().queued = false;
            worker.give(task, ++lastId);
            changed.signalAll();
        }
        crew.fit();
        if (shutdown)
        {
            crew.quitIfDone();
        }
    }

    private void again(PoolTask<?> task)
    {
        if (task.isDone() || closed)
        {
            return;
        }
        queue.addFirst(task);
        task.place().queued = true;
    }

    // ---- what workers say

    void received(PoolWorker worker, Object message)
    {
        switch (Wire.kind(message))
        {
            case Wire.READY -> locked(() ->
            {
                crew.ready(worker);
                dispatch();
            });
            case Wire.VALUE -> value(worker, message);
            case Wire.ERROR -> error(worker, message);
            case Wire.GIVEN_BACK -> givenBack(worker, (long[])Wire.part(message, 1));
            case Wire.STUCK -> stuck(worker, message);
            default -> LOG.log(System.Logger.Level.WARNING, "A message that is none of the pool's is ignored: " + message);
        }
    }

    private void value(PoolWorker worker, Object message)
    {
        locked(() -> crew.took(Wire.number(message, 3)));
        final PoolTask<?> task = done(worker, Wire.number(message, 1));
        if (task != null)
        {
            task.complete(Wire.bytes(message, 2));
        }
    }

    private void error(PoolWorker worker, Object message)
    {
        final PoolTask<?> task = done(worker, Wire.number(message, 1));
        if (task != null)
        {
            task.fail(Facts.remoteError(worker.worker(), Wire.bytes(message, 2)));
        }
    }

    /** It is not given another task: that would die with it, innocent. */
    private void stuck(PoolWorker worker, Object message)
    {
        locked(() -> worker.state(PoolWorker.State.QUITTING));
        final PoolTask<?> task = done(worker, Wire.number(message, 1));
        worker.kill();
        if (task != null)
        {
            task.complete(Wire.bytes(message, 2));
        }
    }

    private PoolTask<?> done(PoolWorker worker, long id)
    {
        lock.lock();
        try
        {
            final PoolTask<?> task = worker.take(id);
            crew.did(worker);
            dispatch();
            return task;
        }
        finally
        {
            lock.unlock();
        }
    }

    private void givenBack(PoolWorker worker, long[] ids)
    {
        locked(() ->
        {
            worker.gaveBack();
            for (int i = ids.length - 1; i >= 0; i--)
            {
                final PoolTask<?> task = worker.take(ids[i]);
                if (task != null)
                {
                    again(task);
                }
            }
            dispatch();
        });
    }

    /** A worker has ended, for whatever reason. */
    void ended(PoolWorker worker, ParallelException error)
    {
        final List<Runnable> settle = new ArrayList<>();
        locked(() ->
        {
            final boolean guilty = Facts.wasEvaluating(error);
            final List<PoolTask<?>> tasks = worker.takeAll();
            for (int i = tasks.size() - 1; i >= 0; i--)
            {
                final PoolTask<?> task = tasks.get(i);
                if (i == 0 && !(guilty ? mayTryAgain(task) : ++task.place().unexplained <= Facts.mostUnexplained(error)))
                {
                    settle.add(() -> task.fail(Facts.ofDeath(error, task)));
                }
                else
                {
                    again(task);
                }
            }
            if (crew.lost(worker, error))
            {
                queue.drain().forEach(task -> settle.add(() -> task.fail(error)));
            }
            dispatch();
            changed.signalAll();
        });
        settle.forEach(Runnable::run);
    }

    private static boolean mayTryAgain(PoolTask<?> task)
    {
        return ++task.place().deaths < Facts.POISON && task.place().deaths <= task.place().retries;
    }

    // ---- cancelling

    @Override
    boolean cancel(PoolTask<?> task, boolean mayInterrupt)
    {
        lock.lock();
        try
        {
            if (!task.settleCancelled())
            {
                return false;
            }
            final PoolWorker worker = task.place().worker;
            if (task.place().queued)
            {
                queue.remove(task);
                task.place().queued = false;
                changed.signalAll();
            }
            else if (worker != null && mayInterrupt)
            {
                final long id = task.place().id;
                worker.interrupt(id);
                Later.after(limits.graceMs(), () -> killIfItHas(worker, id));
            }
            return true;
        }
        finally
        {
            lock.unlock();
        }
    }

    /** The first of its tasks only: what waits there will be given back. */
    private void killIfItHas(PoolWorker worker, long id)
    {
        locked(() ->
        {
            if (worker.has(id))
            {
                worker.kill();
            }
        });
    }

    // ---- the end

    private ParallelException closedError()
    {
        return Errors.closed(Map.of(), "The pool was closed.");
    }

    /** Fails all that waits or runs, and takes nothing more. Never blocks. */
    void shut()
    {
        final List<PoolTask<?>> tasks = new ArrayList<>();
        locked(() ->
        {
            shutdown = true;
            closed = true;
            tasks.addAll(queue.drain());
            crew.members().forEach(worker -> tasks.addAll(worker.takeAll()));
            crew.close();
            crew.killStarting();
            changed.signalAll();
        });
        tasks.forEach(task -> task.fail(closedError()));
        removeHook.run();
    }

    @Override
    public void close()
    {
        shut();
        final List<Worker> workers = workers();
        Pools.stop(workers);
        boolean interrupted = false;
        while (!isTerminated())
        {
            try
            {
                awaitTermination(1, TimeUnit.DAYS);
            }
            catch (final InterruptedException e)
            {
                interrupted = true;
            }
        }
        if (interrupted)
        {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void shutdown()
    {
        locked(() ->
        {
            shutdown = true;
            dispatch();
            changed.signalAll();
        });
        removeHook.run();
    }

    @Override
    public List<Runnable> shutdownNow()
    {
        final List<Runnable> waiting = new ArrayList<>();
        locked(() ->
        {
            waiting.addAll(queue.drain());
            waiting.forEach(queued -> queue.add((PoolTask<?>)queued));
        });
        shut();
        final List<Worker> workers = workers();
        parallel.runtime.Threads.POOL.execute(() -> Pools.stop(workers));
        return waiting;
    }

    @Override
    public boolean isShutdown()
    {
        lock.lock();
        try
        {
            return shutdown;
        }
        finally
        {
            lock.unlock();
        }
    }

    @Override
    public boolean isTerminated()
    {
        lock.lock();
        try
        {
            return shutdown && crew.members().isEmpty();
        }
        finally
        {
            lock.unlock();
        }
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException
    {
        long left = unit.toNanos(timeout);
        lock.lockInterruptibly();
        try
        {
            while (!(shutdown && crew.members().isEmpty()))
            {
                if (left <= 0)
                {
                    return false;
                }
                left = changed.awaitNanos(left);
            }
            return true;
        }
        finally
        {
            lock.unlock();
        }
    }

    @Override
    public List<Worker> workers()
    {
        lock.lock();
        try
        {
            return crew.handles();
        }
        finally
        {
            lock.unlock();
        }
    }

    /**
     * How many workers there are, starting ones included.
     *
     * @return their number.
     */
    public int size()
    {
        lock.lock();
        try
        {
            return crew.members().size();
        }
        finally
        {
            lock.unlock();
        }
    }

    /**
     * How many workers there may be.
     *
     * @return their number.
     */
    public int most()
    {
        return limits.max();
    }

    /**
     * After how many tasks a worker is renewed.
     *
     * @return their number.
     */
    public long mostTasks()
    {
        return limits.maxTasks();
    }

    /**
     * How long a task may take to end after its interrupt.
     *
     * @return in milliseconds.
     */
    public long graceMs()
    {
        return limits.graceMs();
    }

    @Override
    public String toString()
    {
        lock.lock();
        try
        {
            return "#parallel/pool{:workers " + crew.members().size() + " :queued " + queue.length() + " :running " + crew.load() +
                (shutdown ? " :closed true" : "") + "}";
        }
        finally
        {
            lock.unlock();
        }
    }
}
