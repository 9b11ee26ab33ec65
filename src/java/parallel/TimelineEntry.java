package parallel;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * Something that a worker did: a line of {@link Look#timeline()}.
 *
 * <pre>{@code
 * for (TimelineEntry entry : Look.timeline(worker)) {
 *     if (entry.outcome().isEmpty()) {
 *         System.err.println(entry.name() + " is under way, or the worker died of it");
 *     }
 * }
 * }</pre>
 *
 * @param id      the id of the worker.
 * @param kind    the kind of work.
 * @param name    the beginning of the form's text, or the name of the function; a few words for a wait or a collection.
 * @param index   the index of an element in its map, or of the first element of a part; empty for anything else.
 * @param fromNs  its begin, a value of {@link System#nanoTime}, which all JVMs of one machine share.
 * @param toNs    its end, a value of the same; empty while it is under way, and where the worker died of it.
 * @param outcome how it ended; empty where toNs is.
 */
public record TimelineEntry(
    int id, Kind kind, String name, OptionalLong index, long fromNs, OptionalLong toNs, Optional<Outcome> outcome)
{
    /** What was done. */
    public enum Kind
    {
        /** What a worker of {@code run} evaluates. */
        FORM,
        /** What was given to a worker by {@code exec} or {@code everywhere}. */
        REPLY,
        /** A task of a pool. */
        TASK,
        /** An element of a map. */
        ELEMENT,
        /** Elements of a map that take less than 20 us each, one after the other; or a part of a fold. */
        PART,
        /** A thread that was blocked for 1 ms or more. */
        WAIT,
        /** A collection of the heap. */
        GC
    }

    /** How it ended. */
    public enum Outcome
    {
        /** It came to its end. */
        OK,
        /** It threw, or took longer than its time-out. */
        ERROR,
        /** It was cancelled, or broken off by a stop. */
        CANCELLED
    }
}
