package parallel.pool;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Map.Entry;

/**
 * Tasks that wait: first in, first out for each client, and the clients take turns. Tasks that were begun in vain come
 * before all others. Guarded by the pool's lock.
 */
final class FairQueue
{
    private final Deque<PoolTask<?>> again = new ArrayDeque<>();
    /** The client whose turn it is comes first. */
    private final Map<Object, Deque<PoolTask<?>>> clients = new LinkedHashMap<>();
    private int length;
    private long bytes;

    void add(PoolTask<?> task)
    {
        clients.computeIfAbsent(task.client(), client -> new ArrayDeque<>()).add(task);
        count(task, 1);
    }

    void addFirst(PoolTask<?> task)
    {
        again.addFirst(task);
        count(task, 1);
    }

    private void count(PoolTask<?> task, int change)
    {
        length += change;
        bytes += change * task.content().bytes();
    }

    /** The next task, which stays; null if there is none. */
    PoolTask<?> peek()
    {
        if (!again.isEmpty())
        {
            return again.peek();
        }
        return clients.isEmpty() ? null : clients.values().iterator().next().peek();
    }

    /** The next task; null if there is none. */
    PoolTask<?> poll()
    {
        PoolTask<?> task = again.isEmpty() ? next() : again.poll();
        if (task != null)
        {
            count(task, -1);
        }
        return task;
    }

    private PoolTask<?> next()
    {
        var turns = clients.entrySet().iterator();
        if (!turns.hasNext())
        {
            return null;
        }
        Entry<Object, Deque<PoolTask<?>>> turn = turns.next();
        Object client = turn.getKey();
        Deque<PoolTask<?>> tasks = turn.getValue();
        turns.remove();
        PoolTask<?> task = tasks.poll();
        if (!tasks.isEmpty())
        {
            clients.put(client, tasks);     // to the end of the line
        }
        return task;
    }

    boolean remove(PoolTask<?> task)
    {
        Deque<PoolTask<?>> tasks = clients.get(task.client());
        boolean removed = tasks != null && tasks.remove(task) || again.remove(task);
        if (removed)
        {
            count(task, -1);
        }
        if (tasks != null && tasks.isEmpty())
        {
            clients.remove(task.client());
        }
        return removed;
    }

    List<PoolTask<?>> drain()
    {
        List<PoolTask<?>> all = new ArrayList<>();
        for (PoolTask<?> task = poll(); task != null; task = poll())
        {
            all.add(task);
        }
        return all;
    }

    boolean isEmpty()
    {
        return length == 0;
    }

    int length()
    {
        return length;
    }

    long bytes()
    {
        return bytes;
    }
}
