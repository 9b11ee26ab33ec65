package parallel.clojure;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

import clojure.lang.Util;

import parallel.runtime.Reply;
import parallel.runtime.WorkerHandle;

/**
 * A worker's handle as {@code parallel.api} gives it: deref waits for the final value, and its error is an ExceptionInfo.
 */
public final class ClojureWorker extends WorkerHandle implements Dereferenced
{
    /**
     * A handle for a worker about to be started.
     *
     * @param birth what it is started with.
     */
    public ClojureWorker(Birth birth)
    {
        super(birth);
    }

    @Override
    protected Reply newReply(long number)
    {
        return new ClojureReply(this, number);
    }

    @Override
    public boolean awaitValue(long ms, TimeUnit unit) throws InterruptedException
    {
        return awaitEnd(ms, unit);
    }

    @Override
    public Object valueOrError()
    {
        return futureValue();
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
