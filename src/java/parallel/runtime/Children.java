package parallel.runtime;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;

import parallel.WorkerStatus;
import parallel.control.Work;

/**
 * The live workers of a context, and what each that is started later evaluates before anything else. Safe from any
 * thread.
 */
public final class Children implements Context.Dependents
{
    private final ConcurrentSkipListMap<Integer, WorkerHandle> live = new ConcurrentSkipListMap<>();
    /** What everywhere was given; the lock for who joins as well. */
    private final List<Work> journal = new ArrayList<>();

    private Children()
    {
    }

    /**
     * Those of a context.
     *
     * @param context any.
     * @return always the same for one context.
     */
    public static Children of(Context context)
    {
        return (Children)context.dependents(Children::new);
    }

    /**
     * The live workers, by id.
     *
     * @return a snapshot.
     */
    public List<WorkerHandle> all()
    {
        return List.copyOf(live.values());
    }

    /**
     * What all live workers below this context do, workers of workers included.
     *
     * @return by id.
     */
    public List<WorkerStatus> descendants()
    {
        return Statuses.withAllBelow(all());
    }

    /**
     * Adds a work that every worker started later evaluates before anything else.
     *
     * @param work the work.
     * @return the workers of now, which do not get it by this.
     */
    public List<WorkerHandle> record(Work work)
    {
        synchronized (journal)
        {
            journal.add(work);
            return all();
        }
    }

    /**
     * Takes a work out of the journal again.
     *
     * @param work as given to {@link #record(Work)}.
     */
    public void forget(Work work)
    {
        synchronized (journal)
        {
            journal.removeIf(j -> j == work);
        }
    }

    /** Empties the journal. */
    public void forgetAll()
    {
        synchronized (journal)
        {
            journal.clear();
        }
    }

    Collection<Work> adopt(WorkerHandle worker)
    {
        synchronized (journal)
        {
            live.put(worker.id(), worker);
            return List.copyOf(journal);
        }
    }

    void drop(WorkerHandle worker)
    {
        live.remove(worker.id(), worker);
    }

    @Override
    public void stop(long graceMs)
    {
        StopLadder.stop(all(), graceMs);
    }

    @Override
    public void kill()
    {
        all().forEach(WorkerHandle::kill);
    }
}
