package parallel.pool;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Supplier;

import parallel.ParallelException;
import parallel.Worker;
import parallel.pool.Content.Shared;
import parallel.runtime.Threads;

/**
 * One worker of a pool: two threads that send it what is in its outbox and receive what it says, and what it has under way. Its
 * fields are guarded by the pool's lock, except where they say otherwise.
 */
final class PoolWorker
{
    private static final int MOST_FUNCTIONS = 64;
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
    private long idleSince = System.nanoTime();
    private boolean recalled;
    private Future<?> look;
    private State state = State.STARTING;
    private volatile Worker worker;
    private volatile boolean killed;

    PoolWorker(Pool pool)
    {
        this.pool = pool;
    }

    /** Its threads make it and lead it to its end. */
    void start(Supplier<? extends Worker> maker)
    {
        Threads.start("parallel-collect-0", () -> live(maker));
    }

    private void live(Supplier<? extends Worker> maker)
    {
        ParallelException end;
        try
        {
            worker = maker.get();
            Thread.currentThread().setName("parallel-collect-" + worker.id());
            if (killed)
            {
                worker.kill();
            }
            Threads.start("parallel-feed-" + worker.id(), this::feed);
            end = collect();
        }
        catch (final ParallelException e)
        {
            end = e;
        }
        catch (final RuntimeException | Error e)
        {
            end = new parallel.StartFailedException("A worker of the pool could not be made or used: " + e, Map.of(), e);
            kill();
        }
        outbox.add(NO_MORE);
        pool.ended(this, end);
    }

    private ParallelException collect()
    {
        while (true)
        {
            try
            {
                pool.received(this, worker.receive());
            }
            catch (final parallel.NotTransferableException e)
            {
                Pool.LOG.log(System.Logger.Level.WARNING, "A message that is none of the pool's is ignored", e);
            }
            catch (final ParallelException e)
            {
                return awaited(e);
            }
            catch (final InterruptedException e)
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
        catch (final ParallelException e)
        {
            return e;
        }
        catch (final InterruptedException e)
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
                worker.send(message);
            }
        }
        catch (final ParallelException | InterruptedException e)
        {
            Pool.LOG.log(System.Logger.Level.DEBUG, "The worker is gone, as the other thread sees, too", e);
        }
    }

    // ---- under the pool's lock

    void give(PoolTask<?> task, long id)
    {
        underWay.put(id, task);
        given += task.content().weight();
        task.place().id = id;
        task.place().worker = this;
        final Shared function = task.content().function();
        outbox.add(Wire.message(Wire.TASK, id, function == null ? Wire.NO_FUNCTION : (Object)key(function), task.content().text(),
            task.content().payload()));
    }

    private long key(Shared function)
    {
        final Long known = functions.get(function);
        if (known != null)
        {
            return known;
        }
        if (functions.size() >= MOST_FUNCTIONS)
        {
            final var eldest = functions.entrySet().iterator();
            outbox.add(Wire.message(Wire.FORGET, eldest.next().getValue()));
            eldest.remove();
        }
        functions.put(function, ++lastKey);
        outbox.add(Wire.message(Wire.DEFINE, lastKey, function.body()));
        return lastKey;
    }

    /** The task of that id, which it has no more; null: it has none of that id. */
    PoolTask<?> take(long id)
    {
        final PoolTask<?> task = underWay.remove(id);
        if (task != null)
        {
            task.place().worker = null;
            idleSince = System.nanoTime();
        }
        return task;
    }

    List<PoolTask<?>> takeAll()
    {
        final List<PoolTask<?>> all = new ArrayList<>(underWay.values());
        all.forEach(task -> task.place().worker = null);
        underWay.clear();
        return all;
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

    boolean isIdle()
    {
        return state == State.READY && underWay.isEmpty();
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

    // ---- from any thread

    void kill()
    {
        killed = true;
        final Worker made = worker;
        if (made != null)
        {
            made.kill();
        }
    }

    /** The handle; null until it was made. */
    Worker worker()
    {
        return worker;
    }
}
