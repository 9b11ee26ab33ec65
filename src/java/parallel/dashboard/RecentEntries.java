package parallel.dashboard;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

import parallel.TimelineEntry;
import parallel.look.Timelines;
import parallel.runtime.Context;

/**
 * What has begun, goes on, or has ended since the last look at the timeline. To read all of that takes time where there
 * are many workers, so it is read for a tenth of the time at most. Of one thread.
 */
final class RecentEntries
{
    private static final long HISTORY_NANOS = TimeUnit.SECONDS.toNanos(120);
    private static final int MOST = 5000;
    private static final int SHARE = 10;
    private static final long NANOS_PER_MICRO = 1000;
    /** An entry that ended a moment before may have been written a moment after. */
    private static final long SLACK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final Context context;
    private final long zeroNanos = System.nanoTime();
    private List<TimelineEntry> all = List.of();
    private long readNanos = zeroNanos - HISTORY_NANOS;
    private long nextNanos = zeroNanos;

    RecentEntries(Context context)
    {
        this.context = context;
    }

    /** Microseconds since this dashboard was opened, as entries have them. */
    long now()
    {
        return (System.nanoTime() - zeroNanos) / NANOS_PER_MICRO;
    }

    /**
     * What is new.
     *
     * @return all that has not ended among it; null: the timeline was not read.
     */
    List<Object> next()
    {
        long begun = System.nanoTime();
        if (begun - nextNanos < 0)
        {
            return null;
        }
        all = Timelines.all(context);
        List<Object> found = since(readNanos - SLACK_NANOS);
        readNanos = begun;
        nextNanos = begun + SHARE * (System.nanoTime() - begun);
        return found;
    }

    /** What a page needs that begins to watch: the last two minutes, as they were last read. */
    List<Object> whole()
    {
        return since(System.nanoTime() - HISTORY_NANOS);
    }

    private List<Object> since(long nanos)
    {
        List<Object> found = new ArrayList<>();
        int ended = 0;
        for (int i = all.size() - 1; i >= 0; i--)
        {
            TimelineEntry entry = all.get(i);
            boolean isOpen = entry.toNs().isEmpty();
            if (isOpen || ended < MOST && entry.toNs().getAsLong() - nanos >= 0)
            {
                found.add(array(entry));
                ended += isOpen ? 0 : 1;
            }
        }
        return found;
    }

    /** They are many: id, kind, name, index, from and length in us, outcome. */
    private Object array(TimelineEntry entry)
    {
        return Arrays.asList(entry.id(), entry.kind().name().toLowerCase(Locale.ROOT), entry.name(),
            entry.index().isPresent() ? entry.index().getAsLong() : null,
            (entry.fromNs() - zeroNanos) / NANOS_PER_MICRO,
            entry.toNs().isPresent() ? (entry.toNs().getAsLong() - entry.fromNs()) / NANOS_PER_MICRO : null,
            entry.outcome().map(outcome -> outcome.name().toLowerCase(Locale.ROOT)).orElse(null));
    }
}
