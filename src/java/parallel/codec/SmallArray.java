package parallel.codec;

import java.util.Arrays;

import org.agrona.DirectBuffer;

/** A short primitive array that has arrived. */
final class SmallArray extends Message
{
    private final Primitive kind;
    private final Object array;
    private final int length;

    private SmallArray(Primitive kind, Object array, int length)
    {
        this.kind = kind;
        this.array = array;
        this.length = length;
    }

    /** The message that lies there, whole; null if it is something else, or long. */
    static Message read(DirectBuffer memory, int index, int length)
    {
        if (length > SmallCopy.MAX || length < 2)
        {
            return null;
        }
        Primitive kind = Primitive.ofTag(memory.getByte(index) & 0xFF);
        long packed = kind == null ? -1 : ArrayHeader.packed(kind, length, memory, index, length);
        return packed < 0 ? null :
            new SmallArray(kind, copy(kind, ArrayHeader.count(packed), memory, index + ArrayHeader.bytes(packed)),
            length);
    }

    private static Object copy(Primitive kind, int count, DirectBuffer memory, int index)
    {
        int bytes = (int)kind.bytes(count);
        memory.boundsCheck(index, bytes);
        if (kind == Primitive.BYTE && memory.byteArray() != null)
        {
            int from = memory.wrapAdjustment() + index;
            return Arrays.copyOfRange(memory.byteArray(), from, from + count);
        }
        Object array = kind.newArray(count);
        SmallCopy.memory(memory.byteArray(), memory.addressOffset() + index, array, kind.base(), bytes);
        kind.fromWire(array, count);
        return array;
    }

    @Override
    public void append(DirectBuffer source, int index, int count)
    {
        throw new IndexOutOfBoundsException("The message is whole.");
    }

    @Override
    public Object decode()
    {
        return array;
    }

    @Override
    boolean fits(Target target)
    {
        return target.takes(kind, kind.length(array));
    }

    @Override
    int copyInto(Target target)
    {
        int count = kind.length(array);
        SmallCopy.memory(array, kind.base(), target.memory(), target.address(), kind.bytes(count));
        return count;
    }

    @Override
    public long length()
    {
        return length;
    }
}
