package parallel.codec;

/**
 * A thread with a stack that the deepest value fits in. A thread's own stack usually does; how much of it is left, and
 * how large the JVM's frames are, nobody knows beforehand. So it is tried, and what overflows is done once more here.
 */
final class DeepStack
{
    private static final long BYTES = 32L * 1024 * 1024;

    private DeepStack()
    {
    }

    /** Runs a task to its end, the caller waiting, interrupted or not. What it throws comes out here. */
    static void run(Runnable task)
    {
        Throwable[] thrown = new Throwable[1];
        Runnable bound = Modules.isPresent() ? Modules.module().bound(task) : task;
        Thread thread = new Thread(null, () -> thrown[0] = failure(bound), "parallel-codec-0", BYTES);
        thread.setDaemon(true);
        thread.setContextClassLoader(Thread.currentThread().getContextClassLoader());
        thread.start();
        await(thread);
        if (thrown[0] != null)
        {
            throw Failures.unchecked(thrown[0]);
        }
    }

    private static Throwable failure(Runnable task)
    {
        try
        {
            task.run();
            return null;
        }
        catch (Throwable e)
        {
            return e;
        }
    }

    private static void await(Thread thread)
    {
        boolean interrupted = false;
        while (true)
        {
            try
            {
                thread.join();
                break;
            }
            catch (InterruptedException e)
            {
                interrupted = true;
            }
        }
        if (interrupted)
        {
            Thread.currentThread().interrupt();
        }
    }
}
