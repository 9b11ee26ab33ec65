package parallel.hosts;

import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;

import parallel.codec.Codec;
import parallel.control.Errors;
import parallel.control.Frames;
import parallel.control.Version;
import parallel.place.Bases;
import parallel.place.HelperProcess;
import parallel.process.Blob;
import parallel.process.Output;
import parallel.relay.RelayFrames;
import parallel.runtime.Session;
import parallel.runtime.Threads;
import parallel.transport.Link;
import parallel.transport.LinkListener;

/**
 * The process that holds the connections to all hosts of this session, as this process sees it. The engine lives there,
 * and goes on with its heartbeats while this process stands at a breakpoint. Safe from any thread.
 */
final class LinkJvm implements LinkListener
{
    /** A resource of the artifact that has the engine: which classes are the main ones. */
    private static final String ENGINE = "META-INF/parallel-engine";
    /** Small: it copies bytes. It encrypts them as well, for which HotSpot has AES instructions in C2 alone. */
    private static final List<String> JVM_OPTS = List.of("-Xmx96m", "-XX:+UseSerialGC",
        "--enable-native-access=ALL-UNNAMED");
    private static final long START_MS = 30_000;
    private static final long EXIT_MS = 5_000;
    private static final long WATCH_EVERY_MS = 500;
    /** It says that a host is silent or lost a moment after it is. */
    private static final long ANSWER_MS = 1_000;
    private static final AtomicReference<LinkJvm> WATCHED = new AtomicReference<>();
    private static final System.Logger LOG = System.getLogger("parallel");

    private final Map<Integer, HostHandle> hosts = new ConcurrentHashMap<>();
    private final Map<Integer, RemotePlace> places = new ConcurrentHashMap<>();
    private final Set<Blob> offered = ConcurrentHashMap.newKeySet();
    private final CountDownLatch released = new CountDownLatch(1);
    private volatile HelperProcess process;
    private volatile Link link;
    private volatile boolean isGone;
    private volatile boolean heard;
    /** Of the watch alone: how often in a row nothing was heard. */
    private int quiet;

    private LinkJvm()
    {
    }

    /**
     * Starts it; blocks until it is connected.
     *
     * @throws parallel.ParallelException with BAD_ARGUMENT if there is no engine on the class path.
     */
    static LinkJvm start() throws IOException, TimeoutException, InterruptedException
    {
        Properties engine = engine();
        LinkJvm jvm = new LinkJvm();
        jvm.process = HelperProcess.start(engine.getProperty("main"), Bases.ofThisJvm(), JVM_OPTS, jvm, LinkJvm::log,
            System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(START_MS));
        jvm.link = jvm.process.link();
        watch(jvm);
        return jvm;
    }

    // ---- a process that stands still

    private static void watch(LinkJvm jvm)
    {
        if (WATCHED.getAndSet(jvm) == null)
        {
            Session.current().loop().every(WATCH_EVERY_MS, () -> WATCHED.get().look());
        }
    }

    /**
     * While a host is up something is said at least once in its time-out, if only that it is silent. Where that does
     * not come its agent has given up. What counts is how often this has looked, not the time: this process may stand
     * still, too.
     */
    private void look()
    {
        long patience = hosts.values().stream().filter(HostHandle::isUsable).mapToLong(HostHandle::timeoutMs).max()
            .orElse(Long.MAX_VALUE - ANSWER_MS) + ANSWER_MS;
        quiet = heard ? 0 : quiet + 1;
        heard = false;
        if (quiet * WATCH_EVERY_MS > patience && !isGone)
        {
            process.kill();
        }
    }

    /** Throws BAD_ARGUMENT if hosts cannot be had. */
    static Properties engine()
    {
        Properties engine = new Properties();
        try
        {
            ClassLoader loader = Thread.currentThread().getContextClassLoader();
            Enumeration<URL> found =
                (loader == null ? ClassLoader.getSystemClassLoader() : loader).getResources(ENGINE);
            if (!found.hasMoreElements())
            {
                throw Errors.badArgument("Hosts need the artifact io.github.parallel-jvm/parallel-cluster of the " +
                    "same version on the class path: {:deps {io.github.parallel-jvm/parallel-cluster {:mvn/version \"" +
                    Version.library() + "\"}}}.");
            }
            engine.load(new InputStreamReader(found.nextElement().openStream(), StandardCharsets.UTF_8));
        }
        catch (IOException e)
        {
            throw new UncheckedIOException(e);
        }
        return engine;
    }

    private static void log(Output.Stream stream, int id, String line)
    {
        LOG.log(System.Logger.Level.WARNING, "The process that holds the hosts: " + line);
    }

    boolean isGone()
    {
        return isGone;
    }

    void send(ByteBuffer... frame)
    {
        Link connected = link;
        if (connected != null)
        {
            connected.send(frame);
        }
    }

    Link link()
    {
        return link;
    }

    long queuedBytes()
    {
        return link.queuedBytes();
    }

    // ---- hosts

    void add(HostHandle host, byte[] how)
    {
        hosts.put(host.number(), host);
        send(Frames.frame(RelayFrames.ADD, host.number(), how));
        if (isGone)
        {
            host.gone("link-died", 0);
        }
    }

    void remove(HostHandle host)
    {
        send(Frames.frame(RelayFrames.REMOVE, host.number()));
    }

    void forget(HostHandle host)
    {
        hosts.remove(host.number());
    }

    // ---- workers

    /** Agents may ask for these jars. */
    void offer(List<Blob> blobs)
    {
        List<String> each = new ArrayList<>();
        for (Blob blob : blobs)
        {
            if (offered.add(blob))
            {
                each.addAll(List.of(blob.sum(), blob.file().toString()));
            }
        }
        if (!each.isEmpty())
        {
            send(Frames.frame(RelayFrames.OFFER, 0, Codec.toBytes(each.toArray())));
        }
    }

    void play(RemotePlace place, int host)
    {
        places.put(place.id(), place);
        byte[] how = Codec.toBytes(new Object[]{ host, place.channel().pair().handOn() });
        send(Frames.frame(RelayFrames.PLAY, place.id(), how));
        if (isGone)
        {
            place.end(Map.of("lost", "link-died"));
        }
    }

    void drop(RemotePlace place)
    {
        if (places.remove(place.id()) != null)
        {
            send(Frames.frame(RelayFrames.DROP, place.id()));
        }
    }

    // ---- what it says, on the thread of the control loop

    @Override
    @SuppressWarnings("unchecked")  // as the link process has put them
    public void onFrame(ByteBuffer frame)
    {
        heard = true;
        int number = (int)Frames.number(frame);
        byte kind = RelayFrames.kind(frame);
        if (kind < RelayFrames.ADD)
        {
            RemotePlace place = places.get(number);
            if (place != null)
            {
                place.heard(frame);
            }
            return;
        }
        HostHandle host = hosts.get(number);
        if (host != null)
        {
            host.heard(kind, (Map<String, Object>)Codec.fromBytes(Frames.payload(frame)));
        }
    }

    @Override
    public void onEnd()
    {
        isGone = true;
        hosts.values().forEach(host -> host.gone("link-died", 0));
        places.values().forEach(place -> place.end(Map.of("lost", "link-died")));
        Threads.start("parallel-link-end-0", this::release);
    }

    /** Of one that ends or has ended; once. */
    private void release()
    {
        try
        {
            process.end(EXIT_MS);
        }
        catch (InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
        finally
        {
            released.countDown();
        }
    }

    /** Ends it, and with it all agents that are left; blocks until it is gone. */
    void close() throws InterruptedException
    {
        link.close();
        released.await();
    }
}
