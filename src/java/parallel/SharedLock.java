package parallel;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;

import parallel.shared.Primitives;

/**
 * A lock among all threads of all processes to which it was sent. Reentrant: its holder may take it again, and releases
 * it as often. Not fair. What was written before unlock is seen after the next lock. Safe from any thread.
 * <p>
 * When its holder's process or thread worker has ended, the lock is broken: callers that wait for it, and later ones,
 * get a {@link WorkerDiedException} with the id, within a second. {@link #repair()} makes it usable again. There are no
 * conditions.
 *
 * <pre>{@code
 * SharedLock lock = SharedLock.create();
 * worker.send(lock);
 * try {
 *     lock.lock();
 *     try { ... } finally { lock.unlock(); }
 * }
 * catch (WorkerDiedException e) {
 *     check();                                      // its holder died: what it guards may be half written
 *     lock.repair();
 * }
 * }</pre>
 */
public interface SharedLock extends Lock, AutoCloseable
{
    /**
     * Makes a lock that nobody holds.
     *
     * @return the lock.
     * @throws ParallelException with BAD_ARGUMENT if shared memory has no room.
     */
    static SharedLock create()
    {
        return Primitives.lock();
    }

    /**
     * Releases it. Never blocks.
     *
     * @throws ParallelException with BAD_ARGUMENT if the calling thread does not hold it.
     */
    @Override
    void unlock();

    /**
     * Throws: there are no conditions.
     *
     * @throws UnsupportedOperationException in any case.
     */
    @Override
    Condition newCondition();

    /**
     * Returns who holds it. Never blocks.
     *
     * @return the id of a worker, 0 for the root; -1 for nobody.
     */
    int holder();

    /** Makes a broken lock usable again: nobody holds it. No effect on one that is not broken. */
    void repair();

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
