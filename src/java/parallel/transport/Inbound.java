package parallel.transport;

/**
 * Takes the messages of one direction out of the ring: for who asks, or into the {@link Inbox}, by way of the
 * {@link PartialMessage} where they come in parts. Guarded by the receive lock; knows no waiting.
 * <p>
 * After each step of the head it fences and reads the flag of a sender that waits for room. While much lies in the ring
 * at once the receiver's flag says so; when all is read that is taken back, fenced, and looked at once more
 * ({@link WakeFlags}).
 */
final class Inbound
{
    /** So much in one look: the sender is faster than we are. */
    private static final int STREAM_BYTES = 2048;
    private static final int LOOKS_PER_CLOCK = 16;
    /** Under a microsecond, without a pause: an answer that is on its way is seen at once. */
    private static final int EAGER_LOOKS = 512;

    private final MessageChannel channel;
    private final RingReader ring;
    private final WakeFlags flags;
    private final Inbox inbox;
    private final PartialMessage partial;

    private ChannelCorruptException broken;
    /** Nobody writes into the ring any more; what is in it is still there to be read. */
    private boolean writerGone;
    /** The ring is not there any more. */
    private boolean detached;
    /** The sender was told that it need not care whether we block. */
    private boolean streaming;
    private long lastLength;

    Inbound(MessageChannel channel, RingReader ring, WakeFlags flags, Inbox inbox)
    {
        this.channel = channel;
        this.ring = ring;
        this.flags = flags;
        this.inbox = inbox;
        this.partial = new PartialMessage(channel, ring, inbox);
    }

    // ---- for who asks

    // The next message, REFUSED, or null: none now. Without a ticket only what has arrived in one piece is taken.
    // Throws what went wrong with the message that is next.
    Assembly take(Reader reader, PendingReceive ticket)
    {
        while (ticket == null || !isDone(ticket))
        {
            if (!inbox.isEmpty())
            {
                lastLength = inbox.firstLength();
                return inbox.take(reader);
            }
            if (!peek())
            {
                if (broken != null)
                {
                    throw broken.again();
                }
                return null;
            }
            if (ring.type() == PairLayout.WHOLE)
            {
                return takeWhole(reader);
            }
            if (ticket == null)
            {
                return null;
            }
            if (!takePart(reader, ticket, ring.type() == PairLayout.FIRST ? new Inbox.Place() : null))
            {
                return MessageChannel.REFUSED;
            }
        }
        return redeem(ticket);
    }

    // One record. A message that it completes is in the inbox then; one that it holds whole was the reader's. False:
    // there was none, and nothing is in the inbox.
    boolean takeRecord(Reader reader)
    {
        if (!peek())
        {
            if (broken != null)
            {
                throw broken.again();
            }
            return false;
        }
        if (ring.type() == PairLayout.ASIDE && isAside(reader))
        {
            advance();
            return true;
        }
        return ring.type() != PairLayout.WHOLE &&
            takePart(reader, null, ring.type() == PairLayout.FIRST ? new Inbox.Place() : null);
    }

    private boolean isAside(Reader reader)
    {
        if (ring.length() != Long.BYTES || !reader.aside(ring.buffer().getLong(ring.index())))
        {
            return false;
        }
        if (partial.isUnfinished())
        {
            partial.drop();
        }
        return true;
    }

    // Is the next record a whole message?
    boolean isWholeNext()
    {
        return peek() && ring.type() == PairLayout.WHOLE;
    }

    // Has the message of the ticket begun, and is not whole yet?
    boolean isArriving(PendingReceive ticket)
    {
        return partial.isOf(ticket);
    }

    static boolean isDone(PendingReceive ticket)
    {
        return ticket.arrived != null || ticket.failure != null;
    }

    // What the ticket got. Throws what went wrong with it.
    Assembly redeem(PendingReceive ticket)
    {
        lastLength = ticket.length;
        if (ticket.failure != null)
        {
            throw Inbox.unchecked(ticket.failure);
        }
        return ticket.arrived;
    }

    // The caller of the ticket gives up: its message, if it has arrived in part, becomes the channel's.
    void abandon(PendingReceive ticket)
    {
        partial.abandon(ticket);
    }

    // The inbox' nth message, for a look from a group. Null: there is none. Throws its error, which is then gone.
    Assembly look(Reader reader, int n)
    {
        Assembly shown = inbox.look(reader, n);
        if (shown == null && broken != null)
        {
            throw broken.again();
        }
        return shown;
    }

    // Takes the first message of the inbox, which look has shown.
    void remove()
    {
        lastLength = inbox.firstLength();
        inbox.remove();
    }

    // Of the message that was taken last.
    long lastLength()
    {
        return lastLength;
    }

    // ---- what there is

    // Does it wait for room in the inbox? From any thread.
    boolean isStarved()
    {
        return inbox.isStarved();
    }

    // How many messages are in the inbox.
    int size()
    {
        return inbox.size();
    }

    // Is nothing in the inbox, and nothing wrong?
    boolean isEmpty()
    {
        return inbox.isEmpty() && broken == null;
    }

    // Is there no record in the ring, nothing in the inbox, and nothing wrong? A record may be part of a message only.
    boolean isQuiet()
    {
        return isEmpty() && !peek();
    }

    long position()
    {
        return ring.position();
    }

    // Spins until there is a record, the time is over, or another thread wants the lock. Changes nothing.
    boolean spinUntilRecord(BackoffLock held, long nanos)
    {
        if (writerGone || !isEmpty())
        {
            return false;
        }
        if (looks(EAGER_LOOKS, false))
        {
            return true;
        }
        long start = System.nanoTime();
        while (!held.contended() && System.nanoTime() - start < nanos)
        {
            if (looks(LOOKS_PER_CLOCK, true))
            {
                return true;
            }
        }
        return false;
    }

    private boolean looks(int count, boolean relaxed)
    {
        for (int i = 0; i < count; i++)
        {
            if (!ring.isEmpty())
            {
                return true;
            }
            if (relaxed)
            {
                Thread.onSpinWait();
            }
        }
        return false;
    }

    // ---- into the inbox

    // Moves messages from the ring to the inbox until it is full: while it has fewer than atLeast it is not.
    void drain(int atLeast)
    {
        while (peek() && drainOne(inbox.size() < atLeast))
        {
            // one more
        }
    }

    // A message that has begun is finished: its bytes cannot stay in the ring. False: what is next stays there.
    private boolean drainOne(boolean wanted)
    {
        if (ring.type() == PairLayout.MIDDLE || ring.type() == PairLayout.LAST)
        {
            return takePart(inbox.reader(), null, null);
        }
        Inbox.Place place = inbox.placeFor(announced(), wanted);
        return place != null &&
            (ring.type() == PairLayout.WHOLE ? keepWhole(place) : takePart(inbox.reader(), null, place));
    }

    private long announced()
    {
        return ring.type() == PairLayout.FIRST && ring.length() >= PairLayout.ANNOUNCEMENT ?
            Math.max(0, ring.buffer().getLong(ring.index())) : ring.length();
    }

    // False: there is no memory for it, and nobody waits for the room it takes in the ring, where it stays.
    private boolean keepWhole(Inbox.Place place)
    {
        try
        {
            inbox.add(place, readWhole(inbox.reader()), ring.length());
        }
        catch (RuntimeException | Error e)
        {
            if (writerGone && e instanceof OutOfMemoryError)
            {
                inbox.giveBack(place);
                return false;
            }
            inbox.addFailure(place, e);
        }
        advance();
        return true;
    }

    // ---- the ring

    private boolean peek()
    {
        if (detached || broken != null)
        {
            return false;
        }
        try
        {
            if (look() || stopsStreaming() && look())
            {
                return true;
            }
            if (!writerGone)
            {
                return false;
            }
        }
        catch (IllegalStateException e)
        {
            breakOff(e);
            if (!writerGone)
            {
                return false;
            }
        }
        finish();
        return false;
    }

    private boolean stopsStreaming()
    {
        if (!streaming)
        {
            return false;
        }
        streaming = false;
        flags.stopStreaming();
        return true;
    }

    private boolean look()
    {
        long before = ring.position();
        boolean found = ring.peek();
        long step = ring.position() - before;
        if (step > 0 && !writerGone)
        {
            // Padding was skipped, or messages copied out: this may be what a sender waits for.
            flags.wakeSender();
            streaming |= step >= STREAM_BYTES && flags.startStreaming();
        }
        return found;
    }

    private Assembly takeWhole(Reader reader)
    {
        Assembly message;
        try
        {
            message = readWhole(reader);
        }
        catch (RuntimeException | Error e)
        {
            advance();
            throw e;
        }
        if (message == null)
        {
            return MessageChannel.REFUSED;
        }
        lastLength = ring.length();
        advance();
        return message;
    }

    private Assembly readWhole(Reader reader)
    {
        if (partial.isUnfinished())
        {
            partial.drop();
        }
        return reader.whole(ring.buffer(), ring.index(), ring.length());
    }

    // Reads one record that is a part of a message; of the first one the place is given. False: it is the first, and
    // was refused.
    private boolean takePart(Reader reader, PendingReceive ticket, Inbox.Place place)
    {
        if (!partial.take(reader, ticket, place))
        {
            return false;
        }
        advance();
        return true;
    }

    private void advance()
    {
        try
        {
            if (ring.advance() && !writerGone)
            {
                flags.wakeSender();
            }
        }
        catch (IllegalStateException e)
        {
            breakOff(e);
        }
    }

    // ---- its end

    // Nothing that follows can be read any more.
    private void breakOff(IllegalStateException e)
    {
        partial.drop();
        broken = channel.corrupt(e.getMessage());
    }

    // The writer is gone. What it left is kept as far as the inbox has room, and what it has none for stays in the
    // ring, which goes away when all was read.
    void writerIsGone()
    {
        writerGone = true;
        try
        {
            drain(0);
            if (broken != null)
            {
                finish();
            }
        }
        catch (OutOfMemoryError e)
        {
            // Then it stays where it is, for whoever receives it.
        }
        inbox.neverStarves();
    }

    // Of a writer that is gone all was read: what of a message came without its end is dropped.
    private void finish()
    {
        if (!detached)
        {
            ChannelCorruptException error = broken;
            Inbox.Place place = error == null ? null : new Inbox.Place();
            partial.drop();
            detached = true;
            broken = null;
            if (error != null)
            {
                inbox.addFailure(place, error);
            }
            channel.pair().release();
        }
    }
}
