package consumer;

import parallel.Parallel;

/** Runs a lambda and a record of this module in a worker. */
public final class Main
{
    private Main()
    {
    }

    record Point(int x, int y)
    {
    }

    public static void main(String[] arguments) throws InterruptedException
    {
        Point point = new Point(20, 22);
        System.out.println(Main.class.getModule() + " requires " + Parallel.class.getModule());
        System.out.println("sum: " + Parallel.run(() -> point.x() + point.y()).join());
        Parallel.close();
    }
}
