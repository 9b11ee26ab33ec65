package parallel.transport;

import java.util.concurrent.TimeUnit;

/**
 * How long a wait spins and yields before it blocks. A partner that is awake answers within 5 us. One that the system
 * has taken off its core for a while does not, and then to block is dear: the partner has to ring, and two sides that
 * ring each other at each message do so forever. So each wait earns some time, about what it costs to be woken, and
 * one that is long spends what it takes. Two that answer each other at once can afford to wait until one of them has
 * its core again; one that is answered once in a while blocks, and leaves its core to others.
 * <p>
 * After this side has rung the bell it does not spin: the kernel wakes the partner on this very core, and it would have
 * to wait for our spinning. Two sides that ring each other would do so forever, so once in a while one spins and
 * yields all the same until the other has woken up and answered: from there both find each other awake again.
 * <p>
 * A hint, hence without synchronization: a lost update costs one spin.
 */
final class SpinPolicy
{
    private static final long SPIN_NANOS = TimeUnit.MICROSECONDS.toNanos(5);
    private static final int WARM_UP_EVERY = 8;

    private static final long LEAST_NANOS = TimeUnit.MICROSECONDS.toNanos(10);
    /** Longer than the slice of another thread, which is 3 ms at most by the defaults of Linux 6.6 and newer. */
    private static final long MOST_NANOS = TimeUnit.MILLISECONDS.toNanos(4);
    private static final long EARNED_NANOS = TimeUnit.MICROSECONDS.toNanos(5);
    /** A partner that had to be woken answers within that. */
    private static final long SHORT_NANOS = TimeUnit.MICROSECONDS.toNanos(30);

    /** A yield that takes longer has given the core to somebody else's thread, which had much to do. */
    private static final long STRANGER_NANOS = TimeUnit.MICROSECONDS.toNanos(200);
    private static final long NO_YIELD_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private boolean rang;
    private int cold;
    private long credit = LEAST_NANOS;
    private long noYieldUntil = System.nanoTime();
    /** In the wait that goes on a yield took long: how long it lasts says nothing of the partner. */
    private boolean outOfTurn;

    void bellWasRung()
    {
        rang = true;
    }

    // The nanoseconds to spin at first in the wait that begins now.
    long spinNanos()
    {
        credit = Math.min(MOST_NANOS, credit + EARNED_NANOS);
        if (!rang)
        {
            return SPIN_NANOS;
        }
        rang = false;
        return ++cold % WARM_UP_EVERY == 0 ? SPIN_NANOS : 0;
    }

    // The nanoseconds to spin and yield after that, if it has spun at all.
    long patienceNanos()
    {
        return credit;
    }

    // A wait that did not end while it spun at first has ended after so long, however.
    void waited(long nanos)
    {
        if (!outOfTurn && nanos > SHORT_NANOS)
        {
            credit = Math.max(LEAST_NANOS, credit - nanos);
        }
        outOfTurn = false;
    }

    // Is the core to be given to who else wants it, at the time now?
    boolean yields(long now)
    {
        return now - noYieldUntil >= 0;
    }

    void yielded(long before, long now)
    {
        if (now - before > STRANGER_NANOS)
        {
            noYieldUntil = now + NO_YIELD_NANOS;
            outOfTurn = true;
        }
    }
}
