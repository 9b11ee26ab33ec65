package parallel.transport;

import java.util.ArrayDeque;

import org.agrona.concurrent.AtomicBuffer;

/**
 * One direction's receiving end: what is in the ring, what was taken out of it before somebody asked (the inbox), and
 * the message between the two that has arrived in part. Guarded by the receive lock; knows no waiting.
 */
final class Inbound
{
    /** A message in the inbox: whole, or what was wrong with it. */
    private record Arrived(Assembly message, long length, Throwable failure)
    {
        long cost()
        {
            return Math.max(length, failure == null ? LEAST_BYTES : FAILURE_BYTES);
        }
    }

    /** So much in one look: the sender is faster than we are. */
    private static final int STREAM_BYTES = 2048;
    private static final int LOOKS_PER_CLOCK = 16;
    /** What a message in the inbox costs at least, however small, and what an error does: else they would take many times the limit. */
    private static final int LEAST_BYTES = 128;
    private static final int FAILURE_BYTES = 4096;
    /** Under a microsecond, without a pause: an answer that is on its way is seen at once. */
    private static final int EAGER_LOOKS = 512;

    private final MessageChannel channel;
    private final RingReader ring;
    private final Reader inboxReader;
    private final long limit;
    private final ArrayDeque<Arrived> inbox = new ArrayDeque<>();
    private long inboxBytes;
    private boolean full;

    private Assembly partial;
    private long partialLength;
    private long partialArrived;
    private Ticket partialOwner;
    /** The rest of a message that was dropped is still coming. */
    private boolean skipping;

    private ChannelCorruptException broken;
    private boolean detached;
    /** The sender was told that it need not care whether we block. */
    private boolean streaming;
    private long lastLength;

    Inbound(MessageChannel channel, RingReader ring, Reader inboxReader, long limit)
    {
        this.channel = channel;
        this.ring = ring;
        this.inboxReader = inboxReader;
        this.limit = limit;
    }

    /*
     * The next message, REFUSED, or null: none now. Without a ticket only what has arrived in one piece is taken. Throws
     * what went wrong with the message that is next.
     */
    Assembly take(Reader reader, Ticket ticket)
    {
        while (ticket == null || !isDone(ticket))
        {
            if (!inbox.isEmpty())
            {
                return takeFromInbox(reader);
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
            if (!takeFragment(reader, ticket, false))
            {
                return MessageChannel.REFUSED;
            }
        }
        return redeem(ticket);
    }

    /* Has the message of the ticket begun, and is not whole yet? */
    boolean isArriving(Ticket ticket)
    {
        return partialOwner == ticket;
    }

    static boolean isDone(Ticket ticket)
    {
        return ticket.arrived != null || ticket.failure != null;
    }

    /* What the ticket got. Throws what went wrong with it. */
    Assembly redeem(Ticket ticket)
    {
        lastLength = ticket.length;
        if (ticket.failure != null)
        {
            throw sneaky(ticket.failure);
        }
        return ticket.arrived;
    }

    /* The caller of the ticket gives up: its message, if it has arrived in part, becomes the channel's. */
    void abandon(Ticket ticket)
    {
        if (partialOwner == ticket)
        {
            partialOwner = null;
            try
            {
                partial = partial instanceof Abandonable target ? target.abandon() : partial;
            }
            catch (final RuntimeException | Error e)
            {
                dropPartial();
                skipping = true;
                keep(null, 0, e);
            }
        }
    }

    long lastLength()
    {
        return lastLength;
    }

    /* Is there a record, or anything in the inbox? Says nothing about the message being whole. */
    boolean isQuiet()
    {
        return inbox.isEmpty() && broken == null && !peek();
    }

    /* Spins until there is a record, the time is over, or another thread wants the lock. Changes nothing. */
    boolean spinUntilRecord(BackoffLock held, long nanos)
    {
        if (detached || broken != null || !inbox.isEmpty())
        {
            return false;
        }
        if (looks(EAGER_LOOKS, false))
        {
            return true;
        }
        final long start = System.nanoTime();
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

    /* Moves messages from the ring to the inbox until it is full: while it has fewer than atLeast it is not. */
    void drain(int atLeast)
    {
        while (peek() && admits(atLeast))
        {
            if (ring.type() == PairLayout.WHOLE)
            {
                keepWhole();
            }
            else
            {
                takeFragment(inboxReader, null, true);
            }
        }
    }

    /* Is a whole message, or an error, next? Leaves a record that is a whole message in the ring. */
    boolean hasNext()
    {
        if (inbox.isEmpty() && peek() && ring.type() != PairLayout.WHOLE)
        {
            drain(1);
        }
        return !isQuiet() && (!inbox.isEmpty() || broken != null || ring.type() == PairLayout.WHOLE);
    }

    int ready()
    {
        return inbox.size();
    }

    boolean isEmpty()
    {
        return inbox.isEmpty() && broken == null;
    }

    long position()
    {
        return ring.position();
    }

    /* The ring goes away: what is in it is kept, however much, and what is not whole is dropped. */
    void detach()
    {
        drain(Integer.MAX_VALUE);
        dropPartial();
        detached = true;
        if (broken != null)
        {
            keep(null, 0, broken);
            broken = null;
        }
    }

    /* The inbox' nth message, for a look from a group. Null: there is none. Throws its error, which is then gone. */
    Assembly look(Reader reader, int n)
    {
        int i = 0;
        for (final Arrived arrived : inbox)
        {
            if (i++ == n)
            {
                if (arrived.failure != null)
                {
                    inbox.remove(arrived);
                    inboxBytes -= arrived.cost();
                    throw sneaky(arrived.failure);
                }
                final Assembly accepted = reader.accept(arrived.message, arrived.length);
                return accepted == null ? MessageChannel.REFUSED : accepted;
            }
        }
        if (broken != null)
        {
            throw broken.again();
        }
        return null;
    }

    /* Takes the first message of the inbox, which look has shown. */
    void remove()
    {
        final Arrived arrived = inbox.pollFirst();
        lastLength = arrived.length;
        inboxBytes -= arrived.cost();
        if (full)
        {
            // Somebody who moves messages here, such as a waiting sender, may go on.
            full = false;
            channel.wakeLocal();
        }
    }

    private boolean peek()
    {
        if (detached || broken != null)
        {
            return false;
        }
        try
        {
            if (look())
            {
                return true;
            }
            if (streaming)
            {
                streaming = false;
                channel.stopStreaming();
                return look();
            }
            return false;
        }
        catch (final IllegalStateException e)
        {
            breakOff(e);
            return false;
        }
    }

    private boolean look()
    {
        final long before = ring.position();
        final boolean found = ring.peek();
        final long step = ring.position() - before;
        if (step > 0)
        {
            // Padding was skipped, or messages copied out: this may be what a sender waits for.
            channel.madeRoom();
            streaming |= step >= STREAM_BYTES && channel.startStreaming();
        }
        return found;
    }

    /* Nothing that follows can be read any more. */
    private void breakOff(IllegalStateException e)
    {
        dropPartial();
        broken = channel.corrupt(e.getMessage());
    }

    private Assembly takeFromInbox(Reader reader)
    {
        final Arrived arrived = inbox.peekFirst();
        if (arrived.failure != null)
        {
            remove();
            throw sneaky(arrived.failure);
        }
        final Assembly accepted = reader.accept(arrived.message, arrived.length);
        if (accepted == null)
        {
            return MessageChannel.REFUSED;
        }
        remove();
        return accepted;
    }

    private Assembly takeWhole(Reader reader)
    {
        final Assembly message;
        try
        {
            message = readWhole(reader);
        }
        catch (final RuntimeException | Error e)
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
        if (partial != null || skipping)
        {
            dropPartial();
        }
        return reader.whole(ring.buffer(), ring.index(), ring.length());
    }

    private void keepWhole()
    {
        Assembly message = null;
        Throwable failure = null;
        try
        {
            message = readWhole(inboxReader);
        }
        catch (final RuntimeException | Error e)
        {
            failure = e;
        }
        keep(message, ring.length(), failure);
        advance();
    }

    /* Reads one record that is a part of a message. False: it is the first, and was refused. */
    private boolean takeFragment(Reader reader, Ticket ticket, boolean keepErrors)
    {
        try
        {
            switch (ring.type())
            {
                case PairLayout.FIRST:
                    if (!begin(reader, ticket))
                    {
                        return false;
                    }
                    break;
                case PairLayout.MIDDLE:
                case PairLayout.LAST:
                    goOn(ring.type() == PairLayout.LAST);
                    break;
                default:
                    malformed("a record of the type " + ring.type());
            }
        }
        catch (final RuntimeException | Error e)
        {
            dropAndTell(e, ticket, keepErrors);
        }
        advance();
        return true;
    }

    /* One message is lost, with the rest of it; whoever it was for hears why. */
    private void dropAndTell(Throwable e, Ticket ticket, boolean keepErrors)
    {
        final Ticket owner = partialOwner != null ? partialOwner : keepErrors ? null : ticket;
        dropPartial();
        skipping = true;
        if (owner == null)
        {
            keep(null, 0, e);
        }
        else
        {
            owner.failure = e;
            channel.wakeLocal();
        }
    }

    private boolean begin(Reader reader, Ticket ticket)
    {
        dropPartial();
        final AtomicBuffer buffer = ring.buffer();
        final int index = ring.index() + PairLayout.ANNOUNCEMENT;
        final int length = ring.length() - PairLayout.ANNOUNCEMENT;
        final long announced = length < 0 ? 0 : buffer.getLong(ring.index());
        if (length < 0 || announced < length || length < Math.min(announced, 64))
        {
            malformed("a first record of " + ring.length() + " bytes that announces " + announced);
        }
        final Assembly begun = reader.begin(announced, buffer, index, length);
        if (begun == null)
        {
            return false;
        }
        partial = begun;
        partialOwner = ticket;
        partialLength = announced;
        append(index, length);
        return true;
    }

    private void goOn(boolean last)
    {
        if (partial == null)
        {
            if (!skipping)
            {
                malformed("a part of a message that has no beginning");
            }
            return;
        }
        final int length = ring.length();
        final long left = partialLength - partialArrived;
        if (length > left || last && length < left)
        {
            malformed("a message of " + partialLength + " announced bytes that has " + (partialArrived + length));
        }
        append(ring.index(), length);
        if (last)
        {
            complete();
        }
    }

    private void append(int index, int length)
    {
        partial.append(ring.buffer(), index, length);
        partialArrived += length;
    }

    private void complete()
    {
        final Ticket owner = partialOwner;
        final Assembly message = partial;
        final long length = partialLength;
        dropPartial();
        if (owner == null)
        {
            keep(message, length, null);
        }
        else
        {
            owner.arrived = message;
            owner.length = length;
            channel.wakeLocal();
        }
    }

    private void keep(Assembly message, long length, Throwable failure)
    {
        final Arrived arrived = new Arrived(message, length, failure);
        inbox.addLast(arrived);
        inboxBytes += arrived.cost();
    }

    private void dropPartial()
    {
        partial = null;
        partialOwner = null;
        partialLength = 0;
        partialArrived = 0;
        skipping = false;
    }

    /* A message that has begun is finished: its bytes cannot stay in the ring. */
    private boolean admits(int atLeast)
    {
        final boolean goesOn = (ring.type() == PairLayout.MIDDLE || ring.type() == PairLayout.LAST) && (partial != null || skipping);
        if (goesOn || inbox.size() < atLeast || inbox.isEmpty() || announced() <= limit - inboxBytes)
        {
            return true;
        }
        full = true;
        return false;
    }

    private long announced()
    {
        return ring.type() == PairLayout.FIRST && ring.length() >= PairLayout.ANNOUNCEMENT ?
            Math.max(0, ring.buffer().getLong(ring.index())) : ring.length();
    }

    private void advance()
    {
        try
        {
            if (ring.advance())
            {
                channel.madeRoom();
            }
        }
        catch (final IllegalStateException e)
        {
            breakOff(e);
        }
    }

    private void malformed(String what)
    {
        throw channel.corrupt(what);
    }

    @SuppressWarnings("unchecked") // Only unchecked exceptions of readers come here; the compiler cannot know.
    private static <E extends Throwable> RuntimeException sneaky(Throwable e) throws E
    {
        throw (E)e;
    }
}
