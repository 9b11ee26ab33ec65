package parallel.transport;

/**
 * A receive that waits, or whose message arrives in parts. Each thread uses one again and again, so that waiting for a
 * small message makes no object.
 */
final class Receiving extends PendingReceive implements Waiter.Condition
{
    /** For the next part of a message that is arriving: its sender copies it just now. */
    private static final long PART_NANOS = 2_000;
    /** How long parts are taken before the caller looks at the clock and its interrupt flag. */
    private static final long TURN_NANOS = 1_000_000;
    private static final ThreadLocal<Receiving> LOCAL = ThreadLocal.withInitial(Receiving::new);

    private Receiver receiver;
    private Reader reader;
    private Assembly message;

    private Receiving()
    {
    }

    // As MessageChannel.receive, after a first look.
    static Assembly await(
        Receiver receiver, Reader reader, long deadlineNanos, long spinNanos) throws InterruptedException
    {
        Receiving receiving = local();
        receiving.receiver = receiver;
        receiving.reader = reader;
        Assembly message = receiving.await(deadlineNanos, spinNanos);
        receiving.reset();
        return message;
    }

    // One that ended with an error is not used again: the channel may still know it.
    private static Receiving local()
    {
        Receiving last = LOCAL.get();
        if (last.receiver == null)
        {
            return last;
        }
        Receiving fresh = new Receiving();
        LOCAL.set(fresh);
        return fresh;
    }

    private Assembly await(long deadlineNanos, long spinNanos) throws InterruptedException
    {
        try
        {
            if (!getAsBoolean())
            {
                Waiter.awaitSlowly(receiver.self(), this, deadlineNanos, Waiter.For.RECEIVE, spinNanos);
            }
        }
        catch (InterruptedException e)
        {
            message = giveUp();
            if (message == null)
            {
                throw e;
            }
            Thread.currentThread().interrupt();
        }
        catch (RuntimeException e)      // the observer's
        {
            message = giveUp();
            if (message == null)
            {
                throw e;
            }
        }
        return message == null ? giveUp() : message;
    }

    // Takes what there is. True: the message is whole, or none will come.
    @Override
    public boolean getAsBoolean()
    {
        receiver.receiveLock().lock();
        try
        {
            message = receiver.counted(takeParts());
            return message != null || receiver.isAtEnd();
        }
        finally
        {
            receiver.receiveLock().unlock();
        }
    }

    // Follows a sender that is in the middle of our message: to yield between two parts costs more than the part.
    private Assembly takeParts()
    {
        Inbound inbound = receiver.inbound();
        Assembly taken = inbound.take(reader, this);
        if (taken == null && inbound.isArriving(this))
        {
            BackoffLock held = receiver.receiveLock();
            long start = System.nanoTime();
            while (taken == null && inbound.spinUntilRecord(held, PART_NANOS) && !held.contended() &&
                System.nanoTime() - start < TURN_NANOS)
            {
                taken = inbound.take(reader, this);
            }
        }
        return taken;
    }

    // Another thread may have completed our message since our last look: then it is ours.
    private Assembly giveUp()
    {
        receiver.receiveLock().lock();
        try
        {
            if (Inbound.isDone(this))
            {
                return receiver.counted(receiver.inbound().redeem(this));
            }
            receiver.inbound().abandon(this);
            return null;
        }
        finally
        {
            receiver.receiveLock().unlock();
        }
    }

    private void reset()
    {
        arrived = null;
        failure = null;
        length = 0;
        receiver = null;
        reader = null;
        message = null;
    }
}
