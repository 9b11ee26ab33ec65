package parallel.runtime;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

import parallel.transport.Waiter;

/**
 * What a forked worker makes of a work: a future. Who waits for it takes what the worker sends into the inbox
 * meanwhile. Safe from any thread.
 */
public class Reply extends Settlement<Object>
{
    private final ChannelPeer worker;
    private final long number;
    /** What else a cancellation does, set before anyone has the reply. */
    private Consumer<Reply> canceller = reply -> { };

    /**
     * A reply that is waited for.
     *
     * @param worker which evaluates.
     * @param number of the evaluation.
     */
    protected Reply(ChannelPeer worker, long number)
    {
        this.worker = worker;
        this.number = number;
    }

    final void canceller(Consumer<Reply> itsCanceller)
    {
        canceller = itsCanceller;
    }

    final long number()
    {
        return number;
    }

    @Override
    public final boolean cancel(boolean mayInterrupt)
    {
        boolean cancelled = settleCancelled();
        if (cancelled)
        {
            canceller.accept(this);
        }
        return cancelled;
    }

    @Override
    public final boolean await(long timeout, TimeUnit unit) throws InterruptedException
    {
        return await(timeout, unit, Waiter.For.REPLY);
    }

    /**
     * As {@link #await}, of what the library answers in the worker, whatever that evaluates: nobody is told of this
     * wait, since it is part of no deadlock.
     *
     * @param timeout how long.
     * @param unit    of it.
     * @return true once the reply is there.
     * @throws InterruptedException if interrupted while blocked.
     */
    public final boolean awaitOfLibrary(long timeout, TimeUnit unit) throws InterruptedException
    {
        return await(timeout, unit, Waiter.For.ANYTHING);
    }

    private boolean await(long timeout, TimeUnit unit, Waiter.For what) throws InterruptedException
    {
        return isDone() || worker.channel() == null || Waiter.await(List.of(worker.channel()), () ->
        {
            worker.channel().drain();
            return isDone();
        }, ChannelPeer.deadline(timeout, unit), what);
    }

    @Override
    public final TimeoutException timedOut(long timeout, TimeUnit unit) throws InterruptedException
    {
        return worker.errors().timeout("an evaluation in", timeout, unit, true);
    }

    @Override
    protected final String cancellation()
    {
        return "The evaluation by " + worker.name() + " was cancelled";
    }
}
