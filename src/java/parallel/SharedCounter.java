package parallel;

import parallel.shared.Primitives;

/**
 * A number that all processes to which it was sent change atomically. Never blocks. Safe from any thread.
 *
 * <pre>{@code
 * SharedCounter done = SharedCounter.create();
 * worker.send(done);                                // the worker: done.addAndGet(1)
 * System.out.println(done.get());
 * done.close();
 * done.get();                                       // throws ClosedException
 * }</pre>
 */
public interface SharedCounter extends AutoCloseable
{
    /**
     * Makes a counter, at 0.
     *
     * @return the counter.
     * @throws ParallelException with BAD_ARGUMENT if shared memory has no room.
     */
    static SharedCounter create()
    {
        return Primitives.counter();
    }

    /**
     * Returns the value.
     *
     * @return the value.
     * @throws ClosedException after {@link #close()}.
     */
    long get();

    /**
     * Sets the value.
     *
     * @param value the new value.
     * @throws ClosedException after {@link #close()}.
     */
    void set(long value);

    /**
     * Adds to the value.
     *
     * @param x the number to add; the value wraps.
     * @return the new value.
     * @throws ClosedException after {@link #close()}.
     */
    long addAndGet(long x);

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
