package parallel.codec;

import java.lang.reflect.Array;
import java.nio.ByteOrder;

import org.agrona.UnsafeApi;
import parallel.transport.Agrona;

/**
 * The eight kinds of primitive arrays, and their memory. The wire is little-endian: on such a machine the memory of an
 * array is what is sent.
 */
enum Primitive
{
    BOOLEAN(Tags.BOOLEANS, 1, boolean[].class),
    BYTE(Tags.BYTES, 1, byte[].class),
    SHORT(Tags.SHORTS, 2, short[].class),
    CHAR(Tags.CHARS, 2, char[].class),
    INT(Tags.INTS, 4, int[].class),
    LONG(Tags.LONGS, 8, long[].class),
    FLOAT(Tags.FLOATS, 4, float[].class),
    DOUBLE(Tags.DOUBLES, 8, double[].class);

    /** From this many bytes on an array is not copied into the encoder's buffer, and its data is aligned. */
    static final int STRAIGHT_BYTES = 1024;

    /** The longest header of a top-level array: tag, count (5), padding length, padding (7). */
    static final int MAX_HEADER = 14;

    static final long BYTES_BASE;

    private static final boolean BIG_ENDIAN = ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN;
    private static final Primitive[] BY_TAG = values();

    static
    {
        BYTES_BASE = BYTE.base;
    }

    final int tag;
    final int shift;
    final Class<?> arrayType;
    /** Kept, as the JVM is asked for it through a native method. */
    private final long base;

    Primitive(int tag, int elementBytes, Class<?> arrayType)
    {
        this.tag = tag;
        this.shift = Integer.numberOfTrailingZeros(elementBytes);
        this.arrayType = arrayType;
        Agrona.open();
        this.base = UnsafeApi.arrayBaseOffset(arrayType);
    }

    /** The kind behind a tag; null if the tag is none of an array. */
    static Primitive ofTag(int tag)
    {
        return tag >= Tags.BOOLEANS && tag <= Tags.DOUBLES ? BY_TAG[tag - Tags.BOOLEANS] : null;
    }

    /** The kind of an array; null if the object is no primitive array. */
    static Primitive of(Object array)
    {
        Class<?> type = array == null ? null : array.getClass();
        for (Primitive kind : BY_TAG)
        {
            if (kind.arrayType == type)
            {
                return kind;
            }
        }
        return null;
    }

    static boolean isPadded(long bytes)
    {
        return bytes >= STRAIGHT_BYTES;
    }

    long base()
    {
        return base;
    }

    long bytes(long count)
    {
        return count << shift;
    }

    int length(Object array)
    {
        return Array.getLength(array);
    }

    Object newArray(int length)
    {
        // Reflection would do it for all of them, in twice the time of a small one.
        return switch (this)
        {
            case BOOLEAN -> new boolean[length];
            case BYTE -> new byte[length];
            case SHORT -> new short[length];
            case CHAR -> new char[length];
            case INT -> new int[length];
            case LONG -> new long[length];
            case FLOAT -> new float[length];
            case DOUBLE -> new double[length];
        };
    }

    /** The array whose memory is sent: the array itself, or on a big-endian machine a swapped copy. */
    Object toWire(Object array)
    {
        return BIG_ENDIAN && shift > 0 ? swapped(array) : array;
    }

    /** Makes an array out of one whose memory was filled from the wire, in place. */
    void fromWire(Object array, int count)
    {
        if (this == BOOLEAN)
        {
            normalise((boolean[])array, count);
        }
        else if (BIG_ENDIAN && shift > 0)
        {
            swap(array, count);
        }
    }

    Object swapped(Object array)
    {
        int length = length(array);
        Object copy = newArray(length);
        UnsafeApi.copyMemory(array, base(), copy, base(), bytes(length));
        swap(copy, length);
        return copy;
    }

    private void swap(Object array, int count)
    {
        long base = base();
        int size = 1 << shift;
        for (long at = base; at < base + bytes(count); at += size)
        {
            for (int i = 0; i < size / 2; i++)
            {
                byte low = UnsafeApi.getByte(array, at + i);
                UnsafeApi.putByte(array, at + i, UnsafeApi.getByte(array, at + size - 1 - i));
                UnsafeApi.putByte(array, at + size - 1 - i, low);
            }
        }
    }

    /** A boolean whose byte is neither 0 nor 1 behaves unpredictably in the JVM. */
    private static void normalise(boolean[] array, int count)
    {
        long base = BOOLEAN.base();
        for (int i = 0; i < count; i++)
        {
            array[i] = UnsafeApi.getByte(array, base + i) != 0;
        }
    }
}
