package parallel.runtime;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

import parallel.WorkerStatus;
import parallel.WorkerStatus.State;
import parallel.process.Processors;
import parallel.transport.SessionPage;
import parallel.transport.StatusPage;

/**
 * What shared memory says of workers.
 */
public final class Statuses
{
    private static final State[] STATES = State.values();

    private Statuses()
    {
    }

    /**
     * What a status says of a worker that does not change.
     *
     * @param id        of the worker.
     * @param pid       of its process.
     * @param parent    id of its parent.
     * @param name      or null.
     * @param startedAt when it was started.
     * @param where     it lives; null: on this machine.
     */
    public record Identity(int id, long pid, int parent, String name, Instant startedAt, Place.Elsewhere where)
    {
        private Optional<String> host()
        {
            return Optional.ofNullable(where).map(Place.Elsewhere::host);
        }

        private Optional<Duration> age()
        {
            return Optional.ofNullable(where).map(Place.Elsewhere::age);
        }
    }

    /** What a status is asked for: a worker, by its handle. */
    interface Source
    {
        int id();

        WorkerStatus status();

        /** Those below it that are on another machine. */
        List<WorkerStatus> below();
    }

    /** These by themselves, those further down by what the session page says of them. */
    static List<WorkerStatus> withAllBelow(List<? extends Source> workers)
    {
        Map<Integer, WorkerStatus> found = new TreeMap<>();
        for (Source worker : workers)
        {
            found.put(worker.id(), worker.status());
            worker.below().forEach(further -> found.put(further.id(), further));
        }
        slotsBelow(List.copyOf(found.keySet()), slot -> found.put(slot.id(), look(slot)));
        return List.copyOf(found.values());
    }

    /**
     * What the session page says of the live workers below others.
     *
     * @param ids of those others.
     * @return by id.
     */
    public static List<WorkerStatus> below(Collection<Integer> ids)
    {
        Map<Integer, WorkerStatus> found = new TreeMap<>();
        slotsBelow(ids, slot -> found.put(slot.id(), look(slot)));
        return List.copyOf(found.values());
    }

    // The slots of the live workers below others.
    static void slotsBelow(Collection<Integer> ids, Consumer<SessionPage.Slot> look)
    {
        Set<Integer> known = new HashSet<>(ids);
        boolean more = !known.isEmpty();
        List<SessionPage.Slot> slots = more ? Session.current().page().slots() : List.of();
        while (more)
        {
            more = false;
            for (SessionPage.Slot slot : slots)
            {
                if (known.contains(slot.parentId()) && known.add(slot.id()))
                {
                    look.accept(slot);
                    more = true;
                }
            }
        }
    }

    private static WorkerStatus look(SessionPage.Slot slot)
    {
        Identity who =
            new Identity(slot.id(), slot.pid(), slot.parentId(), slot.name(), Instant.ofEpochMilli(slot.startedMs()),
            null);
        if (slot.pairHandOn() == null || !slot.isHere())
        {
            // It is being started at this moment, or its page is on another machine.
            return of(who, null, null, State.STARTING);
        }
        try (StatusPage page = StatusPage.map(Path.of(slot.pairHandOn())))
        {
            return of(who, page, null, null);
        }
        catch (IOException | RuntimeException | InternalError e)
        {
            // It has ended, or what the page says is no path of a page; a file that is cut short while it is read is an
            // InternalError.
            return of(who, null, null, State.STARTING);
        }
    }

    public static WorkerStatus of(Identity who, StatusPage page, Outcome outcome, State end)
    {
        Ending ending = outcome == null ? Ending.UNKNOWN : outcome.ending();
        State state = end != null ? end : page == null ? State.STARTING : state(page.state());
        if (page == null)
        {
            return new WorkerStatus(who.id, who.pid, who.parent, who.name, state, who.startedAt, null, 0, 0, 0, 0, 0,
                0, 0, ending.exit(), ending.signal(), who.host(), who.age());
        }
        return new WorkerStatus(who.id, who.pid, who.parent, who.name, state, who.startedAt, page.doing(),
            page.messagesSent(), page.bytesSent(), page.messagesReceived(), page.bytesReceived(),
            page.messagesQueued(), page.bytesQueued(), page.heapBytes(), ending.exit(), ending.signal(),
            who.host(), who.age(), processors(page), page.nice());
    }

    private static List<Integer> processors(StatusPage page)
    {
        String ranges = page.processors();
        try
        {
            return ranges == null ? List.of() : Processors.numbers(ranges);
        }
        catch (NumberFormatException e)
        {
            return List.of();       // somebody has written into the page
        }
    }

    static State state(int number)
    {
        return number >= 0 && number < STATES.length ? STATES[number] : State.STARTING;
    }
}
