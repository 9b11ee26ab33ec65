package parallel.transport;

import java.nio.channels.SelectableChannel;

/** Wakes the other end of a channel when its threads block. Bytes without a meaning: each wake looks at the ring. */
public interface Bell
{
    /** Wakes whoever blocks at the other end. Never blocks, never throws. Safe from any thread. */
    void ring();

    /**
     * What to select on for the other end's ring.
     *
     * @return null for a local bell, while not connected, and after the other end has gone.
     */
    SelectableChannel channel();

    /** Reads what is there. At the end of the file the channel is no longer offered. Safe from any thread. */
    void drain();
}
