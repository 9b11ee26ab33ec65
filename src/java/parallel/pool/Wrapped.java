package parallel.pool;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;

import parallel.ParallelException;
import parallel.runtime.JdkField;

/**
 * What the JDK's own classes wrap around a task before they give it to an executor: {@code CompletableFuture.supplyAsync} and
 * {@code runAsync}, and an {@code ExecutorCompletionService}. The wrapper stays here, the task that is in it travels.
 *
 * @param wrapper as given to the executor.
 * @param body    what travels.
 * @param future  that waits for it; null of a completion service, whose wrapper does.
 */
record Wrapped(Runnable wrapper, Object body, CompletableFuture<Object> future)
{
    private static final String ASYNC = "java.util.concurrent.CompletableFuture$Async";
    private static final JdkField SUPPLY = JdkField.of(ASYNC + "Supply", "fn");
    private static final JdkField SUPPLY_FUTURE = JdkField.of(ASYNC + "Supply", "dep");
    private static final JdkField RUN = JdkField.of(ASYNC + "Run", "fn");
    private static final JdkField RUN_FUTURE = JdkField.of(ASYNC + "Run", "dep");
    private static final JdkField QUEUEING = JdkField.of("java.util.concurrent.ExecutorCompletionService$QueueingFuture", "task");

    /** Null: it is no wrapper that is known. */
    static Wrapped of(Runnable command)
    {
        if (command instanceof CompletableFuture.AsynchronousCompletionTask)
        {
            final Wrapped supply = async(command, SUPPLY, SUPPLY_FUTURE);
            return supply != null ? supply : async(command, RUN, RUN_FUTURE);
        }
        final Object task = command instanceof FutureTask<?> && QUEUEING != null ? QUEUEING.of(command) : null;
        return task instanceof PoolTask<?> ? new Wrapped(command, task, null) : null;
    }

    @SuppressWarnings("unchecked")  // it gets what the function that is in it returned
    private static Wrapped async(Runnable command, JdkField function, JdkField future)
    {
        final Object body = function == null || future == null ? null : function.of(command);
        return body == null ? null : new Wrapped(command, body, (CompletableFuture<Object>)future.of(command));
    }

    /** The task is given to the pool: who cancels the future cancels it. */
    void given(PoolTask<?> task)
    {
        if (future != null)
        {
            future.whenComplete((value, error) ->
            {
                if (future.isCancelled())
                {
                    task.cancel(true);
                }
            });
        }
    }

    /** The task is done. */
    void done(PoolTask<?> task)
    {
        if (future == null)
        {
            wrapper.run();
            return;
        }
        try
        {
            future.complete(task.value());
        }
        catch (final ParallelException | CancellationException e)
        {
            future.completeExceptionally(e);
        }
        catch (final InterruptedException e)
        {
            throw new IllegalStateException(e);     // it is done
        }
    }
}
