package parallel.runtime;

import java.util.concurrent.Semaphore;

import parallel.codec.Codec;
import parallel.process.Output;
import parallel.transport.Link;

/**
 * Lines that go up to the parent over control, a bounded number of bytes at a time: the parent gives credit back as it
 * delivers, so that a parent that does not read blocks the printing thread here and nothing else.
 */
final class UpwardLines implements Lines
{
    static final int LIMIT_BYTES = 8 << 20;
    private final Semaphore credit = new Semaphore(LIMIT_BYTES);
    private volatile Link link;

    void connect(Link up)
    {
        link = up;
    }

    @Override
    public void line(Output.Stream stream, int id, String line)
    {
        final byte[] payload = Codec.toBytes(new Object[]{id, line});
        credit.acquireUninterruptibly(cost(payload));
        link.send(Frames.frame(Frames.LINE, stream.ordinal(), payload));
    }

    void delivered(long bytes)
    {
        credit.release((int)bytes);
    }

    /** At least what the line counts in the parent's queue, which would refuse what is beyond its limit. */
    static int cost(byte[] payload)
    {
        return Math.min(Output.LINE_BYTES + payload.length, LIMIT_BYTES);
    }
}
