package parallel.look;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

import parallel.TimelineEntry;
import parallel.TimelineEntry.Kind;
import parallel.TimelineEntry.Outcome;
import parallel.Worker;
import parallel.runtime.Children;
import parallel.runtime.Context;
import parallel.runtime.EndedWorkers;
import parallel.runtime.Session;
import parallel.runtime.WorkerHandle;
import parallel.transport.FlightRecord;
import parallel.transport.SessionPage;
import parallel.transport.StatusPage;

/** Reads the flight records of workers. Never blocks. */
public final class Timelines
{
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
        workers.forEach(worker -> found.add(worker.id(), ((WorkerHandle)worker).flightRecord()));
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
        for (WorkerHandle child : Children.of(context).all())
        {
            ids.add(child.id());
            found.add(child.id(), child.flightRecord());
        }
        if (!ids.isEmpty())
        {
            found.addBelow(Session.current().page().slots(), new HashSet<>(ids));
        }
        for (EndedWorkers.Ended ended : EndedWorkers.last())
        {
            if (ids.add(ended.status().id()))
            {
                found.add(ended.status().id(), ended.record());
            }
        }
        return found.sorted();
    }

    private void addBelow(List<SessionPage.Slot> slots, Set<Integer> ids)
    {
        boolean more = true;
        while (more)
        {
            more = false;
            for (SessionPage.Slot slot : slots)
            {
                if (ids.contains(slot.parentId()) && ids.add(slot.id()))
                {
                    more = true;
                    add(slot);
                }
            }
        }
    }

    private void add(SessionPage.Slot slot)
    {
        if (slot.pairHandOn() == null || !slot.isHere())
        {
            return;
        }
        try (StatusPage page = StatusPage.map(Path.of(slot.pairHandOn())))
        {
            add(slot.id(), page.record());
        }
        catch (IOException | RuntimeException | InternalError e)
        {
            // As in Statuses: it has ended, or the page says what cannot be.
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
