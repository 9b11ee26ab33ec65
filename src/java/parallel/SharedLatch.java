package parallel;

import java.util.concurrent.TimeUnit;

import parallel.shared.Primitives;

/**
 * A latch among threads of all processes to which it was sent. It opens when it has been counted down to 0. What was
 * written before countDown is seen after await. Safe from any thread.
 * <p>
 * When a process to which it was sent has ended without counting down, and too few are left that could, it is broken:
 * all callers that wait get a {@link WorkerDiedException} with the id, within a second.
 *
 * <pre>{@code
 * SharedLatch ready = SharedLatch.create(workers.size());
 * for (Worker w : workers) w.send(ready);           // each: ready.countDown() when it is ready
 * if (!ready.await(10, TimeUnit.SECONDS)) {
 *     System.err.println(ready.getCount() + " workers are not ready");
 * }
 * }</pre>
 */
public interface SharedLatch extends AutoCloseable
{
    /**
     * Makes a latch.
     *
     * @param count how often it must be counted down, 0 or more.
     * @return the latch.
     * @throws ParallelException with BAD_ARGUMENT for another number, or if shared memory has no room.
     */
    static SharedLatch create(int count)
    {
        return Primitives.latch(count);
    }

    /** Counts down by one; at 0 no effect. Never blocks. */
    void countDown();

    /**
     * Returns how often it must still be counted down. Never blocks.
     *
     * @return the count, 0 or more.
     */
    long getCount();

    /**
     * Waits until the count is 0.
     *
     * @throws WorkerDiedException  if it is broken.
     * @throws InterruptedException if interrupted while waiting.
     */
    void await() throws InterruptedException;

    /**
     * Waits until the count is 0, for a limited time.
     *
     * @param timeout how long to wait, 0 or more.
     * @param unit    the unit of the time-out.
     * @return whether the count is 0.
     * @throws WorkerDiedException  if it is broken.
     * @throws InterruptedException if interrupted while waiting.
     */
    boolean await(long timeout, TimeUnit unit) throws InterruptedException;

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
