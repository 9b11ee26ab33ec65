package parallel.bench;

import java.io.IOException;
import java.nio.file.Path;

import parallel.TimelineEntry.Kind;
import parallel.TimelineEntry.Outcome;
import parallel.runtime.WorkRecord;
import parallel.transport.FlightRecord;
import parallel.transport.PairFile;

/**
 * What it costs to record an element of a map, its look at the clock included, beside such a look. The best batch
 * counts, so the figures hold on a busy machine, too.
 */
public final class RecordCost
{
    private static final int ELEMENTS = 1000;
    private static final int BATCHES = 2000;
    private static final int RING_BYTES = 8192;

    /** So that no look at the clock is left out. */
    private static volatile long sum;

    private RecordCost()
    {
    }

    /**
     * Measures both.
     *
     * @param directory for a pair file.
     * @return nanoseconds of a recorded element, and of a look at the clock.
     * @throws IOException if there is no room for the file.
     */
    public static double[] nanos(Path directory) throws IOException
    {
        try (PairFile pair = PairFile.create(directory, RING_BYTES, ProcessHandle.current().pid(), 0))
        {
            FlightRecord record = pair.status().record();
            record.evaluates(true);
            WorkRecord elements = new WorkRecord(record, "user/score");
            double recorded = Double.MAX_VALUE;
            double clock = Double.MAX_VALUE;
            for (int batch = 0; batch < BATCHES; batch++)
            {
                recorded = Math.min(recorded, recorded(elements));
                clock = Math.min(clock, clock());
            }
            return new double[]{ recorded, clock };
        }
    }

    private static double recorded(WorkRecord elements)
    {
        long start = System.nanoTime();
        for (int i = 0; i < ELEMENTS; i++)
        {
            long now = System.nanoTime();
            elements.end(Outcome.OK, now);
            elements.begin(Kind.ELEMENT, i, now);
        }
        return (System.nanoTime() - start) / (double)ELEMENTS;
    }

    private static double clock()
    {
        long start = System.nanoTime();
        long all = 0;
        for (int i = 0; i < ELEMENTS; i++)
        {
            all += System.nanoTime();
        }
        sum = all;
        return (System.nanoTime() - start) / (double)ELEMENTS;
    }
}
