package parallel.look;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import parallel.WorkerStatus;

/** A worker as the pages have it. */
public final class WorkerData
{
    private WorkerData()
    {
    }

    /**
     * What its status says, for {@link Json}.
     *
     * @param status of it.
     * @param now    the time of the page.
     * @param error  how it ended; null where it lives, or ended as it should.
     * @return all keys are always there; may be added to.
     */
    public static Map<String, Object> of(WorkerStatus status, Instant now, String error)
    {
        Map<String, Object> worker = new LinkedHashMap<>();
        worker.put("id", status.id());
        worker.put("parent", status.parent());
        worker.put("pid", status.pid() == 0 ? null : status.pid());
        worker.put("name", status.name());
        worker.put("host", status.host().orElse(null));
        worker.put("state", status.state().name().toLowerCase(Locale.ROOT));
        worker.put("up", status.startedAt() == null ? null : Duration.between(status.startedAt(), now).toMillis());
        worker.put("doing", status.doing());
        worker.put("sent", List.of(status.messagesSent(), status.bytesSent()));
        worker.put("received", List.of(status.messagesReceived(), status.bytesReceived()));
        worker.put("queue", List.of(status.queuedMessages(), status.queuedBytes()));
        worker.put("heap", status.heapBytes() == 0 ? null : status.heapBytes());
        worker.put("exit", status.exit().isPresent() ? status.exit().getAsInt() : null);
        worker.put("signal", status.signal().orElse(null));
        worker.put("error", error);
        return worker;
    }
}
