package parallel.transport;

/**
 * A receive that waits. A message whose bytes go to its own target is its own, whichever thread reads the rest of it
 * from the ring. Guarded by the receive lock.
 */
class PendingReceive
{
    /** The message, whole, or what went wrong with it: at most one of the two. */
    Assembly arrived;
    Throwable failure;
    long length;
}
