package parallel.transport;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;

/**
 * The blocked threads of one channel, and the parkers that none of them uses now: for waits on this channel, and for
 * waits on several of which it is the first. One for several keeps their bells registered, since who has waited for a
 * hundred workers waits for the same again; it is closed with the first of them that ends. A parker costs two
 * descriptors, so they belong to channels and not to threads. Safe from any thread.
 */
final class Parkers
{
    private static final Parker[] NONE = {};
    private static final int IDLE_KEPT = 2;

    private final ArrayDeque<Parker> idle = new ArrayDeque<>();
    /** Those for several channels that are here, and in use or not. */
    private final ArrayDeque<Parker> idleOfSeveral = new ArrayDeque<>();
    private final List<Parker> ofSeveral = new ArrayList<>();
    private volatile Parker[] waiting = NONE;
    private volatile boolean closed;

    // A parker for a wait on the channels; the first is the one of these parkers.
    Parker lease(List<MessageChannel> channels)
    {
        Parker parker = channels.size() == 1 ? poll(idle) : pollFor(channels);
        if (parker != null)
        {
            return parker;
        }
        Parker made = new Parker(channels);
        if (channels.size() > 1)
        {
            channels.forEach(channel -> channel.parkers().join(made));
        }
        return made;
    }

    private synchronized Parker pollFor(List<MessageChannel> channels)
    {
        for (Iterator<Parker> parkers = idleOfSeveral.iterator(); parkers.hasNext();)
        {
            Parker parker = parkers.next();
            if (parker.isFor(channels))
            {
                parkers.remove();
                return parker;
            }
        }
        return null;
    }

    private synchronized void join(Parker parker)
    {
        ofSeveral.add(parker);
    }

    private synchronized void part(Parker parker)
    {
        ofSeveral.remove(parker);
    }

    void giveBack(Parker parker)
    {
        Parker superfluous = keep(parker);
        if (superfluous != null)
        {
            end(superfluous);
        }
    }

    // The one for which there is no place.
    private synchronized Parker keep(Parker parker)
    {
        if (isOfClosed(parker))
        {
            return parker;
        }
        ArrayDeque<Parker> kept = parker.channels().size() == 1 ? idle : idleOfSeveral;
        kept.addFirst(parker);
        return kept.size() > IDLE_KEPT ? kept.pollLast() : null;
    }

    // Who closes one of its channels says so first, and looks afterwards whether the parker is kept.
    private static boolean isOfClosed(Parker parker)
    {
        boolean found = false;
        for (MessageChannel channel : parker.channels())
        {
            found |= channel.parkers().closed;
        }
        return found;
    }

    private static void end(Parker parker)
    {
        if (parker.channels().size() > 1)
        {
            parker.channels().forEach(channel -> channel.parkers().part(parker));
        }
        parker.close();
    }

    // A channel of it ends: a socket is not closed while a key of it is left.
    private void endSoon(Parker parker)
    {
        boolean wasIdle;
        synchronized (this)
        {
            wasIdle = idleOfSeveral.remove(parker);
        }
        if (wasIdle)
        {
            end(parker);
        }
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
        List<Parker> shared;
        synchronized (this)
        {
            closed = true;
            shared = List.copyOf(ofSeveral);
        }
        for (Parker parker = poll(idle); parker != null; parker = poll(idle))
        {
            parker.close();
        }
        shared.forEach(parker -> parker.channels().get(0).parkers().endSoon(parker));
    }

    private synchronized Parker poll(ArrayDeque<Parker> kept)
    {
        return kept.pollFirst();
    }
}
