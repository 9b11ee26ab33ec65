package parallel.runtime;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

import parallel.process.ThisProcess;
import parallel.transport.SessionPage;

/**
 * What shared arrays and locks ask of the session: where their files are made, who is here, and who still lives. Safe from any
 * thread.
 */
public final class SessionMemory
{
    private SessionMemory()
    {
    }

    /**
     * Where files that are mapped are made.
     *
     * @return a directory that only this user can enter.
     */
    public static Path directory()
    {
        return Session.current().directory().memory();
    }

    /**
     * Who the calling thread belongs to.
     *
     * @return the id of the root (0) or of the worker.
     */
    public static int id()
    {
        return Context.current().id();
    }

    /**
     * Who of some live.
     *
     * @param ids of the root (0) or of workers, ended ones too.
     * @return those that have ended; a worker whose process is gone has, whether or not its parent knows.
     */
    public static Set<Integer> ended(Set<Integer> ids)
    {
        final Set<Integer> ended = new HashSet<>(ids);
        final SessionPage page = Session.current().page();
        for (final SessionPage.Slot slot : page.slots())
        {
            if (ended.contains(slot.id()) && (slot.pid() == 0 || isAlive(slot.pid(), slot.pidStartMs())))
            {
                ended.remove(slot.id());
            }
        }
        if (ended.contains(0) && isAlive(page.rootPid(), page.rootStartMs()))
        {
            ended.remove(0);
        }
        return ended;
    }

    private static boolean isAlive(long pid, long startMs)
    {
        return pid == ThisProcess.pid() || ThisProcess.isAlive(pid, startMs);
    }

    /**
     * Does anyone live besides the root?
     *
     * @return false when the session has no workers.
     */
    public static boolean hasWorkers()
    {
        return !Session.current().page().slots().isEmpty();
    }
}
