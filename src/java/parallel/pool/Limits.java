package parallel.pool;

/**
 * How large a pool is, how long it keeps what, and how often it tries. Filled in by one thread, then left alone.
 */
public final class Limits
{
    static final int MOST_QUEUED = 1_000_000;
    /** A little later can be counted, too. */
    private static final long MOST_IDLE_MS = Long.MAX_VALUE / 2;
    private int start;
    private int min;
    private int max;
    private long idleMs = 60_000;
    private long maxTasks = Long.MAX_VALUE;
    /** Of a worker's heap; 0: as much as it takes. */
    private double maxHeapUse;
    private long queueBytes = Runtime.getRuntime().maxMemory() / 4;
    private int queueLength = MOST_QUEUED;
    private int retries = 1;
    private boolean failOnHostLost;
    private long graceMs = 2000;

    /**
     * A pool of always so many workers.
     *
     * @param workers how many, at least 1.
     */
    public Limits(int workers)
    {
        this.start = workers;
        this.min = workers;
        this.max = workers;
    }

    /**
     * @param least workers that are kept.
     * @param most  workers that there may be.
     * @return this.
     */
    public Limits between(int least, int most)
    {
        min = least;
        max = most;
        start = Math.max(least, Math.min(start, most));
        return this;
    }

    /**
     * @param ms after which an idle worker above the least number ends.
     * @return this.
     */
    public Limits idleMs(long ms)
    {
        idleMs = Math.min(ms, MOST_IDLE_MS);
        return this;
    }

    /**
     * @param tasks after which a worker is renewed.
     * @return this.
     */
    public Limits maxTasks(long tasks)
    {
        maxTasks = tasks;
        return this;
    }

    /**
     * @param fraction of its heap that a worker's live data may take, before the worker is replaced.
     * @return this.
     */
    public Limits maxHeapUse(double fraction)
    {
        maxHeapUse = fraction;
        return this;
    }

    /**
     * @param bytes of tasks that may wait; one larger is always admitted.
     * @return this.
     */
    public Limits queueBytes(long bytes)
    {
        queueBytes = bytes;
        return this;
    }

    /**
     * @param tasks that may wait.
     * @return this.
     */
    public Limits queueLength(int tasks)
    {
        queueLength = tasks;
        return this;
    }

    /**
     * @param times that a task is tried again after its worker died.
     * @return this.
     */
    public Limits retries(int times)
    {
        retries = times;
        return this;
    }

    /**
     * @param ms between the interrupt of a task and the end of its worker.
     * @return this.
     */
    public Limits graceMs(long ms)
    {
        graceMs = ms;
        return this;
    }

    /**
     * Whether tasks that a host had when it was lost fail.
     *
     * @param fail false, the default: they are tried elsewhere.
     * @return this.
     */
    public Limits failOnHostLost(boolean fail)
    {
        failOnHostLost = fail;
        return this;
    }

    boolean failsOnHostLost()
    {
        return failOnHostLost;
    }

    int start()
    {
        return start;
    }

    int min()
    {
        return min;
    }

    /** @return the most workers there may be. */
    public int max()
    {
        return max;
    }

    /** @return after which time an idle worker above the least number ends. */
    public long idleMs()
    {
        return idleMs;
    }

    long maxTasks()
    {
        return maxTasks;
    }

    double maxHeapUse()
    {
        return maxHeapUse;
    }

    long queueBytes()
    {
        return queueBytes;
    }

    /** @return how many tasks may wait. */
    public int queueLength()
    {
        return queueLength;
    }

    /** @return how often a task is tried again after its worker died. */
    public int retries()
    {
        return retries;
    }

    /** @return between the interrupt of a task and the end of its worker. */
    public long graceMs()
    {
        return graceMs;
    }
}
