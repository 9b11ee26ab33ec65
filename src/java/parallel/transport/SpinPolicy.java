package parallel.transport;

import java.util.concurrent.TimeUnit;

/**
 * How long a wait spins and yields before it blocks. A partner that is awake answers within 5 us. One that the system
 * has taken off its core for a while does not, and then to block is dear: the partner has to ring, and two sides that
 * ring each other at each message do so for ever. So the time is adapted, as that of an adaptive mutex is: while waits
 * are short it grows, up to what a system lets another thread run at a time; a wait that outlasts it makes it short
 * again.
 * <p>
 * After this side has rung the bell it does not spin while waits are long: the kernel wakes the partner on this very
 * core, and it would have to wait for our spinning.
 * <p>
 * A hint, hence without synchronization: a lost update costs one spin.
 */
final class SpinPolicy
{
    private static final long SPIN_NANOS = TimeUnit.MICROSECONDS.toNanos(5);
    private static final long WARM_UP_NANOS = TimeUnit.MICROSECONDS.toNanos(60);
    private static final int WARM_UP_EVERY = 32;

    private static final long LEAST_NANOS = TimeUnit.MICROSECONDS.toNanos(10);
    /** Longer than a thread of another process may run at a time, by the defaults of Linux. */
    private static final long MOST_NANOS = TimeUnit.MILLISECONDS.toNanos(4);
    /** A partner that had to be woken answers within that. */
    private static final long SHORT_NANOS = TimeUnit.MICROSECONDS.toNanos(100);
    private static final int SHORT_ONES = 8;
    private static final int GROWTH = 4;

    /** A yield that takes longer has given the core to somebody else's thread, which had much to do. */
    private static final long STRANGER_NANOS = TimeUnit.MICROSECONDS.toNanos(200);
    private static final long NO_YIELD_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private boolean rang;
    private int cold;
    private int shortOnes;
    private long budget = LEAST_NANOS;
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
        if (!rang)
        {
            return SPIN_NANOS;
        }
        rang = false;
        return ++cold % WARM_UP_EVERY == 0 ? WARM_UP_NANOS : 0;
    }

    // The nanoseconds to spin and yield after that. 0 of the former: only if waits are short.
    long patienceNanos(long spunNanos)
    {
        return spunNanos > 0 || budget > LEAST_NANOS ? budget : 0;
    }

    // A wait that did not end while it spun at first has ended after so long, however.
    void waited(long nanos)
    {
        if (outOfTurn)
        {
            outOfTurn = false;
        }
        else if (nanos <= SHORT_NANOS)
        {
            if (++shortOnes % SHORT_ONES == 0)
            {
                budget = Math.min(MOST_NANOS, budget * GROWTH);
            }
        }
        else if (nanos > budget)
        {
            shortOnes = 0;
            budget = LEAST_NANOS;
        }
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
