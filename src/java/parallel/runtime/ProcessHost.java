package parallel.runtime;

import java.io.IOException;
import java.io.OutputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeoutException;

import parallel.WorkerOptions;
import parallel.WorkerOptions.Option;
import parallel.process.ClassPath;
import parallel.process.Launch;
import parallel.process.LaunchException;
import parallel.process.LaunchedProcess;
import parallel.process.Output;
import parallel.process.StartCache;
import parallel.transport.Link;
import parallel.transport.LinkListener;
import parallel.transport.MessageChannel;
import parallel.transport.SocketBell;

/**
 * A worker that is a process. The worker makes the sockets' address when it is up and shows its pid in the status page; the
 * parent connects twice (control, bell) and the name is gone again: what is killed at any other moment leaves no name.
 */
final class ProcessHost implements Host
{
    private static final String MAIN = "parallel.child.Main";
    private static final SecureRandom NONCES = new SecureRandom();
    private static final long OUTPUT_AFTER_EXIT_MS = 500;
    private static final int LOOK_EVERY_MS = 1;
    private static final long EXIT_AFTER_REFUSAL_MS = 1000;
    private static final long MOST_ARGUMENT_BYTES = 1 << 20;

    private final WorkerHandle.Birth birth;
    private final MessageChannel channel;
    private final SocketBell bell;
    private final Output output;
    private volatile LaunchedProcess process;
    private List<String> command = List.of();
    private boolean killed;
    private volatile Optional<StartCache> startCache = Optional.empty();

    ProcessHost(WorkerHandle.Birth birth, MessageChannel channel, SocketBell bell, Output output)
    {
        this.birth = birth;
        this.channel = channel;
        this.bell = bell;
        this.output = output;
    }

    @Override
    public Link start(LinkListener listener, long deadline) throws IOException, LaunchException, InterruptedException, TimeoutException
    {
        final Session session = Session.current();
        final long nonce = NONCES.nextLong();
        launch(session);
        greet(session, nonce);
        if (!awaitSockets(deadline))
        {
            return null;
        }
        try
        {
            return session.loop().attach(connected(session, nonce), listener);
        }
        catch (final IOException e)
        {
            if (process.awaitExit(EXIT_AFTER_REFUSAL_MS))
            {
                return null;    // that is why; its exit and its stderr say more
            }
            throw e;
        }
    }

    private SocketChannel connected(Session session, long nonce) throws IOException
    {
        final Path address = session.directory().sockets().resolve(WorkerProcess.socketName(birth.id()));
        final SocketChannel control = connect(address, nonce, WorkerProcess.CONTROL);
        final SocketChannel ring = connect(address, nonce, WorkerProcess.BELL);
        Files.deleteIfExists(address);
        channel.pair().attached();
        process.started();
        ring.configureBlocking(false);
        bell.connect(ring);
        channel.wakeLocal();
        return control;
    }

    @Override
    public void ready()
    {
        try
        {
            process.stdin().close();    // the lifeline of the start: from here on control is the word on the parent
        }
        catch (final IOException e)
        {
            // it has ended already
        }
        if (birth.context().depth() == 0)
        {
            startCache.ifPresent(StartCaches::fill);
        }
    }

    private void launch(Session session) throws LaunchException, IOException
    {
        final WorkerOptions options = birth.options();
        final Launch.Builder launch = Launch.builder().mainClass(MAIN)
            .jvmOpts(strings(options, Option.JVM_OPTS))
            .classPath(classPath())
            .environment(environment(options));
        if (!options.isSet(Option.JAVA) && !options.isSet(Option.CLASSPATH))
        {
            startCache = StartCaches.find();
            startCache.ifPresent(launch::startCache);
        }
        if (options.isSet(Option.MAX_HEAP))
        {
            launch.maxHeap(options.get(Option.MAX_HEAP, String.class));
        }
        if (options.isSet(Option.JAVA))
        {
            launch.javaCommand(options.get(Option.JAVA, Path.class).toString());
        }
        if (options.isSet(Option.DIR))
        {
            launch.directory(options.get(Option.DIR, Path.class));
        }
        final LaunchedProcess launched;
        try
        {
            launched = launch.build().start(scratch(session));
        }
        catch (final LaunchException e)
        {
            command = e.command();
            throw e;
        }
        output.pump(launched.stdout(), launched.stderr());
        synchronized (this)
        {
            process = launched;
            command = launched.command();
            if (killed)
            {
                launched.kill();
            }
        }
    }

    private List<String> classPath()
    {
        return birth.options().isSet(Option.CLASSPATH) ? strings(birth.options(), Option.CLASSPATH) : ClassPath.current();
    }

    /** Where there was room for the rings there is room for the arguments. */
    private Path scratch(Session session) throws IOException
    {
        return Files.getFileStore(session.directory().memory()).getUsableSpace() > MOST_ARGUMENT_BYTES ?
            session.directory().memory() : session.directory().fallbackMemory(MOST_ARGUMENT_BYTES);
    }

    @SuppressWarnings("unchecked")  // WorkerOptions.Builder takes no other kind
    private static List<String> strings(WorkerOptions options, Option option)
    {
        return options.get(option, List.class);
    }

    @SuppressWarnings("unchecked")  // WorkerOptions.Builder takes no other kind
    private static Map<String, String> environment(WorkerOptions options)
    {
        return options.get(Option.ENV, Map.class);
    }

    private void greet(Session session, long nonce)
    {
        final Header header = new Header(birth.id(), birth.context().id(), birth.context().depth() + 1,
            birth.options().get(Option.INBOX_BYTES, Long.class), channel.pair().handOn(), session.page().handOn(),
            session.directory().memory().toString(), session.directory().sockets().toString(),
            new Header.Origin(nonce, session.page().rootPid(), session.page().rootStartMs()));
        try
        {
            final OutputStream stdin = process.stdin();
            header.write(stdin);
        }
        catch (final IOException e)
        {
            process.kill();     // it has ended already, or does not read: its exit and stderr say why
        }
    }

    /** False when it has exited first. */
    private boolean awaitSockets(long deadline) throws InterruptedException, TimeoutException
    {
        while (channel.status().pid() == 0)
        {
            if (process.awaitExit(LOOK_EVERY_MS))
            {
                return false;
            }
            if (System.nanoTime() - deadline > 0)
            {
                throw new TimeoutException("its JVM has not connected");
            }
        }
        return true;
    }

    private static SocketChannel connect(Path address, long nonce, byte role) throws IOException
    {
        final SocketChannel socket = SocketChannel.open(UnixDomainSocketAddress.of(address));
        final ByteBuffer hello = ByteBuffer.allocate(Long.BYTES + 1).putLong(nonce).put(role).flip();
        while (hello.hasRemaining())
        {
            socket.write(hello);
        }
        return socket;
    }

    @Override
    public boolean awaitExit(long ms) throws InterruptedException
    {
        return process == null || process.awaitExit(ms);
    }

    @Override
    public void finish()
    {
        try
        {
            if (process != null)
            {
                output.finish(OUTPUT_AFTER_EXIT_MS);
                process.close();
            }
        }
        catch (final InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
        finally
        {
            bell.close();
        }
    }

    @Override
    public void offerLine(int stream, int id, String line, Runnable delivered)
    {
        output.offer(Output.Stream.values()[stream], id, line, delivered);
    }

    @Override
    public synchronized void terminate()
    {
        if (process == null)
        {
            killed = true;
            return;
        }
        process.terminate();
    }

    @Override
    public synchronized void kill()
    {
        killed = true;
        if (process != null)
        {
            process.kill();
        }
    }

    @Override
    public long pid()
    {
        final LaunchedProcess launched = process;
        return launched == null ? 0 : launched.pid();
    }

    @Override
    public OptionalInt exitCode()
    {
        final LaunchedProcess launched = process;
        return launched == null || launched.isAlive() ? OptionalInt.empty() : OptionalInt.of(launched.exitCode());
    }

    @Override
    public List<String> stderrTail()
    {
        return output.stderrTail();
    }

    @Override
    public String outOfMemory()
    {
        return output.outOfMemory();
    }

    @Override
    public String suspicion()
    {
        final List<String> missing = ClassPath.missing(classPath());
        return (missing.isEmpty() ? "" : " Its class path has entries that do not exist: " + String.join(", ", missing) + ".") +
            (birth.options().isSet(Option.JAVA) && !command.isEmpty() ? " Its java command is " + command.get(0) + "." : "");
    }

    @Override
    public Map<String, Object> facts()
    {
        final Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("command", command);
        if (process != null)
        {
            process.crashLog().ifPresent(path -> facts.put("hs-err", path.toString()));
        }
        return facts;
    }
}
