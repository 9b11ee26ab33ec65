package parallel.pool;

import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.RunnableFuture;

import parallel.ParallelException;
import parallel.WorkerPool;
import parallel.codec.Codec;
import parallel.codec.NotTransferableException;
import parallel.runtime.Errors;

/**
 * What a pool is as an executor: makes tasks of the bodies that it is given, and rejects what cannot travel or is not taken in. Who has
 * the tasks, and for how long, is left to the pool.
 */
abstract class TaskExecutor extends WorkerPool
{
    /**
     * Takes a task in. Blocks while the queue is full.
     *
     * @param task not given to a pool before.
     * @throws ParallelException    with CLOSED after a shutdown.
     * @throws InterruptedException if interrupted while blocked.
     */
    public abstract void add(PoolTask<?> task) throws InterruptedException;

    /**
     * Takes a task in if there is room. Never blocks.
     *
     * @param task not given to a pool before.
     * @return false: the queue is full.
     * @throws ParallelException with CLOSED after a shutdown.
     */
    public abstract boolean tryAdd(PoolTask<?> task);

    abstract boolean cancel(PoolTask<?> task, boolean mayInterrupt);

    abstract Limits limits();

    // ---- tasks of bodies

    private <V> PoolTask<V> task(Object body)
    {
        return new PoolTask<>(this, new Content(null, body.getClass().getName(), bytes(body), 1), Thread.currentThread());
    }

    private static byte[] bytes(Object body)
    {
        try
        {
            return Codec.bodyToBytes(body);
        }
        catch (final NotTransferableException e)
        {
            final ParallelException cause = Errors.notTransferable(e);
            throw new RejectedExecutionException("The task cannot travel to a worker. " + cause.getMessage(), cause);
        }
    }

    @Override
    protected <V> RunnableFuture<V> newTaskFor(Callable<V> callable)
    {
        return task(Objects.requireNonNull(callable));
    }

    @Override
    protected <V> RunnableFuture<V> newTaskFor(Runnable runnable, V value)
    {
        return value == null ? task(Objects.requireNonNull(runnable)) : task(valued(runnable, value));
    }

    private static <V> WorkerPool.Task<V> valued(Runnable body, V value)
    {
        return () ->
        {
            body.run();
            return value;
        };
    }

    // ---- tasks come

    @Override
    public <V> Future<V> trySubmit(Task<V> body)
    {
        final PoolTask<V> task = task(body);
        try
        {
            return tryAdd(task) ? task : null;
        }
        catch (final ParallelException e)
        {
            throw rejected(e);
        }
    }

    @Override
    public void execute(Runnable command)
    {
        final Wrapped wrapped = Wrapped.of(command);
        if (wrapped == null)
        {
            accept(command instanceof PoolTask<?> made ? made : logging(task(command)));
            return;
        }
        final PoolTask<?> task = wrapped.body() instanceof PoolTask<?> made ? made : task(wrapped.body());
        accept(task);
        wrapped.given(task);
        task.onDone(() -> wrapped.done(task));
    }

    private static PoolTask<?> logging(PoolTask<?> task)
    {
        task.onDone(() ->
        {
            try
            {
                task.value();
            }
            catch (final ParallelException | InterruptedException | CancellationException e)
            {
                Pool.LOG.log(System.Logger.Level.ERROR, "A task given to execute has failed", e);
            }
        });
        return task;
    }

    void accept(PoolTask<?> task)
    {
        try
        {
            add(task);
        }
        catch (final ParallelException e)
        {
            throw rejected(e);
        }
        catch (final InterruptedException e)
        {
            Thread.currentThread().interrupt();
            throw new RejectedExecutionException("Interrupted while the pool's queue was full", e);
        }
    }

    private static RejectedExecutionException rejected(ParallelException why)
    {
        return new RejectedExecutionException(why.getMessage(), why);
    }
}
