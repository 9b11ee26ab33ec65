package parallel.codec;

import java.nio.charset.StandardCharsets;

/** Strings on the wire: a byte a char if all are below 256, else two, surrogates as they come. */
final class Strings
{
    private static final int SHORT = 64;
    private static final int BLOCK = 8192;

    private Strings()
    {
    }

    static void write(Encoder out, String s)
    {
        int length = s.length();
        if (length > SHORT || !writeShort(out, s, length))
        {
            writeLong(out, s, length);
        }
    }

    /** False, and nothing written, if a char does not fit into a byte. */
    private static boolean writeShort(Encoder out, String s, int length)
    {
        out.reserve(2 + length);
        byte[] buf = out.buf;
        int at = out.pos + 2;
        buf[at - 2] = Tags.STRING8;
        buf[at - 1] = (byte)length;
        for (int i = 0; i < length; i++)
        {
            char c = s.charAt(i);
            if (c > 0xFF)
            {
                return false;
            }
            buf[at + i] = (byte)c;
        }
        out.pos = at + length;
        return true;
    }

    private static void writeLong(Encoder out, String s, int length)
    {
        boolean narrow = isNarrow(s, length);
        out.tag(narrow ? Tags.STRING8 : Tags.STRING16, length);
        for (int start = 0; start < length; start += BLOCK)
        {
            int end = Math.min(length, start + BLOCK);
            if (narrow)
            {
                writeNarrow(out, s, start, end);
            }
            else
            {
                writeWide(out, s, start, end);
            }
        }
    }

    private static boolean isNarrow(String s, int length)
    {
        for (int i = 0; i < length; i++)
        {
            if (s.charAt(i) > 0xFF)
            {
                return false;
            }
        }
        return true;
    }

    /** The method drops the high bytes, which is why it is deprecated, and why it is a plain copy here. */
    @SuppressWarnings("deprecation")
    private static void writeNarrow(Encoder out, String s, int start, int end)
    {
        out.reserve(end - start);
        s.getBytes(start, end, out.buf, out.pos);
        out.pos += end - start;
    }

    private static void writeWide(Encoder out, String s, int start, int end)
    {
        out.reserve(2 * (end - start));
        for (int i = start; i < end; i++)
        {
            PieceBuffer.SHORTS.set(out.buf, out.pos, (short)s.charAt(i));
            out.pos += 2;
        }
    }

    static String readNarrow(Decoder in)
    {
        int length = in.count();
        if (in.contiguous(length))
        {
            String s = new String(in.buf, in.pos, length, StandardCharsets.ISO_8859_1);
            in.pos += length;
            return s;
        }
        byte[] bytes = new byte[(int)in.checked(length)];
        in.raw(bytes, Primitive.BYTES_BASE, length);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    static String readWide(Decoder in)
    {
        char[] chars = (char[])PrimitiveArrays.readData(in, Primitive.CHAR, in.count());
        return new String(chars);
    }
}
