package parallel.clojure;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

import clojure.lang.Util;

import parallel.runtime.Reply;
import parallel.runtime.WorkerHandle;

/**
 * What {@code exec} returns: deref waits for the value, and its error is an ExceptionInfo.
 */
public final class ClojureReply extends Reply implements Dereferenced
{
    ClojureReply(WorkerHandle worker, long number)
    {
        super(worker, number);
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

    @Override
    public String toString()
    {
        return "#parallel/reply{:done " + isDone() + "}";
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
