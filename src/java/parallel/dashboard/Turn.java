package parallel.dashboard;

/**
 * What a thread does for one request, and how long it may take. A thread that is late is interrupted: that closes its
 * connection, whether it reads or writes.
 */
final class Turn
{
    private final Thread thread = Thread.currentThread();
    private final long begunNanos = System.nanoTime();
    private boolean limited = true;
    private boolean reads = true;
    private boolean over;
    private long deadline;

    Turn(long limitNanos)
    {
        deadline = begunNanos + limitNanos;
    }

    /** The request has been read, and is none to refuse; what follows may take so long from now. */
    synchronized void within(long limitNanos)
    {
        reads = false;
        limited = true;
        deadline = System.nanoTime() + limitNanos;
    }

    /** What follows waits for something of ours. */
    synchronized void unlimited()
    {
        reads = false;
        limited = false;
    }

    synchronized boolean reads()
    {
        return reads && !over;
    }

    long begunNanos()
    {
        return begunNanos;
    }

    synchronized void dropIfLate(long now)
    {
        if (limited && now - deadline >= 0)
        {
            drop();
        }
    }

    synchronized void drop()
    {
        if (!over)
        {
            over = true;
            thread.interrupt();
        }
    }

    /** The thread's next turn must not be interrupted by this one's end. */
    synchronized void end()
    {
        over = true;
        Thread.interrupted();
    }
}
