package parallel.runtime;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What undoes the steps of making something: closed without {@link #done}, it undoes them, the last one first. One
 * thread at a time.
 */
public final class Undo implements AutoCloseable
{
    private final Deque<Runnable> steps = new ArrayDeque<>();

    /**
     * Notes what undoes the step that was just taken.
     *
     * @param step idempotent; what it throws is logged, and the other steps are undone all the same.
     */
    public void by(Runnable step)
    {
        steps.push(step);
    }

    /**
     * Says that all steps were taken: nothing is undone any more.
     *
     * @param made by them.
     * @param <T>  of that.
     * @return the same.
     */
    public <T> T done(T made)
    {
        steps.clear();
        return made;
    }

    @Override
    public void close()
    {
        while (!steps.isEmpty())
        {
            Threads.surely(steps.pop());
        }
    }
}
