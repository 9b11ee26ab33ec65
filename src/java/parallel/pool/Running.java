package parallel.pool;

import parallel.codec.Codec;

/**
 * The task that a worker evaluates now, so that an interrupt hits the task it is meant for and never the next. Of the thread that
 * evaluates; {@link #current()} is for code of the library that a task calls.
 */
public final class Running
{
    private static final ThreadLocal<Running> OF_THREAD = new ThreadLocal<>();
    private static final long NONE = -1;

    private final TaskLoop loop;
    private final Thread thread;
    private long id = NONE;
    private boolean cancelled;
    /** The latest that was cancelled between its queue and its beginning. Ids grow, and one at a time is between the two. */
    private long cancelledAhead = NONE;

    Running(TaskLoop loop)
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
    public static Running current()
    {
        return OF_THREAD.get();
    }

    /** False: it was cancelled before, and does not begin. */
    synchronized boolean begin(long task)
    {
        cancelled = false;
        if (task == cancelledAhead)
        {
            return false;
        }
        id = task;
        return true;
    }

    /** The flag of an interrupt that came too late is cleared: it is not the next task's. False: the task was abandoned. */
    synchronized boolean end()
    {
        final boolean ours = id != NONE;
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
     * Shows what the task is at.
     *
     * @param text for people.
     */
    public void doing(String text)
    {
        loop.doing(text);
    }

    /**
     * Gives the task a value while its thread goes on, since it cannot be stopped: the pool then ends this worker. Called by another
     * thread.
     *
     * @param value of the task.
     */
    public void abandon(Object value)
    {
        final long stuck;
        synchronized (this)
        {
            stuck = id;
            id = NONE;
        }
        if (stuck != NONE)
        {
            loop.say(Wire.message(Wire.STUCK, stuck, Codec.toBytes(value)));
        }
    }
}
