package parallel.clojure;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

import clojure.lang.IBlockingDeref;
import clojure.lang.IDeref;
import clojure.lang.IPending;
import clojure.lang.Util;

import parallel.ParallelException;
import parallel.pool.Content;
import parallel.pool.Pool;
import parallel.pool.PoolTask;

/**
 * What {@code submit} returns: deref waits for the value, and its error is an ExceptionInfo.
 */
public final class ClojureTask extends PoolTask<Object> implements IDeref, IBlockingDeref, IPending
{
    /**
     * A task that no pool has yet.
     *
     * @param pool    which will have it.
     * @param content what it is.
     * @param client  whose it is.
     */
    public ClojureTask(Pool pool, Content content, Object client)
    {
        super(pool, content, client);
    }

    @Override
    public Object deref()
    {
        return deref(Long.MAX_VALUE, null);
    }

    @Override
    public Object deref(long ms, Object timeoutValue)
    {
        try
        {
            return await(ms, TimeUnit.MILLISECONDS) ? value() : timeoutValue;
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

    /** Without checked exceptions: IDeref is a Supplier, too, from Clojure 1.12 on. Throws what {@code Future.get} throws. */
    @Override
    public Object get()
    {
        try
        {
            return super.get();
        }
        catch (final InterruptedException | ExecutionException e)
        {
            throw Util.sneakyThrow(e);
        }
    }

    @Override
    public boolean isRealized()
    {
        return isDone();
    }
}
