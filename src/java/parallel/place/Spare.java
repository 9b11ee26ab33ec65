package parallel.place;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

import parallel.WorkerStatus;
import parallel.control.Frames;
import parallel.process.LaunchException;
import parallel.runtime.ChannelPeer;
import parallel.runtime.Statuses;
import parallel.runtime.Threads;
import parallel.transport.Link;
import parallel.transport.LinkListener;

/**
 * A JVM that waits to become somebody's worker, or boots for that. What it says before it is taken is kept for the
 * worker's life. Safe from any thread.
 */
public final class Spare implements LinkListener
{
    private static final long MOST_END_MS = 2000;

    private final WorkerJvm jvm;
    private final List<String> fingerprint;
    private final Consumer<Spare> whenEnded;
    private final Instant startedAt = Instant.now();
    private final CompletableFuture<Link> connected = new CompletableFuture<>();
    private final List<Consumer<LinkListener>> kept = new ArrayList<>();
    /** Guarded by this, as what is kept: whoever takes it hears all that came, in order. */
    private LinkListener taker;
    private volatile boolean ready;
    private volatile boolean ended;

    /**
     * A spare that is not started yet.
     *
     * @param jvm         its own.
     * @param fingerprint of what it is started with.
     * @param whenEnded   called if it ends before it is taken.
     */
    Spare(WorkerJvm jvm, List<String> fingerprint, Consumer<Spare> whenEnded)
    {
        this.jvm = jvm;
        this.fingerprint = fingerprint;
        this.whenEnded = whenEnded;
    }

    WorkerJvm jvm()
    {
        return jvm;
    }

    WorkerStatus status(int parent)
    {
        return Statuses.of(new Statuses.Identity(0, jvm.process().pid(), parent, null, startedAt, null),
            jvm.channel().status(), null,
            ready ? WorkerStatus.State.IDLE : WorkerStatus.State.STARTING);
    }

    boolean isReady()
    {
        return ready;
    }

    /** Whether it can become a worker that was to be started so. */
    boolean fits(List<String> wanted)
    {
        return !ended && jvm.process().isAlive() && fingerprint.equals(wanted);
    }

    /**
     * Starts it, and lets a thread lead it until it is connected; returns when it is a process.
     *
     * @param how       to start it.
     * @param timeoutMs until it has to be connected.
     */
    void boot(WorkerLaunch how, long timeoutMs) throws LaunchException, IOException
    {
        try
        {
            jvm.launch(how);
            long deadline = ChannelPeer.deadline(timeoutMs, TimeUnit.MILLISECONDS);
            Threads.start("parallel-spare-" + jvm.process().pid(), () -> connect(deadline));
        }
        catch (LaunchException | IOException | RuntimeException | Error e)
        {
            jvm.kill();
            awaitGone(MOST_END_MS);
            throw e;
        }
    }

    private void connect(long deadline)
    {
        try
        {
            Link link = jvm.connect(this, deadline);
            connected.complete(link);
            if (link != null)
            {
                return;
            }
        }
        catch (Throwable e)
        {
            connected.completeExceptionally(e);
        }
        Threads.surely(this::onEnd);
    }

    /**
     * From now on it is a worker's.
     *
     * @param listener hears what came before, too.
     * @param deadline as of {@link System#nanoTime()}.
     * @return the link to it; null if it has exited before it was connected.
     */
    Link take(LinkListener listener, long deadline) throws Exception
    {
        Link link;
        try
        {
            link = deadline == ChannelPeer.FOREVER ? connected.get() :
                connected.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        }
        catch (ExecutionException e)
        {
            if (e.getCause() instanceof Error error)
            {
                throw error;
            }
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException("its JVM has not connected");
        }
        synchronized (this)
        {
            kept.forEach(each -> each.accept(listener));
            kept.clear();
            taker = listener;
        }
        return link;
    }

    private synchronized void hear(Consumer<LinkListener> what)
    {
        if (taker == null)
        {
            kept.add(what);
        }
        else
        {
            what.accept(taker);
        }
    }

    @Override
    public void onFrame(ByteBuffer frame)
    {
        if (!ready && Frames.kind(frame) == Frames.READY)
        {
            ready = true;
            jvm.ready();
        }
        hear(listener -> listener.onFrame(frame));
    }

    @Override
    public void onLargeFrame(List<ByteBuffer> parts)
    {
        hear(listener -> listener.onLargeFrame(parts));
    }

    @Override
    public void onUnread(ByteBuffer beginning, long length, OutOfMemoryError e)
    {
        ByteBuffer copy = ByteBuffer.allocate(beginning.remaining()).put(beginning.duplicate()).flip();
        hear(listener -> listener.onUnread(copy, length, e));
    }

    /** One that nobody has taken will not be taken any more. */
    @Override
    public void onLost(Throwable e)
    {
        jvm.kill();
        hear(listener -> listener.onLost(e));
    }

    @Override
    public void onError(IOException error)
    {
        hear(listener -> listener.onError(error));
    }

    @Override
    public void onEnd()
    {
        ended = true;
        hear(LinkListener::onEnd);
        whenEnded.accept(this);
    }

    /** Of one that nobody will take, and that was killed: waits until it has exited and gives back what it held. */
    void awaitGone(long ms)
    {
        try
        {
            if (jvm.process() != null)
            {
                jvm.process().awaitExit(ms);
            }
            connected.thenAccept(link ->
            {
                if (link != null)
                {
                    link.close();
                }
            });
        }
        catch (InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
        jvm.channel().retire();
        jvm.release();
    }
}
