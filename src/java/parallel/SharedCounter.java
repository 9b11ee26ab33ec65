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
     * A new counter, at 0.
     *
     * @return the counter.
     */
    static SharedCounter create()
    {
        return Primitives.counter();
    }

    /**
     * The value.
     *
     * @return it.
     */
    long get();

    /**
     * Sets the value.
     *
     * @param value the new one.
     */
    void set(long value);

    /**
     * Adds.
     *
     * @param x is added; the value wraps.
     * @return the new value.
     */
    long addAndGet(long x);

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
