package parallel.hosts;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

import parallel.Host;
import parallel.HostStatus.State;
import parallel.Parallel;
import parallel.Peer;
import parallel.Worker;
import parallel.WorkerOptions;
import parallel.control.Errors;

/** How fast hosts are, one after the other: each with all its cores busy, and what its connection moves. */
public final class Calibration
{
    /** What a host has besides others' words: figures that were measured. */
    interface Measured extends Host
    {
        void measured(double speed, double megabytesPerSecond);
    }

    /** A load. */
    public interface Load
    {
        /**
         * Plays it in as many workers as a host has cores, all at once; blocks.
         *
         * @param host  where.
         * @param cores how many.
         * @return how much each has done per second, in any unit.
         * @throws InterruptedException if interrupted.
         */
        List<Double> play(Host host, int cores) throws InterruptedException;
    }

    private static final int DOUBLES = 10_000;
    private static final long WARM_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long MEASURED_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final int FIRST_BYTES = 1 << 16;
    private static final int MOST_BYTES = 1 << 24;
    /** A message that takes so long says what the connection moves. */
    private static final long ENOUGH_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private Calibration()
    {
    }

    /**
     * Measures hosts; blocks for some three seconds for each of them.
     *
     * @param hosts those that are to be measured.
     * @param load  that they are measured with; null: {@code d += 13 s} over 10000 doubles.
     * @throws InterruptedException if interrupted.
     */
    public static void of(List<? extends Host> hosts, Load load) throws InterruptedException
    {
        if (hosts == null || hosts.isEmpty() || hosts.contains(null))
        {
            throw Errors.badArgument("There are no hosts to calibrate: " + hosts + ". Give one or more, which are up.");
        }
        HostRegistry.checkRoot();
        for (Host host : hosts)
        {
            State state = host.status().state();
            if (state != State.UP && state != State.SILENT)
            {
                throw Errors.badArgument("A host that is not up cannot be calibrated: " + host + ".");
            }
        }
        List<Double> rates = new ArrayList<>();
        List<Double> links = new ArrayList<>();
        for (Host host : hosts)
        {
            rates.add(median((load == null ? (Load)Calibration::axpy : load).play(host, host.cores())));
            links.add(link(host));
        }
        double fastest = Collections.max(rates);
        for (int i = 0; i < hosts.size(); i++)
        {
            double speed = Math.max(0.01, Math.round(100 * rates.get(i) / fastest) / 100.0);
            ((Measured)hosts.get(i)).measured(speed, links.get(i));
        }
    }

    private static double median(List<Double> values)
    {
        double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    private static WorkerOptions on(Host host, String name)
    {
        WorkerOptions.Builder options = WorkerOptions.builder().name(name);
        return (host instanceof LocalHost ? options : options.in(host)).build();
    }

    private static List<Double> axpy(Host host, int cores) throws InterruptedException
    {
        List<Worker> workers = new ArrayList<>();
        try
        {
            for (int i = 0; i < cores; i++)
            {
                workers.add(Parallel.run(on(host, "calibrate"), new Axpy()));
            }
            for (Worker worker : workers)
            {
                worker.receive();       // it has warmed up
            }
            for (Worker worker : workers)
            {
                worker.send(true);
            }
            List<Double> rates = new ArrayList<>();
            for (Worker worker : workers)
            {
                rates.add((Double)worker.join());
            }
            return rates;
        }
        finally
        {
            workers.forEach(Worker::kill);
        }
    }

    /** In megabytes per second, to the host. */
    private static double link(Host host) throws InterruptedException
    {
        Worker worker = Parallel.run(on(host, "calibrate"), new Counting());
        try
        {
            worker.receive();
            roundTrip(worker, FIRST_BYTES);     // classes are loaded
            for (int bytes = FIRST_BYTES;; bytes *= 4)
            {
                long took = roundTrip(worker, bytes);
                if (took >= ENOUGH_NANOS || bytes >= MOST_BYTES)
                {
                    return Math.round(bytes * 1e4 / took) / 10.0;
                }
            }
        }
        finally
        {
            worker.kill();
        }
    }

    private static long roundTrip(Worker worker, int bytes) throws InterruptedException
    {
        byte[] message = new byte[bytes];
        long begun = System.nanoTime();
        worker.send(message);
        worker.receive();
        return System.nanoTime() - begun;
    }

    /** Counts rounds of a load that the compiler knows by then, while its parent has all others do the same. */
    private static final class Axpy implements Callable<Double>, Serializable
    {
        private static final long serialVersionUID = 1;

        @Override
        public Double call() throws InterruptedException
        {
            double[] d = new double[DOUBLES];
            double[] s = new double[DOUBLES];
            Arrays.fill(s, 1e-9);
            rounds(d, s, WARM_NANOS);
            Peer parent = Parallel.parent();
            parent.send(true);
            parent.receive();
            long begun = System.nanoTime();
            return rounds(d, s, MEASURED_NANOS) * 1e9 / (System.nanoTime() - begun);
        }

        private static double rounds(double[] d, double[] s, long nanos)
        {
            long end = System.nanoTime() + nanos;
            long rounds = 0;
            while (System.nanoTime() - end < 0)
            {
                add(d, s);
                rounds++;
            }
            return d[0] < 0 ? 0 : rounds;      // d is used: the loop stays
        }

        private static void add(double[] d, double[] s)
        {
            for (int i = 0; i < d.length; i++)
            {
                d[i] += 13 * s[i];
            }
        }
    }

    /** Says of each message that it is here. */
    private static final class Counting implements Callable<Boolean>, Serializable
    {
        private static final long serialVersionUID = 1;

        @Override
        public Boolean call() throws InterruptedException
        {
            Peer parent = Parallel.parent();
            for (;;)
            {
                parent.send(true);
                parent.receive();
            }
        }
    }
}
