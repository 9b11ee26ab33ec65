package parallel.runtime;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

import parallel.WorkerOptions;
import parallel.WorkerOptions.Option;
import parallel.process.LaunchException;

/**
 * The JVMs of a context that wait to become workers, so many for each set of options of a process. A worker that is started takes
 * one whose command, environment, directory and files are those that its own JVM would be started with now; when it is ready, the next
 * spare is started in its place. Safe from any thread.
 */
public final class Spares
{
    private static final System.Logger LOG = System.getLogger("parallel");
    private static final long REFILL_AFTER_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long MOST_END_MS = 2000;
    /** Those that say what kind of process it is; the others are the taker's own. */
    private static final List<Option> OF_PROCESS = List.of(Option.JVM_OPTS, Option.MAX_HEAP, Option.ENV, Option.DIR, Option.CLASSPATH,
        Option.JAVA, Option.RING_BYTES, Option.INBOX_BYTES);

    /** Those of one set of options. */
    private static final class Shelf
    {
        private final WorkerOptions options;
        private final List<Spare> spares = new ArrayList<>();
        private int wanted;
        private ClassLoader loader;

        Shelf(WorkerOptions options)
        {
            this.options = options;
        }
    }

    private final Context context;
    private final Map<List<Object>, Shelf> shelves = new LinkedHashMap<>();
    private boolean filling;
    private final List<Spare> going = new ArrayList<>();

    Spares(Context context)
    {
        this.context = context;
    }

    private static List<Object> key(WorkerOptions options)
    {
        final List<Object> key = new ArrayList<>();
        OF_PROCESS.forEach(option -> key.add(options.get(option, Object.class)));
        return key;
    }

    /**
     * How many spares there are to be for workers with such options; starts or ends some. Returns at once.
     *
     * @param options checked ones.
     * @param wanted  0 or more.
     */
    public synchronized void keep(WorkerOptions options, int wanted)
    {
        if (options.get(Option.IN_THREAD, Boolean.class))
        {
            return;
        }
        final Shelf shelf = shelves.computeIfAbsent(key(options), key -> new Shelf(options));
        shelf.wanted = wanted;
        shelf.loader = Thread.currentThread().getContextClassLoader();
        while (shelf.spares.size() > wanted)
        {
            end(shelf.spares.remove(0));
        }
        fill(shelf);
    }

    /**
     * A spare for a worker; it is the caller's.
     *
     * @param options of the worker.
     * @return it; null if there is none that fits.
     */
    synchronized Spare take(WorkerOptions options)
    {
        final Shelf shelf = shelves.isEmpty() ? null : shelves.get(key(options));
        if (shelf == null)
        {
            return null;
        }
        shelf.loader = Thread.currentThread().getContextClassLoader();
        if (shelf.spares.isEmpty())
        {
            return null;
        }
        final List<String> fingerprint = WorkerLaunch.of(options).launch().fingerprint();
        final List<Spare> stale = shelf.spares.stream().filter(spare -> !spare.fits(fingerprint)).toList();
        shelf.spares.removeAll(stale);
        stale.forEach(this::end);
        final Spare found = shelf.spares.stream().max(Comparator.comparing(Spare::isReady)).orElse(null);
        shelf.spares.remove(found);
        return found;
    }

    /** Starts what is missing, a moment later: what was started in its place goes first. Returns at once. */
    void refill()
    {
        synchronized (this)
        {
            if (filling || shelves.values().stream().allMatch(shelf -> shelf.spares.size() >= shelf.wanted))
            {
                return;
            }
            filling = true;
        }
        Threads.POOL.execute(this::fillSoon);
    }

    private void fillSoon()
    {
        LockSupport.parkNanos(REFILL_AFTER_NANOS);
        synchronized (this)
        {
            filling = false;
            shelves.values().forEach(this::fill);
        }
    }

    private void fill(Shelf shelf)
    {
        for (int missing = shelf.wanted - shelf.spares.size(); missing > 0; missing--)
        {
            try
            {
                final WorkerLaunch launch = WorkerLaunch.of(shelf.options);
                final Spare spare = new Spare(new WorkerJvm(context, shelf.options), launch.launch().fingerprint(), this::lost);
                spare.boot(launch, Long.MAX_VALUE);
                shelf.spares.add(spare);
            }
            catch (final IOException | LaunchException e)
            {
                LOG.log(System.Logger.Level.DEBUG, "A spare worker did not start", e);
                return;
            }
        }
    }

    private synchronized void lost(Spare spare)
    {
        for (final Shelf shelf : shelves.values())
        {
            if (shelf.spares.remove(spare))
            {
                end(spare);
            }
        }
    }

    private void end(Spare spare)
    {
        spare.end();
        going.add(spare);
        Threads.POOL.execute(() ->
        {
            spare.awaitGone(MOST_END_MS);
            gone(spare);
        });
    }

    private synchronized void gone(Spare spare)
    {
        going.remove(spare);
        notifyAll();
    }

    synchronized void close()
    {
        shelves.values().forEach(shelf -> shelf.spares.forEach(this::end));
        shelves.clear();
    }

    synchronized void awaitGone()
    {
        try
        {
            while (!going.isEmpty())
            {
                wait(MOST_END_MS);
            }
        }
        catch (final InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
    }
}
