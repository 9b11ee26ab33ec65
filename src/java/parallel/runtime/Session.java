package parallel.runtime;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

import parallel.WorkerOptions;
import parallel.WorkerOptions.Option;
import parallel.control.Header;
import parallel.process.SessionDirectory;
import parallel.process.ThisProcess;
import parallel.transport.ControlLoop;
import parallel.transport.MessageChannel;
import parallel.transport.NoRoomException;
import parallel.transport.PairFile;
import parallel.transport.SessionPage;

/**
 * What this process shares with the others of its session: the directory, the page of ids and slots, and its one
 * control thread. The root makes it when it starts its first worker; a worker process joins that of its parent. Safe
 * from any thread.
 */
public final class Session
{
    private static final System.Logger LOG = System.getLogger("parallel");
    private static final long GRACE_AT_EXIT_MS = 1000;
    /** Workers of workers of the host 2 are 2000001 and on. */
    private static final int IDS_OF_A_HOST = 1_000_000;
    /** 0 is the root. */
    private static volatile Session current;
    private static int firstId = 1;

    /** Guarded by the class. */
    private static boolean hooked;
    private static volatile boolean exiting;

    private final ControlLoop loop;
    private final SessionPage page;
    private final SessionDirectory directory;
    private final int host;
    private final AtomicBoolean removesDisk = new AtomicBoolean();

    private Session(ControlLoop loop, SessionPage page, SessionDirectory directory)
    {
        this.loop = loop;
        this.page = page;
        this.directory = directory;
        this.host = page.firstId() / IDS_OF_A_HOST;
        Waits.observe(page.waits(), loop);
    }

    public static synchronized Session current()
    {
        if (current == null)
        {
            current = found();
        }
        return current;
    }

    /**
     * Is this JVM about to exit? Then whoever waits is ended by that.
     *
     * @return true once its hooks run.
     */
    public static boolean isExiting()
    {
        return exiting;
    }

    private static Session found()
    {
        hookExit();
        try (Undo undo = new Undo())
        {
            SessionDirectory directory = SessionDirectory.create(Session::warn);
            undo.by(directory::close);
            SessionPage page = newPage(directory);
            undo.by(page::close);
            return undo.done(new Session(startedLoop(), page, directory));
        }
        catch (IOException e)
        {
            throw new UncheckedIOException("The directory of the session's files cannot be made: " + e.getMessage(), e);
        }
    }

    /** Before there is anything to remove: a signal may come at any moment. Once. */
    private static void hookExit()
    {
        if (exiting)
        {
            throw new UncheckedIOException(
                new IOException("This JVM is about to exit: no worker can be started any more."));
        }
        if (!hooked)
        {
            try
            {
                Runtime.getRuntime().addShutdownHook(new Thread(Session::atExit, "parallel-exit-0"));
                hooked = true;
            }
            catch (IllegalStateException e)
            {
                exiting = true;
                hookExit();
            }
        }
    }

    /**
     * Begins the session of a process that is the root of none: its ids do not meet those of the session it works for.
     *
     * @param host the number of this machine there, 1 or more.
     * @return the session.
     */
    public static synchronized Session begin(int host)
    {
        if (current != null)
        {
            throw new IllegalStateException("This process has a session already.");
        }
        firstId = host * IDS_OF_A_HOST + 1;
        return current();
    }

    private static SessionPage newPage(SessionDirectory directory) throws IOException
    {
        try
        {
            return newPage(directory.memory());
        }
        catch (NoRoomException e)
        {
            return newPage(directory.fallbackMemory(e.needed()));
        }
    }

    private static SessionPage newPage(Path in) throws IOException
    {
        return SessionPage.create(in, ThisProcess.pid(), ThisProcess.startMs(), firstId);
    }

    public static synchronized Session join(Header header) throws IOException
    {
        hookExit();
        try (Undo undo = new Undo())
        {
            SessionPage page = SessionPage.attach(Path.of(header.sessionPage()));
            undo.by(page::close);
            SessionDirectory directory =
                SessionDirectory.join(Path.of(header.memory()), Path.of(header.sockets()), Session::warn);
            current = undo.done(new Session(startedLoop(), page, directory));
            return current;
        }
    }

    private static void warn(String line)
    {
        LOG.log(System.Logger.Level.WARNING, line);
    }

    private static ControlLoop startedLoop()
    {
        return ControlLoop.start("parallel-control-0", Runtime.getRuntime().maxMemory());
    }

    private static void atExit()
    {
        Session session;
        synchronized (Session.class)        // one that is being made is waited for
        {
            exiting = true;
            session = current;
        }
        if (session != null)
        {
            session.end();
        }
    }

    private void end()
    {
        loop.stayOutOfNative();
        Context.ofProcess().close(GRACE_AT_EXIT_MS);
        directory.close();
    }

    /**
     * The machine that its processes are on.
     *
     * @return the number of a host; 0: that of the root.
     */
    public int host()
    {
        return host;
    }

    public ControlLoop loop()
    {
        return loop;
    }

    public SessionPage page()
    {
        return page;
    }

    public SessionDirectory directory()
    {
        return directory;
    }

    /**
     * Where to make files that may become large and are not mapped. They are kept until the workers of this process are
     * stopped by a close, or it ends.
     *
     * @return the directory.
     * @throws UncheckedIOException if it cannot be made.
     */
    public Path disk()
    {
        try
        {
            if (removesDisk.compareAndSet(false, true))
            {
                Context.ofProcess().afterClose(directory::removeDisk);
            }
            return directory.disk();
        }
        catch (IOException e)
        {
            throw new UncheckedIOException("The directory of recordings cannot be made: " + e.getMessage(), e);
        }
    }

    /** The limit of an inbox, for its parent and for the worker, whose heaps differ. */
    public static long inboxBytes(WorkerOptions options)
    {
        return options.isSet(Option.INBOX_BYTES) ? options.get(Option.INBOX_BYTES, Long.class) :
            MessageChannel.SHARED_LIMIT;
    }

    /** A pair of rings in shared memory, or in the temp dir where that has too little room. */
    public PairFile newPair(int ringBytes) throws IOException
    {
        directory.ensure();
        try
        {
            return newPair(directory.memory(), ringBytes);
        }
        catch (IOException e)
        {
            return newPairElsewhere(ringBytes, e);
        }
    }

    private PairFile newPairElsewhere(int ringBytes, IOException inMemory) throws IOException
    {
        try
        {
            return newPair(directory.fallbackMemory(PairFile.bytes(ringBytes)), ringBytes);
        }
        catch (IOException e)
        {
            IOException neither =
                new IOException("No file can be made for its two rings of " + ringBytes + " bytes. " +
                inMemory.getMessage() +
                (e.getMessage().equals(inMemory.getMessage()) ? "" : " " + e.getMessage()) +
                " Make room, take smaller ring-bytes, or set java.io.tmpdir; in Docker, --shm-size=1g makes /dev/shm " +
                "larger.", e);
            neither.addSuppressed(inMemory);
            throw neither;
        }
    }

    private static PairFile newPair(Path in, int ringBytes) throws IOException
    {
        return PairFile.create(in, ringBytes, ThisProcess.pid(), ThisProcess.startMs());
    }

    /** A slot for a worker that is about to be started; negative: there is none. */
    public int acquire(StartSpec spec, Place place)
    {
        String name = spec.options().get(Option.NAME, String.class);
        String pair = place.channel().pair().handOn();
        int slot = page.acquireSlot(spec.id(), spec.context().id(), name, System.currentTimeMillis());
        if (slot >= 0)
        {
            page.slotPair(slot, pair);
        }
        return slot;
    }

    /** Gives back the slot of a worker that has ended, if it still is that worker's. */
    public void release(int slot, int id)
    {
        page.releaseSlot(slot, id);
        releaseOrphans();
    }

    /**
     * Gives back the slots of workers whose parent has none any more and whose process is gone: they could not say so,
     * and their parent cannot. One that still lives keeps its slot. What the page says of parents may be a cycle;
     * nothing is followed.
     */
    public void releaseOrphans()
    {
        List<SessionPage.Slot> slots = page.slots();
        Set<Integer> ids = new HashSet<>(Set.of(0));
        slots.forEach(slot -> ids.add(slot.id()));
        boolean more = true;
        while (more)
        {
            more = false;
            for (SessionPage.Slot slot : slots)
            {
                if (ids.contains(slot.id()) && !ids.contains(slot.parentId()) && !lives(slot))
                {
                    page.releaseSlot(slot.index(), slot.id());
                    ids.remove(slot.id());
                    more = true;
                }
            }
        }
    }

    /**
     * A worker that is a thread of its parent's process ends with the parent; it has that process's pid. One on another
     * machine has no parent here that could speak for it any more.
     */
    private static boolean lives(SessionPage.Slot slot)
    {
        return slot.isHere() && slot.pid() != 0 && slot.pid() != ThisProcess.pid() &&
            ThisProcess.isAlive(slot.pid(), slot.pidStartMs());
    }
}
