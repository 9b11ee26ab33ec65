package parallel.transport;

import java.util.ArrayDeque;
import java.util.Arrays;

/**
 * The blocked threads of one channel, and the parkers that none of them uses now. A parker costs two descriptors, so
 * they belong to the channel and are closed with it, not to threads. Safe from any thread.
 */
final class Parkers
{
    private static final Parker[] NONE = {};
    private static final int IDLE_KEPT = 2;

    private final ArrayDeque<Parker> idle = new ArrayDeque<>();
    private volatile Parker[] waiting = NONE;
    private boolean closed;

    Parker lease()
    {
        synchronized (this)
        {
            Parker parker = idle.pollFirst();
            if (parker != null)
            {
                return parker;
            }
        }
        return new Parker();
    }

    void giveBack(Parker parker, MessageChannel channel)
    {
        parker.forgetAllBut(channel);
        synchronized (this)
        {
            if (!closed && idle.size() < IDLE_KEPT)
            {
                idle.addFirst(parker);
                return;
            }
        }
        parker.close();
    }

    // From now on wakeAll reaches the parker. Call before the look that decides to sleep.
    synchronized void enter(Parker parker)
    {
        Parker[] more = Arrays.copyOf(waiting, waiting.length + 1);
        more[waiting.length] = parker;
        waiting = more;
    }

    synchronized void leave(Parker parker)
    {
        Parker[] now = waiting;
        for (int i = 0; i < now.length; i++)
        {
            if (now[i] == parker)
            {
                Parker[] fewer = Arrays.copyOf(now, now.length - 1);
                System.arraycopy(now, i + 1, fewer, i, now.length - i - 1);
                waiting = fewer;
                return;
            }
        }
    }

    // How many threads block, or are about to.
    int size()
    {
        return waiting.length;
    }

    void wakeAllBut(Parker self)
    {
        for (Parker parker : waiting)
        {
            if (parker != self)
            {
                parker.wake();
            }
        }
    }

    // Idempotent. Those in use are closed when they come back.
    void close()
    {
        synchronized (this)
        {
            closed = true;
        }
        for (Parker parker = poll(); parker != null; parker = poll())
        {
            parker.close();
        }
    }

    private synchronized Parker poll()
    {
        return idle.pollFirst();
    }
}
