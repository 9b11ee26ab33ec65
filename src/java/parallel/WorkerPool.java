package parallel;

import java.io.Closeable;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.function.Function;

import parallel.pool.Limits;
import parallel.pool.Pools;

/**
 * An executor whose threads are worker JVMs. Tasks wait in one queue, each worker takes one after the other, and a
 * worker that dies is replaced. A task is a {@link Callable} or {@link Runnable} that can be sent: a lambda or an
 * object that is {@link Serializable} (Java serialization itself is not used). Its captured values, and its result, are
 * copied. Safe from any thread.
 *
 * <p>A task that cannot be sent, or that comes after the shutdown, is rejected at once: with a
 * {@link java.util.concurrent.RejectedExecutionException} that names its class, and whose cause is the {@link
 * ParallelException}. The {@link java.util.concurrent.ExecutionException} of {@link Future#get()} has as its cause a
 * {@link ParallelException}: what the task threw, or that its worker died. A task whose worker died is tried once more
 * (see {@link Builder#retries(int)}); one that has killed its worker twice is not tried again.
 *
 * <p>{@link Future#cancel(boolean)} takes a waiting task out of the queue. It interrupts a running task; if that has
 * not ended after the grace of the workers' options, its worker is killed and replaced.
 *
 * <pre>{@code
 * try (WorkerPool pool = WorkerPool.of(4)) {
 *     Future<Double> area = pool.submit(() -> integrate(0, 1));
 *     System.out.println(area.get());
 * }
 * catch (ExecutionException e) {
 *     System.err.println(e.getCause());     // a ParallelException, such as RemoteException
 * }
 * }</pre>
 */
public abstract class WorkerPool extends AbstractExecutorService implements Closeable
{
    /** Makes a pool; for {@link #builder(int)} only. */
    protected WorkerPool()
    {
    }

    /**
     * A task that can be sent: a lambda that is given to {@link #submit(Task)} is one.
     *
     * <pre>{@code
     * WorkerPool.Task<Double> area = () -> integrate(0, 1);
     * try {
     *     System.out.println(pool.submit(area).get());
     * }
     * catch (RejectedExecutionException e) {
     *     System.err.println(e.getMessage());     // a captured value cannot be sent, or the pool is shut down
     * }
     * }</pre>
     *
     * @param <V> the type of its value.
     */
    @FunctionalInterface
    public interface Task<V> extends Callable<V>, Serializable
    {
    }

    /**
     * Gives a task to the pool. Blocks while the queue is full.
     *
     * @param task a lambda or an object; what it captures is sent by value.
     * @param <V>  the type of its value.
     * @return its future.
     * @throws java.util.concurrent.RejectedExecutionException if it cannot be sent, or the pool is shut down.
     */
    public <V> Future<V> submit(Task<V> task)
    {
        return submit((Callable<V>)task);
    }

    /**
     * A task without a value whose code can be sent: a lambda that is given where one is expected.
     *
     * <pre>{@code
     * WorkerPool.Action hello = () -> Parallel.print("hello");
     * try {
     *     pool.submit(hello).get();
     * }
     * catch (ExecutionException e) {
     *     System.err.println(e.getCause());     // a ParallelException
     * }
     * }</pre>
     */
    @FunctionalInterface
    public interface Action extends Runnable, Serializable
    {
    }

    /**
     * Submits a task without a value, so that a void lambda can be sent. Blocks while the queue is full. Safe from any
     * thread.
     *
     * <pre>{@code
     *   pool.submit(() -> Parallel.print("done")).get();
     * }</pre>
     *
     * @param action a lambda or an object; what it captures is sent by value.
     * @return its future, whose value is null.
     * @throws java.util.concurrent.RejectedExecutionException if what it captures cannot be sent, or the pool is shut
     *     down.
     */
    public Future<?> submit(Action action)
    {
        return submit((Runnable)action);
    }

    /**
     * Gives the pool a task without a future; its error is logged. Blocks while the queue is full. Safe from any
     * thread.
     *
     * @param action a lambda or an object; what it captures is sent by value.
     * @throws java.util.concurrent.RejectedExecutionException if what it captures cannot be sent, or the pool is shut
     *     down.
     */
    public void execute(Action action)
    {
        execute((Runnable)action);
    }

    /**
     * Gives a task to the pool if there is room in its queue. Never blocks.
     *
     * @param task a lambda or an object; what it captures is sent by value.
     * @param <V>  the type of its value.
     * @return its future, or null: the queue is full.
     * @throws java.util.concurrent.RejectedExecutionException if it cannot be sent, or the pool is shut down.
     */
    public abstract <V> Future<V> trySubmit(Task<V> task);

    /**
     * A function of one element that can be sent: a lambda that is given to {@link #map(Mapping, Iterable)} is one.
     *
     * <pre>{@code
     * WorkerPool.Mapping<Integer, Integer> inverse = x -> 60 / x;
     * try {
     *     System.out.println(pool.map(inverse, List.of(1, 0, 3)));
     * }
     * catch (RemoteException e) {
     *     System.err.println(e.getCause());     // java.lang.ArithmeticException: / by zero
     * }
     * }</pre>
     *
     * @param <T> the type of the element.
     * @param <R> the type of its result.
     */
    @FunctionalInterface
    public interface Mapping<T, R> extends Function<T, R>, Serializable
    {
    }

    /**
     * Applies a function to each element, in the workers. Each element is a task. Blocks until all are done. Safe from
     * any thread.
     *
     * <pre>{@code
     *   List<Integer> squares = pool.map(x -> x * x, List.of(1, 2, 3));     // 1, 4, 9
     * }</pre>
     *
     * @param function a lambda or an object; what it captures is sent by value.
     * @param elements walked once, by the calling thread, at most 1000 ahead of the result that is waited for; null is
     *                 an element like any other.
     * @param <T>      the type of the elements.
     * @param <R>      the type of the results.
     * @return the results, in the order of the elements.
     * @throws ParallelException    the error of the first element that failed; those under way are cancelled. With
     *                              NOT_TRANSFERABLE if the function or an element cannot be sent, with CLOSED if the
     *                              pool is shut down.
     * @throws InterruptedException if interrupted while blocked; the elements under way are cancelled.
     */
    public abstract <T, R> List<R> map(
        Mapping<? super T, ? extends R> function, Iterable<? extends T> elements) throws InterruptedException;

    /**
     * Applies a function to each element, and keeps each result in a file before it is returned. The same call later,
     * also after a crash, evaluates only what is missing. Blocks until all are done. Safe from any thread.
     *
     * <pre>{@code
     *   List<Double> losses = pool.map(Trial::loss, trials, Path.of("sweep.journal"));
     * }</pre>
     *
     * <p>An element is known by its place and its content: one that has changed is evaluated again. A function is known
     * by its class, or by class and method of a lambda, and by what it captures; another one is refused. The code of
     * the method is not compared: delete the file when it has changed. Elements that failed are not kept. {@code
     * parallel.pool/journal} of Clojure reads the file, too.
     *
     * @param function a lambda or an object; what it captures is sent by value.
     * @param elements the elements, walked as {@link #map(Mapping, Iterable)} does.
     * @param journal  a file that is not there or is empty, which begins a journal, or the journal of this map. One
     *                 process at a time may have it; opened again by the same process it ends the earlier map.
     * @param <T>      the type of the elements.
     * @param <R>      the type of the results.
     * @return the results, in the order of the elements.
     * @throws ParallelException    as {@link #map(Mapping, Iterable)} says. With BAD_ARGUMENT if the file is no
     *                              journal, belongs to another function, cannot be written, or another process has it.
     * @throws InterruptedException if interrupted while blocked; what is done by then is in the journal.
     * @throws IOException          if the journal cannot be written, as on a full disk.
     */
    public abstract <T, R> List<R> map(
        Mapping<? super T, ? extends R> function, Iterable<? extends T> elements,
        Path journal) throws InterruptedException, IOException;

    /**
     * Returns the present workers, those that are starting included. Never blocks.
     *
     * @return a snapshot.
     */
    public abstract List<Worker> workers();

    /**
     * Ends the pool now: tasks that wait or run fail with {@link ClosedException}, and the workers are stopped. Blocks
     * until they have ended; an interrupt does not shorten that. Idempotent.
     */
    @Override
    public abstract void close();

    /**
     * Starts a pool with the default options. Never blocks.
     *
     * @param workers the number of workers, at least 1.
     * @return the pool, whose workers are starting.
     * @throws ParallelException with BAD_ARGUMENT for another number, or if their heaps do not fit into the memory.
     */
    public static WorkerPool of(int workers)
    {
        return builder(workers).build();
    }

    /**
     * Makes a builder with the defaults.
     *
     * @param workers the number of workers, at least 1.
     * @return a new builder.
     * @throws ParallelException with BAD_ARGUMENT for another number.
     */
    public static Builder builder(int workers)
    {
        return new Builder(workers);
    }

    /**
     * Collects options. A value that is not allowed throws a {@link ParallelException} with
     * {@link ParallelException.Code#BAD_ARGUMENT} at once. One thread at a time.
     *
     * <pre>{@code
     * WorkerPool pool = WorkerPool.builder(4).retries(0).maxTasks(1000).build();
     * WorkerPool.builder(4).retries(-1);     // throws ParallelException, BAD_ARGUMENT
     * }</pre>
     */
    public static final class Builder
    {
        private static final long LONGEST_SECONDS = Long.MAX_VALUE / 1000;
        private final Limits limits;
        private WorkerOptions workerOptions = WorkerOptions.builder().build();
        private int cores;

        private Builder(int workers)
        {
            check(workers >= 1 && workers <= Pools.MOST_WORKERS, "workers", workers, "a number from 1 to " +
                Pools.MOST_WORKERS);
            limits = new Limits(workers);
        }

        /**
         * Lets the pool grow while tasks wait, and shrink when workers are idle.
         *
         * @param min the number of workers that are kept, 0 or more.
         * @param max the most workers that there may be, 1 or more.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for another value.
         */
        public Builder between(int min, int max)
        {
            check(min >= 0 && max >= 1 && min <= max && max <= Pools.MOST_WORKERS, "min and max", min + " and " + max,
                "numbers, min not above max, max from 1 to " + Pools.MOST_WORKERS);
            limits.between(min, max);
            return this;
        }

        /**
         * Sets how long a worker above the least number may be idle.
         *
         * @param timeout a time of zero or more; default 60 s.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for another value.
         */
        public Builder idleTimeout(Duration timeout)
        {
            check(timeout != null && !timeout.isNegative(), "idle-timeout", timeout, "a time of zero or more");
            limits.idleMs(timeout.getSeconds() >= LONGEST_SECONDS ? Long.MAX_VALUE : timeout.toMillis());
            return this;
        }

        /**
         * Sets after how many tasks a worker is replaced.
         *
         * @param tasks the number of tasks, at least 1; default: never.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for another value.
         */
        public Builder maxTasks(long tasks)
        {
            check(tasks >= 1, "max-tasks", tasks, "a number of 1 or more");
            limits.maxTasks(tasks);
            return this;
        }

        /**
         * Sets how much of its heap a worker may use after a collection. A worker that uses more, since its tasks leak,
         * is replaced between two tasks: it continues until the next one is started and has loaded what it needs. The
         * listener of the workers' options gets the event {@code retired}. No effect on workers that are threads.
         *
         * @param fraction a fraction above 0 and below 1, such as 0.7; default: no limit.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for another value.
         */
        public Builder maxHeapUse(double fraction)
        {
            check(fraction > 0 && fraction < 1, "max-heap-use", fraction, "a fraction above 0 and below 1");
            limits.maxHeapUse(fraction);
            return this;
        }

        /**
         * Sets how many tasks may wait. Then {@link WorkerPool#submit(Task)} blocks.
         *
         * @param tasks the number of tasks, at least 1; default 1000000.
         * @param bytes the bytes of them as they are sent; one larger task is always admitted. Default: a quarter of
         *              the heap.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for another value.
         */
        public Builder queue(int tasks, long bytes)
        {
            check(tasks >= 1 && bytes >= 0, "queue", tasks + " and " + bytes, "1 task or more, 0 bytes or more");
            limits.queueLength(tasks).queueBytes(bytes);
            return this;
        }

        /**
         * Sets the number of retries for a task whose worker died.
         *
         * @param times the number of retries, 0 or more; default 1; a task that has killed its worker twice is never
         *              tried again.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for another value.
         */
        public Builder retries(int times)
        {
            check(times >= 0, "retries", times, "a number of 0 or more");
            limits.retries(times);
            return this;
        }

        /**
         * Sets the number of cores by which each worker's JVM sizes its inner thread pools.
         *
         * @param each the number of cores, at least 1; default: those of this JVM divided by the workers.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for another value.
         */
        public Builder coresPerWorker(int each)
        {
            check(each >= 1, "cores-per-worker", each, "a number of 1 or more");
            cores = each;
            return this;
        }

        /**
         * Sets the options of the workers.
         *
         * @param options those of each worker; without a largest heap the workers share three quarters of the memory of
         *                the machine or container.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for another value.
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
                    "Option " + option + " is " + value + "; allowed is " + what + ".",
                    Map.of("option", option, "allowed", what), null);
            }
        }
    }
}
