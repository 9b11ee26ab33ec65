package parallel.pool;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.RunnableFuture;

import parallel.ParallelException;
import parallel.WorkerPool;
import parallel.codec.Codec;
import parallel.codec.Destination;
import parallel.codec.UnserializableException;
import parallel.control.Errors;

/**
 * What a pool is as an executor: makes tasks of the bodies that it is given, and rejects what cannot be sent or is not
 * taken in. Who has the tasks, and for how long, is left to the pool.
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

    /**
     * Who may do what waits in the queue, and what is under way.
     *
     * @return ids of its workers; empty while there may be more of them.
     */
    abstract int[] doers();

    /**
     * Where goes what tasks are given: what means something on this machine only is refused where workers may be on
     * others.
     *
     * @return the destination of each task.
     */
    public abstract Destination destination();

    // ---- tasks of bodies

    private <V> PoolTask<V> task(Object body)
    {
        return new PoolTask<>(this, new TaskContent(null, Codec.describeBody(body), bytes(body), 1),
            Thread.currentThread());
    }

    private byte[] bytes(Object body)
    {
        try
        {
            return destination().of(() -> Codec.bodyToBytes(body));
        }
        catch (UnserializableException e)
        {
            ParallelException cause = Errors.notTransferable(e);
            throw new RejectedExecutionException("The task cannot be sent to a worker. " + cause.getMessage(), cause);
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
        PoolTask<V> task = task(body);
        try
        {
            return tryAdd(task) ? task : null;
        }
        catch (ParallelException e)
        {
            throw rejected(e);
        }
    }

    @Override
    public <T, R> List<R> map(
        Mapping<? super T, ? extends R> function, Iterable<? extends T> elements) throws InterruptedException
    {
        try
        {
            return ElementMap.results(this, Objects.requireNonNull(function), elements, null);
        }
        catch (IOException e)
        {
            throw new IllegalStateException(e);     // there is no file
        }
    }

    @Override
    public <T, R> List<R> map(
        Mapping<? super T, ? extends R> function, Iterable<? extends T> elements,
        Path journal) throws InterruptedException, IOException
    {
        return ElementMap.results(this, Objects.requireNonNull(function), elements, Objects.requireNonNull(journal));
    }

    @Override
    public void execute(Runnable command)
    {
        WrappedRunnable wrapped = WrappedRunnable.of(command);
        if (wrapped == null)
        {
            accept(command instanceof PoolTask<?> made ? made : logging(task(command)));
            return;
        }
        PoolTask<?> task = wrapped.body() instanceof PoolTask<?> made ? made : task(wrapped.body());
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
            catch (ParallelException | InterruptedException | CancellationException e)
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
        catch (ParallelException e)
        {
            throw rejected(e);
        }
        catch (InterruptedException e)
        {
            Thread.currentThread().interrupt();
            throw new RejectedExecutionException("The thread was interrupted while the pool's queue was full. The " +
                "task was not submitted.", e);
        }
    }

    private static RejectedExecutionException rejected(ParallelException why)
    {
        return new RejectedExecutionException(why.getMessage(), why);
    }
}
