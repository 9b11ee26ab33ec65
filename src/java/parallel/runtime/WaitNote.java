package parallel.runtime;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

import parallel.transport.MessageChannel;
import parallel.transport.WaitObserver;
import parallel.transport.WaitTable;
import parallel.transport.Waiter;

/**
 * What the session is told of one wait of one thread. A wait of more than half a second looks whether it is part of a
 * deadlock, and about once a second from then on while that may be so, sooner at first. One that is part of none rests,
 * if those that it waits for can wake it: the last call of a cycle to begin finds the cycle, and wakes those that wait
 * for its process. They find it, too, and wake others. A hundred idle workers then have nothing to do. Used by the
 * thread that waits.
 */
public final class WaitNote implements WaitObserver.Note
{
    private static final long FIRST_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long SOON_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    /** A cycle that is none after so many looks, as its threads run at times, is looked at as seldom as others. */
    private static final int MOST_SOON = 10;

    private static final List<String> NAMES =
        Arrays.stream(Waiter.For.values()).map(what -> what.name().toLowerCase(Locale.ROOT)).toList();

    private final Context owner;
    private final WaitTable table;
    private final int index;
    private final int epoch;
    private final Waiter.For what;
    /** Null: nobody can wake it, and it looks of its own accord. */
    private final Runnable rouser;
    private final long began = System.nanoTime();
    private long lookAt;
    private boolean looked;
    private volatile boolean roused;
    private int soon;
    private int[] on;
    private int needed;
    private long progress;
    private boolean changed = true;
    private boolean said;
    private long atNanos;
    private List<WaitTable.Wait> remembered;

    // rouser: wakes the thread, as the bell of a channel to those that it waits for does; null: there is none.
    WaitNote(Context owner, WaitTable table, int index, Waiter.For what, int[] on, int needed, Runnable rouser)
    {
        this.rouser = rouser;
        this.lookAt = rouser == null ? began + FIRST_LOOK_NANOS : Long.MAX_VALUE;
        this.owner = owner;
        this.table = table;
        this.index = index;
        this.epoch = table.epoch(index);
        this.what = what;
        this.on = on;
        this.needed = needed;
    }

    /**
     * Whose thread waits.
     *
     * @return the root's context, or a worker's.
     */
    public Context owner()
    {
        return owner;
    }

    /**
     * The table that it is noted in.
     *
     * @return that of the session.
     */
    public WaitTable table()
    {
        return table;
    }

    /**
     * Its place in the table.
     *
     * @return 0 or more.
     */
    public int index()
    {
        return index;
    }

    /**
     * What is waited for.
     *
     * @return the name of a {@link Waiter.For}, in lower case.
     */
    public String what()
    {
        return NAMES.get(what.ordinal());
    }

    /**
     * When it began.
     *
     * @return of {@link System#nanoTime}.
     */
    public long beganNanos()
    {
        return began;
    }

    @Override
    public long lookAtNanos()
    {
        return lookAt;
    }

    @Override
    public boolean isToLook()
    {
        return isDue() || roused && !looked || table.wasAsked(index, epoch);
    }

    // By the thread of the control loop. True: it is not due yet.
    boolean rouseWhenDue()
    {
        if (rouser == null || roused)
        {
            return false;
        }
        roused = System.nanoTime() - began >= FIRST_LOOK_NANOS;
        if (roused)
        {
            rouser.run();
        }
        return !roused;
    }

    /**
     * Is it to look now, of its own accord?
     *
     * @return true once the time has come.
     */
    public boolean isDue()
    {
        return lookAt != Long.MAX_VALUE && System.nanoTime() - lookAt >= 0;
    }

    @Override
    public void look(long at, List<MessageChannel> channels, long nowProgress)
    {
        int[] ids = Waits.peers(channels);
        look(at, ids, what.isAny() ? 1 : ids.length, nowProgress);
    }

    /**
     * The thread has found that it still has to wait.
     *
     * @param at          of {@link System#nanoTime}, before it has looked.
     * @param ids         of those who can end the wait.
     * @param neededNow   how many of them it needs.
     * @param nowProgress another number if what it waits for has moved.
     */
    public void look(long at, int[] ids, int neededNow, long nowProgress)
    {
        changed |= nowProgress != progress || neededNow != needed || !Arrays.equals(ids, on);
        progress = nowProgress;
        on = ids;
        needed = neededNow;
        atNanos = at;
        looked = true;
        boolean maybe = Waits.watch().look(this);
        soon = maybe ? soon + 1 : 0;
        lookAt = !maybe && rouser != null ? Long.MAX_VALUE :
            System.nanoTime() + (maybe && soon < MOST_SOON ? SOON_NANOS : LOOK_NANOS);
    }

    /**
     * Whether it may be part of a deadlock.
     *
     * @return false: enough of those that it waits for can act.
     */
    public boolean mayBeStuck()
    {
        return table.mayBeStuck(on, needed);
    }

    /**
     * Writes what was seen into the table, unless that is what it says already.
     *
     * @param others threads besides this one that may act, -1 where that is unknown.
     * @param trace  its frames, one per line.
     */
    public void tell(int others, String trace)
    {
        boolean says = others >= 0;
        if (says || said || changed)
        {
            table.looked(index, epoch, on, needed, atNanos, changed, others, trace);
            changed = false;
            said = says;
        }
    }

    /**
     * Keeps what it may be part of: once another has acted, the table has it no more.
     *
     * @param cycle as it was seen.
     */
    public void remember(List<WaitTable.Wait> cycle)
    {
        remembered = cycle;
    }

    /**
     * What it may have been part of.
     *
     * @return the last that was remembered, or null.
     */
    public List<WaitTable.Wait> remembered()
    {
        return remembered;
    }

    @Override
    public void end()
    {
        Waits.ended();
        table.leave(index, epoch);
        owner.waited(what(), began, System.nanoTime());
    }
}
