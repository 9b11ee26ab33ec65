package parallel.codec;

import java.util.List;

/**
 * The bytes of an arrived message, in one array or in several. Where a small read crosses from one array to the next,
 * the bytes around the seam are stitched together first, so that all reads look alike.
 */
abstract class Input
{
    private static final int STITCHED = 4096;
    private static final List<byte[]> NONE = List.of();

    byte[] buf;
    int pos;
    int limit;

    private byte[] whole;
    private List<byte[]> chunks = NONE;
    private long length;
    private int nextChunk;
    private int nextFrom;
    private long rest;

    final void open(byte[] bytes, int messageLength)
    {
        whole = bytes;
        length = messageLength;
        buf = bytes;
        pos = 0;
        limit = messageLength;
        rest = 0;
    }

    /** Chunks are full but for the last. */
    final void open(List<byte[]> messageChunks, long messageLength)
    {
        chunks = messageChunks;
        length = messageLength;
        nextChunk = 0;
        nextFrom = 0;
        rest = messageLength;
        advance();
    }

    /** From the first byte once more. */
    final void reopen()
    {
        if (chunks == NONE)
        {
            open(whole, (int)length);
        }
        else
        {
            open(chunks, length);
        }
    }

    final void close()
    {
        chunks = NONE;
        rest = 0;
    }

    /** True if the current array was used up and there is another one. */
    private boolean advance()
    {
        if (rest == 0)
        {
            return false;
        }
        buf = chunks.get(nextChunk);
        pos = nextFrom;
        limit = (int)Math.min(buf.length, nextFrom + rest);
        rest -= limit - pos;
        nextChunk++;
        nextFrom = 0;
        return true;
    }

    /** The bytes that are left. */
    final long remaining()
    {
        return limit - pos + rest;
    }

    /** n bytes can be read at {@link #pos} after this. */
    final void need(int n)
    {
        if (limit - pos < n)
        {
            stitch(n);
        }
    }

    /** As {@link #need(int)}; false, and nothing done, if that would be too much to copy. */
    final boolean contiguous(int n)
    {
        if (limit - pos >= n)
        {
            return true;
        }
        checked(n);
        if (n > STITCHED)
        {
            return false;
        }
        stitch(n);
        return true;
    }

    private void stitch(int n)
    {
        checked(n);
        byte[] stitched = new byte[n];
        int have = 0;
        while (true)
        {
            int part = Math.min(n - have, limit - pos);
            System.arraycopy(buf, pos, stitched, have, part);
            pos += part;
            have += part;
            if (have == n)
            {
                break;
            }
            advance();
        }
        keepTail();
        buf = stitched;
        pos = 0;
        limit = n;
    }

    /** Puts what is left of the current array back, to be read after the stitched bytes. */
    private void keepTail()
    {
        if (pos < limit)
        {
            nextChunk--;
            nextFrom = pos;
            rest += limit - pos;
        }
    }

    /** Copies memory out, however large. */
    final void raw(Object target, long address, long bytes)
    {
        checked(bytes);
        long to = address;
        for (long left = bytes; left > 0; )
        {
            if (pos == limit)
            {
                advance();
            }
            int part = (int)Math.min(left, limit - pos);
            SmallCopy.memory(buf, Primitive.BYTES_BASE + pos, target, to, part);
            pos += part;
            to += part;
            left -= part;
        }
    }

    /**
     * Called before anything of a size that the message names is allocated.
     *
     * @return n, if so many bytes are left.
     */
    final long checked(long n)
    {
        if (n < 0 || n > remaining())
        {
            throw malformed("its end: " + n + " more bytes announced, " + remaining() + " left");
        }
        return n;
    }

    /**
     * The error for bytes that make no sense.
     *
     * @param what is wrong; follows "The message is damaged at ".
     * @return a new exception.
     */
    public final UnserializableException malformed(String what)
    {
        return UnserializableException.unreadable(null, "The message is damaged at " + what + ".", null);
    }
}
