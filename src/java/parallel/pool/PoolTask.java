package parallel.pool;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RunnableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import parallel.ParallelException;
import parallel.codec.Codec;
import parallel.runtime.Errors;
import parallel.runtime.Threads;

/**
 * A task of a pool, and its future. The value is decoded by the first that asks. Safe from any thread.
 *
 * @param <V> of its value.
 */
public class PoolTask<V> implements RunnableFuture<V>
{
    private enum Kind
    {
        VALUE, ERROR, CANCELLED
    }

    private record Result(Kind kind, ParallelException error)
    {
    }

    private final TaskExecutor pool;
    private final Content content;
    private final Object client;
    private final CompletableFuture<Result> settled = new CompletableFuture<>();
    private final Place place = new Place();
    /** Of its value, until it is decoded; written before it is settled, then guarded by this. */
    private byte[] bytes;
    private V value;

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
        volatile PoolWorker worker;
    }

    /**
     * A task that no pool has yet.
     *
     * @param pool    which will have it.
     * @param content what it is.
     * @param client  whose it is: the clients of a pool take turns.
     */
    protected PoolTask(TaskExecutor pool, Content content, Object client)
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
     * It may wait for its turn at a worker while tasks take milliseconds, so that the worker need not wait for it. What is cancelled
     * there may begin before the worker hears of it.
     *
     * @return this.
     */
    public final PoolTask<V> ahead()
    {
        place.ahead = true;
        return this;
    }

    final Content content()
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

    final boolean complete(byte[] ofValue)
    {
        synchronized (this)
        {
            bytes = ofValue;
        }
        return settled.complete(new Result(Kind.VALUE, null));
    }

    final boolean fail(ParallelException error)
    {
        return settled.complete(new Result(Kind.ERROR, error));
    }

    final boolean settleCancelled()
    {
        return settled.complete(new Result(Kind.CANCELLED, null));
    }

    /** As an executor's: gives it to the pool, unless that was done. */
    @Override
    public final void run()
    {
        pool.accept(this);
    }

    /**
     * What is to be done when it is done: value, error or cancelled. On a thread of the library's, also if it is done already; what
     * that throws is logged.
     *
     * @param listener called once.
     */
    public final void onDone(Runnable listener)
    {
        settled.whenCompleteAsync((result, none) -> Pool.logged(listener), Threads.POOL);
    }

    /**
     * The same on the thread that settles it, which may hold the pool's lock, or on the calling thread if it is done already: for what
     * neither waits nor calls code of others.
     *
     * @param listener called once.
     */
    public final void onSettled(Runnable listener)
    {
        settled.whenComplete((result, none) -> Pool.logged(listener));
    }

    @Override
    public final boolean cancel(boolean mayInterrupt)
    {
        return pool.cancel(this, mayInterrupt);
    }

    @Override
    public final boolean isCancelled()
    {
        final Result result = settled.getNow(null);
        return result != null && result.kind() == Kind.CANCELLED;
    }

    @Override
    public final boolean isDone()
    {
        return settled.isDone();
    }

    /**
     * Waits.
     *
     * @param timeout how long.
     * @param unit    of it.
     * @return true if it is done.
     * @throws InterruptedException if interrupted while blocked.
     */
    public final boolean await(long timeout, TimeUnit unit) throws InterruptedException
    {
        try
        {
            settled.get(timeout, unit);
            return true;
        }
        catch (final TimeoutException e)
        {
            return false;
        }
        catch (final ExecutionException e)
        {
            throw new IllegalStateException(e);     // it is only ever completed with a result
        }
    }

    /**
     * Waits for the value.
     *
     * @return the value.
     * @throws InterruptedException  if interrupted while blocked.
     * @throws ParallelException     why there is none.
     * @throws CancellationException if it was cancelled.
     */
    public final V value() throws InterruptedException
    {
        await(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
        final Result result = settled.join();
        switch (result.kind())
        {
            case ERROR:
                throw result.error();
            case CANCELLED:
                throw new CancellationException("The task was cancelled: " + content.text());
            default:
                return decoded();
        }
    }

    @SuppressWarnings("unchecked")  // as its Callable says
    private synchronized V decoded()
    {
        if (bytes != null)
        {
            try
            {
                value = (V)Codec.fromBytes(bytes);
                bytes = null;
            }
            catch (final parallel.codec.NotTransferableException e)
            {
                throw Errors.notTransferable(e);
            }
        }
        return value;
    }

    @Override
    public V get() throws InterruptedException, ExecutionException
    {
        try
        {
            return value();
        }
        catch (final ParallelException e)
        {
            throw new ExecutionException(e);
        }
    }

    @Override
    public final V get(long timeout, TimeUnit unit) throws InterruptedException, ExecutionException, TimeoutException
    {
        if (!await(timeout, unit))
        {
            throw new TimeoutException("The task is not done after " + unit.toMillis(timeout) + " ms: " + content.text());
        }
        return get();
    }

    /** @return queued, running, done, failed or cancelled. */
    public final String state()
    {
        final Result result = settled.getNow(null);
        if (result == null)
        {
            return place.worker == null ? "queued" : "running";
        }
        return result.kind() == Kind.VALUE ? "done" : result.kind() == Kind.ERROR ? "failed" : "cancelled";
    }

    @Override
    public final String toString()
    {
        return "#parallel/task{:state :" + state() + " :doing \"" + parallel.runtime.Text.shortened(content.text(), 60) + "\"}";
    }
}
