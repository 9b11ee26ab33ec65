package parallel.transport;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** One end of a link within a process: its frames are delivered by the loop's thread, in order. */
final class LocalLink implements Link
{
    private final ControlLoop loop;
    private final AtomicBoolean ended;
    private final AtomicLong queued = new AtomicLong();
    private final LinkListener own;
    private LocalLink other;

    private LocalLink(ControlLoop loop, AtomicBoolean ended, LinkListener own)
    {
        this.loop = loop;
        this.ended = ended;
        this.own = own;
    }

    static LocalLink[] pair(ControlLoop loop, LinkListener a, LinkListener b)
    {
        AtomicBoolean ended = new AtomicBoolean();
        LocalLink[] links = { new LocalLink(loop, ended, a), new LocalLink(loop, ended, b) };
        links[0].other = links[1];
        links[1].other = links[0];
        return links;
    }

    @Override
    public void send(ByteBuffer... parts)
    {
        if (ended.get())
        {
            return;
        }
        int length = 0;
        for (ByteBuffer part : parts)
        {
            length = Math.addExact(length, part.remaining());
        }
        ByteBuffer frame = FrameReader.joined(List.of(parts), length);
        int bytes = length;
        queued.addAndGet(bytes);
        try
        {
            loop.execute(() -> deliver(frame, bytes));
        }
        catch (OutOfMemoryError e)
        {
            queued.addAndGet(-bytes);
            throw e;
        }
    }

    private void deliver(ByteBuffer frame, int bytes)
    {
        queued.addAndGet(-bytes);
        if (!ended.get())
        {
            try
            {
                other.own.onFrame(frame);
            }
            catch (RuntimeException | Error e)
            {
                ControlLoop.log(e);
                ControlLoop.guarded(() -> other.own.onLost(e));
            }
        }
    }

    @Override
    public void close()
    {
        loop.execute(() -> end(null));
    }

    // On the loop's thread, once for both ends. failure: of the loop, or null.
    void end(Throwable failure)
    {
        if (ended.compareAndSet(false, true))
        {
            if (failure != null)
            {
                ControlLoop.guarded(() -> own.onLost(failure));
                ControlLoop.guarded(() -> other.own.onLost(failure));
            }
            loop.forget(this);
            loop.forget(other);
            ControlLoop.guarded(own::onEnd);
            ControlLoop.guarded(other.own::onEnd);
        }
    }

    @Override
    public long queuedBytes()
    {
        return ended.get() ? 0 : queued.get();
    }
}
