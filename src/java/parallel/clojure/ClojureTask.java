package parallel.clojure;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

import clojure.lang.Util;

import parallel.pool.Content;
import parallel.pool.Pool;
import parallel.pool.PoolTask;

/**
 * What {@code submit} returns: deref waits for the value, and its error is an ExceptionInfo.
 */
public final class ClojureTask extends PoolTask<Object> implements Dereferenced
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
    public boolean awaitValue(long ms, TimeUnit unit) throws InterruptedException
    {
        return await(ms, unit);
    }

    @Override
    public Object valueOrError() throws InterruptedException
    {
        return value();
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
}
