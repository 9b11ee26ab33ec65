package parallel.runtime;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import parallel.WorkerStatus;
import parallel.transport.StatusPage;

/**
 * What a dead worker's status page still tells of its last moments.
 *
 * @param page   as the worker left it.
 * @param status the same, with its state as the worker last showed it.
 */
record LastWords(StatusPage page, WorkerStatus status)
{
    private static final String ERROR = "java.lang.OutOfMemoryError";

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
    }

    private static void last(Map<String, Object> data, String name, long messages, long bytes, long atMs)
    {
        if (messages > 0)
        {
            final Map<String, Object> last = new LinkedHashMap<>();
            last.put("bytes", bytes);
            last.put("at-ms", atMs == 0 ? null : atMs);
            data.put(name, last);
        }
    }

    /** A sentence that begins with a space. */
    String summary()
    {
        return " It was " + status.state().name().toLowerCase(java.util.Locale.ROOT) + ", had sent " + messages(status.messagesSent(), page.lastBytesSent()) +
            " and received " + messages(status.messagesReceived(), page.lastBytesReceived()) +
            (status.heapBytes() == 0 ? "" : "; heap in use: " + (status.heapBytes() >> 20) + " MiB") + ".";
    }

    private static String messages(long count, long lastBytes)
    {
        return count == 0 ? "no message" : count + (count == 1 ? " message" : " messages") + " (the last of " + lastBytes + " bytes)";
    }

    /** What may have ended it, as a sentence that begins with a space; or empty. */
    String suspicion(Map<String, Object> data, String saidByJvm)
    {
        final String memory = saidByJvm != null ? saidByJvm : inLines((List<?>)data.getOrDefault("stderr-tail", List.of()));
        if (memory != null || page.lastError() != null && page.lastError().startsWith(ERROR))
        {
            return " It had run out of memory (" + (memory != null ? memory.strip() : page.lastError()) + "): give it more with max-heap.";
        }
        return "KILL".equals(data.get("signal")) ? " This library did not kill it: a person may have, or the system for want of memory." : "";
    }

    private static String inLines(List<?> lines)
    {
        return lines.stream().map(Object::toString).filter(line -> line.contains(ERROR)).findFirst().orElse(null);
    }
}
