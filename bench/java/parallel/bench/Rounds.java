package parallel.bench;

import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

import org.HdrHistogram.Histogram;

import com.sun.management.ThreadMXBean;

/**
 * The rounds, both ends of each. This end's answers are EDN maps: what {@code bench/parallel/bench/contender.clj}
 * reads.
 */
final class Rounds
{
    private static final long LONGEST_NS = 10_000_000_000L;
    private static final long SILENCE_NS = 2_000_000;
    private static final double[] PERCENTILES = {1, 10, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100};

    private Rounds()
    {
    }

    /**
     * Plays a round with the other end and measures it.
     *
     * @param wire  to the other end.
     * @param round what.
     * @return a map as EDN.
     * @throws Exception if the other end is gone.
     */
    static String measure(Wire wire, Round round) throws Exception
    {
        wire.announce(round);
        return switch (round.what())
        {
            case "ping" -> ping(wire, round.times(), 0);
            case "wake" -> ping(wire, round.times(), SILENCE_NS);
            case "one-way" -> oneWay(wire, round.size(), round.times());
            case "array", "new-array" -> array(wire, round.size(), round.times());
            case "idle" -> idle(wire, round.times());
            default -> throw new IllegalArgumentException(round.what());
        };
    }

    /**
     * The other end: plays what is announced until there is nothing more.
     *
     * @param wire to the measuring end.
     * @throws Exception if that is gone.
     */
    static void serve(Wire wire) throws Exception
    {
        for (Round round = wire.next(); round != null; round = wire.next())
        {
            switch (round.what())
            {
                case "ping", "wake" -> echo(wire, round.times());
                case "one-way" -> takeBytes(wire, round.size(), round.times());
                case "array" -> takeArrays(wire, round.size(), round.times());
                case "new-array" -> takeNewArrays(wire, round.size(), round.times());
                default -> echo(wire, 1);
            }
        }
    }

    // ---- there and back

    private static String ping(Wire wire, int times, long silence) throws Exception
    {
        Histogram histogram = new Histogram(LONGEST_NS, 3);
        long allocated = allocatedBytes();
        for (int i = 0; i < times; i++)
        {
            if (silence > 0)
            {
                LockSupport.parkNanos(silence);
            }
            long start = System.nanoTime();
            wire.sendLong(1000L + i);
            wire.receiveLong();
            histogram.recordValue(System.nanoTime() - start);
        }
        double perRoundTrip = (double)(allocatedBytes() - allocated) / times;
        StringBuilder answer = new StringBuilder("{:p50 ").append(histogram.getValueAtPercentile(50))
            .append(" :allocated ").append(perRoundTrip).append(" :percentiles [");
        for (double percentile : PERCENTILES)
        {
            answer.append("[").append(percentile).append(" ").append(histogram.getValueAtPercentile(percentile)).append(
                "]");
        }
        return answer.append("]}").toString();
    }

    // By this thread, since it started.
    private static long allocatedBytes()
    {
        return ((ThreadMXBean)ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }

    private static void echo(Wire wire, int times) throws Exception
    {
        for (int i = 0; i < times; i++)
        {
            wire.sendLong(wire.receiveLong());
        }
        wire.flush();
    }

    // ---- one way; the other end answers once, when it has all

    private static String oneWay(Wire wire, int size, int times) throws Exception
    {
        byte[] bytes = new byte[size];
        long start = System.nanoTime();
        for (int i = 0; i < times; i++)
        {
            if (size == Long.BYTES)
            {
                wire.sendLong(1000L + i);
            }
            else
            {
                wire.sendBytes(bytes);
            }
        }
        wire.receiveLong();
        return "{:per-second " + times * 1e9 / (System.nanoTime() - start) + "}";
    }

    private static void takeBytes(Wire wire, int size, int times) throws Exception
    {
        if (size == Long.BYTES)
        {
            wire.receiveLongs(times);
        }
        else
        {
            wire.receiveBytes(new byte[size], times);
        }
        wire.sendLong(times);
        wire.flush();
    }

    private static String array(Wire wire, int size, int times) throws Exception
    {
        double[] array = new double[size];
        Arrays.setAll(array, i -> i);
        wire.receiveLong();
        long start = System.nanoTime();
        for (int i = 0; i < times; i++)
        {
            wire.sendArray(array);
        }
        long allocated = wire.receiveLong();
        return "{:bytes-per-second " + times * 8.0 * size * 1e9 / (System.nanoTime() - start) +
            " :allocated " + (double)allocated / times + "}";
    }

    private static void takeArrays(Wire wire, int size, int times) throws Exception
    {
        double[] array = new double[size];
        Arrays.fill(array, -1);
        wire.sendLong(size);
        wire.flush();
        for (int i = 0; i < times; i++)
        {
            wire.receiveArray(array);
        }
        if (array[size - 1] != size - 1)
        {
            throw new IllegalStateException("What arrived is not what was sent.");
        }
        wire.sendLong(times);
        wire.flush();
    }

    private static void takeNewArrays(Wire wire, int size, int times) throws Exception
    {
        wire.sendLong(size);
        wire.flush();
        long before = allocatedBytes();
        double last = size - 1;
        for (int i = 0; i < times; i++)
        {
            last = Math.min(last, wire.receiveNewArray()[size - 1]);
        }
        if (last != size - 1)
        {
            throw new IllegalStateException("What arrived is not what was sent.");
        }
        wire.sendLong(allocatedBytes() - before);
        wire.flush();
    }

    // ---- silence

    // The CPU time that the other end uses while it waits for a message, as a part of one core.
    private static String idle(Wire wire, int ms) throws Exception
    {
        Thread.sleep(500);
        long before = cpuNanos(wire.otherPid());
        long start = System.nanoTime();
        Thread.sleep(ms);
        double share = (double)(cpuNanos(wire.otherPid()) - before) / (System.nanoTime() - start);
        wire.sendLong(1);
        wire.receiveLong();
        return "{:cores " + share + "}";
    }

    private static long cpuNanos(long pid) throws Exception
    {
        try (Stream<Path> tasks = Files.list(Path.of("/proc/" + pid + "/task")))
        {
            long sum = 0;
            for (Path task : (Iterable<Path>)tasks::iterator)
            {
                sum += Long.parseLong(new String(Files.readAllBytes(task.resolve("schedstat"))).split(" ")[0]);
            }
            return sum;
        }
    }
}
