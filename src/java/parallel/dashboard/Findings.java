package parallel.dashboard;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.Collectors;

import parallel.WaitStatus;
import parallel.look.Deadlocks;

/**
 * What is wrong, and who waits for whom for good. To find it out may take a second, so it is done apart from the
 * samples, about once a second. Safe from any thread.
 */
final class Findings
{
    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Supplier<List<Map<String, Object>>> supplier;
    private final RequestThreads threads;
    private final AtomicBoolean looks = new AtomicBoolean();
    private volatile long nextNanos = System.nanoTime();
    private volatile List<Map<String, Object>> found = List.of();
    private volatile List<List<WaitStatus>> cycles = List.of();
    private volatile boolean isKnown;

    Findings(Supplier<List<Map<String, Object>>> supplier, RequestThreads threads)
    {
        this.supplier = supplier;
        this.threads = threads;
    }

    /** Those of a moment ago; null before the first look. Looks again where it is time to. Never blocks. */
    List<Map<String, Object>> latest()
    {
        if (System.nanoTime() - nextNanos >= 0 && looks.compareAndSet(false, true))
        {
            try
            {
                threads.executeOwn(this::look);
            }
            catch (RejectedExecutionException e)
            {
                looks.set(false);       // all threads are taken: at the next sample
            }
        }
        return isKnown ? found : null;
    }

    List<List<WaitStatus>> cycles()
    {
        return cycles;
    }

    /** What was found is of long ago. */
    void forget()
    {
        isKnown = false;
        cycles = List.of();
    }

    private void look()
    {
        try
        {
            cycles = Deadlocks.found();
            found = supplier == null ? ofCycles(cycles) : supplier.get();
        }
        catch (InterruptedException e)
        {
            Thread.currentThread().interrupt();         // it is closed
        }
        catch (Exception | Error e)         // the supplier may be in a language that declares nothing
        {
            found = List.of(finding("unknown", "What is wrong could not be found out: " + e, List.of()));
        }
        finally
        {
            isKnown = true;
            nextNanos = System.nanoTime() + PAUSE_NANOS;
            looks.set(false);
        }
    }

    private static List<Map<String, Object>> ofCycles(List<List<WaitStatus>> cycles)
    {
        List<Map<String, Object>> all = new ArrayList<>();
        for (List<WaitStatus> cycle : cycles)
        {
            List<Integer> ids = cycle.stream().map(WaitStatus::id).distinct().toList();
            all.add(finding("deadlock", ids.stream().map(id -> id == 0 ? "the root" : "worker " + id)
                .collect(Collectors.joining(" and ")) + " wait for each other: nothing can end that.", ids));
        }
        return all;
    }

    private static Map<String, Object> finding(String finding, String text, List<Integer> ids)
    {
        return Map.of("finding", finding, "text", text, "ids", ids, "do", "");
    }
}
