package parallel.runtime;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

import parallel.ParallelException;
import parallel.WorkerOptions.Option;

/** Tells a worker's listener of its events. Safe from any thread. */
final class WorkerEvents
{
    private final ChannelPeer worker;
    private final Supplier<Place> place;
    private final EventListener listener;

    @SuppressWarnings("unchecked")  // WorkerOptions.Builder.onEvent takes no other kind
    WorkerEvents(ChannelPeer worker, Supplier<Place> place, StartSpec spec)
    {
        this.worker = worker;
        this.place = place;
        this.listener = new EventListener(spec.options().get(Option.ON_EVENT, Consumer.class));
    }

    /**
     * Returns at once.
     *
     * @param event such as {@code "ready"}.
     * @param pid   of the worker, 0 if it has none.
     * @param error makes the error of its end; null for none.
     */
    void emit(String event, long pid, Supplier<ParallelException> error)
    {
        if (!listener.isThere())
        {
            return;
        }
        Map<String, Object> what = new LinkedHashMap<>();
        what.put("event", event);
        what.put("worker/id", worker.id());
        what.put("worker/pid", pid);
        Place its = place.get();
        if (its != null && its.elsewhere() != null)
        {
            what.put("host", its.elsewhere().host());
        }
        what.put("error", error == null ? null : error.get());
        what.put("at-ms", System.currentTimeMillis());
        listener.tell(what, worker.name());
    }
}
