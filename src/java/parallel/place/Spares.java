package parallel.place;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

import parallel.WorkerOptions;
import parallel.WorkerOptions.Option;
import parallel.WorkerStatus;
import parallel.control.Errors;
import parallel.process.LaunchException;
import parallel.runtime.Context;
import parallel.runtime.Threads;
import parallel.runtime.Undo;

/**
 * The JVMs of a context that wait to become workers, so many for each set of options of a process. A worker that is
 * started takes one whose command, environment, directory and files are those that a JVM of its own would be started
 * with now; when it is ready, the next spare is started in place of the one it took. Safe from any thread.
 */
public final class Spares implements Context.Reserve
{
    private static final System.Logger LOG = System.getLogger("parallel");
    private static final long REFILL_AFTER_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long MOST_END_MS = 2000;
    /** Those that say what kind of process it is; the others are the taker's own. */
    private static final List<Option> OF_PROCESS =
        List.of(Option.JVM_OPTS, Option.MAX_HEAP, Option.ENV, Option.DIR, Option.CLASSPATH,
        Option.JAVA, Option.RING_BYTES, Option.INBOX_BYTES, Option.CPUS, Option.NICE,
        Option.RELOAD, Option.FLIGHT);

    /** Those of one set of options. */
    private static final class Shelf
    {
        private final WorkerOptions options;
        private final List<Spare> spares = new ArrayList<>();
        private int wanted;
        /** How many are being started and are not among the spares yet. */
        private int coming;
        /** Of who asked last: its class path is that of the spares. */
        private ClassLoader loader;

        Shelf(WorkerOptions options)
        {
            this.options = options;
        }

        int missing()
        {
            return wanted - spares.size() - coming;
        }
    }

    private final Context context;
    private final Bases bases;
    private final Map<List<Object>, Shelf> shelves = new LinkedHashMap<>();
    /** Those that were given back and have not exited yet. */
    private final List<Spare> going = new ArrayList<>();
    /** Who keeps some in other processes. */
    private final Set<PlaceMaker> elsewhere = new HashSet<>();
    /** Somebody has said how many there are to be: no more spares that nobody asked for. */
    private boolean told;
    private boolean refilling;

    /**
     * Of a context; there are none yet.
     *
     * @param context that of the workers that they are to become.
     * @param bases   say what they are started from.
     */
    Spares(Context context, Bases bases)
    {
        this.context = context;
        this.bases = bases;
    }

    /**
     * How a JVM for a worker is started, as of now.
     *
     * @param options of the worker.
     * @return the same for a spare and for a JVM that is started when it is needed.
     */
    WorkerLaunch launch(WorkerOptions options)
    {
        return WorkerLaunch.of(options, bases.of(options));
    }

    private static List<Object> key(WorkerOptions options)
    {
        List<Object> key = new ArrayList<>();
        OF_PROCESS.forEach(option -> key.add(options.get(option, Object.class)));
        return key;
    }

    /**
     * How many spares there are to be for workers with such options from now on; starts or ends some. Returns at once.
     *
     * @param options checked ones; for workers that take no spares nothing is kept.
     * @param wanted  0 or more, and no more than the workers that the session may have.
     */
    public void keep(WorkerOptions options, int wanted)
    {
        int most = options.get(Option.MAX_WORKERS, Integer.class);
        if (wanted < 0 || wanted > most)
        {
            throw Errors.badArgument("There can be 0 to " + most + " spare workers (max-workers), not " + wanted + ".");
        }
        PlaceMaker maker = Places.of(options);
        synchronized (this)
        {
            forgetUnlessTold();
            told = true;
            if (maker.takesSpares())
            {
                want(options, wanted);
            }
            else
            {
                elsewhere.add(maker);
            }
        }
        maker.keepSparesThere(options, wanted);
        startFilling(0);
    }

    /**
     * At a prompt, until somebody says how many spares there are to be, there is one like the last worker that was
     * started. It is started when that one is ready.
     *
     * @param options of a worker that is about to be started.
     */
    public synchronized void keepOneLike(WorkerOptions options)
    {
        if (!told && Places.of(options).takesSpares())
        {
            if (!shelves.containsKey(key(options)))
            {
                forgetUnlessTold();
            }
            want(options, 1);
        }
    }

    /** Gives all spares back, and keeps none from now on, at a prompt neither. Returns at once. */
    public synchronized void giveBack()
    {
        close();
        told = true;
        elsewhere.forEach(maker -> maker.keepSparesThere(null, 0));
        elsewhere.clear();
    }

    private void forgetUnlessTold()
    {
        if (!told)
        {
            close();
        }
    }

    private void want(WorkerOptions options, int wanted)
    {
        Shelf shelf = shelves.computeIfAbsent(key(options), key -> new Shelf(options));
        shelf.wanted = wanted;
        shelf.loader = Thread.currentThread().getContextClassLoader();
        while (shelf.spares.size() > wanted)
        {
            end(shelf.spares.remove(shelf.spares.size() - 1));
        }
    }

    /**
     * A spare for a worker; it is the caller's.
     *
     * @param options of the worker.
     * @return it, or null if there is none that fits.
     */
    synchronized Spare take(WorkerOptions options)
    {
        Shelf shelf = shelves.isEmpty() ? null : shelves.get(key(options));
        if (shelf == null)
        {
            return null;
        }
        shelf.loader = Thread.currentThread().getContextClassLoader();
        if (shelf.spares.isEmpty())
        {
            return null;
        }
        List<String> fingerprint = launch(options).launch().fingerprint();
        List<Spare> stale = shelf.spares.stream().filter(spare -> !spare.fits(fingerprint)).toList();
        shelf.spares.removeAll(stale);
        stale.forEach(this::end);
        Spare found = shelf.spares.stream().max(Comparator.comparing(Spare::isReady)).orElse(null);
        shelf.spares.remove(found);
        return found;
    }

    /**
     * What the spares do, as a status says it of a worker: its id is 0, its state STARTING or IDLE. Never blocks.
     *
     * @return in the order of their start.
     */
    public synchronized List<WorkerStatus> statuses()
    {
        return shelves.values().stream().flatMap(shelf -> shelf.spares.stream())
            .map(spare -> spare.status(context.id()))
            .sorted(Comparator.comparing(WorkerStatus::startedAt)).toList();
    }

    /** Starts what is missing, a moment later: what a worker does first goes first. Returns at once. */
    void refill()
    {
        startFilling(REFILL_AFTER_NANOS);
    }

    private void startFilling(long afterNanos)
    {
        synchronized (this)
        {
            if (refilling || shelves.values().stream().allMatch(shelf -> shelf.missing() <= 0))
            {
                return;
            }
            refilling = true;
        }
        try
        {
            Threads.POOL.execute(() ->
            {
                LockSupport.parkNanos(afterNanos);
                try
                {
                    fill();
                }
                catch (RuntimeException | Error e)
                {
                    refilling(false);
                    throw e;
                }
            });
        }
        catch (OutOfMemoryError e)
        {
            refilling(false);       // no thread is left; the next refill tries again
        }
    }

    private synchronized void refilling(boolean now)
    {
        refilling = now;
    }

    private void fill()
    {
        Shelf next = toFill();
        while (next != null)
        {
            Spare spare = started(next);
            synchronized (this)
            {
                next.coming--;
                if (spare == null)
                {
                    // it would fail again; whoever runs such a worker hears why
                    next.wanted = Math.min(next.wanted, next.spares.size());
                }
                else if (next.missing() > 0 && shelves.containsValue(next))
                {
                    next.spares.add(spare);
                }
                else
                {
                    end(spare);     // not wanted any more
                }
            }
            next = toFill();
        }
    }

    private synchronized Shelf toFill()
    {
        for (Shelf shelf : shelves.values())
        {
            if (shelf.missing() > 0)
            {
                shelf.coming++;
                return shelf;
            }
        }
        refilling = false;
        return null;
    }

    /** Null if it cannot be started. */
    private Spare started(Shelf shelf)
    {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(shelf.loader);
        try (Undo undo = new Undo())
        {
            WorkerLaunch launch = launch(shelf.options);
            Spare spare = new Spare(
                WorkerJvm.make(context, shelf.options, undo), launch.launch().fingerprint(), this::ended);
            spare.boot(launch, shelf.options.get(Option.START_TIMEOUT, Duration.class).toMillis());
            return undo.done(spare);
        }
        catch (IOException | LaunchException | RuntimeException | Error e)
        {
            LOG.log(System.Logger.Level.WARNING, "No spare worker is kept, since one did not start: " + e.getMessage());
            return null;
        }
        finally
        {
            thread.setContextClassLoader(before);
        }
    }

    /** One that waited is replaced, one that booted is not: the next would end, too. */
    private synchronized void ended(Spare spare)
    {
        for (Shelf shelf : shelves.values())
        {
            if (shelf.spares.remove(spare))
            {
                end(spare);
                if (spare.isReady())
                {
                    refill();
                }
            }
        }
    }

    /** Of one that nobody will take; it is the caller's, and none of the shelves has it. Returns at once. */
    synchronized void end(Spare spare)
    {
        spare.jvm().kill();     // it has nothing to lose
        going.add(spare);
        try
        {
            Threads.POOL.execute(() ->
            {
                spare.awaitGone(MOST_END_MS);
                gone(spare);
            });
        }
        catch (OutOfMemoryError e)
        {
            gone(spare);        // no thread is left that could wait for it
        }
    }

    private synchronized void gone(Spare spare)
    {
        going.remove(spare);
        notifyAll();
    }

    /** Ends all. What was said of how many there are to be is forgotten. Returns at once. */
    @Override
    public synchronized void close()
    {
        shelves.values().forEach(shelf -> shelf.spares.forEach(this::end));
        shelves.clear();
        told = false;
    }

    /** Waits for those that were given back, some seconds at most. */
    @Override
    public synchronized void awaitGone()
    {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(2 * MOST_END_MS);
        try
        {
            for (long left = 2 * MOST_END_MS; !going.isEmpty() && left > 0;
                left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime()))
            {
                wait(left);
            }
        }
        catch (InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
    }
}
