package parallel.dashboard;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import parallel.WorkerStatus;

/** What went per second: differences of counters over the last second or so. Of one thread. */
final class Flow
{
    private static final int SAMPLES = 5;
    private static final double NANOS = TimeUnit.SECONDS.toNanos(1);

    private record Counts(
        long messagesReceived, long bytesReceived, long messagesSent, long bytesSent, long cpuMs)
    {
    }

    private record Sample(long atNanos, Map<Integer, Counts> counts)
    {
    }

    private final Deque<Sample> samples = new ArrayDeque<>();
    private Sample oldest;
    private Sample newest;

    /** Begins a sample, of now. */
    void begin()
    {
        newest = new Sample(System.nanoTime(), new HashMap<>());
        samples.addLast(newest);
        if (samples.size() > SAMPLES)
        {
            samples.removeFirst();
        }
        oldest = samples.getFirst();
    }

    /** Nobody has looked for a while: what was then says nothing of now. */
    void forget()
    {
        samples.clear();
    }

    /** Adds a worker to the sample. */
    void count(WorkerStatus status, long cpuMs)
    {
        newest.counts.put(status.id(), new Counts(status.messagesReceived(), status.bytesReceived(),
            status.messagesSent(), status.bytesSent(), cpuMs));
    }

    /**
     * Messages and bytes per second that it has received and sent.
     *
     * @return four numbers; null where it was not there before.
     */
    List<Long> rates(int id)
    {
        Counts then = oldest.counts.get(id);
        Counts now = newest.counts.get(id);
        return then == null || oldest == newest ? null : List.of(
            perSecond(then.messagesReceived, now.messagesReceived), perSecond(then.bytesReceived, now.bytesReceived),
            perSecond(then.messagesSent, now.messagesSent), perSecond(then.bytesSent, now.bytesSent));
    }

    /**
     * Processors that it uses, in percent of one.
     *
     * @return null where that is not known.
     */
    Long cpuPercent(int id)
    {
        Counts then = oldest.counts.get(id);
        Counts now = newest.counts.get(id);
        return then == null || oldest == newest || then.cpuMs < 0 || now.cpuMs < 0 ? null :
            perSecond(then.cpuMs, now.cpuMs) / 10;
    }

    private long perSecond(long then, long now)
    {
        return Math.round(Math.max(0, now - then) * NANOS / (newest.atNanos - oldest.atNanos));
    }
}
