package parallel.place;

import java.io.IOException;
import java.io.OutputStream;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

import parallel.process.Base;
import parallel.process.Launch;
import parallel.process.LaunchException;
import parallel.process.LaunchedProcess;
import parallel.process.SessionDirectory;
import parallel.process.StartCache;
import parallel.runtime.Session;
import parallel.runtime.Threads;

/**
 * Has the start cache of this process's workers filled, by a process that is begun when the first worker is ready, has
 * low priority and ends with this one. Safe from any thread.
 */
final class StartCaches
{
    private static final System.Logger LOG = System.getLogger("parallel");
    /** C1 and one thread for the collector: it is to be small rather than fast. */
    private static final List<String> SMALL = List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m");
    /** So that a process that is about to end does not begin it. */
    private static final long BEGIN_AFTER_MS = 1000;
    /** Of one that was killed: it may be in the middle of a system call. */
    private static final long MOST_END_MS = 1000;
    /** How nice it is: everything else on the machine goes first. */
    private static final int IN_BACKGROUND = 10;
    private static final Set<String> BEGUN = new HashSet<>();

    private StartCaches()
    {
    }

    /** Has what a base has a cache for put into that. Returns at once. */
    static void fill(StartCache cache, Base base)
    {
        synchronized (BEGUN)
        {
            if (cache.isComplete() || !BEGUN.add(cache.jar().toString()))
            {
                return;
            }
        }
        try
        {
            Threads.start("parallel-start-cache", () -> run(base));
        }
        catch (OutOfMemoryError e)
        {
            LOG.log(System.Logger.Level.DEBUG, "The start cache cannot be filled: no thread is left", e);
        }
    }

    private static void run(Base base)
    {
        try
        {
            Thread.sleep(BEGIN_AFTER_MS);
            await(base, base.startCode().orElseThrow().program());
        }
        catch (IOException | LaunchException e)
        {
            LOG.log(System.Logger.Level.DEBUG, "The start cache cannot be filled: " + e.getMessage());
        }
        catch (InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
    }

    /** Its stdin stays open as long as we live. */
    private static void await(Base base, List<String> program) throws IOException, LaunchException, InterruptedException
    {
        try (LaunchedProcess process =
            Launch.builder().base(base).mainClass(program.get(0)).arguments(program.subList(1, program.size()))
            .jvmOpts(SMALL).nice(IN_BACKGROUND).build().start(Session.current().directory().memory()))
        {
            endsWithUs(process);
            process.stdout().transferTo(OutputStream.nullOutputStream());
            process.stderr().transferTo(OutputStream.nullOutputStream());
            process.awaitExit(Long.MAX_VALUE);
        }
    }

    /** It may not have come to where it sees the end of its stdin. */
    private static void endsWithUs(LaunchedProcess process)
    {
        try
        {
            Runtime.getRuntime().addShutdownHook(Threads.unstarted("parallel-exit-0", () -> end(process), e -> { }));
        }
        catch (IllegalStateException e)
        {
            process.kill();     // we are ending
        }
    }

    /** It has a session of its own, which goes with it. */
    private static void end(LaunchedProcess process)
    {
        process.kill();
        try
        {
            process.awaitExit(MOST_END_MS);
        }
        catch (InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
        SessionDirectory.sweep();
    }
}
