package parallel.transport;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.Arrays;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** Messages of the tests: bytes, and where they go. */
public final class Bytes
{
    private Bytes()
    {
    }

    /** The bytes of an array. */
    public static Payload payload(byte[] bytes)
    {
        return new Payload()
        {
            @Override
            public long length()
            {
                return bytes.length;
            }

            @Override
            public void copy(long offset, MutableDirectBuffer target, int index, int length)
            {
                target.putBytes(index, bytes, (int)offset, length);
            }
        };
    }

    /** Bytes that nobody holds: each follows from the seed and its place, so that what arrives can be checked. */
    public static Payload pattern(int seed, long size)
    {
        return new Payload()
        {
            @Override
            public long length()
            {
                return size;
            }

            @Override
            public void copy(long offset, MutableDirectBuffer target, int index, int length)
            {
                for (int i = 0; i < length; i++)
                {
                    target.putByte(index + i, at(seed, offset + i));
                }
            }
        };
    }

    /**
     * Sends the pattern of a seed without a payload: a head of so many bytes, and the rest from an array or from native
     * memory.
     */
    public static MessageChannel.Sent sendBriefly(
        MessageChannel channel, int seed, int headBytes, int size, boolean isNative)
    {
        long head = 0;
        for (int i = 0; i < headBytes; i++)
        {
            head |= (at(seed, i) & 0xFFL) << 8 * i;
        }
        int bytes = size - headBytes;
        UnsafeBuffer rest = isNative ? new UnsafeBuffer(ByteBuffer.allocateDirect(bytes)) :
            new UnsafeBuffer(new byte[bytes]);
        pattern(seed, size).copy(headBytes, rest, 0, bytes);
        MessageChannel.Sent sent = channel.sendBriefly(head, headBytes, rest.byteArray(), rest.addressOffset(), bytes);
        Reference.reachabilityFence(rest);
        return sent;
    }

    /** A payload whose copy fails at some byte. */
    public static Payload failing(long size, long failsAt)
    {
        Payload pattern = pattern(0, size);
        return new Payload()
        {
            @Override
            public long length()
            {
                return size;
            }

            @Override
            public void copy(long offset, MutableDirectBuffer target, int index, int length)
            {
                if (offset + length > failsAt)
                {
                    throw new IllegalStateException("cannot be copied");
                }
                pattern.copy(offset, target, index, length);
            }
        };
    }

    /** The byte of a pattern at a place. */
    public static byte at(int seed, long place)
    {
        return (byte)(seed + place + (place >> 8) * 31);
    }

    /** A message that owns its bytes; memory follows what has arrived. */
    public static class Arrived implements Assembly
    {
        private final long announced;
        private byte[] bytes;
        private int count;

        Arrived(long announced, byte[] bytes)
        {
            this.announced = announced;
            this.bytes = bytes;
        }

        @Override
        public void append(DirectBuffer source, int index, int length)
        {
            if (count + length > announced)
            {
                throw new IndexOutOfBoundsException("more than announced");
            }
            if (count + length > bytes.length)
            {
                bytes = Arrays.copyOf(bytes, (int)Math.min(announced, 2L * (count + length)));
            }
            source.getBytes(index, bytes, count, length);
            count += length;
        }

        public final byte[] bytes()
        {
            return Arrays.copyOf(bytes, count);
        }

        public final int count()
        {
            return count;
        }

        /** The first place at which it is not the pattern, -1 if it is. */
        public final long wrongAt(int seed)
        {
            for (int i = 0; i < count; i++)
            {
                if (bytes[i] != at(seed, i))
                {
                    return i;
                }
            }
            return -1;
        }

        final Arrived copy()
        {
            Arrived copy = new Arrived(announced, Arrays.copyOf(bytes, count));
            copy.count = count;
            return copy;
        }
    }

    /** A message that goes into somebody's own array. */
    public static final class Into extends Arrived implements Abandonable
    {
        Into(long announced, byte[] target)
        {
            super(announced, target);
        }

        @Override
        public Assembly abandon()
        {
            return copy();
        }
    }

    /** For the inbox and for a plain receive. */
    public static Reader owning()
    {
        return (length, first, index, available) -> new Arrived(length, new byte[(int)Math.min(length, 256)]);
    }

    /** For a receive into an array: refuses what is longer. */
    public static Reader into(byte[] target)
    {
        return new Reader()
        {
            @Override
            public Assembly begin(long length, DirectBuffer first, int index, int available)
            {
                return length <= target.length ? new Into(length, target) : null;
            }

            @Override
            public Assembly accept(Assembly arrived, long length)
            {
                return length <= target.length ? arrived : null;
            }
        };
    }

    /** Checks what the contract of {@link Reader#begin} says about its arguments. */
    public static Reader checking()
    {
        return (length, first, index, available) ->
        {
            if (available < Math.min(length, 64) || available > length)
            {
                throw new IllegalStateException(available + " bytes of " + length + " are there at the beginning");
            }
            return owning().begin(length, first, index, available);
        };
    }

    /** A reader that fails. */
    public static Reader failing(String message)
    {
        return (length, first, index, available) ->
        {
            throw new IllegalStateException(message);
        };
    }
}
