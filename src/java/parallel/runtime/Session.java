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
    private final Places places;

    /**
     * Where things are.
     *
     * @param memory  for mapped files.
     * @param sockets for sockets.
     * @param owned   the directory, in the root; null elsewhere.
     */
    record Places(Path memory, Path sockets, SessionDirectory owned)
    {
    }

    private Session(ControlLoop loop, SessionPage page, Places places)
    {
        this.loop = loop;
        this.page = page;
        this.places = places;
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
            directory = SessionDirectory.create(warning -> LOG.log(System.Logger.Level.WARNING, warning));
            final SessionPage page = SessionPage.create(directory.memory(), ThisProcess.pid(), ThisProcess.startMs());
            return opened(page, new Places(directory.memory(), directory.sockets(), directory));
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

    static synchronized Session join(Header header) throws IOException
    {
        final SessionPage page = SessionPage.attach(Path.of(header.sessionPage()));
        current = opened(page, new Places(Path.of(header.memory()), Path.of(header.sockets()), null));
        return current;
    }

    private static Session opened(SessionPage page, Places places)
    {
        final Session session = new Session(ControlLoop.start("parallel-control-0"), page, places);
        Runtime.getRuntime().addShutdownHook(new Thread(session::atExit, "parallel-exit-0"));
        return session;
    }

    private void atExit()
    {
        Context.ofProcess().close(GRACE_AT_EXIT_MS);
        if (places.owned() != null)
        {
            places.owned().close();
        }
    }

    ControlLoop loop()
    {
        return loop;
    }

    SessionPage page()
    {
        return page;
    }

    Places places()
    {
        return places;
    }

    boolean isRootGone()
    {
        return !ThisProcess.isAlive(page.rootPid(), page.rootStartMs());
    }

    /** A pair of rings in shared memory, or in the temp dir where that is too small. */
    PairFile newPair(int ringBytes) throws IOException
    {
        try
        {
            return PairFile.create(places.memory(), ringBytes, ThisProcess.pid(), ThisProcess.startMs());
        }
        catch (final NoRoomException e)
        {
            final Path fallback = fallback(e);
            LOG.log(System.Logger.Level.WARNING, e.getMessage() + " Falling back to " + fallback + ".");
            return PairFile.create(fallback, ringBytes, ThisProcess.pid(), ThisProcess.startMs());
        }
    }

    private Path fallback(NoRoomException e) throws IOException
    {
        if (places.owned() == null)
        {
            throw e;
        }
        return places.owned().fallbackMemory();
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
