package parallel;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import parallel.shared.Primitives;

/**
 * A barrier among threads of all processes to which it was sent. It opens when {@link #parties()} threads wait at it,
 * again and again. What was written before await is seen by all after it. Safe from any thread.
 * <p>
 * Its parties are the processes to which it was sent and those that have waited at it. When one of them has ended and
 * too few are left to open it, it is broken: all callers that wait, and later ones, get a {@link WorkerDiedException}
 * with the id, within a second. {@link #reset()} makes it usable again.
 *
 * <pre>{@code
 * SharedBarrier barrier = SharedBarrier.create(workers.size() + 1);
 * for (Worker w : workers) w.send(barrier);         // each: barrier.await() after every round
 * try {
 *     barrier.await(10, TimeUnit.SECONDS);
 * }
 * catch (TimeoutException e) {
 *     System.err.println(barrier.waiting() + " of " + barrier.parties() + " have come");
 * }
 * }</pre>
 */
public interface SharedBarrier extends AutoCloseable
{
    /**
     * A new barrier.
     *
     * @param parties how many must wait for it to open, 1 or more.
     * @return the barrier.
     */
    static SharedBarrier create(int parties)
    {
        return Primitives.barrier(parties);
    }

    /**
     * Waits until so many do. An interrupt takes the caller back out of those who wait.
     *
     * @return how many came later than the caller: 0 for the one that opened it.
     * @throws InterruptedException if interrupted while waiting.
     */
    int await() throws InterruptedException;

    /**
     * The same, for a time. When it is over the caller is taken back out of those who wait.
     *
     * @param timeout how long.
     * @param unit    of that.
     * @return how many came later.
     * @throws InterruptedException if interrupted while waiting.
     * @throws TimeoutException     if it did not open in time.
     */
    int await(long timeout, TimeUnit unit) throws InterruptedException, TimeoutException;

    /**
     * How many must wait for it to open.
     *
     * @return as it was made.
     */
    int parties();

    /**
     * How many wait now.
     *
     * @return 0 or more.
     */
    int waiting();

    /** Makes a broken barrier one at which nobody waits. No effect on one that is whole. */
    void reset();

    /**
     * Has it been closed in this process?
     *
     * @return true: everything else throws.
     */
    boolean isClosed();

    /** Lets go of it in this process, as {@link SharedArray#close()}. */
    @Override
    void close();
}
