package parallel.runtime;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

import parallel.ParallelException;
import parallel.WorkerOptions;
import parallel.WorkerOptions.Option;
import parallel.WorkerStatus;
import parallel.WorkerStatus.State;
import parallel.codec.Codec;
import parallel.codec.Destination;
import parallel.control.Frames;
import parallel.control.Work;
import parallel.process.Output;
import parallel.process.ThisProcess;
import parallel.transport.FlightRecord;
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
public final class WorkerLife implements LinkListener
{
    private static final System.Logger LOG = System.getLogger("parallel");
    private static final long AFTER_END_OF_CONTROL_MS = 500;
    private static final long EXIT_OF_LOST_MS = 2000;
    private static final long LOOK_FOR_EXIT_MS = 5;

    private final ChannelPeer handle;
    private final Holder holder;
    private final StartSpec spec;
    private final Instant startedAt = Instant.now();
    private final WorkerEvents events;
    private final ControlStream control;
    private final Offers offers = new Offers();
    private final CompletableFuture<WorkerStatus> exited = new CompletableFuture<>();

    private MessageChannel channel;
    private Place place;
    private Destination destination = Destination.HERE;
    private EndErrors errors;
    private int slot = -1;
    private Supplier<ParallelException> startFailure;

    /** Guarded by this, as the next. */
    private byte[] finalFrame;
    private byte finalKind;
    /** It has said how it ended, and there was no memory for that. */
    private volatile Supplier<ParallelException> unreadLast;

    private boolean readyTold;
    private final CountDownLatch controlEnded = new CountDownLatch(1);
    private volatile Thread leader;
    private volatile boolean stopping;
    /**
     * Stopped with nothing to do: also when it has to be killed for that, since it starts or is slow, nothing was
     * broken off.
     */
    private volatile boolean stoppedIdle;
    private volatile boolean nothingAwaited;
    /**
     * What was broken off, and the state that it was in then: a worker that heeds the interrupt shows neither any more.
     */
    private volatile String brokenOff;
    private volatile State stateWhenStopped;
    /** What the worker has written that is no message and no frame; it was killed for it. */
    private volatile String corruption;
    /** What ended the thread that leads this life, kept it from beginning, or lost a frame. */
    private volatile Throwable lost;
    private volatile Outcome outcome;
    private volatile WorkerStatus lastStatus;
    private volatile boolean done;
    private boolean kept;
    /** The listener has been told of the end. */
    private boolean endTold;

    WorkerLife(ChannelPeer handle, Holder holder, StartSpec spec)
    {
        this.handle = handle;
        this.holder = holder;
        this.spec = spec;
        this.events = new WorkerEvents(handle, this::place, spec);
        this.control = new ControlStream(handle, spec.forked(), new OfControl());
    }

    /** What this life needs of who holds it. */
    interface Holder
    {
        /** It is one of its context's workers from now on: what it evaluates before anything else. */
        Collection<Work> join();

        /** It is no more. */
        void leave();

        Reply newReply(long number);
    }

    /** What the control stream needs of this life. */
    private final class OfControl implements ControlStream.Owner
    {
        @Override
        public boolean isOver()
        {
            return outcome != null;
        }

        @Override
        public EndErrors errors()
        {
            return errors;
        }

        @Override
        public Reply newReply(long number)
        {
            return holder.newReply(number);
        }

        @Override
        public void lose(Throwable e)
        {
            WorkerLife.this.lose(e);
        }

        @Override
        public void wake()
        {
            WorkerLife.this.wake();
        }
    }

    /** What the worker is told, and what it replies. */
    ControlStream control()
    {
        return control;
    }

    /** What it has yielded. */
    Offers offers()
    {
        return offers;
    }

    public StartSpec spec()
    {
        return spec;
    }

    MessageChannel channel()
    {
        return channel;
    }

    Destination destination()
    {
        return destination;
    }

    public Place place()
    {
        return place;
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
        return place == null ? 0 : place.pid();
    }

    /**
     * Gives the worker its place and a slot of the session page, and its life a thread. Throws nothing: what fails
     * makes the handle fail.
     *
     * @param itsPlace made for it; this life is what finishes it and retires its channel.
     */
    public void begin(Place itsPlace)
    {
        place = itsPlace;
        channel = place.channel();
        try
        {
            destination = place.host() == 0 ? Destination.HERE : Destination.ELSEWHERE;
            errors = new EndErrors(handle, place, channel.status(),
                () -> status(brokenOff == null ? null : stateWhenStopped), () -> brokenOff);
            slot = Session.current().acquire(spec, place);
            channel.name("to " + handle.name());
            channel.peer(handle.id());
            channel.corruptListener(e -> corrupted(e.getMessage()));
            for (Work work : holder.join())
            {
                control.tell(Frames.frame(Frames.EXEC, Frames.UNAWAITED, work.payload()));
            }
            if (!spec.forked())
            {
                control.tell(Frames.frame(Frames.RUN, spec.work().kind(), spec.work().payload()));
            }
            Threads.start("parallel-life-" + handle.id(), this::live, this::lost);
        }
        catch (Throwable e)
        {
            Threads.surely(() -> lost(e));      // no thread is left, or no memory: the handle fails
        }
        if (spec.context().isEnded())
        {
            kill();     // it was not there yet when that context's workers were killed
        }
    }

    /** The worker never was: its channel could not be made or its work cannot be sent. */
    public void stillborn(Supplier<ParallelException> why)
    {
        conclude(new Outcome(State.FAILED, null, why, Ending.UNKNOWN));
    }

    private void live()
    {
        leader = Thread.currentThread();
        try
        {
            start();
            place.awaitExit(Long.MAX_VALUE);
            awaitEndOfControl();
        }
        catch (InterruptedException e)
        {
            LOG.log(System.Logger.Level.WARNING, "The life of " + handle.name() + " was interrupted; it is killed", e);
            place.kill();
        }
        tellReady();
        Threads.surely(place::finish);
        conclude(judge());
    }

    /**
     * The last resort: whatever ended the thread of this life, the worker is ended and all that wait for it hear why.
     * Idempotent, and each step is taken whether or not those before it failed.
     */
    private void lost(Throwable e)
    {
        if (lost == null)
        {
            lost = e;
        }
        if (done)
        {
            return;
        }
        Threads.surely(place::kill);
        Threads.surely(this::awaitExitOfLost);
        Threads.surely(place::finish);
        conclude(judgeLost());
    }

    /** Something that cannot be made up for was lost: the worker ends with this error. From any thread. */
    private void lose(Throwable e)
    {
        if (lost == null && outcome == null)
        {
            lost = e;
            Threads.execute(this::killNow);
        }
    }

    /** Where it cannot even be killed, its life ends without it. */
    private void killNow()
    {
        Throwable failure = Threads.surely(place::kill);
        Thread itsLeader = leader;
        if (failure != null && itsLeader != null)
        {
            lost = lost == null ? failure : lost;
            itsLeader.interrupt();
        }
    }

    private void awaitExitOfLost()
    {
        try
        {
            place.awaitExit(EXIT_OF_LOST_MS);
        }
        catch (InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
    }

    /** Also where the place says nothing any more. */
    private Outcome judgeLost()
    {
        try
        {
            return judge();
        }
        catch (Throwable e)
        {
            Verdict verdict = control.isReady() ? Verdict.LOST : Verdict.LOST_EARLY;
            return new Outcome(verdict.state(), null, error(verdict, null, Ending.UNKNOWN), Ending.UNKNOWN);
        }
    }

    /** Its error can always be had: where it cannot be told in full, the least of it. */
    private Outcome tellable(Outcome how)
    {
        return how.error() == null ? how :
            new Outcome(how.state(), how.value(), () -> error(how), how.ending());
    }

    private ParallelException error(Outcome how)
    {
        try
        {
            return how.error().get();
        }
        catch (Throwable e)
        {
            return EndErrors.barely(handle.id(), how.state(), lost != null ? lost : e);
        }
    }

    /** What the worker said last may still be on its way when its exit is known. */
    private void awaitEndOfControl() throws InterruptedException
    {
        if (control.isConnected())
        {
            controlEnded.await(AFTER_END_OF_CONTROL_MS, TimeUnit.MILLISECONDS);
        }
    }

    private void start() throws InterruptedException
    {
        long timeoutMs = spec.options().get(Option.START_TIMEOUT, Duration.class).toMillis();
        long deadline = ChannelPeer.deadline(timeoutMs, TimeUnit.MILLISECONDS);
        try
        {
            Link connected = place.start(this, deadline);
            if (connected == null)
            {
                return;
            }
            control.connected(connected);
            if (slot >= 0)
            {
                Session.current().page().slotPid(slot, place.host(), pid(), ThisProcess.startMs(pid()));
            }
            events.emit("started", pid(), null);
            awaitReady(deadline);
            tellReady();
        }
        catch (InterruptedException e)
        {
            throw e;
        }
        catch (TimeoutException e)
        {
            startFailure = () -> errors.startTimedOut(timeoutMs, e);
            place.kill();
        }
        catch (Exception e)
        {
            startFailure = () -> errors.startFailed(e.getMessage(), e);
            place.kill();
        }
        catch (Error e)
        {
            startFailure = () -> errors.startFailed(EndErrors.why(e), e);
            place.kill();
        }
    }

    private void awaitReady(long deadline) throws InterruptedException, TimeoutException
    {
        while (!control.awaitSaidReady(LOOK_FOR_EXIT_MS) && !place.awaitExit(0))
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
        catch (RuntimeException e)
        {
            corruptControl("a frame that cannot be read: " + e);
        }
        catch (OutOfMemoryError e)
        {
            onUnread(frame, frame.remaining(), e);
        }
        catch (Error e)
        {
            lose(e);
        }
    }

    @Override
    public void onLost(Throwable e)
    {
        lose(e);
    }

    @Override
    public void onLargeFrame(List<ByteBuffer> parts)
    {
        corruptControl("a frame of more than 2 GiB; a value as large as that has to be sent as a message");
    }

    @Override
    public void onError(IOException error)
    {
        corruptControl(error.getMessage());
    }

    private void corruptControl(String what)
    {
        corrupted("The control stream of " + handle.name() + " is corrupt: " + what);
    }

    /**
     * Nothing that it says can be relied on any more. Holds no lock of ours while it kills: it is called under one of
     * the channel's.
     */
    private void corrupted(String what)
    {
        if (corruption == null && outcome == null)
        {
            corruption = what;
            Threads.execute(this::killNow);
        }
    }

    private void take(ByteBuffer frame)
    {
        switch (Frames.kind(frame))
        {
            case Frames.READY -> ready(Frames.number(frame));
            case Frames.VALUE, Frames.ERROR -> last(Frames.kind(frame), Frames.payload(frame));
            case Frames.RESULT, Frames.THREADS_ARE -> control.reply(frame, r -> r.complete(Frames.payload(frame)));
            case Frames.RESULT_ERROR -> control.replyError(frame);
            case Frames.LINE -> line(frame);
            case Frames.YIELD -> offer(new Offers.Offer(Frames.number(frame), Frames.payload(frame), null));
            case Frames.WITHDRAW -> withdraw(Frames.number(frame));
            case Frames.KEEP -> SessionMemory.keep(Frames.payload(frame));
            default -> corruptControl("a frame of the unknown kind " + Frames.kind(frame));
        }
    }

    private void ready(long maxHeapBytes)
    {
        control.saidReady(maxHeapBytes);
        try
        {
            place.ready();
        }
        catch (RuntimeException | Error e)
        {
            lose(e);
        }
    }

    private void offer(Offers.Offer offer)
    {
        offers.add(offer);
        wake();
    }

    private void withdraw(long number)
    {
        if (offers.withdraw(number))
        {
            control.tell(Frames.frame(Frames.WITHDRAWN, number));
        }
    }

    private synchronized void last(byte kind, byte[] payload)
    {
        finalKind = kind;
        finalFrame = payload;
    }

    /** There was no memory for a frame: what it was about ends with an error. */
    @Override
    public void onUnread(ByteBuffer beginning, long length, OutOfMemoryError e)
    {
        Throwable failure = Threads.surely(() -> unread(beginning, length, e));
        if (failure != null)
        {
            lose(failure);
        }
    }

    private void unread(ByteBuffer beginning, long length, OutOfMemoryError e)
    {
        byte kind = Frames.kind(beginning);
        if (kind == Frames.VALUE || kind == Frames.ERROR)
        {
            unreadLast = () -> errors.unread(length, e);
        }
        else if (kind == Frames.YIELD)
        {
            offer(new Offers.Offer(Frames.number(beginning), null, () -> errors.unread(length, e)));
        }
        else if (kind == Frames.RESULT || kind == Frames.RESULT_ERROR || kind == Frames.THREADS_ARE)
        {
            control.reply(beginning, r -> r.fail(() -> errors.unread(length, e)));
        }
        else
        {
            lose(e);
        }
    }

    private void line(ByteBuffer frame)
    {
        byte[] payload = Frames.payload(frame);
        Object[] line = (Object[])Codec.fromBytes(payload);
        place.offerLine((int)Frames.number(frame), (Integer)line[0], (String)line[1],
            () -> Threads.surely(() -> control.tell(Frames.frame(Frames.CREDIT, LineCredit.cost(payload)))));
    }

    /** End-of-file on control is the kernel's word that the worker is gone; one that lingers is helped along. */
    @Override
    public void onEnd()
    {
        controlEnded.countDown();
        try
        {
            Threads.start("parallel-end-" + handle.id(), this::helpAlong, e -> killNow());
        }
        catch (OutOfMemoryError e)
        {
            killNow();          // no thread is left that could wait for it
        }
    }

    private void helpAlong()
    {
        try
        {
            if (!place.awaitExit(AFTER_END_OF_CONTROL_MS))
            {
                killNow();
            }
        }
        catch (InterruptedException e)
        {
            killNow();
        }
    }

    // ---- commands, from any thread

    void kill()
    {
        if (!done)
        {
            stopping = true;
            killNow();
        }
    }

    /** Kills it, of whom nobody awaits anything: that is no death. */
    void dismiss()
    {
        if (!done)
        {
            nothingAwaited = true;
            stoppedIdle = true;
            stopping = true;
            killNow();
        }
    }

    void terminate()
    {
        if (!done)
        {
            place.terminate();
        }
    }

    void ask()
    {
        if (!control.stop(this::noteWhatStops) && outcome == null)
        {
            kill();
        }
    }

    private void noteWhatStops()
    {
        if (!stopping && outcome == null)
        {
            nothingAwaited = control.hasNothingUnderWay(true);
            stoppedIdle = control.hasNothingUnderWay(channel.status().state() == State.IDLE.ordinal());
            brokenOff = channel.status().doing();
            stateWhenStopped = status(null).state();
            stopping = true;
        }
    }

    // ---- the end

    /** Where its page is behind what it does, only its end says what that was. */
    private void correctWhatStopped()
    {
        Place.Stopped stopped = place.stopped();
        if (stopping && stopped != null)
        {
            State itsState = Statuses.state(stopped.state());
            stoppedIdle = nothingAwaited && itsState == State.IDLE;
            brokenOff = stopped.doing();
            stateWhenStopped = itsState;
        }
    }

    private Outcome judge()
    {
        correctWhatStopped();
        Ending ending = place.ending();
        byte[] last;
        Verdict.LastWord word;
        synchronized (this)
        {
            last = finalFrame;
            word = last == null ? Verdict.LastWord.NONE :
                finalKind == Frames.VALUE ? Verdict.LastWord.VALUE : Verdict.LastWord.ERROR;
        }
        Verdict verdict = Verdict.of(new Verdict.Evidence(corruption != null, unreadLast != null, startFailure != null,
            word, ending instanceof Ending.Lost, lost != null, control.wasTold(), stopping, stoppedIdle));
        return new Outcome(verdict.state(), verdict == Verdict.SAID_VALUE ? last : null,
            error(verdict, last, ending), ending);
    }

    /** Null: it has ended as it should. */
    private Supplier<ParallelException> error(Verdict verdict, byte[] last, Ending ending)
    {
        return switch (verdict)
        {
            case UNREAD -> unreadLast;
            case START_FAILED -> startFailure;
            case SAID_VALUE, STOPPED_IDLE -> null;
            case SAID_ERROR -> () -> errors.said(last);
            case HOST_LOST -> () -> errors.hostLost((Ending.Lost)ending);
            case LOST_EARLY -> () -> errors.lost(false, lost);
            case LOST -> () -> errors.lost(true, lost);
            case ENDED_EARLY -> () -> errors.endedEarly(ending);
            case CORRUPT, DIED -> () -> errors.died(ending, stopping, corruption);
        };
    }

    /** Idempotent: a step that failed does not keep the others from being taken, nor from being taken again. */
    private void conclude(Outcome how)
    {
        if (outcome == null)
        {
            outcome = tellable(how);
        }
        Threads.surely(control::end);
        Threads.surely(control::settleReplies);
        Threads.surely(this::giveBack);
        Threads.surely(this::retireChannel);
        Threads.surely(() -> lastStatus = status(outcome.state()));
        Threads.surely(this::keepForLookers);
        done = true;
        Threads.surely(this::wake);
        Threads.surely(() -> exited.complete(lastStatus));
        Threads.surely(this::tellEnd);
    }

    private void keepForLookers()
    {
        if (!kept)
        {
            kept = true;
            if (channel != null)
            {
                flightRecord().freeze();        // what is kept must not keep the file mapped
            }
            EndedWorkers.add(lastStatus, flightRecord(), outcome.error() == null ? null : errorForLookers(),
                lastLines());
        }
    }

    /** Of one that was not started: none. */
    List<PrintedLine> lastLines()
    {
        return place == null ? List.of() : place.output().lastLines().stream().map(line ->
            new PrintedLine(line.processId(), line.stream() == Output.Stream.ERR, line.text())).toList();
    }

    Map<Integer, Long> linesPrinted()
    {
        return place == null ? Map.of() : place.output().linesPrinted();
    }

    /** What its code threw is told as the worker wrote it down: the exception itself is made when it is asked for. */
    private String errorForLookers()
    {
        String own = outcome.state() == State.FAILED && channel != null ? channel.status().lastError() : null;
        return own != null ? own : error(outcome).getMessage();
    }

    /** Null: it was not started. */
    FlightRecord flightRecord()
    {
        return channel == null ? null : channel.status().record();
    }

    private void wake()
    {
        if (channel != null)
        {
            channel.wakeLocal();
        }
    }

    private void giveBack()
    {
        holder.leave();
        if (slot >= 0)
        {
            Session.current().release(slot, handle.id());
            slot = -1;
        }
    }

    /** Wakes whoever waits for a message: by now all else says, too, that the worker has ended. */
    private void retireChannel()
    {
        if (channel != null)
        {
            channel.retire();
        }
    }

    private void tellReady()
    {
        if (control.isReady() && !readyTold)
        {
            readyTold = true;
            events.emit("ready", pid(), null);
        }
    }

    /** Its pool replaces it: the listener hears of that before its end. */
    void tellRetired()
    {
        events.emit("retired", pid(), null);
    }

    private void tellEnd()
    {
        if (!endTold)
        {
            events.emit(switch (outcome.state())
            {
                case ENDED -> "ended";
                case FAILED -> "failed";
                default -> "died";
            }, pid(), outcome.error());
            endTold = true;
        }
    }

    WorkerStatus status()
    {
        WorkerStatus last = lastStatus;
        Outcome how = outcome;
        return last != null ? last : status(how == null ? null : how.state());
    }

    private WorkerStatus status(State end)
    {
        WorkerOptions options = spec.options();
        return Statuses.of(
            new Statuses.Identity(handle.id(), pid(), spec.context().id(), options.get(Option.NAME, String.class),
                startedAt, place == null ? null : place.elsewhere()),
            channel == null ? null : channel.status(), outcome, end);
    }
}
