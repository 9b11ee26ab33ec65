package parallel.example;

import java.io.Serializable;
import java.nio.DoubleBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.LongStream;

import parallel.Parallel;
import parallel.ParallelException;
import parallel.SharedArray;
import parallel.SharedBarrier;
import parallel.SharedCounter;
import parallel.SharedLatch;
import parallel.SharedLock;
import parallel.Worker;

/** Shared memory from a Java program without Clojure on its class path. The last line is "all hold". */
public final class SharedProgram
{
    private SharedProgram()
    {
    }

    /** A worker that is made of a class: what is shared arrives as its constructor's argument. */
    public static final class Filler implements Callable<Object>
    {
        private final SharedArray part;

        public Filler(SharedArray part)
        {
            this.part = part;
        }

        @Override
        public Object call()
        {
            part.fill((double)Parallel.id(), 0, part.length());
            return part;
        }
    }

    public static void main(String[] arguments) throws Exception
    {
        arrays();
        primitives();
        System.out.println("all hold");
    }

    private static void arrays() throws Exception
    {
        try (SharedArray xs = SharedArray.create(double.class, 3, 4))
        {
            List<SharedArray> parts = xs.parts(2);
            Worker first = Parallel.run(Filler.class, parts.get(0));
            Worker second = Parallel.run(Filler.class, parts.get(1));
            claim("a part comes back as a view of the same memory", ((SharedArray)first.join()).length() == 6);
            second.join();
            claim("each has filled its part", xs.getDouble(5) == first.id() &&
                xs.getDouble(xs.index(1, 2)) == second.id());
            claim("streams", LongStream.range(0, xs.length()).mapToDouble(xs::getDouble).sum() == 6 * first.id() +
                6 * second.id());
            claim("buffers", ((DoubleBuffer)xs.buffers().get(0)).get(11) == second.id());
            claim("a wrong type is refused", refused(() -> xs.getLong(0)) == ParallelException.Code.BAD_ARGUMENT);
            claim("a bound is checked", refused(() -> xs.getDouble(12)) == ParallelException.Code.BAD_ARGUMENT);
        }
        SharedArray closed = SharedArray.create(long.class, 1);
        closed.close();
        claim("closed is closed", refused(() -> closed.getLong(0)) == ParallelException.Code.CLOSED);
        claim("a worker's own array outlives it", ((SharedArray)Parallel.run((Callable<Object> & Serializable)() ->
            SharedArray.of(new int[]{1, 2, 3})).join()).getInt(2) == 3);
    }

    private static void primitives() throws Exception
    {
        try (SharedLock lock = SharedLock.create();
            SharedBarrier barrier = SharedBarrier.create(2);
            SharedLatch latch = SharedLatch.create(1);
            SharedCounter counter = SharedCounter.create())
        {
            Worker worker = Parallel.run((Callable<Object> & Serializable)() ->
            {
                Map<?, ?> all = (Map<?, ?>)Parallel.parent().receive();
                ((SharedBarrier)all.get("barrier")).await();
                ((SharedCounter)all.get("counter")).addAndGet(5);
                ((SharedLatch)all.get("latch")).countDown();
                ((SharedLock)all.get("lock")).lock();
                return null;
            });
            worker.send(Map.of("lock", lock, "barrier", barrier, "latch", latch, "counter", counter));
            barrier.await();
            latch.await();
            claim("what was counted before is seen", counter.get() == 5);
            worker.join();
            claim("its holder's end breaks the lock", refused(lock::lock) == ParallelException.Code.WORKER_DIED);
            lock.repair();
            claim("until it is repaired", lock.tryLock());
        }
    }

    private static ParallelException.Code refused(Runnable call)
    {
        try
        {
            call.run();
            return null;
        }
        catch (ParallelException e)
        {
            return e.code();
        }
    }

    private static void claim(String what, boolean holds)
    {
        System.out.println((holds ? "holds: " : "DOES NOT HOLD: ") + what);
        if (!holds)
        {
            System.exit(1);
        }
    }
}
