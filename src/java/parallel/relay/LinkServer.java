package parallel.relay;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

import parallel.codec.Codec;
import parallel.control.Frames;
import parallel.runtime.Threads;
import parallel.transport.ControlLoop;
import parallel.transport.Link;
import parallel.transport.LinkListener;

/**
 * The link process: holds the connections to all hosts of a session, and plays their workers to the parent. What the
 * parent says comes on the thread of its link.
 */
public final class LinkServer implements LinkListener
{
    private static final long FACTS_MS = 20_000;
    private static final long CLOSE_MS = 5000;
    private static final long LOOK_EVERY_MS = 5;

    private final HostConnector connector;
    private final Runnable parentGone;
    private final Map<Integer, HostConnection> hosts = new ConcurrentHashMap<>();
    private final Map<Integer, Thread> starting = new ConcurrentHashMap<>();
    private final Map<Integer, Played> workers = new ConcurrentHashMap<>();
    private final OfferedCode offers = new OfferedCode();
    private final RelayLoop loop;
    private volatile Link root;

    /** A worker and where it is. */
    private record Played(PlayedWorker worker, int host)
    {
    }

    /**
     * Holds nothing yet.
     *
     * @param connector  brings hosts in.
     * @param parentGone called when the parent is gone, or when this cannot go on.
     */
    public LinkServer(HostConnector connector, Runnable parentGone)
    {
        this.connector = connector;
        this.parentGone = parentGone;
        this.loop = new RelayLoop(e -> parentGone.run());
    }

    /** From now on the parent is heard. */
    public void begin(Link itsLink, ControlLoop ticks)
    {
        root = itsLink;
        ticks.every(Heartbeat.EVERY_MS, () -> hosts.values().forEach(HostConnection::tick));
    }

    @Override
    public void onEnd()
    {
        parentGone.run();
    }

    /** Ends all agents that are still there; blocks until that is done, for some seconds at most. */
    public void close()
    {
        starting.values().forEach(Thread::interrupt);
        hosts.values().forEach(HostConnection::finish);
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(CLOSE_MS);
        while ((!hosts.isEmpty() || !starting.isEmpty()) && System.nanoTime() - deadline < 0)
        {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(LOOK_EVERY_MS));
        }
    }

    @Override
    public void onFrame(ByteBuffer frame)
    {
        int number = (int)Frames.number(frame);
        switch (RelayFrames.kind(frame))
        {
            case RelayFrames.ADD -> add(number, Frames.payload(frame));
            case RelayFrames.REMOVE -> remove(number);
            case RelayFrames.OFFER -> offers.add(values(frame));
            case RelayFrames.WARM -> of(number, host -> host.warm(Frames.payload(frame)));
            case RelayFrames.BULK -> of(number, host -> host.bulk(values(frame)));
            case RelayFrames.BULK_WITHDRAWN -> of(number, host -> host.withdrawBulk(values(frame)));
            case RelayFrames.PLAY -> play(number, values(frame));
            case RelayFrames.WAKE -> wake(number);
            case RelayFrames.SIGNAL -> signal(number, Frames.payload(frame));
            case RelayFrames.DROP -> drop(number);
            default -> pass(number, frame);
        }
    }

    private static Object[] values(ByteBuffer frame)
    {
        return (Object[])Codec.fromBytes(Frames.payload(frame));
    }

    // ---- hosts

    private void add(int number, byte[] how)
    {
        Thread thread = Threads.unstarted("parallel-host-" + number, () -> connect(number, how),
            e -> notAdded(number, new HostNotAddedException(String.valueOf(e), Map.of(), e)));
        starting.put(number, thread);
        thread.start();
    }

    private void connect(int number, byte[] how)
    {
        try
        {
            greet(number, connector.connect(number, how));
        }
        catch (HostNotAddedException e)
        {
            notAdded(number, e);
        }
        catch (InterruptedException e)
        {
            notAdded(number, new HostNotAddedException("It was removed while it was added.", Map.of(), e));
        }
        finally
        {
            starting.remove(number);
        }
    }

    private void greet(int number, HostConnector.Connected connected) throws InterruptedException
    {
        HostConnection host = new HostConnection(number, connected, root, offers,
            (why, silentMs) -> lose(number, why, silentMs), () -> hosts.remove(number));
        try
        {
            host.greet(FACTS_MS);
            hosts.put(number, host);
            if (host.isGone())
            {
                hosts.remove(number);   // meanwhile, and it was not yet among the hosts then
            }
        }
        catch (TimeoutException e)
        {
            connected.close();
            notAdded(number, new HostNotAddedException(e.getMessage(), Map.of(), e));
        }
        catch (InterruptedException e)
        {
            connected.close();
            throw e;
        }
    }

    private void notAdded(int number, HostNotAddedException e)
    {
        Map<String, Object> data = new HashMap<>(e.data());
        data.put("message", e.getMessage());
        root.send(Frames.frame(RelayFrames.NOT_ADDED, number, Codec.toBytes(data)));
    }

    private void remove(int number)
    {
        Thread begun = starting.get(number);
        HostConnection host = hosts.get(number);
        if (begun != null)
        {
            begun.interrupt();
        }
        if (host != null)
        {
            host.finish();
        }
    }

    private void of(int number, Consumer<HostConnection> tell)
    {
        HostConnection host = hosts.get(number);
        if (host != null)
        {
            tell.accept(host);
        }
    }

    private void lose(int number, String why, long silentMs)
    {
        workers.values().stream().filter(played -> played.host == number)
            .forEach(played -> played.worker.lose(why, silentMs));
    }

    // ---- workers

    private void play(int id, Object[] how)
    {
        int number = (Integer)how[0];
        HostConnection host = hosts.get(number);
        try
        {
            if (host == null || host.isGone())
            {
                throw new IOException("Its host is gone.");
            }
            PlayedWorker worker = new PlayedWorker(id, (String)how[1], root, loop);
            workers.put(id, new Played(worker, number));
            worker.connect(host.streams());
            if (host.isGone())
            {
                worker.lose("connection", 0);  // meanwhile, and this one was not yet among its workers then
            }
        }
        catch (IOException | RuntimeException e)
        {
            root.send(Frames.frame(RelayFrames.NOT_STARTED, id, Codec.toBytes(Map.of("message", e.getMessage()))));
            root.send(Frames.frame(RelayFrames.ENDED, id, Codec.toBytes(Map.of())));
        }
    }

    private void pass(int id, ByteBuffer frame)
    {
        Played played = workers.get(id);
        if (played != null)
        {
            played.worker.pass(RelayFrames.joined(frame));
        }
    }

    private void wake(int id)
    {
        Played played = workers.get(id);
        if (played != null)
        {
            played.worker.wake();
        }
    }

    private void signal(int id, byte[] which)
    {
        Played played = workers.get(id);
        HostConnection host = played == null ? null : hosts.get(played.host);
        if (host != null)
        {
            host.signal(id, which);
        }
    }

    private void drop(int id)
    {
        Played played = workers.remove(id);
        if (played != null)
        {
            played.worker.drop();
        }
    }
}
