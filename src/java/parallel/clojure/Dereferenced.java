package parallel.clojure;

import java.util.concurrent.TimeUnit;

import clojure.lang.IBlockingDeref;
import clojure.lang.IDeref;
import clojure.lang.IPending;
import clojure.lang.Util;

import parallel.ParallelException;

/**
 * A future of the core as Clojure has it: deref waits for the value, and its error is an ExceptionInfo.
 */
public interface Dereferenced extends IDeref, IBlockingDeref, IPending
{
    /**
     * Waits.
     *
     * @param time how long.
     * @param unit of it.
     * @return true if it is done.
     * @throws InterruptedException if interrupted while blocked.
     */
    boolean awaitValue(long time, TimeUnit unit) throws InterruptedException;

    /**
     * The value, of one that is done.
     *
     * @return the value.
     * @throws InterruptedException never: it is done.
     */
    Object valueOrError() throws InterruptedException;

    /**
     * Whether it is done.
     *
     * @return true if so.
     */
    boolean isDone();

    @Override
    default Object deref()
    {
        return deref(Long.MAX_VALUE, null);
    }

    @Override
    default Object deref(long ms, Object timeoutValue)
    {
        try
        {
            return awaitValue(ms, TimeUnit.MILLISECONDS) ? valueOrError() : timeoutValue;
        }
        catch (final ParallelException e)
        {
            throw ClojureErrors.exInfo(e);
        }
        catch (final InterruptedException e)
        {
            throw Util.sneakyThrow(e);
        }
    }

    @Override
    default boolean isRealized()
    {
        return isDone();
    }
}
