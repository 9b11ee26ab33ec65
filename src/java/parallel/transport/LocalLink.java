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
        final AtomicBoolean ended = new AtomicBoolean();
        final LocalLink[] links = { new LocalLink(loop, ended, a), new LocalLink(loop, ended, b) };
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
        for (final ByteBuffer part : parts)
        {
            length = Math.addExact(length, part.remaining());
        }
        final ByteBuffer frame = FrameReader.joined(List.of(parts), length);
        final int bytes = length;
        queued.addAndGet(bytes);
        loop.execute(() -> deliver(frame, bytes));
    }

    private void deliver(ByteBuffer frame, int bytes)
    {
        queued.addAndGet(-bytes);
        if (!ended.get())
        {
            other.own.onFrame(frame);
        }
    }

    @Override
    public void close()
    {
        loop.execute(this::end);
    }

    /* On the loop's thread, once for both ends. */
    void end()
    {
        if (ended.compareAndSet(false, true))
        {
            loop.forget(this);
            loop.forget(other);
            ControlLoop.guarded(own::onEnd);
            ControlLoop.guarded(other.own::onEnd);
        }
    }

    @Override
    public long queuedBytes()
    {
        return queued.get();
    }
}
