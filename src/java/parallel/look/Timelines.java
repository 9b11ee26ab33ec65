package parallel.look;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import parallel.TimelineEntry;
import parallel.TimelineEntry.Kind;
import parallel.TimelineEntry.Outcome;
import parallel.Worker;
import parallel.runtime.Children;
import parallel.runtime.Context;
import parallel.runtime.EndedWorkers;
import parallel.runtime.FlightRecords;
import parallel.runtime.WorkerHandle;
import parallel.transport.FlightRecord;

/**
 * Reads the flight records of workers. Those of workers on this machine are read where they are written; those of
 * others are fetched, for a quarter of a second at most.
 */
public final class Timelines
{
    private static final long FETCH_MS = 250;
    private static final Kind[] KINDS = Kind.values();
    private static final Outcome[] OUTCOMES = Outcome.values();

    private final List<TimelineEntry> entries = new ArrayList<>();

    private Timelines()
    {
    }

    /**
     * What some workers did.
     *
     * @param workers of this process; ended ones, too.
     * @return in the order of the beginnings.
     */
    public static List<TimelineEntry> of(Collection<? extends Worker> workers)
    {
        Timelines found = new Timelines();
        List<WorkerHandle> handles = workers.stream().map(WorkerHandle.class::cast).toList();
        fetch(handles);
        handles.forEach(worker -> found.add(worker.id(), worker.flightRecord()));
        return found.sorted();
    }

    /**
     * What all live workers below a context did, and those workers of this process that ended last.
     *
     * @param context of the asking code.
     * @return in the order of the beginnings.
     */
    public static List<TimelineEntry> all(Context context)
    {
        Timelines found = new Timelines();
        Set<Integer> ids = new HashSet<>();
        List<WorkerHandle> children = Children.of(context).all();
        fetch(children);
        for (WorkerHandle child : children)
        {
            ids.add(child.id());
            found.add(child.id(), child.flightRecord());
            child.recordsBelow().forEach(found::add);
        }
        FlightRecords.below(ids, found::add);
        for (EndedWorkers.Ended ended : EndedWorkers.last())
        {
            if (ids.add(ended.status().id()))
            {
                found.add(ended.status().id(), ended.record());
            }
        }
        return found.sorted();
    }

    // All at once, and no longer for a host that does not answer: then what it told last is what there is.
    private static void fetch(List<WorkerHandle> workers)
    {
        CompletableFuture<?>[] coming =
            workers.stream().map(WorkerHandle::fetchRecords).toArray(CompletableFuture[]::new);
        try
        {
            CompletableFuture.allOf(coming).get(FETCH_MS, TimeUnit.MILLISECONDS);
        }
        catch (TimeoutException | ExecutionException e)
        {
            // As said.
        }
        catch (InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
    }

    private void add(int id, FlightRecord record)
    {
        if (record != null)
        {
            record.entries().stream().filter(entry -> entry.kind() <= KINDS.length)
                .forEach(entry -> entries.add(entry(id, entry)));
        }
    }

    private static TimelineEntry entry(int id, FlightRecord.Entry entry)
    {
        boolean open = entry.outcome() == FlightRecord.OPEN;
        return new TimelineEntry(id, KINDS[entry.kind() - 1], entry.name(),
            entry.index() < 0 ? OptionalLong.empty() : OptionalLong.of(entry.index()), entry.fromNs(),
            open ? OptionalLong.empty() : OptionalLong.of(entry.toNs()),
            open ? Optional.empty() : Optional.of(OUTCOMES[entry.outcome() - 1]));
    }

    private List<TimelineEntry> sorted()
    {
        entries.sort(Comparator.comparingLong(TimelineEntry::fromNs));
        return List.copyOf(entries);
    }
}
