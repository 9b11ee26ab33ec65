package parallel.runtime;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

import parallel.WorkerStatus;
import parallel.WorkerStatus.State;
import parallel.transport.SessionPage;
import parallel.transport.StatusPage;

/**
 * What shared memory says of workers.
 */
final class Statuses
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
     */
    record Identity(int id, long pid, int parent, String name, Instant startedAt)
    {
    }

    /** Children by their handles, those further down by what the session page says of them. */
    static List<WorkerStatus> below(Context context)
    {
        final Map<Integer, WorkerStatus> found = new TreeMap<>();
        context.children().forEach(child -> found.put(child.id(), child.status()));
        if (!found.isEmpty())
        {
            final List<SessionPage.Slot> slots = Session.current().page().slots();
            boolean more = true;
            while (more)
            {
                more = false;
                for (final SessionPage.Slot slot : slots)
                {
                    more |= found.containsKey(slot.parentId()) && found.putIfAbsent(slot.id(), look(slot)) == null;
                }
            }
        }
        return List.copyOf(found.values());
    }

    private static WorkerStatus look(SessionPage.Slot slot)
    {
        final Identity who = new Identity(slot.id(), slot.pid(), slot.parentId(), slot.name(), Instant.ofEpochMilli(slot.startedMs()));
        if (slot.pairHandOn() == null)
        {
            return of(who, null, null, state(slot.state()));    // it is being started at this moment
        }
        try (StatusPage page = StatusPage.map(Path.of(slot.pairHandOn())))
        {
            return of(who, page, null, null);
        }
        catch (final IOException | java.nio.file.InvalidPathException e)
        {
            return of(who, null, null, state(slot.state()));
        }
    }

    static WorkerStatus of(Identity who, StatusPage page, Outcome outcome, State end)
    {
        final OptionalInt exit = outcome == null ? OptionalInt.empty() : outcome.exit();
        final Optional<String> signal = outcome == null ? Optional.empty() : outcome.signal();
        final State state = end != null ? end : page == null ? State.STARTING : state(page.state());
        if (page == null)
        {
            return new WorkerStatus(who.id, who.pid, who.parent, who.name, state, who.startedAt, null, 0, 0, 0, 0, 0, 0, 0, exit, signal);
        }
        return new WorkerStatus(who.id, who.pid, who.parent, who.name, state, who.startedAt, page.doing(),
            page.messagesSent(), page.bytesSent(), page.messagesReceived(), page.bytesReceived(),
            page.messagesQueued(), page.bytesQueued(), page.heapBytes(), exit, signal);
    }

    private static State state(int number)
    {
        return number >= 0 && number < STATES.length ? STATES[number] : State.STARTING;
    }
}
