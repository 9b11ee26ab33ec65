package parallel.relay;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

import parallel.codec.Codec;
import parallel.control.Frames;
import parallel.control.Version;
import parallel.transport.ControlLoop;

/**
 * The agent: hosts workers whose parent is on another machine. It serves one connection, and the first that is said on
 * that has to be the secret; it ends when the connection does, when nothing was heard for too long, or when it is told
 * to.
 */
public final class AgentServer implements Streams.Acceptor, AutoCloseable
{
    private static final long LOOK_EVERY_MS = 200;
    /** A busy machine takes its time until the connection is there. */
    private static final long GREETING_MS = 60_000;

    private final byte[] secret;
    private final HostedPlaces places;
    private final ArrivingCode code;
    private final Supplier<Map<String, Object>> facts;
    private final Supplier<Map<String, Object>> load;
    private final Runnable whenOver;
    private final Heartbeat heartbeat;
    private final RelayLoop loop;
    private final QueuedStream host = new QueuedStream();
    private final ArrivingBulk bulks = new ArrivingBulk(host);
    private final Map<Integer, HostedWorker> workers = new ConcurrentHashMap<>();
    /** Killed before their streams were there. */
    private final Set<Integer> killed = ConcurrentHashMap.newKeySet();
    private volatile boolean greeted;
    /** What was told last of the workers of workers. */
    private byte[] below;

    /**
     * Hosts nothing yet.
     *
     * @param secret    that the other side has to know.
     * @param timeoutMs how long nothing may be heard.
     * @param places    of the workers.
     * @param code      that these are started from.
     * @param facts     what the other side is told of this machine, as codec values by name.
     * @param load      the same, of now.
     * @param whenOver  called when this is over: it ends the process and its workers. May be called more than once.
     */
    public AgentServer(byte[] secret, long timeoutMs, HostedPlaces places, ArrivingCode code,
        Supplier<Map<String, Object>> facts, Supplier<Map<String, Object>> load, Runnable whenOver)
    {
        this.code = code;
        this.secret = secret.clone();
        this.places = places;
        this.facts = facts;
        this.load = load;
        this.whenOver = whenOver;
        this.heartbeat = new Heartbeat(timeoutMs);
        this.loop = new RelayLoop(e -> whenOver.run());
    }

    /**
     * From now on it looks at its workers and at the time.
     *
     * @param ticks      runs that.
     * @param connection by which it is reached.
     */
    public void begin(ControlLoop ticks, Streams connection)
    {
        code.askedBy(sum -> host.send(RelayFrames.WANT, 0, ByteBuffer.wrap(Codec.toBytes(sum))));
        ticks.every(LOOK_EVERY_MS, () ->
        {
            workers.values().forEach(HostedWorker::look);
            lookBelow();
            heartbeat.heard(connection.heardNanos());
            if (greeted ? heartbeat.verdict() == Heartbeat.Verdict.LOST : heartbeat.silentMs() > GREETING_MS)
            {
                whenOver.run();
            }
        });
    }

    /** Tells what has changed of those that its workers have started. On one thread. */
    private void lookBelow()
    {
        byte[] now = places.below(workers.keySet());
        if (greeted && !Arrays.equals(now, below))
        {
            below = now;
            host.send(RelayFrames.BELOW, 0, ByteBuffer.wrap(now));
        }
    }

    /** Says why it ends, if anybody hears it. */
    public void sayGoodbye(String why)
    {
        host.send(RelayFrames.FINISH, 0, ByteBuffer.wrap(Codec.toBytes(why)));
    }

    /** Ends its thread, in a process that goes on without it. */
    @Override
    public void close()
    {
        loop.close();
    }

    /** How many workers it hosts. */
    public int workers()
    {
        return workers.size();
    }

    @Override
    public StreamListener accept(long name, Stream stream)
    {
        if (name == Names.HOST)
        {
            host.connect(stream);
            return new HostListener();
        }
        if (!greeted)
        {
            return null;
        }
        if (Names.isCode(name))
        {
            return code.arrive(stream);
        }
        if (Names.isBulk(name))
        {
            return bulks.arrive(Names.bulkNumber(name), stream);
        }
        int id = Names.worker(name);
        HostedWorker worker = workers.computeIfAbsent(id,
            each -> new HostedWorker(each, places, bulks, loop, () -> workers.remove(each)));
        if (killed.remove(id))
        {
            worker.kill();
        }
        return Names.isData(name) ? worker.data(stream) : worker.control(stream);
    }

    private final class HostListener implements StreamListener
    {
        private final RelayFrames.Joiner joiner = new RelayFrames.Joiner();

        @Override
        public void onFrame(byte[] frame)
        {
            ByteBuffer bytes = ByteBuffer.wrap(frame);
            heartbeat.heard();
            byte kind = RelayFrames.kind(bytes);
            if (!greeted && kind != RelayFrames.HELLO)
            {
                whenOver.run();
                return;
            }
            switch (kind)
            {
                case RelayFrames.HELLO -> greet((Object[])Codec.fromBytes(Frames.payload(bytes)));
                case RelayFrames.BEAT -> beat(Frames.number(bytes));
                case RelayFrames.MISSING -> code.missing((String)Codec.fromBytes(Frames.payload(bytes)));
                case RelayFrames.WARM -> warm(bytes);
                case RelayFrames.BULK ->
                    bulks.announced(Frames.number(bytes), (Object[])Codec.fromBytes(Frames.payload(bytes)));
                case RelayFrames.BULK_WITHDRAWN ->
                    bulks.withdrawn(Frames.number(bytes), (int[])Codec.fromBytes(Frames.payload(bytes)));
                case RelayFrames.SIGNAL -> signal((int)Frames.number(bytes), Frames.payload(bytes)[0]);
                default -> whenOver.run();
            }
            host.grant();
        }

        private void beat(long number)
        {
            host.send(RelayFrames.BEAT, number,
                ByteBuffer.wrap(Codec.toBytes(new Object[]{ System.nanoTime(), load.get() })));
        }

        private void warm(ByteBuffer frame)
        {
            List<ByteBuffer> whole = joiner.add(frame);
            if (whole != null)
            {
                Object[] what = (Object[])Codec.fromBytes(RelayFrames.joined(whole.toArray(ByteBuffer[]::new)));
                places.keepSpares((byte[])what[0], (Integer)what[1]);
            }
        }

        @Override
        public void onReady()
        {
            host.flush();
        }

        @Override
        public void onEnd(Throwable why)
        {
            code.close();
            bulks.close();
            whenOver.run();
        }
    }

    private void greet(Object[] hello)
    {
        greeted = MessageDigest.isEqual(secret, (byte[])hello[0]) && Version.library().equals(hello[1]);
        if (greeted)
        {
            host.send(RelayFrames.FACTS, 0, ByteBuffer.wrap(Codec.toBytes(facts.get())));
        }
        else
        {
            whenOver.run();
        }
    }

    private void signal(int id, byte which)
    {
        HostedWorker worker = workers.get(id);
        if (worker == null)
        {
            killed.add(id);
        }
        else if (which == RelayFrames.TERMINATE)
        {
            worker.terminate();
        }
        else
        {
            worker.kill();
        }
    }
}
