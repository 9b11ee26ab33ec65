package parallel.runtime;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

import parallel.codec.Codec;
import parallel.transport.Link;
import parallel.transport.LinkListener;
import parallel.transport.StatusPage;

/**
 * The worker's own end of control: a table of commands, what it evaluates, and its status page.
 */
final class WorkerSide implements LinkListener, Context.Side
{
    private static final System.Logger LOG = System.getLogger("parallel");
    private static final long FLUSH_MS = 500;
    private static final long BREATH_NANOS = 200_000;

    private final Self self;
    private final StatusPage status;
    private final Activity activity;
    private final Map<Byte, Consumer<ByteBuffer>> commands = new HashMap<>();
    private final AtomicBoolean ended = new AtomicBoolean();
    private final AtomicInteger sending = new AtomicInteger();
    private final AtomicInteger receiving = new AtomicInteger();
    private final Evaluations evaluations;
    private volatile Link up;
    private volatile boolean running;
    private final Map<Long, Thread> beside = new ConcurrentHashMap<>();
    private volatile boolean stopAsked;
    private boolean forLife;      // of the control thread
    /** Guards running, breakAsked and the setting of broken: what has been evaluated is not broken off any more. */
    private final Object evaluating = new Object();
    private boolean breakAsked;
    private volatile boolean broken;
    /** Of a body that takes tasks: asks it to end. */
    private volatile Runnable serving;
    private volatile boolean hasTask;

    /**
     * What a worker is.
     *
     * @param context  who its code is.
     * @param upward   lines to its parent, which get their credit here.
     * @param whenDone called once, when the worker has said its last; ends the process or the thread.
     * @param gone     called when the parent is gone.
     */
    record Self(Context context, UpwardLines upward, Runnable whenDone, Runnable gone)
    {
    }

    WorkerSide(Self self, StatusPage status)
    {
        this.self = self;
        this.status = status;
        this.activity = new Activity(status);
        commands.put(Frames.IDENTITY, this::identify);
        commands.put(Frames.RUN, frame -> enqueue(frame, true));
        commands.put(Frames.EXEC, frame -> enqueue(frame, false));
        commands.put(Frames.EXEC_NOW, this::evaluateBeside);
        commands.put(Frames.CANCEL, this::cancel);
        commands.put(Frames.INTERRUPT, frame -> evaluations().interrupt(Evaluations.WHICHEVER));
        commands.put(Frames.STOP, frame -> stop());
        commands.put(Frames.BREAK, frame -> breakOff());
        commands.put(Frames.FINISH, frame -> evaluations().add(last()));
        commands.put(Frames.THREADS, this::threads);
        commands.put(Frames.CREDIT, frame -> self.upward().delivered(Frames.number(frame)));
        self.context().side(this);
        evaluations = new Evaluations("parallel-eval-" + self.context().id(), () -> Context.enter(self.context()));
    }

    private Evaluations evaluations()
    {
        return evaluations;
    }

    /** The link is there: the worker loads what it needs and says that it is ready. */
    void begin(Link link, boolean ownProcess)
    {
        up = link;
        self.upward().connect(link);
        evaluations.add(new Evaluations.Task(0, () -> prepare(ownProcess)));
    }

    private void prepare(boolean ownProcess)
    {
        try
        {
            final Language language = Language.find();
            if (language != null)
            {
                language.prepare(ownProcess);
                if (self.context().id() == 0)
                {
                    rehearse(language);
                }
            }
            show();
            up.send(Frames.frame(Frames.READY, 0));
        }
        catch (final Throwable e)
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
        catch (final java.io.IOException | RuntimeException e)
        {
            LOG.log(System.Logger.Level.DEBUG, "A spare worker could not rehearse; it will be slower", e);
        }
    }

    private void reportUnready(Throwable e)
    {
        e.printStackTrace();
        up.send(Frames.frame(Frames.ERROR, 0, RemoteError.encode(e, RemoteError.Phase.NOT_READY, null)));
        end();
    }

    // ---- commands, on the control thread

    @Override
    public void onFrame(ByteBuffer frame)
    {
        try
        {
            final Consumer<ByteBuffer> command = commands.get(Frames.kind(frame));
            if (command != null)
            {
                command.accept(frame);
                return;
            }
        }
        catch (final RuntimeException e)
        {
            corrupt("a frame that cannot be read: " + e);
            return;
        }
        corrupt("a frame of the unknown kind " + Frames.kind(frame));
    }

    @Override
    public void onError(java.io.IOException error)
    {
        corrupt(error.getMessage());
    }

    /** Whoever writes there is not our parent, or is broken: what it wants cannot be known any more. */
    private void corrupt(String what)
    {
        System.err.println("The control stream from the parent of worker " + self.context().id() + " is corrupt: " + what + ". The worker ends.");
        System.err.flush();
        self.gone().run();
    }

    @Override
    public void onEnd()
    {
        self.gone().run();
    }

    private void identify(ByteBuffer frame)
    {
        final int id = (int)Frames.number(frame);
        self.context().become(id);
        self.context().parent().channel().name("from the parent of worker " + id);
        evaluations.name("parallel-eval-" + id);
    }

    private void enqueue(ByteBuffer frame, boolean forLife)
    {
        final long number = Frames.number(frame);
        final byte[] payload = Frames.payload(frame);
        if (forLife)
        {
            this.forLife = true;
            evaluations.add(new Evaluations.Task(0, () -> runForLife((byte)number, payload)));
        }
        else
        {
            evaluations.add(new Evaluations.Task(number, () -> evaluateAndReply(number, payload)));
        }
    }

    private void evaluateBeside(ByteBuffer frame)
    {
        final long number = Frames.number(frame);
        final byte[] payload = Frames.payload(frame);
        beside.put(number, Threads.start("parallel-beside-" + self.context().id(), () ->
        {
            Context.enter(self.context());
            try
            {
                reply(number, Evaluation.of(Job.FORM, payload, null));
            }
            finally
            {
                beside.remove(number);
            }
        }));
    }

    private void cancel(ByteBuffer frame)
    {
        final long number = Frames.number(frame);
        final Thread thread = beside.get(number);
        if (thread != null)
        {
            thread.interrupt();
        }
        else if (!evaluations.remove(number))
        {
            evaluations.interrupt(number);
        }
    }

    /** A form for life that has begun ends by itself, and says how; one that has not is broken off. */
    private void stop()
    {
        stopAsked = true;
        if (forLife)
        {
            if (evaluations.remove(0))
            {
                broken = true;
                evaluations.add(last());
            }
            else if (serving != null)
            {
                serving.run();
            }
            return;
        }
        synchronized (evaluating)
        {
            if (evaluations.replaceBy(last()))
            {
                broken = true;      // before the last task looks
            }
        }
    }

    private void breakOff()
    {
        synchronized (evaluating)
        {
            breakAsked = true;
            broken |= running;
        }
        evaluations.interrupt(Evaluations.WHICHEVER);
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
            final Evaluation evaluation = evaluate(kind, payload, false);
            if (evaluation != null && !broken)
            {
                up.send(Frames.frame(evaluation.failed() ? Frames.ERROR : Frames.VALUE, 0, evaluation.bytes()));
            }
        }
        finally
        {
            end();
        }
    }

    private void evaluateAndReply(long number, byte[] payload)
    {
        if (number >= 0 && stopAsked)
        {
            synchronized (evaluating)
            {
                broken = true;      // as what stop finds in the queue
            }
            return;
        }
        final Evaluation evaluation = evaluate(Job.FORM, payload, true);
        if (evaluation == null || broken && evaluation.failed())
        {
            return;             // its error is that of the worker, which was stopped
        }
        try
        {
            reply(number, evaluation);
        }
        catch (final OutOfMemoryError e)
        {
            reply(number, Evaluation.failure(e, RemoteError.Phase.THREW, null));
        }
    }

    /** Null: it was broken off before it began. */
    private Evaluation evaluate(byte kind, byte[] payload, boolean forked)
    {
        synchronized (evaluating)
        {
            running = !breakAsked;
            broken |= breakAsked;
            if (!running)
            {
                return null;
            }
        }
        show();
        final Evaluation evaluation = Evaluation.of(kind, payload, status::doing);
        synchronized (evaluating)
        {
            running = false;
        }
        activity.look();
        if (evaluation.failed())
        {
            status.lastError(evaluation.failure());
        }
        if (forked)
        {
            status.doing(null);
            show();
        }
        return evaluation;
    }

    private void reply(long number, Evaluation evaluation)
    {
        if (evaluation.failed())
        {
            up.send(Frames.frame(Frames.RESULT_ERROR, number, evaluation.bytes()));
        }
        else if (number >= 0)
        {
            up.send(Frames.frame(Frames.RESULT, number, evaluation.bytes()));
        }
    }

    /** The task after which a forked worker ends. */
    private Evaluations.Task last()
    {
        return new Evaluations.Task(0, () ->
        {
            final boolean whole;
            synchronized (evaluating)
            {
                whole = !broken;
            }
            if (whole)
            {
                up.send(Frames.frame(Frames.VALUE, 0, Codec.toBytes(null)));
            }
            end();
        });
    }

    private void end()
    {
        if (ended.compareAndSet(false, true))
        {
            flush();
            if (self.context().ownsProcess())
            {
                SessionMemory.leave(files -> up.send(Frames.frame(Frames.KEEP, 0, files)));
            }
            while (up.queuedBytes() > 0)
            {
                LockSupport.parkNanos(BREATH_NANOS);
            }
            self.whenDone().run();
        }
    }

    /** Not here: a thread that prints to a parent who does not read holds these streams' locks for as long. */
    private void flush()
    {
        final Thread flushing = Threads.start("parallel-flush-" + self.context().id(), () ->
        {
            System.out.flush();
            System.err.flush();
        });
        try
        {
            flushing.join(FLUSH_MS);
        }
        catch (final InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
    }

    void abandon()
    {
        evaluations.abandon();
    }

    // ---- the status page

    /** A thread of the worker begins (1) or ends (-1) to be blocked. */
    void blocked(boolean inSend, int change)
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
        if (stopAsked)
        {
            stop.run();
        }
    }

    @Override
    public void doing(String text)
    {
        status.doing(text);
        hasTask = text != null;
        show();
    }

    /** Now and then: what is too dear to be noted all the time. */
    void look()
    {
        activity.look();
    }

    private void show()
    {
        final boolean serves = serving != null;
        final int ownReceivers = serves ? 1 : 0;
        final parallel.WorkerStatus.State state = receiving.get() > ownReceivers ? parallel.WorkerStatus.State.RECEIVING :
            sending.get() > 0 ? parallel.WorkerStatus.State.SENDING :
            running && (!serves || hasTask) ? parallel.WorkerStatus.State.RUNNING : parallel.WorkerStatus.State.IDLE;
        status.state(state.ordinal());
    }
}
