package parallel.transport;

import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;

import org.agrona.concurrent.AtomicBuffer;

/**
 * PageTexts in shared memory, one writer at a time, any number of readers; a writer never waits.
 * <pre>
 *   +0 int lock     odd while the text is being written
 *   +4 int length   in bytes; -1 no text (0 in a new file: no text either)
 *   +8 UTF-8
 * </pre>
 */
final class PageTexts
{
    private static final int LENGTH = 4;
    private static final int BYTES = 8;
    private static final int PLAIN_BYTES = 4;

    private PageTexts()
    {
    }

    static void put(AtomicBuffer memory, int offset, int limit, byte[] utf8)
    {
        int before = Seqlock.begin(memory, offset);
        if (utf8 == null)
        {
            memory.putInt(offset + LENGTH, -1);
        }
        else
        {
            int length = whole(utf8, limit);
            memory.putInt(offset + LENGTH, length);
            memory.putBytes(offset + BYTES, utf8, 0, length);
        }
        Seqlock.end(memory, offset, before);
    }

    static String get(AtomicBuffer memory, int offset, int limit)
    {
        SeqlockRetry looks = new SeqlockRetry();
        while (true)
        {
            int before = memory.getIntAcquire(offset);
            String text = read(memory, offset, limit);
            VarHandle.acquireFence();
            if (before == memory.getIntOpaque(offset) && (before & 1) == 0 || !looks.again())
            {
                return before == 0 ? null : text;
            }
        }
    }

    // One that needs no lock of its own, for those under that of a slot. Length + 1, so that zeros say: none.
    static void putPlain(AtomicBuffer memory, int offset, int limit, String text)
    {
        byte[] utf8 = text == null ? new byte[0] : text.getBytes(StandardCharsets.UTF_8);
        int length = whole(utf8, limit);
        memory.putInt(offset, text == null ? 0 : length + 1);
        memory.putBytes(offset + PLAIN_BYTES, utf8, 0, length);
    }

    static String getPlain(AtomicBuffer memory, int offset, int limit)
    {
        int length = memory.getInt(offset) - 1;
        if (length < 0)
        {
            return null;
        }
        byte[] bytes = new byte[Math.min(length, limit)];
        memory.getBytes(offset + PLAIN_BYTES, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static String read(AtomicBuffer memory, int offset, int limit)
    {
        int length = memory.getInt(offset + LENGTH);
        if (length < 0)
        {
            return null;
        }
        byte[] bytes = new byte[Math.min(length, limit)];
        memory.getBytes(offset + BYTES, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    // The longest prefix of at most limit bytes that ends between two characters.
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
