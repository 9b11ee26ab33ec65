package parallel.runtime;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.function.Supplier;

import parallel.Peer;
import parallel.codec.Destination;
import parallel.control.Text;
import parallel.process.Output.Sink;
import parallel.process.Output.Stream;

/**
 * Who the code that asks is: the root, a worker process, or a worker that is a thread of this process. Safe from any
 * thread.
 */
public final class Context
{
    /** The id of the root, and of a worker process that is not told yet who it is. */
    public static final int NO_WORKER = 0;

    /**
     * Threads of a worker that is a thread are its own, but for those of pools that the whole process shares: such a
     * thread serves whoever comes next.
     */
    private static final InheritableThreadLocal<Context> OF_THREAD = new InheritableThreadLocal<>()
    {
        @Override
        protected Context childValue(Context ofParent)
        {
            return ofParent == null || isBornInSharedPool() ? null : ofParent;
        }
    };
    private static final List<String> MAKERS_OF_SHARED_THREADS = List.of("clojure.lang.Agent", "clojure.core.async.",
        "java.util.concurrent.ForkJoinPool", "java.util.concurrent.CompletableFuture");
    private static final String POOL = "java.util.concurrent.ThreadPoolExecutor";
    /** For code that such a thread runs for a worker: who that is. */
    private static volatile Supplier<Context> conveyed = () -> null;
    private static volatile Context ofProcess =
        new Context(NO_WORKER, 0, null, new Output(Context::printLabelled, Context::printLabelled));

    private volatile int id;
    private final int depth;
    private final ParentPeer parent;
    private final Output output;
    private final List<Runnable> beforeClose = new CopyOnWriteArrayList<>();
    private final List<Runnable> afterClose = new CopyOnWriteArrayList<>();
    /** Written under the lock of beforeClose. */
    private volatile Reserve reserve = Reserve.NONE;
    /** Written under the same lock. */
    private volatile Dependents dependents = Dependents.NONE;
    private volatile ControlEnd controlEnd;
    private volatile boolean serves;
    private volatile int lastServed = -1;
    private volatile boolean ended;

    /**
     * Where lines go.
     *
     * @param own       those of {@code print} here.
     * @param ofWorkers those of this context's workers that were not given another place.
     */
    public record Output(Sink own, Sink ofWorkers)
    {
    }

    /** What a context has besides its workers; it is given back when they are stopped. */
    public interface Reserve
    {
        /** Gives all of it back. Idempotent; never blocks. */
        void close();

        /** Waits until what was given back is gone, some seconds at most. */
        void awaitGone();

        /** Nothing. */
        Reserve NONE = new Reserve()
        {
            @Override
            public void close()
            {
                // there is nothing
            }

            @Override
            public void awaitGone()
            {
                // there is nothing
            }
        };
    }

    /** The workers of a context, as it ends them. Safe from any thread. */
    public interface Dependents
    {
        /**
         * Stops all, side by side; returns when they have ended.
         *
         * @param graceMs for the whole of it, or -1 for that of each worker's options.
         */
        void stop(long graceMs);

        /** Kills all; never blocks. */
        void kill();

        /** None. */
        Dependents NONE = new Dependents()
        {
            @Override
            public void stop(long graceMs)
            {
                // there is none
            }

            @Override
            public void kill()
            {
                // there is none
            }
        };
    }

    public Context(int id, int depth, ParentPeer parent, Output output)
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
        Context ofCode = OF_THREAD.get();
        if (ofCode == null)
        {
            ofCode = conveyed.get();
        }
        return ofCode != null ? ofCode : ofProcess;
    }

    /**
     * Names what a language conveys to the threads of shared pools along with the code that they run.
     *
     * @param ofCode gives the context of the code that the calling thread runs, or null.
     */
    public static void conveyed(Supplier<Context> ofCode)
    {
        conveyed = ofCode;
    }

    /** Whether the thread that is being made just now is: by its factory, not by who gives a pool something to do. */
    private static boolean isBornInSharedPool()
    {
        return StackWalker.getInstance().walk(frames -> frames.map(StackWalker.StackFrame::getClassName)
            .dropWhile(name -> name.startsWith(Context.class.getName()))
            .takeWhile(name -> isShared(name) || name.startsWith("java.") && !name.startsWith(POOL))
            .anyMatch(Context::isShared));
    }

    private static boolean isShared(String className)
    {
        return MAKERS_OF_SHARED_THREADS.stream().anyMatch(className::startsWith);
    }

    public static Context ofProcess()
    {
        return ofProcess;
    }

    public static void becomeProcess(Context context)
    {
        ofProcess = context;
    }

    public static void enter(Context context)
    {
        OF_THREAD.set(context);
    }

    /**
     * The id.
     *
     * @return {@link #NO_WORKER} in the root.
     */
    public int id()
    {
        return id;
    }

    /**
     * Whether this is a worker.
     *
     * @return false in the root, and in a process that nobody has asked for yet.
     */
    public boolean isWorker()
    {
        return id != NO_WORKER;
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
     * Writes for the parent: what means something on this machine only is refused where the parent is on another.
     *
     * @param writing encodes what the parent is to have.
     * @param <T>     of the result.
     * @return its result.
     */
    public <T> T toParent(Supplier<T> writing)
    {
        return (parent == null ? Destination.HERE : parent.destination()).of(writing);
    }

    /**
     * Stops all workers of this context, side by side, and gives its spares back.
     *
     * @param graceMs for the whole of it, or -1 for that of each worker's options.
     */
    public void close(long graceMs)
    {
        beforeClose.forEach(Threads::surely);
        Reserve kept = reserve;
        kept.close();
        dependents.stop(graceMs);
        kept.awaitGone();
        afterClose.forEach(Runnable::run);
    }

    /**
     * What this context has besides its workers, such as JVMs that wait to become some.
     *
     * @param maker makes it at the first call.
     * @return it.
     */
    public Reserve reserve(Function<Context, Reserve> maker)
    {
        synchronized (beforeClose)
        {
            if (reserve == Reserve.NONE)
            {
                reserve = maker.apply(this);
            }
            return reserve;
        }
    }

    /**
     * The workers of this context.
     *
     * @param maker makes what holds them at the first call.
     * @return what holds them.
     */
    Dependents dependents(Supplier<Dependents> maker)
    {
        if (dependents == Dependents.NONE)
        {
            synchronized (beforeClose)
            {
                if (dependents == Dependents.NONE)
                {
                    dependents = maker.get();
                }
            }
        }
        return dependents;
    }

    /**
     * Adds what is to be done after the workers of this context were stopped; see {@link #close(long)}.
     *
     * @param hook called at each close.
     */
    public void afterClose(Runnable hook)
    {
        afterClose.add(hook);
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

    public void controlEnd(ControlEnd itsEnd)
    {
        controlEnd = itsEnd;
        parent.controlEnd(itsEnd);
    }

    /**
     * Says, in a worker, that its body takes tasks from its parent's messages on a thread of its own: the worker's
     * state is that of the tasks, and a stop asks the body to end before it is interrupted. A task that asks for these
     * messages is refused.
     *
     * @param stop asks the body to end after its task; must not block.
     * @return the parent, for the body.
     */
    public Peer serve(Runnable stop)
    {
        serves = true;
        controlEnd.serve(stop);
        return parent.handOver(
            "The messages between a pool's worker and its parent are the pool's: give a task its arguments, and let " +
            "it return " +
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
        controlEnd.doing(text);
    }

    /**
     * Shows what is in use of the heap after a collection.
     *
     * @param bytes used.
     */
    public void liveHeapBytes(long bytes)
    {
        controlEnd.liveHeapBytes(bytes);
    }

    /**
     * Notes what a thread of this worker has waited for; of the root nothing is noted.
     *
     * @param what      one of few texts.
     * @param fromNanos when that began, of {@link System#nanoTime}.
     * @param toNanos   when it ended.
     */
    void waited(String what, long fromNanos, long toNanos)
    {
        ControlEnd itsEnd = controlEnd;
        if (itsEnd != null)
        {
            itsEnd.waited(what, fromNanos, toNanos);
        }
    }

    /**
     * A record of what such a body does.
     *
     * @param text what it is; its beginning is the name.
     * @return one that nothing is in yet, for the calling thread.
     */
    public WorkRecord record(String text)
    {
        return controlEnd.record(text);
    }

    /**
     * Ends this worker at once, since it cannot go on: an error has ended a thread that its parent depends on. The
     * parent hears of the error.
     *
     * @param e the error.
     */
    public void lost(Throwable e)
    {
        controlEnd.lost(e);
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
    public void become(int itsId)
    {
        id = itsId;
    }

    public int depth()
    {
        return depth;
    }

    public Sink linesOfWorkers()
    {
        return output.ofWorkers();
    }

    /** On the root's own stdout or stderr. */
    private static void printLabelled(Stream stream, int itsId, String line)
    {
        (stream == Stream.OUT ? System.out : System.err).println(Text.label(itsId) + line);
    }

    /**
     * Prints a line, labelled with this context's id when it reaches the terminal.
     *
     * @param error whether to stderr.
     * @param line  the line, without newline.
     */
    public void printLine(boolean error, String line)
    {
        output.own().line(error ? Stream.ERR : Stream.OUT, id, line);
    }

    int lastServed()
    {
        return lastServed;
    }

    void served(int peer)
    {
        lastServed = peer;
    }

    /**
     * Of a worker that is a thread and has ended, while its code may go on: its workers end, and those that it is
     * starting.
     */
    public void end()
    {
        ended = true;       // before it looks: who comes later sees this, and ends by itself
        beforeClose.forEach(hook -> Threads.execute(() -> Threads.surely(hook)));
        reserve.close();
        dependents.kill();
    }

    public boolean isEnded()
    {
        return ended;
    }
}
