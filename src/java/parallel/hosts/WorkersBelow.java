package parallel.hosts;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

import parallel.WorkerStatus;
import parallel.WorkerStatus.State;
import parallel.codec.Codec;
import parallel.transport.WaitTable.Wait;
import parallel.transport.Waiter;

/**
 * What an agent tells of the workers that its workers have started, the live ones, and of what its workers and these
 * wait for: codec values.
 */
final class WorkersBelow
{
    private static final State[] STATES = State.values();
    private static final String WORKERS = "workers";
    private static final String WAITS = "waits";
    private static final Waiter.For[] KINDS = Waiter.For.values();

    private WorkersBelow()
    {
    }

    /** The statuses and the waits as codec bytes. */
    static byte[] encode(List<WorkerStatus> statuses, List<Wait> waits)
    {
        return Codec.toBytes(Map.of(WORKERS, statuses.stream().map(WorkersBelow::parts).toList(),
            WAITS, waits.stream().map(WorkersBelow::parts).toList()));
    }

    private static Object[] parts(Wait wait)
    {
        int[] on = wait.on() == null ? null : wait.on().stream().mapToInt(Integer::intValue).toArray();
        return new Object[]{ wait.id(), wait.thread(), wait.what().ordinal(), on, wait.needed(), wait.sinceNanos(),
            wait.untilNanos() };
    }

    private static Object[] parts(WorkerStatus s)
    {
        return new Object[]{ s.id(), s.pid(), s.parent(), s.name(), s.state().ordinal(), s.startedAt().toEpochMilli(),
            s.doing(), new long[]{ s.messagesSent(), s.bytesSent(), s.messagesReceived(), s.bytesReceived(),
                s.queuedMessages(), s.queuedBytes(), s.heapBytes() },
            s.cpus().stream().mapToInt(Integer::intValue).toArray(), s.nice().orElse(-1) };
    }

    /**
     * The statuses of those below a worker, its children's children included.
     *
     * @param told what the agent has told last, as codec values by name.
     * @param id   of the worker.
     * @param host name of its host.
     * @param age  time since anything was heard of that.
     * @return in the order of their ids; empty where nothing was told.
     */
    static List<WorkerStatus> of(Map<String, Object> told, int id, String host, Duration age)
    {
        return below(told, id).values().stream().map(parts -> status(parts, host, age)).toList();
    }

    /** The parts of each of them, by id. */
    private static Map<Integer, Object[]> below(Map<String, Object> told, int id)
    {
        Map<Integer, Object[]> found = new TreeMap<>();
        for (Object each : (List<?>)told.getOrDefault(WORKERS, List.of()))
        {
            Object[] parts = (Object[])each;
            if (parts[2].equals(id) || found.containsKey(parts[2]))     // a parent has a smaller id than its children
            {
                found.put((Integer)parts[0], parts);
            }
        }
        return found;
    }

    /**
     * What the threads of a worker, and of those below it, wait for.
     *
     * @param told       as above.
     * @param id         of the worker.
     * @param clockNanos from that machine's clock to this one's.
     * @return one of each thread.
     */
    static List<Wait> waits(Map<String, Object> told, int id, long clockNanos)
    {
        Map<Integer, Object[]> below = below(told, id);
        List<Wait> found = new ArrayList<>();
        for (Object each : (List<?>)told.getOrDefault(WAITS, List.of()))
        {
            Object[] parts = (Object[])each;
            if (parts[0].equals(id) || below.containsKey(parts[0]))
            {
                found.add(wait(parts, clockNanos));
            }
        }
        return found;
    }

    private static Wait wait(Object[] parts, long clockNanos)
    {
        List<Integer> on = parts[3] == null ? null : Arrays.stream((int[])parts[3]).boxed().toList();
        long until = (Long)parts[6];
        return new Wait(-1, 0, (Integer)parts[0], (String)parts[1], KINDS[(Integer)parts[2]], on, (Integer)parts[4],
            (Long)parts[5] + clockNanos, until == Long.MAX_VALUE ? until : until + clockNanos, 0, 0, -1, false, "");
    }

    private static WorkerStatus status(Object[] parts, String host, Duration age)
    {
        long[] counts = (long[])parts[7];
        return new WorkerStatus((Integer)parts[0], (Long)parts[1], (Integer)parts[2], (String)parts[3],
            STATES[(Integer)parts[4]], Instant.ofEpochMilli((Long)parts[5]), (String)parts[6], counts[0], counts[1],
            counts[2], counts[3], counts[4], counts[5], counts[6], OptionalInt.empty(), Optional.empty(),
            Optional.of(host), Optional.of(age), Arrays.stream((int[])parts[8]).boxed().toList(),
            (Integer)parts[9] < 0 ? OptionalInt.empty() : OptionalInt.of((Integer)parts[9]));
    }
}
