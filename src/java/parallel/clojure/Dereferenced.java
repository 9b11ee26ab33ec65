package parallel.clojure;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

import clojure.lang.IBlockingDeref;
import clojure.lang.IDeref;
import clojure.lang.IPending;
import clojure.lang.Util;

import parallel.ParallelException;
import parallel.runtime.FutureValue;

/**
 * A future of the core as Clojure has it: deref waits for the value, and its error is an ExceptionInfo.
 */
public interface Dereferenced extends FutureValue<Object>, IDeref, IBlockingDeref, IPending
{
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
            return await(ms, TimeUnit.MILLISECONDS) ? value() : timeoutValue;
        }
        catch (ParallelException e)
        {
            throw ClojureErrors.exInfo(e);
        }
        catch (InterruptedException e)
        {
            throw Util.sneakyThrow(e);
        }
    }

    @Override
    default boolean isRealized()
    {
        return isDone();
    }

    /**
     * Without checked exceptions: IDeref is a Supplier, too, from Clojure 1.12 on. Throws what {@code Future.get}
     * throws.
     */
    @Override
    default Object get()
    {
        try
        {
            return FutureValue.super.get();
        }
        catch (InterruptedException | ExecutionException e)
        {
            throw Util.sneakyThrow(e);
        }
    }
}
