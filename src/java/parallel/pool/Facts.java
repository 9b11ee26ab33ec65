package parallel.pool;

import java.util.LinkedHashMap;
import java.util.Map;

import parallel.ParallelException;
import parallel.Worker;
import parallel.WorkerDiedException;
import parallel.runtime.RemoteError;

/**
 * What the end of a worker says of its tasks, and their errors.
 */
public final class Facts
{
    /** So many workers in a row that end by themselves before they do anything do not do so by chance. */
    static final int MOST_DIED = 3;
    /** A signal comes from outside: somebody ends workers, who may stop doing so. */
    static final int MOST_KILLED = 200;

    /** A task that has killed so many workers is not given another. */
    static final int POISON = 2;

    private Facts()
    {
    }

    static ParallelException remoteError(Worker worker, byte[] bytes)
    {
        final Map<String, Object> who = new LinkedHashMap<>();
        who.put("worker/id", worker.id());
        who.put("worker/pid", worker.pid());
        return RemoteError.decode(bytes, who, "A task in worker " + worker.id() + " (pid " + worker.pid() + ")", false);
    }

    /** Whether the worker died while it evaluated: between two tasks it does nothing. */
    static boolean wasEvaluating(ParallelException error)
    {
        return error.code() == ParallelException.Code.WORKER_DIED && error.data().get("doing") instanceof String doing && !doing.startsWith(Wire.LOADING);
    }

    /**
     * How often it is tried again what did not run when its worker died, so that nobody waits for ever.
     *
     * @param error of the worker.
     * @return more often where a signal has ended it: that comes from outside, and may stop.
     */
    public static int mostUnexplained(ParallelException error)
    {
        return wasKilled(error) ? MOST_KILLED : MOST_DIED;
    }

    static boolean wasKilled(ParallelException error)
    {
        return error.data().get("signal") != null || Boolean.TRUE.equals(error.data().get("stopped"));
    }

    /** The error of the task that was evaluated when its worker died for the last time. */
    static ParallelException ofDeath(ParallelException error, PoolTask<?> task)
    {
        if (task.place().deaths < POISON)
        {
            return error;
        }
        final Map<String, Object> data = new LinkedHashMap<>(error.data());
        data.put("poison", true);
        return new WorkerDiedException("The task has killed its worker " + POISON + " times and is not tried again: " + task.content().text() + ". " +
            error.getMessage(), data, error);
    }
}
