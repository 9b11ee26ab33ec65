package parallel.codec;

import java.nio.ByteBuffer;

import org.agrona.DirectBuffer;
import parallel.transport.Assembly;
import parallel.transport.Reader;

/**
 * Reads a message that is one primitive array into memory of the caller's, an array or a byte buffer, and refuses
 * (null) any other message, and one that does not fit. Each thread has one, so that a small message makes no object.
 * Its assemblies are {@link Message}s and, where they may arrive in parts, {@link parallel.transport.Abandonable}.
 */
public final class Target implements Reader
{
    private static final ThreadLocal<Target> LOCAL = ThreadLocal.withInitial(() -> new Target(true));

    /** Used again and again; null of a target whose messages may outlive it. */
    private final Whole whole;
    /** The array or the buffer, so that its memory stays. */
    private Object owner;
    private Object memory;
    private long address;
    private long capacity;
    private Primitive kind;

    Target(boolean reused)
    {
        whole = reused ? new Whole() : null;
    }

    /**
     * This thread's target, into an array.
     *
     * @param primitiveArray in use until {@link #clear()}.
     * @return the same one at each call of this thread.
     */
    public static Target into(Object primitiveArray)
    {
        return LOCAL.get().array(primitiveArray);
    }

    /**
     * This thread's target, into the remaining bytes of a buffer, whose position and limit stay.
     *
     * @param buffer in use until {@link #clear()}; one that is {@link #isReachable(ByteBuffer)}.
     * @return the same one at each call of this thread.
     */
    public static Target into(ByteBuffer buffer)
    {
        Target target = LOCAL.get();
        target.owner = buffer;
        target.memory = Buffers.memory(buffer);
        target.address = Buffers.address(buffer);
        target.capacity = buffer.remaining();
        target.kind = Primitive.BYTE;
        return target;
    }

    /**
     * Whether the memory of a buffer can be reached.
     *
     * @param buffer any.
     * @return false of one over something else than native memory or a byte array, such as a segment of longs.
     */
    public static boolean isReachable(ByteBuffer buffer)
    {
        return Buffers.isReachable(buffer);
    }

    // What is no primitive array takes no message.
    Target array(Object primitiveArray)
    {
        kind = Primitive.of(primitiveArray);
        if (kind == null)
        {
            return this;
        }
        owner = primitiveArray;
        memory = primitiveArray;
        address = kind.base();
        capacity = kind.length(primitiveArray);
        return this;
    }

    /** Lets go of the caller's memory. */
    public void clear()
    {
        owner = null;
        memory = null;
        address = 0;
        capacity = 0;
    }

    /**
     * Puts the elements where they belong; none need be copied that arrived there.
     *
     * @param message that came through this reader, whole.
     * @return the number of elements.
     */
    public int take(Assembly message)
    {
        return ((Message)message).copyInto(this);
    }

    @Override
    public Assembly whole(DirectBuffer message, int index, int length)
    {
        if (whole == null)
        {
            return Reader.super.whole(message, index, length);
        }
        long packed = packed(message, index, length, length);
        if (packed < 0)
        {
            return null;
        }
        message.boundsCheck(index, length);
        whole.count = ArrayHeader.count(packed);
        whole.skipped = ArrayHeader.bytes(packed);
        SmallCopy.memory(message.byteArray(), message.addressOffset() + index + whole.skipped, memory, address,
            kind.bytes(whole.count));
        kind.fromWire(memory, whole.count);
        return whole;
    }

    @Override
    public Assembly begin(long length, DirectBuffer first, int index, int available)
    {
        long packed = packed(first, index, length, available);
        return packed < 0 ? null :
            new ArrayMessage.Into(new ArrayHeader(kind, ArrayHeader.count(packed), ArrayHeader.bytes(packed)), length,
            this);
    }

    // The header of a message that fits; -1: it does not.
    private long packed(DirectBuffer first, int index, long length, int available)
    {
        long packed = kind == null ? -1 : ArrayHeader.packed(kind, length, first, index, available);
        return ArrayHeader.count(packed) <= capacity ? packed : -1;
    }

    @Override
    public Assembly accept(Assembly arrived, long length)
    {
        return ((Message)arrived).fits(this) ? arrived : null;
    }

    boolean takes(Primitive itsKind, long count)
    {
        return itsKind == kind && count <= capacity;
    }

    Object owner()
    {
        return owner;
    }

    Object memory()
    {
        return memory;
    }

    long address()
    {
        return address;
    }

    /** A message that was there as a whole, and lies in the caller's memory. */
    private final class Whole extends Message
    {
        private int count;
        private int skipped;

        @Override
        public void append(DirectBuffer source, int index, int length)
        {
            throw new IndexOutOfBoundsException("The message is whole.");
        }

        @Override
        public Object decode()
        {
            throw new UnsupportedOperationException("it lies in the caller's memory");
        }

        @Override
        boolean fits(Target target)
        {
            return target.takes(kind, count);
        }

        @Override
        int copyInto(Target target)
        {
            return count;
        }

        @Override
        public long length()
        {
            return skipped + kind.bytes(count);
        }
    }
}
