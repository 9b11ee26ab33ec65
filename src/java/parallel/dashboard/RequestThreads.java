package parallel.dashboard;

import java.util.Comparator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

import parallel.runtime.Context;
import parallel.runtime.Threads;

/**
 * The threads of one dashboard: few, and each request has its time. Where all of them are taken, the one that has been
 * reading a request for longest is dropped, so that a client which sends slowly, or nothing, keeps nobody out. A
 * connection beyond those that may wait is closed at once: the JDK's server does that when it is refused a thread.
 */
final class RequestThreads implements Executor
{
    private static final System.Logger LOG = System.getLogger("parallel");
    static final int MOST = 16;
    private static final int MOST_WAITING = 64;
    private static final long TO_READ_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long LEAST_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final long TO_END_MS = 2000;

    private final Context context;
    private final AtomicInteger number = new AtomicInteger();
    private final Map<Thread, Turn> turns = new ConcurrentHashMap<>();
    private final ThreadPoolExecutor pool;
    private volatile Thread first;
    private volatile Runnable begun = () -> { };

    RequestThreads(Context context)
    {
        this.context = context;
        pool = new ThreadPoolExecutor(MOST, MOST, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(MOST_WAITING),
            body -> thread(body));
        pool.allowCoreThreadTimeOut(true);
    }

    private Thread thread(Runnable body)
    {
        String name = "parallel-dashboard-" + number.getAndIncrement();
        return Threads.unstarted(name, () ->
        {
            if (!context.ownsProcess())
            {
                Context.enter(context);
            }
            body.run();
        }, e -> LOG.log(System.Logger.Level.ERROR, "An error ended the thread " + name, e));
    }

    /** The first thread, which is none of the pool's. */
    void start(Runnable body)
    {
        first = thread(body);
        first.start();
    }

    /** Whom to tell that a turn has begun. */
    void onBegin(Runnable listener)
    {
        begun = listener;
    }

    @Override
    public void execute(Runnable exchange)
    {
        pool.execute(() ->
        {
            Turn turn = new Turn(TO_READ_NANOS);
            turns.put(Thread.currentThread(), turn);
            begun.run();
            try
            {
                exchange.run();
            }
            finally
            {
                turns.remove(Thread.currentThread());
                turn.end();
            }
        });
    }

    /** Work of ours, which takes what it takes. */
    void executeOwn(Runnable work)
    {
        pool.execute(work);
    }

    Turn turn()
    {
        return turns.get(Thread.currentThread());
    }

    boolean isIdle()
    {
        return turns.isEmpty();
    }

    void dropLate()
    {
        long now = System.nanoTime();
        turns.values().forEach(turn -> turn.dropIfLate(now));
        long wanted = pool.getQueue().size();
        Predicate<Turn> slow = turn -> turn.reads() && now - turn.begunNanos() >= LEAST_NANOS;
        turns.values().stream().filter(slow).sorted(Comparator.comparingLong(Turn::begunNanos)).limit(wanted)
            .forEach(Turn::drop);
    }

    void end()
    {
        pool.shutdownNow();
        turns.values().forEach(Turn::drop);
        try
        {
            pool.awaitTermination(TO_END_MS, TimeUnit.MILLISECONDS);
            Thread pulse = first;
            if (pulse != null && pulse != Thread.currentThread())
            {
                pulse.join(TO_END_MS);
            }
        }
        catch (InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
    }
}
