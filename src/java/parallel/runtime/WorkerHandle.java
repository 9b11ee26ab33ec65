package parallel.runtime;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import parallel.ParallelException;
import parallel.Worker;
import parallel.WorkerOptions;
import parallel.WorkerOptions.Option;
import parallel.WorkerStatus;
import parallel.codec.Codec;
import parallel.codec.Destination;
import parallel.control.Errors;
import parallel.control.Frames;
import parallel.control.Text;
import parallel.control.Work;
import parallel.transport.FlightRecord;
import parallel.transport.MessageChannel;
import parallel.transport.WaitTable;
import parallel.transport.Waiter;

/**
 * A worker as its parent holds it. Its life (start, frames, end) is led by {@link WorkerLife}; this is the part that
 * callers see.
 */
public class WorkerHandle extends ChannelPeer
    implements Worker, FutureValue<Object>, StopLadder.Stoppable, Statuses.Source
{
    private static final long THREADS_MS = 250;
    private static final byte[] NOTHING = new byte[0];
    /** Of one that is being killed: a process may be in the middle of a system call. */
    private static final long MOST_END_MS = 10_000;
    private final WorkerLife life;
    private volatile boolean cancelled;
    private Object finalValue;
    private boolean valueRead;

    /**
     * A handle for a worker about to be started.
     *
     * @param spec what it is started with.
     */
    public WorkerHandle(StartSpec spec)
    {
        super(spec.id());
        life = new WorkerLife(this, new OfLife(), spec);
    }

    /** What its life needs of this handle. */
    private final class OfLife implements WorkerLife.Holder
    {
        @Override
        public Collection<Work> join()
        {
            return siblings().adopt(WorkerHandle.this);
        }

        @Override
        public void leave()
        {
            siblings().drop(WorkerHandle.this);
        }

        @Override
        public Reply newReply(long number)
        {
            return WorkerHandle.this.newReply(number);
        }

        private Children siblings()
        {
            return Children.of(life.spec().context());
        }
    }

    public final WorkerLife life()
    {
        return life;
    }

    final WorkerOptions options()
    {
        return life.spec().options();
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
    public final Destination destination()
    {
        return life.destination();
    }

    @Override
    Optional<Carrier> carrier()
    {
        Place place = life.place();
        return place == null ? Optional.empty() : place.carrier();
    }

    @Override
    final ParallelException endError()
    {
        Outcome outcome = life.outcome();
        if (outcome == null)
        {
            return Errors.closed(
                who(), name() + " has ended its stream by send-end, and all that it sent was received.");
        }
        return outcome.error() != null ? outcome.error().get() :
            Errors.closed(who(), name() + " has ended, and all that it sent was received.");
    }

    /** @return why the worker has failed or died; null while it lives and when it has ended normally. Never blocks. */
    @Override
    public final ParallelException failure()
    {
        Outcome outcome = life.outcome();
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
    public final String name()
    {
        String name = options().get(Option.NAME, String.class);
        return "worker " + id() + (name == null ? "" : " \"" + name + "\"") +
            (pid() == 0 ? "" : " (pid " + pid() + ")");
    }

    @Override
    public final Map<String, Object> who()
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
            throw errors().timeout("join of", timeout, unit, true);
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
    @Override
    public final boolean await(long timeout, TimeUnit unit) throws InterruptedException
    {
        return awaitEnd(deadline(timeout, unit));
    }

    private boolean awaitEnd(long deadline) throws InterruptedException
    {
        life.control().finish();
        return awaitDone(deadline);
    }

    final boolean awaitDone(long deadline) throws InterruptedException
    {
        MessageChannel channel = channel();
        return life.isDone() || Waiter.await(List.of(channel), () ->
        {
            channel.drain();
            return life.isDone();
        }, deadline, Waiter.For.JOIN);
    }

    @Override
    public final boolean awaitEndUninterruptibly(
        long deadline, Collection<? super StopLadder.Stoppable> stillThere)
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
            catch (InterruptedException e)
            {
                uninterrupted = false;
            }
        }
    }

    @Override
    public final Object yield(Object value)
    {
        throw Errors.badArgument("yield is for a worker, which calls it on parent(); here, in the parent of " + name() +
            ", call step.");
    }

    @Override
    public final Object step(Object message) throws InterruptedException
    {
        return Steps.step(List.of(this), message, -1).get(0);
    }

    @Override
    public final Object step(Object message, long timeout, TimeUnit unit) throws InterruptedException, TimeoutException
    {
        try
        {
            return Steps.step(List.of(this), message, Math.max(0, unit.toMillis(timeout))).get(0);
        }
        catch (ParallelException e)
        {
            if (e.code() != ParallelException.Code.TIMEOUT)
            {
                throw e;
            }
            throw PeerErrors.timeout(e);
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
        Outcome outcome = life.outcome();
        if (outcome.error() != null)
        {
            throw outcome.error().get();
        }
        if (!valueRead)
        {
            finalValue = outcome.value() == null ? null : Values.decode(outcome.value());
            valueRead = true;
        }
        return finalValue;
    }

    /**
     * The final value, as a future gives it.
     *
     * @return the value.
     * @throws InterruptedException  if interrupted while blocked.
     * @throws CancellationException if it was cancelled.
     * @throws ParallelException     its error.
     */
    @Override
    public final Object value() throws InterruptedException
    {
        awaitEnd(FOREVER);
        if (cancelled)
        {
            throw new CancellationException(name() + " was cancelled");
        }
        return finalValue();
    }

    @Override
    public final TimeoutException timedOut(long timeout, TimeUnit unit) throws InterruptedException
    {
        return errors().timeout("get of", timeout, unit, true);
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
     * @param work what.
     * @return a reply at once.
     * @throws ParallelException with BAD_ARGUMENT on a worker that was not forked.
     */
    public final Reply exec(Work work)
    {
        if (!life.spec().forked())
        {
            throw Errors.badArgument("exec needs a forked worker; " + name() +
                " was started by run and evaluates its own form. Start one with (fork) and exec in it.");
        }
        return life.control().evaluate(Frames.EXEC, work);
    }

    /**
     * Evaluates for everywhere: in turn in a forked worker, at once, while its form runs, in another.
     *
     * @param work what.
     * @return a reply at once.
     */
    public final Reply execEverywhere(Work work)
    {
        return life.control().evaluate(life.spec().forked() ? Frames.EXEC : Frames.EXEC_NOW, work);
    }

    /**
     * Evaluates a work at once, on a thread of its own while the worker evaluates other work, in a forked worker, too.
     *
     * @param work what to evaluate.
     * @return the reply; cancelling it interrupts the evaluation.
     */
    public final Reply execNow(Work work)
    {
        return life.control().evaluate(Frames.EXEC_NOW, work);
    }

    @Override
    public final void interrupt()
    {
        life.control().tell(Frames.frame(Frames.INTERRUPT));
    }

    @Override
    public final void stop()
    {
        StopLadder.stop(List.of(this), -1);
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

    @Override
    public final long graceMs()
    {
        return options().get(Option.GRACE, Duration.class).toMillis();
    }

    @Override
    public final void ask()
    {
        life.ask();
    }

    @Override
    public final void breakOff()
    {
        life.control().tell(Frames.frame(Frames.BREAK));
    }

    @Override
    public final void terminate()
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
        Reply reply = life.control().request(Frames.THREADS, NOTHING);
        try
        {
            return reply.await(timeoutMs, TimeUnit.MILLISECONDS) && !life.isDone() &&
                reply.value() instanceof String dump ? dump : null;
        }
        catch (ParallelException e)
        {
            return null;        // it has no memory for that, or has ended
        }
        finally
        {
            life.control().forget(reply);
        }
    }

    /**
     * Has the worker begin a recording of what its threads do. Does not wait for it.
     *
     * @param directory of the session, for such files.
     * @return settles with true once it has begun; false: its Java cannot record.
     */
    public final Reply record(Path directory)
    {
        return life.control().request(Frames.RECORD, Codec.toBytes(directory.toString()));
    }

    /**
     * Has the worker end a recording. Does not wait for it.
     *
     * @param begun what {@link #record} gave.
     * @param file  that the worker writes.
     * @return settles with true once the file is written.
     */
    public final Reply recorded(Reply begun, Path file)
    {
        return life.control().request(Frames.RECORDED, Codec.toBytes(new Object[]{begun.number(), file.toString()}));
    }

    /**
     * An option that it was started with.
     *
     * @param option which one.
     * @return whether that is true.
     */
    public final boolean has(Option option)
    {
        return options().get(option, Boolean.class);
    }

    @Override
    public final WorkerStatus status()
    {
        return life.status();
    }

    /**
     * What it did last, as it wrote it down.
     *
     * @return null where it was not started.
     */
    public final FlightRecord flightRecord()
    {
        return life.flightRecord();
    }

    /**
     * Has what it did last fetched, where that is on another machine. Does not block.
     *
     * @return done once {@link #flightRecord} has it, or it cannot be had.
     */
    public final CompletableFuture<?> fetchRecords()
    {
        Place place = life.place();
        return place == null ? CompletableFuture.completedFuture(null) : place.fetchRecords();
    }

    /**
     * What the workers below it did that are on another machine.
     *
     * @return by id, as it was fetched last.
     */
    public final Map<Integer, FlightRecord> recordsBelow()
    {
        Place place = life.place();
        return place == null ? Map.of() : place.recordsBelow();
    }

    /**
     * What its threads, and those of the workers below it, wait for on another machine.
     *
     * @return as far as that has told.
     */
    public final List<WaitTable.Wait> waitsElsewhere()
    {
        Place place = life.place();
        return place == null || !isAlive() ? List.of() : place.waits();
    }

    /**
     * What the workers below it do that are on another machine.
     *
     * @return as far as that has told.
     */
    @Override
    public final List<WorkerStatus> below()
    {
        Place place = life.place();
        return place == null || !isAlive() ? List.of() : place.below();
    }

    /**
     * How large its heap may become.
     *
     * @return in bytes, once it is ready; before that a large number.
     */
    public final long heapLimitBytes()
    {
        return life.control().heapLimitBytes();
    }

    /**
     * What it has sent and this process has not received.
     *
     * @return messages.
     */
    public final long unreadMessages()
    {
        return channel() == null ? 0 : channel().status().messagesUnread();
    }

    /**
     * Bytes of what it has sent and this process has not received.
     *
     * @return bytes.
     */
    public final long unreadBytes()
    {
        return channel() == null ? 0 : channel().status().bytesUnread();
    }

    /**
     * What it and those below it have printed last. From any thread, never blocks.
     *
     * @return 20 lines at most of each, in the order of each.
     */
    public final List<PrintedLine> lastLines()
    {
        return life.lastLines();
    }

    /**
     * How much it and those below it have printed. From any thread, never blocks.
     *
     * @return the number of lines of each that has, by its id.
     */
    public final Map<Integer, Long> linesPrinted()
    {
        return life.linesPrinted();
    }

    /** Ends it at once, as one that has nothing to do: its state is then ENDED. Never blocks. */
    public final void dismiss()
    {
        life.dismiss();
    }

    /** Has its listener told that it is replaced while it is well. Never blocks. */
    public final void tellRetired()
    {
        life.tellRetired();
    }

    /**
     * Says whether it has a heap of its own.
     *
     * @return false for a worker that is a thread.
     */
    public final boolean hasOwnHeap()
    {
        return !options().get(Option.IN, Object.class).equals("thread");
    }

    /**
     * Says whether it is a process of this machine.
     *
     * @return false for a worker that is a thread, or lives on a host.
     */
    public final boolean isProcessHere()
    {
        return options().get(Option.IN, Object.class).equals("process");
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
        String threads = ask ? threads(THREADS_MS) : null;
        if (threads != null)
        {
            data.put("threads", threads);
        }
    }

    @Override
    public String toString()
    {
        WorkerStatus status = status();
        ParallelException failure = failure();
        return "#parallel/worker{:id " + id() + " :pid " + (status.pid() == 0 ? "nil" : status.pid()) + " :state :" +
            status.state().name().toLowerCase(Locale.ROOT) +
            (failure == null ? "" : " :error " + Text.quoted(failure.getMessage())) + "}";
    }
}
