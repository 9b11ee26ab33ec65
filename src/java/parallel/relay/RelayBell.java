package parallel.relay;

import java.nio.channels.SelectableChannel;

import parallel.control.Frames;
import parallel.transport.Bell;
import parallel.transport.Link;

/**
 * Wakes the other end of a pair of rings by a frame: between the parent's process and its link process, which have one
 * connection for all workers. Safe from any thread.
 */
public final class RelayBell implements Bell
{
    private final Link link;
    private final int worker;

    /**
     * A bell.
     *
     * @param link   to the other process.
     * @param worker whose rings they are.
     */
    public RelayBell(Link link, int worker)
    {
        this.link = link;
        this.worker = worker;
    }

    @Override
    public void ring()
    {
        link.send(Frames.frame(RelayFrames.WAKE, worker));
    }

    @Override
    public SelectableChannel channel()
    {
        return null;
    }

    @Override
    public void drain()
    {
        // there is nothing to read
    }
}
