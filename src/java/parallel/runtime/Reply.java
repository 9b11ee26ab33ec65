package parallel.runtime;

import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

import parallel.ParallelException;
import parallel.codec.Codec;
import parallel.transport.Waiter;

/**
 * What a forked worker makes of a job: a future. The value is decoded by the first that asks. Safe from any thread.
 */
public class Reply implements Future<Object>
{
    private enum State
    {
        WAITING, VALUE, ERROR, CANCELLED
    }

    private final WorkerHandle worker;
    private final long number;
    private State state = State.WAITING;
    private byte[] bytes;
    private Object value;
    private Supplier<ParallelException> error;

    /**
     * A reply that is waited for.
     *
     * @param worker which evaluates.
     * @param number of the evaluation.
     */
    protected Reply(WorkerHandle worker, long number)
    {
        this.worker = worker;
        this.number = number;
    }

    final long number()
    {
        return number;
    }

    final void complete(byte[] valueBytes)
    {
        settle(State.VALUE, valueBytes, null);
    }

    final void fail(Supplier<ParallelException> why)
    {
        settle(State.ERROR, null, why);
    }

    private synchronized boolean settle(State end, byte[] valueBytes, Supplier<ParallelException> why)
    {
        if (state != State.WAITING)
        {
            return false;
        }
        bytes = valueBytes;
        error = why;
        state = end;
        notifyAll();
        return true;
    }

    @Override
    public final boolean cancel(boolean mayInterrupt)
    {
        final boolean cancelled = settle(State.CANCELLED, null, null);
        if (cancelled)
        {
            worker.cancel(this);
        }
        return cancelled;
    }

    @Override
    public final synchronized boolean isCancelled()
    {
        return state == State.CANCELLED;
    }

    @Override
    public final synchronized boolean isDone()
    {
        return state != State.WAITING;
    }

    /**
     * Waits, and takes what the worker sends into the inbox meanwhile.
     *
     * @param timeout how long.
     * @param unit    of it.
     * @return true if the reply is there.
     * @throws InterruptedException if interrupted while blocked.
     */
    public final boolean await(long timeout, TimeUnit unit) throws InterruptedException
    {
        return await(ChannelPeer.deadline(timeout, unit));
    }

    private boolean await(long deadline) throws InterruptedException
    {
        return isDone() || worker.channel() == null || Waiter.await(List.of(worker.channel()), () ->
        {
            worker.channel().drain();
            return isDone();
        }, deadline);
    }

    /**
     * Waits for the value.
     *
     * @return the value.
     * @throws InterruptedException  if interrupted while blocked.
     * @throws ParallelException     the error of the evaluation or of the worker.
     * @throws CancellationException if it was cancelled.
     */
    public final Object value() throws InterruptedException
    {
        await(ChannelPeer.FOREVER);
        return settled();
    }

    private synchronized Object settled()
    {
        if (state == State.CANCELLED)
        {
            throw new CancellationException("The evaluation by " + worker.name() + " was cancelled");
        }
        if (state == State.ERROR)
        {
            throw error.get();
        }
        if (bytes != null)
        {
            value = decode(bytes);
            bytes = null;
        }
        return value;
    }

    static Object decode(byte[] bytes)
    {
        try
        {
            return Codec.fromBytes(bytes);
        }
        catch (final parallel.codec.NotTransferableException e)
        {
            throw Errors.notTransferable(e);
        }
    }

    @Override
    public Object get() throws InterruptedException, ExecutionException
    {
        try
        {
            return value();
        }
        catch (final ParallelException e)
        {
            throw new ExecutionException(e);
        }
    }

    @Override
    public final Object get(long timeout, TimeUnit unit) throws InterruptedException, ExecutionException, TimeoutException
    {
        if (!await(timeout, unit))
        {
            throw worker.timeout("an evaluation in", timeout, unit, true);
        }
        return get();
    }
}
