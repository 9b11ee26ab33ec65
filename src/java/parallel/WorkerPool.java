package parallel;

import java.io.Closeable;
import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;

import parallel.pool.Limits;
import parallel.pool.Pools;

/**
 * An executor whose threads are worker JVMs: tasks wait in one queue, each worker takes one after the other, a worker that dies is
 * replaced. A task is a {@link Callable} or {@link Runnable} that can travel: a lambda or an object that is {@link Serializable}
 * (Java serialization itself is not used), whose captured values travel by value, as does its result. Safe from any thread.
 *
 * <p>A task that cannot travel is rejected at once, as one that comes after the shutdown is: with a
 * {@link java.util.concurrent.RejectedExecutionException} that names its class, and whose cause is the {@link ParallelException}.
 * What a task threw, and that its worker died, are the cause of the {@link java.util.concurrent.ExecutionException} of
 * {@link Future#get()}, a {@link ParallelException}, too. A task whose worker died is tried once more (see
 * {@link Builder#retries(int)}); one that has killed its worker twice is not tried again.
 *
 * <p>{@link Future#cancel(boolean)} of a task that waits takes it out of the queue; of one that runs it interrupts it, and if it has
 * not ended after the grace of the workers' options, its worker is killed and replaced.
 *
 * <pre>{@code
 * try (WorkerPool pool = WorkerPool.of(4)) {
 *     Future<Double> area = pool.submit(() -> integrate(0, 1));
 *     System.out.println(area.get());
 * }
 * }</pre>
 */
public abstract class WorkerPool extends AbstractExecutorService implements Closeable
{
    /** Made by {@link #builder(int)} only. */
    protected WorkerPool()
    {
    }

    /**
     * A task that can travel; a lambda that is given to {@link #submit(Task)} is one.
     *
     * @param <V> of its value.
     */
    @FunctionalInterface
    public interface Task<V> extends Callable<V>, Serializable
    {
    }

    /**
     * Gives a task to the pool. Blocks while the queue is full.
     *
     * @param task a lambda or an object.
     * @param <V>  of its value.
     * @return its future.
     * @throws java.util.concurrent.RejectedExecutionException if it cannot travel, or the pool is shut down.
     */
    public <V> Future<V> submit(Task<V> task)
    {
        return submit((Callable<V>)task);
    }

    /**
     * Gives a task to the pool if there is room in its queue. Never blocks.
     *
     * @param task a lambda or an object.
     * @param <V>  of its value.
     * @return its future, or null: the queue is full.
     * @throws java.util.concurrent.RejectedExecutionException if it cannot travel, or the pool is shut down.
     */
    public abstract <V> Future<V> trySubmit(Task<V> task);

    /**
     * The workers of now, those that are starting included.
     *
     * @return a snapshot.
     */
    public abstract List<Worker> workers();

    /**
     * Ends the pool now: tasks that wait or run fail with {@link ClosedException}, and the workers are stopped. Blocks until they
     * have ended. Idempotent.
     */
    @Override
    public abstract void close();

    /**
     * A pool of so many workers, with the default options.
     *
     * @param workers at least 1.
     * @return the pool, whose workers are starting.
     */
    public static WorkerPool of(int workers)
    {
        return builder(workers).build();
    }

    /**
     * Starts from the defaults.
     *
     * @param workers at least 1.
     * @return a new builder.
     */
    public static Builder builder(int workers)
    {
        return new Builder(workers);
    }

    /** Collects options. What is not allowed is refused at once. One thread at a time. */
    public static final class Builder
    {
        private static final long LONGEST_SECONDS = Long.MAX_VALUE / 1000;
        private final Limits limits;
        private WorkerOptions workerOptions = WorkerOptions.builder().build();
        private int cores;

        private Builder(int workers)
        {
            check(workers >= 1 && workers <= Pools.MOST_WORKERS, "workers", workers, "a number from 1 to " + Pools.MOST_WORKERS);
            limits = new Limits(workers);
        }

        /**
         * Lets the pool grow while tasks wait, and shrink when workers are idle.
         *
         * @param min workers that are kept, 0 or more.
         * @param max workers that there may be.
         * @return this.
         */
        public Builder between(int min, int max)
        {
            check(min >= 0 && max >= 1 && min <= max && max <= Pools.MOST_WORKERS, "min and max", min + " and " + max,
                "numbers, min not above max, max from 1 to " + Pools.MOST_WORKERS);
            limits.between(min, max);
            return this;
        }

        /**
         * How long a worker above the least number may be idle.
         *
         * @param timeout default 60 s.
         * @return this.
         */
        public Builder idleTimeout(Duration timeout)
        {
            check(timeout != null && !timeout.isNegative(), "idle-timeout", timeout, "a time of zero or more");
            limits.idleMs(timeout.getSeconds() >= LONGEST_SECONDS ? Long.MAX_VALUE : timeout.toMillis());
            return this;
        }

        /**
         * After how many tasks a worker is renewed.
         *
         * @param tasks at least 1; default: never.
         * @return this.
         */
        public Builder maxTasks(long tasks)
        {
            check(tasks >= 1, "max-tasks", tasks, "a number of 1 or more");
            limits.maxTasks(tasks);
            return this;
        }

        /**
         * How much may wait.
         *
         * @param tasks at least 1, default 1000000.
         * @param bytes of them as they travel; one larger is always admitted. Default: the larger of 128 MiB and a quarter of the
         *              heap.
         * @return this.
         */
        public Builder queue(int tasks, long bytes)
        {
            check(tasks >= 1 && bytes >= 0, "queue", tasks + " and " + bytes, "1 task or more, 0 bytes or more");
            limits.queueLength(tasks).queueBytes(bytes);
            return this;
        }

        /**
         * How often a task is tried again after its worker died.
         *
         * @param times 0 or more, default 1; a task that has killed its worker twice is never tried again.
         * @return this.
         */
        public Builder retries(int times)
        {
            check(times >= 0, "retries", times, "a number of 0 or more");
            limits.retries(times);
            return this;
        }

        /**
         * How many cores each worker's JVM takes for its own: it sizes its inner pools by that.
         *
         * @param each at least 1; default: those of this JVM divided by the workers.
         * @return this.
         */
        public Builder coresPerWorker(int each)
        {
            check(each >= 1, "cores-per-worker", each, "a number of 1 or more");
            cores = each;
            return this;
        }

        /**
         * What the workers are started with.
         *
         * @param options of each of them; without a largest heap they share three quarters of the memory of the machine or
         *                container.
         * @return this.
         */
        public Builder workerOptions(WorkerOptions options)
        {
            check(options != null, "worker-options", null, "options of a worker");
            workerOptions = options;
            return this;
        }

        /**
         * Makes the pool; its workers start at once, and it returns at once.
         *
         * @return the pool.
         * @throws ParallelException with BAD_ARGUMENT if the workers' heaps do not fit into the memory.
         */
        public WorkerPool build()
        {
            return Pools.ofBodies(limits, workerOptions, cores);
        }

        private static void check(boolean allowed, String option, Object value, String what)
        {
            if (!allowed)
            {
                throw new ParallelException(ParallelException.Code.BAD_ARGUMENT,
                    "Option " + option + " is " + value + "; allowed is " + what + ".", Map.of("option", option, "allowed", what), null);
            }
        }
    }
}
