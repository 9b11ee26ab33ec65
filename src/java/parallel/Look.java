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

    /** What becomes of calls that wait for each other. */
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
     * Who waits for whom, now. Never blocks.
     *
     * @return one of each thread that waits, of all processes of the session on this machine; an idle worker has none.
     */
    public static List<WaitStatus> waits()
    {
        return Deadlocks.waits();
    }

    /**
     * Calls that wait for each other, so that nothing can end them from inside. A call with a time-out is none of them,
     * nor is one of a process that has another thread which may act; the asking thread does not count as one, nor do
     * threads that wait at a prompt, for a task of their executor, or for another thread to end. Blocks for a second
     * at most, while there may be some and their threads have not looked again.
     *
     * @return the cycles, each by its waits, with their traces; empty when there are none.
     * @throws InterruptedException if interrupted while blocked.
     */
    public static List<List<WaitStatus>> deadlocks() throws InterruptedException
    {
        return Deadlocks.found();
    }

    /**
     * Says what becomes of deadlocks, in the whole session, workers and calls that exist already included. For the
     * root.
     *
     * @param what becomes of them; REPORT in a new session.
     * @throws ParallelException BAD_ARGUMENT in a worker.
     */
    public static void watch(OnDeadlock what)
    {
        Deadlocks.watch(what);
    }

    /**
     * What workers did last: all live ones below the calling code, workers of workers included, and the last 64 workers
     * of this process that have ended. Each keeps its last thousand records or so. Those of a worker on another host
     * are not known here.
     *
     * @return in the order of the beginnings; what is under way has no end and no outcome.
     */
    public static List<TimelineEntry> timeline()
    {
        return Timelines.all(Context.current());
    }

    /**
     * As {@link #timeline()}, of some workers.
     *
     * @param workers handles, also of workers that have ended.
     * @return in the order of the beginnings.
     */
    public static List<TimelineEntry> timeline(Worker... workers)
    {
        return Timelines.of(Arrays.asList(workers));
    }

    /**
     * Writes {@link #timeline()} as a trace in Chrome's format, for Perfetto.
     *
     * @param path of the file, which is overwritten.
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
     * Where the time of workers goes: samples all their threads with the JDK's flight recorder, waits included. They
     * start to record, which takes a second where it is the first time, and go on with what they do. Blocks for the
     * length, once all record, and while a JVM of its own reads what they have recorded; two minutes more at most. A
     * worker that ends meanwhile is there with what is known of it, or not at all; one that does not begin within 30 s
     * is not there.
     *
     * @param length  of the profile, 1 ms or more. Of a worker that has ended: so much of its last recorded time.
     * @param workers processes of this machine; one that has ended had the option {@code flight}.
     * @return the profile.
     * @throws ParallelException    BAD_ARGUMENT for another worker, or where a Java has no module jdk.jfr; TIMEOUT or
     *                              START_FAILED if the recordings cannot be read.
     * @throws InterruptedException if interrupted while blocked; nothing goes on then.
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
     * @param path   of the file, which is overwritten.
     * @param stacks such as {@link Profile#merged()}.
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
     * @param path of the file, which is overwritten.
     * @return the path.
     * @throws ParallelException with BAD_ARGUMENT if it cannot be written.
     */
    public static Path report(Path path)
    {
        ReportFile.write(path, Children.of(Context.current()).descendants(), EndedWorkers.last(), timeline());
        return path;
    }

    /**
     * Serves a live page on 127.0.0.1: the tree of workers, who waits for whom, what each does, pools, errors and
     * hosts. Nothing listens before this is called; nothing is looked at while nobody watches. It ends with
     * {@link Dashboard#close()}, with {@link Parallel#close()}, and with this JVM. Blocks for some milliseconds. Needs
     * the module {@code jdk.httpserver}.
     *
     * <pre>{@code
     * Dashboard dashboard = Look.dashboard(DashboardOptions.defaults());
     * System.out.println(dashboard.url());
     * }</pre>
     *
     * @param options of it.
     * @return it.
     * @throws ParallelException with BAD_ARGUMENT if it cannot listen on that port, or the module is missing.
     */
    public static Dashboard dashboard(DashboardOptions options)
    {
        return Dashboards.open(options, null);
    }
}
