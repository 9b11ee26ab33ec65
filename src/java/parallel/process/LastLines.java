package parallel.process;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import parallel.process.Output.Line;

/**
 * The last lines of a worker and of those below it, for who looks: 20 of each, cut to 400 characters. Guarded by its
 * owner's lock.
 */
final class LastLines
{
    private static final int LINES = 20;
    private static final int CHARS = 400;
    /** Of workers below it: those that have printed last. */
    private static final int PROCESSES = 32;

    private final Map<Integer, Ring> rings = new LinkedHashMap<>(4, 0.75f, true)
    {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Integer, Ring> eldest)
        {
            return size() > PROCESSES;
        }
    };

    private static final class Ring
    {
        private final Line[] lines = new Line[LINES];
        private long count;

        private List<Line> inOrder()
        {
            List<Line> all = new ArrayList<>();
            for (long i = Math.max(0, count - LINES); i < count; i++)
            {
                all.add(lines[(int)(i % LINES)]);
            }
            return all;
        }
    }

    void add(Line line)
    {
        Ring ring = rings.computeIfAbsent(line.processId(), id -> new Ring());
        ring.lines[(int)(ring.count++ % LINES)] = line.text().length() <= CHARS ? line :
            new Line(line.stream(), line.processId(), line.text().substring(0, CHARS) + "...");
    }

    /** How many lines each has printed, by its id. */
    Map<Integer, Long> counts()
    {
        Map<Integer, Long> counts = new LinkedHashMap<>();
        rings.forEach((id, ring) -> counts.put(id, ring.count));
        return counts;
    }

    List<Line> lines()
    {
        List<Line> all = new ArrayList<>();
        rings.values().forEach(ring -> all.addAll(ring.inOrder()));
        return all;
    }
}
