package parallel.shared;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * How a thread waits for a word in shared memory, which no other process can wake it from: it spins, yields, and then
 * sleeps a little longer each time. One wait of one thread.
 */
final class Backoff
{
    private static final int SPINS = 200;
    private static final int YIELDS = 50;
    private static final long SHORTEST_NANOS = 20_000;
    private static final long LONGEST_NANOS = 1_000_000;
    /** How often it is looked whether those who are waited for still live. */
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final long deadline;
    private long nextLook = System.nanoTime() + LOOK_NANOS;
    private int rounds;
    private long sleep = SHORTEST_NANOS;

    private Backoff(long deadline)
    {
        this.deadline = deadline;
    }

    static Backoff forever()
    {
        return new Backoff(Long.MAX_VALUE);
    }

    static Backoff atMost(long time, TimeUnit unit)
    {
        long nanos = Math.max(0, unit.toNanos(time));
        long now = System.nanoTime();
        return new Backoff(now + nanos < now ? Long.MAX_VALUE : now + nanos);
    }

    boolean isOver()
    {
        return deadline != Long.MAX_VALUE && System.nanoTime() - deadline >= 0;
    }

    void pause()
    {
        rounds++;
        if (rounds < SPINS)
        {
            Thread.onSpinWait();
        }
        else if (rounds < SPINS + YIELDS)
        {
            Thread.yield();
        }
        else
        {
            LockSupport.parkNanos(sleep);
            sleep = Math.min(LONGEST_NANOS, sleep * 2);
        }
    }

    long deadline()
    {
        return deadline;
    }

    // Does it sleep already?
    boolean isAsleep()
    {
        return rounds >= SPINS + YIELDS;
    }

    // Time to look who lives; from the second look on every tenth of a second.
    boolean isLookDue()
    {
        if (System.nanoTime() - nextLook < 0)
        {
            return false;
        }
        nextLook = System.nanoTime() + LOOK_NANOS;
        return true;
    }
}
