package parallel.pool;

import parallel.TimelineEntry.Kind;
import parallel.runtime.WorkRecord;

/**
 * The task that a worker evaluates now, so that an interrupt hits the task it is meant for and never the next. Of the
 * thread that evaluates; {@link #current()} is for code of the library that a task calls.
 */
public final class CurrentTask
{
    private static final ThreadLocal<CurrentTask> OF_THREAD = new ThreadLocal<>();
    private static final long NONE = -1;

    private final TaskLoop loop;
    private final Thread thread;
    private WorkRecord record;
    private ElementRecords elements;
    private long id = NONE;
    private boolean cancelled;
    /**
     * The latest that was cancelled between its queue and its beginning. Ids grow, and one at a time is between the
     * two.
     */
    private long cancelledAhead = NONE;

    CurrentTask(TaskLoop loop)
    {
        this.loop = loop;
        thread = Thread.currentThread();
        OF_THREAD.set(this);
    }

    /**
     * What the calling thread evaluates for a pool.
     *
     * @return it, or null on a thread that evaluates no task.
     */
    public static CurrentTask current()
    {
        return OF_THREAD.get();
    }

    /** False: it was cancelled before, and does not begin. */
    synchronized boolean begin(long task, WorkRecord itsRecord)
    {
        record = itsRecord;
        cancelled = false;
        if (task == cancelledAhead)
        {
            return false;
        }
        id = task;
        return true;
    }

    /**
     * The flag of an interrupt that came too late is cleared: it is not the next task's. False: the task was abandoned.
     */
    synchronized boolean end()
    {
        boolean ours = id != NONE;
        id = NONE;
        Thread.interrupted();
        return ours;
    }

    /** Whether it is the one that is evaluated now. */
    synchronized boolean cancel(long task)
    {
        if (id != task)
        {
            return false;
        }
        cancelled = true;
        thread.interrupt();
        return true;
    }

    /** Of one that was found neither here nor in the queue: it is between the two, has begun by now, or has ended. */
    synchronized void cancelMissed(long task)
    {
        if (!cancel(task))
        {
            cancelledAhead = Math.max(cancelledAhead, task);
        }
    }

    /**
     * Whether the task was cancelled, which has interrupted it.
     *
     * @return true: what comes of it is of no interest.
     */
    public synchronized boolean isCancelled()
    {
        return cancelled;
    }

    /**
     * Asked between two elements of a part.
     *
     * @return true: the part ends here, and what is left of it is for another worker.
     */
    public boolean endsHere()
    {
        return loop.endsHere();
    }

    /**
     * Says that the task is elements of a map, too short to be recorded one by one.
     *
     * @param first index of the first of them.
     */
    public void together(long first)
    {
        record.become(Kind.PART, first);
    }

    /**
     * Records the elements of the task one by one.
     *
     * @param text  what is called with each.
     * @param parts whether each is a part of a fold.
     * @return those of the function, in which nothing of this task is recorded yet.
     */
    public ElementRecords elements(String text, boolean parts)
    {
        Kind kind = parts ? Kind.PART : Kind.ELEMENT;
        if (elements == null || !elements.isOf(text, kind))
        {
            elements = new ElementRecords(text, kind, loop.record(text));
        }
        return elements.begin(record);
    }

    /**
     * Shows what the task is at.
     *
     * @param text for people.
     */
    public void doing(String text)
    {
        loop.doing(text);
    }

    /**
     * Gives the task a value while its thread goes on, since it cannot be stopped: the pool then ends this worker.
     * Called by another thread.
     *
     * @param value of the task.
     */
    public void abandon(Object value)
    {
        long stuck;
        synchronized (this)
        {
            stuck = id;
            id = NONE;
        }
        if (stuck != NONE)
        {
            loop.say(Wire.messages(Wire.message(Wire.STUCK, stuck, loop.toParent(value)), 2));
        }
    }
}
