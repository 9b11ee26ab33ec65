package parallel.relay;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** Both ends of a connection in one process: queues in memory with the windows of the real thing. For tests alone. */
public final class LoopStreams implements AutoCloseable
{
    private final ExecutorService engine =
        Executors.newSingleThreadExecutor(task -> new Thread(task, "parallel-loop-streams"));
    private final List<End> ends = new ArrayList<>();
    private volatile boolean lost;

    /** One end of a stream. */
    public final class End implements Stream
    {
        private final AtomicInteger room = new AtomicInteger(Streams.WINDOW);
        private final AtomicInteger ungranted = new AtomicInteger();
        private End other;
        private volatile StreamListener listener;
        private volatile boolean refused;
        private volatile boolean ended;
        /** The most that was ever sent and not granted. */
        public volatile int mostUngranted;

        @Override
        public boolean offer(byte[] frame)
        {
            if (frame.length == 0 || frame.length > Streams.FRAME_BYTES)
            {
                throw new IllegalArgumentException(frame.length + " bytes in a frame");
            }
            if (ended)
            {
                return true;        // dropped
            }
            if (room.get() == 0)
            {
                refused = true;
                if (room.get() == 0)
                {
                    return false;
                }
            }
            room.decrementAndGet();
            if (!lost)
            {
                engine.execute(() -> other.hear(frame));
            }
            return true;
        }

        private void hear(byte[] frame)
        {
            if (lost)
            {
                return;
            }
            mostUngranted = Math.max(mostUngranted, ungranted.incrementAndGet());
            listener.onFrame(frame);
        }

        @Override
        public void grant()
        {
            if (ungranted.decrementAndGet() < 0)
            {
                throw new IllegalStateException("More was granted than was heard.");
            }
            engine.execute(() ->
            {
                other.room.incrementAndGet();
                if (other.refused)
                {
                    other.refused = false;
                    other.listener.onReady();
                }
            });
        }

        @Override
        public void close()
        {
            engine.execute(() -> other.end(null));
        }

        private void end(Exception why)
        {
            ended = true;
            listener.onEnd(why);
        }

        public void listen(StreamListener itsListener)
        {
            listener = itsListener;
        }
    }

    /** The two ends of a stream; each needs {@link End#listen}. */
    public End[] stream()
    {
        End[] both = { new End(), new End() };
        both[0].other = both[1];
        both[1].other = both[0];
        ends.addAll(List.of(both));
        return both;
    }

    /** The connection breaks: nothing more is heard but the end. */
    public void lose()
    {
        lost = true;
        Exception why = new Exception("lost");
        engine.execute(() -> ends.forEach(end -> end.end(why)));
    }

    @Override
    public void close()
    {
        engine.shutdown();
    }
}
