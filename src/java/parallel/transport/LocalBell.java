package parallel.transport;

import java.nio.channels.SelectableChannel;

/** A bell between two ends in one process: no socket, it wakes the blocked threads themselves. Safe from any thread. */
public final class LocalBell implements Bell
{
    private LocalBell other;
    private volatile MessageChannel ownEnd;

    private LocalBell()
    {
    }

    /**
     * Two bells that ring each other.
     *
     * @return an array of two; each needs {@link #attach}.
     */
    public static LocalBell[] pair()
    {
        LocalBell[] bells = { new LocalBell(), new LocalBell() };
        bells[0].other = bells[1];
        bells[1].other = bells[0];
        return bells;
    }

    /**
     * Says whose threads this bell's partner wakes.
     *
     * @param channel the end that was made with this bell.
     */
    public void attach(MessageChannel channel)
    {
        ownEnd = channel;
    }

    @Override
    public void ring()
    {
        MessageChannel end = other.ownEnd;
        if (end != null)
        {
            end.wakeLocal();
        }
    }

    @Override
    public SelectableChannel channel()
    {
        return null;
    }

    @Override
    public void drain()
    {
        // There is nothing to read.
    }
}
