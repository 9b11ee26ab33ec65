package parallel.transport;

import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * The one class that waits: it spins 5 us, yields 20 times, then blocks in a selector on the bells of the channels.
 * <p>
 * No wake-up is lost: the waiting flags are set, then a full fence, then the last look, then the block; the other end
 * commits, then a full fence, then reads the flag, clears it and rings. A change within this process (a retired channel,
 * a finished future) must be followed by {@link MessageChannel#wakeLocal}.
 * <p>
 * While a receiver is far behind, the sender leaves the fence out. The commit of which the receiver then hears nothing
 * is in memory some hundred nanoseconds later; so after such a time a block ends by itself after 1 ms, for one more
 * look, until one has lasted that long.
 */
public final class Waiter
{
    /** What a thread waits for. */
    public enum For
    {
        /** Messages, without counting as blocked in a receive: a join that takes messages into the inbox. */
        ANYTHING,
        /** Messages. */
        MESSAGES,
        /** Room in the other direction; messages wake it as well. */
        ROOM
    }

    private static final long UNSURE_NANOS = 1_000_000;
    private static final int YIELDS = 20;
    private static final int LOOKS_PER_CLOCK = 4;

    private Waiter()
    {
    }

    /**
     * As {@link #await(List, BooleanSupplier, long, For)} for {@link For#ANYTHING}.
     *
     * @param channels      whose messages may change what done says; at least one.
     * @param done          called by this thread alone, holding no lock; it may drain.
     * @param deadlineNanos of {@link System#nanoTime}, {@link Long#MAX_VALUE} for none.
     * @return true when done said so, false when the deadline has passed.
     * @throws InterruptedException when the thread is interrupted while it has to wait.
     */
    public static boolean await(List<MessageChannel> channels, BooleanSupplier done, long deadlineNanos)
        throws InterruptedException
    {
        return await(channels, done, deadlineNanos, For.ANYTHING);
    }

    /**
     * Blocks until done says true, the deadline passes or the thread is interrupted. A call that need not wait ignores
     * the interrupt flag and leaves it set. Safe from any thread.
     *
     * @param channels      whose messages, room or local changes may change what done says; at least one.
     * @param done          called by this thread alone, holding no lock; it may drain, receive and send.
     * @param deadlineNanos of {@link System#nanoTime}, {@link Long#MAX_VALUE} for none.
     * @param what          is waited for.
     * @return true when done said so, false when the deadline has passed.
     * @throws InterruptedException when the thread is interrupted while it has to wait.
     */
    public static boolean await(List<MessageChannel> channels, BooleanSupplier done, long deadlineNanos, For what)
        throws InterruptedException
    {
        return done.getAsBoolean() || awaitSlowly(channels, done, deadlineNanos, what, patience(channels));
    }

    /* The same after a first look. Without spinning it does not yield either. */
    static boolean awaitSlowly(
        List<MessageChannel> channels, BooleanSupplier done, long deadlineNanos, For what, long spinNanos)
        throws InterruptedException
    {
        if (isPast(deadlineNanos))
        {
            return false;
        }
        if (Thread.interrupted())
        {
            throw new InterruptedException();
        }
        return spin(done, spinNanos, deadlineNanos) || spinNanos > 0 && yieldUntil(done) ||
            block(channels, done, deadlineNanos, what);
    }

    private static long patience(List<MessageChannel> channels)
    {
        long spinNanos = Long.MAX_VALUE;
        for (final MessageChannel channel : channels)
        {
            spinNanos = Math.min(spinNanos, channel.patience().spinNanos());
        }
        return spinNanos == Long.MAX_VALUE ? 0 : spinNanos;
    }

    private static boolean isPast(long deadlineNanos)
    {
        return left(deadlineNanos) <= 0;
    }

    /* Nanoseconds until the deadline. */
    static long left(long deadlineNanos)
    {
        return deadlineNanos == Long.MAX_VALUE ? Long.MAX_VALUE : deadlineNanos - System.nanoTime();
    }

    private static boolean spin(BooleanSupplier done, long spinNanos, long deadlineNanos)
    {
        final long start = System.nanoTime();
        while (System.nanoTime() - start < spinNanos && !isPast(deadlineNanos))
        {
            for (int i = 0; i < LOOKS_PER_CLOCK; i++)
            {
                if (done.getAsBoolean())
                {
                    return true;
                }
                Thread.onSpinWait();
            }
        }
        return false;
    }

    private static boolean yieldUntil(BooleanSupplier done)
    {
        for (int i = 0; i < YIELDS; i++)
        {
            Thread.yield();
            if (done.getAsBoolean())
            {
                return true;
            }
        }
        return false;
    }

    private static boolean block(
        List<MessageChannel> channels, BooleanSupplier done, long deadlineNanos, For what) throws InterruptedException
    {
        final MessageChannel first = channels.get(0);
        final Parker parker = first.parkers().lease();
        try
        {
            enter(channels, parker, what);
            return sleepUntil(channels, done, deadlineNanos, what, parker);
        }
        finally
        {
            leave(channels, parker, what);
            first.parkers().giveBack(parker, first);
        }
    }

    private static boolean sleepUntil(
        List<MessageChannel> channels, BooleanSupplier done, long deadlineNanos, For what, Parker parker)
        throws InterruptedException
    {
        while (true)
        {
            parker.listen(channels);
            final boolean unsure = announce(channels, what);
            if (done.getAsBoolean())
            {
                return true;
            }
            if (Thread.interrupted())
            {
                throw new InterruptedException();
            }
            if (isPast(deadlineNanos))
            {
                return false;
            }
            if (unsure)
            {
                sleepShortly(channels, deadlineNanos, parker);
            }
            else
            {
                parker.sleep(deadlineNanos);
            }
            // Before the flags are set again: they would make the other end ring for a thread that is awake.
            if (done.getAsBoolean())
            {
                return true;
            }
        }
    }

    /* One that was cut short proves nothing: the next one is as short. */
    private static void sleepShortly(List<MessageChannel> channels, long deadlineNanos, Parker parker)
    {
        final long end = System.nanoTime() + UNSURE_NANOS;
        parker.sleep(Math.min(deadlineNanos, end));
        if (isPast(end))
        {
            channels.forEach(MessageChannel::setSure);
        }
    }

    /*
     * From now on the other ends ring for us. The caller looks once more before it sleeps. True: it must not sleep for
     * long, as the last commit may have come without a fence.
     */
    static boolean announce(List<MessageChannel> channels, For what)
    {
        boolean unsure = false;
        for (final MessageChannel channel : channels)
        {
            unsure |= channel.setWaitingFlags(what);
        }
        // Pairs with the full fence between commit and look at the flag in MessageChannel.
        VarHandle.fullFence();
        return unsure;
    }

    private static void enter(List<MessageChannel> channels, Parker parker, For what)
    {
        for (final MessageChannel channel : channels)
        {
            channel.parkers().enter(parker);
            channel.tellBlocked(what, 1);
        }
    }

    private static void leave(List<MessageChannel> channels, Parker parker, For what)
    {
        for (final MessageChannel channel : channels)
        {
            channel.parkers().leave(parker);
            channel.clearWaitingFlags();
            channel.tellBlocked(what, -1);
        }
    }
}
