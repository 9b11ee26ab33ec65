package parallel.codec;

import org.agrona.DirectBuffer;
import org.agrona.UnsafeApi;
import parallel.transport.Abandonable;
import parallel.transport.Assembly;

/** A message whose data goes straight into the memory of an array. */
class ArrayMessage extends Message
{
    final ArrayHeader header;
    final Object memory;
    final long address;
    private final long length;
    private long arrived;

    ArrayMessage(ArrayHeader header, long length, Object array)
    {
        this(header, length, array, header.kind().base());
    }

    private ArrayMessage(ArrayHeader header, long length, Object memory, long address)
    {
        this.header = header;
        this.length = length;
        this.memory = memory;
        this.address = address;
    }

    @Override
    public final void append(DirectBuffer source, int index, int count)
    {
        source.boundsCheck(index, count);
        int skipped = (int)Math.min(count, Math.max(0, header.bytes() - arrived));
        long data = arrived + skipped - header.bytes();
        if (arrived + count > length)
        {
            throw new IndexOutOfBoundsException(arrived + count + " of " + length + " bytes");
        }
        if (count > skipped)
        {
            SmallCopy.memory(source.byteArray(), source.addressOffset() + index + skipped,
                memory, address + data, count - skipped);
        }
        arrived += count;
        if (arrived == length)
        {
            header.kind().fromWire(memory, header.count());
        }
    }

    /** The same message, as far as it has arrived, in an array of its own. */
    final ArrayMessage moved()
    {
        Primitive kind = header.kind();
        ArrayMessage copy = new ArrayMessage(header, length, kind.newArray(header.count()));
        copy.arrived = arrived;
        UnsafeApi.copyMemory(memory, address, copy.memory, copy.address, Math.max(0, arrived - header.bytes()));
        return copy;
    }

    @Override
    public Object decode()
    {
        return memory;
    }

    @Override
    final boolean fits(Target target)
    {
        return target.takes(header.kind(), header.count());
    }

    @Override
    final int copyInto(Target target)
    {
        if (target.memory() != memory || target.address() != address)
        {
            UnsafeApi.copyMemory(memory, address, target.memory(), target.address(),
                header.kind().bytes(header.count()));
        }
        return header.count();
    }

    @Override
    public final long length()
    {
        return length;
    }

    /** Into memory of the caller's, which may be longer, and which the caller may leave. */
    static final class Into extends ArrayMessage implements Abandonable
    {
        /** Keeps the memory while anything may still be written there. */
        private final Object owner;

        Into(ArrayHeader header, long length, Target target)
        {
            super(header, length, target.memory(), target.address());
            owner = target.owner();
        }

        @Override
        public Object decode()
        {
            return moved().memory;
        }

        @Override
        public Assembly abandon()
        {
            return moved();
        }
    }
}
