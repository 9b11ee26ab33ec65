package parallel.runtime;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The steps that end workers: ask, interrupt, SIGTERM, SIGKILL, each after a third of the grace. All the given
 * workers go through them side by side.
 */
public final class StopLadder
{
    private static final System.Logger LOG = System.getLogger("parallel");
    private static final int STEPS = 3;
    private static final long AFTER_KILL_MS = 3000;

    private StopLadder()
    {
    }

    /** One that is stopped, by steps that are each more forceful than the last. Safe from any thread. */
    public interface Stoppable
    {
        long graceMs();

        void ask();

        void breakOff();

        void terminate();

        void kill();

        /**
         * Waits for its end, whether or not it is interrupted.
         *
         * @param deadlineNanos of {@link System#nanoTime}.
         * @param stillThere    gets it if it has not ended by then.
         * @return false if the thread was interrupted meanwhile.
         */
        boolean awaitEndUninterruptibly(long deadlineNanos, Collection<? super Stoppable> stillThere);
    }

    /**
     * Ends the workers; returns when they have ended, or soon after the grace where the kernel keeps one.
     *
     * @param workers any workers.
     * @param graceMs for the whole of it, or -1 for the longest of the workers' own.
     */
    public static void stop(Collection<? extends Stoppable> workers, long graceMs)
    {
        List<Stoppable> left = List.copyOf(workers);
        long grace = graceMs >= 0 ? graceMs : left.stream().mapToLong(Stoppable::graceMs).max().orElse(0);
        List<Consumer<Stoppable>> steps =
            List.of(Stoppable::ask, Stoppable::breakOff, Stoppable::terminate, Stoppable::kill);
        boolean interrupted = false;
        for (int i = 0; i < steps.size() && !left.isEmpty(); i++)
        {
            Consumer<Stoppable> step = steps.get(i);
            left.forEach(worker -> take(step, worker));
            long ms = i < STEPS ? grace / STEPS : AFTER_KILL_MS;
            long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ms);
            List<Stoppable> still = new ArrayList<>();
            for (Stoppable worker : left)
            {
                interrupted |= !worker.awaitEndUninterruptibly(deadline, still);
            }
            left = still;
        }
        if (interrupted)
        {
            Thread.currentThread().interrupt();
        }
    }

    /** One that fails, as without memory, keeps neither the other workers nor the next step from being taken. */
    private static void take(Consumer<Stoppable> step, Stoppable worker)
    {
        try
        {
            step.accept(worker);
        }
        catch (RuntimeException | Error e)
        {
            LOG.log(System.Logger.Level.DEBUG, "A step of the stop of a worker failed; the next is taken", e);
        }
    }
}
