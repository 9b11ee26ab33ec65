package parallel.codec;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;

import com.sun.management.ThreadMXBean;
import org.agrona.concurrent.UnsafeBuffer;
import parallel.transport.Abandonable;
import parallel.transport.Agrona;
import parallel.transport.Payload;
import parallel.transport.Reader;

/** Carries encoded values as the transport would, through memory outside the heap. */
public final class Wire
{
    static
    {
        Agrona.open();
    }

    private Wire()
    {
    }

    /** The bytes of a value, copied out in fragments of a size, to an odd index of native memory. */
    public static byte[] inFragments(Object value, int fragment)
    {
        Encoder encoder = Encoder.acquire();
        try
        {
            Payload payload = encoder.encode(value);
            byte[] all = new byte[(int)payload.length()];
            UnsafeBuffer ring = new UnsafeBuffer(ByteBuffer.allocateDirect(fragment + 16));
            for (int at = 0; at < all.length; at += fragment)
            {
                int part = Math.min(fragment, all.length - at);
                ring.setMemory(0, ring.capacity(), (byte)0x5A);
                payload.copy(at, ring, 3, part);
                ring.getBytes(3, all, at, part);
                checkAround(ring, part);
            }
            return all;
        }
        finally
        {
            encoder.release();
        }
    }

    private static void checkAround(UnsafeBuffer ring, int part)
    {
        for (int i = 0; i < ring.capacity(); i++)
        {
            if ((i < 3 || i >= 3 + part) && ring.getByte(i) != 0x5A)
            {
                throw new AssertionError("wrote outside, at " + i + " of a part of " + part);
            }
        }
    }

    /** As {@link #inFragments}, with a buffer on the heap. */
    public static byte[] ontoHeap(Object value)
    {
        Encoder encoder = Encoder.acquire();
        try
        {
            Payload payload = encoder.encode(value);
            byte[] all = new byte[(int)payload.length()];
            payload.copy(0, new UnsafeBuffer(all), 0, all.length);
            return all;
        }
        finally
        {
            encoder.release();
        }
    }

    /** The bytes of a value that is sent without an encoder; null if it is none. */
    public static byte[] briefly(Object value)
    {
        long brief = ShortMessages.of(value);
        if (brief == 0)
        {
            return null;
        }
        int headBytes = ShortMessages.headBytes(brief);
        byte[] rest = value instanceof byte[] array ? array : new byte[0];
        byte[] all = new byte[headBytes + rest.length];
        for (int i = 0; i < headBytes; i++)
        {
            all[i] = (byte)(ShortMessages.head(brief) >>> 8 * i);
        }
        System.arraycopy(rest, 0, all, headBytes, rest.length);
        return all;
    }

    /** A message that is there as a whole when it is looked at, in native memory or in an array; null if refused. */
    public static Message whole(byte[] bytes, Reader reader, boolean isNative)
    {
        UnsafeBuffer ring = isNative ? new UnsafeBuffer(ByteBuffer.allocateDirect(bytes.length + 16)) :
            new UnsafeBuffer(new byte[bytes.length + 24], 8, bytes.length + 16);
        ring.putBytes(5, bytes);
        return (Message)reader.whole(ring, 5, bytes.length);
    }

    /**
     * A message begun with its first fragment and given as many fragments as there are before {@code end}; null if
     * refused.
     */
    public static Message deliver(byte[] bytes, Reader reader, int fragment, int end)
    {
        UnsafeBuffer ring = new UnsafeBuffer(ByteBuffer.allocateDirect(fragment + 16));
        Message message = null;
        for (int at = 0; at < end || at == 0; at += fragment)
        {
            int part = Math.min(fragment, bytes.length - at);
            ring.putBytes(5, bytes, at, part);
            message = at == 0 ? (Message)reader.begin(bytes.length, ring, 5, part) : message;
            if (message == null)
            {
                return null;
            }
            message.append(ring, 5, part);
        }
        return message;
    }

    /** All of it. */
    public static Message deliver(byte[] bytes, Reader reader, int fragment)
    {
        return deliver(bytes, reader, fragment, bytes.length);
    }

    /** Gives up on a message after {@code end} bytes, and delivers the rest to what took it over. */
    public static Message abandoned(byte[] bytes, Reader reader, int fragment, int end)
    {
        Message given = deliver(bytes, reader, fragment, end);
        Message taken = (Message)((Abandonable)given).abandon();
        int from = Math.min(bytes.length, (end + fragment - 1) / fragment * fragment);
        taken.append(new UnsafeBuffer(bytes), from, bytes.length - from);
        return taken;
    }

    /** What a big-endian machine would send, and what it makes of it again. */
    public static Object swappedTwice(Object array)
    {
        Primitive kind = Primitive.of(array);
        return kind.swapped(kind.swapped(array));
    }

    /** An array as a big-endian machine would see its little-endian memory. */
    public static Object swapped(Object array)
    {
        return Primitive.of(array).swapped(array);
    }

    /** Bytes that the current thread has allocated so far. */
    public static long allocated()
    {
        return ((ThreadMXBean)ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }
}
