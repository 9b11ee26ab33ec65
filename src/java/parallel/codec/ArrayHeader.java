package parallel.codec;

import org.agrona.DirectBuffer;

/**
 * The bytes before the data of a message that is one primitive array.
 *
 * @param kind  of array.
 * @param count of elements.
 * @param bytes of the header.
 */
record ArrayHeader(Primitive kind, int count, int bytes)
{
    static boolean isArray(DirectBuffer first, int index, int available)
    {
        return available > 0 && Primitive.ofTag(first.getByte(index) & 0xFF) != null;
    }

    /** The header; null if the message is something else, or its length does not match. */
    static ArrayHeader parse(long messageLength, DirectBuffer first, int index, int available)
    {
        Primitive kind = available < 2 ? null : Primitive.ofTag(first.getByte(index) & 0xFF);
        return kind == null ? null : parse(kind, messageLength, first, index, available);
    }

    private static ArrayHeader parse(Primitive kind, long messageLength, DirectBuffer first, int index, int available)
    {
        long packed = packed(kind, messageLength, first, index, available);
        return packed < 0 ? null : new ArrayHeader(kind, count(packed), bytes(packed));
    }

    // The count of a packed header.
    static int count(long packed)
    {
        return (int)(packed >> 8);
    }

    // The bytes of a packed header.
    static int bytes(long packed)
    {
        return (int)packed & 0xFF;
    }

    /**
     * The header of a message of that kind as a number, which makes no object: count, then 8 bits of bytes; -1 if it is
     * none.
     */
    static long packed(Primitive kind, long messageLength, DirectBuffer first, int index, int available)
    {
        if (available < 2 || (first.getByte(index) & 0xFF) != kind.tag)
        {
            return -1;
        }
        long count = 0;
        int at = 1;
        int next;
        do
        {
            if (at == available || at > 5)
            {
                return -1;
            }
            next = first.getByte(index + at);
            count |= (long)(next & 0x7F) << 7 * (at - 1);
            at++;
        }
        while (next < 0);
        long data = kind.bytes(count);
        if (Primitive.isPadded(data))
        {
            int padding = at < available ? first.getByte(index + at) : -1;
            if (padding < 0 || padding > 7)
            {
                return -1;
            }
            at += 1 + padding;
        }
        return count <= Integer.MAX_VALUE && messageLength == at + data ? count << 8 | at : -1;
    }
}
