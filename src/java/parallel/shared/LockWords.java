package parallel.shared;

import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;

import parallel.SharedLock;
import parallel.process.ThisProcess;
import parallel.runtime.Errors;
import parallel.runtime.SessionMemory;

/**
 * A lock in shared memory. Words: 0 the holder, (id + 1) &lt;&lt; 32 | a number of its thread, 0 when it is free; 1 how often it holds it;
 * 4 its pid.
 */
final class LockWords extends Words implements SharedLock
{
    private static final int OWNER = 0;
    private static final int HOLDS = 1;
    private static final int OWNER_PID = 4;
    private static final AtomicInteger THREADS = new AtomicInteger();
    private static final ThreadLocal<Integer> THREAD = ThreadLocal.withInitial(THREADS::incrementAndGet);

    LockWords(ArrayHandle words)
    {
        super(Kind.LOCK, words);
    }

    static LockWords create()
    {
        return new LockWords(newWords(0));
    }

    private static long me()
    {
        return (SessionMemory.id() + 1L) << 32 | THREAD.get();
    }

    @Override
    public boolean tryLock()
    {
        requireWhole();
        final long me = me();
        final long owner = words.getVolatile(OWNER);
        if (owner == me)
        {
            words.setVolatile(HOLDS, words.getVolatile(HOLDS) + 1);
            return true;
        }
        if (owner != 0 || !words.compareAndSet(OWNER, 0, me))
        {
            return false;
        }
        words.setVolatile(OWNER_PID, ThisProcess.pid());
        words.setVolatile(HOLDS, 1);
        return true;
    }

    private void look()
    {
        final long owner = words.getVolatile(OWNER);
        if (owner == 0)
        {
            return;
        }
        final int id = (int)(owner >>> 32) - 1;
        if (!SessionMemory.ended(Set.of(id)).isEmpty() && words.getVolatile(OWNER) == owner)
        {
            breakBy(new Parties.Party(id, words.getVolatile(OWNER_PID), 0, false));
        }
    }

    private boolean lock(Backoff backoff) throws InterruptedException
    {
        while (!tryLock())
        {
            if (Thread.interrupted())
            {
                throw new InterruptedException();
            }
            if (backoff.isOver())
            {
                look();
                return tryLock();
            }
            if (backoff.isLookDue())
            {
                look();
            }
            backoff.pause();
        }
        return true;
    }

    @Override
    public void lock()
    {
        boolean interrupted = false;
        while (true)
        {
            try
            {
                lock(Backoff.forever());
                break;
            }
            catch (final InterruptedException e)
            {
                interrupted = true;
            }
        }
        if (interrupted)
        {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void lockInterruptibly() throws InterruptedException
    {
        if (Thread.interrupted())
        {
            throw new InterruptedException();
        }
        lock(Backoff.forever());
    }

    @Override
    public boolean tryLock(long time, TimeUnit unit) throws InterruptedException
    {
        return lock(Backoff.atMost(time, unit));
    }

    @Override
    public void unlock()
    {
        if (words.getVolatile(OWNER) != me())
        {
            throw Errors.badArgument("The lock is released by a thread that does not hold it; " + (holder() < 0 ? "nobody does." : "worker " + holder() + " does."));
        }
        final long holds = words.getVolatile(HOLDS);
        words.setVolatile(HOLDS, holds - 1);
        if (holds == 1)
        {
            words.setVolatile(OWNER, 0);
        }
    }

    @Override
    public Condition newCondition()
    {
        throw new UnsupportedOperationException("A shared lock has no conditions.");
    }

    @Override
    public int holder()
    {
        return (int)(words.getVolatile(OWNER) >>> 32) - 1;
    }

    @Override
    public void repair()
    {
        if (words.getVolatile(BROKEN) != 0)
        {
            words.setVolatile(HOLDS, 0);
            words.setVolatile(OWNER, 0);
            words.setVolatile(BROKEN, 0);
        }
    }

    @Override
    String cause()
    {
        return "while it held it; repair makes the lock usable again, when what it guards is in order";
    }

    @Override
    String state()
    {
        return holder() < 0 ? ":holder nil" : ":holder " + holder();
    }
}
