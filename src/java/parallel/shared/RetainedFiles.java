package parallel.shared;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

import parallel.runtime.SessionMemory;

/**
 * Files of arrays that this process has let go of while a reference to them is on its way: held open, not mapped, until
 * it has arrived, nobody is left who could receive it, or room is needed. Safe from any thread.
 */
final class RetainedFiles
{
    private static final Deque<SharedFile> HELD = new ArrayDeque<>();
    /** Of these, those that are held for this process itself; guarded by HELD. */
    private static final Set<SharedFile> KEPT = new HashSet<>();

    private RetainedFiles()
    {
    }

    static void letGo(SharedFile file, boolean headed)
    {
        if (headed && isAwaited(file))
        {
            synchronized (HELD)
            {
                HELD.add(file);
            }
            Mappings.awaken();
        }
        else
        {
            close(file);
        }
    }

    // Of a worker that has ended, for this process: references to it are among what it has sent.
    static void keep(SharedFile file)
    {
        synchronized (HELD)
        {
            KEPT.add(file);
            HELD.add(file);
        }
        Mappings.awaken();
    }

    // How this process reaches a file that it holds; null: it holds none of that identity.
    static Path path(Identity identity)
    {
        synchronized (HELD)
        {
            return HELD.stream().filter(file -> identity.equals(file.identity())).map(
                SharedFile::own).findFirst().orElse(null);
        }
    }

    static List<SharedFile> files()
    {
        synchronized (HELD)
        {
            return List.copyOf(HELD);
        }
    }

    static boolean isOutstanding(SharedFile file)
    {
        try
        {
            return Tickets.outstanding(file);
        }
        catch (IOException unreadable)
        {
            return false;
        }
    }

    private static boolean isAwaited(SharedFile file)
    {
        return isOutstanding(file) && (isKept(file) || SessionMemory.id() > 0 || SessionMemory.hasWorkers());
    }

    private static boolean isKept(SharedFile file)
    {
        synchronized (HELD)
        {
            return KEPT.contains(file);
        }
    }

    private static void close(SharedFile file)
    {
        synchronized (HELD)
        {
            KEPT.remove(file);
        }
        try
        {
            file.close();
        }
        catch (IOException e)
        {
            System.getLogger("parallel").log(System.Logger.Level.DEBUG, "A shared array's file cannot be closed", e);
        }
    }

    // Lets go of what is awaited no more.
    static void look()
    {
        List<SharedFile> held = new ArrayList<>(files());
        held.removeIf(RetainedFiles::isAwaited);
        synchronized (HELD)
        {
            HELD.removeAll(held);
        }
        held.forEach(RetainedFiles::close);
    }

    // The oldest is given up; false: there is none.
    static boolean giveUpOne()
    {
        SharedFile oldest;
        synchronized (HELD)
        {
            oldest = HELD.poll();
        }
        if (oldest != null)
        {
            close(oldest);
        }
        return oldest != null;
    }

    static int count()
    {
        synchronized (HELD)
        {
            return HELD.size();
        }
    }

    static long bytes()
    {
        synchronized (HELD)
        {
            return HELD.stream().mapToLong(RetainedFiles::length).sum();
        }
    }

    private static long length(SharedFile file)
    {
        try
        {
            return file.length();
        }
        catch (IOException closed)
        {
            return 0;
        }
    }
}
