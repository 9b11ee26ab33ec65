package parallel.runtime;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

import parallel.codec.Messages;
import parallel.process.Output;
import parallel.process.SessionDirectory;
import parallel.process.Signals;
import parallel.process.ThisProcess;
import parallel.transport.MessageChannel;
import parallel.transport.PairFile;
import parallel.transport.Side;
import parallel.transport.SocketBell;
import parallel.transport.StatusPage;

/**
 * A worker process from its first to its last moment: attaches to the parent's files, connects, evaluates, and ends when it
 * has done so, or at once when its parent is gone.
 */
public final class WorkerProcess
{
    static final byte CONTROL = 1;
    static final byte BELL = 2;
    private static final long LOOK_EVERY_MS = 1000;
    private static final long EXIT_HOOKS_MS = 2000;
    private static final int ORPHANED = 71;
    private static final long ROOT_MAY_LINGER_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long LOOK_EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final System.Logger LOG = System.getLogger("parallel");

    private final Header header;
    private final CountDownLatch never = new CountDownLatch(1);
    private volatile Path address;
    private volatile Session session;
    private volatile boolean connected;
    private volatile boolean terminated;

    /**
     * A worker process.
     *
     * @param header what its parent told it.
     */
    public WorkerProcess(Header header)
    {
        this.header = header;
    }

    static String socketName(long pid)
    {
        return pid + ".s";
    }

    /**
     * Connects to the parent and evaluates what it says; never returns.
     *
     * @throws IOException if the parent's files do not fit, with a sentence that says so.
     */
    public void connect() throws IOException
    {
        final PairFile pair = PairFile.attach(Path.of(header.pair()));
        session = Session.join(header);
        final StatusPage status = pair.status();
        noteExits(status);
        final SocketChannel[] sockets = accept(status);
        final SocketBell bell = new SocketBell();
        sockets[BELL].configureBlocking(false);
        bell.connect(sockets[BELL]);
        final MessageChannel channel = new MessageChannel(pair, Side.CHILD, bell, header.inboxBytes(), Messages.inbox(header.inboxBytes()));
        final UpwardLines lines = new UpwardLines();
        final Context context = new Context(0, header.depth(), new ParentPeer(header.parentId(), parentPid(), channel),
            new Context.Output(WorkerProcess::print, lines));
        Context.becomeProcess(context);
        final WorkerSide side = new WorkerSide(new WorkerSide.Self(context, lines, this::exit, this::orphaned), status);
        channel.blockedListener(side::blocked);
        session.loop().every(LOOK_EVERY_MS, () ->
        {
            status.heapBytes(heapBytes());
            side.look();
        });
        connected = true;
        side.begin(session.loop().attach(sockets[CONTROL], side), true);
        awaitNothing();
    }

    private static long parentPid()
    {
        return ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(0L);
    }

    private static long heapBytes()
    {
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    private static void print(Output.Stream stream, int id, String line)
    {
        (stream == Output.Stream.OUT ? System.out : System.err).println(line);
    }

    /** An exit code like that of a signal is one only if nobody exited with it. */
    private void noteExits(StatusPage status)
    {
        Signals.onTerminate(() ->
        {
            terminated = true;
            System.exit(143);
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() ->
        {
            if (!terminated)
            {
                status.exitNoted(0);
            }
        }, "parallel-note-0"));
    }

    private SocketChannel[] accept(StatusPage status) throws IOException
    {
        address = session.directory().sockets().resolve(socketName(ThisProcess.pid()));
        final SocketChannel[] sockets = new SocketChannel[BELL + 1];
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX))
        {
            server.bind(UnixDomainSocketAddress.of(address));
            status.startedAtMs(System.currentTimeMillis());
            status.heapBytes(heapBytes());
            status.pid(ThisProcess.pid());
            while (sockets[CONTROL] == null || sockets[BELL] == null)
            {
                final SocketChannel socket = server.accept();
                sockets[role(socket)] = socket;
            }
        }
        finally
        {
            Files.deleteIfExists(address);
        }
        return sockets;
    }

    private byte role(SocketChannel socket) throws IOException
    {
        final ByteBuffer hello = ByteBuffer.allocate(Long.BYTES + 1);
        while (hello.hasRemaining() && socket.read(hello) >= 0)
        {
            Thread.onSpinWait();
        }
        final byte role = hello.hasRemaining() || hello.getLong(0) != header.origin().nonce() ? 0 : hello.get(Long.BYTES);
        if (role != CONTROL && role != BELL)
        {
            throw new IOException("A stranger connected to the worker's socket.");
        }
        return role;
    }

    private void awaitNothing()
    {
        try
        {
            never.await();
        }
        catch (final InterruptedException e)
        {
            exit();
        }
    }

    private void exit()
    {
        Threads.start("parallel-exit-" + Context.ofProcess().id(), () -> System.exit(0));
        Threads.start("parallel-halt-" + Context.ofProcess().id(), () ->
        {
            try
            {
                TimeUnit.MILLISECONDS.sleep(EXIT_HOOKS_MS);
            }
            catch (final InterruptedException e)
            {
                Thread.currentThread().interrupt();
            }
            Runtime.getRuntime().halt(0);
        });
    }

    /** The end of stdin is the end of the parent, while there is no other word on it. */
    public void lifelineEnded()
    {
        if (!connected)
        {
            orphaned();
        }
    }

    private void orphaned()
    {
        try
        {
            removeWhatIsLeft();
        }
        finally
        {
            Runtime.getRuntime().halt(ORPHANED);
        }
    }

    /** Our own directory, and that of a session whose root is gone. A process closes its files a moment before it is seen to be gone. */
    public void removeWhatIsLeft()
    {
        if (session != null)
        {
            session.directory().close();
        }
        final long deadline = System.nanoTime() + ROOT_MAY_LINGER_NANOS;
        while (ThisProcess.isAlive(header.origin().rootPid(), header.origin().rootStartMs()))
        {
            if (System.nanoTime() - deadline > 0)
            {
                return;
            }
            LockSupport.parkNanos(LOOK_EVERY_NANOS);
        }
        try
        {
            if (address != null)
            {
                Files.deleteIfExists(address);
            }
            SessionDirectory.removeIfOwnerGone(Path.of(header.memory()), Path.of(header.sockets()));
        }
        catch (final IOException | RuntimeException e)
        {
            LOG.log(System.Logger.Level.DEBUG, "The next session removes what is left of this one", e);
        }
    }
}
