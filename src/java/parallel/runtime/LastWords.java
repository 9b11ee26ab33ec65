package parallel.runtime;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import parallel.TimelineEntry.Kind;
import parallel.WorkerStatus;
import parallel.transport.FlightRecord;
import parallel.transport.StatusPage;

/**
 * What a dead worker's status page still tells of its last moments.
 *
 * @param page   as the worker left it.
 * @param status the same, with its state as the worker last showed it.
 */
public record LastWords(StatusPage page, WorkerStatus status)
{
    private static final String ERROR = "java.lang.OutOfMemoryError";
    private static final String LOST = "An error of its JVM ended it: ";
    private static final String HUNG = "A shutdown hook ";

    /** What a worker that ends for an error of its own notes last. */
    public static String lost(Throwable e)
    {
        return LOST + e;
    }

    /** What a worker that is halted in the middle of its exit notes last. */
    public static String hung(long ms)
    {
        return HUNG + "had not ended " + ms + " ms after the exit had begun";
    }

    /** Adds the facts to those of its error. */
    void tell(Map<String, Object> data)
    {
        data.put("status", status);
        last(data, "last-sent", status.messagesSent(), page.lastBytesSent(), page.lastSentAtMs());
        last(data, "last-received", status.messagesReceived(), page.lastBytesReceived(), page.lastReceivedAtMs());
        if (page.lastError() != null)
        {
            data.put("last-error", page.lastError());
        }
        FlightRecord.Entry open = open();
        if (open != null)
        {
            data.put("under-way", facts(open));
        }
    }

    private static Map<String, Object> facts(FlightRecord.Entry open)
    {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("kind", kind(open).name().toLowerCase(Locale.ROOT));
        facts.put("name", open.name());
        facts.put("index", open.index() < 0 ? null : open.index());
        facts.put("from-ns", open.fromNs());
        return facts;
    }

    private static void last(Map<String, Object> data, String name, long messages, long bytes, long atMs)
    {
        if (messages > 0)
        {
            Map<String, Object> last = new LinkedHashMap<>();
            last.put("bytes", bytes);
            last.put("at-ms", atMs == 0 ? null : atMs);
            data.put(name, last);
        }
    }

    /** A sentence that begins with a space. */
    String summary()
    {
        return underWay() + " It was " + status.state().name().toLowerCase(Locale.ROOT) + ", had sent " +
            messages(status.messagesSent(), page.lastBytesSent()) +
            " and received " + messages(status.messagesReceived(), page.lastBytesReceived()) +
            (status.heapBytes() == 0 ? "" : "; heap in use: " + (status.heapBytes() >> 20) + " MiB") + ".";
    }

    /**
     * What was under way, where what it was doing does not say it, as a sentence that begins with a space; or empty.
     */
    private String underWay()
    {
        FlightRecord.Entry open = open();
        return kind(open) != Kind.PART ? "" :
            " It was in the part from element " + open.index() + " on of " + open.name() + ".";
    }

    /** The innermost of what its evaluation had begun and not ended, or null. */
    private FlightRecord.Entry open()
    {
        return page.record().entries().stream()
            .filter(entry -> entry.outcome() == FlightRecord.OPEN && entry.evaluation() && kind(entry) != null)
            .reduce((first, second) -> second).orElse(null);
    }

    private static Kind kind(FlightRecord.Entry entry)
    {
        return entry != null && entry.kind() <= Kind.values().length ? Kind.values()[entry.kind() - 1] : null;
    }

    private static String messages(long count, long lastBytes)
    {
        return count == 0 ? "no message" : count + (count == 1 ? " message" : " messages") + " (the last of " +
            lastBytes + " bytes)";
    }

    /** What may have ended it, as a sentence that begins with a space; or empty. */
    String suspicion(Map<String, Object> data, String saidByJvm)
    {
        String own = page.lastError();
        if (own != null && (own.startsWith(LOST) || own.startsWith(HUNG)))
        {
            return " " + own + "." +
                (own.contains(ERROR) && !own.contains("thread") ? " Give it more memory with max-heap." : "");
        }
        String memory = saidByJvm != null ? saidByJvm : inLines((List<?>)data.getOrDefault("stderr-tail", List.of()));
        if (memory != null || page.lastError() != null && page.lastError().startsWith(ERROR))
        {
            return " It had run out of memory (" + (memory != null ? memory.strip() : page.lastError()) +
                "): give it more with max-heap.";
        }
        return "KILL".equals(data.get("signal")) ?
            " This library did not kill it: a person may have, or the system for want of memory." : "";
    }

    private static String inLines(List<?> lines)
    {
        return lines.stream().map(Object::toString).filter(line -> line.contains(ERROR)).findFirst().orElse(null);
    }
}
