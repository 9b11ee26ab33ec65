package parallel.transport;

import org.agrona.concurrent.AtomicBuffer;

/**
 * Puts together the one message of a direction that has arrived in part, from the record that the ring shows. It is for
 * a receive that waits, into whose target its bytes go, or for the inbox. Guarded by the receive lock.
 */
final class PartialMessage
{
    private final MessageChannel channel;
    private final RingReader ring;
    private final Inbox inbox;

    /** What has arrived; null: no message has begun. */
    private Assembly message;
    /** Has the length that was announced, and is where the message goes if it is nobody's own. */
    private Inbox.Place place;
    private long arrived;
    private PendingReceive owner;
    /** The rest of a message that was dropped is still coming. */
    private boolean skipping;

    PartialMessage(MessageChannel channel, RingReader ring, Inbox inbox)
    {
        this.channel = channel;
        this.ring = ring;
        this.inbox = inbox;
    }

    // Has one begun that is not whole, or is the rest of one that was dropped still coming?
    boolean isUnfinished()
    {
        return message != null || skipping;
    }

    // Has the message of the ticket begun, and is not whole yet?
    boolean isOf(PendingReceive ticket)
    {
        return owner == ticket;
    }

    // Takes the record that the ring shows, which is not a whole message; with a first one, a place is given, and a
    // ticket if somebody waits for it. False: it is a first one, and was refused.
    boolean take(Reader reader, PendingReceive ticket, Inbox.Place given)
    {
        try
        {
            switch (ring.type())
            {
                case PairLayout.FIRST:
                    return begin(reader, ticket, given);
                case PairLayout.MIDDLE:
                case PairLayout.LAST:
                    goOn(ring.type() == PairLayout.LAST);
                    break;
                default:
                    throw channel.corrupt("a record of the type " + ring.type());
            }
        }
        catch (RuntimeException | Error e)
        {
            lose(e, message != null ? owner : ticket, message != null ? place : given);
        }
        return true;
    }

    private boolean begin(Reader reader, PendingReceive ticket, Inbox.Place given)
    {
        drop();
        AtomicBuffer buffer = ring.buffer();
        int index = ring.index() + PairLayout.ANNOUNCEMENT;
        int length = ring.length() - PairLayout.ANNOUNCEMENT;
        long announced = length < 0 ? 0 : buffer.getLong(ring.index());
        if (length < 0 || announced < length || length < Math.min(announced, PairLayout.MIN_FIRST))
        {
            throw channel.corrupt("a first record of " + ring.length() + " bytes that announces " + announced);
        }
        Assembly begun = reader.begin(announced, buffer, index, length);
        if (begun == null)
        {
            return false;
        }
        message = begun;
        owner = ticket;
        place = given;
        place.length = announced;
        append(index, length);
        return true;
    }

    private void goOn(boolean last)
    {
        if (message == null)
        {
            if (!skipping)
            {
                throw channel.corrupt("a part of a message that has no beginning");
            }
            return;
        }
        int length = ring.length();
        long announced = place.length;
        long left = announced - arrived;
        if (length > left || last && length < left)
        {
            throw channel.corrupt(
                "a message of " + announced + " announced bytes that has " + (arrived + length));
        }
        append(ring.index(), length);
        if (last)
        {
            complete();
        }
    }

    private void append(int index, int length)
    {
        message.append(ring.buffer(), index, length);
        arrived += length;
    }

    private void complete()
    {
        PendingReceive ticket = owner;
        Assembly whole = message;
        Inbox.Place itsPlace = place;
        place = null;
        drop();
        if (ticket == null)
        {
            inbox.add(itsPlace, whole, itsPlace.length);
        }
        else
        {
            ticket.arrived = whole;
            ticket.length = itsPlace.length;
            channel.wakeLocal();
        }
    }

    // The caller of the ticket gives up: its message, if it has begun, becomes the channel's.
    void abandon(PendingReceive ticket)
    {
        if (owner == ticket)
        {
            owner = null;
            try
            {
                message = message instanceof Abandonable target ? target.abandon() : message;
                inbox.insist(place);
            }
            catch (RuntimeException | Error e)
            {
                lose(e, null, place);
            }
        }
    }

    // One message is lost, with the rest of it; whoever it was for hears why.
    private void lose(Throwable e, PendingReceive ticket, Inbox.Place made)
    {
        Inbox.Place itsPlace = ticket != null || made != null ? made : new Inbox.Place();
        place = null;
        drop();
        skipping = true;
        if (ticket == null)
        {
            inbox.addFailure(itsPlace, e);
        }
        else
        {
            ticket.failure = e;
            channel.wakeLocal();
        }
    }

    // What has arrived is of no use: the next record is not of this message, or none will come.
    void drop()
    {
        if (place != null)
        {
            inbox.giveBack(place);
            place = null;
        }
        message = null;
        owner = null;
        arrived = 0;
        skipping = false;
    }
}
