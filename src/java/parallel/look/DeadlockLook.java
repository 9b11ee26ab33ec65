package parallel.look;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

import parallel.Look.OnDeadlock;
import parallel.ParallelException;
import parallel.WaitStatus;
import parallel.control.Language;
import parallel.runtime.DeadlockWatch;
import parallel.runtime.Session;
import parallel.runtime.WaitNote;
import parallel.runtime.Waits;
import parallel.transport.WaitTable;
import parallel.transport.WaitTable.Wait;
import parallel.transport.Waiter;

/**
 * What a call asks that has waited for long. It says of its process who else may act only where that matters: when the
 * call would be part of a deadlock if nobody could. Safe from any thread.
 */
public final class DeadlockLook implements DeadlockWatch
{
    /** The frames above those of who called. */
    private static final List<String> MACHINERY =
        List.of("java.", "jdk.", "parallel.transport.", "parallel.runtime.", "parallel.look.");

    private static final long TOGETHER_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    /** Found by name. */
    public DeadlockLook()
    {
    }

    @Override
    public boolean look(WaitNote asker)
    {
        WaitTable table = asker.table();
        if (!asker.mayBeStuck() && !table.isConvicted(asker.index()))
        {
            asker.tell(-1, "");
            return false;
        }
        int own = asker.owner().id();
        List<Wait> mine = of(asker, new WaitGraph(Waits.all(), wait -> false).cycles());
        if (table.isConvicted(asker.index()))
        {
            throw together(mine == null ? remembered(asker) : mine, asker);
        }
        if (mine == null || Session.isExiting())
        {
            asker.tell(-1, "");
            return false;
        }
        asker.remember(mine);
        long last = Deadlocks.lastChange(mine);
        mine.stream().filter(wait -> wait.on().contains(own) && !Deadlocks.hasLooked(wait, last))
            .forEach(wait -> Waits.rouse(asker.owner(), wait));
        asker.tell(OtherThreads.count(own), trace());
        List<Wait> cycle = of(asker, Deadlocks.confirmed(Waits.all(), wait -> wait.others() != 0));
        if (cycle != null)
        {
            conclude(asker, cycle);
        }
        return true;
    }

    private static List<Wait> of(WaitNote asker, List<List<Wait>> cycles)
    {
        return cycles.stream().filter(cycle -> cycle.stream().anyMatch(wait -> wait.index() == asker.index()))
            .findFirst().orElse(null);
    }

    private static List<Wait> remembered(WaitNote asker)
    {
        return asker.remembered() == null ? List.of() : asker.remembered();
    }

    private static void conclude(WaitNote asker, List<Wait> cycle)
    {
        OnDeadlock what = Deadlocks.watched(asker.table());
        if (what == OnDeadlock.THROW)
        {
            cycle.forEach(asker.table()::convict);
            throw together(cycle, asker);
        }
        if (what == OnDeadlock.REPORT && isNew(asker.table(), cycle))
        {
            report(sentence(cycle) + " (parallel.look/deadlocks) shows where.");
        }
    }

    // To the one that is the first to tell, if none of them was told of before.
    private static boolean isNew(WaitTable table, List<Wait> cycle)
    {
        boolean isNew = table.isFirstToTell(cycle.get(0));
        if (isNew)
        {
            for (Wait wait : cycle.subList(1, cycle.size()))
            {
                isNew &= table.isFirstToTell(wait);
            }
        }
        return isNew;
    }

    private static void report(String sentence)
    {
        Language language = Language.find();
        if (language == null)
        {
            System.err.println(sentence);
        }
        else
        {
            language.printError(sentence);
        }
    }

    // Once all of them know: the first to end would end the others by its own end.
    private static ParallelException together(List<Wait> cycle, WaitNote asker)
    {
        asker.table().ready(asker.index());
        long deadline = System.nanoTime() + TOGETHER_NANOS;
        while (!cycle.stream().allMatch(asker.table()::isReady) && System.nanoTime() - deadline < 0)
        {
            LockSupport.parkNanos(PAUSE_NANOS);
        }
        List<WaitStatus> statuses = Deadlocks.statuses(cycle);
        return new ParallelException(ParallelException.Code.DEADLOCK, "This call would never return. " +
            sentence(cycle), Map.of("cycle", statuses), null);
    }

    private static String sentence(List<Wait> cycle)
    {
        return "Deadlock: " + cycle.stream().map(DeadlockLook::clause).collect(Collectors.joining("; ")) + ".";
    }

    // "worker 3 (parallel-eval-3) has waited 1.4 s to receive from the root"
    private static String clause(Wait wait)
    {
        return String.format(Locale.ROOT, "%s (%s) has waited %.1f s %s%s", name(wait.id()), wait.thread(),
            (System.nanoTime() - wait.sinceNanos()) / 1e9, purpose(wait.what()),
            wait.on().stream().map(DeadlockLook::name).collect(Collectors.joining(", ")));
    }

    private static String name(int id)
    {
        return id == 0 ? "the root" : "worker " + id;
    }

    private static String purpose(Waiter.For what)
    {
        return switch (what)
        {
            case RECEIVE -> "to receive from ";
            case SELECT -> "to receive from any of ";
            case ROOM -> "for room to send to ";
            case JOIN -> "for the end of ";
            case REPLY -> "for a reply from ";
            case STEP -> "for a yield of ";
            case YIELD -> "for a step of ";
            case LOCK -> "for the lock held by ";
            case BARRIER -> "at a barrier for ";
            case LATCH -> "at a latch for ";
            default -> "for a task of ";
        };
    }

    private static String trace()
    {
        return Traces.text(Arrays.stream(Thread.currentThread().getStackTrace())
            .dropWhile(frame -> MACHINERY.stream().anyMatch(frame.getClassName()::startsWith)).toList());
    }
}
