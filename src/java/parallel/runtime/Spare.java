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

    Instant startedAt()
    {
        return startedAt;
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

    /** Boots it; blocks until it is connected, or has ended. */
    void boot(WorkerLaunch how, long deadline) throws LaunchException, IOException
    {
        jvm.launch(how);
        Threads.start("parallel-spare-" + jvm.process().pid(), () ->
        {
            try
            {
                connected.complete(jvm.connect(this, deadline));
            }
            catch (final Exception e)
            {
                connected.completeExceptionally(e);
            }
            if (connected.isCompletedExceptionally() || connected.join() == null)
            {
                onEnd();
            }
        });
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
            link = connected.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
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

    /** Of one that nobody has taken: SIGKILL, as it has nothing to lose. */
    void end()
    {
        jvm.kill();
    }

    /** Waits until it has exited and gives back what it held. */
    void awaitGone(long ms)
    {
        try
        {
            jvm.process().awaitExit(ms);
            final Link link = connected.getNow(null);
            if (link != null)
            {
                link.close();
            }
        }
        catch (final InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
        catch (final RuntimeException neverConnected)
        {
            // then there is no link
        }
        jvm.channel().retire();
        jvm.release();
    }
}
