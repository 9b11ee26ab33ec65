package parallel.look;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

import parallel.transport.WaitTable.Wait;

/**
 * Who waits for whom: which waits nothing can end from inside, and which of those are a cycle.
 *
 * <p>A wait ends when so many as it needs of those that it waits for can act. A process can act unless all of its
 * threads that might are waits that cannot end. The largest set of waits that fits is what is left when all others were
 * taken away. A wait with a time-out ends by itself, one that does not say on whom it waits may end, and a process
 * without a wait can act.
 */
final class WaitGraph
{
    private final List<Wait> waits;
    private final Map<Integer, List<Wait>> byProcess = new HashMap<>();
    private final Set<Wait> stuck = new HashSet<>();

    // mayAct: whether a process has a thread besides those that wait, by one of its waits.
    WaitGraph(List<Wait> waits, Predicate<Wait> mayAct)
    {
        this.waits = waits;
        waits.forEach(wait -> byProcess.computeIfAbsent(wait.id(), id -> new ArrayList<>()).add(wait));
        waits.stream().filter(Wait::isForEver).filter(wait -> wait.on() != null).forEach(stuck::add);
        byProcess.values().stream().filter(all -> all.stream().anyMatch(mayAct)).forEach(stuck::removeAll);
        settle();
    }

    private void settle()
    {
        boolean more = true;
        while (more)
        {
            more = stuck.removeIf(wait -> !isStuck(wait.id()) || mayEnd(wait));
        }
    }

    private boolean isStuck(int process)
    {
        List<Wait> its = byProcess.get(process);
        return its != null && stuck.containsAll(its);
    }

    private boolean mayEnd(Wait wait)
    {
        return wait.on().size() < wait.needed() || wait.on().isEmpty() ||
            wait.on().stream().filter(process -> !isStuck(process)).count() >= wait.needed();
    }

    // Those that nothing can end from inside.
    Set<Wait> stuck()
    {
        return stuck;
    }

    // The cycles among them, each by place in the table; what only waits for a cycle is part of none.
    List<List<Wait>> cycles()
    {
        List<List<Wait>> cycles = new ArrayList<>();
        Set<Wait> left = new HashSet<>(stuck);
        for (Wait wait : waits)
        {
            if (left.contains(wait))
            {
                Set<Wait> cycle = reached(wait);
                cycle.removeIf(other -> !reached(other).contains(wait));
                left.removeAll(cycle);
                if (cycle.contains(wait))
                {
                    cycles.add(cycle.stream().sorted(Comparator.comparingInt(Wait::index)).toList());
                }
            }
        }
        return cycles;
    }

    // All to which a way leads from it; itself only if one does.
    private Set<Wait> reached(Wait from)
    {
        Set<Wait> reached = new HashSet<>();
        Deque<Wait> next = new ArrayDeque<>(List.of(from));
        while (!next.isEmpty())
        {
            for (Wait wait : followed(next.pop()))
            {
                if (reached.add(wait))
                {
                    next.push(wait);
                }
            }
        }
        return reached;
    }

    private Set<Wait> followed(Wait wait)
    {
        return wait.on().stream().filter(this::isStuck).flatMap(process -> byProcess.get(process).stream())
            .collect(Collectors.toSet());
    }
}
