package parallel.dashboard;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * One page that watches: snapshots on their way to it. One that does not take them as fast as they are made is dropped;
 * the page asks again by itself.
 */
final class Watcher
{
    private static final int MOST_WAITING = 8;
    private static final long TO_WRITE_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final String END = "";

    private final BlockingQueue<String> waiting = new ArrayBlockingQueue<>(MOST_WAITING);
    private boolean isNew = true;

    /** Only the first is whole. Of the sampling thread. */
    boolean isNew()
    {
        boolean was = isNew;
        isNew = false;
        return was;
    }

    boolean offer(String snapshot)
    {
        return waiting.offer(snapshot);
    }

    void end()
    {
        waiting.clear();
        waiting.offer(END);
    }

    /** Writes what is offered, as server-sent events, until the end. */
    void serve(OutputStream out, Turn turn) throws IOException
    {
        write(out, turn, "retry: 1000\n\n");
        try
        {
            while (true)
            {
                turn.unlimited();
                String snapshot = waiting.take();
                if (snapshot.equals(END))
                {
                    return;
                }
                write(out, turn, "data: " + snapshot + "\n\n");
            }
        }
        catch (InterruptedException e)
        {
            Thread.currentThread().interrupt();         // the dashboard is closed
        }
    }

    private static void write(OutputStream out, Turn turn, String event) throws IOException
    {
        turn.within(TO_WRITE_NANOS);
        out.write(event.getBytes(StandardCharsets.US_ASCII));
        out.flush();
    }
}
