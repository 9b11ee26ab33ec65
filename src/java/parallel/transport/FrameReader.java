package parallel.transport;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

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
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
    /** The largest array that every JVM makes. */
    private static final int MAX_BUFFER = Integer.MAX_VALUE - 8;

    /** What the listener hears of a frame for which there was no memory. */
    private static final int BEGINNING = 64;
    private static final int TRIES = 5;

    private final ByteBuffer header = ByteBuffer.allocate(HEADER);
    private final ByteBuffer beginning = ByteBuffer.allocate(BEGINNING);
    private final List<ByteBuffer> chunks = new ArrayList<>();
    private final long maxFrame;
    private long length;
    private long left;
    /** The rest of this frame is skipped: there was no memory for it. */
    private OutOfMemoryError unread;

    FrameReader(long maxFrame)
    {
        this.maxFrame = maxFrame;
    }

    // Takes all bytes of the source; tells the listener of each frame that is complete by then.
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
        unread = null;
        beginning.clear();
        if (length < 0 || length > maxFrame)
        {
            throw new IOException("A control frame has a length of " + length + " bytes, at most " + maxFrame +
                " are allowed.");
        }
    }

    private void fill(ByteBuffer source)
    {
        while (left > 0 && source.hasRemaining())
        {
            if (length - left < BEGINNING)
            {
                transfer(source.duplicate(), beginning);
            }
            ByteBuffer chunk = unread == null ? chunk() : null;
            left -= chunk == null ? skip(source) : transfer(source, chunk);
        }
    }

    private int skip(ByteBuffer source)
    {
        int count = (int)Math.min(left, source.remaining());
        source.position(source.position() + count);
        return count;
    }

    // Null: there is no memory for it.
    private ByteBuffer chunk()
    {
        ByteBuffer last = chunks.isEmpty() ? null : chunks.get(chunks.size() - 1);
        if (last != null && last.hasRemaining())
        {
            return last;
        }
        int size = last == null ? FIRST_CHUNK : Math.min(MAX_CHUNK, 2 * last.capacity());
        ByteBuffer chunk = allocate((int)Math.min(left, size));
        try
        {
            if (chunk != null)
            {
                chunks.add(chunk);
            }
            return chunk;
        }
        catch (OutOfMemoryError e)
        {
            return none(e);
        }
    }

    // A frame that is large has taken the memory itself. For a small one the need of another thread is the reason, and
    // passes.
    private ByteBuffer allocate(int size)
    {
        for (int i = 1;; i++)
        {
            try
            {
                return ByteBuffer.allocate(size);
            }
            catch (OutOfMemoryError e)
            {
                if (length > LARGE || i == TRIES)
                {
                    return none(e);
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }

    private ByteBuffer none(OutOfMemoryError e)
    {
        unread = e;
        chunks.clear();
        return null;
    }

    private static int transfer(ByteBuffer source, ByteBuffer target)
    {
        int count = Math.min(source.remaining(), target.remaining());
        target.put(target.position(), source, source.position(), count);
        target.position(target.position() + count);
        source.position(source.position() + count);
        return count;
    }

    private void deliver(LinkListener listener)
    {
        header.clear();
        if (unread == null && length > MAX_BUFFER)
        {
            listener.onLargeFrame(taken());
            return;
        }
        ByteBuffer frame = unread == null ? whole() : null;
        if (frame != null)
        {
            listener.onFrame(frame);
        }
        else
        {
            listener.onUnread(beginning.flip(), length, unread);
        }
    }

    private List<ByteBuffer> taken()
    {
        List<ByteBuffer> parts = List.copyOf(chunks);
        chunks.clear();
        parts.forEach(ByteBuffer::flip);
        return parts;
    }

    // Null: there is no memory for it.
    private ByteBuffer whole()
    {
        try
        {
            if (chunks.size() == 1)
            {
                return taken().get(0);
            }
            ByteBuffer whole = allocate((int)length);
            return whole == null ? null : joined(taken(), whole);
        }
        catch (OutOfMemoryError e)
        {
            return none(e);
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
