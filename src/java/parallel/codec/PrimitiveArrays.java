package parallel.codec;

/** Primitive arrays: a header, then their memory. */
final class PrimitiveArrays extends TypeWriter
{
    private final Primitive kind;

    PrimitiveArrays(Primitive kind)
    {
        this.kind = kind;
    }

    @Override
    public void write(Encoder out, Object array)
    {
        write(out, kind, kind.length(array), kind.toWire(array), kind.base());
    }

    /** Elements that lie in memory as they are sent. */
    static void write(Encoder out, Primitive kind, int count, Object memory, long address)
    {
        long bytes = kind.bytes(count);
        out.tag(kind.tag, count);
        if (Primitive.isPadded(bytes))
        {
            int padding = (int)-(out.length() + 1) & 7;
            out.i8(padding);
            out.word(0, padding);
            out.piece(memory, address, bytes);
        }
        else
        {
            out.memory(memory, address, (int)bytes);
        }
    }

    static Object read(Decoder in, Primitive kind)
    {
        int count = in.count();
        if (Primitive.isPadded(kind.bytes(count)))
        {
            skipPadding(in);
        }
        return readData(in, kind, count);
    }

    private static void skipPadding(Decoder in)
    {
        int padding = in.u8();
        if (padding > 7)
        {
            throw in.malformed("padding of " + padding);
        }
        for (int i = 0; i < padding; i++)
        {
            in.u8();
        }
    }

    static Object readData(Decoder in, Primitive kind, int count)
    {
        long bytes = in.checked(kind.bytes(count));
        Object array = kind.newArray(count);
        in.raw(array, kind.base(), bytes);
        kind.fromWire(array, count);
        return array;
    }
}
