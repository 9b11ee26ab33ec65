package parallel.clojure;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

import clojure.lang.IBlockingDeref;
import clojure.lang.IDeref;
import clojure.lang.IPending;
import clojure.lang.Util;

import parallel.ParallelException;
import parallel.runtime.Reply;
import parallel.runtime.WorkerHandle;

/**
 * What {@code exec} returns: deref waits for the value, and its error is an ExceptionInfo.
 */
public final class ClojureReply extends Reply implements IDeref, IBlockingDeref, IPending
{
    ClojureReply(WorkerHandle worker, long number)
    {
        super(worker, number);
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
