package parallel.runtime;

import parallel.TimelineEntry.Kind;
import parallel.TimelineEntry.Outcome;
import parallel.transport.FlightRecord;

/**
 * The record of something that is under way in a worker, or of one such thing after the other: at most one is open. Of
 * the thread that made it.
 */
public final class WorkRecord
{
    private final FlightRecord record;
    private final FlightRecord.Name name;
    private int open = FlightRecord.NONE;

    /**
     * Nothing is recorded yet.
     *
     * @param record where it is to be.
     * @param text   what is done; its beginning is the name.
     */
    public WorkRecord(FlightRecord record, String text)
    {
        this.record = record;
        this.name = new FlightRecord.Name(text);
    }

    /**
     * The next thing begins, after the one before has ended.
     *
     * @param kind   of it.
     * @param index  in its map, or {@link FlightRecord#NO_INDEX}.
     * @param fromNs when, of {@link System#nanoTime}.
     */
    public void begin(Kind kind, long index, long fromNs)
    {
        open = record.open(number(kind), name, index, fromNs);
    }

    /**
     * What is open turns out to be of another kind.
     *
     * @param kind  of it.
     * @param index in its map.
     */
    public void become(Kind kind, long index)
    {
        record.become(open, number(kind), index);
    }

    /**
     * What is open has ended. Does nothing where nothing is.
     *
     * @param outcome of it.
     * @param toNs    when, of {@link System#nanoTime}.
     */
    public void end(Outcome outcome, long toNs)
    {
        int ended = open;
        open = FlightRecord.NONE;
        record.close(ended, number(outcome), toNs);
    }

    /**
     * A kind as records have it.
     *
     * @param kind any.
     * @return 1 or more.
     */
    public static int number(Kind kind)
    {
        return kind.ordinal() + 1;
    }

    /**
     * An outcome as records have it.
     *
     * @param outcome any.
     * @return 1 or more.
     */
    public static int number(Outcome outcome)
    {
        return outcome.ordinal() + 1;
    }
}
