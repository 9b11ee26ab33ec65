package consumer;

import java.util.stream.LongStream;

import parallel.Parallel;
import parallel.Worker;

/** Sums squares in a worker. */
public final class Squares
{
    private Squares()
    {
    }

    public static long sum(long limit) throws InterruptedException
    {
        try (Worker worker = Parallel.run(() -> LongStream.rangeClosed(1, limit).map(Squares::square).sum()))
        {
            return (Long)worker.join();
        }
    }

    static long square(long x)
    {
        return x * x;
    }
}
