package parallel.relay;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import parallel.transport.Ends;
import parallel.transport.MessageChannel;

/** Two pairs of rings with a relay between them, as a parent and a worker on two machines have it. */
public final class Relayed implements AutoCloseable
{
    public final LoopStreams connection = new LoopStreams();
    public final LoopStreams.End[] data = connection.stream();
    private final Ends here;
    private final Ends there;
    private final Relay nearRelay;
    private final Relay farRelay;
    private final RelayLoop[] loops = { new RelayLoop(e -> { }), new RelayLoop(e -> { }) };
    private final CountDownLatch[] over = { new CountDownLatch(1), new CountDownLatch(1) };

    public Relayed(Path directory, int ringBytes) throws IOException
    {
        here = Ends.open(directory, ringBytes);
        there = Ends.open(directory, ringBytes);
        nearRelay = new Relay(here.child, number -> null, relay -> over[0].countDown());
        farRelay = new Relay(there.parent, number -> null, relay -> over[1].countDown());
        data[0].listen(nearRelay);
        data[1].listen(farRelay);
        nearRelay.connect(data[0]);
        farRelay.connect(data[1]);
        loops[0].add(nearRelay);
        loops[1].add(farRelay);
    }

    public MessageChannel parent()
    {
        return here.parent;
    }

    public MessageChannel worker()
    {
        return there.child;
    }

    public Ends here()
    {
        return here;
    }

    /** The worker's process is gone. */
    public void workerIsGone()
    {
        farRelay.writerIsGone();
    }

    /** Has the parent's side got the last of what the worker sent, or heard that no more comes? */
    public boolean isOver(int side, long ms) throws InterruptedException
    {
        return over[side].await(ms, TimeUnit.MILLISECONDS);
    }

    public String failure(int side)
    {
        Throwable failure = (side == 0 ? nearRelay : farRelay).failure();
        return failure == null ? null : failure.getMessage();
    }

    @Override
    public void close() throws IOException
    {
        for (RelayLoop loop : loops)
        {
            loop.close();
        }
        connection.close();
        here.close();
        there.close();
    }
}
