package parallel.pool;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RunnableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import parallel.ParallelException;
import parallel.control.Text;
import parallel.runtime.Settlement;
import parallel.runtime.Threads;

/**
 * A task of a pool, and its future. Safe from any thread.
 *
 * @param <V> of its value.
 */
public class PoolTask<V> extends Settlement<V> implements RunnableFuture<V>
{
    private final TaskExecutor pool;
    private final TaskContent content;
    private final Object client;
    private final Place place = new Place();
    /** Guarded by itself. */
    private final Map<Object, Runnable> revocable = new HashMap<>(0);
    private boolean watched;

    /** Where it is, guarded by the pool's lock. */
    static final class Place
    {
        long id;
        boolean queued;
        boolean accepted;
        boolean ahead;
        int deaths;
        int unexplained;
        int retries;
        DeathPolicy.Call call = new DeathPolicy.Call();
        volatile PoolWorker worker;
        /** Of the worker that had it last; null: this machine. */
        volatile String host;
    }

    /**
     * A task that no pool has yet.
     *
     * @param pool    which will have it.
     * @param content what it is.
     * @param client  whose it is: the clients of a pool take turns.
     */
    protected PoolTask(TaskExecutor pool, TaskContent content, Object client)
    {
        this.pool = pool;
        this.content = content;
        this.client = client;
        place.retries = pool.limits().retries();
    }

    /**
     * How often it is tried again after its worker died, if not as the pool says.
     *
     * @param times 0 or more.
     * @return this.
     */
    public final PoolTask<V> retries(int times)
    {
        place.retries = times;
        return this;
    }

    /**
     * The call that it is a part of, if it is not one of its own.
     *
     * @param shared by the tasks of the call.
     * @return this.
     */
    public final PoolTask<V> call(DeathPolicy.Call shared)
    {
        place.call = shared;
        return this;
    }

    /**
     * It may wait for its turn at a worker while tasks take milliseconds, so that the worker need not wait for it. What
     * is cancelled there may begin before the worker hears of it.
     *
     * @return this.
     */
    public final PoolTask<V> ahead()
    {
        place.ahead = true;
        return this;
    }

    @Override
    protected final int[] waitsFor()
    {
        return pool.doers();
    }

    final TaskContent content()
    {
        return content;
    }

    final Object client()
    {
        return client;
    }

    final Place place()
    {
        return place;
    }

    @Override
    protected boolean complete(byte[] ofValue)
    {
        return super.complete(ofValue);
    }

    final boolean fail(ParallelException error)
    {
        return fail(() -> error);
    }

    @Override
    protected final boolean settleCancelled()
    {
        return super.settleCancelled();
    }

    /** As an executor's: gives it to the pool, unless that was done. */
    @Override
    public final void run()
    {
        pool.accept(this);
    }

    /**
     * What is to be done when it is done: value, error or cancelled. On a thread of the library's, also if it is done
     * already; what that throws is logged.
     *
     * @param listener called once.
     */
    public final void onDone(Runnable listener)
    {
        settled().whenCompleteAsync((result, none) -> Pool.logged(listener), Threads.POOL);
    }

    /**
     * As {@link #onDone}, for a listener that may be of no interest before the task is done.
     *
     * @param listener called once, unless it is taken back.
     * @return takes it back: the task holds nothing of it any more.
     */
    public final Runnable onDoneUnlessTakenBack(Runnable listener)
    {
        Object key = new Object();
        synchronized (revocable)
        {
            revocable.put(key, listener);
            if (!watched)
            {
                watched = true;
                onDone(this::callRevocable);
            }
        }
        if (isDone())
        {
            callRevocable();    // those were called before this one came
        }
        return () ->
        {
            synchronized (revocable)
            {
                revocable.remove(key);
            }
        };
    }

    private void callRevocable()
    {
        List<Runnable> listeners;
        synchronized (revocable)
        {
            listeners = List.copyOf(revocable.values());
            revocable.clear();
        }
        listeners.forEach(Pool::logged);
    }

    /**
     * The same on the thread that settles it, which may hold the pool's lock, or on the calling thread if it is done
     * already: for what neither waits nor calls code of others.
     *
     * @param listener called once.
     */
    public final void onSettled(Runnable listener)
    {
        settled().whenComplete((result, none) -> Pool.logged(listener));
    }

    @Override
    public final boolean cancel(boolean mayInterrupt)
    {
        return pool.cancel(this, mayInterrupt);
    }

    @Override
    public final TimeoutException timedOut(long timeout, TimeUnit unit)
    {
        return new TimeoutException("The task is not done after " + unit.toMillis(timeout) + " ms: " + content.text());
    }

    @Override
    protected final String cancellation()
    {
        return "The task was cancelled: " + content.text();
    }

    /**
     * Returns on which host the task is.
     *
     * @return the name of the host whose worker had it last; null: this machine.
     */
    public final String host()
    {
        return place.host;
    }

    /**
     * Returns where the task is.
     *
     * @return queued: no worker has it; running: a worker has it, where it may still wait for its turn; done, failed or
     *     cancelled.
     */
    public final String state()
    {
        End end = end();
        if (end == null)
        {
            return place.worker == null ? "queued" : "running";
        }
        return end == End.VALUE ? "done" : end == End.ERROR ? "failed" : "cancelled";
    }

    @Override
    public final String toString()
    {
        return "#parallel/task{:state :" + state() + " :doing \"" + Text.shortened(content.text(), 60) + "\"}";
    }
}
