package parallel.pool;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;

import parallel.Host;
import parallel.Worker;
import parallel.WorkerOptions;
import parallel.codec.Destination;
import parallel.place.Workers;
import parallel.runtime.Context;
import parallel.runtime.Group;
import parallel.runtime.Place;
import parallel.runtime.WorkerHandle;

/**
 * Makes pools: what of them knows how workers are started.
 */
public final class Pools
{
    /** Those that take tasks. */
    private static final List<Pool> LIVE = new CopyOnWriteArrayList<>();

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
        Context context = Context.current();
        WorkerOptions options = ResourceShares.applied(given, limits.max(), cores);
        return of(context, limits.graceMs(graceMs(given)), Workers.destination(options),
            () -> Workers.startClass(context, options, TaskLoop.class));
    }

    /**
     * A pool that ends with the workers of a context.
     *
     * @param context     of the parent.
     * @param limits      of the pool.
     * @param destination where its workers are: elsewhere, if one of them may be.
     * @param maker       starts a worker whose body is a {@link TaskLoop}.
     * @return the pool.
     */
    public static Pool of(Context context, Limits limits, Destination destination, Supplier<? extends Worker> maker)
    {
        Pool pool = new Pool(limits, destination, maker);
        Runnable remove = context.beforeClose(pool::shut);
        LIVE.add(pool);
        pool.removeHook(() ->
        {
            LIVE.remove(pool);
            remove.run();
        });
        return pool;
    }

    /**
     * The pools of this process that have not been shut down.
     *
     * @return a snapshot, in the order in which they were made.
     */
    public static List<Pool> live()
    {
        return List.copyOf(LIVE);
    }

    /**
     * How long a task may take to end after its interrupt.
     *
     * @param options of its worker.
     * @return in milliseconds.
     */
    public static long graceMs(WorkerOptions options)
    {
        return options.get(WorkerOptions.Option.GRACE, Duration.class).toMillis();
    }

    static long heapBytes(Worker worker)
    {
        return ((WorkerHandle)worker).heapLimitBytes();
    }

    static long roundTripNanos(Worker worker)
    {
        Object in = ((WorkerHandle)worker).life().spec().options().get(WorkerOptions.Option.IN, Object.class);
        Duration roundTrip = in instanceof Host host ? host.status().roundTrip() : null;
        return roundTrip == null ? 0 : roundTrip.toNanos();
    }

    /** The name of its host; null: this machine. */
    static String host(Worker worker)
    {
        Place.Elsewhere there = ((WorkerHandle)worker).life().place().elsewhere();
        return there == null ? null : there.host();
    }

    static boolean hasOwnHeap(Worker worker)
    {
        return ((WorkerHandle)worker).hasOwnHeap();
    }

    static void dismiss(Worker worker)
    {
        ((WorkerHandle)worker).dismiss();
    }

    static void tellRetired(Worker worker)
    {
        ((WorkerHandle)worker).tellRetired();
    }

    static void stop(List<Worker> workers)
    {
        Group.stop(workers.stream().map(WorkerHandle.class::cast).toList());
    }
}
