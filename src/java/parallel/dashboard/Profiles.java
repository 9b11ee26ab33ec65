package parallel.dashboard;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import parallel.Profile;
import parallel.WorkerOptions.Option;
import parallel.look.ReportFile;
import parallel.profile.Profiler;
import parallel.runtime.Children;
import parallel.runtime.Context;
import parallel.runtime.WorkerHandle;

/** Profiles that the page asks for, one at a time; the last one is kept. Safe from any thread. */
final class Profiles
{
    private static final int ACCEPTED = 202;
    private static final int BAD_REQUEST = 400;
    private static final int NOT_FOUND = 404;
    private static final int CONFLICT = 409;
    private static final int BUSY = 503;
    private static final int MOST_MS = 60_000;
    private static final int MOST_PAST_MS = 3_600_000;
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}");
    private static final Pattern TIME = Pattern.compile("[0-9]{1,15}");

    private final Context context;
    private final RequestThreads threads;
    private final AtomicInteger numbers = new AtomicInteger();
    private volatile State last;

    /**
     * One of them.
     *
     * @param number  of it, which makes its address another one.
     * @param ids     of the workers.
     * @param ms      its length.
     * @param past    whether it is of a time that is over.
     * @param profile null while it is made, and where it could not be.
     * @param error   why it could not be made.
     */
    private record State(int number, List<Integer> ids, int ms, boolean past, Profile profile, String error)
    {
        private State ended(Profile of, String why)
        {
            return new State(number, ids, ms, past, of, of == null ? why : null);
        }

        private boolean isOver()
        {
            return profile != null || error != null;
        }
    }

    Profiles(Context context, RequestThreads threads)
    {
        this.context = context;
        this.threads = threads;
    }

    /** What makes one. */
    @FunctionalInterface
    private interface Making
    {
        Profile make(List<WorkerHandle> workers) throws InterruptedException;
    }

    /**
     * Begins one.
     *
     * @param fields ms, its length, from now on; or from and to, milliseconds of the epoch, for workers that record all
     *               the time; and ids of workers of this process with commas between, or none: then of all that can be
     *               profiled so.
     * @return a code of HTTP.
     */
    int begin(Map<String, String> fields)
    {
        boolean past = fields.containsKey("from");
        long from = time(fields.get("from"));
        long ms = past ? time(fields.get("to")) - from : time(fields.get("ms"));
        if (ms < 1 || ms > (past ? MOST_PAST_MS : MOST_MS) || past && from < 0)
        {
            return BAD_REQUEST;
        }
        List<Integer> ids = Arrays.stream(fields.getOrDefault("ids", "").split(",")).filter(id -> !id.isEmpty())
            .map(Profiles::number).toList();
        List<WorkerHandle> workers = Children.of(context).all().stream()
            .filter(worker -> ids.isEmpty() ? canBe(worker, past) : ids.contains(worker.id())).toList();
        if (workers.isEmpty() || workers.size() < ids.stream().distinct().count() ||
            past && !workers.stream().allMatch(worker -> canBe(worker, true)))
        {
            return NOT_FOUND;
        }
        State state = new State(numbers.incrementAndGet(), workers.stream().map(WorkerHandle::id).toList(), (int)ms,
            past, null, null);
        return begin(state, workers, past ?
            of -> Profiler.ofPast(of, Instant.ofEpochMilli(from), Instant.ofEpochMilli(from + ms)) :
            of -> Profiler.of(of, Duration.ofMillis(ms)));
    }

    private static boolean canBe(WorkerHandle worker, boolean past)
    {
        return worker.isProcessHere() && worker.isAlive() && (!past || worker.has(Option.FLIGHT));
    }

    private synchronized int begin(State state, List<WorkerHandle> workers, Making making)
    {
        if (last != null && !last.isOver())
        {
            return CONFLICT;
        }
        State before = last;
        last = state;
        try
        {
            threads.executeOwn(() -> make(state, workers, making));
            return ACCEPTED;
        }
        catch (RejectedExecutionException e)
        {
            last = before;
            return BUSY;
        }
    }

    private void make(State state, List<WorkerHandle> workers, Making making)
    {
        Profile profile = null;
        String error = "It was broken off.";
        try
        {
            profile = making.make(workers);
            ReportFile.profiled(profile.merged());
        }
        catch (InterruptedException e)
        {
            Thread.currentThread().interrupt();         // the dashboard is closed
        }
        catch (RuntimeException | Error e)
        {
            error = String.valueOf(e.getMessage());
        }
        finally
        {
            last = state.ended(profile, error);
        }
    }

    /** What the page is told: null before the first. */
    Map<String, Object> facts()
    {
        State state = last;
        if (state == null)
        {
            return null;
        }
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("number", state.number);
        facts.put("ids", state.ids);
        facts.put("ms", state.ms);
        facts.put("past", state.past);
        facts.put("over", state.isOver());
        facts.put("error", state.error);
        facts.put("samples", state.profile == null ? null : state.profile.workers().entrySet().stream()
            .collect(Collectors.toMap(worker -> String.valueOf(worker.getKey()),
                worker -> worker.getValue().values().stream().mapToLong(Long::longValue).sum())));
        return facts;
    }

    /**
     * Stacks of the last one.
     *
     * @param id of a worker; null: of all together.
     * @return null where there are none.
     */
    Map<String, Long> stacks(String id)
    {
        State state = last;
        return state == null || state.profile == null ? null :
            id == null ? state.profile.merged() : state.profile.workers().get(number(id));
    }

    /** Negative where it is none, as the next. */
    private static long time(String text)
    {
        return text != null && TIME.matcher(text).matches() ? Long.parseLong(text) : -1;
    }

    private static int number(String text)
    {
        return text != null && NUMBER.matcher(text).matches() ? Integer.parseInt(text) : -1;
    }
}
