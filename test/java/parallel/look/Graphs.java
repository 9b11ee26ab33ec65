package parallel.look;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

import parallel.transport.WaitTable.Wait;
import parallel.transport.Waiter.For;

/** Graphs of waits that no process has: for the tests of the rule. */
public final class Graphs
{
    private final List<Wait> waits = new ArrayList<>();

    /** An empty one. */
    public Graphs()
    {
    }

    /**
     * Adds a wait; its number is how many there were.
     *
     * @param id      of the process.
     * @param on      ids of those it waits for; null: not known.
     * @param needed  of those.
     * @param forEver false: it has a time-out.
     * @param others  other threads of its process that may act.
     */
    public void add(int id, List<Integer> on, int needed, boolean forEver, int others)
    {
        waits.add(new Wait(waits.size(), 1, id, "t", For.RECEIVE, on, needed, 0, forEver ? Long.MAX_VALUE : 1, 0, 0,
            others, false, ""));
    }

    /**
     * Those that nothing can end from inside.
     *
     * @return their numbers.
     */
    public Set<Integer> stuck()
    {
        Set<Integer> numbers = new TreeSet<>();
        graph().stuck().forEach(wait -> numbers.add(wait.index()));
        return numbers;
    }

    /**
     * The cycles among them.
     *
     * @return their numbers.
     */
    public List<List<Integer>> cycles()
    {
        return graph().cycles().stream().map(cycle -> cycle.stream().map(Wait::index).toList()).toList();
    }

    private WaitGraph graph()
    {
        return new WaitGraph(waits, wait -> wait.others() != 0);
    }
}
