package parallel.transport;

/**
 * How often a reader looks again at what is being written under a sequence lock. A writer is through in less than a
 * microsecond, or in some milliseconds when it loses its core just then; one that has died in it never is. For one
 * read, by one thread.
 */
final class SeqlockRetry
{
    private static final int SPINS = 100;
    private static final long PATIENCE_NANOS = 20_000_000;

    private int spent;
    private long deadlineNanos;

    // Waits a moment. False: the writer counts as dead, and the reader takes what is there.
    boolean again()
    {
        if (++spent < SPINS)
        {
            Thread.onSpinWait();
            return true;
        }
        if (spent == SPINS)
        {
            deadlineNanos = System.nanoTime() + PATIENCE_NANOS;
        }
        // The writer may wait for this very core.
        Thread.yield();
        return System.nanoTime() - deadlineNanos < 0;
    }
}
