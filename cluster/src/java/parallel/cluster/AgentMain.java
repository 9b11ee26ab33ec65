package parallel.cluster;

import java.io.DataInputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

import parallel.codec.Codec;
import parallel.control.Version;
import parallel.hosts.AgentPlaces;
import parallel.process.Base;
import parallel.process.BlobStore;
import parallel.process.ThisProcess;
import parallel.relay.AgentServer;
import parallel.relay.ArrivingCode;
import parallel.relay.Streams;
import parallel.runtime.Session;
import parallel.runtime.Threads;

/**
 * An agent: starts workers on its machine for a parent on another. Its stdin begins with what it needs to know; the end
 * of stdin is the end of whoever has started it, and so of this process and its workers.
 */
public final class AgentMain
{
    /** Where its configuration cannot be read, as of sysexits.h. */
    private static final int NO_CONFIG = 78;
    private static final int NOT_LISTENING = 69;
    private static final long EXIT_MS = 2000;
    private static final int MOST_CONFIG = 1 << 20;
    /** The script that has started it says where jars are kept. */
    private static final String BLOBS = "parallel.blobs";
    private static final long MOST_CODE = 2L << 30;

    private final int number;
    private final Keys keys;
    private final String address;
    /** Of the loopback interface, where ssh forwards to it; 0: any. */
    private final int port;
    /** In a directory of its own; null: it listens on a port. */
    private final Path socket;
    private final BlobStore store;
    private final AgentPlaces places;
    private final AgentServer server;
    private final AtomicBoolean over = new AtomicBoolean();

    private AgentMain(Object[] config) throws IOException
    {
        number = (Integer)config[0];
        keys = config[1] == null ? null : Keys.decode((byte[])config[1]);
        address = (String)config[4];
        port = (Integer)config[5];
        socket = config[6] == null ? null : Path.of((String)config[6]);
        String blobs = System.getProperty(BLOBS);
        store = blobs == null ? null : new BlobStore(Path.of(blobs), MOST_CODE);
        ArrivingCode code = new ArrivingCode(store);
        places = new AgentPlaces(code);
        server = new AgentServer((byte[])config[2], (Long)config[3], places, code, this::facts, this::load, this::end);
    }

    /**
     * Started by the library only.
     *
     * @param arguments none.
     */
    public static void main(String[] arguments)
    {
        InputStream stdin = System.in;
        PrintStream stdout =
            new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        System.setIn(InputStream.nullInputStream());
        System.setOut(System.err);
        GrpcStreams.silenceLogs();
        AgentMain agent = read(stdin);
        try
        {
            agent.listen(stdout);
        }
        catch (IOException e)
        {
            System.err.println("parallel: the agent cannot listen: " + e.getMessage());
            Runtime.getRuntime().halt(NOT_LISTENING);
        }
        agent.tidy();
        agent.awaitEnd(stdin);
    }

    private void tidy()
    {
        if (store != null)
        {
            try
            {
                store.prune();
            }
            catch (IOException e)
            {
                System.err.println("parallel: old code is not removed: " + e.getMessage());
            }
        }
    }

    private static AgentMain read(InputStream stdin)
    {
        try
        {
            DataInputStream in = new DataInputStream(stdin);
            int length = in.readInt();
            if (length < 0 || length > MOST_CONFIG)
            {
                throw new IOException("a configuration of " + length + " bytes");
            }
            byte[] config = new byte[length];
            in.readFully(config);
            return new AgentMain((Object[])Codec.fromBytes(config));
        }
        catch (IOException | RuntimeException e)
        {
            System.err.println("parallel: the agent cannot read its configuration: " + e.getMessage());
            Runtime.getRuntime().halt(NO_CONFIG);
            throw new IllegalStateException(e);
        }
    }

    private void listen(PrintStream stdout) throws IOException
    {
        GrpcStreams.Listening listening = socket == null ?
            GrpcStreams.listen(port == 0 ? bindable() : InetAddress.getLoopbackAddress(), port, keys, server,
            why -> end()) : GrpcStreams.listen(madeForSocket(), whenConnected(server), why -> end());
        server.begin(Session.begin(number).loop(), listening);
        stdout.println("parallel-agent " + Version.library() + " " + Math.max(0, listening.port()) + " " + hostName() +
            " " + firstAddress());
    }

    /** Its directory is nobody else's; both are gone once the connection is there. */
    private Path madeForSocket() throws IOException
    {
        Files.createDirectory(socket.getParent(),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Runtime.getRuntime().addShutdownHook(Threads.unstarted("parallel-exit-0", this::removeSocket, e -> { }));
        return socket;
    }

    private Streams.Acceptor whenConnected(Streams.Acceptor acceptor)
    {
        AtomicBoolean first = new AtomicBoolean(true);
        return (name, stream) ->
        {
            if (first.getAndSet(false))
            {
                removeSocket();
            }
            return acceptor.accept(name, stream);
        };
    }

    private void removeSocket()
    {
        try
        {
            Files.deleteIfExists(socket);
            Files.deleteIfExists(socket.getParent());
        }
        catch (IOException e)
        {
            // somebody has put something there
        }
    }

    /** Where the address is not one of this machine's own, which may be behind another's, it listens on all. */
    private InetAddress bindable() throws IOException
    {
        InetAddress all = new InetSocketAddress(0).getAddress();
        if (address == null)
        {
            return all;
        }
        InetAddress given = InetAddress.getByName(address);
        return NetworkInterface.getByInetAddress(given) == null ? all : given;
    }

    private static String hostName()
    {
        try
        {
            return new String(Files.readAllBytes(Path.of("/proc/sys/kernel/hostname")), StandardCharsets.UTF_8).trim();
        }
        catch (IOException e)
        {
            return localHost();
        }
    }

    private static String localHost()
    {
        try
        {
            return InetAddress.getLocalHost().getHostName();
        }
        catch (IOException e)
        {
            return "localhost";
        }
    }

    private static String firstAddress() throws IOException
    {
        return NetworkInterface.networkInterfaces().flatMap(NetworkInterface::inetAddresses)
            .filter(each -> !each.isLoopbackAddress() && !each.isLinkLocalAddress()).findFirst()
            .orElse(InetAddress.getLoopbackAddress()).getHostAddress();
    }

    private Map<String, Object> facts()
    {
        Map<String, Object> facts = new HashMap<>();
        facts.put("pid", ThisProcess.pid());
        facts.put("name", hostName());
        facts.put("address", address != null ? address : hostName());
        facts.put("cores", Runtime.getRuntime().availableProcessors());
        facts.put("jdk", Runtime.version().feature());
        facts.put("java", Base.ofThisJvm(List.of(), Optional.empty()).javaCommand());
        if (store != null)
        {
            facts.put("code", System.getProperty(BLOBS));
        }
        facts.put("dir", System.getProperty("user.dir"));
        if (ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean system)
        {
            facts.put("memory-bytes", system.getTotalMemorySize());
        }
        return facts;
    }

    private Map<String, Object> load()
    {
        Map<String, Object> load = new HashMap<>();
        load.put("load", ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
        load.put("workers", server.workers());
        load.put("spares", places.spareCount());
        return load;
    }

    private void awaitEnd(InputStream stdin)
    {
        try
        {
            while (stdin.read() >= 0)
            {
                Thread.onSpinWait();
            }
            server.sayGoodbye("launcher-exit");
        }
        catch (IOException e)
        {
            // as good as its end
        }
        end();
        LockSupport.park();
    }

    /** Its workers end with it. */
    private void end()
    {
        if (over.compareAndSet(false, true))
        {
            Threads.start("parallel-exit-0", () -> System.exit(0));
            Threads.start("parallel-hooks-0", () ->
            {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(EXIT_MS));
                Runtime.getRuntime().halt(0);
            });
        }
    }
}
