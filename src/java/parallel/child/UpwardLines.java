package parallel.child;

import java.util.concurrent.Semaphore;

import parallel.codec.Codec;
import parallel.control.Frames;
import parallel.process.Output;
import parallel.runtime.LineCredit;
import parallel.transport.Link;

/**
 * Lines that go up to the parent over control, a bounded number of bytes at a time: the parent gives credit back as it
 * delivers, so that a parent that does not read blocks the printing thread here and nothing else.
 */
public final class UpwardLines implements Output.Sink
{
    private final Semaphore credit = new Semaphore(LineCredit.LIMIT_BYTES);
    private volatile Link link;

    void connect(Link up)
    {
        link = up;
    }

    @Override
    public void line(Output.Stream stream, int id, String line)
    {
        byte[] payload = Codec.toBytes(new Object[]{id, line});
        credit.acquireUninterruptibly(LineCredit.cost(payload));
        link.send(Frames.frame(Frames.LINE, stream.ordinal(), payload));
    }

    void delivered(long bytes)
    {
        credit.release((int)bytes);
    }
}
