package parallel.codec;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Names that come again and again, such as keywords: one that was read lately is found by its bytes, without making a
 * string of them. A table of fixed size, in which a newer name takes the place of an older one. Entries are immutable,
 * so that threads may race on the table.
 *
 * <pre>
 *   length-u8 (1..127)  namespace length + 1 (0: no namespace)  namespace  name         every char below 256
 * </pre>
 * Safe from any thread.
 */
public abstract class NameCache
{
    /** The longest name, namespace and all, that is sent in this form. */
    private static final int MAX_BYTES = 127;
    private static final int SIZE = 1024;
    private static final long MIX = 0x9E3779B97F4A7C15L;

    private final Entry[] entries = new Entry[SIZE];

    private static final class Entry
    {
        final long first;
        final byte[] bytes;
        final Object value;

        Entry(long first, byte[] bytes, Object value)
        {
            this.first = first;
            this.bytes = bytes;
            this.value = value;
        }

        boolean is(long otherFirst, byte[] buf, int at, int length)
        {
            return first == otherFirst && bytes.length == length &&
                (length <= 8 || Arrays.equals(bytes, 8, length, buf, at + 8, at + length));
        }
    }

    /**
     * The name's bytes, the length included.
     *
     * @param namespace or null.
     * @param name      not null.
     * @return a new array; null if the name is too long or has wider chars.
     */
    public static byte[] bytes(String namespace, String name)
    {
        int split = namespace == null ? 0 : namespace.length() + 1;
        String all = namespace == null ? name : namespace + name;
        if (all.length() >= MAX_BYTES || all.chars().anyMatch(c -> c > 0xFF))
        {
            return null;
        }
        byte[] bytes = new byte[2 + all.length()];
        bytes[0] = (byte)(1 + all.length());
        bytes[1] = (byte)split;
        System.arraycopy(all.getBytes(StandardCharsets.ISO_8859_1), 0, bytes, 2, all.length());
        return bytes;
    }

    /**
     * Makes what a name stands for.
     *
     * @param namespace or null.
     * @param name      not null.
     * @return an immutable value.
     */
    protected abstract Object make(String namespace, String name);

    /**
     * Reads a name.
     *
     * @param in stands at its length.
     * @return what it stands for.
     */
    public final Object read(Decoder in)
    {
        int length = in.u8();
        in.need(length);
        byte[] buf = in.buf;
        int at = in.pos;
        in.pos = at + length;
        long first = first(buf, at, length);
        int slot = slot(first, buf, at, length);
        Entry entry = entries[slot];
        if (entry != null && entry.is(first, buf, at, length))
        {
            return entry.value;
        }
        Object value = parse(in, buf, at, length);
        entries[slot] = new Entry(first, Arrays.copyOfRange(buf, at, at + length), value);
        return value;
    }

    /** Up to eight bytes in one word. What lies behind the name in the buffer is masked out. */
    private static long first(byte[] buf, int at, int length)
    {
        if (at + 8 <= buf.length)
        {
            long word = (long)PieceBuffer.LONGS.get(buf, at);
            return length >= 8 ? word : word & (1L << 8 * length) - 1;
        }
        long word = 0;
        for (int i = Math.min(8, length) - 1; i >= 0; i--)
        {
            word = word << 8 | buf[at + i] & 0xFF;
        }
        return word;
    }

    private static int slot(long first, byte[] buf, int at, int length)
    {
        long hash = (first + length) * MIX;
        for (int i = 8; i < length; i += 8)
        {
            int next = Math.min(i, length - 8);
            hash = (hash ^ (long)PieceBuffer.LONGS.get(buf, at + next)) * MIX;
        }
        return (int)(hash >>> 54);
    }

    private Object parse(Decoder in, byte[] buf, int at, int length)
    {
        int split = length == 0 ? -1 : buf[at];
        if (split < 0 || split > length || length > MAX_BYTES)
        {
            throw in.malformed("a name");
        }
        int namespaceLength = Math.max(0, split - 1);
        int start = at + 1;
        String namespace = split == 0 ? null : new String(buf, start, namespaceLength, StandardCharsets.ISO_8859_1);
        return make(namespace,
            new String(buf, start + namespaceLength, length - 1 - namespaceLength, StandardCharsets.ISO_8859_1));
    }
}
