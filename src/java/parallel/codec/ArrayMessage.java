package parallel.codec;

import org.agrona.DirectBuffer;
import org.agrona.UnsafeApi;
import parallel.transport.Abandonable;
import parallel.transport.Assembly;

/** A message whose data goes straight into the memory of an array. */
class ArrayMessage extends Message
{
    final ArrayHeader header;
    final Object array;
    private final long length;
    private long arrived;

    ArrayMessage(ArrayHeader header, long length, Object array)
    {
        this.header = header;
        this.length = length;
        this.array = array;
    }

    @Override
    public final void append(DirectBuffer source, int index, int count)
    {
        source.boundsCheck(index, count);
        final int skipped = (int)Math.min(count, Math.max(0, header.bytes() - arrived));
        final long data = arrived + skipped - header.bytes();
        if (arrived + count > length)
        {
            throw new IndexOutOfBoundsException(arrived + count + " of " + length + " bytes");
        }
        if (count > skipped)
        {
            UnsafeApi.copyMemory(source.byteArray(), source.addressOffset() + index + skipped,
                array, header.kind().base() + data, count - skipped);
        }
        arrived += count;
        if (arrived == length)
        {
            header.kind().fromWire(array, header.count());
        }
    }

    /** The same message, as far as it has arrived, in an array of its own. */
    final ArrayMessage moved()
    {
        final Primitive kind = header.kind();
        final ArrayMessage copy = new ArrayMessage(header, length, kind.newArray(header.count()));
        copy.arrived = arrived;
        UnsafeApi.copyMemory(array, kind.base(), copy.array, kind.base(), Math.max(0, arrived - header.bytes()));
        return copy;
    }

    @Override
    public Object decode()
    {
        return array;
    }

    @Override
    public final boolean fits(Object target)
    {
        return Primitive.of(target) == header.kind() && header.kind().length(target) >= header.count();
    }

    @Override
    public final int copyInto(Object target)
    {
        if (target != array)
        {
            System.arraycopy(array, 0, target, 0, header.count());
        }
        return header.count();
    }

    @Override
    public final long length()
    {
        return length;
    }

    /** Into an array of the caller's, which may be longer, and which the caller may leave. */
    static final class Into extends ArrayMessage implements Abandonable
    {
        Into(ArrayHeader header, long length, Object array)
        {
            super(header, length, array);
        }

        @Override
        public Object decode()
        {
            final Object copy = header.kind().newArray(header.count());
            System.arraycopy(array, 0, copy, 0, header.count());
            return copy;
        }

        @Override
        public Assembly abandon()
        {
            return moved();
        }
    }
}
