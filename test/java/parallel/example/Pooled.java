package parallel.example;

import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
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
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;

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
        boolean inThread = arguments.length > 0 && arguments[0].equals("thread");
        WorkerOptions.Builder options = WorkerOptions.builder().grace(Duration.ofMillis(200));
        try (WorkerPool pool =
            WorkerPool.builder(2).workerOptions((inThread ? options.inThread() : options).build()).build())
        {
            tasks(pool);
            jdkStyles(pool);
            maps(pool);
            journal(pool);
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
        int captured = 6;
        claim("a lambda captures", pool.submit(() -> captured * 7).get() == 42);
        claim("an object is a task", pool.submit(new Square(5)).get() == 25);
        claim("a task runs in a worker", pool.submit(Parallel::id).get() > 0);
        claim("trySubmit gives a future", pool.trySubmit(() -> 1).get() == 1);
        Runnable nothing = (Runnable & Serializable)() -> Parallel.print("nothing");
        claim("a Runnable has its value", pool.submit(nothing, "value").get().equals("value") &&
            pool.submit(nothing).get() == null);
        List<Square> squares = new ArrayList<>();
        for (int i = 0; i < 100; i++)
        {
            squares.add(new Square(i));
        }
        int at = 0;
        for (Future<Integer> square : pool.invokeAll(squares))
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
        catch (ExecutionException e)
        {
            claim("an error is the cause", e.getCause() instanceof RemoteException &&
                e.getCause().getCause() instanceof IllegalStateException);
        }
    }

    private static void jdkStyles(WorkerPool pool) throws Exception
    {
        CompletableFuture<Integer> supplied =
            CompletableFuture.supplyAsync((Supplier<Integer> & Serializable)Parallel::id, pool);
        claim("supplyAsync runs in a worker", supplied.thenApply(id -> id > 0).get(60, TimeUnit.SECONDS));
        CompletableFuture.runAsync((Runnable & Serializable)() -> Parallel.print("run"), pool).get(
            60, TimeUnit.SECONDS);
        claim("thenApplyAsync runs in a worker", CompletableFuture.completedFuture(20)
            .thenApplyAsync((Function<Integer, Integer> & Serializable)n -> n + Parallel.id(), pool).get(
            60, TimeUnit.SECONDS) > 20);
        CompletableFuture.supplyAsync((Supplier<Integer> & Serializable)() -> 1, pool)
            .thenAcceptAsync((Consumer<Integer> & Serializable)n -> Parallel.print("accepted", n), pool).get(
            60, TimeUnit.SECONDS);
        claim("a void lambda is a task", pool.submit(() -> Parallel.print("void")).get() == null);
        pool.execute(() -> Parallel.print("executed"));
        try
        {
            pool.submit(() -> Integer.parseInt("y")).get();
            throw new AssertionError("it threw");
        }
        catch (ExecutionException e)
        {
            claim("a lambda is named by its method, not " + e.getCause().getMessage(),
                e.getCause().getMessage().contains("parallel.example.Pooled.jdkStyles"));
        }
        try
        {
            CompletableFuture.supplyAsync((Supplier<Integer> & Serializable)() -> Integer.parseInt("x"), pool).get(
                60, TimeUnit.SECONDS);
            throw new AssertionError("it threw");
        }
        catch (ExecutionException e)
        {
            claim("supplyAsync fails with the error", e.getCause() instanceof RemoteException);
        }
        CompletionService<Integer> completed = new ExecutorCompletionService<>(pool);
        for (int i = 0; i < 10; i++)
        {
            completed.submit(new Square(i));
        }
        int sum = 0;
        for (int i = 0; i < 10; i++)
        {
            Future<Integer> done = completed.take();
            claim("what is taken is done", done.isDone());
            sum += done.get();
        }
        claim("a CompletionService", sum == 285);
    }

    private static void maps(WorkerPool pool) throws Exception
    {
        int captured = 10;
        List<Integer> many = IntStream.range(0, 2500).boxed().toList();
        claim("a map is in order", pool.map(x -> x + captured, many).equals(
            many.stream().map(x -> x + captured).toList()));
        claim("nothing gives nothing", pool.map(x -> x, List.of()).isEmpty());
        claim("null is an element", pool.map(x -> x == null ? "none" : "some", Arrays.asList(null, 1)).equals(
            List.of("none", "some")));
        try
        {
            pool.map(x -> 6 / x, List.of(1, 0, 2));
            throw new AssertionError("it threw");
        }
        catch (RemoteException e)
        {
            claim("the error names its element: " + e.getMessage(), e.getMessage().contains("element 1") &&
                e.getCause() instanceof ArithmeticException);
        }
        try
        {
            pool.map(x -> x, List.of(new Object()));
            throw new AssertionError("it travelled");
        }
        catch (NotTransferableException e)
        {
            claim("an element that cannot travel: " + e.getMessage(), true);
        }
    }

    /** Its result says when it was evaluated. */
    private static WorkerPool.Mapping<Integer, List<Long>> stamped(long captured)
    {
        return x -> List.of(x * captured, System.nanoTime());
    }

    private static void journal(WorkerPool pool) throws Exception
    {
        Path directory = Files.createTempDirectory("journal");
        Path file = directory.resolve("journal");
        List<List<Long>> first = pool.map(stamped(2), List.of(1, 2, 3), file);
        claim("a map with a journal", first.stream().map(pair -> pair.get(0)).toList().equals(List.of(2L, 4L, 6L)));
        claim("the same call evaluates nothing", pool.map(stamped(2), List.of(1, 2, 3), file).equals(first));
        List<List<Long>> more = pool.map(stamped(2), List.of(1, 5, 3, 4), file);
        claim("one that has changed, and one that is new, are evaluated", more.get(0).equals(first.get(0)) &&
            more.get(2).equals(first.get(2)) && more.get(1).get(0) == 10 && more.get(3).get(0) == 8);
        for (Callable<?> mistake : List.<Callable<?>>of(() -> pool.map(stamped(3), List.of(1), file),
            () -> pool.map(x -> x, List.of(1), file), () -> pool.map(x -> x, List.of(1), directory),
            () -> pool.map(x -> x, List.of(1), directory.resolve("none").resolve("file"))))
        {
            try
            {
                mistake.call();
                throw new AssertionError("none");
            }
            catch (ParallelException e)
            {
                claim("refused: " + e.getMessage(), e.code() == ParallelException.Code.BAD_ARGUMENT);
            }
        }
        Path other = directory.resolve("other");
        try
        {
            pool.map(x -> 6 / x, List.of(1, 2, 0), other);
            throw new AssertionError("it threw");
        }
        catch (RemoteException e)
        {
            claim("what is done before an error is kept", Files.size(other) > 200);
        }
        Files.delete(other);
        Files.delete(file);
        Files.delete(directory);
    }

    private static void rejected(WorkerPool pool)
    {
        Object lock = new Object();
        Callable<Object> unserializable = () -> lock;
        for (Runnable attempt : List.<Runnable>of(() -> pool.submit(unserializable),
            () -> pool.execute(() -> System.out.println(lock)),
            () -> pool.submit((WorkerPool.Task<Object>)() -> lock),
            () -> CompletableFuture.supplyAsync(() -> lock, pool)))
        {
            try
            {
                attempt.run();
                throw new AssertionError("it was accepted");
            }
            catch (RejectedExecutionException e)
            {
                claim("rejected: " + e.getMessage(), e.getCause() instanceof NotTransferableException cause &&
                    cause.data().get("class") != null &&
                    e.getMessage().contains((String)cause.data().get("class")));
            }
        }
        for (Runnable mistake : List.<Runnable>of(() -> WorkerPool.of(0), () -> WorkerPool.builder(1).idleTimeout(null),
            () -> WorkerPool.builder(1).workerOptions(null), () -> WorkerPool.builder(1).maxHeapUse(0),
            () -> WorkerPool.builder(1).maxHeapUse(1), () -> WorkerPool.builder(1).maxHeapUse(Double.NaN)))
        {
            try
            {
                mistake.run();
                throw new AssertionError("none");
            }
            catch (ParallelException e)
            {
                claim("refused: " + e.getMessage(), e.code() == ParallelException.Code.BAD_ARGUMENT);
            }
        }
        WorkerPool.builder(1).idleTimeout(ChronoUnit.FOREVER.getDuration());
    }

    private static void cancelled(WorkerPool pool) throws Exception
    {
        Future<Object> endless = pool.submit(() ->
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
        catch (CancellationException e)
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
        catch (ExecutionException e)
        {
            claim("the poison is named", e.getCause() instanceof WorkerDiedException cause &&
                Boolean.TRUE.equals(cause.data().get("poison")) &&
                Integer.valueOf(7).equals(cause.data().get("exit")));
        }
        claim("the pool goes on with new workers", pool.submit(() -> 1).get() == 1);
    }

    private static void shutDown(WorkerPool pool) throws Exception
    {
        Future<Integer> last = pool.submit(() -> 1);
        pool.shutdown();
        try
        {
            pool.submit(() -> 2);
            throw new AssertionError("it was accepted");
        }
        catch (RejectedExecutionException e)
        {
            claim("nothing after the shutdown", last.get() == 1 && pool.awaitTermination(60, TimeUnit.SECONDS) &&
                pool.isTerminated());
        }
    }
}
