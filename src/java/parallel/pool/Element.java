package parallel.pool;

import java.util.SplittableRandom;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import java.util.random.RandomGenerator;

/**
 * The element of a map that a thread evaluates: its random numbers, and its time-out, which interrupts this element and
 * never the next. Of the thread that made it, which evaluates one element after the other; the timer comes from
 * another.
 */
public final class Element
{
    private static final ThreadLocal<Element> OF_THREAD = new ThreadLocal<>();
    private static final ThreadLocal<RandomGenerator> UNSEEDED = ThreadLocal.withInitial(SplittableRandom::new);

    private final Thread thread = Thread.currentThread();
    private final Element outer = OF_THREAD.get();
    private final long seed;
    private RandomGenerator random;
    private long index = -1;
    private long began;
    private boolean running;
    private boolean late;
    private boolean closed;
    private Future<?> nextLook;

    /**
     * Becomes the calling thread's, until {@link #close()}.
     *
     * @param seed of the map.
     */
    public Element(long seed)
    {
        this.seed = seed;
        OF_THREAD.set(this);
    }

    /**
     * Is the thread's element again what it was before. Nothing is left with the timer.
     */
    public void close()
    {
        synchronized (this)
        {
            closed = true;
            if (nextLook != null)
            {
                nextLook.cancel(false);
            }
        }
        if (outer == null)
        {
            OF_THREAD.remove();
        }
        else
        {
            OF_THREAD.set(outer);
        }
    }

    /**
     * The random numbers of the element that the calling thread evaluates.
     *
     * @return its stream; outside of any element one of the thread's own, which nothing can repeat.
     */
    public static RandomGenerator random()
    {
        Element element = OF_THREAD.get();
        return element == null || element.index < 0 ? UNSEEDED.get() : element.stream();
    }

    private RandomGenerator stream()
    {
        if (random == null)
        {
            random = new ElementRandom(seed, index);
        }
        return random;
    }

    /**
     * The next element begins.
     *
     * @param itsIndex in the map.
     */
    public void next(long itsIndex)
    {
        index = itsIndex;
        random = null;
    }

    // ---- with a time-out

    /** The element that {@link #next(long)} named begins to be watched. */
    public synchronized void begin()
    {
        began = System.nanoTime();
        running = true;
        late = false;
    }

    /**
     * It has ended.
     *
     * @return whether that was too late: it was interrupted, and the flag is cleared.
     */
    public synchronized boolean end()
    {
        running = false;
        if (late)
        {
            Thread.interrupted();
        }
        return late;
    }

    /**
     * Watches the elements of this thread until it is closed or one does not end.
     *
     * @param timeoutMs after which an element is interrupted.
     * @param graceMs   after which one that was interrupted is given up.
     * @param giveUp    called then, on another thread, with the element's index.
     */
    public void watch(long timeoutMs, long graceMs, LongConsumer giveUp)
    {
        lookAfter(timeoutMs, () -> look(timeoutMs, graceMs, giveUp));
    }

    private synchronized void lookAfter(long ms, Runnable look)
    {
        if (!closed)
        {
            nextLook = Timer.after(ms, look);
        }
    }

    private void look(long timeoutMs, long graceMs, LongConsumer giveUp)
    {
        long next = untilNextLook(timeoutMs, graceMs);
        if (next > 0)
        {
            lookAfter(next, () -> look(timeoutMs, graceMs, giveUp));
        }
        else if (next == 0)
        {
            giveUp.accept(index);
        }
    }

    /** How long until the next look, in milliseconds; 0: it is given up; -1: there is nothing to watch any more. */
    private synchronized long untilNextLook(long timeoutMs, long graceMs)
    {
        if (closed)
        {
            return -1;
        }
        if (!running)
        {
            return timeoutMs;
        }
        long ms = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
        if (ms < timeoutMs)
        {
            return timeoutMs - ms;
        }
        if (!late)
        {
            late = true;
            thread.interrupt();
            return Math.max(1, graceMs);
        }
        return ms >= timeoutMs + graceMs ? 0 : timeoutMs + graceMs - ms;
    }
}
