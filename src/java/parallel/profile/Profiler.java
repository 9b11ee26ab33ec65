package parallel.profile;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

import parallel.ParallelException;
import parallel.Profile;
import parallel.Worker;
import parallel.WorkerOptions.Option;
import parallel.control.Errors;
import parallel.control.RecordingNames;
import parallel.process.Trees;
import parallel.profile.FoldingJvm.Source;
import parallel.runtime.Reply;
import parallel.runtime.Session;
import parallel.runtime.WorkerHandle;

/**
 * Has workers record what their threads do, and makes a profile of it. What a worker records lies in files; one that is
 * killed meanwhile has left what it had written. Used by one thread; any number of them may profile at a time.
 */
public final class Profiler
{
    private static final long START_NANOS = TimeUnit.SECONDS.toNanos(30);
    private static final long END_NANOS = TimeUnit.SECONDS.toNanos(30);
    private static final AtomicLong FILES = new AtomicLong();

    private final long lengthMs;
    private final Path directory = Session.current().disk();
    private final List<Part> parts = new ArrayList<>();

    /** A worker that lives when the profile begins. */
    private static final class Part
    {
        private final WorkerHandle worker;
        private final Path file;
        private Reply begun;
        private Reply ended;
        private boolean records;

        private Part(WorkerHandle worker, Path file)
        {
            this.worker = worker;
            this.file = file;
        }
    }

    private Profiler(long lengthMs)
    {
        this.lengthMs = lengthMs;
    }

    /**
     * Profiles workers.
     *
     * @param workers processes of this machine; those that have ended had to record all the time.
     * @param length  how long those that live record, once all have begun; of the others as much of their end.
     * @return the profile; one of which nothing is known is not in it.
     * @throws ParallelException    with BAD_ARGUMENT for a worker that cannot be profiled.
     * @throws InterruptedException if interrupted while blocked.
     */
    public static Profile of(Collection<? extends Worker> workers, Duration length) throws InterruptedException
    {
        if (length == null || length.isNegative() || length.toMillis() == 0)
        {
            throw Errors.badArgument("A profile takes 1 ms or more, not " + length + ".");
        }
        List<WorkerHandle> handles = new ArrayList<>();
        for (Worker worker : new LinkedHashSet<>(workers))
        {
            handles.add(checked(worker));
        }
        return handles.isEmpty() ? Profile.of(Map.of()) : new Profiler(length.toMillis()).profile(handles);
    }

    /**
     * Profiles what workers that record all the time have done; asks none of them. What they did in the last second may
     * be missing, and waits that have not ended are.
     *
     * @param workers of this machine with the option flight.
     * @param from    the beginning of the time.
     * @param to      its end.
     * @return the profile; one of which nothing is known is not in it.
     * @throws ParallelException    with BAD_ARGUMENT for a worker that cannot be profiled.
     * @throws InterruptedException if interrupted while blocked.
     */
    public static Profile ofPast(Collection<? extends Worker> workers, Instant from, Instant to)
        throws InterruptedException
    {
        Path directory = Session.current().disk();
        List<Source> sources = new ArrayList<>();
        for (Worker worker : new LinkedHashSet<>(workers))
        {
            WorkerHandle handle = checked(worker);
            sources.add(new Source(handle.id(), from.toEpochMilli(), to.toEpochMilli(),
                RecordingNames.ofProcess(directory, handle.pid())));
        }
        sources.removeIf(source -> !Files.exists(source.path()));
        return Profile.of(FoldingJvm.fold(sources, directory));
    }

    private static WorkerHandle checked(Worker worker)
    {
        if (!(worker instanceof WorkerHandle handle))
        {
            throw Errors.badArgument("A profile takes workers of this process, not " + worker + ".");
        }
        if (!handle.isProcessHere())
        {
            throw Errors.badArgument("A profile takes workers that are processes of this machine: " + handle.name() +
                (handle.hasOwnHeap() ? " lives on another host." : " is a thread of this process."));
        }
        if (!handle.isAlive() && !handle.has(Option.FLIGHT))
        {
            throw Errors.badArgument(handle.name() + " has ended. It has recorded nothing: start a worker that may " +
                "end with the option :flight true.");
        }
        return handle;
    }

    private Profile profile(List<WorkerHandle> workers) throws InterruptedException
    {
        List<Source> sources = new ArrayList<>();
        try
        {
            for (WorkerHandle worker : workers)
            {
                if (worker.isAlive())
                {
                    parts.add(new Part(worker, directory.resolve("profile-" + FILES.incrementAndGet() + ".jfr")));
                }
                else
                {
                    sources.add(new Source(worker.id(), -lengthMs, 0, filesOf(worker)));
                }
            }
            if (!parts.isEmpty())
            {
                sources.addAll(recorded());
            }
            sources.removeIf(source -> !Files.exists(source.path()));
            return Profile.of(FoldingJvm.fold(sources, directory));
        }
        finally
        {
            parts.forEach(this::conclude);
        }
    }

    private Path filesOf(WorkerHandle worker)
    {
        return RecordingNames.ofProcess(directory, worker.pid());
    }

    private List<Source> recorded() throws InterruptedException
    {
        begin();
        long from = System.currentTimeMillis();
        awaitEndOf(parts.stream().filter(part -> part.records).map(part -> part.worker).toList());
        long to = System.currentTimeMillis();
        parts.stream().filter(part -> part.records).forEach(this::end);
        List<Source> sources = new ArrayList<>();
        long deadline = System.nanoTime() + END_NANOS;
        for (Part part : parts)
        {
            if (part.records && isTrue(part.ended, deadline))
            {
                sources.add(new Source(part.worker.id(), from, to, part.file));
            }
            else if (part.records && !part.worker.isAlive())
            {
                sources.add(new Source(part.worker.id(), from, to, filesOf(part.worker)));
            }
        }
        return sources;
    }

    private void begin() throws InterruptedException
    {
        parts.forEach(part -> part.begun = part.worker.record(directory));
        long deadline = System.nanoTime() + START_NANOS;
        for (Part part : parts)
        {
            Boolean begun = answer(part.begun, deadline);
            if (Boolean.FALSE.equals(begun))
            {
                throw Errors.badArgument("A profile needs the module " + RecordingNames.MODULE +
                    ", which the Java of " + part.worker.name() + " does not have.");
            }
            part.records = begun != null;
        }
    }

    /** As long as the profile takes; shorter where all have ended before. */
    private void awaitEndOf(List<WorkerHandle> workers) throws InterruptedException
    {
        try
        {
            CompletableFuture.allOf(workers.stream().map(WorkerHandle::onExit).toArray(CompletableFuture[]::new))
                .get(lengthMs, TimeUnit.MILLISECONDS);
        }
        catch (TimeoutException | ExecutionException e)
        {
            // That is the rule; and an end is an end.
        }
    }

    private void end(Part part)
    {
        part.ended = part.worker.recorded(part.begun, part.file);
    }

    private static boolean isTrue(Reply reply, long deadline) throws InterruptedException
    {
        return Boolean.TRUE.equals(answer(reply, deadline));
    }

    /** Null where none came: it has ended, hangs, or could not. */
    private static Boolean answer(Reply reply, long deadline) throws InterruptedException
    {
        try
        {
            return reply.awaitOfLibrary(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS) ?
                (Boolean)reply.value() : null;
        }
        catch (ParallelException e)
        {
            return null;
        }
    }

    /** Nothing goes on, and no file is left but those of a worker that records all the time. */
    private void conclude(Part part)
    {
        if (part.begun != null && part.ended == null)
        {
            end(part);      // this call was broken off; its file goes with the directory
        }
        Trees.remove(part.file);
        if (!part.worker.isAlive() && !part.worker.has(Option.FLIGHT))
        {
            Trees.remove(filesOf(part.worker));
        }
    }
}
