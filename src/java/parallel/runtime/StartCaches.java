package parallel.runtime;

import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

import parallel.process.Launch;
import parallel.process.LaunchException;
import parallel.process.LaunchedProcess;
import parallel.process.StartCache;

/**
 * The start cache of this process's workers, and the process that fills it: begun when the first worker is ready, of low
 * priority, ended with this process. Safe from any thread.
 */
public final class StartCaches
{
    private static final System.Logger LOG = System.getLogger("parallel");
    /** C1 and one thread for the collector: it is to be small rather than fast. */
    private static final List<String> SMALL = List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m");
    /** So that a process that is about to end does not begin it. */
    private static final long BEGIN_AFTER_MS = 1000;
    private static final Set<String> BEGUN = new HashSet<>();

    private StartCaches()
    {
    }

    /**
     * Looks for it anew, so that changed code is not taken from a cache of what it was.
     *
     * @return the cache for workers with this process's java command and class path; empty without Clojure: plain Java starts soon enough.
     */
    public static Optional<StartCache> find()
    {
        final Language language = Language.find();
        if (language == null)
        {
            return Optional.empty();
        }
        final List<String> resources = new ArrayList<>(List.of("parallel/Parallel.class", "org/agrona/DirectBuffer.class"));
        resources.addAll(language.resources());
        return StartCache.find(resources);
    }

    /** Returns at once. */
    static void fill(StartCache cache)
    {
        synchronized (BEGUN)
        {
            if (cache.isComplete() || !BEGUN.add(cache.jar().toString()))
            {
                return;
            }
        }
        final Thread thread = new Thread(() -> run(Language.find().startCacheProgram()), "parallel-start-cache");
        thread.setDaemon(true);
        thread.start();
    }

    private static void run(List<String> program)
    {
        try
        {
            Thread.sleep(BEGIN_AFTER_MS);
            await(program);
        }
        catch (final IOException | LaunchException e)
        {
            LOG.log(System.Logger.Level.DEBUG, "The start cache cannot be filled: " + e.getMessage());
        }
        catch (final InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
    }

    /** Its stdin stays open as long as we live. */
    private static void await(List<String> program) throws IOException, LaunchException, InterruptedException
    {
        try (LaunchedProcess process = Launch.builder().mainClass(program.get(0)).arguments(program.subList(1, program.size()))
            .jvmOpts(SMALL).background().build().start(Session.current().directory().memory()))
        {
            process.stdout().transferTo(OutputStream.nullOutputStream());
            process.stderr().transferTo(OutputStream.nullOutputStream());
            process.awaitExit(Long.MAX_VALUE);
        }
    }
}
