package parallel.runtime;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

import parallel.WorkerStatus;
import parallel.control.Text;
import parallel.transport.FlightRecord;

/** The workers of this process that ended last: what is told of them when nobody has their handles any more. */
public final class EndedWorkers
{
    private static final int MOST = 64;
    private static final int MOST_TEXT = 4000;
    /** Guarded by the class. */
    private static final Deque<Ended> LAST = new ArrayDeque<>();

    /**
     * A worker that has ended.
     *
     * @param status its last one.
     * @param record what it did last; null of one that was not started.
     * @param error  how it ended; null where that was as it should.
     * @param lines  what it, and those below it, have printed last.
     */
    public record Ended(WorkerStatus status, FlightRecord record, String error, List<PrintedLine> lines)
    {
    }

    private EndedWorkers()
    {
    }

    static synchronized void add(WorkerStatus status, FlightRecord record, String error, List<PrintedLine> lines)
    {
        if (LAST.size() == MOST)
        {
            LAST.removeFirst();
        }
        LAST.addLast(new Ended(status, record, error == null ? null : Text.shortened(error, MOST_TEXT), lines));
    }

    /**
     * The last 64 of them.
     *
     * @return a snapshot, in the order of their ends.
     */
    public static synchronized List<Ended> last()
    {
        return List.copyOf(LAST);
    }
}
