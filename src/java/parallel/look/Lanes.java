package parallel.look;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

import parallel.TimelineEntry;

/**
 * Which entries of a worker are drawn in one row: each of them is either within another of its lane or beside it. Given
 * entries in the order of their beginnings; a long one before a short one that begins with it is as well.
 */
final class Lanes
{
    private final List<Deque<Long>> ends = new ArrayList<>();

    // The lane of the next entry, 0 or more.
    int of(TimelineEntry entry)
    {
        long to = entry.toNs().orElse(Long.MAX_VALUE);
        for (int lane = 0; lane < ends.size(); lane++)
        {
            if (fits(ends.get(lane), entry.fromNs(), to))
            {
                ends.get(lane).push(to);
                return lane;
            }
        }
        ends.add(new ArrayDeque<>(List.of(to)));
        return ends.size() - 1;
    }

    private static boolean fits(Deque<Long> lane, long from, long to)
    {
        while (!lane.isEmpty() && lane.peek() <= from)
        {
            lane.pop();
        }
        return lane.isEmpty() || to <= lane.peek();
    }
}
