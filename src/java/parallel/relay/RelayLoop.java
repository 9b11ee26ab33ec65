package parallel.relay;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

import parallel.runtime.Threads;
import parallel.transport.MessageChannel;
import parallel.transport.Waiter;

/** The one thread of a process that moves its relays. Safe from any thread. */
final class RelayLoop
{
    private final Thread thread;
    private volatile List<Relay> relays = List.of();
    private volatile boolean closed;

    /**
     * Starts the thread.
     *
     * @param lost called with what ended it, if it is not {@link #close}.
     */
    RelayLoop(Consumer<Throwable> lost)
    {
        thread = Threads.unstarted("parallel-relay-0", this::run, lost);
        thread.start();
    }

    synchronized void add(Relay relay)
    {
        List<Relay> more = new ArrayList<>(relays);
        more.add(relay);
        change(more);
    }

    synchronized void remove(Relay relay)
    {
        List<Relay> fewer = new ArrayList<>(relays);
        fewer.remove(relay);
        change(fewer);
    }

    private void change(List<Relay> next)
    {
        List<Relay> before = relays;
        relays = next;
        wake(before);
    }

    private void wake(List<Relay> waited)
    {
        waited.forEach(relay -> relay.channel().wakeLocal());
        LockSupport.unpark(thread);
    }

    synchronized void close()
    {
        closed = true;
        wake(relays);
    }

    private void run()
    {
        while (!closed)
        {
            List<Relay> now = relays;
            if (now.isEmpty())
            {
                LockSupport.park(this);
            }
            else
            {
                move(now);
            }
        }
    }

    private void move(List<Relay> now)
    {
        List<MessageChannel> channels = now.stream().map(Relay::channel).toList();
        try
        {
            while (relays == now && !closed)
            {
                // Each time that something has moved it begins again: what comes next is worth some spinning.
                Waiter.await(channels, () -> pump(now), Long.MAX_VALUE, Waiter.For.ROOM);
            }
        }
        catch (InterruptedException e)
        {
            throw new IllegalStateException("The thread of the relays was interrupted.", e);
        }
    }

    private boolean pump(List<Relay> now)
    {
        boolean moved = false;
        for (Relay relay : now)
        {
            moved |= relay.pump();
        }
        return moved || relays != now || closed;
    }
}
