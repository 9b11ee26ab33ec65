package parallel.transport;

import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;

import org.agrona.concurrent.UnsafeBuffer;

/**
 * What the threads of all processes of a session wait for, in its page: written by the waiting thread, read by anyone,
 * also when that process hangs, is stopped, or is dead. {@link SessionLayout} draws it.
 * <p>
 * Safe from any thread and process; never waits for another process longer than the 20 ms after which it counts as dead
 * in the middle of a store.
 */
public final class WaitTable
{
    private static final Waiter.For[] KINDS = Waiter.For.values();

    private final SessionPage session;
    private final UnsafeBuffer page;

    /**
     * A wait as it was seen.
     *
     * @param index        of its place in the table.
     * @param epoch        which of the waits at this place.
     * @param id           of the worker, or of the root (0), whose thread waits.
     * @param thread       its name.
     * @param what         it waits for.
     * @param on           ids of those who can end the wait; null: more than the table can say.
     * @param needed       how many of them it needs.
     * @param sinceNanos   when it began, as {@link System#nanoTime} of its machine.
     * @param untilNanos   when it ends by itself, {@link Long#MAX_VALUE}: never.
     * @param lookedNanos  when the thread last found that it has to wait; 0: it has not looked yet.
     * @param changedNanos when what it waits for was last seen to move.
     * @param others       other threads of its process that may act, -1 where that is unknown.
     * @param isConvicted  whether it is part of a deadlock.
     * @param trace        the thread's frames, one per line; empty until it has looked.
     */
    public record Wait(
        int index, int epoch, int id, String thread, Waiter.For what, List<Integer> on, int needed, long sinceNanos,
        long untilNanos, long lookedNanos, long changedNanos, int others, boolean isConvicted, String trace)
    {
        /**
         * Does it end only when somebody else acts?
         *
         * @return false: it has a time-out.
         */
        public boolean isForEver()
        {
            return untilNanos == Long.MAX_VALUE;
        }
    }

    WaitTable(SessionPage session, UnsafeBuffer page)
    {
        this.session = session;
        this.page = page;
    }

    /**
     * Notes that the calling thread begins to wait.
     *
     * @param id         of the worker that it belongs to, 0 for the root.
     * @param what       it waits for.
     * @param on         ids of those who can end the wait.
     * @param needed     how many of them it needs.
     * @param untilNanos when it ends by itself, {@link Long#MAX_VALUE}: never.
     * @return its place; -1: all 512 are taken, or the session has ended.
     */
    public int enter(int id, Waiter.For what, int[] on, int needed, long untilNanos)
    {
        synchronized (session)
        {
            int index = session.isClosed() ? -1 : take(id);
            if (index >= 0)
            {
                write(index, () -> begin(SessionLayout.waitOffset(index), what, on, needed, untilNanos));
            }
            return index;
        }
    }

    private int take(int id)
    {
        for (int index = 0; index < SessionLayout.WAITS; index++)
        {
            int use = SessionLayout.useOffset(index);
            if (page.getIntVolatile(use) == 0 && page.compareAndSetInt(use, 0, id + 1))
            {
                return index;
            }
        }
        return -1;
    }

    private void begin(int at, Waiter.For what, int[] on, int needed, long untilNanos)
    {
        long now = System.nanoTime();
        page.putInt(at + SessionLayout.EPOCH, page.getInt(at + SessionLayout.EPOCH) + 1);
        page.putInt(at + SessionLayout.KIND, what.ordinal());
        page.putInt(at + SessionLayout.NEEDED, needed);
        page.putLong(at + SessionLayout.SINCE, now);
        page.putLong(at + SessionLayout.UNTIL, untilNanos);
        page.putLong(at + SessionLayout.LOOKED, 0);
        page.putLong(at + SessionLayout.CHANGED, now);
        page.putInt(at + SessionLayout.OTHERS, -1);
        PageTexts.putPlain(page, at + SessionLayout.THREAD, SessionLayout.THREAD_BYTES,
            Thread.currentThread().getName());
        PageTexts.putPlain(page, at + SessionLayout.TRACE, SessionLayout.TRACE_BYTES, "");
        putIds(at + SessionLayout.ON, on);
    }

    private void putIds(int at, int[] ids)
    {
        page.putInt(at, ids.length > SessionLayout.MOST_ON ? -1 : ids.length);
        for (int i = 0; i < Math.min(ids.length, SessionLayout.MOST_ON); i++)
        {
            page.putInt(at + Integer.BYTES * (i + 1), ids[i]);
        }
    }

    /**
     * Notes what a thread has seen that still has to wait.
     *
     * @param index   of its wait.
     * @param epoch   of it; no effect once another waits there.
     * @param on      ids of those who can end the wait.
     * @param needed  how many of them it needs.
     * @param atNanos when it looked.
     * @param changed whether what it waits for has moved since the last look.
     * @param others  other threads of its process that may act.
     * @param trace   its frames, one per line.
     */
    public void looked(
        int index, int epoch, int[] on, int needed, long atNanos, boolean changed, int others, String trace)
    {
        ifOpen(() ->
        {
            if (isOf(index, epoch))
            {
                write(index, () -> look(SessionLayout.waitOffset(index), on, needed, atNanos, changed, others, trace));
            }
        });
    }

    private void look(int at, int[] on, int needed, long atNanos, boolean changed, int others, String trace)
    {
        page.putInt(at + SessionLayout.NEEDED, needed);
        page.putLong(at + SessionLayout.LOOKED, atNanos);
        if (changed)
        {
            page.putLong(at + SessionLayout.CHANGED, atNanos);
        }
        page.putInt(at + SessionLayout.OTHERS, others);
        PageTexts.putPlain(page, at + SessionLayout.TRACE, SessionLayout.TRACE_BYTES, trace);
        putIds(at + SessionLayout.ON, on);
    }

    /**
     * Which of the waits at a place is there now.
     *
     * @param index of the calling thread's wait, just entered.
     * @return its number; 0 once the session has ended.
     */
    public int epoch(int index)
    {
        synchronized (session)
        {
            return session.isClosed() ? 0 : page.getInt(SessionLayout.waitOffset(index) + SessionLayout.EPOCH);
        }
    }

    /**
     * The wait has ended.
     *
     * @param index that {@link #enter} gave.
     * @param epoch of it: the thread of a worker that was ended may come late, when another waits there.
     */
    public void leave(int index, int epoch)
    {
        ifOpen(() ->
        {
            if (isOf(index, epoch))
            {
                page.putIntRelease(SessionLayout.useOffset(index), 0);
            }
        });
    }

    private boolean isOf(int index, int epoch)
    {
        return page.getInt(SessionLayout.waitOffset(index) + SessionLayout.EPOCH) == epoch;
    }

    /** Those of one who has ended without leaving. */
    void release(int id)
    {
        for (int index = 0; index < SessionLayout.WAITS; index++)
        {
            page.compareAndSetInt(SessionLayout.useOffset(index), id + 1, 0);
        }
    }

    /**
     * All waits, of processes that have died just now, too.
     *
     * @return by place; what each says belongs together.
     */
    public List<Wait> waits()
    {
        synchronized (session)
        {
            List<Wait> waits = new ArrayList<>();
            for (int index = 0; index < SessionLayout.WAITS && !session.isClosed(); index++)
            {
                Wait wait = read(index);
                if (wait != null)
                {
                    waits.add(wait);
                }
            }
            return waits;
        }
    }

    /**
     * Whether a wait may be part of a deadlock, by a look that copies nothing: false is sure as long as nothing
     * changes, true is not.
     *
     * @param on     ids of those who can end the wait.
     * @param needed how many of them it needs.
     * @return false: enough of them can act.
     */
    public boolean mayBeStuck(int[] on, int needed)
    {
        synchronized (session)
        {
            return !session.isClosed() && new QuickLook(page).isShortOf(needed, on);
        }
    }

    private Wait read(int index)
    {
        int at = SessionLayout.waitOffset(index);
        SeqlockRetry looks = new SeqlockRetry();
        while (true)
        {
            int use = page.getIntAcquire(SessionLayout.useOffset(index));
            if (use == 0)
            {
                return null;
            }
            // Pairs with the release at the end of write.
            int before = page.getIntAcquire(at + SessionLayout.WAIT_LOCK);
            Wait read = (before & 1) == 0 ? copy(index, at, use - 1) : null;
            VarHandle.acquireFence();
            boolean same = page.getIntOpaque(at + SessionLayout.WAIT_LOCK) == before && read != null &&
                page.getIntOpaque(SessionLayout.useOffset(index)) == use;
            // Taken and not written yet: no wait so far.
            if (same || !looks.again())
            {
                return same && read.epoch > 0 ? read : null;
            }
        }
    }

    private Wait copy(int index, int at, int id)
    {
        int epoch = page.getInt(at + SessionLayout.EPOCH);
        int kind = page.getInt(at + SessionLayout.KIND);
        return new Wait(index, epoch, id, PageTexts.getPlain(page, at + SessionLayout.THREAD,
            SessionLayout.THREAD_BYTES), KINDS[Math.floorMod(kind, KINDS.length)], ids(at + SessionLayout.ON),
            page.getInt(at + SessionLayout.NEEDED), page.getLong(at + SessionLayout.SINCE),
            page.getLong(at + SessionLayout.UNTIL), page.getLong(at + SessionLayout.LOOKED),
            page.getLong(at + SessionLayout.CHANGED), page.getInt(at + SessionLayout.OTHERS),
            page.getInt(at + SessionLayout.VERDICT) == epoch,
            PageTexts.getPlain(page, at + SessionLayout.TRACE, SessionLayout.TRACE_BYTES));
    }

    private List<Integer> ids(int at)
    {
        int count = page.getInt(at);
        if (count < 0 || count > SessionLayout.MOST_ON)
        {
            return null;
        }
        List<Integer> ids = new ArrayList<>(count);
        for (int i = 1; i <= count; i++)
        {
            ids.add(page.getInt(at + Integer.BYTES * i));
        }
        return ids;
    }

    /**
     * Asks a thread that waits to look. It does so when it wakes up, for which its bell is to be rung.
     *
     * @param wait as it was seen; no effect on a later one.
     */
    public void ask(Wait wait)
    {
        ifOpen(() -> page.putIntRelease(SessionLayout.waitOffset(wait.index) + SessionLayout.ASKED, wait.epoch));
    }

    /**
     * Was it asked to look? Says so once.
     *
     * @param index of the calling thread's wait.
     * @param epoch of it.
     * @return true: it was, since the last time.
     */
    public boolean wasAsked(int index, int epoch)
    {
        synchronized (session)
        {
            int at = SessionLayout.waitOffset(index) + SessionLayout.ASKED;
            return !session.isClosed() && page.getIntAcquire(at) == epoch && page.compareAndSetInt(at, epoch, 0);
        }
    }

    /**
     * Says to a thread that its wait is part of a deadlock.
     *
     * @param wait as it was seen; no effect on a later one.
     */
    public void convict(Wait wait)
    {
        ifOpen(() -> page.putIntRelease(SessionLayout.waitOffset(wait.index) + SessionLayout.VERDICT, wait.epoch));
    }

    /**
     * Was it said to this wait?
     *
     * @param index of it, to the thread that waits.
     * @return true: it is part of a deadlock.
     */
    public boolean isConvicted(int index)
    {
        synchronized (session)
        {
            int at = SessionLayout.waitOffset(index);
            return !session.isClosed() && page.getIntAcquire(at + SessionLayout.VERDICT) ==
                page.getInt(at + SessionLayout.EPOCH);
        }
    }

    /**
     * Says that the calling thread knows it, and is about to end its wait.
     *
     * @param index of it.
     */
    public void ready(int index)
    {
        int at = SessionLayout.waitOffset(index);
        ifOpen(() -> page.putIntRelease(at + SessionLayout.READY, page.getInt(at + SessionLayout.EPOCH)));
    }

    /**
     * Is a wait about to end, or over?
     *
     * @param wait as it was seen.
     * @return true: its thread knows of the deadlock.
     */
    public boolean isReady(Wait wait)
    {
        synchronized (session)
        {
            int at = SessionLayout.waitOffset(wait.index);
            return session.isClosed() || page.getIntAcquire(at + SessionLayout.READY) == wait.epoch ||
                page.getIntAcquire(at + SessionLayout.EPOCH) != wait.epoch ||
                page.getIntAcquire(SessionLayout.useOffset(wait.index)) != wait.id + 1;
        }
    }

    /**
     * Who tells of a deadlock, once.
     *
     * @param wait of one of its waits, the same for all who ask.
     * @return true to the first who asks of all threads and processes.
     */
    public boolean isFirstToTell(Wait wait)
    {
        synchronized (session)
        {
            int at = SessionLayout.waitOffset(wait.index) + SessionLayout.TOLD;
            if (session.isClosed())
            {
                return false;
            }
            int told = page.getIntVolatile(at);
            return told != wait.epoch && page.compareAndSetInt(at, told, wait.epoch);
        }
    }

    /**
     * What becomes of deadlocks, in all processes of the session.
     *
     * @param number of the caller's own; 0 in a new session.
     */
    public void onDeadlock(int number)
    {
        ifOpen(() -> page.putIntRelease(SessionLayout.DEADLOCKS_OFFSET, number));
    }

    /**
     * What becomes of deadlocks.
     *
     * @return as {@link #onDeadlock(int)} was told.
     */
    public int onDeadlock()
    {
        synchronized (session)
        {
            return session.isClosed() ? 0 : page.getIntAcquire(SessionLayout.DEADLOCKS_OFFSET);
        }
    }

    private void write(int index, Runnable stores)
    {
        int lock = SessionLayout.waitOffset(index) + SessionLayout.WAIT_LOCK;
        int before = Seqlock.begin(page, lock);
        stores.run();
        Seqlock.end(page, lock, before);
    }

    private void ifOpen(Runnable stores)
    {
        synchronized (session)
        {
            if (!session.isClosed())
            {
                stores.run();
            }
        }
    }
}
