package parallel.child;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.function.Consumer;

import parallel.control.Frames;
import parallel.runtime.Threads;

/**
 * The evaluation thread of a worker: one evaluation after the other, each with a number, so that an interrupt hits the
 * one it is meant for and never the next.
 */
public final class Evaluations
{
    /** What a task is for. */
    enum Kind
    {
        /** The first: loads what the worker needs. */
        PREPARATION,
        /** The work whose end is the worker's end. */
        LIFE,
        /** An evaluation, one of many. */
        NUMBERED,
        /** After it the worker ends. */
        LAST
    }

    /**
     * Something to evaluate.
     *
     * @param kind   what it is for.
     * @param number of a NUMBERED one; of the other kinds {@link Frames#UNAWAITED}.
     * @param body   evaluates and reports; throws nothing.
     */
    record Task(Kind kind, long number, Runnable body)
    {
        Task(Kind kind, Runnable body)
        {
            this(kind, Frames.UNAWAITED, body);
        }

        boolean isAwaited()
        {
            return kind != Kind.NUMBERED || Frames.isAwaited(number);
        }

        private boolean isNumbered(long evaluation)
        {
            return kind == Kind.NUMBERED && number == evaluation;
        }
    }

    private final LinkedBlockingDeque<Task> queue = new LinkedBlockingDeque<>();
    private final Thread thread;
    private Task current;
    private boolean over;

    // lost: called when the thread has ended by an error, and nothing is evaluated any more.
    Evaluations(String threadName, Runnable before, Consumer<Throwable> lost)
    {
        thread = Threads.start(threadName, () ->
        {
            before.run();
            loop();
        }, lost);
    }

    private void loop()
    {
        while (true)
        {
            Task task;
            try
            {
                task = queue.take();
            }
            catch (InterruptedException e)
            {
                if (isOver())
                {
                    return;
                }
                continue;
            }
            begin(task);
            try
            {
                task.body().run();
            }
            catch (Throwable e)
            {
                failed(e);
            }
            end();
        }
    }

    /** What could not even be reported: the thread must live on for the next. */
    private static void failed(Throwable e)
    {
        try
        {
            e.printStackTrace();
        }
        catch (Throwable second)
        {
            // A security manager that the worker's own code has set, or no memory.
        }
    }

    private synchronized void begin(Task task)
    {
        current = task;
    }

    /** The flag of an interrupt that came too late is cleared: it is not the next evaluation's. */
    private synchronized void end()
    {
        current = null;
        Thread.interrupted();
        if (over)
        {
            thread.interrupt();
        }
    }

    void name(String threadName)
    {
        thread.setName(threadName);
    }

    void add(Task task)
    {
        queue.add(task);
    }

    /**
     * Drops what is queued.
     *
     * @return whether somebody waits for what was dropped.
     */
    boolean dropAll()
    {
        List<Task> dropped = new ArrayList<>();
        queue.drainTo(dropped);
        return dropped.stream().anyMatch(Task::isAwaited);
    }

    /** Whether it was queued and now is not. */
    boolean remove(long number)
    {
        return queue.removeIf(task -> task.isNumbered(number));
    }

    /** The same for the work of the worker's life. */
    boolean removeLife()
    {
        return queue.removeIf(task -> task.kind() == Kind.LIFE);
    }

    synchronized void interrupt(long number)
    {
        if (current != null && current.isNumbered(number))
        {
            thread.interrupt();
        }
    }

    /** Whatever it is. */
    synchronized void interruptCurrent()
    {
        if (current != null)
        {
            thread.interrupt();
        }
    }

    private synchronized boolean isOver()
    {
        return over;
    }

    /** The thread ends as soon as what it evaluates lets it. */
    synchronized void abandon()
    {
        over = true;
        queue.clear();
        thread.interrupt();
    }
}
