package parallel.runtime;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiConsumer;

import parallel.transport.FlightRecord;
import parallel.transport.SessionPage;
import parallel.transport.StatusPage;

/** What the live workers of this machine's session did that this process has not started itself. */
public final class FlightRecords
{
    private FlightRecords()
    {
    }

    /**
     * Shows the records of all live workers below others.
     *
     * @param ids  of those others.
     * @param look gets the id and the record of each, which is mapped for as long as this call lasts.
     */
    public static void below(Collection<Integer> ids, BiConsumer<Integer, FlightRecord> look)
    {
        Statuses.slotsBelow(ids, slot -> look(slot, look));
    }

    private static void look(SessionPage.Slot slot, BiConsumer<Integer, FlightRecord> look)
    {
        if (slot.pairHandOn() == null || !slot.isHere())
        {
            return;
        }
        try (StatusPage page = StatusPage.map(Path.of(slot.pairHandOn())))
        {
            look.accept(slot.id(), page.record());
        }
        catch (IOException | RuntimeException | InternalError e)
        {
            // As in Statuses: it has ended, or the page says what cannot be.
        }
    }

    /**
     * Copies of the records of a worker and of those below it.
     *
     * @param id  of the worker.
     * @param own its record.
     * @return by id, as {@link FlightRecord#copied} gives them.
     */
    public static Map<Integer, byte[]> copied(int id, FlightRecord own)
    {
        Map<Integer, byte[]> copies = new TreeMap<>();
        copies.put(id, own.copied());
        below(Set.of(id), (each, record) -> copies.put(each, record.copied()));
        return copies;
    }
}
