package parallel.example;

import java.io.Serializable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

import parallel.NotTransferableException;
import parallel.Parallel;
import parallel.ParallelException;
import parallel.RemoteException;
import parallel.WorkerDiedException;
import parallel.WorkerOptions;
import parallel.WorkerPool;

/** A pool in a Java program without Clojure on its class path. The last line is "all hold". */
public final class Pooled
{
    private Pooled()
    {
    }

    /** A task that is an object. */
    public record Square(int x) implements Callable<Integer>, Serializable
    {
        @Override
        public Integer call()
        {
            return x * x;
        }
    }

    public static void main(String[] arguments) throws Exception
    {
        final boolean inThread = arguments.length > 0 && arguments[0].equals("thread");
        final WorkerOptions.Builder options = WorkerOptions.builder().grace(Duration.ofMillis(200));
        try (WorkerPool pool = WorkerPool.builder(2).workerOptions((inThread ? options.inThread() : options).build()).build())
        {
            tasks(pool);
            jdkStyles(pool);
            rejected(pool);
            cancelled(pool);
            if (!inThread)
            {
                died(pool);
            }
            shutDown(pool);
        }
        claim("no children are left", Parallel.children().isEmpty());
        System.out.println("all hold");
    }

    private static void claim(String what, boolean holds)
    {
        if (!holds)
        {
            throw new AssertionError(what);
        }
        System.out.println(what);
    }

    private static void tasks(WorkerPool pool) throws Exception
    {
        final int captured = 6;
        claim("a lambda captures", pool.submit(() -> captured * 7).get() == 42);
        claim("an object is a task", pool.submit(new Square(5)).get() == 25);
        claim("a task runs in a worker", pool.submit(Parallel::id).get() > 0);
        claim("trySubmit gives a future", pool.trySubmit(() -> 1).get() == 1);
        final Runnable nothing = (Runnable & Serializable)() -> Parallel.print("nothing");
        claim("a Runnable has its value", pool.submit(nothing, "value").get().equals("value") && pool.submit(nothing).get() == null);
        final List<Square> squares = new ArrayList<>();
        for (int i = 0; i < 100; i++)
        {
            squares.add(new Square(i));
        }
        int at = 0;
        for (final Future<Integer> square : pool.invokeAll(squares))
        {
            claim("invokeAll " + at, square.get() == at * at++);
        }
        claim("invokeAny", pool.invokeAny(List.of(new Square(3))) == 9);
        try
        {
            pool.submit((WorkerPool.Task<Object>)() ->
            {
                throw new IllegalStateException("no");
            }).get();
            throw new AssertionError("it threw");
        }
        catch (final ExecutionException e)
        {
            claim("an error is the cause", e.getCause() instanceof RemoteException && e.getCause().getCause() instanceof IllegalStateException);
        }
    }

    private static void jdkStyles(WorkerPool pool) throws Exception
    {
        final CompletableFuture<Integer> supplied = CompletableFuture.supplyAsync((Supplier<Integer> & Serializable)Parallel::id, pool);
        claim("supplyAsync runs in a worker", supplied.thenApply(id -> id > 0).get(60, TimeUnit.SECONDS));
        CompletableFuture.runAsync((Runnable & Serializable)() -> Parallel.print("run"), pool).get(60, TimeUnit.SECONDS);
        try
        {
            CompletableFuture.supplyAsync((Supplier<Integer> & Serializable)() -> Integer.parseInt("x"), pool).get(60, TimeUnit.SECONDS);
            throw new AssertionError("it threw");
        }
        catch (final ExecutionException e)
        {
            claim("supplyAsync fails with the error", e.getCause() instanceof RemoteException);
        }
        final CompletionService<Integer> completed = new ExecutorCompletionService<>(pool);
        for (int i = 0; i < 10; i++)
        {
            completed.submit(new Square(i));
        }
        int sum = 0;
        for (int i = 0; i < 10; i++)
        {
            final Future<Integer> done = completed.take();
            claim("what is taken is done", done.isDone());
            sum += done.get();
        }
        claim("a CompletionService", sum == 285);
    }

    private static void rejected(WorkerPool pool)
    {
        final Object lock = new Object();
        final Callable<Object> unserializable = () -> lock;
        for (final Runnable attempt : List.<Runnable>of(() -> pool.submit(unserializable), () -> pool.execute(() -> System.out.println(lock)),
            () -> pool.submit((WorkerPool.Task<Object>)() -> lock), () -> CompletableFuture.supplyAsync(() -> lock, pool)))
        {
            try
            {
                attempt.run();
                throw new AssertionError("it was accepted");
            }
            catch (final RejectedExecutionException e)
            {
                claim("rejected: " + e.getMessage(), e.getCause() instanceof NotTransferableException cause && cause.data().get("class") != null &&
                    e.getMessage().contains((String)cause.data().get("class")));
            }
        }
        for (final Runnable mistake : List.<Runnable>of(() -> WorkerPool.of(0), () -> WorkerPool.builder(1).idleTimeout(null),
            () -> WorkerPool.builder(1).workerOptions(null)))
        {
            try
            {
                mistake.run();
                throw new AssertionError("none");
            }
            catch (final ParallelException e)
            {
                claim("refused: " + e.getMessage(), e.code() == ParallelException.Code.BAD_ARGUMENT);
            }
        }
        WorkerPool.builder(1).idleTimeout(java.time.temporal.ChronoUnit.FOREVER.getDuration());
    }

    private static void cancelled(WorkerPool pool) throws Exception
    {
        final Future<Object> endless = pool.submit(() ->
        {
            Thread.sleep(1_000_000);
            return null;
        });
        claim("it is cancelled", endless.cancel(true) && endless.isCancelled());
        try
        {
            endless.get();
            throw new AssertionError("it was cancelled");
        }
        catch (final CancellationException e)
        {
            claim("the pool goes on", pool.submit(() -> 1).get() == 1);
        }
    }

    private static void died(WorkerPool pool) throws Exception
    {
        try
        {
            pool.submit(() ->
            {
                Runtime.getRuntime().halt(7);
                return null;
            }).get();
            throw new AssertionError("it died");
        }
        catch (final ExecutionException e)
        {
            claim("the poison is named", e.getCause() instanceof WorkerDiedException cause && Boolean.TRUE.equals(cause.data().get("poison")) &&
                Integer.valueOf(7).equals(cause.data().get("exit")));
        }
        claim("the pool goes on with new workers", pool.submit(() -> 1).get() == 1);
    }

    private static void shutDown(WorkerPool pool) throws Exception
    {
        final Future<Integer> last = pool.submit(() -> 1);
        pool.shutdown();
        try
        {
            pool.submit(() -> 2);
            throw new AssertionError("it was accepted");
        }
        catch (final RejectedExecutionException e)
        {
            claim("nothing after the shutdown", last.get() == 1 && pool.awaitTermination(60, TimeUnit.SECONDS) && pool.isTerminated());
        }
    }
}
