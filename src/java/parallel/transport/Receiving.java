package parallel.transport;

import java.util.function.BooleanSupplier;

/**
 * A receive that waits, or whose message arrives in parts. Each thread uses one again and again, so that waiting for a
 * small message makes no object.
 */
final class Receiving extends Ticket implements BooleanSupplier
{
    /** For the next part of a message that is arriving: its sender copies it just now. */
    private static final long PART_NANOS = 2_000;
    /** How long parts are taken before the caller looks at the clock and its interrupt flag. */
    private static final long TURN_NANOS = 1_000_000;
    private static final ThreadLocal<Receiving> LOCAL = ThreadLocal.withInitial(Receiving::new);

    private MessageChannel channel;
    private Reader reader;
    private Assembly message;

    private Receiving()
    {
    }

    /* As MessageChannel.receive, after a first look. */
    static Assembly await(MessageChannel channel, Reader reader, long deadlineNanos, long spinNanos) throws InterruptedException
    {
        final Receiving receiving = local();
        receiving.channel = channel;
        receiving.reader = reader;
        final Assembly message = receiving.await(deadlineNanos, spinNanos);
        receiving.reset();
        return message;
    }

    /* One that ended with an error is not used again: the channel may still know it. */
    private static Receiving local()
    {
        final Receiving last = LOCAL.get();
        if (last.channel == null)
        {
            return last;
        }
        final Receiving fresh = new Receiving();
        LOCAL.set(fresh);
        return fresh;
    }

    private Assembly await(long deadlineNanos, long spinNanos) throws InterruptedException
    {
        try
        {
            if (!getAsBoolean())
            {
                Waiter.awaitSlowly(channel.self(), this, deadlineNanos, Waiter.For.MESSAGES, spinNanos);
            }
        }
        catch (final InterruptedException e)
        {
            message = giveUp();
            if (message == null)
            {
                throw e;
            }
            Thread.currentThread().interrupt();
        }
        return message == null ? giveUp() : message;
    }

    /* Takes what there is. True: the message is whole, or none will come. */
    @Override
    public boolean getAsBoolean()
    {
        channel.receiveLock().lock();
        try
        {
            message = channel.counted(takeParts());
            return message != null || channel.isAtEnd();
        }
        finally
        {
            channel.receiveLock().unlock();
        }
    }

    /* Follows a sender that is in the middle of our message: to yield between two parts costs more than the part. */
    private Assembly takeParts()
    {
        final Inbound inbound = channel.inbound();
        Assembly taken = inbound.take(reader, this);
        if (taken == null && inbound.isArriving(this))
        {
            final BackoffLock held = channel.receiveLock();
            final long start = System.nanoTime();
            while (taken == null && inbound.spinUntilRecord(held, PART_NANOS) && !held.contended() &&
                System.nanoTime() - start < TURN_NANOS)
            {
                taken = inbound.take(reader, this);
            }
        }
        return taken;
    }

    /* Another thread may have completed our message since our last look: then it is ours. */
    private Assembly giveUp()
    {
        channel.receiveLock().lock();
        try
        {
            if (Inbound.isDone(this))
            {
                return channel.counted(channel.inbound().redeem(this));
            }
            channel.inbound().abandon(this);
            return null;
        }
        finally
        {
            channel.receiveLock().unlock();
        }
    }

    private void reset()
    {
        arrived = null;
        failure = null;
        length = 0;
        channel = null;
        reader = null;
        message = null;
    }
}
