package parallel.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingDeque;

/**
 * The evaluation thread of a worker: one evaluation after the other, each with a number, so that an interrupt hits the one it
 * is meant for and never the next.
 */
final class Evaluations
{
    /** Any evaluation. */
    static final long WHICHEVER = Long.MIN_VALUE;

    /**
     * Something to evaluate.
     *
     * @param number of the evaluation.
     * @param body   evaluates and reports; throws nothing.
     */
    record Task(long number, Runnable body)
    {
    }

    private final LinkedBlockingDeque<Task> queue = new LinkedBlockingDeque<>();
    private final Thread thread;
    private Task current;
    private boolean over;

    Evaluations(String threadName, Runnable before)
    {
        thread = Threads.start(threadName, () ->
        {
            before.run();
            loop();
        });
    }

    private void loop()
    {
        while (true)
        {
            final Task task;
            try
            {
                task = queue.take();
            }
            catch (final InterruptedException e)
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
            catch (final Throwable e)
            {
                e.printStackTrace();    // what could not even be reported: the thread must live on for the next
            }
            end();
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
     * What was queued is dropped; this comes next.
     *
     * @return whether somebody waits for what was dropped.
     */
    boolean replaceBy(Task task)
    {
        final List<Task> dropped = new ArrayList<>();
        queue.drainTo(dropped);
        queue.add(task);
        return dropped.stream().anyMatch(each -> each.number() >= 0);
    }

    /** Whether it was queued and now is not. */
    boolean remove(long number)
    {
        return queue.removeIf(task -> task.number() == number);
    }

    synchronized void interrupt(long number)
    {
        if (current != null && (number == WHICHEVER || current.number() == number))
        {
            thread.interrupt();
        }
    }

    synchronized boolean isIdle()
    {
        return current == null && queue.isEmpty();
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
