package parallel.bench;

import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

import parallel.Parallel;
import parallel.Peer;
import parallel.Worker;

/**
 * Ping-pong and one-way throughput of the public Java API, each beside a bare ring, an array copy, in the same run.
 */
public final class Figures
{
    private static final int PINGS = 200_000;
    private static final int ROUNDS = 5;
    private static final int ONE_WAY = 3_000_000;
    private static final int CAPACITY = 1 << 20;
    private static final int END_OF_ROUND = 2;

    private Figures()
    {
    }

    public static void main(String[] arguments) throws Exception
    {
        System.out.printf("java %s, %d cores%n", System.getProperty("java.version"), Runtime.getRuntime().availableProcessors());
        pingPong();
        oneWay();
        for (final int n : new int[]{100_000, 1_000_000, 10_000_000})
        {
            arrays(n);
        }
    }

    private static void row(String what, double ours, String unit, double reference, String of)
    {
        System.out.printf("%-34s %10.2f %-8s %s %.2f, ratio %.2f%n", what, ours, unit, of, reference, ours / reference);
    }

    // ---- ping-pong of 8 bytes

    private static void pingPong() throws Exception
    {
        final Worker echo = Parallel.run(() ->
        {
            final Peer parent = Parallel.parent();
            for (Object message = parent.receive(); message instanceof Long; message = parent.receive())
            {
                parent.send(message);
            }
            return null;
        });
        final Path file = Files.createTempFile(Path.of("/dev/shm"), "bare", ".ring");
        final String name = file.toString();
        final Worker bare = Parallel.run(() ->
        {
            final OneToOneRingBuffer[] rings = map(Path.of(name));
            for (int round = 0; round < ROUNDS; round++)
            {
                Parallel.parent().receive();    // sleeps while the other is measured
                bareEcho(rings);
            }
            return null;
        });
        final double[] ours = new double[ROUNDS];
        final double[] reference = new double[ROUNDS];
        final OneToOneRingBuffer[] rings = map(file);
        for (int round = 0; round < ROUNDS; round++)
        {
            bare.send(round);
            reference[round] = barePings(rings);
            rings[0].write(END_OF_ROUND, new UnsafeBuffer(new byte[8]), 0, 8);
            ours[round] = pings(echo);
        }
        echo.send("end");
        bare.join();
        echo.join();
        Files.delete(file);
        row("ping-pong of a long, p50", median(ours), "ns", median(reference), "bare ring");
    }

    private static double pings(Worker echo) throws InterruptedException
    {
        final long[] times = new long[PINGS];
        for (int i = 0; i < PINGS; i++)
        {
            final long start = System.nanoTime();
            echo.send(1000L + i);
            echo.receive();
            times[i] = System.nanoTime() - start;
        }
        return p50(times);
    }

    private static OneToOneRingBuffer[] map(Path file) throws IOException
    {
        final int length = CAPACITY + RingBufferDescriptor.TRAILER_LENGTH;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE))
        {
            final MappedByteBuffer map = channel.map(FileChannel.MapMode.READ_WRITE, 0, 2L * length);
            return new OneToOneRingBuffer[]{
                new OneToOneRingBuffer(new UnsafeBuffer(map, 0, length)), new OneToOneRingBuffer(new UnsafeBuffer(map, length, length))};
        }
    }

    private static void bareEcho(OneToOneRingBuffer[] rings)
    {
        final boolean[] over = new boolean[1];
        final UnsafeBuffer copy = new UnsafeBuffer(new byte[8]);
        while (!over[0])
        {
            rings[0].read((type, buffer, index, length) ->
            {
                over[0] = type == END_OF_ROUND;
                if (!over[0])
                {
                    copy.putBytes(0, buffer, index, length);
                    rings[1].write(1, copy, 0, 8);
                }
            });
        }
    }

    private static double barePings(OneToOneRingBuffer[] rings)
    {
        final UnsafeBuffer message = new UnsafeBuffer(new byte[8]);
        final long[] times = new long[PINGS];
        for (int i = 0; i < PINGS; i++)
        {
            final long start = System.nanoTime();
            rings[0].write(1, message, 0, 8);
            while (rings[1].read((type, buffer, index, length) -> message.putBytes(0, buffer, index, length)) == 0)
            {
                Thread.onSpinWait();
            }
            times[i] = System.nanoTime() - start;
        }
        return p50(times);
    }

    // ---- one way, 8 bytes

    private static void oneWay() throws Exception
    {
        final Worker counter = Parallel.run(() ->
        {
            final Peer parent = Parallel.parent();
            for (int round = 0; round < ROUNDS; round++)
            {
                for (int i = 0; i < ONE_WAY; i++)
                {
                    parent.receive();
                }
                parent.send(round);
            }
            return null;
        });
        final Path file = Files.createTempFile(Path.of("/dev/shm"), "bare", ".ring");
        final String name = file.toString();
        final Worker bare = Parallel.run(() ->
        {
            final OneToOneRingBuffer[] rings = map(Path.of(name));
            for (int round = 0; round < ROUNDS; round++)
            {
                Parallel.parent().receive();
                bareCount(rings);
            }
            return null;
        });
        final OneToOneRingBuffer[] rings = map(file);
        final double[] ours = new double[ROUNDS];
        final double[] reference = new double[ROUNDS];
        for (int round = 0; round < ROUNDS; round++)
        {
            bare.send(round);
            reference[round] = bareOneWay(rings);
            final long start = System.nanoTime();
            for (int i = 0; i < ONE_WAY; i++)
            {
                counter.send(1000L + i);
            }
            counter.receive();
            ours[round] = ONE_WAY * 1000.0 / (System.nanoTime() - start);
        }
        counter.join();
        bare.join();
        Files.delete(file);
        row("one way, a long", median(ours), "M msg/s", median(reference), "bare ring");
    }

    private static double bareOneWay(OneToOneRingBuffer[] rings)
    {
        final UnsafeBuffer message = new UnsafeBuffer(new byte[8]);
        final long start = System.nanoTime();
        for (int i = 0; i < ONE_WAY; i++)
        {
            while (!rings[0].write(1, message, 0, 8))
            {
                Thread.onSpinWait();
            }
        }
        while (rings[1].read((type, buffer, index, length) -> { }) == 0)
        {
            Thread.onSpinWait();
        }
        return ONE_WAY * 1000.0 / (System.nanoTime() - start);
    }

    private static void bareCount(OneToOneRingBuffer[] rings)
    {
        final UnsafeBuffer message = new UnsafeBuffer(new byte[8]);
        for (int i = 0; i < ONE_WAY;)
        {
            final int read = rings[0].read((type, buffer, index, length) -> message.putBytes(0, buffer, index, length));
            i += read;
            if (read == 0)
            {
                Thread.onSpinWait();
            }
        }
        rings[1].write(1, message, 0, 8);
    }

    // ---- arrays

    private static void arrays(int n) throws Exception
    {
        final int times = (int)Math.max(20, 100_000_000L / n);
        final Worker taker = Parallel.run(() ->
        {
            final Peer parent = Parallel.parent();
            final double[] into = new double[n];
            for (int round = 0; round < ROUNDS; round++)
            {
                for (int i = 0; i < times; i++)
                {
                    parent.receiveInto(into);
                }
                parent.send(into[n - 1]);
            }
            return null;
        });
        final double[] from = new double[n];
        Arrays.fill(from, 1);
        final double[] to = new double[n];
        final double[] ours = new double[ROUNDS];
        final double[] reference = new double[ROUNDS];
        for (int round = 0; round < ROUNDS; round++)
        {
            final long copyStart = System.nanoTime();
            for (int i = 0; i < times; i++)
            {
                System.arraycopy(from, 0, to, 0, n);
            }
            reference[round] = 8.0 * n * times / (System.nanoTime() - copyStart);
            final long start = System.nanoTime();
            for (int i = 0; i < times; i++)
            {
                taker.send(from);
            }
            taker.receive();
            ours[round] = 8.0 * n * times / (System.nanoTime() - start);
        }
        taker.join();
        row(String.format("double[%d], one way", n), median(ours), "GB/s", median(reference), "arraycopy");
    }

    private static double p50(long[] times)
    {
        Arrays.sort(times);
        return times[times.length / 2];
    }

    private static double median(double[] values)
    {
        final double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
