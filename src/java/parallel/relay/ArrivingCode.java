package parallel.relay;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

import parallel.process.BlobStore;
import parallel.runtime.Threads;

/** The jars of an agent's workers: those that are here, and those that are asked for. Safe from any thread. */
public final class ArrivingCode
{
    private final BlobStore store;
    private final Map<String, CompletableFuture<Void>> asked = new ConcurrentHashMap<>();
    private final AtomicInteger arrived = new AtomicInteger();
    private volatile Consumer<String> ask = sum -> { };

    /**
     * Asks for nothing yet.
     *
     * @param store of the jars; null where all class paths are as they are sent.
     */
    public ArrivingCode(BlobStore store)
    {
        this.store = store;
    }

    void askedBy(Consumer<String> asker)
    {
        ask = asker;
    }

    /**
     * A jar; blocks until it is here.
     *
     * @param sum      of it.
     * @param deadline as of {@link System#nanoTime}.
     * @return where it is.
     * @throws IOException          if it cannot be had.
     * @throws InterruptedException if interrupted.
     */
    public Path get(String sum, long deadline) throws IOException, InterruptedException
    {
        if (store == null)
        {
            throw new IOException("Its agent has no directory for code.");
        }
        Optional<Path> here = store.find(sum);
        if (here.isEmpty())
        {
            await(sum, deadline);
            here = store.find(sum);
        }
        return here.orElseThrow(() -> new IOException("A jar of the class path has arrived, and is gone again."));
    }

    private void await(String sum, long deadline) throws IOException, InterruptedException
    {
        CompletableFuture<Void> mine = new CompletableFuture<>();
        CompletableFuture<Void> others = asked.putIfAbsent(sum, mine);
        if (others == null)
        {
            ask.accept(sum);
        }
        try
        {
            (others == null ? mine : others).get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        }
        catch (ExecutionException e)
        {
            throw new IOException(e.getCause().getMessage(), e.getCause());
        }
        catch (TimeoutException e)
        {
            throw new IOException("A jar of the class path has not arrived in time.", e);
        }
        finally
        {
            asked.remove(sum, mine);
        }
    }

    void missing(String sum)
    {
        conclude(sum, new IOException("A jar of the class path is not there any more."));
    }

    private void conclude(String sum, IOException failure)
    {
        CompletableFuture<Void> waits = asked.get(sum);
        if (waits != null && failure == null)
        {
            waits.complete(null);
        }
        else if (waits != null)
        {
            waits.completeExceptionally(failure);
        }
    }

    /** Nothing arrives any more. */
    void close()
    {
        asked.keySet().forEach(this::missing);
    }

    StreamListener arrive(Stream stream)
    {
        ArrivingFrames frames = new ArrivingFrames(stream);
        Threads.start("parallel-code-" + arrived.incrementAndGet(), () -> receive(frames), e -> close());
        return frames;
    }

    private void receive(ArrivingFrames frames)
    {
        String sum = null;
        try
        {
            ByteBuffer head = ByteBuffer.wrap(frames.next());
            long bytes = head.getLong();
            sum = StandardCharsets.US_ASCII.decode(head).toString();
            receive(sum, bytes, frames);
            conclude(sum, null);
        }
        catch (IOException | RuntimeException e)
        {
            if (sum != null)
            {
                conclude(sum, new IOException("A jar of the class path has not arrived: " + e.getMessage(), e));
            }
        }
        catch (InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
        finally
        {
            frames.close();
        }
    }

    private void receive(String sum, long bytes, ArrivingFrames frames) throws IOException, InterruptedException
    {
        if (!asked.containsKey(sum) || bytes <= 0)
        {
            throw new IOException("Nobody has asked for it.");
        }
        try (BlobStore.Part part = store.receive(sum, bytes))
        {
            while (part.write(frames.next()))
            {
                Thread.onSpinWait();
            }
            part.finish();
        }
    }
}
