package parallel.shared;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

import parallel.runtime.SessionMemory;

/**
 * Files of arrays that this process has let go of while a reference to them is on its way: held open, not mapped, until it has
 * arrived, nobody is left who could receive it, or room is needed. Safe from any thread.
 */
final class Holds
{
    private static final Deque<SharedFile> HELD = new ArrayDeque<>();

    private Holds()
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

    private static boolean isAwaited(SharedFile file)
    {
        try
        {
            return Tickets.outstanding(file) && (SessionMemory.id() > 0 || SessionMemory.hasWorkers());
        }
        catch (final IOException unreadable)
        {
            return false;
        }
    }

    private static void close(SharedFile file)
    {
        try
        {
            file.close();
        }
        catch (final IOException e)
        {
            System.getLogger("parallel").log(System.Logger.Level.DEBUG, "A shared array's file cannot be closed", e);
        }
    }

    /* Lets go of what is awaited no more. */
    static void look()
    {
        final List<SharedFile> held;
        synchronized (HELD)
        {
            held = new ArrayList<>(HELD);
        }
        held.removeIf(Holds::isAwaited);
        synchronized (HELD)
        {
            HELD.removeAll(held);
        }
        held.forEach(Holds::close);
    }

    /* The oldest is given up; false: there is none. */
    static boolean giveUpOne()
    {
        final SharedFile oldest;
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
            return HELD.stream().mapToLong(Holds::length).sum();
        }
    }

    private static long length(SharedFile file)
    {
        try
        {
            return file.length();
        }
        catch (final IOException closed)
        {
            return 0;
        }
    }
}
