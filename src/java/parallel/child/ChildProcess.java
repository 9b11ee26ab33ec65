package parallel.child;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

import parallel.control.Header;
import parallel.process.SessionDirectory;
import parallel.process.ThisProcess;
import parallel.runtime.Session;
import parallel.transport.PairFile;
import parallel.transport.StatusPage;

/**
 * A process that belongs to another one of its session, from its first to its last moment: attaches to the parent's
 * files, connects, and ends at once when its parent is gone.
 */
public abstract class ChildProcess
{
    public static final byte CONTROL = 1;
    public static final byte BELL = 2;
    /** Exit code of one whose parent is gone. */
    private static final int ORPHANED = 71;
    private static final long ROOT_MAY_LINGER_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long LOOK_EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final System.Logger LOG = System.getLogger("parallel");

    private final Header header;
    private final CountDownLatch never = new CountDownLatch(1);
    private volatile Path address;
    private volatile Session session;
    private volatile boolean connected;

    /**
     * A process that is not connected.
     *
     * @param header what its parent told it.
     */
    protected ChildProcess(Header header)
    {
        this.header = header;
    }

    public static String socketName(long pid)
    {
        return pid + ".s";
    }

    /**
     * Connects to the parent and does what that says; never returns.
     *
     * @throws IOException if the parent's files do not fit, with a sentence that says so.
     */
    public final void connect() throws IOException
    {
        PairFile pair = PairFile.attach(Path.of(header.pair()));
        session = Session.join(header);
        attached(pair);
        SocketChannel[] sockets = accept(pair.status());
        sockets[BELL].configureBlocking(false);
        connected = true;
        connected(pair, sockets[CONTROL], sockets[BELL]);
        awaitNothing();
    }

    /** It is part of the session; nobody has connected. Does nothing by default. */
    protected void attached(PairFile pair)
    {
    }

    /**
     * The parent has connected.
     *
     * @param pair    the files of the two.
     * @param control blocking.
     * @param bell    in non-blocking mode.
     */
    protected abstract void connected(PairFile pair, SocketChannel control, SocketChannel bell) throws IOException;

    /** Ends as one that has done what it was for. */
    protected abstract void exit();

    protected final Header header()
    {
        return header;
    }

    private SocketChannel[] accept(StatusPage status) throws IOException
    {
        address = session.directory().sockets().resolve(socketName(ThisProcess.pid()));
        SocketChannel[] sockets = new SocketChannel[BELL + 1];
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX))
        {
            server.bind(UnixDomainSocketAddress.of(address));
            status.startedAtMs(System.currentTimeMillis());
            status.heapBytes(heapBytes());
            status.pid(ThisProcess.pid());
            while (sockets[CONTROL] == null || sockets[BELL] == null)
            {
                SocketChannel socket = server.accept();
                sockets[role(socket)] = socket;
            }
        }
        finally
        {
            Files.deleteIfExists(address);
        }
        return sockets;
    }

    protected static long heapBytes()
    {
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    private byte role(SocketChannel socket) throws IOException
    {
        ByteBuffer hello = ByteBuffer.allocate(Long.BYTES + 1);
        while (hello.hasRemaining() && socket.read(hello) >= 0)
        {
            Thread.onSpinWait();
        }
        byte role = hello.hasRemaining() || hello.getLong(0) != header.origin().nonce() ? 0 : hello.get(Long.BYTES);
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
        catch (InterruptedException e)
        {
            exit();
        }
    }

    /** The end of stdin is the end of the parent, while there is no other word on it. */
    final void lifelineEnded()
    {
        if (!connected)
        {
            orphaned();
        }
    }

    /** Ends at once: the parent is gone. */
    protected final void orphaned()
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

    /**
     * The directories of a parent that has died before it has told us anything. A process closes its files a moment
     * before it is seen to be gone.
     *
     * @param directories of the session.
     */
    static void removeOfDeadParent(List<String> directories)
    {
        long deadline = System.nanoTime() + ROOT_MAY_LINGER_NANOS;
        List<Path> paths = directories.stream().map(Path::of).toList();
        while (paths.stream().anyMatch(Files::exists) && System.nanoTime() - deadline < 0)
        {
            paths.forEach(path -> SessionDirectory.removeIfOwnerGone(path, path));
            LockSupport.parkNanos(LOOK_EVERY_NANOS);
        }
    }

    /**
     * Our own directory, and that of a session whose root is gone. A process closes its files a moment before it is
     * seen to be gone.
     */
    final void removeWhatIsLeft()
    {
        if (session != null)
        {
            session.directory().close();
        }
        long deadline = System.nanoTime() + ROOT_MAY_LINGER_NANOS;
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
            Recordings.removeIfOwnerGone();
        }
        catch (IOException | RuntimeException e)
        {
            LOG.log(System.Logger.Level.DEBUG, "The next session removes what is left of this one", e);
        }
    }
}
