package parallel.hosts;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

import parallel.WorkerStatus;
import parallel.WorkerStatus.State;
import parallel.codec.Codec;

/** What an agent tells of the workers that its workers have started: the live ones, as codec values. */
final class WorkersBelow
{
    private static final State[] STATES = State.values();
    private static final String WORKERS = "workers";

    private WorkersBelow()
    {
    }

    /** The statuses as codec bytes. */
    static byte[] encode(List<WorkerStatus> statuses)
    {
        return Codec.toBytes(Map.of(WORKERS, statuses.stream().map(WorkersBelow::parts).toList()));
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
        List<WorkerStatus> found = new ArrayList<>();
        List<Integer> parents = new ArrayList<>(List.of(id));
        for (Object each : (List<?>)told.getOrDefault(WORKERS, List.of()))
        {
            Object[] parts = (Object[])each;
            if (parents.contains(parts[2]))     // a parent has a smaller id than its children
            {
                parents.add((Integer)parts[0]);
                found.add(status(parts, host, age));
            }
        }
        return found;
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
