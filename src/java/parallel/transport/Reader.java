package parallel.transport;

import org.agrona.DirectBuffer;

/**
 * Chooses the assembly of a message. Both methods are called under the receive lock and must run no user code. What
 * they throw goes to the caller of the receive, and that one message is dropped.
 */
public interface Reader
{
    /**
     * Called with the first bytes of the next message. They are given once more to {@link Assembly#append}.
     *
     * @param length    of the whole message, as announced by the sender; it may never arrive, so it must not size an
     *                  allocation without a limit.
     * @param first     memory that holds the first bytes.
     * @param index     of the first byte.
     * @param available number of bytes there, at least the smaller of length and 64.
     * @return where the message goes, or null: refused, it stays next.
     */
    Assembly begin(long length, DirectBuffer first, int index, int available);

    /**
     * Called instead of {@link #begin} when all of the message is there: a reader that has a shorter way takes it.
     *
     * @param memory that holds the message.
     * @param index  of its first byte.
     * @param length in bytes.
     * @return the message, or null: refused, it stays next.
     */
    default Assembly whole(DirectBuffer memory, int index, int length)
    {
        Assembly message = begin(length, memory, index, length);
        if (message != null)
        {
            message.append(memory, index, length);
        }
        return message;
    }

    /**
     * Called where a message has its place that does not come through the ring: see {@link Aside}. Only
     * {@link MessageChannel#tryReceivePart} knows such places; to every other receive they are corrupt.
     *
     * @param number of the message.
     * @return false: a reader that knows of none, for whom this is no message.
     */
    default boolean aside(long number)
    {
        return false;
    }

    /**
     * Called instead of {@link #begin} when the message has already arrived through another reader, in the inbox.
     *
     * @param arrived a whole message.
     * @param length  its length in bytes.
     * @return what to hand out, mostly {@code arrived} itself, or null: refused, it stays next.
     */
    default Assembly accept(Assembly arrived, long length)
    {
        return arrived;
    }
}
