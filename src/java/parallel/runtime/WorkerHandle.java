package parallel.runtime;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import parallel.ParallelException;
import parallel.Worker;
import parallel.WorkerOptions;
import parallel.WorkerOptions.Option;
import parallel.WorkerStatus;
import parallel.transport.MessageChannel;
import parallel.transport.Waiter;

/**
 * A worker as its parent holds it. Its life (start, frames, end) is led by {@link Life}; this is the part that callers see.
 */
public class WorkerHandle extends ChannelPeer implements Worker
{
    private static final long THREADS_MS = 250;
    /** Of one that is being killed: a process may be in the middle of a system call. */
    private static final long MOST_END_MS = 10_000;
    private final Life life;
    private volatile boolean cancelled;
    private Object value;
    private boolean valueRead;

    /**
     * A handle for a worker about to be started.
     *
     * @param birth what it is started with.
     */
    protected WorkerHandle(Birth birth)
    {
        super(birth.id());
        life = new Life(this, birth);
    }

    /**
     * What a worker is started with.
     *
     * @param context of the parent.
     * @param id      of the worker.
     * @param options checked ones.
     * @param job     what it evaluates; {@link Job#IDLE} for a forked worker.
     */
    public record Birth(Context context, int id, WorkerOptions options, Job job)
    {
        boolean forked()
        {
            return job.kind() == Job.NONE;
        }
    }

    final Life life()
    {
        return life;
    }

    final WorkerOptions options()
    {
        return life.birth().options();
    }

    /**
     * A reply to an evaluation, of the kind that suits the caller's language.
     *
     * @param number of the evaluation.
     * @return a new reply.
     */
    protected Reply newReply(long number)
    {
        return new Reply(this, number);
    }

    @Override
    final MessageChannel channel()
    {
        return life.channel();
    }

    @Override
    final ParallelException endError()
    {
        final Outcome outcome = life.outcome();
        if (outcome == null)
        {
            return Errors.closed(who(), name() + " has ended its stream by send-end, and all that it sent was received.");
        }
        return outcome.error() != null ? outcome.error().get() : Errors.closed(who(), name() + " has ended, and all that it sent was received.");
    }

    /** @return why the worker has failed or died; null while it lives and when it has ended normally. Never blocks. */
    @Override
    public final ParallelException failure()
    {
        final Outcome outcome = life.outcome();
        return outcome == null || outcome.error() == null ? null : outcome.error().get();
    }

    @Override
    final void awaitEndOfCorrupt() throws InterruptedException
    {
        awaitDone(deadline(MOST_END_MS, TimeUnit.MILLISECONDS));
    }

    @Override
    final boolean isSettled()
    {
        return life.isDone();
    }

    @Override
    final String name()
    {
        final String name = options().get(Option.NAME, String.class);
        return "worker " + id() + (name == null ? "" : " \"" + name + "\"") + (pid() == 0 ? "" : " (pid " + pid() + ")");
    }

    @Override
    final Map<String, Object> who()
    {
        return facts(pid());
    }

    @Override
    public final long pid()
    {
        return life.pid();
    }

    @Override
    public final Object join() throws InterruptedException
    {
        awaitEnd(FOREVER);
        return finalValue();
    }

    @Override
    public final Object join(long timeout, TimeUnit unit) throws InterruptedException, TimeoutException
    {
        if (!awaitEnd(deadline(timeout, unit)))
        {
            throw timeout("join of", timeout, unit, true);
        }
        return finalValue();
    }

    /**
     * Waits until the worker has ended; a forked worker is told to finish what it was given.
     *
     * @param timeout how long.
     * @param unit    of it.
     * @return true if it has ended.
     * @throws InterruptedException if interrupted while blocked.
     */
    public final boolean awaitEnd(long timeout, TimeUnit unit) throws InterruptedException
    {
        return awaitEnd(deadline(timeout, unit));
    }

    private boolean awaitEnd(long deadline) throws InterruptedException
    {
        life.finish();
        return awaitDone(deadline);
    }

    final boolean awaitDone(long deadline) throws InterruptedException
    {
        final MessageChannel channel = channel();
        return life.isDone() || Waiter.await(List.of(channel), () ->
        {
            channel.drain();
            return life.isDone();
        }, deadline);
    }

    final boolean awaitEndUninterruptibly(long deadline, Collection<WorkerHandle> stillThere)
    {
        boolean uninterrupted = true;
        while (true)
        {
            try
            {
                if (!awaitDone(deadline))
                {
                    stillThere.add(this);
                }
                return uninterrupted;
            }
            catch (final InterruptedException e)
            {
                uninterrupted = false;
            }
        }
    }

    /**
     * The final value of a worker that has ended.
     *
     * @return the value.
     * @throws ParallelException its error.
     */
    public final synchronized Object finalValue()
    {
        final Outcome outcome = life.outcome();
        if (outcome.error() != null)
        {
            throw outcome.error().get();
        }
        if (!valueRead)
        {
            value = outcome.value() == null ? null : Reply.decode(outcome.value());
            valueRead = true;
        }
        return value;
    }

    @Override
    public Object get() throws InterruptedException, ExecutionException
    {
        awaitEnd(FOREVER);
        try
        {
            return futureValue();
        }
        catch (final ParallelException e)
        {
            throw new ExecutionException(e);
        }
    }

    /**
     * The final value of a worker that has ended, as a future gives it.
     *
     * @return the value.
     * @throws CancellationException if it was cancelled.
     * @throws ParallelException     its error.
     */
    public final Object futureValue()
    {
        if (cancelled)
        {
            throw new CancellationException(name() + " was cancelled");
        }
        return finalValue();
    }

    @Override
    public final Object get(long timeout, TimeUnit unit) throws InterruptedException, ExecutionException, TimeoutException
    {
        if (!awaitEnd(deadline(timeout, unit)))
        {
            throw timeout("get of", timeout, unit, true);
        }
        return get();
    }

    @Override
    public final boolean cancel(boolean mayInterrupt)
    {
        if (isDone())
        {
            return false;
        }
        cancelled = true;
        stop();
        return true;
    }

    @Override
    public final boolean isCancelled()
    {
        return cancelled;
    }

    @Override
    public final boolean isDone()
    {
        return life.isDone();
    }

    @Override
    public final boolean isAlive()
    {
        return life.outcome() == null;
    }

    /**
     * Evaluates in a forked worker, in turn.
     *
     * @param job what.
     * @return a reply at once.
     * @throws ParallelException with BAD_ARGUMENT on a worker that was not forked.
     */
    public final Reply exec(Job job)
    {
        if (!life.birth().forked())
        {
            throw Errors.badArgument("exec needs a forked worker; " + name() +
                " was started by run and evaluates its own form. Start one with (fork) and exec in it.");
        }
        return life.evaluate(Frames.EXEC, job);
    }

    /**
     * Evaluates for everywhere: in turn in a forked worker, at once beside the form of another.
     *
     * @param job what.
     * @return a reply at once.
     */
    public final Reply execBeside(Job job)
    {
        return life.evaluate(life.birth().forked() ? Frames.EXEC : Frames.EXEC_NOW, job);
    }

    /**
     * Evaluates a job at once, on a thread of its own beside whatever the worker evaluates, in a forked worker, too.
     *
     * @param job what to evaluate.
     * @return the reply; cancelling it interrupts the evaluation.
     */
    public final Reply execNow(Job job)
    {
        return life.evaluate(Frames.EXEC_NOW, job);
    }

    final void cancel(Reply reply)
    {
        life.cancel(reply);
    }

    @Override
    public final void interrupt()
    {
        life.tell(Frames.frame(Frames.INTERRUPT, 0));
    }

    @Override
    public final void stop()
    {
        Ladder.stop(List.of(this), -1);
    }

    @Override
    public final void close()
    {
        stop();
    }

    @Override
    public final void kill()
    {
        life.kill();
    }

    final long graceMs()
    {
        return options().get(Option.GRACE, java.time.Duration.class).toMillis();
    }

    final void ask()
    {
        life.ask();
    }

    final void breakOff()
    {
        life.tell(Frames.frame(Frames.BREAK, 0));
    }

    final void terminate()
    {
        life.terminate();
    }

    /**
     * Where the threads of the worker are.
     *
     * @param timeoutMs how long to wait for its answer, in milliseconds.
     * @return the text of a thread dump, or null if it did not answer.
     * @throws InterruptedException if interrupted while blocked.
     */
    public final String threads(long timeoutMs) throws InterruptedException
    {
        final Reply reply = life.request(Frames.THREADS);
        try
        {
            return reply.await(timeoutMs, TimeUnit.MILLISECONDS) && !life.isDone() && reply.value() instanceof String dump ? dump : null;
        }
        finally
        {
            life.forget(reply);
        }
    }

    @Override
    public final WorkerStatus status()
    {
        return life.status();
    }

    @Override
    public final CompletableFuture<WorkerStatus> onExit()
    {
        return life.exited().copy();
    }

    @Override
    void tellMore(Map<String, Object> data, boolean ask) throws InterruptedException
    {
        data.put("status", status());
        final String threads = ask ? threads(THREADS_MS) : null;
        if (threads != null)
        {
            data.put("threads", threads);
        }
    }

    @Override
    public String toString()
    {
        final WorkerStatus status = status();
        return "#parallel/worker{:id " + id() + " :pid " + status.pid() + " :state :" + status.state().name().toLowerCase(java.util.Locale.ROOT) + "}";
    }
}
