package parallel.runtime;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The ladder that ends workers: ask, interrupt, SIGTERM, SIGKILL, each after a third of the grace. All the given workers
 * climb it side by side.
 */
final class Ladder
{
    private static final int STEPS = 3;
    private static final long AFTER_KILL_MS = 3000;

    private Ladder()
    {
    }

    /**
     * Ends the workers; returns when they have ended, or soon after the grace where the kernel keeps one.
     *
     * @param workers any workers.
     * @param graceMs for the whole of it, or -1 for the longest of the workers' own.
     */
    static void stop(Collection<WorkerHandle> workers, long graceMs)
    {
        List<WorkerHandle> left = List.copyOf(workers);
        final long grace = graceMs >= 0 ? graceMs : left.stream().mapToLong(WorkerHandle::graceMs).max().orElse(0);
        final List<Consumer<WorkerHandle>> steps =
            List.of(WorkerHandle::ask, WorkerHandle::breakOff, WorkerHandle::terminate, WorkerHandle::kill);
        boolean interrupted = false;
        for (int i = 0; i < steps.size() && !left.isEmpty(); i++)
        {
            left.forEach(steps.get(i));
            final long ms = i < STEPS ? grace / STEPS : AFTER_KILL_MS;
            final long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ms);
            final List<WorkerHandle> still = new ArrayList<>();
            for (final WorkerHandle worker : left)
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
}
