package parallel.transport;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;

/**
 * The lock of one direction of a channel. Held for short, bounded work only (a look, a record, at most a ring full of
 * bytes), never while blocked, so whoever finds it taken backs off instead of queueing. Not reentrant.
 * <p>
 * Why not ReentrantLock: its unlock costs a full fence, which a committer pays anyway, after the unlocked part.
 */
final class BackoffLock
{
    private static final int SPINS = 32;
    private static final int YIELDS = 32;
    private static final long PARK_NANOS = 20_000;
    private static final VarHandle HELD;
    private static final VarHandle CONTENDERS;

    static
    {
        try
        {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            HELD = lookup.findVarHandle(BackoffLock.class, "held", boolean.class);
            CONTENDERS = lookup.findVarHandle(BackoffLock.class, "contenders", int.class);
        }
        catch (ReflectiveOperationException e)
        {
            throw new ExceptionInInitializerError(e);
        }
    }

    private volatile boolean held;
    private volatile int contenders;

    void lock()
    {
        if (!HELD.compareAndSet(this, false, true))
        {
            backOff();
        }
    }

    boolean tryLock()
    {
        return !held && HELD.compareAndSet(this, false, true);
    }

    // Pairs with the compareAndSet of the next owner.
    void unlock()
    {
        HELD.setRelease(this, false);
    }

    // A holder that only spins lets the others in.
    boolean contended()
    {
        return contenders != 0;
    }

    private void backOff()
    {
        CONTENDERS.getAndAdd(this, 1);
        try
        {
            for (int n = 0; !tryLock(); n++)
            {
                if (n < SPINS)
                {
                    Thread.onSpinWait();
                }
                else if (n < SPINS + YIELDS || Thread.currentThread().isInterrupted())
                {
                    Thread.yield();
                }
                else
                {
                    LockSupport.parkNanos(this, PARK_NANOS);
                }
            }
        }
        finally
        {
            CONTENDERS.getAndAdd(this, -1);
        }
    }
}
