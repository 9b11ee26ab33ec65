package parallel.pool;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Replaces workers that have outgrown their heaps: the next one is started and has loaded what the worker has loaded
 * before that goes. Guarded by the pool's lock.
 *
 * <pre>
 *   the worker says OUTGROWN     it waits for its turn: few are replaced at a time, since each takes a heap more
 *   its turn                     a successor is started, which counts as no worker yet
 *   the successor says READY     it is told what to load
 *   the successor says WARM      it takes tasks; the worker leaves after its element, and gives back what waits there
 *   the successor has ended      the worker leaves, and is replaced as one that has ended
 *   the worker has ended         the successor is a worker like any other
 * </pre>
 */
final class Succession
{
    /** A fourth of the workers, or so many. */
    private static final int PART_AT_ONCE = 4;
    private static final int AT_ONCE = 2;

    private final Map<PoolWorker, PoolWorker> successors = new LinkedHashMap<>();

    /** Waits for its turn from now on. */
    void add(PoolWorker outgrown)
    {
        successors.putIfAbsent(outgrown, null);
    }

    /** Whose turn it is; null: nobody's. */
    PoolWorker next(int workers)
    {
        long under = successors.values().stream().filter(successor -> successor != null).count();
        if (under >= Math.max(AT_ONCE, workers / PART_AT_ONCE))
        {
            return null;
        }
        return successors.entrySet().stream().filter(entry -> entry.getValue() == null && isThere(entry.getKey()))
            .map(Map.Entry::getKey).findFirst().orElse(null);
    }

    void begin(PoolWorker outgrown, PoolWorker successor)
    {
        successors.put(outgrown, successor);
    }

    /** Whether it is the successor of one that is still there. */
    boolean isSuccessor(PoolWorker worker)
    {
        PoolWorker outgrown = predecessor(worker);
        return outgrown != null && isThere(outgrown);
    }

    private static boolean isThere(PoolWorker worker)
    {
        return worker.state() == PoolWorker.State.READY;
    }

    private PoolWorker predecessor(PoolWorker worker)
    {
        return successors.entrySet().stream().filter(entry -> entry.getValue() == worker).map(Map.Entry::getKey)
            .findFirst().orElse(null);
    }

    /** The functions that a worker needs before it is warm; none where it replaces nobody. */
    List<TaskContent.Shared> functionsFor(PoolWorker worker)
    {
        PoolWorker outgrown = predecessor(worker);
        return outgrown == null ? List.of() : outgrown.latestFunctions();
    }

    /** It can take the place of the one that it replaces, if that is there. */
    void warm(PoolWorker worker)
    {
        leave(predecessor(worker), false);
    }

    /** It has ended. */
    void lost(PoolWorker worker)
    {
        successors.remove(worker);
        leave(predecessor(worker), true);     // without a successor: whatever ended that one may end the next
    }

    private void leave(PoolWorker outgrown, boolean withoutSuccessor)
    {
        if (outgrown != null)
        {
            successors.remove(outgrown);
            outgrown.leave(withoutSuccessor);
        }
    }
}
