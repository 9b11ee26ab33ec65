package parallel.pool;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Supplier;

import parallel.NotTransferableException;
import parallel.ParallelException;
import parallel.StartFailedException;
import parallel.Worker;
import parallel.pool.TaskContent.Shared;
import parallel.runtime.Threads;

/**
 * One worker of a pool: two threads that send it what is in its outbox and receive what it says, and what it has under
 * way. Its fields are guarded by the pool's lock, except where they say otherwise.
 */
final class PoolWorker
{
    private static final int MOST_FUNCTIONS = 64;
    /** Which one that replaces it loads before it goes. */
    private static final int LATEST_FUNCTIONS = 8;
    private static final Object[] NO_MORE = {};

    enum State
    {
        STARTING, READY, QUITTING, ENDED
    }

    private final Pool pool;
    private final LinkedBlockingQueue<Object[]> outbox = new LinkedBlockingQueue<>();
    /** In the order in which they were given: the first is the one that is evaluated. */
    private final Map<Long, PoolTask<?>> underWay = new LinkedHashMap<>();
    private final Map<Shared, Long> functions = new LinkedHashMap<>(16, 0.75f, true);
    private long lastKey;
    private long given;
    private long bytesUnderWay;
    private long mostBytes = Long.MAX_VALUE;
    private long roundTripNanos;
    private String host;
    private long idleSince = System.nanoTime();
    private boolean recalled;
    private boolean full;
    private boolean alone;
    private Future<?> look;
    private State state = State.STARTING;
    private volatile Worker worker;
    private volatile boolean killed;
    private volatile boolean dismissed;
    private volatile ParallelException unfed;

    PoolWorker(Pool pool)
    {
        this.pool = pool;
    }

    /** Its threads make it and lead it to its end. */
    void start(Supplier<? extends Worker> maker)
    {
        Threads.start("parallel-collect-0", () -> live(maker), this::lost);
    }

    /**
     * The thread that led it has ended: whatever it was at, its tasks go on elsewhere or end with an error. Idempotent.
     */
    private void lost(Throwable e)
    {
        kill();
        outbox.add(NO_MORE);
        pool.ended(this, unusable(e));
    }

    private static ParallelException unusable(Throwable e)
    {
        return new StartFailedException("A worker of the pool could not be started or used: " + e, Map.of(), e);
    }

    private void live(Supplier<? extends Worker> maker)
    {
        ParallelException end;
        try
        {
            worker = maker.get();
            Thread.currentThread().setName("parallel-collect-" + worker.id());
            if (dismissed)
            {
                Pools.dismiss(worker);
            }
            else if (killed)
            {
                worker.kill();
            }
            Threads.start("parallel-feed-" + worker.id(), this::feed, e -> unfed(e));
            end = collect();
        }
        catch (ParallelException e)
        {
            end = e;
        }
        catch (RuntimeException | Error e)
        {
            end = unusable(e);
            kill();
        }
        outbox.add(NO_MORE);
        pool.ended(this, unfed == null ? end : unfed);
    }

    /** What it was given may not have been sent. */
    private void unfed(Throwable e)
    {
        unfed = unusable(e);
        kill();
    }

    private ParallelException collect()
    {
        while (true)
        {
            try
            {
                pool.received(this, worker.receive());
            }
            catch (NotTransferableException e)
            {
                if (e.getCause() instanceof OutOfMemoryError lost)
                {
                    throw lost;     // which task has ended is not known
                }
                Pool.LOG.log(System.Logger.Level.WARNING, "A message that is none of the pool's is ignored", e);
            }
            catch (ParallelException e)
            {
                return awaited(e);
            }
            catch (InterruptedException e)
            {
                Pool.LOG.log(System.Logger.Level.WARNING, "The thread of a pool was interrupted; that is ignored");
            }
        }
    }

    /** The stream ends a little before the worker; what is final is its own word. */
    private ParallelException awaited(ParallelException endOfStream)
    {
        try
        {
            worker.join();
            return endOfStream;
        }
        catch (ParallelException e)
        {
            return e;
        }
        catch (InterruptedException e)
        {
            return endOfStream;
        }
    }

    private void feed()
    {
        try
        {
            for (Object[] message = outbox.take(); message != NO_MORE; message = outbox.take())
            {
                worker.send(Wire.sent(message));
            }
        }
        catch (ParallelException | InterruptedException e)
        {
            Pool.LOG.log(System.Logger.Level.DEBUG, "The worker is gone, as the other thread sees, too", e);
        }
    }

    // ---- under the pool's lock

    void give(PoolTask<?> task, long id)
    {
        underWay.put(id, task);
        task.place().call.givenTo(this);
        bytesUnderWay += task.content().bytes();
        given += task.content().weight();
        task.place().id = id;
        task.place().worker = this;
        task.place().host = host;
        Shared function = task.content().function();
        send(Wire.message(Wire.TASK, id, function == null ? Wire.NO_FUNCTION : (Object)key(function),
            task.content().text(),
            task.content().payload()), 4);
    }

    private void send(Object[] message, int bytesAt)
    {
        outbox.addAll(List.of(Wire.messages(message, bytesAt)));
    }

    /** What is under way to a worker is bounded by its heap; one task may always be. */
    boolean hasRoomFor(PoolTask<?> task)
    {
        return underWay.isEmpty() || bytesUnderWay + task.content().bytes() <= mostBytes;
    }

    private long key(Shared function)
    {
        Long known = functions.get(function);
        if (known != null)
        {
            return known;
        }
        if (functions.size() >= MOST_FUNCTIONS)
        {
            var eldest = functions.entrySet().iterator();
            outbox.add(Wire.message(Wire.FORGET, eldest.next().getValue()));
            eldest.remove();
        }
        functions.put(function, ++lastKey);
        send(Wire.message(Wire.DEFINE, lastKey, function.body()), 2);
        return lastKey;
    }

    /** The task of that id, which it has no more; null: it has none of that id. */
    PoolTask<?> take(long id)
    {
        PoolTask<?> task = underWay.remove(id);
        if (task != null)
        {
            bytesUnderWay -= task.content().bytes();
            task.place().worker = null;
            idleSince = System.nanoTime();
        }
        return task;
    }

    /** The task of that id, which it keeps; null: it has none of that id. */
    PoolTask<?> peek(long id)
    {
        return underWay.get(id);
    }

    /** The ids of those that it has. */
    List<Long> ids()
    {
        return List.copyOf(underWay.keySet());
    }

    List<PoolTask<?>> takeAll()
    {
        List<PoolTask<?>> all = new ArrayList<>(underWay.values());
        all.forEach(task -> task.place().worker = null);
        underWay.clear();
        bytesUnderWay = 0;
        return all;
    }

    boolean hasTaskOf(DeathPolicy.Call call)
    {
        return underWay.values().stream().anyMatch(task -> task.place().call == call);
    }

    boolean has(long id)
    {
        return underWay.containsKey(id);
    }

    int load()
    {
        return underWay.size();
    }

    long given()
    {
        return given;
    }

    long idleSince()
    {
        return idleSince;
    }

    /** Of what is under way: their values take several times as much in the worker's heap. */
    void mostBytes(long bytes)
    {
        mostBytes = bytes;
    }

    long mostBytes()
    {
        return mostBytes;
    }

    /**
     * It is ready.
     *
     * @param itsHost where; null: this machine.
     * @param nanos   that a word takes there and back, as it is now; 0 on this machine.
     */
    void isReady(String itsHost, long nanos)
    {
        host = itsHost;
        roundTripNanos = nanos;
    }

    long roundTripNanos()
    {
        return roundTripNanos;
    }

    State state()
    {
        return state;
    }

    void state(State next)
    {
        state = next;
        if (next == State.ENDED && look != null)
        {
            look.cancel(false);
        }
    }

    boolean isWatched()
    {
        return look != null;
    }

    /** Whether it is idle for long is looked at then. */
    void watch(Future<?> nextLook)
    {
        look = nextLook;
    }

    void unwatch()
    {
        look = null;
    }

    boolean mayTakeTasks()
    {
        return state == State.READY && !full;
    }

    boolean isIdle()
    {
        return mayTakeTasks() && underWay.isEmpty();
    }

    void interrupt(long id)
    {
        outbox.add(Wire.message(Wire.CANCEL, id));
    }

    void recall()
    {
        if (!recalled)
        {
            recalled = true;
            outbox.add(Wire.message(Wire.RECALL));
        }
    }

    void gaveBack()
    {
        recalled = false;
    }

    /** Ends when it has done what it was given. */
    void quit()
    {
        if (state == State.READY)
        {
            state = State.QUITTING;
            outbox.add(Wire.message(Wire.QUIT));
        }
    }

    // ---- its heap

    /** It says so when what is live in its heap is above these, in bytes. */
    void watchHeap(long outgrown, long itIsFull)
    {
        outbox.add(Wire.message(Wire.WATCH, outgrown, itIsFull));
    }

    /** It begins nothing more, and has said so. */
    void full()
    {
        full = true;
    }

    /** The functions that its latest tasks have called. */
    List<Shared> latestFunctions()
    {
        List<Shared> all = List.copyOf(functions.keySet());
        return all.subList(Math.max(0, all.size() - LATEST_FUNCTIONS), all.size());
    }

    /** Makes functions ahead, and says that it is warm. */
    void load(List<Shared> needed)
    {
        long[] keys = needed.stream().mapToLong(this::key).toArray();
        outbox.add(Wire.message(Wire.LOAD, (Object)keys));
    }

    /**
     * Ends after what it is at; what it has not begun is done by others. Its listener hears that it is retired.
     *
     * @param withoutSuccessor none is there: one is started when it has ended, and there is room for it.
     */
    void leave(boolean withoutSuccessor)
    {
        if (state == State.READY)
        {
            state = State.QUITTING;
            alone = withoutSuccessor;
            Pools.tellRetired(worker);
            outbox.add(Wire.message(Wire.LEAVE));
        }
    }

    boolean isLeavingAlone()
    {
        return state == State.QUITTING && alone;
    }

    // ---- from any thread

    void kill()
    {
        killed = true;
        Worker made = worker;
        if (made != null)
        {
            made.kill();
        }
    }

    /** Ends it while it has nothing to do yet: that is no death. */
    void dismiss()
    {
        dismissed = true;
        Worker made = worker;
        if (made != null)
        {
            Pools.dismiss(made);
        }
    }

    /** The handle; null until it was made. */
    Worker worker()
    {
        return worker;
    }
}
