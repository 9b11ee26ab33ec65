package parallel.process;

import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The output of one worker on its way to a {@link Sink}: whole lines, in order, none lost, in bounded memory.
 *
 * <pre>
 *   stdout -> parallel-stdout-id \
 *   stderr -> parallel-stderr-id  -> queue of at most limitBytes -> one task at a time on the executor -> sink
 *   lines of grandchildren ------/
 * </pre>
 *
 * <p>While the queue is full the two threads do not read, so the worker's own prints wait. A sink may block for as long
 * as it likes: that holds up this worker's output and nothing else. Safe from any thread.
 */
public final class Output
{
    /** Which of its two streams a process wrote to. */
    public enum Stream
    {
        /** Standard output. */
        OUT,
        /** Standard error. */
        ERR
    }

    /**
     * One line without its end.
     *
     * @param stream    it was written to.
     * @param processId the worker id of the process that wrote it.
     * @param text      of the line.
     */
    public record Line(Stream stream, int processId, String text)
    {
    }

    /** Where lines finally go. An {@link Output} calls it by one thread at a time for one worker; may block. */
    public interface Sink
    {
        /**
         * Takes one line. A line for which this throws is dropped; the first such failure of a worker is logged.
         *
         * @param stream    it was written to.
         * @param processId of the process that wrote it.
         * @param line      without label and end.
         */
        void line(Stream stream, int processId, String line);

        /**
         * Takes the lines that are there, in order: the place to write them all and flush once. Unless overridden,
         * gives each to {@link #line}, the later ones also when an earlier one failed.
         *
         * @param lines one or more, at most some 100 KiB of text unless a single line is longer.
         * @throws Exception when something could not be written.
         */
        default void lines(List<Line> lines) throws Exception
        {
            LineByLine.give(this, lines);
        }
    }

    /** What a line counts in the queue besides its characters, so that empty ones count too. */
    public static final int LINE_BYTES = 32;

    private static final long FINISH_MS = 500;
    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final LineQueue queue;                  // guarded by lock
    private final List<Pump> pumps = new ArrayList<>();   // those that run; guarded by lock
    private final StderrTail tail = new StderrTail();
    private final LastLines last = new LastLines();       // guarded by lock
    private final Delivery delivery;
    private final Executor executor;
    private final int workerId;
    private volatile String outOfMemory;
    private volatile boolean isStarting;
    private boolean delivering;                     // a task is on the executor; guarded by lock
    private long batches;                           // delivered; guarded by lock

    /**
     * @param workerId   names the threads and the lines of {@link #pump}.
     * @param sink       where lines go.
     * @param limitBytes how much waits at most before reading stops.
     * @param executor   runs the deliveries; {@link #executor()}.
     */
    public Output(int workerId, Sink sink, long limitBytes, Executor executor)
    {
        this.workerId = workerId;
        this.queue = new LineQueue(limitBytes);
        this.delivery = new Delivery(workerId, sink);
        this.executor = executor;
    }

    /**
     * @return the pool all workers share: daemon threads {@code parallel-output-<n>}, made on demand, gone after 1 s.
     */
    public static Executor executor()
    {
        return OutputThreads.POOL;
    }

    /**
     * Starts reading a process's output. To be called once.
     *
     * @param stdout of the process; closed here at its end.
     * @param stderr of the process; closed here at its end.
     */
    public void pump(InputStream stdout, InputStream stderr)
    {
        start(new Pump(this, Stream.OUT, stdout), "parallel-stdout-");
        start(new Pump(this, Stream.ERR, stderr), "parallel-stderr-");
    }

    private void start(Pump pump, String name)
    {
        lock.lock();
        try
        {
            pumps.add(pump);
        }
        finally
        {
            lock.unlock();
        }
        try
        {
            OutputThreads.start(pump, name + workerId);
        }
        catch (OutOfMemoryError e)
        {
            pumpEnded(pump);    // the system has no more threads: nobody will read this
            throw e;
        }
    }

    /**
     * Adds a line of a process below this worker. Never blocks; these lines have a budget of their own, as large as
     * that of the worker's, which the caller keeps by giving credit.
     *
     * @param stream    it was written to.
     * @param processId of the process that wrote it.
     * @param line      without its end.
     * @param delivered run once the sink has had the line, on a thread of the executor; null for nothing.
     * @return false when the budget is used up: the line was not taken.
     */
    public boolean offer(Stream stream, int processId, String line, Runnable delivered)
    {
        lock.lock();
        try
        {
            Line offered = new Line(stream, processId, line);
            if (!queue.offer(offered, delivered))
            {
                return false;
            }
            last.add(offered);
            deliver();
            return true;
        }
        finally
        {
            lock.unlock();
        }
    }

    /**
     * Adds lines that the worker itself has printed, where something else than a pipe brings them. Never blocks, and
     * takes them all: whoever brings them waits until earlier ones were delivered.
     *
     * @param lines     in order, one or more.
     * @param delivered run once the sink has had the last of them, on a thread of the executor.
     */
    public void arrived(List<Line> lines, Runnable delivered)
    {
        lock.lock();
        try
        {
            for (int i = 0; i < lines.size(); i++)
            {
                last.add(lines.get(i));
                queue.add(lines.get(i), i == lines.size() - 1 ? delivered : null);
            }
            deliver();
        }
        finally
        {
            lock.unlock();
        }
    }

    /** @return the worker's last lines on stderr, at most 20 and 64 KiB of text, oldest first. */
    public List<String> stderrTail()
    {
        return tail.lines();
    }

    /**
     * What the worker and those below it have printed last, whether or not the sink has had it.
     *
     * @return 20 lines at most of each, in the order of each, cut to 400 characters.
     */
    public List<Line> lastLines()
    {
        lock.lock();
        try
        {
            return last.lines();
        }
        finally
        {
            lock.unlock();
        }
    }

    /**
     * How much the worker and those below it have printed.
     *
     * @return the number of lines of each that has, by its id.
     */
    public Map<Integer, Long> linesPrinted()
    {
        lock.lock();
        try
        {
            return last.counts();
        }
        finally
        {
            lock.unlock();
        }
    }

    /**
     * Says whether the JVM starts: until it runs code, what it says on stdout is of itself.
     *
     * @param starting false at first.
     */
    public void starting(boolean starting)
    {
        isStarting = starting;
    }

    /**
     * @return what the JVM said on either stream when it ended because an OutOfMemoryError was thrown; null: nothing.
     */
    public String outOfMemory()
    {
        return outOfMemory;
    }

    /**
     * To be called after the process's exit: waits until everything it wrote has reached the sink.
     *
     * <p>Waits at most the time given for a pipe that something else (a process the worker started) holds open; then
     * what the pipe has is taken, the pipe is closed and its thread ends. A sink that takes lines, however slowly, is
     * waited for; one that has taken nothing for that time is not, and gets the rest when it goes on.
     *
     * @param timeoutMs for a pipe to end, and for the sink to move, in milliseconds.
     * @return true when all has been delivered.
     * @throws InterruptedException when interrupted; the delivery goes on.
     */
    public boolean finish(long timeoutMs) throws InterruptedException
    {
        if (!awaitPumps(TimeUnit.MILLISECONDS.toNanos(timeoutMs)))
        {
            abandonPumps();
        }
        return awaitDelivery(TimeUnit.MILLISECONDS.toNanos(timeoutMs));
    }

    /**
     * As {@link #finish} with half a second, for one that has other things to give back: an interrupt ends the wait,
     * and stays.
     */
    public void finishSoon()
    {
        try
        {
            finish(FINISH_MS);
        }
        catch (InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
    }

    private boolean awaitPumps(long timeoutNanos) throws InterruptedException
    {
        lock.lockInterruptibly();
        try
        {
            long left = timeoutNanos;
            while (!pumps.isEmpty() && left > 0)
            {
                left = changed.awaitNanos(left);
            }
            return pumps.isEmpty();
        }
        finally
        {
            lock.unlock();
        }
    }

    private void abandonPumps()
    {
        List<Pump> running;
        lock.lock();
        try
        {
            running = List.copyOf(pumps);
        }
        finally
        {
            lock.unlock();
        }
        running.forEach(Pump::abandon);
    }

    private boolean awaitDelivery(long timeoutNanos) throws InterruptedException
    {
        lock.lockInterruptibly();
        try
        {
            long seen = batches;
            long left = timeoutNanos;
            while (!pumps.isEmpty() || !queue.isEmpty())
            {
                deliver();
                if (left <= 0)
                {
                    return false;
                }
                left = changed.awaitNanos(left);
                if (seen != batches)
                {
                    seen = batches;
                    left = timeoutNanos;
                }
            }
            return true;
        }
        finally
        {
            lock.unlock();
        }
    }

    /** Called by the pumps: adds lines in order, waits while the queue is full. */
    void put(Stream stream, List<String> lines)
    {
        if (stream == Stream.ERR || isStarting)
        {
            tail.add(lines);    // what keeps a JVM from starting is said on stdout
        }
        lock.lock();
        try
        {
            for (String line : lines)
            {
                if (line.contains(" due to java.lang.OutOfMemoryError"))
                {
                    outOfMemory = line;     // with -XX:+ExitOnOutOfMemoryError, on stdout
                }
                Line own = new Line(stream, workerId, line);
                last.add(own);
                while (queue.isFull())
                {
                    awaitRoom();
                }
                queue.add(own);
                deliver();
            }
        }
        finally
        {
            lock.unlock();
        }
    }

    private void awaitRoom()
    {
        deliver();
        try
        {
            changed.awaitNanos(delivering ? Long.MAX_VALUE : RETRY_NANOS);
        }
        catch (InterruptedException notForUs)
        {
            // Nobody has a reason to interrupt a thread of ours; its lines must not be lost for it.
        }
    }

    void pumpEnded(Pump pump)
    {
        lock.lock();
        try
        {
            pumps.remove(pump);
            changed.signalAll();
        }
        finally
        {
            lock.unlock();
        }
    }

    private void deliver()
    {
        if (!delivering && queue.hasWaiting())
        {
            try
            {
                executor.execute(this::deliverAll);
                delivering = true;
            }
            catch (OutOfMemoryError | RejectedExecutionException noThread)
            {
                // No thread can be made at this moment. The lines wait in the queue, for the next line or the next try.
            }
        }
    }

    private void deliverAll()
    {
        try
        {
            for (List<LineQueue.Entry> batch = next(); batch != null; batch = next())
            {
                delivery.give(batch);
                delivered(batch);
            }
        }
        catch (Throwable e)
        {
            stoppedDelivering();
            throw e;
        }
    }

    /** By an error. The next line, or a thread that waits for room, has the delivery begun again. */
    private void stoppedDelivering()
    {
        lock.lock();
        try
        {
            delivering = false;
            changed.signalAll();
        }
        finally
        {
            lock.unlock();
        }
    }

    private List<LineQueue.Entry> next()
    {
        lock.lock();
        try
        {
            List<LineQueue.Entry> batch = queue.take();
            if (batch.isEmpty())
            {
                delivering = false;
                changed.signalAll();
                return null;
            }
            return batch;
        }
        finally
        {
            lock.unlock();
        }
    }

    private void delivered(List<LineQueue.Entry> batch)
    {
        lock.lock();
        try
        {
            queue.release(batch);
            batches++;
            changed.signalAll();
        }
        finally
        {
            lock.unlock();
        }
    }
}
