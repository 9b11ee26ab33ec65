package parallel.pool;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;

import parallel.NotTransferableException;
import parallel.ParallelException;
import parallel.Worker;
import parallel.codec.Destination;
import parallel.control.Errors;
import parallel.runtime.ChannelPeer;
import parallel.runtime.Threads;
import parallel.runtime.Waits;

/**
 * The pool itself: takes tasks in, hands them to its {@link Crew}, and settles their futures. One lock guards queue,
 * places of tasks, and crew; nothing that blocks is done under it.
 */
public final class Pool extends TaskExecutor
{
    static final System.Logger LOG = System.getLogger("parallel");

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Limits limits;
    private final Destination destination;
    private final FairQueue queue = new FairQueue();
    private final Crew crew;
    private long lastId;
    private boolean shutdown;
    private boolean closed;
    private volatile Runnable removeHook = () -> { };

    /**
     * A pool, whose workers start at once.
     *
     * @param limits      of it.
     * @param destination where its workers are: elsewhere, if one of them may be.
     * @param maker       starts a worker whose body is a {@link TaskLoop}.
     */
    public Pool(Limits limits, Destination destination, Supplier<? extends Worker> maker)
    {
        this.limits = limits;
        this.destination = destination;
        crew = new Crew(this, maker);
        locked(() -> crew.start(limits.start()));
    }

    @Override
    Limits limits()
    {
        return limits;
    }

    @Override
    public Destination destination()
    {
        return destination;
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
        catch (Throwable e)
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
        catch (InterruptedException e)
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
                Waits.forTask(this::doers, this::changed, ChannelPeer.FOREVER);
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

    private Boolean changed(long nanos) throws InterruptedException
    {
        return changed.awaitNanos(nanos) > 0 ? true : null;
    }

    @Override
    int[] doers()
    {
        lock.lock();
        try
        {
            return crew.doers();
        }
        finally
        {
            lock.unlock();
        }
    }

    /**
     * The next of what its tasks bring. Blocks.
     *
     * @param brought where they put it.
     * @param <T>     of it.
     * @return the first.
     * @throws InterruptedException if interrupted while blocked.
     */
    public <T> T take(BlockingQueue<T> brought) throws InterruptedException
    {
        T first = brought.poll();
        return first != null ? first :
            Waits.forTask(this::doers, nanos -> brought.poll(nanos, TimeUnit.NANOSECONDS), ChannelPeer.FOREVER);
    }

    private boolean hasRoomFor(PoolTask<?> task)
    {
        return queue.isEmpty() || queue.length() < limits.queueLength() && queue.bytes() +
            task.content().bytes() <= limits.queueBytes();
    }

    void dispatch()
    {
        while (!queue.isEmpty())
        {
            PoolWorker worker = crew.freest(queue.peek());
            if (worker == null)
            {
                break;
            }
            give(worker, queue.poll());
            changed.signalAll();
        }
        crew.fit();
        if (shutdown)
        {
            crew.quitIfDone();
        }
    }

    private void give(PoolWorker worker, PoolTask<?> task)
    {
        task.place().queued = false;
        if (task.place().call.error() != null)
        {
            task.fail(task.place().call.error());
            return;
        }
        long id = ++lastId;
        try
        {
            worker.give(task, id);
        }
        catch (OutOfMemoryError e)
        {
            worker.take(id);
            task.fail(Errors.noMemory(Map.of(), "a task of " + task.content().bytes() + " bytes", e));
        }
    }

    /** There is no worker, and there will be none. Under the lock. */
    void failAll(ParallelException error)
    {
        queue.drain().forEach(task -> task.fail(error));
    }

    /**
     * What may be under way to the worker with the smallest heap.
     *
     * @return in bytes; a large number while no worker is ready.
     */
    public long leastRoom()
    {
        lock.lock();
        try
        {
            return crew.leastRoom();
        }
        finally
        {
            lock.unlock();
        }
    }

    /**
     * What a word takes to the farthest of the hosts that its workers are on, and back.
     *
     * @return in nanoseconds; 0 where all are on this machine, or none is ready.
     */
    public long roundTripNanos()
    {
        lock.lock();
        try
        {
            return crew.roundTripNanos();
        }
        finally
        {
            lock.unlock();
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

    void received(PoolWorker worker, Object message) throws InterruptedException
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
            case Wire.LOADED -> loaded(worker, Wire.number(message, 1));
            case Wire.GIVEN_BACK -> givenBack(worker, (long[])Wire.part(message, 1));
            case Wire.STUCK -> stuck(worker, message);
            case Wire.OUTGROWN, Wire.FULL -> locked(() ->
            {
                crew.outgrown(worker, Wire.kind(message) == Wire.FULL);
                dispatch();
            });
            case Wire.WARM -> locked(() ->
            {
                crew.warm(worker);
                dispatch();
            });
            default -> LOG.log(System.Logger.Level.WARNING, "A message that is none of the pool's is ignored: " +
                message);
        }
    }

    private void loaded(PoolWorker worker, long id)
    {
        locked(() ->
        {
            PoolTask<?> task = worker.peek(id);
            if (task != null)
            {
                task.place().call.loaded();
                dispatch();
            }
        });
    }

    private void value(PoolWorker worker, Object message) throws InterruptedException
    {
        locked(() -> crew.took(Wire.number(message, 3)));
        settle(worker, message, PoolTask::complete);
    }

    private void error(PoolWorker worker, Object message) throws InterruptedException
    {
        settle(worker, message, (task, bytes) -> task.fail(DeathPolicy.remoteError(worker.worker(), bytes)));
    }

    /** It is not given another task: that would die with it, innocent. */
    private void stuck(PoolWorker worker, Object message) throws InterruptedException
    {
        locked(() -> worker.state(PoolWorker.State.QUITTING));
        settle(worker, message, PoolTask::complete);
        worker.kill();
    }

    /** Settles the task of a message with its bytes, or with why there are none. */
    private void settle(
        PoolWorker worker, Object message, BiConsumer<PoolTask<?>, byte[]> how) throws InterruptedException
    {
        long id = Wire.number(message, 1);
        byte[] bytes;
        try
        {
            bytes = Wire.bytes(message, 2, worker.worker());
        }
        catch (NotTransferableException e)
        {
            done(worker, id, task -> task.fail(e));
            return;
        }
        done(worker, id, task -> how.accept(task, bytes));
    }

    /** The worker gets its next task first, which takes no longer; and whatever happens then, this one is settled. */
    private void done(PoolWorker worker, long id, Consumer<PoolTask<?>> settle)
    {
        PoolTask<?> task = null;
        lock.lock();
        try
        {
            task = worker.take(id);
            crew.did(worker);
            dispatch();
        }
        finally
        {
            lock.unlock();
            if (task != null)
            {
                settle.accept(task);
            }
        }
    }

    private void givenBack(PoolWorker worker, long[] ids)
    {
        locked(() ->
        {
            worker.gaveBack();
            for (int i = ids.length - 1; i >= 0; i--)
            {
                PoolTask<?> task = worker.take(ids[i]);
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
        locked(() ->
        {
            List<Long> ids = worker.ids();
            for (int i = ids.size() - 1; i >= 0; i--)
            {
                // One by one: if there is no memory for what follows, this is called once more for the rest.
                PoolTask<?> task = worker.take(ids.get(i));
                ParallelException why = DeathPolicy.isFatal(error, limits) ? error :
                    i == 0 ? DeathPolicy.giveUp(task, error) : null;
                if (why == null)
                {
                    again(task);
                }
                else
                {
                    task.fail(why);
                }
            }
            if (crew.lost(worker, error))
            {
                failAll(error);
            }
            dispatch();
            changed.signalAll();
        });
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
            PoolWorker worker = task.place().worker;
            if (task.place().queued)
            {
                queue.remove(task);
                task.place().queued = false;
                changed.signalAll();
            }
            else if (worker != null && mayInterrupt)
            {
                long id = task.place().id;
                worker.interrupt(id);
                Timer.after(limits.graceMs(), () -> killIfItHas(worker, id));
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
        return Errors.closed(Map.of(), "The pool was closed. Submit to a new pool.");
    }

    /** Fails all that waits or runs, and takes nothing more. Never blocks. */
    void shut()
    {
        shutNow();
    }

    /** The same; what had not been given to a worker. */
    private List<Runnable> shutNow()
    {
        List<PoolTask<?>> tasks = new ArrayList<>();
        List<Runnable> waiting = new ArrayList<>();
        locked(() ->
        {
            shutdown = true;
            closed = true;
            tasks.addAll(queue.drain());
            waiting.addAll(tasks);
            crew.members().forEach(worker -> tasks.addAll(worker.takeAll()));
            crew.close();
            crew.dismissStarting();
            changed.signalAll();
        });
        tasks.forEach(task -> task.fail(closedError()));
        removeHook.run();
        return waiting;
    }

    @Override
    public void close()
    {
        shut();
        List<Worker> workers = workers();
        Pools.stop(workers);
        boolean interrupted = false;
        while (!isTerminated())
        {
            try
            {
                awaitTermination(1, TimeUnit.DAYS);
            }
            catch (InterruptedException e)
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
        List<Runnable> waiting = shutNow();
        List<Worker> workers = workers();
        Threads.POOL.execute(() -> Pools.stop(workers));
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
     * How many tasks wait for a worker.
     *
     * @return their number.
     */
    public int queued()
    {
        lock.lock();
        try
        {
            return queue.length();
        }
        finally
        {
            lock.unlock();
        }
    }

    /**
     * How many tasks its workers have been given and have not answered.
     *
     * @return their number.
     */
    public int running()
    {
        lock.lock();
        try
        {
            return crew.load();
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
            return "#parallel/pool{:workers " + crew.members().size() + " :queued " + queue.length() + " :running " +
                crew.load() +
                (shutdown ? " :closed true" : "") + "}";
        }
        finally
        {
            lock.unlock();
        }
    }
}
