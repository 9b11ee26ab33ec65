package parallel.codec;

import java.nio.ByteBuffer;

/**
 * Values whose message is a head of few bytes and, for an array, its memory as it is: they are sent without an encoder.
 * What the bytes are is what {@link Encoder} writes.
 */
public final class ShortMessages
{
    /** The address of the first byte of an array of bytes. */
    public static final long BYTES_BASE = Primitive.BYTES_BASE;
    /** So many elements are one byte of the head. */
    private static final int MAX_COUNT = 0x7F;
    private static final int LENGTH_SHIFT = 56;

    private ShortMessages()
    {
    }

    /**
     * The head of a value that is brief.
     *
     * @param value any.
     * @return for {@link #head} and {@link #headBytes}; 0: it is not brief.
     */
    public static long of(Object value)
    {
        if (value instanceof Long number)
        {
            return ofLong(number);
        }
        return value instanceof byte[] array ? ofBytes(array.length) : 0;
    }

    /**
     * The head of so many bytes.
     *
     * @param count 0 or more.
     * @return as {@link #of}.
     */
    public static long ofBytes(int count)
    {
        return count <= MAX_COUNT ? packed(2, (long)count << 8 | Tags.BYTES) : 0;
    }

    // As Encoder.longValue.
    private static long ofLong(long value)
    {
        if (value == (byte)value)
        {
            return value >= Tags.SMALL_LONG_MIN &&
                value <= Tags.SMALL_LONG_MAX ? packed(1, Tags.SMALL_LONG_ZERO + value & 0xFF) :
                packed(2, (value & 0xFF) << 8 | Tags.LONG8);
        }
        if (value == (short)value)
        {
            return packed(3, (value & 0xFFFF) << 8 | Tags.LONG16);
        }
        return value == (int)value ? packed(5, (value & 0xFFFFFFFFL) << 8 | Tags.LONG32) : 0;
    }

    private static long packed(int bytes, long head)
    {
        return (long)bytes << LENGTH_SHIFT | head;
    }

    /**
     * The bytes of the head.
     *
     * @param brief not 0.
     * @return the first one lowest.
     */
    public static long head(long brief)
    {
        return brief & -1L >>> Long.SIZE - LENGTH_SHIFT;
    }

    /**
     * How many bytes the head has.
     *
     * @param brief not 0.
     * @return 1 to 7.
     */
    public static int headBytes(long brief)
    {
        return (int)(brief >>> LENGTH_SHIFT);
    }

    /**
     * What the remaining bytes of a buffer lie in.
     *
     * @param buffer one that is {@link Target#isReachable(ByteBuffer)}.
     * @return an array; null: memory of the process.
     */
    public static Object memory(ByteBuffer buffer)
    {
        return Buffers.memory(buffer);
    }

    /**
     * Where they begin.
     *
     * @param buffer as above.
     * @return the address in what they lie in.
     */
    public static long address(ByteBuffer buffer)
    {
        return Buffers.address(buffer);
    }
}
