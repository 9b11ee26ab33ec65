package parallel.transport;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Bytes to frames.
 * <pre>
 *   +0 long length of what follows, big-endian
 *   +8 the bytes
 * </pre>
 * Memory grows with what has arrived: at most one chunk is allocated ahead of it, whatever the length says.
 */
final class FrameReader
{
    static final int HEADER = 8;
    private static final int FIRST_CHUNK = 64 * 1024;
    private static final int MAX_CHUNK = 16 * 1024 * 1024;
    private static final int LARGE = 1024 * 1024;
    /** The largest array that every JVM makes. */
    private static final int MAX_BUFFER = Integer.MAX_VALUE - 8;

    private final ByteBuffer header = ByteBuffer.allocate(HEADER);
    private final List<ByteBuffer> chunks = new ArrayList<>();
    private final long maxFrame;
    private long length;
    private long left;

    FrameReader(long maxFrame)
    {
        this.maxFrame = maxFrame;
    }

    /* Takes all bytes of the source; tells the listener of each frame that is complete by then. */
    void read(ByteBuffer source, LinkListener listener) throws IOException
    {
        while (source.hasRemaining())
        {
            if (header.hasRemaining())
            {
                transfer(source, header);
                if (header.hasRemaining())
                {
                    return;
                }
                begin();
            }
            fill(source);
            if (left == 0)
            {
                deliver(listener);
            }
        }
    }

    private void begin() throws IOException
    {
        length = header.getLong(0);
        left = length;
        if (length < 0 || length > maxFrame)
        {
            throw new IOException("A control frame has a length of " + length + " bytes, at most " + maxFrame +
                " are allowed.");
        }
    }

    private void fill(ByteBuffer source) throws IOException
    {
        while (left > 0 && source.hasRemaining())
        {
            final ByteBuffer chunk = chunk();
            left -= transfer(source, chunk);
        }
    }

    private ByteBuffer chunk() throws IOException
    {
        final ByteBuffer last = chunks.isEmpty() ? null : chunks.get(chunks.size() - 1);
        if (last != null && last.hasRemaining())
        {
            return last;
        }
        final int size = last == null ? FIRST_CHUNK : Math.min(MAX_CHUNK, 2 * last.capacity());
        final ByteBuffer chunk = allocate((int)Math.min(left, size));
        chunks.add(chunk);
        return chunk;
    }

    /* For a frame that is small another thread's need is the reason, and passes. One that is large has taken the memory itself. */
    private ByteBuffer allocate(int size) throws IOException
    {
        try
        {
            return ByteBuffer.allocate(size);
        }
        catch (final OutOfMemoryError e)
        {
            if (length <= LARGE)
            {
                throw e;
            }
            chunks.clear();
            throw new IOException("There is no memory for a control frame of " + length + " bytes.", e);
        }
    }

    private static int transfer(ByteBuffer source, ByteBuffer target)
    {
        final int count = Math.min(source.remaining(), target.remaining());
        target.put(target.position(), source, source.position(), count);
        target.position(target.position() + count);
        source.position(source.position() + count);
        return count;
    }

    private void deliver(LinkListener listener) throws IOException
    {
        final List<ByteBuffer> parts = List.copyOf(chunks);
        header.clear();
        chunks.clear();
        parts.forEach(ByteBuffer::flip);
        if (length > MAX_BUFFER)
        {
            listener.onLargeFrame(parts);
        }
        else
        {
            listener.onFrame(parts.size() == 1 ? parts.get(0) : joined(parts, allocate((int)length)));
        }
    }

    static ByteBuffer joined(List<ByteBuffer> parts, int length)
    {
        return joined(parts, ByteBuffer.allocate(length));
    }

    private static ByteBuffer joined(List<ByteBuffer> parts, ByteBuffer whole)
    {
        parts.forEach(part -> whole.put(part.duplicate()));
        return whole.flip();
    }
}
