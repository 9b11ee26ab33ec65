package parallel;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

import parallel.dashboard.Dashboards;
import parallel.look.Deadlocks;
import parallel.look.FlameFile;
import parallel.look.ReportFile;
import parallel.look.Timelines;
import parallel.look.TraceFile;
import parallel.profile.Profiler;
import parallel.runtime.Children;
import parallel.runtime.Context;
import parallel.runtime.EndedWorkers;

/**
 * Shows what workers do and did, from memory that they write anyway: also of workers that hang, are stopped or are
 * dead. Only {@link #profile} asks a worker, or waits for one. Safe from any thread; needs no Clojure.
 *
 * <pre>{@code
 * for (TimelineEntry entry : Look.timeline()) {
 *     System.out.println(entry.id() + " " + entry.kind() + " " + entry.name());
 * }
 * try {
 *     Look.report(Path.of("report.html"));
 * }
 * catch (ParallelException e) {
 *     System.err.println(e.getMessage());     // the file cannot be written
 * }
 * }</pre>
 */
public final class Look
{
    private Look()
    {
    }

    /** What happens to calls that wait for each other. */
    public enum OnDeadlock
    {
        /** One of them says so once, in a line on its stderr. */
        REPORT,
        /** Each of them ends with an error of the code {@link ParallelException.Code#DEADLOCK}. */
        THROW,
        /** Nothing. */
        OFF
    }

    /**
     * Returns which thread waits for whom, now. Never blocks.
     *
     * @return one entry for each thread that waits, of all processes of the session; of other hosts, of this
     *         process's workers and those below them. An idle worker has none.
     */
    public static List<WaitStatus> waits()
    {
        return Deadlocks.waits();
    }

    /**
     * Returns the calls that wait for each other, so that nothing can end them from inside. A call with a time-out is
     * none of them, nor is one of a process that has another thread which may act; the asking thread does not count as
     * one, nor do threads that wait at a prompt, for a task of their executor, or for another thread to end. Blocks for
     * a second at most, while there may be some and their threads have not looked again.
     *
     * @return the cycles, each by its waits, with their traces; empty when there are none.
     * @throws InterruptedException if interrupted while blocked.
     */
    public static List<List<WaitStatus>> deadlocks() throws InterruptedException
    {
        return Deadlocks.found();
    }

    /**
     * Sets what happens on a deadlock, in the whole session, workers and calls that exist already included. For the
     * root. Never blocks.
     *
     * @param what what happens; REPORT in a new session.
     * @throws ParallelException with BAD_ARGUMENT in a worker.
     */
    public static void watch(OnDeadlock what)
    {
        Deadlocks.watch(what);
    }

    /**
     * Returns what workers did last: all live ones below the calling code, workers of workers included, and the last 64
     * workers of this process that have ended. Each keeps its last thousand records or so. Those of a worker on another
     * host are fetched, which takes a quarter of a second at most; else it never blocks.
     *
     * @return the entries in the order of their beginnings; what is under way has no end and no outcome.
     */
    public static List<TimelineEntry> timeline()
    {
        return Timelines.all(Context.current());
    }

    /**
     * Returns what some workers did last, as {@link #timeline()} does.
     *
     * @param workers their handles, also those of workers that have ended.
     * @return the entries in the order of their beginnings.
     */
    public static List<TimelineEntry> timeline(Worker... workers)
    {
        return Timelines.of(Arrays.asList(workers));
    }

    /**
     * Writes {@link #timeline()} as a trace in Chrome's format, for Perfetto.
     *
     * @param path the file, which is overwritten.
     * @return the path.
     * @throws ParallelException with BAD_ARGUMENT if it cannot be written.
     */
    public static Path trace(Path path)
    {
        List<WorkerStatus> workers = new ArrayList<>(Children.of(Context.current()).descendants());
        EndedWorkers.last().forEach(ended -> workers.add(ended.status()));
        TraceFile.write(path, workers, timeline());
        return path;
    }

    /**
     * Samples all threads of workers with the JDK's flight recorder, waits included, and returns where their time goes.
     * The workers continue meanwhile. The start of the recorder takes a second in a worker's first profile. Blocks for
     * the length, once all record, and while a JVM of its own reads the recordings; two minutes more at most. A
     * worker that ends meanwhile is there with what is known of it, or not at all; one that does not begin within 30 s
     * is not there.
     *
     * @param length  how long the workers are sampled, 1 ms or more. Of a worker that has ended: so much of its last
     *                recorded time.
     * @param workers processes of this machine; one that has ended had the option {@code flight}.
     * @return the profile.
     * @throws ParallelException    with BAD_ARGUMENT for another worker, or where a Java has no module jdk.jfr; TIMEOUT
     *                              or START_FAILED if the recordings cannot be read.
     * @throws InterruptedException if interrupted while blocked; the sampling ends.
     */
    public static Profile profile(Duration length, Worker... workers) throws InterruptedException
    {
        Profile profile = Profiler.of(Arrays.asList(workers), length);
        ReportFile.profiled(profile.merged());
        return profile;
    }

    /**
     * Writes stacks as a flame graph: one file of SVG, below 500 kB, that needs no network. A browser shows it; a click
     * enlarges a frame, and "/" searches. Frames of less than a thousandth of the samples are left out, and more where
     * there are too many.
     *
     * @param path   the file, which is overwritten.
     * @param stacks the stacks and their counts, such as {@link Profile#merged()}.
     * @return the path.
     * @throws ParallelException with BAD_ARGUMENT if it cannot be written.
     */
    public static Path flame(Path path, Map<String, Long> stacks)
    {
        FlameFile.write(path, stacks);
        return path;
    }

    /**
     * Writes one file of HTML that needs no network: the tree of workers, their timeline, rates, errors and last words,
     * and the flame graph of the last profile, if there was one.
     *
     * @param path the file, which is overwritten.
     * @return the path.
     * @throws ParallelException with BAD_ARGUMENT if it cannot be written.
     */
    public static Path report(Path path)
    {
        ReportFile.write(path, Children.of(Context.current()).descendants(), EndedWorkers.last(), timeline());
        return path;
    }

    /**
     * Serves a live page on 127.0.0.1: the tree of workers, who waits for whom, what each does, pools, errors, hosts,
     * what is shared, and what was printed last. Nothing listens before this call; the state is read only while a page
     * is open. It ends with {@link Dashboard#close()}, with {@link Parallel#close()}, and with this JVM. Blocks for
     * some milliseconds. Needs the module {@code jdk.httpserver}.
     *
     * <pre>{@code
     * Dashboard dashboard = Look.dashboard(DashboardOptions.defaults());
     * System.out.println(dashboard.url());
     * }</pre>
     *
     * @param options how it is served.
     * @return the dashboard.
     * @throws ParallelException with BAD_ARGUMENT if it cannot listen on that port, or the module is missing.
     */
    public static Dashboard dashboard(DashboardOptions options)
    {
        return Dashboards.open(options, null);
    }
}
