package parallel.runtime;

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
import parallel.process.LaunchException;
import parallel.transport.Link;
import parallel.transport.LinkListener;

/**
 * A JVM that waits to become somebody's worker, or boots for that. What it says before it is taken is kept for the worker's life.
 * Safe from any thread.
 */
final class Spare implements LinkListener
{
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
        return Statuses.of(new Statuses.Identity(0, jvm.process().pid(), parent, null, startedAt), jvm.channel().status(), null,
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
        }
        catch (final LaunchException | IOException e)
        {
            jvm.channel().retire();
            jvm.release();
            throw e;
        }
        Threads.start("parallel-spare-" + jvm.process().pid(), () -> connect(ChannelPeer.deadline(timeoutMs, TimeUnit.MILLISECONDS)));
    }

    private void connect(long deadline)
    {
        try
        {
            final Link link = jvm.connect(this, deadline);
            connected.complete(link);
            if (link != null)
            {
                return;
            }
        }
        catch (final Exception e)
        {
            connected.completeExceptionally(e);
        }
        onEnd();
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
        final Link link;
        try
        {
            link = deadline == ChannelPeer.FOREVER ? connected.get() : connected.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        }
        catch (final ExecutionException e)
        {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
        catch (final TimeoutException e)
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
            jvm.process().awaitExit(ms);
            connected.thenAccept(link ->
            {
                if (link != null)
                {
                    link.close();
                }
            });
        }
        catch (final InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
        jvm.channel().retire();
        jvm.release();
    }
}
