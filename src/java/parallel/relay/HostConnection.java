package parallel.relay;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import parallel.codec.Codec;
import parallel.control.Frames;
import parallel.control.Version;
import parallel.runtime.Threads;
import parallel.transport.Link;

/**
 * A host, as the link process sees it: its connection, its heartbeat, and what the parent is told of it. Its end is
 * told once.
 */
final class HostConnection implements StreamListener
{
    /** Why a host is gone that was removed. */
    private static final String CLOSED = "closed";

    /** Hears why its workers are lost. */
    interface Gone
    {
        void gone(String why, long silentMs);
    }

    private final int number;
    private final Link root;
    private final HostConnector.Connected connected;
    private final Heartbeat heartbeat;
    private final FarClock clock = new FarClock();
    private final QueuedStream stream = new QueuedStream();
    private final RelayFrames.Joiner joiner = new RelayFrames.Joiner();
    private final CountDownLatch told = new CountDownLatch(1);
    private final OfferedCode offers;
    /** Messages that the agent has not asked for yet: their files. */
    private final Map<Long, Path> bulks = new ConcurrentHashMap<>();
    private final Gone gone;
    private final Runnable closed;
    private volatile Streams streams;
    private volatile byte[] facts;
    private Heartbeat.Verdict state = Heartbeat.Verdict.HEARD;
    private boolean ended;
    private volatile String goodbye;

    /**
     * A host that is connected, of which nothing was heard yet.
     *
     * @param gone   called once with why, before the parent is told of the end: its workers are lost.
     * @param closed called last, once nothing of it is left.
     */
    HostConnection(int number, HostConnector.Connected connected, Link root, OfferedCode offers, Gone gone,
        Runnable closed)
    {
        this.offers = offers;
        this.number = number;
        this.connected = connected;
        this.root = root;
        this.gone = gone;
        this.closed = closed;
        this.heartbeat = new Heartbeat(connected.timeoutMs());
    }

    /** Says who we are, and waits for what the agent tells of its machine. */
    void greet(long timeoutMs) throws InterruptedException, TimeoutException
    {
        streams = connected.streams(() -> end(null));
        stream.connect(streams.open(Names.HOST, this));
        stream.send(RelayFrames.HELLO, number,
            ByteBuffer.wrap(Codec.toBytes(new Object[]{ connected.secret(), Version.library() })));
        if (!told.await(timeoutMs, TimeUnit.MILLISECONDS) || facts == null)
        {
            throw new TimeoutException("Its agent has connected, and has sent nothing. Add the host again.");
        }
        synchronized (this)     // that it is up is said before that it is gone, or not at all
        {
            if (ended)
            {
                throw new TimeoutException("Its agent ended as soon as it was up.");
            }
            send(RelayFrames.UP, facts);
        }
    }

    Streams streams()
    {
        return streams;
    }

    synchronized boolean isGone()
    {
        return ended;
    }

    @Override
    public void onFrame(byte[] frame)
    {
        ByteBuffer bytes = ByteBuffer.wrap(frame);
        heartbeat.heard();
        switch (RelayFrames.kind(bytes))
        {
            case RelayFrames.FACTS -> told(Frames.payload(bytes));
            case RelayFrames.BEAT -> beat(Frames.number(bytes), Frames.payload(bytes));
            case RelayFrames.BELOW -> below(bytes);
            case RelayFrames.WANT -> sendCode((String)Codec.fromBytes(Frames.payload(bytes)));
            case RelayFrames.BULK_WANTED -> sendBulk(Frames.number(bytes));
            case RelayFrames.BULK_IS -> bulkIs(Frames.number(bytes), Codec.fromBytes(Frames.payload(bytes)));
            case RelayFrames.FINISH -> goodbye = (String)Codec.fromBytes(Frames.payload(bytes));
            default -> end("connection");
        }
        stream.grant();
    }

    private void told(byte[] payload)
    {
        facts = payload;
        told.countDown();
    }

    /** An agent gets what was offered, and nothing else of this machine. */
    private void sendCode(String sum)
    {
        if (!offers.send(sum, streams))
        {
            stream.send(RelayFrames.MISSING, number, ByteBuffer.wrap(Codec.toBytes(sum)));
        }
    }

    /** A message of the parent's for several workers, which lies in a file. */
    void bulk(Object[] what)
    {
        long message = (Long)what[0];
        bulks.put(message, Path.of((String)what[1]));
        stream.send(RelayFrames.BULK, message, ByteBuffer.wrap(Codec.toBytes(new Object[]{ what[2], what[3] })));
    }

    void withdrawBulk(Object[] what)
    {
        stream.send(RelayFrames.BULK_WITHDRAWN, (Long)what[0], ByteBuffer.wrap(Codec.toBytes(what[1])));
    }

    private void sendBulk(long message)
    {
        Path file = bulks.remove(message);
        if (file != null)
        {
            SentFile.send("parallel-bulk-" + message, file, null, Names.bulk(message), streams);
        }
    }

    private void bulkIs(long message, Object what)
    {
        bulks.remove(message);
        send(RelayFrames.BULK_IS, Codec.toBytes(Map.of("message", message, "is", what)));
    }

    private void beat(long sentNanos, byte[] load)
    {
        if (load.length > 0)
        {
            Object[] there = (Object[])Codec.fromBytes(load);
            long now = System.nanoTime();
            clock.heard(sentNanos, now, (Long)there[0]);
            send(RelayFrames.STATE, Codec.toBytes(Map.of("rtt-us", (now - sentNanos) / 1000,
                "clock-ns", clock.shiftNanos(), "now", there[1])));
        }
    }

    private void below(ByteBuffer frame)
    {
        List<ByteBuffer> whole = joiner.add(frame);
        if (whole != null)
        {
            send(RelayFrames.BELOW, RelayFrames.joined(whole.toArray(ByteBuffer[]::new)));
        }
    }

    @Override
    public void onReady()
    {
        stream.flush();
    }

    @Override
    public void onEnd(Throwable why)
    {
        told.countDown();
    }

    /** Each {@link Heartbeat#EVERY_MS}. */
    void tick()
    {
        heartbeat.heard(streams.heardNanos());
        Heartbeat.Verdict now = heartbeat.verdict();
        if (now == Heartbeat.Verdict.LOST)
        {
            end("silent");
        }
        else
        {
            stream.send(RelayFrames.BEAT, System.nanoTime());
            if (now != state)
            {
                state = now;
                send(RelayFrames.STATE, Codec.toBytes(Map.of("silent", now == Heartbeat.Verdict.SILENT)));
            }
        }
    }

    void signal(int worker, byte[] which)
    {
        stream.send(RelayFrames.SIGNAL, worker, ByteBuffer.wrap(which));
    }

    void warm(byte[] what)
    {
        stream.send(RelayFrames.WARM, 0, ByteBuffer.wrap(what));
    }

    /** The parent does not want it any more; its workers have ended. */
    void finish()
    {
        stream.send(RelayFrames.FINISH, 0);
        end(CLOSED);
    }

    /** @param why null: the launcher may know. */
    private void end(String why)
    {
        long silentMs = heartbeat.silentMs();
        synchronized (this)
        {
            if (ended)
            {
                return;
            }
            ended = true;
        }
        told.countDown();
        Threads.start("parallel-host-end-" + number, () -> conclude(why, silentMs));
    }

    private void conclude(String why, long silentMs)
    {
        String known = why != null ? why : goodbye != null ? goodbye : connected.whyLost();
        byte[] what = Codec.toBytes(Map.of("why", known, "silent-ms", silentMs));
        gone.gone(known, silentMs);
        if (!known.equals(CLOSED))
        {
            send(RelayFrames.GONE, what);
        }
        connected.close();
        if (known.equals(CLOSED))
        {
            send(RelayFrames.GONE, what);   // its agent is gone by then
        }
        closed.run();
    }

    private void send(byte kind, byte[] payload)
    {
        root.send(Frames.frame(kind, number, payload));
    }
}
