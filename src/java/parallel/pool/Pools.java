package parallel.pool;

import java.util.List;
import java.util.function.Supplier;

import parallel.Worker;
import parallel.WorkerOptions;
import parallel.runtime.Context;
import parallel.runtime.Group;
import parallel.runtime.WorkerHandle;
import parallel.runtime.Workers;

/**
 * Makes pools: what of them knows how workers are started.
 */
public final class Pools
{
    /** A session has no more workers. */
    public static final int MOST_WORKERS = 1024;

    private Pools()
    {
    }

    /**
     * A pool of workers that are started by the Java API.
     *
     * @param limits of the pool.
     * @param given  options of the workers.
     * @param cores  that each worker takes for its own; 0: its share.
     * @return the pool.
     */
    public static Pool ofBodies(Limits limits, WorkerOptions given, int cores)
    {
        final Context context = Context.current();
        final WorkerOptions options = Shares.applied(given, limits.max(), cores);
        return of(context, limits.graceMs(graceMs(given)), () -> Workers.startClass(context, options, TaskLoop.class));
    }

    /**
     * A pool that ends with the workers of a context.
     *
     * @param context of the parent.
     * @param limits  of the pool.
     * @param maker   starts a worker whose body is a {@link TaskLoop}.
     * @return the pool.
     */
    public static Pool of(Context context, Limits limits, Supplier<? extends Worker> maker)
    {
        final Pool pool = new Pool(limits, maker);
        pool.removeHook(context.beforeClose(pool::shut));
        return pool;
    }

    /**
     * How long a task may take to end after its interrupt.
     *
     * @param options of its worker.
     * @return in milliseconds.
     */
    public static long graceMs(WorkerOptions options)
    {
        return options.get(WorkerOptions.Option.GRACE, java.time.Duration.class).toMillis();
    }

    static void stop(List<Worker> workers)
    {
        Group.stop(workers.stream().map(WorkerHandle.class::cast).toList());
    }
}
