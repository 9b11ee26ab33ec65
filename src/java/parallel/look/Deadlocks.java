package parallel.look;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import parallel.Look.OnDeadlock;
import parallel.WaitStatus;
import parallel.control.Errors;
import parallel.runtime.Children;
import parallel.runtime.Context;
import parallel.runtime.Session;
import parallel.runtime.Waits;
import parallel.transport.WaitTable;
import parallel.transport.WaitTable.Wait;

/**
 * Who waits for whom in the session, and whose wait cannot end. A cycle counts only when each of its threads has looked
 * again, and still had to wait, after the last of them began to, and nothing has moved since. Safe from any thread.
 */
public final class Deadlocks
{
    private static final long BLOCKED_NANOS = TimeUnit.MILLISECONDS.toNanos(1200);
    private static final long PAUSE_MS = 50;
    /** What one has done before it began to wait is seen by the others by then. */
    private static final long SEEN_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private Deadlocks()
    {
    }

    /**
     * Who waits for whom. Of workers on other machines it is what these have told last, at most a second ago.
     *
     * @return one of each thread that waits.
     */
    public static List<WaitStatus> waits()
    {
        Stream<Wait> elsewhere =
            Children.of(Context.current()).all().stream().flatMap(child -> child.waitsElsewhere().stream());
        return Stream.concat(Waits.all().stream(), elsewhere).map(wait -> status(wait, false)).toList();
    }

    /**
     * The cycles of those whose wait cannot end. Blocks while there may be one, for a second or so.
     *
     * @return one list for each.
     * @throws InterruptedException if interrupted while blocked.
     */
    public static List<List<WaitStatus>> found() throws InterruptedException
    {
        long deadline = System.nanoTime() + BLOCKED_NANOS;
        while (true)
        {
            // What the others here have said of this process counts the asking thread.
            Map<Integer, Boolean> mayActHere =
                Waits.here().stream().collect(Collectors.toMap(id -> id, id -> OtherThreads.count(id) > 0));
            List<Wait> waits = Waits.all();
            List<List<Wait>> cycles =
                confirmed(waits, wait -> mayActHere.getOrDefault(wait.id(), wait.others() != 0));
            List<List<Wait>> possible =
                new WaitGraph(waits, wait -> mayActHere.getOrDefault(wait.id(), wait.others() > 0)).cycles();
            if (cycles.size() == possible.size() || System.nanoTime() - deadline >= 0)
            {
                return cycles.stream().map(Deadlocks::statuses).toList();
            }
            TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
        }
    }

    static List<List<Wait>> confirmed(List<Wait> waits, Predicate<Wait> mayAct)
    {
        return new WaitGraph(waits, mayAct).cycles().stream().filter(Deadlocks::isStill).toList();
    }

    private static boolean isStill(List<Wait> cycle)
    {
        long last = lastChange(cycle);
        return cycle.stream().allMatch(wait -> hasLooked(wait, last));
    }

    // When the last of them began, or moved.
    static long lastChange(List<Wait> cycle)
    {
        long last = cycle.get(0).changedNanos();
        for (Wait wait : cycle)
        {
            last = wait.changedNanos() - last > 0 ? wait.changedNanos() : last;
        }
        return last;
    }

    static boolean hasLooked(Wait wait, long since)
    {
        return wait.lookedNanos() != 0 && wait.lookedNanos() - since >= SEEN_NANOS;
    }

    static List<WaitStatus> statuses(List<Wait> cycle)
    {
        return cycle.stream().map(wait -> status(wait, true)).toList();
    }

    private static WaitStatus status(Wait wait, boolean traced)
    {
        Duration since = Duration.ofNanos(Math.max(0, System.nanoTime() - wait.sinceNanos()));
        return new WaitStatus(wait.id(), wait.thread(), WaitStatus.Kind.valueOf(wait.what().name()),
            wait.on() == null ? List.of() : wait.on(), since,
            traced ? Traces.frames(wait.trace()) : List.of());
    }

    /**
     * Says what becomes of deadlocks.
     *
     * @param what becomes of them.
     */
    public static void watch(OnDeadlock what)
    {
        if (Context.current().isWorker())
        {
            throw Errors.badArgument("A worker cannot set what happens on a deadlock: call watch in the root.");
        }
        Session.current().page().waits().onDeadlock(what.ordinal());
    }

    static OnDeadlock watched(WaitTable table)
    {
        OnDeadlock[] all = OnDeadlock.values();
        return all[Math.floorMod(table.onDeadlock(), all.length)];
    }
}
