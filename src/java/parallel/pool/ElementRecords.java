package parallel.pool;

import parallel.TimelineEntry.Kind;
import parallel.TimelineEntry.Outcome;
import parallel.runtime.WorkRecord;

/**
 * What is recorded of the elements of a function's parts. Each element has a record, and its end is the beginning of
 * the next: one look at the clock for each. From where on many in a row are shorter than 20 us, those that are left of
 * the part have one together, and so has each part that follows, until its elements take longer. Of the thread that
 * evaluates them.
 */
public final class ElementRecords
{
    private static final long SHORT_NANOS = 20_000;
    private static final int SHORT_IN_A_ROW = 32;
    private static final long NOT_BEGUN = -1;

    private final String text;
    private final Kind kind;
    private final WorkRecord record;
    private WorkRecord task;
    private Outcome outcome;
    private long first;
    private long began;
    private int shortOnes;
    private boolean together;
    private long countTogether;

    // text: what is called with each; kind: ELEMENT, or PART where the elements are parts themselves.
    ElementRecords(String text, Kind kind, WorkRecord record)
    {
        this.text = text;
        this.kind = kind;
        this.record = record;
    }

    boolean isOf(String anyText, Kind anyKind)
    {
        return kind == anyKind && text.equals(anyText);
    }

    // The next part begins, of which nothing is recorded yet but its task.
    ElementRecords begin(WorkRecord itsTask)
    {
        task = itsTask;
        outcome = Outcome.OK;
        first = NOT_BEGUN;
        together = shortOnes >= SHORT_IN_A_ROW;
        countTogether = 0;
        return this;
    }

    /**
     * The next element begins, the one before has ended.
     *
     * @param index in its map.
     */
    public void next(long index)
    {
        if (together && first != NOT_BEGUN)
        {
            countTogether++;
            return;
        }
        long now = System.nanoTime();
        if (first == NOT_BEGUN)
        {
            beginFirst(index, now);
        }
        else
        {
            record.end(outcome, now);
            outcome = Outcome.OK;
            shortOnes = now - began < SHORT_NANOS ? shortOnes + 1 : 0;
            together = shortOnes >= SHORT_IN_A_ROW;
            record.begin(together ? Kind.PART : kind, index, now);
        }
        began = now;
    }

    private void beginFirst(long index, long now)
    {
        first = index;
        if (together)
        {
            task.become(Kind.PART, index);
        }
        else
        {
            record.begin(kind, index, now);
        }
    }

    /** The element that has begun has failed. */
    public void failed()
    {
        outcome = Outcome.ERROR;
    }

    /**
     * All elements of the part have ended.
     *
     * @param cancelled whether the one that has begun was cancelled.
     */
    public void end(boolean cancelled)
    {
        long now = System.nanoTime();
        record.end(cancelled ? Outcome.CANCELLED : outcome, now);
        if (together && now - began >= SHORT_NANOS * (countTogether + 1))
        {
            shortOnes = 0;
        }
    }
}
