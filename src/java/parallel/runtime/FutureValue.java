package parallel.runtime;

import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import parallel.ParallelException;

/**
 * A value that comes from a worker, as a future: {@link #value()} throws the library's own errors, {@code get} wraps
 * them as futures do.
 *
 * @param <V> of the value.
 */
public interface FutureValue<V> extends Future<V>
{
    /**
     * Waits.
     *
     * @param timeout how long.
     * @param unit    of it.
     * @return true if it is done.
     * @throws InterruptedException if interrupted while blocked.
     */
    boolean await(long timeout, TimeUnit unit) throws InterruptedException;

    /**
     * Waits for the value.
     *
     * @return the value.
     * @throws InterruptedException  if interrupted while blocked.
     * @throws ParallelException     why there is none.
     * @throws CancellationException if it was cancelled.
     */
    V value() throws InterruptedException;

    /**
     * The error of who has waited for that long.
     *
     * @param timeout how long.
     * @param unit    of it.
     * @return an error that says what is not done.
     * @throws InterruptedException if interrupted while it is asked where the worker is.
     */
    TimeoutException timedOut(long timeout, TimeUnit unit) throws InterruptedException;

    @Override
    default V get() throws InterruptedException, ExecutionException
    {
        try
        {
            return value();
        }
        catch (ParallelException e)
        {
            throw new ExecutionException(e);
        }
    }

    @Override
    default V get(long timeout, TimeUnit unit) throws InterruptedException, ExecutionException, TimeoutException
    {
        if (!await(timeout, unit))
        {
            throw timedOut(timeout, unit);
        }
        return get();
    }
}
