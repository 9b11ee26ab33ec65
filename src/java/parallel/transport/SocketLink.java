package parallel.transport;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.Arrays;

/** A link over a socket. Any thread writes what the socket takes; the loop's thread writes the rest, and reads. */
final class SocketLink implements Link
{
    /** A gathering write of heap buffers copies them once more, and the JDK keeps that copy: not too much at a time. */
    private static final int WRITE_BYTES = 128 * 1024;
    private static final int WRITE_PARTS = 16;

    private final ControlLoop loop;
    private final SocketChannel socket;
    private final LinkListener listener;
    private final FrameReader reader;

    /** Guarded by this. */
    private final ArrayDeque<ByteBuffer> queue = new ArrayDeque<>();
    private long queuedBytes;
    private boolean closed;
    private SelectionKey key;

    /** Of the loop's thread. */
    private boolean ended;

    SocketLink(ControlLoop loop, SocketChannel socket, LinkListener listener, long maxFrame)
    {
        this.loop = loop;
        this.socket = socket;
        this.listener = listener;
        this.reader = new FrameReader(maxFrame);
    }

    @Override
    public synchronized void send(ByteBuffer... parts)
    {
        if (closed)
        {
            return;
        }
        boolean idle = queue.isEmpty();
        enqueue(parts);
        if (idle)
        {
            flushOrEnd();
        }
    }

    private void enqueue(ByteBuffer[] parts)
    {
        ByteBuffer header = ByteBuffer.allocate(FrameReader.HEADER);
        int before = queue.size();
        long length = 0;
        try
        {
            queue.addLast(header);
            for (ByteBuffer part : parts)
            {
                if (part.hasRemaining())
                {
                    length += part.remaining();
                    queue.addLast(part.duplicate());
                }
            }
        }
        catch (OutOfMemoryError e)
        {
            takeBack(before);
            throw e;
        }
        header.putLong(0, length);
        queuedBytes += header.remaining() + length;
    }

    // Half a frame in the queue would be the end of the stream.
    private void takeBack(int size)
    {
        while (queue.size() > size)
        {
            queue.removeLast();
        }
    }

    private void flushOrEnd()
    {
        try
        {
            flush();
        }
        catch (IOException e)
        {
            // The other end is gone.
            loop.execute(() -> end(null));
        }
        catch (OutOfMemoryError e)
        {
            // What is in the queue is sent when the loop finds the socket writable; a moment later if it is so now.
            watch();
            loop.pauseHere();
        }
    }

    // Writes what the socket takes; the rest when the loop finds it writable.
    private void flush() throws IOException
    {
        while (!queue.isEmpty())
        {
            ByteBuffer[] views = views();
            long wanted = 0;
            for (ByteBuffer view : views)
            {
                wanted += view.remaining();
            }
            long written = socket.write(views);
            consume(written);
            if (written < wanted)
            {
                break;
            }
        }
        watch();
    }

    private ByteBuffer[] views()
    {
        ByteBuffer[] views = new ByteBuffer[Math.min(WRITE_PARTS, queue.size())];
        int bytes = 0;
        int n = 0;
        for (ByteBuffer part : queue)
        {
            if (n == views.length || bytes == WRITE_BYTES)
            {
                break;
            }
            ByteBuffer view = part.slice(part.position(), Math.min(part.remaining(), WRITE_BYTES - bytes));
            bytes += view.remaining();
            views[n++] = view;
        }
        return n == views.length ? views : Arrays.copyOf(views, n);
    }

    private void consume(long written)
    {
        queuedBytes -= written;
        for (long left = written; left > 0;)
        {
            ByteBuffer part = queue.peekFirst();
            int step = (int)Math.min(left, part.remaining());
            part.position(part.position() + step);
            left -= step;
            if (!part.hasRemaining())
            {
                queue.pollFirst();
            }
        }
    }

    private void watch()
    {
        if (key == null || !key.isValid())
        {
            return;
        }
        int wanted = SelectionKey.OP_READ | (queue.isEmpty() ? 0 : SelectionKey.OP_WRITE);
        if (key.interestOps() != wanted)
        {
            key.interestOps(wanted);
            loop.wake();
        }
    }

    @Override
    public void close()
    {
        synchronized (this)
        {
            closed = true;
        }
        loop.execute(() -> end(null));
    }

    @Override
    public synchronized long queuedBytes()
    {
        return queuedBytes;
    }

    // ---- on the loop's thread

    void register(Selector selector)
    {
        synchronized (this)
        {
            try
            {
                key = socket.register(selector, SelectionKey.OP_READ, this);
                watch();
                return;
            }
            catch (IOException e)
            {
                // Closed before it began.
            }
        }
        end(null);
    }

    void ready(SelectionKey ready, ByteBuffer scratch)
    {
        if (ready.isValid() && ready.isWritable())
        {
            synchronized (this)
            {
                flushOrEnd();
            }
        }
        if (ready.isValid() && ready.isReadable())
        {
            read(scratch);
        }
    }

    private void read(ByteBuffer scratch)
    {
        scratch.clear();
        int count;
        try
        {
            count = socket.read(scratch);
        }
        catch (IOException e)
        {
            end(null);
            return;
        }
        if (count < 0)
        {
            end(null);
            return;
        }
        scratch.flip();
        deliver(scratch);
    }

    private void deliver(ByteBuffer bytes)
    {
        while (bytes.hasRemaining() && !ended)
        {
            try
            {
                reader.read(bytes, listener);
            }
            catch (IOException e)
            {
                ControlLoop.guarded(() -> listener.onError(e));
                end(null);
            }
            catch (RuntimeException | Error e)
            {
                ControlLoop.log(e);
                ControlLoop.guarded(() -> listener.onLost(e));
            }
        }
    }

    // Once: closes the socket and tells the listener. failure: of the loop, or null.
    void end(Throwable failure)
    {
        if (ended)
        {
            return;
        }
        ended = true;
        if (failure != null)
        {
            ControlLoop.guarded(() -> listener.onLost(failure));
        }
        synchronized (this)
        {
            closed = true;
            queue.clear();
            queuedBytes = 0;
        }
        try
        {
            socket.close();
        }
        catch (IOException e)
        {
            // It is gone in any case.
        }
        loop.forget(this);
        ControlLoop.guarded(listener::onEnd);
    }
}
