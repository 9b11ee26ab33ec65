package parallel.dashboard;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import parallel.runtime.EndedWorkers;
import parallel.runtime.PrintedLine;
import parallel.runtime.WorkerHandle;

/** What workers have printed last, those that have ended as well. Safe from any thread. */
final class Printed
{
    private Printed()
    {
    }

    /**
     * How many lines each has printed; of one that has ended, how many are kept.
     *
     * @param workers those of this process.
     * @return by id.
     */
    static Map<Integer, Long> counts(Collection<WorkerHandle> workers)
    {
        Map<Integer, Long> counts = new HashMap<>();
        EndedWorkers.last().forEach(ended -> ended.lines().forEach(line -> counts.merge(line.id(), 1L, Long::sum)));
        workers.forEach(worker -> counts.putAll(worker.linesPrinted()));
        return counts;
    }

    /**
     * The last lines of one.
     *
     * @param workers those of this process.
     * @param id      of a worker.
     * @return pairs of "out" or "err" and the text, oldest first.
     */
    static List<List<String>> lines(Collection<WorkerHandle> workers, int id)
    {
        List<PrintedLine> all = new ArrayList<>();
        EndedWorkers.last().forEach(ended -> all.addAll(ended.lines()));
        // One that is ending may be in both.
        List<PrintedLine> live = workers.stream().flatMap(worker -> worker.lastLines().stream())
            .filter(line -> line.id() == id).toList();
        return (live.isEmpty() ? all.stream().filter(line -> line.id() == id).toList() : live).stream()
            .map(line -> List.of(line.isError() ? "err" : "out", line.text())).toList();
    }
}
