package parallel.place;

import java.io.IOException;
import java.io.OutputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.TimeoutException;

import parallel.WorkerOptions;
import parallel.WorkerOptions.Option;
import parallel.child.ChildProcess;
import parallel.control.Header;
import parallel.process.LaunchException;
import parallel.process.LaunchedProcess;
import parallel.process.Processors;
import parallel.process.SessionDirectory;
import parallel.runtime.Context;
import parallel.runtime.Session;
import parallel.runtime.Undo;
import parallel.transport.Link;
import parallel.transport.LinkListener;
import parallel.transport.MessageChannel;
import parallel.transport.SocketBell;
import parallel.transport.StatusPage;

/**
 * A worker's JVM with its files and its connection: of a worker that somebody has asked for, or of one that nobody has
 * yet. The JVM makes the sockets' address when it is up and shows its pid in the status page; the parent connects twice
 * (control, bell) and the name is gone again: what is killed at any other moment leaves no name.
 */
final class WorkerJvm
{
    private static final SecureRandom NONCES = new SecureRandom();
    private static final int LOOK_EVERY_MS = 1;
    private static final long EXIT_AFTER_REFUSAL_MS = 1000;
    private static final long MOST_ARGUMENT_BYTES = 1 << 20;

    private final Context context;
    private final WorkerOptions options;
    private final MessageChannel channel;
    private final SocketBell bell;
    private volatile LaunchedProcess process;
    private volatile WorkerLaunch launch;
    private volatile List<String> command = List.of();
    /** Where it makes its socket: as the session has it when it is told. */
    private Path sockets;
    private boolean killed;

    private WorkerJvm(Context context, WorkerOptions options, MessageChannel channel, SocketBell bell)
    {
        this.context = context;
        this.options = options;
        this.channel = channel;
        this.bell = bell;
    }

    /**
     * Makes its files; nothing is started.
     *
     * @param context of the parent.
     * @param options checked ones.
     * @param undo    takes what undoes this.
     * @throws IOException if there is no room for the files.
     */
    static WorkerJvm make(Context context, WorkerOptions options, Undo undo) throws IOException
    {
        SocketBell bell = new SocketBell();
        MessageChannel channel = Channels.parentEnd(options, bell, undo);
        show(options, channel.status());
        return new WorkerJvm(context, options, channel, bell);
    }

    @SuppressWarnings("unchecked")  // WorkerOptions.Builder takes no other kind
    private static void show(WorkerOptions options, StatusPage page)
    {
        page.nice(options.get(Option.NICE, Integer.class));
        if (options.isSet(Option.CPUS))
        {
            page.processors(Processors.ranges(options.get(Option.CPUS, List.class)));
        }
    }

    MessageChannel channel()
    {
        return channel;
    }

    /** Null until it is launched. */
    LaunchedProcess process()
    {
        return process;
    }

    /** How it was launched; null until then. */
    WorkerLaunch launch()
    {
        return launch;
    }

    List<String> command()
    {
        return command;
    }

    /** Starts the process, and tells it whose worker it will be. */
    void launch(WorkerLaunch how) throws LaunchException, IOException
    {
        launch = how;
        LaunchedProcess launched;
        try
        {
            launched = started(how, Session.current().directory());
        }
        catch (LaunchException e)
        {
            command = e.command();
            throw e;
        }
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

    /** Where the file system takes no more files, neither bytes nor inodes, the arguments lie where the rings do. */
    private static LaunchedProcess started(
        WorkerLaunch how, SessionDirectory directory) throws LaunchException, IOException
    {
        try
        {
            return how.launch().start(directory.memory());
        }
        catch (LaunchException e)
        {
            if (!e.isOfScratch())
            {
                throw e;
            }
            return how.launch().start(directory.fallbackMemory(MOST_ARGUMENT_BYTES));
        }
    }

    /**
     * Connects it; blocks until that is done.
     *
     * @param listener of its control stream.
     * @param deadline as of {@link System#nanoTime()}.
     * @return the link to it; null if it has exited before it was connected.
     */
    Link connect(LinkListener listener, long deadline) throws IOException, InterruptedException, TimeoutException
    {
        Session session = Session.current();
        long nonce = NONCES.nextLong();
        greet(session, nonce);
        if (!awaitSockets(deadline))
        {
            return null;
        }
        try
        {
            return session.loop().attach(connected(session, nonce), listener);
        }
        catch (IOException e)
        {
            if (process.awaitExit(EXIT_AFTER_REFUSAL_MS))
            {
                return null;    // that is why; its exit and its stderr say more
            }
            throw e;
        }
    }

    private void greet(Session session, long nonce)
    {
        sockets = session.directory().sockets();
        Header header = new Header(context.id(), context.depth() + 1,
            Session.inboxBytes(options), channel.pair().handOn(), session.page().handOn(),
            session.directory().memory().toString(), sockets.toString(),
            new Header.Origin(nonce, session.page().rootPid(), session.page().rootStartMs()));
        try
        {
            OutputStream stdin = process.stdin();
            header.write(stdin);
        }
        catch (IOException e)
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

    private SocketChannel connected(Session session, long nonce) throws IOException
    {
        Path address = sockets.resolve(ChildProcess.socketName(channel.status().pid()));
        SocketChannel control = connect(address, nonce, ChildProcess.CONTROL);
        SocketChannel ring = connect(address, nonce, ChildProcess.BELL);
        Files.deleteIfExists(address);
        channel.pair().attached();
        process.started();
        ring.configureBlocking(false);
        bell.connect(ring);
        channel.wakeLocal();
        return control;
    }

    private static SocketChannel connect(Path address, long nonce, byte role) throws IOException
    {
        SocketChannel socket = SocketChannel.open(UnixDomainSocketAddress.of(address));
        ByteBuffer hello = ByteBuffer.allocate(Long.BYTES + 1).putLong(nonce).put(role).flip();
        while (hello.hasRemaining())
        {
            socket.write(hello);
        }
        return socket;
    }

    /**
     * It has said that it is ready: the lifeline of its start is not needed any more. From here on control is the word
     * on the parent.
     */
    void ready()
    {
        try
        {
            process.stdin().close();
        }
        catch (IOException e)
        {
            // it has ended already
        }
        if (context.depth() == 0)
        {
            launch.cache().ifPresent(cache -> StartCaches.fill(cache, launch.base()));
        }
    }

    synchronized void terminate()
    {
        if (process == null)
        {
            killed = true;
            return;
        }
        process.terminate();
    }

    synchronized void kill()
    {
        killed = true;
        if (process != null)
        {
            process.kill();
        }
    }

    /** Of one that has exited, or was never launched. */
    void release()
    {
        if (process != null)
        {
            process.close();
            Session.current().directory().removeOf(process.pid());
        }
        bell.close();
    }
}
