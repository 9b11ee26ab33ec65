package parallel.transport;

import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.function.Consumer;

import org.agrona.concurrent.UnsafeBuffer;

/**
 * One end of a pair file: messages out, messages in, each direction in order, each message whole and once.
 * <p>
 * Safe from any thread. Each direction has its lock; every access to the mapped memory happens under one of the two,
 * and after {@link #retire} none happens, which is what makes unmapping safe. A thread that blocks holds no lock.
 */
public final class MessageChannel
{
    static
    {
        Agrona.open();
    }

    /** The answer of a receive whose reader refused the next message: it stays next. */
    public static final Assembly REFUSED = (source, index, length) ->
    {
        throw new UnsupportedOperationException();
    };

    /** The longest message of {@link #sendBriefly}. */
    public static final int MAX_BRIEF_BYTES = RingWriter.SMALL;

    /** What became of a send. */
    public enum Sent
    {
        /** The message is in the ring. */
        SENT,
        /** There was no room in time: nothing of the message arrives. */
        NO_ROOM,
        /** This direction was ended, or the channel is retired. */
        ENDED
    }

    /** The copies under one hold of a lock, so that others get their turn. */
    private static final int FRAGMENTS_PER_HOLD = 8;
    /** Who has spun holding the lock goes on by yielding. */
    private static final long SPUN = 1;

    private final PairFile pair;
    private final Bell bell;
    private final List<MessageChannel> self = List.of(this);
    private final Parkers parkers = new Parkers();
    private final Patience patience = new Patience();
    private final UnsafeBuffer header;
    private final int outDirection;
    private final int inDirection;
    private final int maxWhole;
    private final long maxAtOnce;
    private final long order;

    /** Guards writer, sender, endWanted, outEnded and the counts of sent messages. */
    private final BackoffLock sendLock = new BackoffLock();
    private final RingWriter writer;
    private Outgoing sender;
    private boolean endWanted;
    private boolean outEnded;
    private long messagesSent;
    private long bytesSent;

    /** Guards inbound and the counts of received messages. Taken after sendLock where both are. */
    private final BackoffLock receiveLock = new BackoffLock();
    private final Inbound inbound;
    private long messagesReceived;
    private long bytesReceived;
    /** The other end may have left out a fence, and nobody has slept long enough since. */
    private boolean streamed;

    /** Written under both locks, so that either is enough to read it; volatile for isRetired. */
    private volatile boolean retired;
    private volatile Object attachment;
    private volatile String name;
    private volatile BlockedListener blockedListener;
    private volatile Consumer<ChannelCorruptException> corruptListener;

    /**
     * Opens an end. The pair stays mapped until it is retired.
     *
     * @param pair        the file.
     * @param side        which end this is.
     * @param bell        to wake the other end with.
     * @param inboxBytes  how much a waiting call takes into the inbox; one larger message is always admitted.
     * @param inboxReader for messages that go to the inbox: its assemblies own their bytes.
     */
    public MessageChannel(PairFile pair, Side side, Bell bell, long inboxBytes, Reader inboxReader)
    {
        pair.retain();
        this.pair = pair;
        this.bell = bell;
        this.header = pair.header();
        this.outDirection = side == Side.PARENT ? PairLayout.DOWN : PairLayout.UP;
        this.inDirection = side == Side.PARENT ? PairLayout.UP : PairLayout.DOWN;
        this.writer = new RingWriter(pair.ring(outDirection), this);
        this.inbound = new Inbound(this, new RingReader(pair.ring(inDirection)), inboxReader, inboxBytes);
        this.maxWhole = writer.maxWhole();
        this.maxAtOnce = writer.maxAtOnce();
        this.name = "on " + pair.handOn() + " (" + side.name().toLowerCase(java.util.Locale.ROOT) + "'s end)";
        this.order = Groups.nextOrder();
        if (bell instanceof SocketBell socketBell)
        {
            socketBell.attach(this);
        }
    }

    // ---- sending

    /**
     * Sends a message, waiting for room. A send that waits takes what arrives into the inbox. Many threads may send;
     * each one's messages keep their order. Ignores the interrupt flag, and leaves it set, when it need not wait.
     *
     * @param payload       the message.
     * @param deadlineNanos of {@link System#nanoTime}, {@link Long#MAX_VALUE} for none.
     * @return SENT; NO_ROOM at the deadline: nothing of the message arrives; or ENDED.
     * @throws InterruptedException when interrupted while waiting: nothing of the message arrives.
     */
    public Sent send(Payload payload, long deadlineNanos) throws InterruptedException
    {
        final long length = payload.length();
        if (length <= maxWhole)
        {
            final Sent sent = sendWhole(payload, (int)length);
            if (sent != Sent.NO_ROOM)
            {
                return sent;
            }
        }
        return sendSlowly(new Outgoing(payload), deadlineNanos);
    }

    /**
     * Sends a message if there is room for all of it now and no other thread is sending. Never blocks.
     *
     * @param payload the message; one longer than {@link #maxTrySendBytes} never finds room.
     * @return SENT, NO_ROOM or ENDED.
     */
    public Sent trySend(Payload payload)
    {
        final long length = payload.length();
        if (length <= maxWhole)
        {
            return sendWhole(payload, (int)length);
        }
        final Outgoing message = new Outgoing(payload);
        sendLock.lock();
        try
        {
            if (isOutEnded())
            {
                return Sent.ENDED;
            }
            if (sender != null || !writer.hasRoom(length))
            {
                return Sent.NO_ROOM;
            }
            return writeFragments(message, Integer.MAX_VALUE) ? Sent.SENT : Sent.NO_ROOM;
        }
        finally
        {
            sendLock.unlock();
        }
    }

    /**
     * The longest message that {@link #trySend} can ever send.
     *
     * @return bytes.
     */
    public long maxTrySendBytes()
    {
        return maxAtOnce;
    }

    /**
     * Ends this direction: the other side receives what was sent before, then the end. Idempotent, never blocks: when a
     * thread is sending, it takes effect after that message.
     */
    public void sendEnd()
    {
        sendLock.lock();
        try
        {
            endWanted = true;
            endIfWanted();
        }
        finally
        {
            sendLock.unlock();
        }
        wakeLocal();
    }

    /**
     * Sends a short message that lies in memory as it travels, but for its head, if there is room for it now and no other
     * thread is sending. Never blocks.
     *
     * @param head      the first bytes, the first one lowest.
     * @param headBytes how many of them count, 1 to 8.
     * @param memory    an array, or null, of which the rest is copied; the caller has checked that all of it is there.
     * @param address   as {@code Unsafe} has it, of its first byte.
     * @param bytes     of the rest; with the head at most {@link #MAX_BRIEF_BYTES}.
     * @return SENT; ENDED; NO_ROOM: nothing arrives, and {@link #send} may have better luck.
     */
    public Sent sendBriefly(long head, int headBytes, Object memory, long address, int bytes)
    {
        boolean wake;
        sendLock.lock();
        try
        {
            if (isOutEnded())
            {
                return Sent.ENDED;
            }
            if (sender != null || !writer.writeBrief(head, headBytes, memory, address, bytes))
            {
                return Sent.NO_ROOM;
            }
            countSent(headBytes + bytes);
            wake = receiverWaits();
        }
        finally
        {
            sendLock.unlock();
        }
        if (wake)
        {
            ringForReceiver();
        }
        return Sent.SENT;
    }

    private Sent sendWhole(Payload payload, int length)
    {
        boolean wake;
        sendLock.lock();
        try
        {
            if (isOutEnded())
            {
                return Sent.ENDED;
            }
            if (sender != null || !writer.writeWhole(payload, length))
            {
                return Sent.NO_ROOM;
            }
            countSent(length);
            wake = receiverWaits();
        }
        finally
        {
            sendLock.unlock();
        }
        if (wake)
        {
            ringForReceiver();
        }
        return Sent.SENT;
    }

    private Sent sendSlowly(Outgoing message, long deadlineNanos) throws InterruptedException
    {
        try
        {
            Waiter.await(self, () -> offer(message), deadlineNanos, Waiter.For.ROOM);
        }
        finally
        {
            withdraw(message);
        }
        return message.result == null ? Sent.NO_ROOM : message.result;
    }

    /* Moves the message on as far as there is room. True: there is nothing more to do. */
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
        drain();
        return false;
    }

    private boolean offerOnce(Outgoing message)
    {
        sendLock.lock();
        try
        {
            if (message.result != null || sender != message && isOutEnded() || retired)
            {
                message.result = message.result == null ? Sent.ENDED : message.result;
                return true;
            }
            if (sender != null && sender != message)
            {
                return false;
            }
            sender = message;
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
            sendLock.unlock();
        }
    }

    /* The sender gives up, or is through: what has arrived of its message is discarded by the next one. */
    void withdraw(Outgoing message)
    {
        sendLock.lock();
        try
        {
            if (sender == message)
            {
                release();
            }
        }
        finally
        {
            sendLock.unlock();
        }
    }

    private void release()
    {
        sender = null;
        endIfWanted();
        wakeLocal();
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
        countSent(message.length);
        wakeReceiver();
        return true;
    }

    private boolean writeFragments(Outgoing message, int atMost)
    {
        for (int n = 0; n < atMost && writer.writeFragment(message); n++)
        {
            if (message.offset == message.length)
            {
                countSent(message.length);
                wakeReceiver();
                return true;
            }
            wakeReceiver();
        }
        return false;
    }

    private boolean isOutEnded()
    {
        return outEnded || endWanted || retired;
    }

    private void endIfWanted()
    {
        if (endWanted && !outEnded && sender == null && !retired)
        {
            outEnded = true;
            // Pairs with the acquire in isAtEnd.
            header.putLongRelease(PairLayout.endPositionOffset(outDirection), writer.position() + 1);
            wakeReceiver();
        }
    }

    private void countSent(long length)
    {
        final int offset = PairLayout.sentOffset(outDirection);
        header.putLong(offset, ++messagesSent);
        header.putLong(offset + 8, bytesSent += length);
        header.putLong(offset + 16, length);
    }

    private void wakeReceiver()
    {
        if (receiverWaits())
        {
            ringForReceiver();
        }
    }

    private void ringForReceiver()
    {
        patience.bellWasRung();
        bell.ring();
    }

    // ---- receiving

    /**
     * The next message if there is one. Never blocks.
     *
     * @param reader says where it goes.
     * @return its assembly, {@link #REFUSED}, or null: none now.
     * @throws ChannelCorruptException when what is next is no message.
     */
    public Assembly tryReceive(Reader reader)
    {
        receiveLock.lock();
        try
        {
            Assembly message = inbound.take(reader, null);
            if (message == null && !inbound.isQuiet())
            {
                final Ticket ticket = new Ticket();
                message = inbound.take(reader, ticket);
                inbound.abandon(ticket);
            }
            return counted(message);
        }
        finally
        {
            receiveLock.unlock();
        }
    }

    /**
     * The next message, waiting for it. Many threads may receive; each message goes to exactly one. Ignores the interrupt
     * flag, and leaves it set, when it need not wait. A message that has arrived in part when the caller gives up stays
     * with the channel.
     *
     * @param reader        says where it goes.
     * @param deadlineNanos of {@link System#nanoTime}, {@link Long#MAX_VALUE} for none.
     * @return its assembly, {@link #REFUSED}, or null: the deadline has passed, or {@link #isEnded}.
     * @throws InterruptedException    when interrupted while waiting.
     * @throws ChannelCorruptException when what is next is no message.
     */
    public Assembly receive(Reader reader, long deadlineNanos) throws InterruptedException
    {
        final long spinNanos;
        receiveLock.lock();
        try
        {
            Assembly message = inbound.take(reader, null);
            spinNanos = message == null ? Math.min(patience.spinNanos(), Waiter.left(deadlineNanos)) : 0;
            // Holding the lock: a record that comes finds us without taking it again.
            if (spinNanos > 0 && inbound.spinUntilRecord(receiveLock, spinNanos))
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
            receiveLock.unlock();
        }
        return Receiving.await(this, reader, deadlineNanos, Math.min(spinNanos, SPUN));
    }

    /**
     * Is a message, whole, or an error next? Takes what is in the ring into the inbox where that is needed to know. Never
     * blocks.
     *
     * @return true: {@link #tryReceive} has something to say.
     */
    public boolean hasMessage()
    {
        receiveLock.lock();
        try
        {
            return inbound.hasNext();
        }
        finally
        {
            receiveLock.unlock();
        }
    }

    /**
     * Takes what is in the ring into the inbox, within its limit.
     *
     * @return how many messages, whole, are there.
     */
    public int messagesReady()
    {
        receiveLock.lock();
        try
        {
            inbound.drain(1);
            return inbound.ready();
        }
        finally
        {
            receiveLock.unlock();
        }
    }

    /** Takes what is in the ring into the inbox, within its limit. Never blocks. */
    public void drain()
    {
        // Not tryLock: a holder may leave with the ring still full, and the thread that drains is about to sleep.
        receiveLock.lock();
        try
        {
            inbound.drain(1);
        }
        finally
        {
            receiveLock.unlock();
        }
    }

    /**
     * Has the other side ended its direction, or is the channel retired, and was everything received?
     *
     * @return true: no message will come any more.
     */
    public boolean isEnded()
    {
        receiveLock.lock();
        try
        {
            return isAtEnd();
        }
        finally
        {
            receiveLock.unlock();
        }
    }

    boolean isAtEnd()
    {
        if (!inbound.isEmpty())
        {
            return false;
        }
        if (retired)
        {
            return true;
        }
        // Pairs with the release in endIfWanted.
        final long end = header.getLongAcquire(PairLayout.endPositionOffset(inDirection));
        return end != 0 && inbound.isQuiet() && inbound.position() >= end - 1;
    }

    Assembly counted(Assembly message)
    {
        if (message != null && message != REFUSED)
        {
            countReceived();
        }
        return message;
    }

    private void countReceived()
    {
        messagesReceived++;
        bytesReceived += inbound.lastLength();
        if (!retired)
        {
            final int offset = PairLayout.receivedOffset(inDirection);
            header.putLong(offset, messagesReceived);
            header.putLong(offset + 8, bytesReceived);
            header.putLong(offset + 16, inbound.lastLength());
        }
    }

    /* Called by inbound, under the receive lock, when it has given space back. */
    void madeRoom()
    {
        if (takeFlag(PairLayout.senderWaitsOffset(inDirection)))
        {
            bell.ring();
        }
    }

    // ---- for groups and receives that wait, under the receive lock

    BackoffLock receiveLock()
    {
        return receiveLock;
    }

    Inbound inbound()
    {
        return inbound;
    }

    void takeShown()
    {
        inbound.remove();
        countReceived();
    }

    /* The list of this channel alone. */
    List<MessageChannel> self()
    {
        return self;
    }

    /* The order in which a group takes the locks. */
    long order()
    {
        return order;
    }

    // ---- waiting

    /*
     * After a commit. A receiver that is far behind will look at the ring again before it thinks of blocking: then the
     * fence, which costs a stream of small messages a third of its speed, is left out. What that leaves open is closed
     * by the receiver, see Waiter.
     */
    private boolean receiverWaits()
    {
        final int offset = PairLayout.receiverFlagOffset(outDirection);
        return header.getIntVolatile(offset) != PairLayout.STREAMS && takeFlag(offset);
    }

    /* After a commit or a step of the head: fence, then look at the other end's flag. */
    private boolean takeFlag(int offset)
    {
        // Pairs with the full fence between flag and look in Waiter.
        VarHandle.fullFence();
        if (header.getInt(offset) != PairLayout.WAITS)
        {
            return false;
        }
        // Cleared before the bell: who wakes by it sets the flag again.
        header.putIntRelease(offset, PairLayout.AWAKE);
        return true;
    }

    /* Called by inbound, under the receive lock: there is much to read. */
    boolean startStreaming()
    {
        final int offset = PairLayout.receiverFlagOffset(inDirection);
        if (parkers.size() > 0 || header.getInt(offset) != PairLayout.AWAKE)
        {
            return false;
        }
        header.putIntRelease(offset, PairLayout.STREAMS);
        return true;
    }

    /* Called by inbound, under the receive lock: there is nothing more to read. It looks once more after this. */
    void stopStreaming()
    {
        final int offset = PairLayout.receiverFlagOffset(inDirection);
        streamed = true;
        if (header.getInt(offset) == PairLayout.STREAMS)
        {
            header.putIntRelease(offset, PairLayout.AWAKE);
        }
        VarHandle.fullFence();
    }

    /* Says that a thread is about to block. True: it must look once more a little later, see Waiter. */
    boolean setWaitingFlags(Waiter.For what)
    {
        receiveLock.lock();
        try
        {
            if (retired)
            {
                return false;
            }
            final int offset = PairLayout.receiverFlagOffset(inDirection);
            streamed |= header.getInt(offset) == PairLayout.STREAMS;
            header.putIntRelease(offset, PairLayout.WAITS);
            if (what == Waiter.For.ROOM)
            {
                header.putIntRelease(PairLayout.senderWaitsOffset(outDirection), PairLayout.WAITS);
            }
            return streamed;
        }
        finally
        {
            receiveLock.unlock();
        }
    }

    /* A thread has slept as long as a commit takes to become visible. While it did, no new time of streaming began. */
    void setSure()
    {
        receiveLock.lock();
        try
        {
            streamed = false;
        }
        finally
        {
            receiveLock.unlock();
        }
    }

    /*
     * The last one to leave clears the flags: each bell that is rung for nobody costs the other end a system call. Who
     * enters meanwhile sets them after us, as both hold the lock.
     */
    void clearWaitingFlags()
    {
        receiveLock.lock();
        try
        {
            if (!retired && parkers.size() == 0)
            {
                clear(PairLayout.receiverFlagOffset(inDirection));
                clear(PairLayout.senderWaitsOffset(outDirection));
            }
        }
        finally
        {
            receiveLock.unlock();
        }
    }

    private void clear(int flag)
    {
        if (header.getInt(flag) != PairLayout.AWAKE)
        {
            header.putIntRelease(flag, PairLayout.AWAKE);
        }
    }

    /** Wakes every thread of this process that blocks on this channel: each looks again. Never blocks. */
    public void wakeLocal()
    {
        parkers.wakeAllBut(null);
    }

    void wakeOthers(Parker self)
    {
        parkers.wakeAllBut(self);
    }

    Parkers parkers()
    {
        return parkers;
    }

    Patience patience()
    {
        return patience;
    }

    Bell bell()
    {
        return bell;
    }

    void tellBlocked(Waiter.For what, int delta)
    {
        final BlockedListener listener = blockedListener;
        if (listener != null && what != Waiter.For.ANYTHING)
        {
            listener.onBlocked(what == Waiter.For.ROOM, delta);
        }
    }

    /**
     * Who hears when threads of this side block in a send or a receive.
     *
     * @param listener null for nobody.
     */
    public void blockedListener(BlockedListener listener)
    {
        blockedListener = listener;
    }

    /* What was found in the memory is no channel. The listener hears it also where nobody receives. */
    ChannelCorruptException corrupt(String what)
    {
        final ChannelCorruptException e = new ChannelCorruptException(this, what);
        final Consumer<ChannelCorruptException> listener = corruptListener;
        if (listener != null)
        {
            listener.accept(e);
        }
        return e;
    }

    /**
     * Who hears when the other end has written what is no message.
     *
     * @param listener called for each such place under a lock of the channel: must not block, nor call the channel.
     */
    public void corruptListener(Consumer<ChannelCorruptException> listener)
    {
        corruptListener = listener;
    }

    // ---- the end

    /**
     * The other end is gone: takes what is left in the ring into the inbox, wakes everybody and unmaps the memory.
     * After it a receive gives the rest, then null with {@link #isEnded}; a send gives ENDED. Idempotent; waits only for
     * threads that are in the middle of a copy.
     */
    public void retire()
    {
        sendLock.lock();
        receiveLock.lock();
        try
        {
            if (retired)
            {
                return;
            }
            inbound.detach();
            retired = true;
        }
        finally
        {
            receiveLock.unlock();
            sendLock.unlock();
        }
        parkers.close();
        wakeLocal();
        pair.release();
    }

    /**
     * Was {@link #retire} called?
     *
     * @return true once it was.
     */
    public boolean isRetired()
    {
        return retired;
    }

    /**
     * The worker's status page.
     *
     * @return that of the pair; it outlives the channel.
     */
    public StatusPage status()
    {
        return pair.status();
    }

    /**
     * The file.
     *
     * @return the pair this is an end of.
     */
    public PairFile pair()
    {
        return pair;
    }

    /**
     * What owns this end.
     *
     * @return null until it is set.
     */
    public Object attachment()
    {
        return attachment;
    }

    /**
     * Sets what owns this end.
     *
     * @param owner such as a handle.
     */
    public void attachment(Object owner)
    {
        attachment = owner;
    }

    /**
     * How errors name the channel.
     *
     * @return such as "to worker 3".
     */
    public String name()
    {
        return name;
    }

    /**
     * Sets how errors name the channel.
     *
     * @param itsName such as "to worker 3".
     */
    public void name(String itsName)
    {
        name = itsName;
    }

    @Override
    public String toString()
    {
        return "channel " + name;
    }
}
