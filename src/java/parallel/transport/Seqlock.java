package parallel.transport;

import java.lang.invoke.VarHandle;

import org.agrona.concurrent.AtomicBuffer;

/**
 * The number before what several readers take as a whole, odd while its one writer changes it. A writer never waits; a
 * reader looks at the number before and after, and again as {@link SeqlockRetry} says.
 */
final class Seqlock
{
    private Seqlock()
    {
    }

    // Before the first store. What it gives goes to end.
    static int begin(AtomicBuffer memory, int lock)
    {
        int before = memory.getInt(lock) & ~1;
        memory.putIntOpaque(lock, before + 1);
        // The odd number is seen before any byte that changes. Pairs with the acquire fence of the reader.
        VarHandle.releaseFence();
        return before;
    }

    // After the last store.
    static void end(AtomicBuffer memory, int lock, int before)
    {
        // Pairs with the reader's acquire of the number.
        memory.putIntRelease(lock, before + 2);
    }
}
