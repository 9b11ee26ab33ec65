package parallel.transport;

import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;

import org.agrona.concurrent.AtomicBuffer;

/**
 * Texts in shared memory, one writer at a time, any number of readers; a writer never waits.
 * <pre>
 *   +0 int lock     odd while the text is being written
 *   +4 int length   in bytes; -1 no text (0 in a new file: no text either)
 *   +8 UTF-8
 * </pre>
 */
final class Texts
{
    private static final int LENGTH = 4;
    private static final int BYTES = 8;

    private Texts()
    {
    }

    static void put(AtomicBuffer memory, int offset, int limit, byte[] utf8)
    {
        final int before = memory.getInt(offset) & ~1;
        memory.putIntOpaque(offset, before + 1);
        // The odd number is seen before any byte of the text. Pairs with the acquire fence in get.
        VarHandle.releaseFence();
        if (utf8 == null)
        {
            memory.putInt(offset + LENGTH, -1);
        }
        else
        {
            final int length = whole(utf8, limit);
            memory.putInt(offset + LENGTH, length);
            memory.putBytes(offset + BYTES, utf8, 0, length);
        }
        // Pairs with the first acquire in get.
        memory.putIntRelease(offset, before + 2);
    }

    static String get(AtomicBuffer memory, int offset, int limit)
    {
        final Looks looks = new Looks();
        while (true)
        {
            final int before = memory.getIntAcquire(offset);
            final String text = read(memory, offset, limit);
            VarHandle.acquireFence();
            if (before == memory.getIntOpaque(offset) && (before & 1) == 0 || !looks.again())
            {
                return before == 0 ? null : text;
            }
        }
    }

    private static String read(AtomicBuffer memory, int offset, int limit)
    {
        final int length = memory.getInt(offset + LENGTH);
        if (length < 0)
        {
            return null;
        }
        final byte[] bytes = new byte[Math.min(length, limit)];
        memory.getBytes(offset + BYTES, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /* The longest prefix of at most limit bytes that ends between two characters. */
    static int whole(byte[] utf8, int limit)
    {
        if (utf8.length <= limit)
        {
            return utf8.length;
        }
        int end = limit;
        while (end > 0 && (utf8[end] & 0xC0) == 0x80)
        {
            end--;
        }
        return end;
    }
}
