package parallel.process;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Lines that wait for the sink, counted until they are delivered. Two budgets of the same size, for the worker's own
 * lines and for those from below, so that neither keeps the other out. Guarded by its owner's lock.
 */
final class LineQueue
{
    /** A line and what to run once it is delivered (null: nothing); offered lines count in the second budget. */
    record Entry(Output.Line line, boolean offered, Runnable delivered)
    {
        long bytes()
        {
            return Output.LINE_BYTES + line.text().length();
        }
    }

    private static final int BATCH_LINES = 1024;
    private static final long BATCH_BYTES = 128 * 1024;

    private final ArrayDeque<Entry> entries = new ArrayDeque<>();
    private final long limitBytes;
    private long ownBytes;
    private long offeredBytes;

    LineQueue(long limitBytes)
    {
        this.limitBytes = limitBytes;
    }

    boolean isFull()
    {
        return ownBytes >= limitBytes;
    }

    /** Is there a line that no call of the sink has been given yet? */
    boolean hasWaiting()
    {
        return !entries.isEmpty();
    }

    /** Has everything been delivered? */
    boolean isEmpty()
    {
        return ownBytes == 0 && offeredBytes == 0;
    }

    void add(Output.Line line)
    {
        add(line, null);
    }

    /** Of the worker's own lines, where whoever brings them keeps the budget. */
    void add(Output.Line line, Runnable delivered)
    {
        Entry entry = new Entry(line, false, delivered);
        ownBytes += entry.bytes();
        entries.add(entry);
    }

    boolean offer(Output.Line line, Runnable delivered)
    {
        if (offeredBytes >= limitBytes)
        {
            return false;
        }
        Entry entry = new Entry(line, true, delivered);
        offeredBytes += entry.bytes();
        entries.add(entry);
        return true;
    }

    /** The next lines for one call of the sink; they go on counting until {@link #release}. */
    List<Entry> take()
    {
        List<Entry> batch = new ArrayList<>();
        long bytes = 0;
        while (!entries.isEmpty() && batch.size() < BATCH_LINES && bytes < BATCH_BYTES)
        {
            Entry entry = entries.poll();
            bytes += entry.bytes();
            batch.add(entry);
        }
        return batch;
    }

    void release(List<Entry> batch)
    {
        for (Entry entry : batch)
        {
            if (entry.offered())
            {
                offeredBytes -= entry.bytes();
            }
            else
            {
                ownBytes -= entry.bytes();
            }
        }
    }
}
