package parallel.child;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

import parallel.TimelineEntry.Kind;
import parallel.TimelineEntry.Outcome;
import parallel.WorkerStatus;
import parallel.child.Evaluations.Task;
import parallel.codec.Codec;
import parallel.control.Frames;
import parallel.control.Language;
import parallel.control.RemoteError;
import parallel.control.Work;
import parallel.runtime.Context;
import parallel.runtime.ControlEnd;
import parallel.runtime.LastWords;
import parallel.runtime.Session;
import parallel.runtime.SessionMemory;
import parallel.runtime.Threads;
import parallel.runtime.WorkRecord;
import parallel.transport.ControlLoop;
import parallel.transport.FlightRecord;
import parallel.transport.Link;
import parallel.transport.LinkListener;
import parallel.transport.MessageChannel;
import parallel.transport.StatusPage;

/**
 * The worker's own end of control: a table of commands, what it evaluates, and its status page.
 */
public final class WorkerSide implements LinkListener, ControlEnd
{
    private static final System.Logger LOG = System.getLogger("parallel");
    private static final long FLUSH_MS = 500;
    private static final long BREATH_NANOS = 200_000;

    private final Self self;
    private final StatusPage status;
    private final Activity activity;
    private final Collections collections;
    private final Recordings recordings;
    private final ControlLoop loop = Session.current().loop();
    private final Map<Byte, Consumer<ByteBuffer>> commands = new HashMap<>();
    private final Course course = new Course();
    private final AtomicInteger sending = new AtomicInteger();
    private final AtomicInteger receiving = new AtomicInteger();
    private final Evaluations evaluations;
    private final Rendezvous rendezvous = new Rendezvous(frame -> up().send(frame));
    private volatile Link up;
    private final Map<Long, Thread> now = new ConcurrentHashMap<>();
    /** The evaluation that was cancelled last. */
    private volatile long cancelled = Frames.UNAWAITED;
    /** Of a body that takes tasks: asks it to end. */
    private volatile Runnable serving;
    /** Such a body runs, and has none. */
    private volatile boolean awaitsTask;

    /**
     * What a worker is.
     *
     * @param context  who its code is.
     * @param upward   lines to its parent, which get their credit here.
     * @param whenDone called once, when the worker has said its last; ends the process or the thread.
     * @param gone     called when the parent is gone.
     * @param lost     called when the worker cannot go on, and its status page says why; ends it at once.
     */
    public record Self(Context context, UpwardLines upward, Runnable whenDone, Runnable gone, Runnable lost)
    {
    }

    public WorkerSide(Self self, StatusPage status)
    {
        this.self = self;
        this.status = status;
        this.activity = new Activity(status);
        this.collections = new Collections(status.record());
        this.recordings = new Recordings(self.context(), this::reply);
        commands.put(Frames.IDENTITY, this::identify);
        commands.put(Frames.RUN, this::enqueueLife);
        commands.put(Frames.EXEC, this::enqueue);
        commands.put(Frames.EXEC_NOW, this::evaluateNow);
        commands.put(Frames.CANCEL, this::cancel);
        commands.put(Frames.INTERRUPT, frame -> evaluations().interruptCurrent());
        commands.put(Frames.STOP, frame -> stop());
        commands.put(Frames.BREAK, frame -> breakOff());
        commands.put(Frames.FINISH, frame -> evaluations().add(last()));
        commands.put(Frames.THREADS, this::threads);
        commands.put(Frames.RECORD, recordings::begin);
        commands.put(Frames.RECORDED, recordings::end);
        commands.put(Frames.STEP, rendezvous::stepped);
        commands.put(Frames.WITHDRAWN, rendezvous::withdrawn);
        commands.put(Frames.CREDIT, frame -> self.upward().delivered(Frames.number(frame)));
        self.context().controlEnd(this);
        evaluations =
            new Evaluations("parallel-eval-" + self.context().id(), this::enter, this::lost);
    }

    private void enter()
    {
        Context.enter(self.context());
        status.record().evaluates(self.context().ownsProcess());
    }

    /** Without its threads and frames the worker is of no use: its last word is in its status page, and it ends. */
    @Override
    public void lost(Throwable e)
    {
        Threads.surely(() -> status.lastError(LastWords.lost(e)));
        endOrClose(self.lost());
    }

    /** Where its own code forbids the end, that of control has the parent see to it. */
    private void endOrClose(Runnable end)
    {
        if (Threads.surely(end) != null)
        {
            up.close();
        }
    }

    private Link up()
    {
        return up;
    }

    private Evaluations evaluations()
    {
        return evaluations;
    }

    /** The link is there: the worker loads what it needs and says that it is ready. */
    public void begin(Link link, boolean ownProcess)
    {
        up = link;
        self.upward().connect(link);
        evaluations.add(new Task(Evaluations.Kind.PREPARATION, () -> prepare(ownProcess)));
    }

    private void prepare(boolean ownProcess)
    {
        try
        {
            if (ownProcess)
            {
                recordings.beginFlight();
            }
            Language language = Language.find();
            if (language != null)
            {
                language.prepare(ownProcess);
                if (!self.context().isWorker())
                {
                    rehearse(language);
                }
            }
            show();
            up.send(Frames.frame(Frames.READY, Runtime.getRuntime().maxMemory()));
        }
        catch (Throwable e)
        {
            reportUnready(e);
        }
    }

    /** Nobody has asked for this worker yet. */
    private void rehearse(Language language)
    {
        try
        {
            Rehearsal.play(language, self.context());
        }
        catch (IOException | RuntimeException e)
        {
            LOG.log(System.Logger.Level.DEBUG, "A spare worker could not rehearse; it will be slower", e);
        }
    }

    private void reportUnready(Throwable e)
    {
        Threads.surely(e::printStackTrace);
        up.send(Frames.frame(Frames.ERROR, RemoteError.encode(e, RemoteError.Phase.NOT_READY, null)));
        end();
    }

    // ---- commands, on the control thread

    @Override
    public void onFrame(ByteBuffer frame)
    {
        try
        {
            Consumer<ByteBuffer> command = commands.get(Frames.kind(frame));
            if (command != null)
            {
                command.accept(frame);
                return;
            }
        }
        catch (RuntimeException e)
        {
            corrupt("a frame that cannot be read: " + e);
            return;
        }
        catch (OutOfMemoryError e)
        {
            onUnread(frame, frame.remaining(), e);
            return;
        }
        catch (Error e)
        {
            unanswered(frame, e);
            return;
        }
        corrupt("a frame of the unknown kind " + Frames.kind(frame));
    }

    /** There is no memory for a frame: what it was about ends with an error, or the worker does. */
    @Override
    public void onUnread(ByteBuffer beginning, long length, OutOfMemoryError e)
    {
        unanswered(beginning, Frames.kind(beginning) == Frames.EXEC || Frames.kind(beginning) == Frames.EXEC_NOW ||
            Frames.kind(beginning) == Frames.RUN ? noMemory(length, e) : e);
    }

    /** A frame that asks for an answer gets one; any other is short, and is taken once more. */
    private void unanswered(ByteBuffer frame, Error e)
    {
        byte kind = Frames.kind(frame);
        Throwable failed = Threads.surely(() ->
        {
            switch (kind)
            {
                case Frames.EXEC, Frames.EXEC_NOW, Frames.THREADS, Frames.RECORD, Frames.RECORDED ->
                    reply(Frames.number(frame), failure(e));
                case Frames.RUN -> evaluations.add(new Task(Evaluations.Kind.LIFE, () -> endWith(failure(e))));
                case Frames.STEP -> rendezvous.failed(frame, e);
                default -> commands.get(kind).accept(frame);
            }
        });
        if (failed != null)
        {
            lost(failed);
        }
    }

    @Override
    public void onLost(Throwable e)
    {
        lost(e);
    }

    static Evaluation failure(Throwable e)
    {
        return Evaluation.failure(e, RemoteError.Phase.THREW, null);
    }

    private static OutOfMemoryError noMemory(long length, OutOfMemoryError e)
    {
        OutOfMemoryError error = new OutOfMemoryError("There is no memory in this worker for the " + length +
            " bytes that it was to evaluate: " + e.getMessage() + ". Its heap is of " +
            (Runtime.getRuntime().maxMemory() >> 20) +
            " MiB; give it more with max-heap.");
        error.setStackTrace(e.getStackTrace());
        return error;
    }

    @Override
    public void onError(IOException error)
    {
        corrupt(error.getMessage());
    }

    /** Whoever writes there is not our parent, or is broken: what it wants cannot be known any more. */
    private void corrupt(String what)
    {
        System.err.println("The control stream from the parent of worker " + self.context().id() + " is corrupt: " +
            what + ". The worker ends.");
        System.err.flush();
        self.gone().run();
    }

    @Override
    public void onEnd()
    {
        rendezvous.end();
        self.gone().run();
    }

    private void identify(ByteBuffer frame)
    {
        int id = (int)Frames.number(frame);
        self.context().become(id);
        self.context().parent().channel().name("from the parent of worker " + id);
        evaluations.name("parallel-eval-" + id);
    }

    private void enqueueLife(ByteBuffer frame)
    {
        byte kind = (byte)Frames.number(frame);
        byte[] payload = Frames.payload(frame);
        commands.put(Frames.STOP, stop -> stopLife());
        evaluations.add(new Task(Evaluations.Kind.LIFE, () -> runForLife(kind, payload)));
    }

    private void enqueue(ByteBuffer frame)
    {
        long number = Frames.number(frame);
        byte[] payload = Frames.payload(frame);
        evaluations.add(new Task(Evaluations.Kind.NUMBERED, number, () -> evaluateAndReply(number, payload)));
    }

    private void evaluateNow(ByteBuffer frame)
    {
        long number = Frames.number(frame);
        byte[] payload = Frames.payload(frame);
        Thread thread = Threads.unstarted("parallel-exec-now-" + self.context().id(), () ->
        {
            Context.enter(self.context());
            try
            {
                reply(number, recorded(Kind.REPLY, number, Work.FORM, payload, text -> { }));
            }
            finally
            {
                now.remove(number);
            }
        }, e -> replyFailure(number, e));
        now.put(number, thread);     // before it can end
        try
        {
            thread.start();
        }
        catch (OutOfMemoryError e)
        {
            now.remove(number);
            replyFailure(number, e);    // the system has no more threads
        }
    }

    private void cancel(ByteBuffer frame)
    {
        long number = Frames.number(frame);
        cancelled = number;
        Thread thread = now.get(number);
        if (thread != null)
        {
            thread.interrupt();
        }
        else if (!evaluations.remove(number))
        {
            evaluations.interrupt(number);
        }
    }

    private void stop()
    {
        course.stop();
        if (evaluations.dropAll())
        {
            course.drop();
        }
        evaluations.add(last());
    }

    /** A form for life that has begun ends by itself, and says how; one that has not is broken off. */
    private void stopLife()
    {
        course.stop();
        if (evaluations.removeLife())
        {
            course.drop();
            evaluations.add(last());
        }
        else if (serving != null)
        {
            serving.run();
        }
    }

    private void breakOff()
    {
        course.breakOff();
        evaluations.interruptCurrent();
    }

    private void threads(ByteBuffer frame)
    {
        up.send(Frames.frame(Frames.THREADS_ARE, Frames.number(frame), Codec.toBytes(Threads.dump())));
    }

    // ---- evaluation, on the evaluation thread

    private void runForLife(byte kind, byte[] payload)
    {
        try
        {
            Evaluation evaluation = course.begin(true) ? evaluate(Kind.FORM, Frames.UNAWAITED, kind, payload) : null;
            if (evaluation != null && !course.isBroken())
            {
                up.send(Frames.frame(evaluation.failed() ? Frames.ERROR : Frames.VALUE, evaluation.bytes()));
            }
            end();
        }
        catch (Throwable e)
        {
            Throwable failed = Threads.surely(() -> endWith(failure(e)));
            if (failed != null)
            {
                lost(failed);
            }
        }
    }

    private void endWith(Evaluation failure)
    {
        up.send(Frames.frame(Frames.ERROR, failure.bytes()));
        end();
    }

    private void evaluateAndReply(long number, byte[] payload)
    {
        if (!course.begin(Frames.isAwaited(number)))
        {
            return;     // as what stop finds in the queue
        }
        try
        {
            Evaluation evaluation = evaluate(Kind.REPLY, number, Work.FORM, payload);
            status.doing(null);
            show();
            // The error of one that was broken off is that of the worker, which was stopped.
            if (!(course.isBroken() && evaluation.failed()))
            {
                reply(number, evaluation);
            }
        }
        catch (Throwable e)
        {
            replyFailure(number, e);
        }
    }

    /** Who waits for an answer that cannot even be given hears it from the end of the worker. */
    private void replyFailure(long number, Throwable e)
    {
        Throwable failed = Threads.surely(() -> reply(number, failure(e)));
        if (failed != null)
        {
            lost(failed);
        }
    }

    /** What has begun. */
    private Evaluation evaluate(Kind what, long number, byte kind, byte[] payload)
    {
        Evaluation evaluation;
        try
        {
            show();
            evaluation = recorded(what, number, kind, payload, status::doing);
        }
        finally
        {
            course.over();
        }
        activity.look();
        if (evaluation.failed())
        {
            status.lastError(evaluation.failure());
        }
        return evaluation;
    }

    /** What has begun, in the flight record from where its text is known. */
    private Evaluation recorded(Kind what, long number, byte kind, byte[] payload, Consumer<String> doing)
    {
        long began = System.nanoTime();
        WorkRecord[] record = new WorkRecord[1];
        Evaluation evaluation = Evaluation.of(kind, payload, text ->
        {
            doing.accept(text);
            record[0] = record(text);
            record[0].begin(what, FlightRecord.NO_INDEX, began);
        });
        if (record[0] != null)
        {
            record[0].end(outcome(number, evaluation), System.nanoTime());
        }
        return evaluation;
    }

    private Outcome outcome(long number, Evaluation evaluation)
    {
        return !evaluation.failed() ? Outcome.OK :
            Frames.isAwaited(number) && number == cancelled || course.isBroken() ? Outcome.CANCELLED : Outcome.ERROR;
    }

    private void reply(long number, Evaluation evaluation)
    {
        if (evaluation.failed())
        {
            up.send(Frames.frame(Frames.RESULT_ERROR, number, evaluation.bytes()));
        }
        else if (Frames.isAwaited(number))
        {
            up.send(Frames.frame(Frames.RESULT, number, evaluation.bytes()));
        }
    }

    /** The task after which a forked worker ends. */
    private Task last()
    {
        return new Task(Evaluations.Kind.LAST, () ->
        {
            Throwable failed = course.isBroken() ? null :
                Threads.surely(() -> up.send(Frames.frame(Frames.VALUE, Codec.toBytes(null))));
            if (failed != null)
            {
                lost(failed);
            }
            end();
        });
    }

    private void end()
    {
        if (course.end())
        {
            Threads.surely(this::flush);
            if (self.context().ownsProcess())
            {
                Threads.surely(() -> SessionMemory.leave(files -> up.send(Frames.frame(Frames.KEEP, files))));
            }
            while (up.queuedBytes() > 0)
            {
                LockSupport.parkNanos(BREATH_NANOS);
            }
            endOrClose(self.whenDone());
        }
    }

    /** Not here: a thread that prints to a parent who does not read holds these streams' locks for as long. */
    private void flush()
    {
        Thread flushing = Threads.start("parallel-flush-" + self.context().id(), () ->
        {
            System.out.flush();
            System.err.flush();
        });
        try
        {
            flushing.join(FLUSH_MS);
        }
        catch (InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
    }

    public void abandon()
    {
        evaluations.abandon();
    }

    // ---- the rendezvous

    @Override
    public byte[] exchange(byte[] value, MessageChannel channel) throws InterruptedException
    {
        blocked(false, 1);
        try
        {
            return rendezvous.exchange(value, channel);
        }
        finally
        {
            blocked(false, -1);
        }
    }

    // ---- the status page

    /** A thread of the worker begins (1) or ends (-1) to be blocked. */
    public void blocked(boolean inSend, int change)
    {
        (inSend ? sending : receiving).addAndGet(change);
        activity.look();
        show();
    }

    @Override
    public void serve(Runnable stop)
    {
        serving = stop;
        doing(null);
        if (course.isAskedToEnd())
        {
            stop.run();     // that came before
        }
    }

    @Override
    public void doing(String text)
    {
        status.doing(text);
        loop.stir();
        awaitsTask = text == null;
        show();
    }

    @Override
    public void liveHeapBytes(long bytes)
    {
        status.liveHeapBytes(bytes);
    }

    @Override
    public void waited(String what, long fromNanos, long toNanos)
    {
        status.record().waited(what, fromNanos, toNanos);
        loop.stir();
        recordings.waited(what, toNanos - fromNanos);
    }

    @Override
    public WorkRecord record(String text)
    {
        return new WorkRecord(status.record(), text);
    }

    /** Now and then: what is too dear to be noted all the time. False: it waits, and did when this was called last. */
    boolean look()
    {
        boolean isActive = activity.look() || state() == WorkerStatus.State.RUNNING;
        if (self.context().ownsProcess() && course.isRunning())
        {
            collections.look();
        }
        return isActive;
    }

    private void show()
    {
        status.state(state().ordinal());
    }

    private WorkerStatus.State state()
    {
        int ownReceivers = serving != null ? 1 : 0;
        return receiving.get() > ownReceivers ? WorkerStatus.State.RECEIVING :
            sending.get() > 0 ? WorkerStatus.State.SENDING :
            course.isRunning() && !awaitsTask ? WorkerStatus.State.RUNNING : WorkerStatus.State.IDLE;
    }
}
