package parallel.codec;

import java.util.ArrayList;
import java.util.List;

import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A message as bytes, in chunks: no more is allocated than has arrived and one chunk, whatever length was announced.
 */
final class BytesMessage extends Message
{
    private static final int FIRST_CHUNK = 64 * 1024;
    private static final int MAX_CHUNK = 16 * 1024 * 1024;

    private final Decoder decoder = new Decoder();
    private final List<byte[]> full = new ArrayList<>(0);
    private byte[] chunk;
    private int filled;
    private long length;
    private long arrived;
    private boolean inUse;
    /** A long, which was read where it lay. */
    private boolean isLong;
    private long number;

    BytesMessage(long length)
    {
        this.length = length;
        this.chunk = new byte[(int)Math.min(length, FIRST_CHUNK)];
        this.inUse = true;
    }

    /** For messages of at most this buffer's size, one after the other. */
    BytesMessage(byte[] reused)
    {
        chunk = reused;
    }

    boolean isInUse()
    {
        return inUse;
    }

    /** Begins the next message in the same buffer. */
    void reuse(int messageLength)
    {
        if (chunk.length < messageLength)
        {
            chunk = new byte[Math.max(messageLength, Math.min(FIRST_CHUNK, 2 * chunk.length))];
        }
        length = messageLength;
        arrived = 0;
        filled = 0;
        isLong = false;
        inUse = true;
    }

    /** Becomes a long, whose message had so many bytes. */
    void reuse(long value, int messageLength)
    {
        length = messageLength;
        arrived = messageLength;
        filled = 0;
        isLong = true;
        number = value;
        inUse = true;
    }

    @Override
    public void append(DirectBuffer source, int index, int count)
    {
        if (arrived + count > length)
        {
            throw new IndexOutOfBoundsException(arrived + count + " of " + length + " bytes");
        }
        if (count <= SmallCopy.MAX && count <= chunk.length - filled)
        {
            SmallCopy.get(source, index, chunk, filled, count);
            filled += count;
            arrived += count;
        }
        else
        {
            appendParts(source, index, count);
        }
    }

    private void appendParts(DirectBuffer source, int index, int count)
    {
        int from = index;
        for (int left = count; left > 0; )
        {
            if (filled == chunk.length)
            {
                nextChunk();
            }
            int part = Math.min(left, chunk.length - filled);
            source.getBytes(from, chunk, filled, part);
            filled += part;
            arrived += part;
            from += part;
            left -= part;
        }
    }

    private void nextChunk()
    {
        full.add(chunk);
        try
        {
            chunk = new byte[(int)Math.min(length - arrived, Math.min(MAX_CHUNK, Math.max(FIRST_CHUNK, arrived / 2)))];
        }
        catch (OutOfMemoryError e)
        {
            full.clear();
            chunk = new byte[0];
            throw tooLarge(length, e);
        }
        filled = 0;
    }

    static UnserializableException tooLarge(long length, OutOfMemoryError e)
    {
        return UnserializableException.unreadable(null, "A message of " + length +
            " bytes does not fit into the heap of this JVM, of " +
            Runtime.getRuntime().maxMemory() + " bytes at most: send it in parts, or give the JVM more with -Xmx.", e);
    }

    private void open()
    {
        if (full.isEmpty())
        {
            decoder.open(chunk, filled);
        }
        else
        {
            full.add(chunk);
            decoder.open(full, arrived);
        }
    }

    @Override
    public Object decode()
    {
        if (isLong)
        {
            inUse = false;
            return number;
        }
        open();
        try
        {
            return decoder.readAll(null, false);
        }
        finally
        {
            inUse = false;
        }
    }

    @Override
    boolean fits(Target target)
    {
        ArrayHeader header = header();
        return header != null && target.takes(header.kind(), header.count());
    }

    @Override
    int copyInto(Target target)
    {
        ArrayHeader header = header();
        Primitive kind = header.kind();
        open();
        decoder.need(header.bytes());
        decoder.pos += header.bytes();
        decoder.raw(target.memory(), target.address(), kind.bytes(header.count()));
        kind.fromWire(target.memory(), header.count());
        inUse = false;
        return header.count();
    }

    private ArrayHeader header()
    {
        if (isLong)
        {
            return null;
        }
        byte[] first = full.isEmpty() ? chunk : full.get(0);
        return ArrayHeader.parse(length, new UnsafeBuffer(first), 0, (int)Math.min(first.length, arrived));
    }

    @Override
    public long length()
    {
        return length;
    }
}
