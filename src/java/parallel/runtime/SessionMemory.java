package parallel.runtime;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;

import parallel.codec.ByName;
import parallel.control.Errors;
import parallel.process.ThisProcess;
import parallel.transport.SessionPage;

/**
 * What shared arrays and locks ask of the session: where their files are made, who is here, and who still lives. Safe
 * from any thread.
 */
public final class SessionMemory
{
    private static volatile Heritage heritage;

    private SessionMemory()
    {
    }

    /** What a worker process leaves to its parent when it ends. */
    public interface Heritage
    {
        /**
         * Leaves what is needed; blocks, for a moment, until the parent has it.
         *
         * @param parent takes the bytes that say what it is.
         */
        public void leave(Consumer<byte[]> parent);

        /**
         * Takes what a worker leaves.
         *
         * @param files what it told.
         */
        void keep(byte[] files);
    }

    /**
     * Names what this process leaves to its parent.
     *
     * @param ours called before it ends.
     */
    public static void heritage(Heritage ours)
    {
        heritage = ours;
    }

    public static void leave(Consumer<byte[]> parent)
    {
        if (heritage != null)
        {
            heritage.leave(parent);
        }
    }

    /**
     * Found by name: a process that shares nothing loads nothing of it. Not on the control thread, while there is
     * another.
     */
    static void keep(byte[] files)
    {
        Threads.execute(() ->
        {
            try
            {
                ByName.make(ByName.HANDOVER_AT_EXIT, Heritage.class).keep(files);
            }
            catch (ReflectiveOperationException e)
            {
                throw new IllegalStateException(ByName.HANDOVER_AT_EXIT + " cannot be made", e);
            }
        });
    }

    /**
     * Where files that are mapped are made.
     *
     * @return a directory that only this user can enter.
     */
    public static Path directory()
    {
        Session session = session();
        try
        {
            session.directory().ensure();
        }
        catch (IOException e)
        {
            throw Errors.badArgument(e.getMessage());
        }
        return session.directory().memory();
    }

    private static Session session()
    {
        try
        {
            return Session.current();
        }
        catch (UncheckedIOException e)
        {
            throw Errors.badArgument("Shared memory cannot be used in this process. " + e.getMessage());
        }
    }

    /**
     * The machine that this process is on.
     *
     * @return the number of a host; 0: that of the root.
     */
    public static int host()
    {
        return session().host();
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
        Set<Integer> ended = new HashSet<>(ids);
        SessionPage page = session().page();
        for (SessionPage.Slot slot : page.slots())
        {
            if (ended.contains(slot.id()) && isOfTheLiving(slot))
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

    /** Of a process of another machine its parent's word is all that is known: it gives the slot back. */
    private static boolean isOfTheLiving(SessionPage.Slot slot)
    {
        return slot.pid() == 0 || !slot.isHere() || isAlive(slot.pid(), slot.pidStartMs());
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
        return !session().page().slots().isEmpty();
    }
}
