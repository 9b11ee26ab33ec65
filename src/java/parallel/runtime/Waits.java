package parallel.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;

import parallel.codec.ByName;
import parallel.transport.ControlLoop;
import parallel.transport.MessageChannel;
import parallel.transport.WaitTable;
import parallel.transport.Waiter;
import parallel.transport.Waiter.For;

/**
 * The waits of this process, told to the session when they block. Waits of threads that are the library's own are not:
 * nobody's code stands still there. Safe from any thread.
 */
public final class Waits
{
    private static final long UNNOTED_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long ROUSE_EVERY_MS = 500;
    private static final long REST_MS = TimeUnit.HOURS.toMillis(1);
    private static final Map<Thread, WaitNote> NOTED = new ConcurrentHashMap<>();

    /** Null: this process has no session yet. */
    private static volatile WaitTable ofSession;
    /** Of the same session. */
    private static volatile ControlLoop loop;

    private Waits()
    {
    }

    /** Looked up once, when the first wait looks. */
    private static final class Watch
    {
        private static final DeadlockWatch FOUND = found();

        private static DeadlockWatch found()
        {
            try
            {
                return ByName.make(ByName.DEADLOCK_WATCH, DeadlockWatch.class);
            }
            catch (ReflectiveOperationException e)
            {
                throw new IllegalStateException(ByName.DEADLOCK_WATCH + " cannot be made", e);
            }
        }
    }

    static DeadlockWatch watch()
    {
        return Watch.FOUND;
    }

    private static WaitNote begin(For what, List<MessageChannel> on, long deadlineNanos, Runnable rouser)
    {
        int[] ids = peers(on);
        WaitNote note = begin(what, ids, what.isAny() ? 1 : ids.length, deadlineNanos, rouser);
        if (note != null)
        {
            loop.stir();
        }
        return note;
    }

    static int[] peers(List<MessageChannel> channels)
    {
        int[] ids = new int[channels.size()];
        for (int i = 0; i < ids.length; i++)
        {
            ids[i] = channels.get(i).peer();
        }
        return ids;
    }

    /**
     * A wait for a lock in shared memory.
     *
     * @param holder        the id of who holds it.
     * @param deadlineNanos of {@link System#nanoTime}, {@link Long#MAX_VALUE} for none.
     * @return the note, to be ended by the same thread; null: nothing is told.
     */
    public static WaitNote forLock(int[] holder, long deadlineNanos)
    {
        return begin(For.LOCK, holder, 1, deadlineNanos, null);
    }

    /**
     * A wait at a barrier in shared memory.
     *
     * @param absent        ids of those who may still arrive.
     * @param needed        how many of them must.
     * @param deadlineNanos of {@link System#nanoTime}, {@link Long#MAX_VALUE} for none.
     * @return the note, to be ended by the same thread; null: nothing is told.
     */
    public static WaitNote forBarrier(int[] absent, int needed, long deadlineNanos)
    {
        return begin(For.BARRIER, absent, needed, deadlineNanos, null);
    }

    /**
     * A wait at a latch in shared memory.
     *
     * @param absent        ids of those who may still count down.
     * @param needed        how often they must.
     * @param deadlineNanos of {@link System#nanoTime}, {@link Long#MAX_VALUE} for none.
     * @return the note, to be ended by the same thread; null: nothing is told.
     */
    public static WaitNote forLatch(int[] absent, int needed, long deadlineNanos)
    {
        return begin(For.LATCH, absent, needed, deadlineNanos, null);
    }

    /**
     * Something that comes of a task of a pool, or room for one.
     *
     * @param <T> of it.
     */
    @FunctionalInterface
    public interface Timed<T>
    {
        /**
         * Waits.
         *
         * @param nanos how long.
         * @return it; null: it has not come.
         * @throws InterruptedException if interrupted while blocked.
         */
        T poll(long nanos) throws InterruptedException;
    }

    /**
     * Waits for what comes of a task of a pool, or for room for one.
     *
     * @param workers       ids of those who may do it.
     * @param coming        what is waited for.
     * @param deadlineNanos of {@link System#nanoTime}, {@link Long#MAX_VALUE} for none.
     * @param <T>           of it.
     * @return it; null: it has not come in time.
     * @throws InterruptedException if interrupted while blocked.
     */
    public static <T> T forTask(Supplier<int[]> workers, Timed<T> coming, long deadlineNanos)
        throws InterruptedException
    {
        WaitNote note = null;
        try
        {
            while (true)
            {
                // Again: the session may begin with the worker that does the task.
                note = note == null ? begin(For.TASK, workers.get(), 1, deadlineNanos, null) : note;
                boolean looks = note != null && note.isDue();
                long now = System.nanoTime();
                long lookAt = note == null ? now + UNNOTED_NANOS : note.lookAtNanos();
                T came = coming.poll(Math.max(0, Math.min(deadlineNanos, lookAt) - now));
                if (came != null || deadlineNanos != ChannelPeer.FOREVER && System.nanoTime() - deadlineNanos >= 0)
                {
                    return came;
                }
                if (looks)
                {
                    note.look(now, workers.get(), 1, 0);
                }
            }
        }
        finally
        {
            if (note != null)
            {
                note.end();
            }
        }
    }

    private static WaitNote begin(For what, int[] on, int needed, long deadlineNanos, Runnable rouser)
    {
        Thread thread = Thread.currentThread();
        WaitTable table = ofSession;
        if (table == null || Threads.isOfLibrary(thread))
        {
            return null;
        }
        Context owner = Context.current();
        int index = table.enter(owner.id(), what, on, needed, deadlineNanos);
        if (index < 0)
        {
            return null;
        }
        WaitNote note = new WaitNote(owner, table, index, what, on, needed, rouser);
        NOTED.put(thread, note);
        return note;
    }

    static void ended()
    {
        NOTED.remove(Thread.currentThread());
    }

    /**
     * Does a thread of this process wait, and has told so?
     *
     * @param thread of this process.
     * @return true: it is in the table.
     */
    public static boolean isNoted(Thread thread)
    {
        return NOTED.containsKey(thread);
    }

    /**
     * The note of a thread that waits.
     *
     * @param thread of this process.
     * @return null: it does not wait, or has told nobody.
     */
    public static WaitNote noteOf(Thread thread)
    {
        return NOTED.get(thread);
    }

    /**
     * Whose threads of this process wait.
     *
     * @return ids of the root (0) and of workers that are threads, or of the worker that this process is.
     */
    public static Set<Integer> here()
    {
        return NOTED.values().stream().map(note -> note.owner().id()).collect(Collectors.toSet());
    }

    /**
     * What the threads of the session wait for.
     *
     * @return the table; null in a process that has no session yet.
     */
    public static WaitTable table()
    {
        return ofSession;
    }

    /**
     * Has a thread look that waits for one of this process. Does not block.
     *
     * @param owner whose it waits for.
     * @param wait  of the thread; of a worker that is neither a child nor the parent nothing happens.
     */
    public static void rouse(Context owner, WaitTable.Wait wait)
    {
        ChannelPeer peer = owner.isWorker() && owner.parent().id() == wait.id() ? owner.parent() :
            Children.of(owner).all().stream().filter(child -> child.id() == wait.id()).findFirst().orElse(null);
        MessageChannel channel = peer == null ? null : peer.channel();
        if (channel != null)
        {
            ofSession.ask(wait);
            channel.wakeOtherEnd();
        }
    }

    /**
     * The waits of the session's processes that are there: what one that was killed waited for is in the table until
     * its parent knows.
     *
     * @return one of each thread; none in a process that has no session yet.
     */
    public static List<WaitTable.Wait> all()
    {
        WaitTable table = ofSession;
        if (table == null)
        {
            return List.of();
        }
        List<WaitTable.Wait> waits = new ArrayList<>(table.waits());
        Set<Integer> present =
            Session.current().page().slots().stream().map(slot -> slot.id()).collect(Collectors.toSet());
        present.add(Context.NO_WORKER);
        waits.removeIf(wait -> !present.contains(wait.id()));
        return waits;
    }

    static void observe(WaitTable table, ControlLoop itsLoop)
    {
        ofSession = table;
        loop = itsLoop;
        itsLoop.every(ROUSE_EVERY_MS, REST_MS, Waits::rouseThoseDue);
        Waiter.observer(Waits::begin);
    }

    // A wait has no timer of its own: to set one costs more than the rest of a short wait.
    private static boolean rouseThoseDue()
    {
        boolean more = false;
        for (WaitNote note : NOTED.values())
        {
            more |= note.rouseWhenDue();
        }
        return more;
    }
}
