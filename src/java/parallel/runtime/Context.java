package parallel.runtime;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;

import parallel.Peer;

/**
 * Who the code that asks is: the root, a worker process, or a worker that is a thread of this process. Safe from any thread.
 */
public final class Context
{
    private static final InheritableThreadLocal<Context> OF_THREAD = new InheritableThreadLocal<>();
    private static volatile Context ofProcess = new Context(0, 0, null, new Output(Lines.OF_ROOT, Lines.OF_ROOT));

    /** 0 in a worker process that is not told yet who it is. */
    private volatile int id;
    private final int depth;
    private final ParentPeer parent;
    private final Output output;
    private final ConcurrentSkipListMap<Integer, WorkerHandle> children = new ConcurrentSkipListMap<>();
    private final List<Job> journal = new ArrayList<>();
    private final Spares spares = new Spares(this);
    private final List<Runnable> beforeClose = new java.util.concurrent.CopyOnWriteArrayList<>();
    private volatile Side side;
    private volatile boolean serves;
    private volatile int lastServed = -1;
    /** Written under the lock of the journal. */
    private volatile boolean ended;

    /**
     * Where lines go.
     *
     * @param own       those of {@code print} here.
     * @param ofWorkers those of this context's workers that were not given another place.
     */
    record Output(Lines own, Lines ofWorkers)
    {
    }

    /** What the worker's end of control does for a body that takes tasks from its parent's messages. */
    interface Side
    {
        void serve(Runnable stop);

        void doing(String text);
    }

    Context(int id, int depth, ParentPeer parent, Output output)
    {
        this.id = id;
        this.depth = depth;
        this.parent = parent;
        this.output = output;
    }

    /**
     * Who the calling thread belongs to.
     *
     * @return the thread worker's context in its threads, else the process's.
     */
    public static Context current()
    {
        final Context ofThread = OF_THREAD.get();
        return ofThread != null ? ofThread : ofProcess;
    }

    static Context ofProcess()
    {
        return ofProcess;
    }

    static void becomeProcess(Context context)
    {
        ofProcess = context;
    }

    static void enter(Context context)
    {
        OF_THREAD.set(context);
    }

    /**
     * The id.
     *
     * @return 0 in the root.
     */
    public int id()
    {
        return id;
    }

    /**
     * The peer that stands for the parent.
     *
     * @return it, or null in the root.
     */
    public ParentPeer parent()
    {
        return parent;
    }

    /**
     * The live workers, by id.
     *
     * @return a snapshot.
     */
    public List<WorkerHandle> children()
    {
        return List.copyOf(children.values());
    }

    /**
     * What all live workers below this context do, workers of workers included.
     *
     * @return by id.
     */
    public List<parallel.WorkerStatus> descendants()
    {
        return Statuses.below(this);
    }

    /**
     * Stops all workers of this context, side by side, and gives its spares back.
     *
     * @param graceMs for the whole of it, or -1 for that of each worker's options.
     */
    public void close(long graceMs)
    {
        beforeClose.forEach(Runnable::run);
        spares.close();
        Ladder.stop(children(), graceMs);
        spares.awaitGone();
    }

    /**
     * Its JVMs that wait to become workers.
     *
     * @return them.
     */
    public Spares spares()
    {
        return spares;
    }

    /**
     * Adds what is to be done before the workers of this context are stopped; see {@link #close(long)}.
     *
     * @param hook called at each close until it is removed; must not block.
     * @return removes it.
     */
    public Runnable beforeClose(Runnable hook)
    {
        beforeClose.add(hook);
        return () -> beforeClose.remove(hook);
    }

    void side(Side itsSide)
    {
        side = itsSide;
    }

    /**
     * Says, in a worker, that its body takes tasks from its parent's messages on a thread of its own: the worker's state is that of
     * the tasks, and a stop asks the body to end before it is interrupted. A task that asks for these messages is refused.
     *
     * @param stop asks the body to end after its task; must not block.
     * @return the parent, for the body.
     */
    public Peer serve(Runnable stop)
    {
        serves = true;
        side.serve(stop);
        return parent.handOver("The messages between a pool's worker and its parent are the pool's: give a task its arguments, and let it return " +
            "what it has found. A worker of run or fork has its messages to itself.");
    }

    /**
     * Whether this is a worker whose body takes tasks.
     *
     * @return true from {@link #serve(Runnable)} on.
     */
    public boolean serves()
    {
        return serves;
    }

    /**
     * Shows what such a body does.
     *
     * @param text of its task, or null: nothing.
     */
    public void doing(String text)
    {
        side.doing(text);
    }

    /**
     * Adds a job that every worker started later evaluates before anything else.
     *
     * @param job the job.
     * @return the workers of now, which do not get it by this.
     */
    public List<WorkerHandle> record(Job job)
    {
        synchronized (journal)
        {
            journal.add(job);
            return children();
        }
    }

    /**
     * Takes a job out of the journal again.
     *
     * @param job as given to {@link #record(Job)}.
     */
    public void forget(Job job)
    {
        synchronized (journal)
        {
            journal.removeIf(j -> j == job);
        }
    }

    /** Empties the journal. */
    public void forgetAll()
    {
        synchronized (journal)
        {
            journal.clear();
        }
    }

    /**
     * Whether the whole process is this context's.
     *
     * @return false in a worker that is a thread.
     */
    public boolean ownsProcess()
    {
        return this == ofProcess;
    }

    /** A worker process is told who it is, once, before it evaluates anything. */
    void become(int itsId)
    {
        id = itsId;
    }

    int depth()
    {
        return depth;
    }

    Lines linesOfWorkers()
    {
        return output.ofWorkers();
    }

    /**
     * Prints a line, labelled with this context's id when it reaches the terminal.
     *
     * @param error whether to stderr.
     * @param line  the line, without newline.
     */
    public void printLine(boolean error, String line)
    {
        output.own().line(error ? parallel.process.Output.Stream.ERR : parallel.process.Output.Stream.OUT, id, line);
    }

    int lastServed()
    {
        return lastServed;
    }

    void served(int peer)
    {
        lastServed = peer;
    }

    Collection<Job> adopt(WorkerHandle worker)
    {
        synchronized (journal)
        {
            children.put(worker.id(), worker);
            return List.copyOf(journal);
        }
    }

    /** Of a worker that is a thread and has ended, while its code may go on: its workers end, and those that it is starting. */
    void end()
    {
        synchronized (journal)
        {
            ended = true;
        }
        spares.close();
        children().forEach(WorkerHandle::kill);
    }

    boolean isEnded()
    {
        return ended;
    }

    void drop(WorkerHandle worker)
    {
        children.remove(worker.id(), worker);
    }
}
