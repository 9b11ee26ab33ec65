package parallel.clojure;

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
    public String toString()
    {
        return "#parallel/reply{:done " + isDone() + "}";
    }
}
