package parallel.clojure;

import parallel.runtime.Reply;
import parallel.runtime.StartSpec;
import parallel.runtime.WorkerHandle;

/**
 * A worker's handle as {@code parallel.api} gives it: deref waits for the final value, and its error is an
 * ExceptionInfo.
 */
public final class ClojureWorker extends WorkerHandle implements Dereferenced
{
    /**
     * A handle for a worker about to be started.
     *
     * @param spec what it is started with.
     */
    public ClojureWorker(StartSpec spec)
    {
        super(spec);
    }

    @Override
    protected Reply newReply(long number)
    {
        return new ClojureReply(this, number);
    }
}
