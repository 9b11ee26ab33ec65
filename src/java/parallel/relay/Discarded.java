package parallel.relay;

import org.agrona.DirectBuffer;

import parallel.transport.Assembly;
import parallel.transport.MessageChannel;
import parallel.transport.Reader;

/** The inbox of a relay's end, of which nobody ever receives: what is left in the ring at the end is thrown away. */
final class Discarded implements Reader, Assembly
{
    static final Discarded READER = new Discarded();

    /** One message at a time is let in beyond the bound, which is enough to come to the end. */
    static final long INBOX_BYTES = 0;

    private Discarded()
    {
    }

    @Override
    public Assembly begin(long length, DirectBuffer first, int index, int available)
    {
        return this;
    }

    @Override
    public void append(DirectBuffer source, int index, int length)
    {
        // nobody will have it
    }

    /** Retires a relay's end, and lets go of its memory. */
    static void retire(MessageChannel channel)
    {
        channel.retire();
        while (channel.tryReceivePart(READER))
        {
            Thread.onSpinWait();
        }
    }
}
