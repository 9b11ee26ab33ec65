package parallel.transport;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * The one thread of a process that reads control streams: a daemon that never blocks but in its selector. Listeners,
 * ticks and tasks run on it, one at a time; what they throw is logged and does not stop it. Safe from any thread.
 */
public final class ControlLoop implements AutoCloseable
{
    private static final long DEFAULT_MAX_FRAME = 1L << 40;
    private static final int SCRATCH_BYTES = 64 * 1024;
    private static final int MOST_FAILURES = 1000;
    private static final long LOOK_EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

    /** Something to do every so often. Of the loop's thread. */
    private static final class Tick
    {
        private final long nanos;
        private final long restNanos;
        private final BooleanSupplier task;
        private boolean rests;
        private long next;

        Tick(long nanos, long restNanos, BooleanSupplier task)
        {
            this.nanos = nanos;
            this.restNanos = restNanos;
            this.task = task;
            this.next = System.nanoTime() + nanos;
        }

        void run(long now)
        {
            next = now + nanos;
            rests = !task.getAsBoolean();
            next = rests ? now + restNanos : next;
        }

        void stir(long now)
        {
            next = rests ? Math.min(next, now + nanos) : next;
            rests = false;
        }
    }

    private final Selector selector;
    private final Thread thread;
    private final long maxFrame;
    private final ByteBuffer scratch = ByteBuffer.allocateDirect(SCRATCH_BYTES);
    private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private volatile boolean closing;
    private volatile boolean outOfNative;
    private volatile boolean resting;

    /** One after the other. Of the loop's thread. */
    private int failures;
    /** What ended the loop, or null: it was closed. */
    private Throwable failure;
    private volatile boolean ended;

    /** Of the loop's thread. */
    private final List<Tick> ticks = new ArrayList<>();
    /** The ends of links that have not ended: what the close has to end. */
    private final Set<Link> links = Collections.synchronizedSet(new HashSet<>());

    private ControlLoop(String threadName, long maxFrame)
    {
        try
        {
            this.selector = Selector.open();
        }
        catch (IOException e)
        {
            throw new UncheckedIOException("The control loop cannot start: no selector can be opened.", e);
        }
        this.maxFrame = maxFrame;
        this.thread = new Thread(this::run, threadName);
        thread.setDaemon(true);
    }

    /**
     * Starts a loop whose links take frames of up to 1 TiB.
     *
     * @param threadName of its thread.
     * @return the running loop.
     */
    public static ControlLoop start(String threadName)
    {
        return start(threadName, DEFAULT_MAX_FRAME);
    }

    /**
     * Starts a loop.
     *
     * @param threadName of its thread.
     * @param maxFrame   the longest frame, in bytes; an announced longer one ends its link with an error.
     * @return the running loop.
     */
    public static ControlLoop start(String threadName, long maxFrame)
    {
        ControlLoop loop = new ControlLoop(threadName, maxFrame);
        try
        {
            loop.thread.start();
        }
        catch (OutOfMemoryError e)
        {
            loop.closeSelector();   // the system has no more threads for this process
            throw e;
        }
        return loop;
    }

    /**
     * Makes a link of a connected socket. The link closes it.
     *
     * @param connected is made non-blocking.
     * @param listener  hears its frames and its end.
     * @return the link.
     * @throws UncheckedIOException when the socket is closed.
     */
    public Link attach(SocketChannel connected, LinkListener listener)
    {
        try
        {
            connected.configureBlocking(false);
        }
        catch (IOException e)
        {
            throw new UncheckedIOException(e);
        }
        SocketLink link = new SocketLink(this, connected, listener, maxFrame);
        add(link);
        execute(() -> link.register(selector));
        return link;
    }

    /**
     * Makes a link within this process. A frame is copied when it is sent.
     *
     * @param a hears what the second end sends.
     * @param b hears what the first end sends.
     * @return two ends: the first is for whoever listens with a.
     */
    public Link[] localPair(LinkListener a, LinkListener b)
    {
        LocalLink[] pair = LocalLink.pair(this, a, b);
        add(pair);
        return pair;
    }

    // Added first: the end of the loop, which comes after that of its flag, ends those that it finds.
    private void add(Link... added)
    {
        Collections.addAll(links, added);
        if (ended)
        {
            throw new IllegalStateException("The thread " + thread.getName() +
                ", which reads all control streams, has ended.");
        }
    }

    /**
     * Runs a task again and again on the loop's thread, the first time after one period.
     *
     * @param millis the period, 1 or more.
     * @param tick   must not block.
     */
    public void every(long millis, Runnable tick)
    {
        every(millis, millis, () ->
        {
            tick.run();
            return true;
        });
    }

    /**
     * The same of a task that rests while there is nothing to do: until a frame comes, {@link #stir} is called, or the
     * longer period is over.
     *
     * @param millis     the period, 1 or more.
     * @param restMillis the longer period.
     * @param tick       must not block; false: it rests.
     */
    public void every(long millis, long restMillis, BooleanSupplier tick)
    {
        execute(() -> ticks.add(
            new Tick(TimeUnit.MILLISECONDS.toNanos(millis), TimeUnit.MILLISECONDS.toNanos(restMillis), tick)));
    }

    /** Something happens again: tasks that rest do so no more. Costs next to nothing while none does. */
    public void stir()
    {
        if (resting)
        {
            execute(this::stirTicks);
        }
    }

    private void stirTicks()
    {
        resting = false;
        long now = System.nanoTime();
        ticks.forEach(tick -> tick.stir(now));
    }

    /**
     * Runs a task on the loop's thread, after those given before. After the close it is not run.
     *
     * @param task must not block.
     */
    public void execute(Runnable task)
    {
        tasks.add(task);
        wake();
    }

    /**
     * From now on the loop looks every 2 ms instead of waiting in the kernel. For a JVM that is about to exit: HotSpot
     * gives a thread that is in native code 300 ms to come out (VM_Exit::wait_for_threads_in_native_to_block), at every
     * exit.
     */
    public void stayOutOfNative()
    {
        outOfNative = true;
        wake();
    }

    /** Ends every link, then the thread. Idempotent; does not wait. */
    @Override
    public void close()
    {
        closing = true;
        wake();
    }

    void wake()
    {
        if (Thread.currentThread() != thread)
        {
            selector.wakeup();
        }
    }

    // On the loop's thread: waits a moment for memory, so that what cannot be done yet is not tried without end.
    void pauseHere()
    {
        if (Thread.currentThread() == thread)
        {
            LockSupport.parkNanos(LOOK_EVERY_NANOS);
        }
    }

    void forget(Link link)
    {
        links.remove(link);
    }

    private void run()
    {
        while (!closing)
        {
            step();
        }
        end();
    }

    private void step()
    {
        try
        {
            select();
            runTasks();
            runTicks();
            failures = 0;
        }
        catch (OutOfMemoryError e)
        {
            // Another thread took it all. The memory comes back when that one has failed; this thread must still be
            // there.
            LockSupport.parkNanos(LOOK_EVERY_NANOS);
        }
        catch (IOException | RuntimeException | Error e)
        {
            // The others' streams are not to end for it. What fails at each step is let end them: a hang would be
            // worse.
            if (failures == 0)
            {
                log(e);
            }
            failures++;
            if (failures > MOST_FAILURES)
            {
                failure = e;
                closing = true;
            }
            LockSupport.parkNanos(LOOK_EVERY_NANOS);
        }
    }

    private void select() throws IOException
    {
        // Meant for somebody's blocking call, never for this thread: a set flag would make select spin.
        Thread.interrupted();
        long timeout = tasks.isEmpty() ? untilNextTick() : -1;
        if (outOfNative)
        {
            LockSupport.parkNanos(LOOK_EVERY_NANOS);
        }
        int ready = timeout < 0 || outOfNative ? selector.selectNow(key -> ready(key, scratch)) :
            selector.select(key -> ready(key, scratch), timeout);
        if (ready > 0 && resting)
        {
            stirTicks();
        }
    }

    private static void ready(SelectionKey key, ByteBuffer scratch)
    {
        guarded(() -> ((SocketLink)key.attachment()).ready(key, scratch));
    }

    // In ms: 0 without limit, negative now.
    private long untilNextTick()
    {
        long least = Long.MAX_VALUE;
        long now = System.nanoTime();
        for (Tick tick : ticks)
        {
            least = Math.min(least, tick.next - now);
        }
        return least == Long.MAX_VALUE ? 0 : least <= 0 ? -1 : 1 + TimeUnit.NANOSECONDS.toMillis(least);
    }

    private void runTasks()
    {
        // Only those that are there now: one that adds another does not keep the sockets waiting.
        for (int n = tasks.size(); n > 0; n--)
        {
            guarded(tasks.poll());
        }
    }

    private void runTicks()
    {
        for (Tick tick : List.copyOf(ticks))
        {
            long now = System.nanoTime();
            if (tick.next - now <= 0)
            {
                guarded(() -> tick.run(now));
                resting |= tick.rests;
            }
        }
    }

    private void end()
    {
        ended = true;
        guarded(this::runTasks);
        guarded(this::endLinks);
        closeSelector();
    }

    private void endLinks()
    {
        for (Link link : links.toArray(Link[]::new))
        {
            guarded(() -> end(link));
        }
    }

    private void end(Link link)
    {
        if (link instanceof SocketLink socketLink)
        {
            socketLink.end(failure);
        }
        else
        {
            ((LocalLink)link).end(failure);
        }
    }

    private void closeSelector()
    {
        try
        {
            selector.close();
        }
        catch (IOException e)
        {
            log(e);
        }
    }

    static void guarded(Runnable task)
    {
        try
        {
            task.run();
        }
        catch (RuntimeException | Error e)
        {
            log(e);
        }
    }

    static void log(Throwable e)
    {
        try
        {
            System.getLogger(ControlLoop.class.getName()).log(System.Logger.Level.ERROR,
                "A listener of the control loop failed.", e);
        }
        catch (RuntimeException | Error second)
        {
            // The line is lost, the loop is not.
        }
    }
}
