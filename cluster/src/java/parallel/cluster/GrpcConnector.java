package parallel.cluster;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import parallel.codec.Codec;
import parallel.hosts.AgentCommand;
import parallel.hosts.AgentLaunch;
import parallel.hosts.SrunCommand;
import parallel.hosts.SshCommand;
import parallel.process.Base;
import parallel.process.Blob;
import parallel.process.Blobs;
import parallel.process.ClassPath;
import parallel.relay.HostConnector;
import parallel.relay.HostNotAddedException;
import parallel.relay.Streams;
import parallel.runtime.Session;

/**
 * Starts agents by commands, and connects to them by gRPC: over a socket that ssh forwards, or over TLS with keys that
 * exist in memory alone.
 */
final class GrpcConnector implements HostConnector
{
    private static final int SECRET_BYTES = 32;
    private static final int NAME_BYTES = 16;
    /** Ports that are tried where ssh forwards to one: such as no service has by custom. */
    private static final int FIRST_PORT = 20_000;
    private static final int PORTS = 12_000;
    private static final int TRIES = 4;
    private static final long WHY_MS = 1000;
    private static final SecureRandom RANDOM = new SecureRandom();
    /** Of an agent: it copies bytes. It encrypts them as well, for which HotSpot has AES instructions in C2 alone. */
    private static final List<String> JVM_OPTS = List.of("-XX:-UsePerfData", "-Xmx96m", "-XX:+UseSerialGC",
        "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED", "--enable-native-access=ALL-UNNAMED");

    /** What is between an agent and this process. */
    private record Way(int number, Map<String, Object> how, int port, Path local, String remote)
    {
        /** A name that nobody guesses, or a port that is free, as a rule. */
        static Way of(int number, Map<String, Object> how)
        {
            boolean isSsh = how.get("ssh") != null;
            boolean isTcp = isSsh && how.get("forward") != null;
            byte[] random = new byte[NAME_BYTES];
            RANDOM.nextBytes(random);
            return new Way(number, how, isTcp ? FIRST_PORT + RANDOM.nextInt(PORTS) : 0,
                isSsh ? Session.current().directory().sockets().resolve("h" + number + ".s") : null,
                isSsh && !isTcp ? "/tmp/parallel-" + HexFormat.of().formatHex(random) + "/s" : null);
        }

        boolean hasKeys()
        {
            return remote == null;
        }

        @SuppressWarnings("unchecked")  // as the parent has put them
        SshCommand ssh()
        {
            return local == null ? null : new SshCommand((String)how.get("ssh"), (List<String>)how.get("ssh-opts"),
                local.toString(), remote != null ? remote : "127.0.0.1:" + port);
        }

        @SuppressWarnings("unchecked")  // as the parent has put them
        AgentCommand command()
        {
            SshCommand ssh = ssh();
            return ssh != null ? ssh :
                how.get("slurm") instanceof List<?> node ?
                new SrunCommand((String)node.get(0), (String)node.get(1)) :
                new AgentCommand.Plain((List<String>)how.get("start"));
        }

        void removeLocal()
        {
            try
            {
                if (local != null)
                {
                    Files.deleteIfExists(local);
                }
            }
            catch (IOException e)
            {
                // it goes with its directory
            }
        }
    }

    @Override
    @SuppressWarnings("unchecked")  // as the parent has put them
    public Connected connect(int number, byte[] bytes) throws HostNotAddedException, InterruptedException
    {
        Map<String, Object> how = (Map<String, Object>)Codec.fromBytes(bytes);
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos((Long)how.get("start-timeout-ms"));
        for (int i = 1;; i++)
        {
            Way way = Way.of(number, how);
            try
            {
                return connect(way, deadline);
            }
            catch (PortTakenException e)
            {
                if (i == TRIES)
                {
                    throw new HostNotAddedException(e.getMessage(), Map.of(), e);
                }
            }
            finally
            {
                way.removeLocal();
            }
        }
    }

    /** Somebody else has the port that was chosen for its agent. */
    private static final class PortTakenException extends Exception
    {
        private static final long serialVersionUID = 1;

        PortTakenException(Exception cause)
        {
            super(cause.getMessage(), cause);
        }
    }

    private static Connected connect(Way way, long deadline)
        throws HostNotAddedException, InterruptedException, PortTakenException
    {
        byte[] secret = new byte[SECRET_BYTES];
        RANDOM.nextBytes(secret);
        List<Keys> keys = way.hasKeys() ?
            Keys.pair("link of host " + way.number(), "agent of host " + way.number()) : null;
        AgentLaunch launch = AgentLaunch.start(plan(way, message(way, keys, secret)));
        boolean connected = false;
        try
        {
            Dialled dialled = new Dialled(launch, keys == null ? null : keys.get(0), secret,
                (Long)way.how().get("host-timeout-ms"));
            dialled.dial(way, launch.await(deadline));
            connected = true;
            return dialled;
        }
        catch (HostNotAddedException e)
        {
            if (way.port() != 0 && launch.couldNotListen())
            {
                throw new PortTakenException(e);
            }
            throw e;
        }
        finally
        {
            if (!connected)
            {
                launch.close();
            }
        }
    }

    @SuppressWarnings("unchecked")  // as the parent has put them
    private static AgentLaunch.Plan plan(Way way, byte[] message) throws HostNotAddedException
    {
        Map<String, Object> how = way.how();
        List<String> arguments = new ArrayList<>(JVM_OPTS);
        arguments.addAll((List<String>)how.get("jvm-opts"));
        List<Blob> code = List.of();
        if ((Boolean)how.get("same"))
        {
            arguments.addAll(List.of("-cp", String.join(File.pathSeparator, ClassPath.current())));
        }
        else
        {
            code = code((List<String>)how.get("code"));
        }
        arguments.add((String)how.get("agent"));
        return new AgentLaunch.Plan(way.number(), way.command(), (String)how.get("java"), (Integer)how.get("nice"),
            (String)how.get("dir"), code, arguments, message);
    }

    /** The jars and directories that have these files; where one is not found, all of the class path. */
    private static List<Blob> code(List<String> names) throws HostNotAddedException
    {
        Optional<Base.StartCode> found = Base.StartCode.find(names, List.of());
        List<String> entries = found.isEmpty() ? ClassPath.current() :
            found.get().places().values().stream().map(Path::toString).distinct().toList();
        try
        {
            return Blobs.of(entries, Session.current().directory().memory()).stream().distinct().toList();
        }
        catch (IOException e)
        {
            throw new HostNotAddedException("The code of its agent cannot be read: " + e.getMessage(), Map.of(), e);
        }
    }

    private static byte[] message(Way way, List<Keys> keys, byte[] secret)
    {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes))
        {
            byte[] config = Codec.toBytes(new Object[]{ way.number(), keys == null ? null : keys.get(1).encode(),
                secret, way.how().get("host-timeout-ms"), way.how().get("address"), way.port(), way.remote() });
            out.writeInt(config.length);
            out.write(config);
        }
        catch (IOException e)
        {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static final class Dialled implements Connected
    {
        private final AgentLaunch launch;
        private final Keys keys;
        private final byte[] secret;
        private final long timeoutMs;
        private volatile Runnable lost = () -> { };
        private volatile boolean isLost;
        private Streams streams;

        private Dialled(AgentLaunch launch, Keys keys, byte[] secret, long timeoutMs)
        {
            this.launch = launch;
            this.keys = keys;
            this.secret = secret;
            this.timeoutMs = timeoutMs;
        }

        private void dial(Way way, AgentLaunch.Listening listening) throws HostNotAddedException
        {
            if (way.local() == null)
            {
                dialPort((String)way.how().get("address"), listening);
                return;
            }
            try
            {
                streams = keys == null ? GrpcStreams.dial(way.local(), why -> broken()) :
                    GrpcStreams.dial(way.local(), keys, why -> broken());
            }
            catch (IOException e)
            {
                String advice = way.ssh().adviceOfForward(String.join("\n", launch.stderrTail()));
                throw notReached("Its agent is up, and ssh does not lead to it: " +
                    (advice == null ? e.getMessage() : advice), e);
            }
        }

        private void dialPort(String given, AgentLaunch.Listening listening) throws HostNotAddedException
        {
            Set<String> addresses = given != null ? Set.of(given) :
                new LinkedHashSet<>(List.of(listening.name(), listening.address()));
            IOException last = null;
            for (String address : addresses)
            {
                try
                {
                    streams = GrpcStreams.dial(address, listening.port(), keys, why -> broken());
                    return;
                }
                catch (IOException e)
                {
                    last = e;
                }
            }
            throw notReached("Its agent is up, and cannot be reached at " +
                String.join(" or ", addresses) + ", port " + listening.port() + ": " + last.getMessage() +
                " Name an address that this machine reaches with the option address.", last);
        }

        private HostNotAddedException notReached(String why, IOException e)
        {
            return new HostNotAddedException(why, Map.of("stderr-tail", List.copyOf(launch.stderrTail())), e);
        }

        private void broken()
        {
            isLost = true;
            lost.run();
        }

        @Override
        public Streams streams(Runnable itsLost)
        {
            lost = itsLost;
            if (isLost)
            {
                itsLost.run();
            }
            return streams;
        }

        @Override
        public byte[] secret()
        {
            return secret;
        }

        @Override
        public long timeoutMs()
        {
            return timeoutMs;
        }

        @Override
        public String whyLost()
        {
            try
            {
                return launch.awaitExit(WHY_MS) ? launch.whyEnded() : "connection";
            }
            catch (InterruptedException e)
            {
                Thread.currentThread().interrupt();
                return "connection";
            }
        }

        @Override
        public void close()
        {
            streams.close();
            launch.close();
        }
    }
}
