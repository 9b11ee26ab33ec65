package parallel.shared;

import parallel.SharedBarrier;
import parallel.SharedCounter;
import parallel.SharedLatch;
import parallel.SharedLock;

/** Makes locks, barriers, latches and counters. */
public final class Primitives
{
    private Primitives()
    {
    }

    /** @return as {@link SharedLock#create()}. */
    public static SharedLock lock()
    {
        return new LockCells(SyncCells.Kind.LOCK.newWords());
    }

    /**
     * As {@link SharedBarrier#create(int)}.
     *
     * @param parties how many.
     * @return the barrier.
     */
    public static SharedBarrier barrier(int parties)
    {
        return BarrierCells.create(parties);
    }

    /**
     * As {@link SharedLatch#create(int)}.
     *
     * @param count from which it counts down.
     * @return the latch.
     */
    public static SharedLatch latch(int count)
    {
        return LatchCells.create(count);
    }

    /** @return as {@link SharedCounter#create()}. */
    public static SharedCounter counter()
    {
        return new CounterCells(SyncCells.Kind.COUNTER.newWords());
    }
}
