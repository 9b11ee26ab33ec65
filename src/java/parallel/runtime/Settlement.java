package parallel.runtime;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

import parallel.ParallelException;

/**
 * A value that is settled once, by a value, an error or a cancellation: the first of them counts. The value is decoded
 * by the first that asks. Safe from any thread.
 *
 * @param <V> of the value.
 */
public abstract class Settlement<V> implements FutureValue<V>
{
    /** How it was settled. */
    protected enum End
    {
        /** With a value. */
        VALUE,
        /** With an error. */
        ERROR,
        /** By who wanted it no more. */
        CANCELLED
    }

    /** What it was settled with. */
    private static final class Result
    {
        private final End end;
        private final Supplier<ParallelException> error;
        /** Of the value, until it is decoded; guarded by this. */
        private byte[] bytes;
        private Object value;

        Result(End end, byte[] bytes, Supplier<ParallelException> error)
        {
            this.end = end;
            this.bytes = bytes;
            this.error = error;
        }

        synchronized Object value()
        {
            if (bytes != null)
            {
                value = Values.decode(bytes);
                bytes = null;
            }
            return value;
        }
    }

    private final CompletableFuture<Result> settled = new CompletableFuture<>();

    /**
     * The value is there.
     *
     * @param valueBytes its codec bytes.
     * @return false: it was settled before.
     */
    protected boolean complete(byte[] valueBytes)
    {
        return settled.complete(new Result(End.VALUE, valueBytes, null));
    }

    /**
     * There will be no value.
     *
     * @param why makes the error, for each that asks.
     * @return false: it was settled before.
     */
    protected boolean fail(Supplier<ParallelException> why)
    {
        return settled.complete(new Result(End.ERROR, null, why));
    }

    /**
     * Nobody wants the value.
     *
     * @return false: it was settled before.
     */
    protected boolean settleCancelled()
    {
        return settled.complete(new Result(End.CANCELLED, null, null));
    }

    /** @return how it was settled, null before. */
    protected final End end()
    {
        Result result = settled.getNow(null);
        return result == null ? null : result.end;
    }

    /** @return completed by the thread that settles it; never with an exception. */
    protected final CompletableFuture<?> settled()
    {
        return settled;
    }

    /** @return the message of who asks for the value of a cancelled one. */
    protected abstract String cancellation();

    @Override
    public final boolean isCancelled()
    {
        return end() == End.CANCELLED;
    }

    @Override
    public final boolean isDone()
    {
        return settled.isDone();
    }

    @Override
    public boolean await(long timeout, TimeUnit unit) throws InterruptedException
    {
        return settled.isDone() ||
            Waits.forTask(this::waitsFor, this::poll, ChannelPeer.deadline(timeout, unit)) != null;
    }

    private Result poll(long nanos) throws InterruptedException
    {
        try
        {
            return settled.get(nanos, TimeUnit.NANOSECONDS);
        }
        catch (TimeoutException e)
        {
            return null;
        }
        catch (ExecutionException e)
        {
            throw new IllegalStateException(e);     // it is only ever completed with a result
        }
    }

    /**
     * Who may settle it.
     *
     * @return ids of workers; empty where that is not known.
     */
    protected int[] waitsFor()
    {
        return new int[0];
    }

    @Override
    @SuppressWarnings("unchecked")  // as what was asked for says
    public final V value() throws InterruptedException
    {
        await(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
        Result result = settled.join();
        return switch (result.end)
        {
            case VALUE -> (V)result.value();
            case ERROR -> throw result.error.get();
            case CANCELLED -> throw new CancellationException(cancellation());
        };
    }
}
