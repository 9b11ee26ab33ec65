package parallel.example;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;

import com.sun.management.ThreadMXBean;
import parallel.ClosedException;
import parallel.Parallel;
import parallel.Peer;
import parallel.Worker;
import parallel.WorkerOptions;

/** What a small message allocates in the thread that sends it and receives its echo. */
final class Allocation
{
    private static final int BATCH = 100;
    private static final int BATCHES = 300;

    /** A call of the API. */
    private interface Action
    {
        void run() throws Exception;
    }

    private Allocation()
    {
    }

    static void claims(WorkerOptions options) throws Exception
    {
        Worker echo = Parallel.run(options, Allocation::echo);
        long[] longs = new long[8];
        byte[] bytes = new byte[64];
        ByteBuffer buffer = ByteBuffer.allocateDirect(64);
        Program.claim("a small long makes no object", 0 == perMessage(echo, () -> echo.send(100L), echo::receive));
        Program.claim("a long makes its box", 48 >= perMessage(echo, () -> echo.send(1000L), echo::receive));
        Program.claim("long[8] into an array makes no object",
            0 == perMessage(echo, () -> echo.send(longs), () -> echo.receiveInto(longs)));
        Program.claim("byte[64] into an array makes no object",
            0 == perMessage(echo, () -> echo.send(bytes), () -> echo.receiveInto(bytes)));
        Program.claim("bytes of a buffer make no object",
            0 == perMessage(echo, () -> echo.sendBytes(buffer.clear()), () -> echo.receiveBytes(buffer.clear())));
        echo.sendEnd();
        echo.join();
    }

    private static Object echo() throws InterruptedException
    {
        Peer parent = Parallel.parent();
        try
        {
            while (true)
            {
                parent.send(parent.receive());
            }
        }
        catch (ClosedException e)
        {
            return null;
        }
    }

    // Of the best batch: the others have the compiler's and the first calls' objects. Nobody waits while it is counted.
    private static long perMessage(Worker echo, Action send, Action receive) throws Exception
    {
        long least = Long.MAX_VALUE;
        for (int batch = 0; batch < BATCHES; batch++)
        {
            long echoed = echo.status().messagesSent() + BATCH;
            long sending = allocatedBy(send);
            awaitSent(echo, echoed);
            least = Math.min(least, sending + allocatedBy(receive));
        }
        return least / BATCH;
    }

    private static void awaitSent(Worker echo, long messages) throws InterruptedException
    {
        long deadline = System.nanoTime() + 60_000_000_000L;
        while (echo.status().messagesSent() < messages)
        {
            if (System.nanoTime() > deadline)
            {
                throw new AssertionError("the echo has sent " + echo.status().messagesSent() + " of " + messages);
            }
            Thread.sleep(0, 50_000);
        }
    }

    private static long allocatedBy(Action action) throws Exception
    {
        ThreadMXBean threads = (ThreadMXBean)ManagementFactory.getThreadMXBean();
        long id = Thread.currentThread().getId();
        long before = threads.getThreadAllocatedBytes(id);
        for (int i = 0; i < BATCH; i++)
        {
            action.run();
        }
        return threads.getThreadAllocatedBytes(id) - before;
    }
}
