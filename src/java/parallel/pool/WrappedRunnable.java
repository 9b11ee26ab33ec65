package parallel.pool;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.function.Consumer;
import java.util.function.Function;

import parallel.ParallelException;
import parallel.WorkerPool;
import parallel.codec.JdkField;

/**
 * What the JDK's own classes wrap around a task before they give it to an executor: {@code
 * CompletableFuture.supplyAsync} and {@code runAsync}, stages that follow ({@code thenApplyAsync}), and an {@code
 * ExecutorCompletionService}. The wrapper stays here, the task that is in it is sent.
 *
 * @param wrapper as given to the executor.
 * @param body    what is sent.
 * @param future  that waits for it; null of a completion service, whose wrapper does.
 */
record WrappedRunnable(Runnable wrapper, Object body, CompletableFuture<Object> future)
{
    private static final String ASYNC = "java.util.concurrent.CompletableFuture$Async";
    private static final JdkField SUPPLY = JdkField.of(ASYNC + "Supply", "fn");
    private static final JdkField SUPPLY_FUTURE = JdkField.of(ASYNC + "Supply", "dep");
    private static final JdkField RUN = JdkField.of(ASYNC + "Run", "fn");
    private static final JdkField RUN_FUTURE = JdkField.of(ASYNC + "Run", "dep");
    /** Of thenApplyAsync, thenAcceptAsync and thenRunAsync on a stage that is done. */
    private static final List<String> DEPENDENT = List.of("UniApply", "UniAccept", "UniRun");
    private static final String FUTURE = "java.util.concurrent.CompletableFuture$";
    private static final JdkField SOURCE = JdkField.of(FUTURE + "UniCompletion", "src");
    private static final JdkField DEPENDENT_FUTURE = JdkField.of(FUTURE + "UniCompletion", "dep");
    private static final Map<String, JdkField> DEPENDENT_FUNCTIONS = functions();
    private static final JdkField QUEUEING =
        JdkField.of("java.util.concurrent.ExecutorCompletionService$QueueingFuture", "task");

    /** Null: it is no wrapper that is known. */
    static WrappedRunnable of(Runnable command)
    {
        if (command instanceof CompletableFuture.AsynchronousCompletionTask)
        {
            WrappedRunnable supply = async(command, SUPPLY, SUPPLY_FUTURE);
            WrappedRunnable run = supply != null ? supply : async(command, RUN, RUN_FUTURE);
            return run != null ? run : dependent(command);
        }
        Object task = command instanceof FutureTask<?> && QUEUEING != null ? QUEUEING.of(command) : null;
        return task instanceof PoolTask<?> ? new WrappedRunnable(command, task, null) : null;
    }

    @SuppressWarnings("unchecked")  // it gets what the function that is in it returned
    private static WrappedRunnable async(Runnable command, JdkField function, JdkField future)
    {
        Object body = function == null || future == null ? null : function.of(command);
        return body == null ? null : new WrappedRunnable(command, body, (CompletableFuture<Object>)future.of(command));
    }

    private static Map<String, JdkField> functions()
    {
        Map<String, JdkField> functions = new HashMap<>();
        DEPENDENT.forEach(name -> functions.put(FUTURE + name, JdkField.of(FUTURE + name, "fn")));
        return functions;
    }

    /** A stage that follows another: the function and the value of the other are sent. */
    @SuppressWarnings("unchecked")  // as the JDK declares them
    private static WrappedRunnable dependent(Runnable command)
    {
        JdkField field = DEPENDENT_FUNCTIONS.get(command.getClass().getName());
        if (field == null || SOURCE == null || DEPENDENT_FUTURE == null)
        {
            return null;
        }
        Object value = ((CompletableFuture<Object>)SOURCE.of(command)).getNow(null);
        Object function = field.of(command);
        Object body = function instanceof Function<?, ?> f ? applied((Function<Object, Object>)f, value) :
            function instanceof Consumer<?> c ? accepted((Consumer<Object>)c, value) : function;
        return body == null ? null :
            new WrappedRunnable(command, body, (CompletableFuture<Object>)DEPENDENT_FUTURE.of(command));
    }

    private static WorkerPool.Task<Object> applied(Function<Object, Object> function, Object value)
    {
        return () -> function.apply(value);
    }

    private static WorkerPool.Task<Object> accepted(Consumer<Object> consumer, Object value)
    {
        return () ->
        {
            consumer.accept(value);
            return null;
        };
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
        catch (ParallelException | CancellationException e)
        {
            future.completeExceptionally(e);
        }
        catch (InterruptedException e)
        {
            throw new IllegalStateException(e);     // it is done
        }
    }
}
