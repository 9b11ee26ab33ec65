package parallel.runtime;

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
import parallel.codec.Messages;
import parallel.process.LaunchException;
import parallel.process.LaunchedProcess;
import parallel.transport.Link;
import parallel.transport.LinkListener;
import parallel.transport.MessageChannel;
import parallel.transport.PairFile;
import parallel.transport.Side;
import parallel.transport.SocketBell;

/**
 * A worker's JVM with its files and its connection: of a worker that somebody has asked for, or of one that nobody has yet. The
 * JVM makes the sockets' address when it is up and shows its pid in the status page; the parent connects twice (control, bell) and
 * the name is gone again: what is killed at any other moment leaves no name.
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
    private final SocketBell bell = new SocketBell();
    private volatile LaunchedProcess process;
    private volatile WorkerLaunch launch;
    private volatile List<String> command = List.of();
    private boolean killed;

    /**
     * Makes its files; nothing is started.
     *
     * @param context of the parent.
     * @param options checked ones.
     * @throws IOException if there is no room for the files.
     */
    WorkerJvm(Context context, WorkerOptions options) throws IOException
    {
        this.context = context;
        this.options = options;
        final PairFile pair = Session.current().newPair(options.get(Option.RING_BYTES, Integer.class));
        final long inboxBytes = options.get(Option.INBOX_BYTES, Long.class);
        channel = new MessageChannel(pair, Side.PARENT, bell, inboxBytes, Messages.inbox(inboxBytes));
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

    List<String> command()
    {
        return command;
    }

    /** Starts the process, and tells it whose worker it will be. */
    void launch(WorkerLaunch how) throws LaunchException, IOException
    {
        launch = how;
        final LaunchedProcess launched;
        try
        {
            launched = how.launch().start(scratch(Session.current()));
        }
        catch (final LaunchException e)
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

    /** Where there was room for the rings there is room for the arguments. */
    private static Path scratch(Session session) throws IOException
    {
        return Files.getFileStore(session.directory().memory()).getUsableSpace() > MOST_ARGUMENT_BYTES ?
            session.directory().memory() : session.directory().fallbackMemory(MOST_ARGUMENT_BYTES);
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
        final Session session = Session.current();
        final long nonce = NONCES.nextLong();
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

    private void greet(Session session, long nonce)
    {
        final Header header = new Header(context.id(), context.depth() + 1,
            options.get(Option.INBOX_BYTES, Long.class), channel.pair().handOn(), session.page().handOn(),
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

    private SocketChannel connected(Session session, long nonce) throws IOException
    {
        final Path address = session.directory().sockets().resolve(WorkerProcess.socketName(channel.status().pid()));
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

    /** It has said that it is ready: the lifeline of its start is not needed any more. From here on control is the word on the parent. */
    void ready()
    {
        try
        {
            process.stdin().close();
        }
        catch (final IOException e)
        {
            // it has ended already
        }
        if (context.depth() == 0)
        {
            launch.cache().ifPresent(StartCaches::fill);
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
        }
        bell.close();
    }
}
