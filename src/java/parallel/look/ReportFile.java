package parallel.look;

import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import parallel.TimelineEntry;
import parallel.TimelineEntry.Kind;
import parallel.WorkerStatus;
import parallel.runtime.EndedWorkers;

/**
 * What workers are and did as one file of HTML, which needs nothing else. What comes from workers is data within its
 * script, and text on the page.
 */
public final class ReportFile
{
    private static final String TEMPLATE = "report.html";
    private static final String PLACE_OF_DATA = "{\"place\":\"of the data\"}";
    private static final long NANOS_PER_MICRO = 1000;

    /** Of the last profile; null: there was none. */
    private static volatile Map<String, Long> profiled;

    private ReportFile()
    {
    }

    /**
     * Has a flame graph in each report from now on.
     *
     * @param stacks of the last profile: how often each was seen.
     */
    public static void profiled(Map<String, Long> stacks)
    {
        profiled = stacks;
    }

    /**
     * Writes it.
     *
     * @param path    is overwritten.
     * @param workers the live ones.
     * @param ended   those that have ended.
     * @param entries of the timeline, in the order of their beginnings.
     */
    public static void write(
        Path path, List<WorkerStatus> workers, List<EndedWorkers.Ended> ended, List<TimelineEntry> entries)
    {
        TextFile.write("report", path, text(workers, ended, entries));
    }

    /**
     * What is in it.
     *
     * @param workers the live ones.
     * @param ended   those that have ended.
     * @param entries of the timeline, in the order of their beginnings.
     * @return HTML.
     */
    public static String text(
        List<WorkerStatus> workers, List<EndedWorkers.Ended> ended, List<TimelineEntry> entries)
    {
        StringBuilder json = new StringBuilder();
        Json.write(json, data(workers, ended, entries));
        return Resources.text(TEMPLATE).replace(PLACE_OF_DATA, json);
    }

    private static Map<String, Object> data(
        List<WorkerStatus> workers, List<EndedWorkers.Ended> ended, List<TimelineEntry> entries)
    {
        Instant now = Instant.now();
        long zeroNs = entries.isEmpty() ? System.nanoTime() : entries.get(0).fromNs();
        List<Object> all = new ArrayList<>();
        workers.forEach(worker -> all.add(WorkerData.of(worker, now, null)));
        ended.forEach(one -> all.add(WorkerData.of(one.status(), now, one.error())));
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("at", now.toString());
        data.put("now", (System.nanoTime() - zeroNs) / NANOS_PER_MICRO);
        data.put("kinds", Arrays.stream(Kind.values()).map(kind -> kind.name().toLowerCase(Locale.ROOT)).toList());
        data.put("workers", all);
        data.put("entries", entries(entries, zeroNs));
        Map<String, Long> stacks = profiled;
        data.put("flame", stacks == null ? null : FlameFile.html(stacks));
        return data;
    }

    /** Arrays, as they are many: id, kind, name, index, from and length in us, outcome, lane. */
    private static List<Object> entries(List<TimelineEntry> entries, long zeroNs)
    {
        Map<Integer, Lanes> lanes = new HashMap<>();
        List<Object> all = new ArrayList<>();
        for (TimelineEntry entry : entries)
        {
            all.add(Arrays.asList(entry.id(), entry.kind().ordinal(), entry.name(),
                entry.index().isPresent() ? entry.index().getAsLong() : null,
                (entry.fromNs() - zeroNs) / NANOS_PER_MICRO,
                entry.toNs().isPresent() ? (entry.toNs().getAsLong() - entry.fromNs()) / NANOS_PER_MICRO : null,
                entry.outcome().map(outcome -> outcome.name().toLowerCase(Locale.ROOT)).orElse(null),
                entry.kind() == Kind.GC ? 0 : lanes.computeIfAbsent(entry.id(), id -> new Lanes()).of(entry)));
        }
        return all;
    }
}
