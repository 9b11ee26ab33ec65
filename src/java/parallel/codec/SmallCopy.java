package parallel.codec;

import java.nio.ByteOrder;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * Copies up to 16 bytes with two loads and two stores, which overlap in the middle: for so few, calling the JVM's memory
 * copy takes longer than copying.
 */
final class SmallCopy
{
    static final int MAX = 16;

    private static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;

    private SmallCopy()
    {
    }

    static void put(byte[] from, int at, MutableDirectBuffer to, int index, int length)
    {
        if (length >= 8)
        {
            to.putLong(index, (long)PieceBuffer.LONGS.get(from, at), LITTLE);
            to.putLong(index + length - 8, (long)PieceBuffer.LONGS.get(from, at + length - 8), LITTLE);
        }
        else if (length >= 4)
        {
            to.putInt(index, (int)PieceBuffer.INTS.get(from, at), LITTLE);
            to.putInt(index + length - 4, (int)PieceBuffer.INTS.get(from, at + length - 4), LITTLE);
        }
        else
        {
            for (int i = 0; i < length; i++)
            {
                to.putByte(index + i, from[at + i]);
            }
        }
    }

    static void get(DirectBuffer from, int index, byte[] to, int at, int length)
    {
        if (length >= 8)
        {
            PieceBuffer.LONGS.set(to, at, from.getLong(index, LITTLE));
            PieceBuffer.LONGS.set(to, at + length - 8, from.getLong(index + length - 8, LITTLE));
        }
        else if (length >= 4)
        {
            PieceBuffer.INTS.set(to, at, from.getInt(index, LITTLE));
            PieceBuffer.INTS.set(to, at + length - 4, from.getInt(index + length - 4, LITTLE));
        }
        else
        {
            for (int i = 0; i < length; i++)
            {
                to[at + i] = from.getByte(index + i);
            }
        }
    }
}
