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
     * Makes a barrier.
     *
     * @param parties how many threads must wait for it to open, 1 or more.
     * @return the barrier.
     * @throws ParallelException with BAD_ARGUMENT for another number, or if shared memory has no room.
     */
    static SharedBarrier create(int parties)
    {
        return Primitives.barrier(parties);
    }

    /**
     * Waits until {@link #parties()} threads wait at it. A caller that is interrupted is not counted.
     *
     * @return how many came later than the caller: 0 for the one that opened it.
     * @throws WorkerDiedException  if it is broken.
     * @throws InterruptedException if interrupted while waiting.
     */
    int await() throws InterruptedException;

    /**
     * Waits as {@link #await()} does, for a limited time. A caller that gives up is not counted.
     *
     * @param timeout how long to wait, 0 or more.
     * @param unit    the unit of the time-out.
     * @return how many came later than the caller.
     * @throws WorkerDiedException  if it is broken.
     * @throws InterruptedException if interrupted while waiting.
     * @throws TimeoutException     if it did not open in time.
     */
    int await(long timeout, TimeUnit unit) throws InterruptedException, TimeoutException;

    /**
     * Returns how many must wait for it to open.
     *
     * @return the number that it was made with.
     */
    int parties();

    /**
     * Returns how many wait now. Never blocks.
     *
     * @return the number, 0 or more.
     */
    int waiting();

    /** Makes a broken barrier usable again: nobody waits at it. No effect on one that is not broken. */
    void reset();

    /**
     * Returns whether it was closed in this process.
     *
     * @return true if so: every other method then throws, with CLOSED.
     */
    boolean isClosed();

    /** Releases it in this process, as {@link SharedArray#close()} does. Idempotent. */
    @Override
    void close();
}
