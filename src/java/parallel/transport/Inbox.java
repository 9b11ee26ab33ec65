package parallel.transport;

/**
 * Keeps, in order, what was taken out of a ring before somebody asked for it: messages, and what was wrong with others.
 * Each takes its share of the {@link InboxBudget}. Guarded by the receive lock.
 * <p>
 * A place in the inbox is made before its message is read from the ring: where there is no memory for it the message
 * stays there.
 */
final class Inbox
{
    /** A place in the inbox: of a message, whole, or of what was wrong with it. */
    static final class Place extends InboxBudget.Claim
    {
        /** As it was announced, before the message is whole. */
        long length;
        private Assembly message;
        private Throwable failure;
        private Place next;
    }

    /**
     * Objects around the bytes of a message in the inbox, with compressed references: 217 to 228 bytes for values,
     * measured over 500000 messages.
     */
    private static final int OBJECTS_BYTES = 240;
    /** What announces more is refused when it begins. */
    private static final long MAX_BYTES = Runtime.getRuntime().maxMemory();
    /** An exception with its frames. */
    private static final int FAILURE_BYTES = 4096;

    private final MessageChannel channel;
    private final Reader reader;
    private final InboxBudget.Share share;
    private Place first;
    private Place last;
    private int size;
    private boolean full;

    Inbox(MessageChannel channel, Reader reader, long limit)
    {
        this.channel = channel;
        this.reader = reader;
        this.share = InboxBudget.of(this, limit);
    }

    // Of messages that go here.
    Reader reader()
    {
        return reader;
    }

    int size()
    {
        return size;
    }

    boolean isEmpty()
    {
        return first == null;
    }

    // ---- places

    // A place for a message of so many bytes, to be added when it is whole. Null: there is no room, and nobody insists.
    Place placeFor(long length, boolean insists)
    {
        Place place = new Place();
        long bytes = heapBytes(length);
        if (insists)
        {
            share.insist(place, bytes);
        }
        else if (!share.take(place, bytes, channel))
        {
            full = true;
            return null;
        }
        return place;
    }

    // The message of the place is here already, or on its way into memory: it counts however much is used.
    void insist(Place place)
    {
        share.insist(place, heapBytes(place.length));
    }

    private static long heapBytes(long length)
    {
        return OBJECTS_BYTES + Math.min(length, MAX_BYTES);
    }

    // The message of a place that was not added will not come.
    void giveBack(Place place)
    {
        share.giveBack(place);
    }

    void add(Place place, Assembly message, long length)
    {
        place.message = message;
        place.length = length;
        append(place);
    }

    // What went wrong with the message of the place is what its receiver gets.
    void addFailure(Place place, Throwable e)
    {
        place.length = 0;
        place.failure = e;
        share.insist(place, FAILURE_BYTES);
        append(place);
    }

    private void append(Place place)
    {
        if (first == null)
        {
            first = place;
        }
        else
        {
            last.next = place;
        }
        last = place;
        size++;
    }

    // Removes the one that follows that one; null: the first.
    private void removeAfter(Place before)
    {
        Place place = before == null ? first : before.next;
        if (before == null)
        {
            first = place.next;
        }
        else
        {
            before.next = place.next;
        }
        last = last == place ? before : last;
        place.next = null;
        size--;
        share.giveBack(place);
        if (full)
        {
            // Somebody who moves messages here, such as a waiting sender, may go on.
            full = false;
            channel.wakeLocal();
        }
    }

    // ---- to those who receive

    // The bytes of the first message, 0 of a failure; there is one.
    long firstLength()
    {
        return first.length;
    }

    // Takes the first message, or leaves it: REFUSED. There is one. Throws what went wrong with it, which is then gone.
    Assembly take(Reader asks)
    {
        Assembly accepted = shown(first, null, asks);
        if (accepted != MessageChannel.REFUSED)
        {
            remove();
        }
        return accepted;
    }

    // The nth message, for a look from a group: it stays. Null: there is none. Throws its error, which is then gone.
    Assembly look(Reader asks, int n)
    {
        Place before = null;
        Place place = first;
        for (int i = 0; i < n && place != null; i++)
        {
            before = place;
            place = place.next;
        }
        return place == null ? null : shown(place, before, asks);
    }

    private Assembly shown(Place place, Place before, Reader asks)
    {
        if (place.failure != null)
        {
            removeAfter(before);
            throw unchecked(place.failure);
        }
        Assembly accepted = asks.accept(place.message, place.length);
        return accepted == null ? MessageChannel.REFUSED : accepted;
    }

    // Takes the first message, which look has shown.
    void remove()
    {
        removeAfter(null);
    }

    // ---- whether it waits for room

    // From any thread.
    boolean isStarved()
    {
        return share.isStarved(channel);
    }

    // The other side is gone.
    void neverStarves()
    {
        share.neverStarves(channel);
    }

    // What a reader threw, as it is: only unchecked ones come here.
    static RuntimeException unchecked(Throwable e)
    {
        return Inbox.<RuntimeException>sneaky(e);
    }

    @SuppressWarnings("unchecked") // Only unchecked exceptions of readers come here; the compiler cannot know.
    private static <E extends Throwable> RuntimeException sneaky(Throwable e) throws E
    {
        throw (E)e;
    }
}
