package consumer;

import java.util.stream.DoubleStream;

import parallel.Parallel;
import parallel.Worker;
import parallel.WorkerPool;

/** A program of one jar. */
public final class Main
{
    private Main()
    {
    }

    public static void main(String[] arguments) throws Exception
    {
        try (Worker worker = Parallel.run(() -> DoubleStream.of((double[])Parallel.parent().receive()).sum()))
        {
            worker.send(new double[] {1, 2, 3});
            System.out.println("sum: " + worker.join());
        }
        try (WorkerPool pool = WorkerPool.of(2))
        {
            System.out.println("pool: " + pool.submit(() -> square(6)).get());
        }
        System.out.println("clojure: " + Main.class.getClassLoader().getResource("clojure/lang/RT.class"));
        Parallel.close();
    }

    private static int square(int x)
    {
        return x * x;
    }
}
