package parallel.transport;

/** Hears when threads of this side start and stop blocking on a channel. */
@FunctionalInterface
public interface BlockedListener
{
    /**
     * Called in the slow path only, by the thread that blocks, holding no lock. Must not block.
     *
     * @param sending true: it waits for room; false: it waits for a message.
     * @param delta   +1 when it starts, -1 when it stops.
     */
    void onBlocked(boolean sending, int delta);
}
