package parallel.transport;

import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * The one class that waits: it spins 5 us, spins and yields for as long as {@link SpinPolicy} says, then blocks in a
 * selector on the bells of the channels.
 * <p>
 * No wake-up is lost: the waiting flags are set, then a full fence, then the last look, then the block; the other end
 * commits, then a full fence, then reads the flag, clears it and rings. A change within this process (a retired
 * channel, a finished future) must be followed by {@link MessageChannel#wakeLocal}.
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
        /** A message of each of some. */
        RECEIVE,
        /** A message of any of some. */
        SELECT,
        /** Room in the other direction; messages wake it as well. */
        ROOM,
        /** The end of some. */
        JOIN,
        /** What comes of an evaluation. */
        REPLY,
        /** That some yield. */
        STEP,
        /** That the parent steps. */
        YIELD,
        /** A lock in shared memory. */
        LOCK,
        /** A barrier in shared memory. */
        BARRIER,
        /** A latch in shared memory. */
        LATCH,
        /** What comes of a task of a pool, or room for one. */
        TASK,
        /** Nothing that anyone is told of. */
        ANYTHING;

        /**
         * Does one of those that it waits for suffice?
         *
         * @return false: it needs all of them.
         */
        public boolean isAny()
        {
            return this == SELECT || this == TASK;
        }

        boolean isForMessages()
        {
            return this == RECEIVE || this == SELECT;
        }
    }

    /** What ends a wait. */
    @FunctionalInterface
    public interface Condition extends BooleanSupplier
    {
        /**
         * Is something still to come from one of the channels? Called by the thread that waits, holding no lock.
         *
         * @param channel of the wait.
         * @return false: what is to come from there has.
         */
        default boolean needs(MessageChannel channel)
        {
            return true;
        }
    }

    private static final long UNSURE_NANOS = 1_000_000;
    /** What the collector gives back of an inbox that nobody has any more wakes nobody. */
    private static final long STARVED_NANOS = 100_000_000;
    private static final int LOOKS_PER_YIELD = 16;
    private static final int LOOKS_PER_CLOCK = 4;

    private static volatile WaitObserver observer = (what, on, deadlineNanos, rouser) -> null;

    private Waiter()
    {
    }

    /**
     * Who hears of each wait of this process that blocks.
     *
     * @param ours called from now on.
     */
    public static void observer(WaitObserver ours)
    {
        observer = ours;
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
    public static boolean await(List<MessageChannel> channels, Condition done, long deadlineNanos, For what)
        throws InterruptedException
    {
        return done.getAsBoolean() || awaitSlowly(channels, done, deadlineNanos, what, patience(channels));
    }

    // The same after a first look.
    static boolean awaitSlowly(
        List<MessageChannel> channels, Condition done, long deadlineNanos, For what, long spinNanos)
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
        long start = System.nanoTime();
        try
        {
            return spin(done, spinNanos, deadlineNanos) ||
                spinNanos > 0 && yieldUntil(channels, done, deadlineNanos) ||
                block(channels, done, deadlineNanos, what);
        }
        finally
        {
            long nanos = System.nanoTime() - start;
            for (MessageChannel channel : channels)
            {
                channel.patience().waited(nanos);
            }
        }
    }

    private static long patience(List<MessageChannel> channels)
    {
        long spinNanos = Long.MAX_VALUE;
        for (MessageChannel channel : channels)
        {
            spinNanos = Math.min(spinNanos, channel.patience().spinNanos());
        }
        return spinNanos == Long.MAX_VALUE ? 0 : spinNanos;
    }

    private static boolean isPast(long deadlineNanos)
    {
        return left(deadlineNanos) <= 0;
    }

    // Nanoseconds until the deadline.
    static long left(long deadlineNanos)
    {
        return deadlineNanos == Long.MAX_VALUE ? Long.MAX_VALUE : deadlineNanos - System.nanoTime();
    }

    private static boolean spin(Condition done, long spinNanos, long deadlineNanos)
    {
        long start = System.nanoTime();
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

    private static boolean yieldUntil(List<MessageChannel> channels, Condition done, long deadlineNanos)
    {
        SpinPolicy policy = channels.get(0).patience();
        long nanos = Long.MAX_VALUE;
        for (MessageChannel channel : channels)
        {
            nanos = Math.min(nanos, channel.patience().patienceNanos());
        }
        long start = System.nanoTime();
        long now = start;
        while (now - start < nanos && !isPast(deadlineNanos))
        {
            boolean yields = policy.yields(now);
            if (yields)
            {
                Thread.yield();
                policy.yielded(now, System.nanoTime());
            }
            if (yields ? done.getAsBoolean() : spinShortly(done))
            {
                return true;
            }
            now = System.nanoTime();
        }
        return false;
    }

    private static boolean spinShortly(Condition done)
    {
        for (int i = 0; i < LOOKS_PER_YIELD; i++)
        {
            if (done.getAsBoolean())
            {
                return true;
            }
            Thread.onSpinWait();
        }
        return false;
    }

    private static boolean block(
        List<MessageChannel> channels, Condition done, long deadlineNanos, For what) throws InterruptedException
    {
        MessageChannel first = channels.get(0);
        Parker parker = first.parkers().lease(channels);
        WaitObserver.Note note =
            what == For.ANYTHING ? null : observer.begin(what, needed(channels, done), deadlineNanos, parker::wake);
        try
        {
            enter(channels, parker, what);
            return sleepUntil(channels, done, deadlineNanos, what, parker, note);
        }
        finally
        {
            if (note != null)
            {
                note.end();
            }
            leave(channels, parker, what);
            first.parkers().giveBack(parker);
        }
    }

    private static boolean sleepUntil(
        List<MessageChannel> channels, Condition done, long deadlineNanos, For what, Parker parker,
        WaitObserver.Note note) throws InterruptedException
    {
        while (true)
        {
            parker.listen();
            boolean unsure = announce(channels, what);
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
                long until = Math.min(deadlineNanos, note == null ? Long.MAX_VALUE : note.lookAtNanos());
                boolean starved = isStarved(channels);
                parker.sleep(starved ? Math.min(until, System.nanoTime() + STARVED_NANOS) : until);
            }
            boolean looks = note != null && note.isToLook();
            long atNanos = looks ? System.nanoTime() : 0;
            // Before the flags are set again: they would make the other end ring for a thread that is awake.
            if (done.getAsBoolean())
            {
                return true;
            }
            if (looks)
            {
                note.look(atNanos, needed(channels, done), progress(channels));
            }
        }
    }

    private static List<MessageChannel> needed(List<MessageChannel> channels, Condition done)
    {
        return channels.size() == 1 ? channels : channels.stream().filter(done::needs).toList();
    }

    private static long progress(List<MessageChannel> channels)
    {
        return channels.stream().mapToLong(MessageChannel::progress).sum();
    }

    private static boolean isStarved(List<MessageChannel> channels)
    {
        for (MessageChannel channel : channels)
        {
            if (channel.receiver().inbound().isStarved())
            {
                return true;
            }
        }
        return false;
    }

    // One that was cut short proves nothing: the next one is as short.
    private static void sleepShortly(List<MessageChannel> channels, long deadlineNanos, Parker parker)
    {
        long end = System.nanoTime() + UNSURE_NANOS;
        parker.sleep(Math.min(deadlineNanos, end));
        if (isPast(end))
        {
            channels.forEach(channel -> channel.receiver().setSure());
        }
    }

    // From now on the other ends ring for us. The caller looks once more before it sleeps. True: it must not sleep for
    // long, as the last commit may have come without a fence.
    static boolean announce(List<MessageChannel> channels, For what)
    {
        boolean unsure = false;
        for (MessageChannel channel : channels)
        {
            unsure |= channel.receiver().setWaitingFlags(what);
        }
        // Pairs with the full fence between commit and look at the flag in WakeFlags.
        VarHandle.fullFence();
        return unsure;
    }

    private static void enter(List<MessageChannel> channels, Parker parker, For what)
    {
        for (MessageChannel channel : channels)
        {
            channel.parkers().enter(parker);
            channel.tellBlocked(what, 1);
        }
    }

    private static void leave(List<MessageChannel> channels, Parker parker, For what)
    {
        for (MessageChannel channel : channels)
        {
            channel.parkers().leave(parker);
            channel.receiver().clearWaitingFlags();
            channel.tellBlocked(what, -1);
        }
    }
}
