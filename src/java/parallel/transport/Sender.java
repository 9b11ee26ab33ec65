package parallel.transport;

import org.agrona.concurrent.UnsafeBuffer;

import parallel.transport.MessageChannel.Sent;

/**
 * Writes the messages of one direction to its ring, whole or in parts, one at a time; then the end of the direction.
 * Never waits: no room, or another message's turn, is an answer.
 * <p>
 * Its lock, the send lock, guards all its fields, and each store to the ring, the end position and the counts of what
 * was sent. After a commit, and still under the lock, it fences and reads the flag of the receiver ({@link WakeFlags}).
 */
final class Sender
{
    /** The copies under one hold of the lock, so that others get their turn. */
    private static final int FRAGMENTS_PER_HOLD = 8;

    private final BackoffLock lock = new BackoffLock();
    private final MessageChannel channel;
    private final WakeFlags flags;
    private final RingWriter writer;
    private final UnsafeBuffer header;
    private final int endPosition;
    private final int counts;
    private final int maxWhole;
    private final long maxAtOnce;

    /** The message that has begun and is not through; null: none. */
    private Outgoing current;
    private boolean endWanted;
    private boolean ended;
    private boolean retired;
    private long messages;
    private long bytes;

    Sender(MessageChannel channel, int direction, WakeFlags flags)
    {
        PairFile pair = channel.pair();
        this.channel = channel;
        this.flags = flags;
        this.writer = new RingWriter(pair.ring(direction), channel);
        this.header = pair.header();
        this.endPosition = PairLayout.endPositionOffset(direction);
        this.counts = PairLayout.sentOffset(direction);
        this.maxWhole = writer.maxWhole();
        this.maxAtOnce = writer.maxAtOnce();
    }

    int maxWhole()
    {
        return maxWhole;
    }

    long maxAtOnce()
    {
        return maxAtOnce;
    }

    // Sends a message that is one record. NO_ROOM: not now, or it is longer than that.
    Sent sendWhole(Payload payload)
    {
        long length = payload.length();
        return length <= maxWhole ? sendWhole(payload, (int)length) : Sent.NO_ROOM;
    }

    private Sent sendWhole(Payload payload, int length)
    {
        boolean wake;
        lock.lock();
        try
        {
            if (isEnded())
            {
                return Sent.ENDED;
            }
            if (current != null || !writer.writeWhole(payload, length))
            {
                return Sent.NO_ROOM;
            }
            count(length);
            wake = flags.receiverWaits();
        }
        finally
        {
            lock.unlock();
        }
        if (wake)
        {
            flags.ringForReceiver();
        }
        return Sent.SENT;
    }

    // As MessageChannel.sendBriefly.
    Sent sendBriefly(long head, int headBytes, Object memory, long address, int rest)
    {
        boolean wake;
        lock.lock();
        try
        {
            if (isEnded())
            {
                return Sent.ENDED;
            }
            if (current != null || !writer.writeBrief(head, headBytes, memory, address, rest))
            {
                return Sent.NO_ROOM;
            }
            count(headBytes + rest);
            wake = flags.receiverWaits();
        }
        finally
        {
            lock.unlock();
        }
        if (wake)
        {
            flags.ringForReceiver();
        }
        return Sent.SENT;
    }

    // As MessageChannel.trySend.
    Sent trySend(Payload payload)
    {
        long length = payload.length();
        return length <= maxWhole ? sendWhole(payload, (int)length) : tryFragments(new Outgoing(payload));
    }

    private Sent tryFragments(Outgoing message)
    {
        lock.lock();
        try
        {
            if (isEnded())
            {
                return Sent.ENDED;
            }
            if (current != null || !writer.hasRoom(message.length))
            {
                return Sent.NO_ROOM;
            }
            return writeFragments(message, Integer.MAX_VALUE) ? Sent.SENT : Sent.NO_ROOM;
        }
        finally
        {
            lock.unlock();
        }
    }

    // Moves the message on as far as there is room. True: there is nothing more to do.
    boolean offer(Outgoing message)
    {
        long before;
        do
        {
            before = message.offset;
            if (offerOnce(message))
            {
                return true;
            }
        }
        while (message.offset != before);
        return false;
    }

    private boolean offerOnce(Outgoing message)
    {
        lock.lock();
        try
        {
            if (message.result != null || current != message && isEnded() || retired)
            {
                message.result = message.result == null ? Sent.ENDED : message.result;
                return true;
            }
            if (current != null && current != message)
            {
                return false;
            }
            current = message;
            if (!write(message))
            {
                return false;
            }
            message.result = Sent.SENT;
            release();
            return true;
        }
        finally
        {
            lock.unlock();
        }
    }

    // Puts the place of a message that goes aside into the ring. True: there is nothing more to do.
    boolean offerAside(Outgoing message, long number)
    {
        lock.lock();
        try
        {
            if (isEnded())
            {
                message.result = Sent.ENDED;
                return true;
            }
            if (current != null || !writer.writeAside(number))
            {
                return false;
            }
            message.result = Sent.SENT;
            count(message.length);
            flags.wakeReceiver();
            return true;
        }
        finally
        {
            lock.unlock();
        }
    }

    // As MessageChannel.sendPartly.
    Sent sendPartly(Outgoing message)
    {
        return offer(message) ? message.result : message.offset == message.available ? Sent.SENT : Sent.NO_ROOM;
    }

    // The sender gives up, or is through: what has arrived of its message is discarded by the next one.
    void withdraw(Outgoing message)
    {
        lock.lock();
        try
        {
            if (current == message)
            {
                release();
            }
        }
        finally
        {
            lock.unlock();
        }
    }

    private void release()
    {
        current = null;
        endIfWanted();
        channel.wakeLocal();
    }

    private boolean write(Outgoing message)
    {
        if (message.length > maxWhole)
        {
            return writeFragments(message, FRAGMENTS_PER_HOLD);
        }
        if (!writer.writeWhole(message.payload, (int)message.length))
        {
            return false;
        }
        count(message.length);
        flags.wakeReceiver();
        return true;
    }

    private boolean writeFragments(Outgoing message, int atMost)
    {
        for (int n = 0; n < atMost && writer.writeFragment(message); n++)
        {
            boolean whole = message.offset == message.length;
            if (whole)
            {
                count(message.length);
            }
            flags.wakeReceiver();
            if (whole)
            {
                return true;
            }
        }
        return false;
    }

    private void count(long length)
    {
        header.putLong(counts, ++messages);
        header.putLong(counts + 8, bytes += length);
        header.putLong(counts + 16, length);
    }

    // ---- the end

    // As MessageChannel.sendEnd.
    void end()
    {
        lock.lock();
        try
        {
            endWanted = true;
            endIfWanted();
        }
        finally
        {
            lock.unlock();
        }
        channel.wakeLocal();
    }

    private boolean isEnded()
    {
        return ended || endWanted || retired;
    }

    private void endIfWanted()
    {
        if (endWanted && !ended && current == null && !retired)
        {
            ended = true;
            // Pairs with the acquire in Receiver.isAtEnd.
            header.putLongRelease(endPosition, writer.position() + 1);
            flags.wakeReceiver();
        }
    }

    // How far it has written.
    long position()
    {
        lock.lock();
        try
        {
            return retired ? 0 : writer.position();
        }
        finally
        {
            lock.unlock();
        }
    }

    BackoffLock sendLock()
    {
        return lock;
    }

    // Under the send lock: from now on nothing is written.
    void retire()
    {
        retired = true;
    }
}
