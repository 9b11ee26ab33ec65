package parallel.example;

import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import parallel.ClosedException;
import parallel.NotTransferableException;
import parallel.Parallel;
import parallel.ParallelException;
import parallel.Peer;
import parallel.RemoteException;
import parallel.Worker;
import parallel.WorkerDiedException;
import parallel.WorkerOptions;
import parallel.WorkerStatus;

/**
 * A Java program without Clojure on its class path. Each claim prints a line when it holds; the last line is "all
 * hold".
 */
public final class Program
{
    private Program()
    {
    }

    /** A record that travels. */
    public record Point(int x, double y)
    {
    }

    /** An enum that travels. */
    public enum Colour
    {
        RED, GREEN
    }

    /** A body without the constructor that is asked for. */
    public static final class Bare implements Runnable
    {
        @Override
        public void run()
        {
            Parallel.print("bare");
        }
    }

    private interface NoBody extends Callable<Object>, Serializable
    {
    }

    public static void main(String[] arguments) throws Exception
    {
        WorkerOptions options = arguments.length > 0 && arguments[0].equals("thread") ?
            WorkerOptions.builder().inThread().build() : WorkerOptions.builder().build();
        absent("clojure.lang.RT");
        mistakes();
        forEver();
        bodies(options);
        messages(options);
        values(options);
        errors(options);
        lives(options);
        Allocation.claims(options);
        claim("no children are left", Parallel.children().isEmpty());
        System.out.println("all hold");
    }

    private static void absent(String className)
    {
        try
        {
            Class.forName(className);
            throw new AssertionError(className + " is on the class path");
        }
        catch (ClassNotFoundException e)
        {
            claim("Clojure is not there", true);
        }
    }

    private static void mistakes() throws Exception
    {
        Map<String, String> nameless = new HashMap<>();
        nameless.put(null, "x");
        List<Action> mistakes =
            List.of(() -> WorkerOptions.builder().maxHeap(null), () -> WorkerOptions.builder().jvmOpts(null),
            () -> WorkerOptions.builder().jvmOpts(Arrays.asList("-ea", null)),
            () -> WorkerOptions.builder().classpath(null),
            () -> WorkerOptions.builder().env(null), () -> WorkerOptions.builder().env(nameless),
            () -> WorkerOptions.builder().startTimeout(null),
            () -> WorkerOptions.builder().grace(null), () -> Parallel.run((NoBody)null),
            () -> Parallel.run((WorkerOptions)null, Bare.class),
            () -> Parallel.run((Class<?>)null), () -> Parallel.run(Bare.class, (Object[])null),
            () -> Parallel.warm(null, 1));
        for (int i = 0; i < mistakes.size(); i++)
        {
            claim("mistake " + i + " is a bad argument", code(mistakes.get(i)) == ParallelException.Code.BAD_ARGUMENT);
        }
    }

    private static void forEver() throws Exception
    {
        Duration forEver = ChronoUnit.FOREVER.getDuration();
        Worker worker =
            Parallel.run(WorkerOptions.builder().inThread().startTimeout(forEver).grace(forEver).build(), () -> 1);
        claim("times without end", worker.join(60, TimeUnit.SECONDS).equals(1));
        worker.stop();
    }

    private static void bodies(WorkerOptions options) throws Exception
    {
        int captured = 6;
        List<String> names = List.of("a", "b");
        claim("a lambda with captured values",
            Parallel.run(options, () -> captured * 7 + names.size()).join().equals(44));
        Worker summer = Parallel.run(options, Summer.class, 2.0);
        summer.send(new double[]{1, 2, 3});
        claim("a class with an argument", summer.join().equals(12.0));
        claim("a Runnable's value is null", Parallel.run(options, Bare.class).get() == null);
        claim("a class without the constructor",
            code(() -> Parallel.run(options, Bare.class, "x")) == ParallelException.Code.BAD_ARGUMENT);
        claim("a class that is no body",
            code(() -> Parallel.run(options, String.class)) == ParallelException.Code.BAD_ARGUMENT);
    }

    private static void messages(WorkerOptions options) throws Exception
    {
        Worker echo = Parallel.run(options, () ->
        {
            Peer parent = Parallel.parent();
            for (Object message = parent.receive(); !"end".equals(message); message = parent.receive())
            {
                parent.send(message);
            }
            return Parallel.id();
        });
        Object none = new Object();
        claim("nothing yet", echo.tryReceive(none) == none);
        claim("time-out", throwsTimeout(() -> echo.receive(5, TimeUnit.MILLISECONDS)));
        echo.send(5L);
        claim("a long comes back", echo.receive().equals(5L));
        claim("sent in time", echo.send("x", 10, TimeUnit.SECONDS));
        claim("received in time", echo.receive(10, TimeUnit.SECONDS).equals("x"));
        claim("try-send", echo.trySend(null));
        claim("null comes back", echo.receive() == null);
        byteBuffers(echo);
        echo.send(new long[]{1, 2, 3});
        long[] into = new long[4];
        claim("receiveInto", echo.receiveInto(into) == 3 && Arrays.equals(into, new long[]{1, 2, 3, 0}));
        echo.send("end");
        claim("id", echo.join().equals(echo.id()));
        claim("closed", throwsClosed(echo::receive));
    }

    private static void byteBuffers(Worker echo) throws Exception
    {
        ByteBuffer direct = ByteBuffer.allocateDirect(8).putInt(1).putInt(2).flip();
        echo.sendBytes(direct);
        claim("sent bytes are used up", direct.position() == 8 && direct.limit() == 8);
        claim("they are received as a byte[]",
            Arrays.equals((byte[])echo.receive(), new byte[]{0, 0, 0, 1, 0, 0, 0, 2}));
        ByteBuffer part = ByteBuffer.wrap(new byte[]{9, 1, 2, 3, 9}, 1, 3).slice().asReadOnlyBuffer();
        claim("trySendBytes, of a part and read-only", echo.trySendBytes(part) && part.remaining() == 0);
        ByteBuffer small = ByteBuffer.allocate(2);
        claim("a buffer that is too small",
            code(() -> echo.receiveBytes(small)) == ParallelException.Code.BAD_ARGUMENT && small.position() == 0);
        ByteBuffer into = ByteBuffer.allocateDirect(10).position(4);
        claim("the message stayed, and goes to the position", echo.receiveBytes(into) == 3 && into.position() == 7 &&
            into.limit() == 10 &&
            into.get(4) == 1 && into.get(6) == 3 && into.get(3) == 0 && into.get(7) == 0);
        echo.send(7L);
        claim("a long is no bytes", code(() -> echo.receiveBytes(into)) == ParallelException.Code.BAD_ARGUMENT &&
            echo.receive().equals(7L));
        echo.send(new byte[]{5});
        claim("a byte[] is bytes", echo.receiveBytes(into) == 1 && into.get(7) == 5);
        echo.sendBytes(ByteBuffer.allocate(0));
        claim("an empty message", echo.receiveBytes(into) == 0 && into.position() == 8);
        ByteBuffer large = ByteBuffer.allocateDirect(3_000_000);
        large.putLong(2_999_992, 42);
        echo.sendBytes(large);
        ByteBuffer heap = ByteBuffer.allocate(3_000_001);
        claim("larger than the ring", echo.receiveBytes(heap) == 3_000_000 && heap.getLong(2_999_992) == 42 &&
            heap.remaining() == 1);
        claim("more than the ring holds",
            code(() -> echo.trySendBytes(large.clear())) == ParallelException.Code.BAD_ARGUMENT &&
            large.position() == 0);
        claim("no buffer", code(() -> echo.sendBytes(null)) == ParallelException.Code.BAD_ARGUMENT);
        claim("no room to write",
            code(() -> echo.receiveBytes(into.asReadOnlyBuffer())) == ParallelException.Code.BAD_ARGUMENT);
    }

    private static void values(WorkerOptions options) throws Exception
    {
        Worker echo = Parallel.run(options, () ->
        {
            Parallel.parent().send(Parallel.parent().receive());
            return null;
        });
        List<Object> all =
            new ArrayList<>(List.of(new Point(1, 2.5), Colour.GREEN, List.of(1, 2L, "three"), Map.of("k", 1.5f)));
        all.add(null);
        echo.send(all);
        claim("records, enums, lists, maps", all.equals(echo.receive()));
        claim("not transferable",
            code(() -> echo.send(List.of(new Object()))) == ParallelException.Code.NOT_TRANSFERABLE);
        echo.join();
    }

    private static void errors(WorkerOptions options) throws Exception
    {
        Worker failing = Parallel.run(options, () ->
        {
            throw new IllegalStateException("no luck", new IOException("inner"));
        });
        try
        {
            failing.join();
            throw new AssertionError("join returned");
        }
        catch (RemoteException e)
        {
            Throwable original = e.getCause();
            claim("the original", original instanceof IllegalStateException && original.getMessage().equals("no luck"));
            claim("its cause", original.getCause() instanceof IOException);
            claim("its frames",
                Arrays.stream(original.getStackTrace()).anyMatch(f -> f.getClassName().contains("Program")));
            claim("data", e.data().get("class").equals("java.lang.IllegalStateException") &&
                e.workerId() == failing.id());
        }
        try
        {
            failing.get();
            throw new AssertionError("get returned");
        }
        catch (ExecutionException e)
        {
            claim("get wraps", e.getCause() instanceof RemoteException);
        }
    }

    private static void lives(WorkerOptions options) throws Exception
    {
        Worker busy = Parallel.run(options, () ->
        {
            Parallel.parent().send("up");
            Thread.sleep(60_000);
            return null;
        });
        busy.receive();
        claim("alive", busy.isAlive() && !busy.isDone() && busy.pid() > 0);
        claim("running", busy.status().state() == WorkerStatus.State.RUNNING);
        busy.kill();
        claim("died", busy.onExit().get(10, TimeUnit.SECONDS).state() == WorkerStatus.State.DEAD);
        claim("stopped by us", throwsDied(busy) && !busy.isAlive());
        try (Worker closing = Parallel.run(options, () ->
        {
            Thread.sleep(60_000);
            return null;
        }))
        {
            claim("open", closing.isAlive());
        }
    }

    private interface Call
    {
        Object call() throws Exception;
    }

    private interface Action
    {
        void run() throws Exception;
    }

    private static ParallelException.Code code(Action action) throws Exception
    {
        try
        {
            action.run();
            return null;
        }
        catch (NotTransferableException e)
        {
            return e.data().get("path").toString().equals("[0]") ? e.code() : null;
        }
        catch (ParallelException e)
        {
            return e.code();
        }
    }

    private static boolean throwsTimeout(Call call) throws Exception
    {
        try
        {
            call.call();
            return false;
        }
        catch (TimeoutException e)
        {
            return true;
        }
    }

    private static boolean throwsClosed(Call call) throws Exception
    {
        try
        {
            call.call();
            return false;
        }
        catch (ClosedException e)
        {
            return true;
        }
    }

    private static boolean throwsDied(Worker worker) throws Exception
    {
        try
        {
            worker.join();
            return false;
        }
        catch (WorkerDiedException e)
        {
            return Boolean.TRUE.equals(e.data().get("stopped"));
        }
    }

    static void claim(String what, boolean holds)
    {
        if (!holds)
        {
            throw new AssertionError("does not hold: " + what);
        }
        System.out.println("holds: " + what);
    }
}
