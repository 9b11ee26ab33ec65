package parallel.transport;

import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * One end of a pair file: messages out, messages in, each direction in order, each message whole and once.
 * <p>
 * Safe from any thread. Each direction has its lock; every access to the mapped memory happens under one of the two,
 * and after {@link #retire} none happens, which is what makes unmapping safe. A thread that blocks holds no lock.
 * <p>
 * Puts together what does the work: {@link Sender} has the one lock, {@link Receiver} the other, {@link WakeFlags} says
 * to the other end who waits here and wakes who waits there.
 */
public final class MessageChannel
{
    /** The inbox takes what all channels of the process together may: a quarter of the heap. */
    public static final long SHARED_LIMIT = -1;

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

    private final PairFile pair;
    private final List<MessageChannel> self = List.of(this);
    private final Parkers parkers = new Parkers();
    private final WakeFlags flags;
    private final Sender sender;
    private final Receiver receiver;
    private final long order;

    private volatile int peer = -1;
    private volatile String name;
    private volatile BlockedListener blockedListener;
    private volatile Consumer<ChannelCorruptException> corruptListener;

    /**
     * Opens an end. The pair stays mapped until it is retired.
     *
     * @param pair        the file.
     * @param side        which end this is.
     * @param bell        to wake the other end with.
     * @param inboxBytes  how much a waiting call takes into the inbox, or {@link #SHARED_LIMIT}; one larger message is
     *                    always admitted.
     * @param inboxReader for messages that go to the inbox: its assemblies own their bytes.
     */
    public MessageChannel(PairFile pair, Side side, Bell bell, long inboxBytes, Reader inboxReader)
    {
        pair.retain();
        this.pair = pair;
        this.name = "on " + pair.handOn() + " (" + side.name().toLowerCase(Locale.ROOT) + "'s end)";
        this.order = Groups.nextOrder();
        this.flags = new WakeFlags(pair, side, bell, parkers);
        this.sender = new Sender(this, PairLayout.outDirection(side), flags);
        Inbox inbox = new Inbox(this, inboxReader, inboxBytes);
        this.receiver = new Receiver(this, PairLayout.inDirection(side), flags, inbox);
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
        Sent sent = sender.sendWhole(payload);
        return sent != Sent.NO_ROOM ? sent : sendSlowly(new Outgoing(payload), deadlineNanos);
    }

    /**
     * Sends a message if there is room for all of it now and no other thread is sending. Never blocks.
     *
     * @param payload the message; one longer than {@link #maxTrySendBytes} never finds room.
     * @return SENT, NO_ROOM or ENDED.
     */
    public Sent trySend(Payload payload)
    {
        return sender.trySend(payload);
    }

    /**
     * Writes of a message what has arrived of it and has room. Never blocks. Until all of it is written, or
     * {@link #withdraw(StreamedMessage)} was called, nobody else can send.
     *
     * @param message longer than {@link #maxWholeBytes}.
     * @return SENT: all that has arrived is in the ring; NO_ROOM: a part of that is not, yet; ENDED.
     */
    public Sent sendPartly(StreamedMessage message)
    {
        return sender.sendPartly(message.outgoing());
    }

    /**
     * The rest of a message does not come: what has arrived of it is discarded by the next one.
     *
     * @param message that {@link #sendPartly} has begun; of one that is whole nothing changes.
     */
    public void withdraw(StreamedMessage message)
    {
        sender.withdraw(message.outgoing());
    }

    /**
     * The longest message that is one record of the ring.
     *
     * @return bytes.
     */
    public int maxWholeBytes()
    {
        return sender.maxWhole();
    }

    /**
     * The longest message that {@link #trySend} can ever send.
     *
     * @return bytes.
     */
    public long maxTrySendBytes()
    {
        return sender.maxAtOnce();
    }

    /**
     * Ends this direction: the other side receives what was sent before, then the end. Idempotent, never blocks: when a
     * thread is sending, it takes effect after that message.
     */
    public void sendEnd()
    {
        sender.end();
    }

    /**
     * Sends a short message that lies in memory as it is sent, but for its head, if there is room for it now and no
     * other thread is sending. Never blocks.
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
        return sender.sendBriefly(head, headBytes, memory, address, bytes);
    }

    private Sent sendSlowly(Outgoing message, long deadlineNanos) throws InterruptedException
    {
        try
        {
            Waiter.await(self, () -> offer(message), deadlineNanos, Waiter.For.ROOM);
        }
        finally
        {
            sender.withdraw(message);
        }
        return message.result == null ? Sent.NO_ROOM : message.result;
    }

    /** Wakes the threads that are blocked on this channel at the other end: they look again. Never blocks. */
    public void wakeOtherEnd()
    {
        bell().ring();
    }

    // Moves the message on as far as there is room; where there is none, what arrives goes to the inbox. True: there is
    // nothing more to do.
    boolean offer(Outgoing message)
    {
        if (sender.offer(message))
        {
            return true;
        }
        receiver.drain();
        return false;
    }

    // The same of a message that goes aside, once it is there; until then, and where there is no room, what arrives
    // goes to the inbox.
    boolean offerAside(Outgoing message, Aside aside)
    {
        if (aside.state() == Aside.State.THERE && sender.offerAside(message, aside.number()))
        {
            if (message.result == Sent.SENT)
            {
                aside.placed();
            }
            return true;
        }
        receiver.drain();
        return false;
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
        return receiver.tryReceive(reader);
    }

    /**
     * The next message, waiting for it. Many threads may receive; each message goes to exactly one. Ignores the
     * interrupt flag, and leaves it set, when it need not wait. A message that has arrived in part when the caller
     * gives up stays with the channel.
     *
     * @param reader        says where it goes.
     * @param deadlineNanos of {@link System#nanoTime}, {@link Long#MAX_VALUE} for none.
     * @return its assembly, {@link #REFUSED}, or null: the deadline has passed, or {@link #isEnded}.
     * @throws InterruptedException    when interrupted while waiting.
     * @throws ChannelCorruptException when what is next is no message.
     */
    public Assembly receive(Reader reader, long deadlineNanos) throws InterruptedException
    {
        return receiver.receive(reader, deadlineNanos);
    }

    /**
     * Takes one record out of the ring, a message or a part of one, for a reader that hands parts on as they come and
     * never refuses. For one thread, and instead of any other receive. Never blocks.
     *
     * @param reader of the messages.
     * @return false: there was none.
     * @throws ChannelCorruptException when what is next is no message.
     */
    public boolean tryReceivePart(Reader reader)
    {
        return receiver.tryReceivePart(reader);
    }

    /**
     * Takes what is in the ring into the inbox, whatever its limit, for a writer that has ended and whose last messages
     * wait for room: they are a ring or two. Never blocks.
     */
    public void drainAll()
    {
        receiver.drainAll();
    }

    /** Takes what is in the ring into the inbox, within its limit. Never blocks. */
    public void drain()
    {
        receiver.drain();
    }

    /**
     * Has the other side ended its direction, or is the channel retired, and was everything received?
     *
     * @return true: no message will come any more.
     */
    public boolean isEnded()
    {
        return receiver.isEnded();
    }

    /**
     * How many messages were received here.
     *
     * @return the number, those that were taken after the other end had ended included.
     */
    public long messagesReceived()
    {
        return receiver.messages();
    }

    // ---- its parts

    Sender sender()
    {
        return sender;
    }

    Receiver receiver()
    {
        return receiver;
    }

    Parkers parkers()
    {
        return parkers;
    }

    SpinPolicy patience()
    {
        return flags.patience();
    }

    Bell bell()
    {
        return flags.bell();
    }

    // The list of this channel alone.
    List<MessageChannel> self()
    {
        return self;
    }

    // The order in which a group takes the locks.
    long order()
    {
        return order;
    }

    // ---- waiting

    /** Wakes every thread of this process that blocks on this channel: each looks again. Never blocks. */
    public void wakeLocal()
    {
        parkers.wakeAllBut(null);
    }

    void wakeOthers(Parker self)
    {
        parkers.wakeAllBut(self);
    }

    void tellBlocked(Waiter.For what, int delta)
    {
        BlockedListener listener = blockedListener;
        if (listener != null && (what == Waiter.For.ROOM || what.isForMessages()))
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

    // What was found in the memory is no channel. The listener hears it also where nobody receives.
    ChannelCorruptException corrupt(String what)
    {
        ChannelCorruptException e = new ChannelCorruptException(this, what);
        Consumer<ChannelCorruptException> listener = corruptListener;
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
     * The other end is gone: takes what is left in the ring into the inbox, as far as that has room, and wakes
     * everybody. After it a receive gives the rest, then null with {@link #isEnded}; a send gives ENDED. The memory is
     * unmapped when all was taken out of the ring. Idempotent; waits only for threads that are in the middle of a copy.
     */
    public void retire()
    {
        sender.sendLock().lock();
        receiver.receiveLock().lock();
        try
        {
            if (receiver.isRetired())
            {
                return;
            }
            sender.retire();
            receiver.retire();
        }
        finally
        {
            receiver.receiveLock().unlock();
            sender.sendLock().unlock();
        }
        parkers.close();
        wakeLocal();
    }

    /**
     * Was {@link #retire} called?
     *
     * @return true once it was.
     */
    public boolean isRetired()
    {
        return receiver.isRetired();
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
     * Who is at the other end.
     *
     * @return the id of a worker, or of the root (0); -1 until it is set.
     */
    public int peer()
    {
        return peer;
    }

    /**
     * Sets who is at the other end.
     *
     * @param id of a worker, or of the root (0).
     */
    public void peer(int id)
    {
        peer = id;
    }

    // Another number once something was written to one of the rings, or taken from it, at this end.
    long progress()
    {
        return sender.position() + receiver.position();
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
