package parallel.look;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import parallel.TimelineEntry;
import parallel.TimelineEntry.Kind;
import parallel.WorkerStatus;

/** What workers did as a trace in Chrome's format, which Perfetto opens: a process for each worker. */
public final class TraceFile
{
    private static final int COLLECTIONS = 1000;

    private final List<Map<String, Object>> events = new ArrayList<>();
    private final Map<Integer, Lanes> lanes = new HashMap<>();
    private final long zeroNs;

    private TraceFile(long zeroNs)
    {
        this.zeroNs = zeroNs;
    }

    /**
     * Writes it.
     *
     * @param path    is overwritten.
     * @param workers those that are named.
     * @param entries of the timeline, in the order of their beginnings.
     */
    public static void write(Path path, List<WorkerStatus> workers, List<TimelineEntry> entries)
    {
        TextFile.write("trace", path, text(workers, entries));
    }

    /**
     * What is in it.
     *
     * @param workers those that are named.
     * @param entries of the timeline, in the order of their beginnings.
     * @return JSON.
     */
    public static String text(List<WorkerStatus> workers, List<TimelineEntry> entries)
    {
        TraceFile trace = new TraceFile(entries.isEmpty() ? 0 : entries.get(0).fromNs());
        workers.forEach(trace::addName);
        entries.forEach(trace::add);
        StringBuilder json = new StringBuilder();
        Json.write(json, Map.of("displayTimeUnit", "ms", "traceEvents", trace.events));
        return json.toString();
    }

    private void addName(WorkerStatus worker)
    {
        Map<String, Object> event = event("process_name", "M", worker.id(), 0);
        event.put("args", Map.of("name", "worker " + worker.id() + (worker.name() == null ? "" : " " + worker.name()) +
            " (" + worker.state().name().toLowerCase(Locale.ROOT) + ")"));
        events.add(event);
    }

    private void add(TimelineEntry entry)
    {
        int lane = entry.kind() == Kind.GC ? COLLECTIONS :
            lanes.computeIfAbsent(entry.id(), id -> new Lanes()).of(entry);
        Map<String, Object> event =
            event(entry.name(), entry.toNs().isPresent() ? "X" : "B", entry.id(), lane);
        event.put("cat", entry.kind().name().toLowerCase(Locale.ROOT));
        event.put("ts", micros(entry.fromNs() - zeroNs));
        entry.toNs().ifPresent(to -> event.put("dur", micros(to - entry.fromNs())));
        event.put("args", facts(entry));
        events.add(event);
    }

    private static Map<String, Object> facts(TimelineEntry entry)
    {
        Map<String, Object> facts = new LinkedHashMap<>();
        entry.index().ifPresent(index -> facts.put("index", index));
        facts.put("outcome", entry.outcome().map(o -> o.name().toLowerCase(Locale.ROOT)).orElse("open"));
        return facts;
    }

    private static Map<String, Object> event(String name, String phase, int id, int lane)
    {
        Map<String, Object> event = new LinkedHashMap<>();
        event.put("name", name);
        event.put("ph", phase);
        event.put("pid", id);
        event.put("tid", lane);
        return event;
    }

    private static double micros(long nanos)
    {
        return nanos / 1000.0;
    }
}
