package parallel.pool;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

import parallel.ParallelException;
import parallel.Worker;
import parallel.WorkerDiedException;
import parallel.control.RemoteError;

/**
 * Decides what the end of a worker means for its tasks: the one place that counts deaths. Guarded by the pool's lock.
 *
 * <pre>
 *   the worker died while it        counted for           given up after
 *   evaluated the task              the task              as many retries as it has, or 2 deaths
 *   loaded the task's function      the call              3 deaths, 10 by a signal, unless a worker has loaded it
 *   did neither                     the task              3 deaths; 200 by a signal, which comes from outside and may
 *   stop
 * </pre>
 */
public final class DeathPolicy
{
    /** So many workers in a row that end by themselves before they do anything do not do so by chance. */
    static final int MOST_DIED = 3;
    /** A signal comes from outside: somebody ends workers, who may stop doing so. */
    static final int MOST_KILLED = 200;
    /** Somebody who kills workers at random may hit some that load. */
    static final int MOST_KILLED_WHILE_LOADING = 10;
    /** A task that has killed so many workers is not given another. */
    static final int POISON = 2;

    /** The tasks of one call have one function, which is loaded by each worker before the first of them. */
    public static final class Call
    {
        private int deathsWhileLoading;
        private boolean loaded;
        /** Workers that have tasks of it, until one has loaded the function. */
        private final Set<PoolWorker> loading = new HashSet<>();
        private ParallelException error;

        /** Made by whoever makes the tasks. */
        public Call()
        {
        }

        /** A worker has loaded the function: it can be. */
        void loaded()
        {
            loaded = true;
            loading.clear();
        }

        /**
         * Whether a worker may be given a task of it: no more load it at once than may die of it. One that failed ends
         * there.
         */
        boolean mayBeGivenTo(PoolWorker worker)
        {
            loading.removeIf(other -> !other.hasTaskOf(this));      // given back, or ended
            return loaded || error != null || loading.contains(worker) ||
                loading.isEmpty() || deathsWhileLoading + loading.size() < MOST_DIED;
        }

        void givenTo(PoolWorker worker)
        {
            if (!loaded)
            {
                loading.add(worker);
            }
        }

        /** Why none of its tasks is given to a worker any more; or null. */
        ParallelException error()
        {
            return error;
        }
    }

    private DeathPolicy()
    {
    }

    static ParallelException remoteError(Worker worker, byte[] bytes)
    {
        return RemoteError.decode(bytes, who(worker), "A task in worker " + worker.id() + " (pid " + worker.pid() +
            ")", false);
    }

    static Map<String, Object> who(Worker worker)
    {
        Map<String, Object> who = new LinkedHashMap<>();
        who.put("worker/id", worker.id());
        who.put("worker/pid", worker.pid());
        return who;
    }

    /**
     * Whether none of the tasks of a worker may be tried again: on a host that is lost each may still be done.
     *
     * @param error  of the worker.
     * @param limits of the pool.
     * @return true if so.
     */
    static boolean isFatal(ParallelException error, Limits limits)
    {
        return error.code() == ParallelException.Code.HOST_LOST && limits.failsOnHostLost();
    }

    /**
     * Why the first task of a worker that has ended is not tried again.
     *
     * @param task  the one that the worker was at.
     * @param error of the worker.
     * @return the task's error; null: it is tried again.
     */
    static ParallelException giveUp(PoolTask<?> task, ParallelException error)
    {
        PoolTask.Place place = task.place();
        if (error.code() == ParallelException.Code.HOST_LOST)
        {
            return null;        // it is not the task's fault, and another host has it next
        }
        if (isLoading(error) && !place.call.loaded)
        {
            if (++place.call.deathsWhileLoading >= (wasKilled(error) ? MOST_KILLED_WHILE_LOADING : MOST_DIED))
            {
                place.call.error = ofLoading(error, task);
            }
            return place.call.error;
        }
        if (wasEvaluating(error))
        {
            return ++place.deaths < POISON && place.deaths <= place.retries ? null : ofDeath(error, task);
        }
        return ++place.unexplained <= (wasKilled(error) ? MOST_KILLED : MOST_DIED) ? null : error;
    }

    /**
     * Whether a worker died while it evaluated a task: between two tasks it does nothing.
     *
     * @param error of the worker.
     * @return false: the pool has tried its task again as often as it makes sense.
     */
    public static boolean wasEvaluating(ParallelException error)
    {
        return doing(error) != null && !isLoading(error);
    }

    private static boolean isLoading(ParallelException error)
    {
        String doing = doing(error);
        return doing != null && doing.startsWith(Wire.LOADING);
    }

    private static String doing(ParallelException error)
    {
        return error.code() == ParallelException.Code.WORKER_DIED &&
            error.data().get("doing") instanceof String doing ? doing : null;
    }

    static boolean wasKilled(ParallelException error)
    {
        return error.data().get("signal") != null || Boolean.TRUE.equals(error.data().get("stopped"));
    }

    private static ParallelException ofLoading(ParallelException error, PoolTask<?> task)
    {
        return new WorkerDiedException("The function has killed " + task.place().call.deathsWhileLoading +
            " workers while it was loaded, and is not tried again: " +
            task.content().text() + ". " + error.getMessage(), error.data(), error);
    }

    /** The error of the task that was evaluated when its worker died for the last time. */
    private static ParallelException ofDeath(ParallelException error, PoolTask<?> task)
    {
        if (task.place().deaths < POISON)
        {
            return error;
        }
        Map<String, Object> data = new LinkedHashMap<>(error.data());
        data.put("poison", true);
        return new WorkerDiedException("The task has killed its worker " + POISON + " times and is not tried again: " +
            task.content().text() + ". " +
            error.getMessage(), data, error);
    }
}
