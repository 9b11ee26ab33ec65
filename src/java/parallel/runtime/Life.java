package parallel.runtime;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

import parallel.ParallelException;
import parallel.WorkerOptions;
import parallel.WorkerOptions.Option;
import parallel.WorkerStatus;
import parallel.WorkerStatus.State;
import parallel.codec.Codec;
import parallel.transport.Link;
import parallel.transport.LinkListener;
import parallel.transport.MessageChannel;

/**
 * The life of one worker, seen from its parent: start, ready, frames, exit, end. Led by one thread of its own,
 * {@code parallel-life-<id>}; frames come on the control thread.
 *
 * <pre>
 *   starting -- READY --&gt; ready -- exit --&gt; concluded (outcome set, channel retired) --&gt; done
 *      \------ start failed, died, timed out ----/
 * </pre>
 */
final class Life implements LinkListener
{
    private static final System.Logger LOG = System.getLogger("parallel");
    private static final long AFTER_END_OF_CONTROL_MS = 500;

    private final WorkerHandle handle;
    private final WorkerHandle.Birth birth;
    private final Instant startedAt = Instant.now();
    private final AtomicLong numbers = new AtomicLong();
    private final Map<Long, Reply> replies = new ConcurrentHashMap<>();
    private final CompletableFuture<WorkerStatus> exited = new CompletableFuture<>();

    private MessageChannel channel;
    private Host host;
    private EndErrors errors;
    private int slot = -1;
    private Supplier<ParallelException> startFailure;

    /** Frames for a worker that is not ready yet; null once it is. Guarded by this. */
    private List<ByteBuffer[]> pending = new ArrayList<>();
    private Link link;
    private boolean saidReady;
    private boolean finishing;
    private byte[] finalFrame;
    private byte finalKind;

    /** Listeners hear of the start before they hear that it is ready. */
    private final CompletableFuture<Void> startTold = new CompletableFuture<>();
    /** Done when the listener has heard of all events so far, one after the other. Guarded by this. */
    private CompletableFuture<Void> told = CompletableFuture.completedFuture(null);
    private final java.util.concurrent.CountDownLatch controlEnded = new java.util.concurrent.CountDownLatch(1);
    private volatile boolean stopping;
    /** Stopped with nothing to do: also when it has to be killed for that, since it starts or is slow, nothing was broken off. */
    private volatile boolean stoppedIdle;
    /** What was broken off, and the state that it was in then: a worker that heeds the interrupt shows neither any more. */
    private volatile String brokenOff;
    private volatile State stateWhenStopped;
    /** What the worker has written that is no message and no frame; it was killed for it. */
    private volatile String corruption;
    private volatile Outcome outcome;
    private volatile WorkerStatus lastStatus;
    private volatile boolean done;

    Life(WorkerHandle handle, WorkerHandle.Birth birth)
    {
        this.handle = handle;
        this.birth = birth;
    }

    WorkerHandle.Birth birth()
    {
        return birth;
    }

    MessageChannel channel()
    {
        return channel;
    }

    Host host()
    {
        return host;
    }

    Outcome outcome()
    {
        return outcome;
    }

    boolean isDone()
    {
        return done;
    }

    CompletableFuture<WorkerStatus> exited()
    {
        return exited;
    }

    long pid()
    {
        return host == null ? 0 : host.pid();
    }

    /** Gives the worker its channel and host, and its life a thread. */
    void begin(MessageChannel itsChannel, Host itsHost, int itsSlot)
    {
        channel = itsChannel;
        host = itsHost;
        slot = itsSlot;
        errors = new EndErrors(handle, host, channel.status(), () -> status(brokenOff == null ? null : stateWhenStopped), () -> brokenOff);
        channel.name("to " + handle.name());
        channel.corruptListener(e -> corrupted(e.getMessage()));
        for (final Job job : birth.context().adopt(handle))
        {
            tell(Frames.frame(Frames.EXEC, -1, job.payload()));
        }
        if (!birth.forked())
        {
            tell(Frames.frame(Frames.RUN, birth.job().kind(), birth.job().payload()));
        }
        Threads.start("parallel-life-" + handle.id(), this::live);
        if (birth.context().isEnded())
        {
            kill();     // it was not there yet when that context's workers were killed
        }
    }

    /** The worker never was: its channel could not be made or its job cannot travel. */
    void stillborn(Supplier<ParallelException> why)
    {
        conclude(new Outcome(State.FAILED, null, why, OptionalInt.empty(), Optional.empty()));
    }

    private void live()
    {
        try
        {
            start();
            host.awaitExit(Long.MAX_VALUE);
            awaitEndOfControl();
        }
        catch (final InterruptedException e)
        {
            LOG.log(System.Logger.Level.WARNING, "The life of " + handle.name() + " was interrupted; it is killed", e);
            host.kill();
        }
        host.finish();
        conclude(judge());
    }

    /** What the worker said last may still be on its way when its exit is known. */
    private void awaitEndOfControl() throws InterruptedException
    {
        final boolean connected;
        synchronized (this)
        {
            connected = link != null;
        }
        if (connected)
        {
            controlEnded.await(AFTER_END_OF_CONTROL_MS, TimeUnit.MILLISECONDS);
        }
    }

    private void start() throws InterruptedException
    {
        final long timeoutMs = birth.options().get(Option.START_TIMEOUT, java.time.Duration.class).toMillis();
        final long deadline = ChannelPeer.deadline(timeoutMs, TimeUnit.MILLISECONDS);
        try
        {
            final Link connected = host.start(this, deadline);
            if (connected == null)
            {
                return;
            }
            synchronized (this)
            {
                link = connected;
                flushPending();
            }
            if (slot >= 0)
            {
                Session.current().page().slotPid(slot, pid(), parallel.process.ThisProcess.startMs(pid()));
            }
            emit("started", null);
            startTold.complete(null);
            awaitReady(deadline);
        }
        catch (final InterruptedException e)
        {
            throw e;
        }
        catch (final TimeoutException e)
        {
            startFailure = () -> errors.startTimedOut(timeoutMs, e);
            host.kill();
        }
        catch (final Exception e)
        {
            startFailure = () -> errors.startFailed(e.getMessage(), e);
            host.kill();
        }
    }

    private synchronized boolean isReady()
    {
        return pending == null;
    }

    private void awaitReady(long deadline) throws InterruptedException, TimeoutException
    {
        while (!isReady() && !host.awaitExit(5))
        {
            if (System.nanoTime() - deadline > 0 && deadline != ChannelPeer.FOREVER)
            {
                throw new TimeoutException("its JVM has connected, and has not loaded what it needs");
            }
        }
    }

    // ---- frames, on the control thread

    @Override
    public void onFrame(ByteBuffer frame)
    {
        try
        {
            take(frame);
        }
        catch (final RuntimeException e)
        {
            corruptControl("a frame that cannot be read: " + e);
        }
    }

    @Override
    public void onLargeFrame(List<ByteBuffer> parts)
    {
        corruptControl("a frame of more than 2 GiB; a value as large as that has to be sent as a message");
    }

    @Override
    public void onError(java.io.IOException error)
    {
        corruptControl(error.getMessage());
    }

    private void corruptControl(String what)
    {
        corrupted("The control stream of " + handle.name() + " is corrupt: " + what);
    }

    /** Nothing that it says can be relied on any more. Holds no lock of ours while it kills: it is called under one of the channel's. */
    private void corrupted(String what)
    {
        if (corruption == null && outcome == null)
        {
            corruption = what;
            Threads.POOL.execute(host::kill);
        }
    }

    private void take(ByteBuffer frame)
    {
        switch (Frames.kind(frame))
        {
            case Frames.READY -> ready();
            case Frames.VALUE, Frames.ERROR -> last(Frames.kind(frame), Frames.payload(frame));
            case Frames.RESULT, Frames.THREADS_ARE -> reply(frame, r -> r.complete(Frames.payload(frame)));
            case Frames.RESULT_ERROR -> replyError(frame);
            case Frames.LINE -> line(frame);
            case Frames.KEEP -> SessionMemory.keep(Frames.payload(frame));
            default -> corruptControl("a frame of the unknown kind " + Frames.kind(frame));
        }
    }

    private void ready()
    {
        synchronized (this)
        {
            saidReady = true;
            flushPending();
        }
        host.ready();
        startTold.thenRun(() -> emit("ready", null));
    }

    /** What was told a worker that was not ready yet. It may say that it is before the call that connects it has returned. */
    private void flushPending()
    {
        if (saidReady && link != null && pending != null)
        {
            pending.forEach(link::send);
            pending = null;
        }
    }

    private synchronized void last(byte kind, byte[] payload)
    {
        finalKind = kind;
        finalFrame = payload;
    }

    private void replyError(ByteBuffer frame)
    {
        final byte[] error = Frames.payload(frame);
        if (Frames.number(frame) < 0)
        {
            LOG.log(System.Logger.Level.WARNING, RemoteError.decode(error, handle.who(), "An everywhere form in " + handle.name(), false).getMessage());
            return;
        }
        reply(frame, r -> r.fail(() -> RemoteError.decode(error, handle.who(), handle.name(), false)));
    }

    private void reply(ByteBuffer frame, java.util.function.Consumer<Reply> what)
    {
        final Reply reply = replies.remove(Frames.number(frame));
        if (reply != null)
        {
            what.accept(reply);
            channel.wakeLocal();
        }
    }

    private void line(ByteBuffer frame)
    {
        final byte[] payload = Frames.payload(frame);
        final Object[] line = (Object[])Codec.fromBytes(payload);
        host.offerLine((int)Frames.number(frame), (Integer)line[0], (String)line[1],
            () -> tell(Frames.frame(Frames.CREDIT, UpwardLines.cost(payload))));
    }

    /** End-of-file on control is the kernel's word that the worker is gone; one that lingers is helped along. */
    @Override
    public void onEnd()
    {
        controlEnded.countDown();
        Threads.start("parallel-end-" + handle.id(), () ->
        {
            try
            {
                if (!host.awaitExit(AFTER_END_OF_CONTROL_MS))
                {
                    host.kill();
                }
            }
            catch (final InterruptedException e)
            {
                host.kill();
            }
        });
    }

    // ---- commands, from any thread

    synchronized void tell(ByteBuffer[] frame)
    {
        if (pending != null)
        {
            pending.add(frame);
        }
        else
        {
            link.send(frame);
        }
    }

    Reply evaluate(byte kind, Job job)
    {
        final Reply reply = handle.newReply(numbers.incrementAndGet());
        if (job.failure() != null)
        {
            reply.fail(job::failure);
            return reply;
        }
        synchronized (this)
        {
            if (finishing)
            {
                reply.fail(this::takesNoMore);
                return reply;
            }
            expect(reply);
            tell(Frames.frame(kind, reply.number(), job.payload()));
        }
        return reply;
    }

    private ParallelException takesNoMore()
    {
        final ParallelException failure = handle.failure();
        return failure != null ? failure : Errors.closed(handle.who(),
            handle.name() + " was joined, dereferenced or stopped, and takes nothing more to evaluate: fork another one.");
    }

    Reply request(byte kind)
    {
        final Reply reply = handle.newReply(numbers.incrementAndGet());
        expect(reply);
        tell(Frames.frame(kind, reply.number()));
        return reply;
    }

    private void expect(Reply reply)
    {
        replies.put(reply.number(), reply);
        if (outcome != null)
        {
            replies.remove(reply.number());
            reply.fail(handle::endError);
        }
    }

    /** Nobody waits for it any more. */
    void forget(Reply reply)
    {
        replies.remove(reply.number());
    }

    void cancel(Reply reply)
    {
        replies.remove(reply.number());
        tell(Frames.frame(Frames.CANCEL, reply.number()));
        channel.wakeLocal();
    }

    /** A forked worker is to end when it has done what it was given. */
    void finish()
    {
        synchronized (this)
        {
            if (!birth.forked() || finishing)
            {
                return;
            }
            finishing = true;
            tell(Frames.frame(Frames.FINISH, 0));
        }
    }

    void kill()
    {
        if (!done)
        {
            stopping = true;
            host.kill();
        }
    }

    void terminate()
    {
        if (!done)
        {
            host.terminate();
        }
    }

    void ask()
    {
        synchronized (this)
        {
            if (outcome != null)
            {
                return;
            }
            if (!stopping)
            {
                stoppedIdle = hasNothingToDo();
                brokenOff = channel.status().doing();
                stateWhenStopped = status(null).state();
            }
            stopping = true;
            finishing = true;
            if (pending == null)
            {
                tell(Frames.frame(Frames.STOP, 0));
                return;
            }
        }
        kill();
    }

    private boolean hasNothingToDo()
    {
        // A cancelled evaluation that goes on is awaited by nobody, and is seen in the state.
        return birth.forked() && replies.isEmpty() && (pending != null || channel.status().state() == State.IDLE.ordinal());
    }

    // ---- the end

    private Outcome judge()
    {
        final OptionalInt exit = host.exitCode();
        final OptionalInt noted = channel.status().exitNoted();
        final Optional<String> signal = exit.isPresent() && noted.isEmpty() ? parallel.process.Signals.nameOf(exit.getAsInt()) : Optional.empty();
        final byte[] last;
        final byte kind;
        final boolean ready;
        synchronized (this)
        {
            last = finalFrame;
            kind = finalKind;
            ready = pending == null;
        }
        if (corruption != null)
        {
            return new Outcome(State.DEAD, null, () -> errors.died(exit, signal, stopping, corruption), exit, signal);
        }
        if (startFailure != null && !stopping)
        {
            return new Outcome(State.FAILED, null, startFailure, exit, signal);
        }
        if (last != null && kind == Frames.VALUE)
        {
            return new Outcome(State.ENDED, last, null, exit, signal);
        }
        if (last != null)
        {
            return new Outcome(State.FAILED, null, () -> errors.said(last), exit, signal);
        }
        if (!ready && !stopping)
        {
            return new Outcome(State.FAILED, null, () -> errors.endedEarly(exit, signal), exit, signal);
        }
        if (stoppedIdle)
        {
            return new Outcome(State.ENDED, null, null, exit, signal);
        }
        return new Outcome(State.DEAD, null, () -> errors.died(exit, signal, stopping, corruption), exit, signal);
    }

    private void conclude(Outcome how)
    {
        outcome = how;
        synchronized (this)
        {
            pending = null;
            link = link == null ? NoLink.INSTANCE : link;
            link.close();
        }
        replies.values().forEach(r -> r.fail(handle::endError));
        replies.clear();
        if (slot >= 0)
        {
            Session.current().release(slot, handle.id());
        }
        birth.context().drop(handle);
        if (channel != null)
        {
            channel.retire();   // wakes whoever waits for a message: by now all else says, too, that the worker has ended
        }
        lastStatus = status(how.state());
        done = true;
        if (channel != null)
        {
            channel.wakeLocal();
        }
        exited.complete(lastStatus);
        emit(switch (how.state())
        {
            case ENDED -> "ended";
            case FAILED -> "failed";
            default -> "died";
        }, how.error());
    }

    /** The listener may take its time, or wait for this worker: the events go on without it. */
    private void emit(String event, Supplier<ParallelException> error)
    {
        final java.util.function.Consumer<?> listener = birth.options().get(Option.ON_EVENT, java.util.function.Consumer.class);
        if (listener == null)
        {
            return;
        }
        final Map<String, Object> what = new LinkedHashMap<>();
        what.put("event", event);
        what.put("worker/id", handle.id());
        what.put("worker/pid", pid());
        what.put("error", error == null ? null : error.get());
        what.put("at-ms", System.currentTimeMillis());
        synchronized (this)
        {
            told = told.thenRunAsync(() -> call(listener, what), Threads.POOL);
        }
    }

    private void call(java.util.function.Consumer<?> listener, Map<String, Object> what)
    {
        try
        {
            tell(listener, what);
        }
        catch (final Throwable e)
        {
            LOG.log(System.Logger.Level.WARNING, "The on-event listener of " + handle.name() + " threw at " + what.get("event"), e);
        }
    }

    @SuppressWarnings("unchecked")  // WorkerOptions.Builder.onEvent takes no other kind
    private static void tell(java.util.function.Consumer<?> listener, Map<String, Object> event)
    {
        ((java.util.function.Consumer<Map<String, Object>>)listener).accept(event);
    }

    WorkerStatus status()
    {
        final WorkerStatus last = lastStatus;
        final Outcome how = outcome;
        return last != null ? last : status(how == null ? null : how.state());
    }

    private WorkerStatus status(State end)
    {
        final WorkerOptions options = birth.options();
        return Statuses.of(new Statuses.Identity(handle.id(), pid(), birth.context().id(), options.get(Option.NAME, String.class), startedAt),
            channel == null ? null : channel.status(), outcome, end);
    }
}
