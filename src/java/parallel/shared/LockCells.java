package parallel.shared;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;

import parallel.SharedLock;
import parallel.control.Errors;
import parallel.process.ThisProcess;
import parallel.runtime.SessionMemory;

/**
 * A lock in shared memory. Words: 0 the holder, (id + 1) &lt;&lt; 32 | a number of its thread, 0 when it is free; 1
 * how often it holds it; 4 its pid.
 */
final class LockCells extends SyncCells implements SharedLock, SyncCells.Awaited
{
    private static final int OWNER = 0;
    private static final int HOLDS = 1;
    private static final int OWNER_PID = 4;
    private static final AtomicInteger THREADS = new AtomicInteger();
    private static final ThreadLocal<Integer> THREAD = ThreadLocal.withInitial(THREADS::incrementAndGet);

    LockCells(ArrayHandle words)
    {
        super(Kind.LOCK, words);
    }

    private static long me()
    {
        return (SessionMemory.id() + 1L) << 32 | THREAD.get();
    }

    @Override
    public boolean tryLock()
    {
        requireWhole();
        long me = me();
        long owner = words.getVolatile(OWNER);
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

    @Override
    public boolean hasCome()
    {
        return tryLock();
    }

    @Override
    public void look()
    {
        long owner = words.getVolatile(OWNER);
        if (owner == 0)
        {
            return;
        }
        int id = (int)(owner >>> 32) - 1;
        if (!SessionMemory.ended(Set.of(id)).isEmpty() && words.getVolatile(OWNER) == owner)
        {
            breakBy(id, words.getVolatile(OWNER_PID));
        }
    }

    @Override
    public Bringers bringers()
    {
        int holder = holder();
        return new Bringers(holder < 0 ? new int[0] : new int[]{holder}, 1);
    }

    @Override
    public void lock()
    {
        boolean interrupted = false;
        while (true)
        {
            try
            {
                await(this, Backoff.forever());
                break;
            }
            catch (InterruptedException e)
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
        refuseInterrupted();
        await(this, Backoff.forever());
    }

    @Override
    public boolean tryLock(long time, TimeUnit unit) throws InterruptedException
    {
        return await(this, Backoff.atMost(time, unit)) || isTakenAtLast();
    }

    // However short the time was: who holds it may have died long ago.
    private boolean isTakenAtLast()
    {
        look();
        return tryLock();
    }

    @Override
    public void unlock()
    {
        if (words.getVolatile(OWNER) != me())
        {
            throw Errors.badArgument("The lock is released by a thread that does not hold it; " +
                (holder() < 0 ? "nobody does." : "worker " + holder() + " does."));
        }
        long holds = words.getVolatile(HOLDS);
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
        mend(() ->
        {
            words.setVolatile(HOLDS, 0);
            words.setVolatile(OWNER, 0);
        });
    }

    @Override
    void describeOwn(Map<String, Object> facts)
    {
        int holder = holder();
        facts.put("holder", holder < 0 ? null : holder);
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
