package parallel.clojure;

import parallel.pool.Pool;
import parallel.pool.PoolTask;
import parallel.pool.TaskContent;

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
    public ClojureTask(Pool pool, TaskContent content, Object client)
    {
        super(pool, content, client);
    }
}
