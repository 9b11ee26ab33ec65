package parallel.example;

import java.util.concurrent.Callable;

import parallel.Parallel;

/** A worker's body that is a class. */
public final class Summer implements Callable<Object>
{
    private final double factor;

    public Summer(double factor)
    {
        this.factor = factor;
    }

    @Override
    public Object call() throws Exception
    {
        double sum = 0;
        for (double x : (double[])Parallel.parent().receive())
        {
            sum += factor * x;
        }
        return sum;
    }
}
