package parallel.codec;

import java.nio.ByteOrder;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.UnsafeApi;

/**
 * Copies few bytes word by word, the last word overlapping the one before: for so few, calling the JVM's memory
 * copy takes longer than copying.
 */
final class SmallCopy
{
    /** From here on the JVM's copy is faster. */
    static final int MAX = 80;

    private static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;

    private SmallCopy()
    {
    }

    static void put(byte[] from, int at, MutableDirectBuffer to, int index, int length)
    {
        if (length >= 8)
        {
            to.putLong(index, (long)PieceBuffer.LONGS.get(from, at), LITTLE);
            for (int i = 8; i < length - 8; i += 8)
            {
                to.putLong(index + i, (long)PieceBuffer.LONGS.get(from, at + i), LITTLE);
            }
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
            for (int i = 8; i < length - 8; i += 8)
            {
                PieceBuffer.LONGS.set(to, at + i, from.getLong(index + i, LITTLE));
            }
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

    /**
     * Copies memory of an array, or none (null), to that of another; any number of bytes. The caller has checked
     * both ranges.
     */
    static void memory(Object from, long fromAddress, Object to, long toAddress, long bytes)
    {
        if (bytes < 8 || bytes > MAX)
        {
            UnsafeApi.copyMemory(from, fromAddress, to, toAddress, bytes);
            return;
        }
        int length = (int)bytes;
        for (int i = 0; i < length - 8; i += 8)
        {
            UnsafeApi.putLongUnaligned(to, toAddress + i, UnsafeApi.getLongUnaligned(from, fromAddress + i));
        }
        int last = length - 8;
        UnsafeApi.putLongUnaligned(to, toAddress + last, UnsafeApi.getLongUnaligned(from, fromAddress + last));
    }
}
