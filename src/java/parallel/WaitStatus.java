package parallel;

import java.time.Duration;
import java.util.List;

/**
 * What a thread waits for.
 *
 * <pre>{@code
 * for (WaitStatus wait : Look.waits()) {
 *     if (wait.since().toSeconds() > 10) {
 *         System.err.println("worker " + wait.id() + " waits in " + wait.kind() + " for " + wait.on());
 *     }
 * }
 * }</pre>
 *
 * @param id     the id of the worker that the thread belongs to, 0 for the root.
 * @param thread the name of the thread.
 * @param kind   the kind of the call that it waits in.
 * @param on     the ids of the processes that can end the wait; empty where that is not known.
 * @param since  the time that it has waited.
 * @param trace  its frames, innermost first; empty but for waits of a deadlock.
 */
public record WaitStatus(
    int id, String thread, Kind kind, List<Integer> on, Duration since, List<StackTraceElement> trace)
{
    /** Kinds of calls that wait. */
    public enum Kind
    {
        /** A receive: of a message of each of those. */
        RECEIVE,
        /** A select: of a message of any of those. */
        SELECT,
        /** A send that waits for room. */
        ROOM,
        /** A join or a deref of a worker. */
        JOIN,
        /** A deref of a reply. */
        REPLY,
        /** A step, until those have yielded. */
        STEP,
        /** A yield, until the parent steps. */
        YIELD,
        /** A lock in shared memory. */
        LOCK,
        /** A barrier in shared memory. */
        BARRIER,
        /** A latch in shared memory. */
        LATCH,
        /** A task of a pool, or room for one. */
        TASK
    }
}
