package parallel.runtime;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

import parallel.process.SessionDirectory;
import parallel.process.ThisProcess;
import parallel.transport.ControlLoop;
import parallel.transport.NoRoomException;
import parallel.transport.PairFile;
import parallel.transport.SessionPage;

/**
 * What this process shares with the others of its session: the directory, the page of ids and slots, and its one control
 * thread. The root makes it when it starts its first worker; a worker process joins that of its parent. Safe from any thread.
 */
final class Session
{
    private static final System.Logger LOG = System.getLogger("parallel");
    private static final long GRACE_AT_EXIT_MS = 1000;
    private static Session current;

    private final ControlLoop loop;
    private final SessionPage page;
    private final SessionDirectory directory;

    private Session(ControlLoop loop, SessionPage page, SessionDirectory directory)
    {
        this.loop = loop;
        this.page = page;
        this.directory = directory;
    }

    static synchronized Session current()
    {
        if (current == null)
        {
            current = found();
        }
        return current;
    }

    private static Session found()
    {
        SessionDirectory directory = null;
        try
        {
            directory = SessionDirectory.create(Session::warn);
            return opened(newPage(directory), directory);
        }
        catch (final IOException e)
        {
            if (directory != null)
            {
                directory.close();
            }
            throw new UncheckedIOException("No place for the session's files: " + e.getMessage(), e);
        }
    }

    private static SessionPage newPage(SessionDirectory directory) throws IOException
    {
        try
        {
            return SessionPage.create(directory.memory(), ThisProcess.pid(), ThisProcess.startMs());
        }
        catch (final NoRoomException e)
        {
            return SessionPage.create(directory.fallbackMemory(e.needed()), ThisProcess.pid(), ThisProcess.startMs());
        }
    }

    static synchronized Session join(Header header) throws IOException
    {
        final SessionPage page = SessionPage.attach(Path.of(header.sessionPage()));
        current = opened(page, SessionDirectory.join(Path.of(header.memory()), Path.of(header.sockets()), Session::warn));
        return current;
    }

    private static void warn(String line)
    {
        LOG.log(System.Logger.Level.WARNING, line);
    }

    private static Session opened(SessionPage page, SessionDirectory directory)
    {
        final Session session = new Session(ControlLoop.start("parallel-control-0", Runtime.getRuntime().maxMemory()), page, directory);
        Runtime.getRuntime().addShutdownHook(new Thread(session::atExit, "parallel-exit-0"));
        return session;
    }

    private void atExit()
    {
        loop.stayOutOfNative();
        Context.ofProcess().close(GRACE_AT_EXIT_MS);
        directory.close();
    }

    ControlLoop loop()
    {
        return loop;
    }

    SessionPage page()
    {
        return page;
    }

    SessionDirectory directory()
    {
        return directory;
    }

    /** A pair of rings in shared memory, or in the temp dir where that has too little room. */
    PairFile newPair(int ringBytes) throws IOException
    {
        try
        {
            return newPair(directory.memory(), ringBytes);
        }
        catch (final IOException e)
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
        catch (final IOException e)
        {
            final IOException neither = new IOException("There is no room for its two rings of " + ringBytes + " bytes. " + inMemory.getMessage() +
                (e.getMessage().equals(inMemory.getMessage()) ? "" : " " + e.getMessage()) +
                " Make room, take smaller ring-bytes, or set java.io.tmpdir; in Docker, --shm-size=1g makes /dev/shm larger.", e);
            neither.addSuppressed(inMemory);
            throw neither;
        }
    }

    private static PairFile newPair(Path in, int ringBytes) throws IOException
    {
        return PairFile.create(in, ringBytes, ThisProcess.pid(), ThisProcess.startMs());
    }

    /** Gives back the slot of a worker that has ended, and those of the workers below it, which end with it. */
    void release(int slot, int id)
    {
        page.releaseSlot(slot);
        final List<SessionPage.Slot> slots = page.slots();
        final Deque<Integer> gone = new ArrayDeque<>(List.of(id));
        while (!gone.isEmpty())
        {
            final int parent = gone.pop();
            for (final SessionPage.Slot below : slots)
            {
                if (below.parentId() == parent)
                {
                    page.releaseSlot(below.index());
                    gone.push(below.id());
                }
            }
        }
    }
}
