package parallel.transport;

import java.util.List;

import org.agrona.concurrent.UnsafeBuffer;

/**
 * Receives the messages of one direction: gives each to one of those who ask, counts them, and knows when there are no
 * more.
 * <p>
 * Its lock, the receive lock, guards all its fields, what {@link Inbound} has, and each store to the head of the ring,
 * to the waiting flags of this end and to the counts of what was received. Taken after the send lock where both are. A
 * thread that spins holds it, one that blocks does not: that one has set the flags here, then a full fence, and looks
 * again ({@link Waiter}).
 */
final class Receiver
{
    /** Who has spun holding the lock goes on by yielding. */
    private static final long SPUN = 1;

    private final BackoffLock lock = new BackoffLock();
    private final List<MessageChannel> self;
    private final WakeFlags flags;
    private final SpinPolicy patience;
    private final Inbound inbound;
    private final UnsafeBuffer header;
    private final int endPosition;
    private final int counts;

    private long messages;
    private long bytes;
    /** Written under both locks of the channel; volatile for isRetired. */
    private volatile boolean retired;

    Receiver(MessageChannel channel, int direction, WakeFlags flags, Inbox inbox)
    {
        PairFile pair = channel.pair();
        this.self = channel.self();
        this.flags = flags;
        this.patience = flags.patience();
        this.inbound = new Inbound(channel, new RingReader(pair.ring(direction)), flags, inbox);
        this.header = pair.header();
        this.endPosition = PairLayout.endPositionOffset(direction);
        this.counts = PairLayout.receivedOffset(direction);
    }

    // As MessageChannel.tryReceive.
    Assembly tryReceive(Reader reader)
    {
        lock.lock();
        try
        {
            Assembly message = inbound.take(reader, null);
            if (message == null && !inbound.isQuiet())
            {
                PendingReceive ticket = new PendingReceive();
                message = inbound.take(reader, ticket);
                inbound.abandon(ticket);
            }
            return counted(message);
        }
        finally
        {
            lock.unlock();
        }
    }

    // As MessageChannel.receive.
    Assembly receive(Reader reader, long deadlineNanos) throws InterruptedException
    {
        long spinNanos;
        lock.lock();
        try
        {
            Assembly message = inbound.take(reader, null);
            spinNanos = message == null ? Math.min(patience.spinNanos(), Waiter.left(deadlineNanos)) : 0;
            // Holding the lock: a record that comes finds us without taking it again.
            if (spinNanos > 0 && inbound.spinUntilRecord(lock, spinNanos))
            {
                message = inbound.take(reader, null);
            }
            if (message != null)
            {
                return counted(message);
            }
        }
        finally
        {
            lock.unlock();
        }
        return Receiving.await(this, reader, deadlineNanos, Math.min(spinNanos, SPUN));
    }

    // As MessageChannel.drain. Not tryLock: a holder may leave with the ring still full, and the thread that drains is
    // about to sleep.
    void drain()
    {
        lock.lock();
        try
        {
            inbound.drain(1);
        }
        finally
        {
            lock.unlock();
        }
    }

    // As MessageChannel.tryReceivePart.
    boolean tryReceivePart(Reader reader)
    {
        lock.lock();
        try
        {
            return inbound.isEmpty() && !inbound.isWholeNext() ? inbound.takeRecord(reader) :
                counted(inbound.take(reader, null)) != null;
        }
        finally
        {
            lock.unlock();
        }
    }

    // As MessageChannel.drainAll.
    void drainAll()
    {
        lock.lock();
        try
        {
            inbound.drain(Integer.MAX_VALUE);
        }
        finally
        {
            lock.unlock();
        }
    }

    // As MessageChannel.isEnded.
    boolean isEnded()
    {
        lock.lock();
        try
        {
            return isAtEnd();
        }
        finally
        {
            lock.unlock();
        }
    }

    // The list of this channel alone.
    List<MessageChannel> self()
    {
        return self;
    }

    // ---- for groups and receives that wait, under the receive lock

    BackoffLock receiveLock()
    {
        return lock;
    }

    Inbound inbound()
    {
        return inbound;
    }

    boolean isAtEnd()
    {
        if (!inbound.isEmpty())
        {
            return false;
        }
        if (retired)
        {
            return inbound.isQuiet() && inbound.isEmpty();
        }
        // Pairs with the release in Sender.endIfWanted.
        long end = header.getLongAcquire(endPosition);
        return end != 0 && inbound.isQuiet() && inbound.position() >= end - 1;
    }

    Assembly counted(Assembly message)
    {
        if (message != null && message != MessageChannel.REFUSED)
        {
            count();
        }
        return message;
    }

    void takeShown()
    {
        inbound.remove();
        count();
    }

    // Also those that were left in the ring when the other end ended.
    long messages()
    {
        lock.lock();
        try
        {
            return messages;
        }
        finally
        {
            lock.unlock();
        }
    }

    // How far it has read.
    long position()
    {
        lock.lock();
        try
        {
            return inbound.position();
        }
        finally
        {
            lock.unlock();
        }
    }

    private void count()
    {
        messages++;
        bytes += inbound.lastLength();
        if (!retired)
        {
            header.putLong(counts, messages);
            header.putLong(counts + 8, bytes);
            header.putLong(counts + 16, inbound.lastLength());
        }
    }

    // ---- for those who block, see Waiter

    // Says that a thread is about to block. True: it must look once more a little later.
    boolean setWaitingFlags(Waiter.For what)
    {
        lock.lock();
        try
        {
            return !retired && flags.set(what);
        }
        finally
        {
            lock.unlock();
        }
    }

    // A thread has slept as long as a commit takes to become visible.
    void setSure()
    {
        lock.lock();
        try
        {
            flags.setSure();
        }
        finally
        {
            lock.unlock();
        }
    }

    void clearWaitingFlags()
    {
        lock.lock();
        try
        {
            if (!retired)
            {
                flags.clear();
            }
        }
        finally
        {
            lock.unlock();
        }
    }

    // ---- the end

    // Under both locks: the writer is gone. What it left is still received.
    void retire()
    {
        retired = true;
        inbound.writerIsGone();
    }

    // From any thread.
    boolean isRetired()
    {
        return retired;
    }
}
