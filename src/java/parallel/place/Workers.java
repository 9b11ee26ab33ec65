package parallel.place;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

import parallel.Host;
import parallel.ParallelException;
import parallel.StartFailedException;
import parallel.Worker;
import parallel.WorkerOptions;
import parallel.WorkerOptions.Option;
import parallel.codec.Codec;
import parallel.codec.Destination;
import parallel.codec.UnserializableException;
import parallel.control.ClassBody;
import parallel.control.Errors;
import parallel.control.Text;
import parallel.control.Work;
import parallel.process.Output;
import parallel.runtime.Children;
import parallel.runtime.Context;
import parallel.runtime.EndErrors;
import parallel.runtime.Place;
import parallel.runtime.Session;
import parallel.runtime.StartSpec;
import parallel.runtime.Undo;
import parallel.runtime.WorkerHandle;
import parallel.transport.Agrona;

/**
 * The composition root: makes files, channel, place and handle of a worker, and undoes them when a step fails.
 */
public final class Workers
{
    /** Of a worker's output, so much waits at most before reading stops. */
    public static final long OUTPUT_BYTES = 8L << 20;
    private static final AtomicInteger WITHOUT_SESSION = new AtomicInteger();

    private Workers()
    {
    }

    /**
     * Starts a worker; returns at once.
     *
     * @param context of the parent.
     * @param options checked ones.
     * @param work    what it evaluates.
     * @param maker   makes the handle.
     * @param <W>     the kind of handle.
     * @return the handle. All that goes wrong from here on makes it fail.
     * @throws ParallelException with BAD_ARGUMENT if a guard against accidental recursion says no.
     */
    public static <W extends WorkerHandle> W start(
        Context context, WorkerOptions options, Work work, Function<StartSpec, W> maker)
    {
        checkAgrona();
        Session session;
        try
        {
            session = Session.current();
        }
        catch (RuntimeException | Error e)
        {
            W handle = maker.apply(new StartSpec(context, WITHOUT_SESSION.incrementAndGet(), options, work));
            handle.life().stillborn(startFailed(handle, e));
            return handle;
        }
        guard(context, options, session);
        PlaceMaker place = Places.of(options);
        WorkerOptions chosen = options.get(Option.IN, Object.class) instanceof Host ? options :
            ProcessorChoice.made(options);
        W handle = maker.apply(new StartSpec(context, session.page().nextId(), chosen, work));
        begin(handle, place);
        return handle;
    }

    /** Where Agrona cannot work not even a handle can be made. */
    private static void checkAgrona()
    {
        try
        {
            Agrona.open();
        }
        catch (IllegalStateException e)
        {
            throw new StartFailedException(e.getMessage() + ".", Map.of(), e);
        }
    }

    /**
     * Refuses more workers than the session may have, before the first of them is started.
     *
     * @param options checked ones.
     * @param wanted  how many are to be started.
     * @throws ParallelException with BAD_ARGUMENT.
     */
    public static void checkRoom(WorkerOptions options, long wanted)
    {
        int maxWorkers = options.get(Option.MAX_WORKERS, Integer.class);
        int live = live();
        if (wanted > maxWorkers - live)
        {
            throw Errors.badArgument("The session has " + live + " live workers, and " + wanted +
                " are to be started; max-workers is " + maxWorkers +
                ". If that is meant, raise the option max-workers (1024 at most).");
        }
    }

    private static int live()
    {
        try
        {
            return live(Session.current());
        }
        catch (UncheckedIOException e)
        {
            return 0;       // without a session each of them fails, and says why
        }
    }

    /** Those of the session's page, and those that workers on other machines have started, as far as is known here. */
    private static int live(Session session)
    {
        return session.page().slots().size() +
            Children.of(Context.ofProcess()).all().stream().mapToInt(child -> child.below().size()).sum();
    }

    private static void guard(Context context, WorkerOptions options, Session session)
    {
        if (context.isEnded())
        {
            throw Errors.badArgument(
                "Worker " + context.id() + " has ended: its code, which still runs in a thread, cannot start workers.");
        }
        int depth = context.depth() + 1;
        int maxDepth = options.get(Option.MAX_DEPTH, Integer.class);
        if (depth > maxDepth)
        {
            throw Errors.badArgument("This worker would be " + depth + " deep, workers within workers; max-depth is " +
                maxDepth +
                ". Does a worker's code start itself again? If that is meant, raise the option max-depth.");
        }
        int live = live(session);
        int maxWorkers = options.get(Option.MAX_WORKERS, Integer.class);
        if (live >= maxWorkers)
        {
            session.releaseOrphans();
            live = live(session);
        }
        if (live >= maxWorkers)
        {
            throw Errors.badArgument("The session has " + live + " live workers; max-workers is " + maxWorkers +
                ". Does a worker's code start itself again? If that is meant, raise the option max-workers (1024 at " +
                "most).");
        }
    }

    /**
     * Makes the place of a worker and begins its life there. Throws nothing: what fails makes the handle fail.
     *
     * @param handle of the worker.
     * @param maker  of its place.
     */
    static void begin(WorkerHandle handle, PlaceMaker maker)
    {
        StartSpec spec = handle.life().spec();
        if (spec.work().failure() != null)
        {
            handle.life().stillborn(() -> failed(handle, spec.work().failure()));
            return;
        }
        Place place;
        try (Undo undo = new Undo())
        {
            Output output = new Output(handle.id(), sink(spec), OUTPUT_BYTES, Output.executor());
            place = undo.done(maker.make(spec, output, undo));
        }
        catch (IOException | RuntimeException | Error e)
        {
            handle.life().stillborn(startFailed(handle, e));
            return;
        }
        handle.life().begin(place);
    }

    private static ParallelException failed(WorkerHandle handle, ParallelException e)
    {
        if (e.code() != ParallelException.Code.START_FAILED)
        {
            return e;
        }
        Map<String, Object> data = new LinkedHashMap<>(handle.who());
        data.put("command", List.of());     // there was none
        data.put("stderr-tail", List.of());
        data.putAll(e.data());
        return new StartFailedException(handle.name() + " did not start. " + e.getMessage(), data, e.getCause());
    }

    private static Supplier<ParallelException> startFailed(WorkerHandle handle, Throwable e)
    {
        String why = e instanceof IOException || e instanceof UncheckedIOException ? e.getMessage() : EndErrors.why(e);
        return () -> new StartFailedException(handle.name() + " did not start. " + why, handle.who(), e);
    }

    private static Output.Sink sink(StartSpec spec)
    {
        Output.Sink fallback = spec.context().linesOfWorkers();
        Consumer<String> out = consumer(spec.options(), Option.OUT);
        Consumer<String> err = consumer(spec.options(), Option.ERR);
        return (stream, id, line) ->
        {
            Consumer<String> given = stream == Output.Stream.OUT ? out : err;
            if (given == null)
            {
                fallback.line(stream, id, line);
            }
            else
            {
                given.accept(Text.label(id) + line);
            }
        };
    }

    @SuppressWarnings("unchecked")  // WorkerOptions.Builder takes no other kind
    private static Consumer<String> consumer(WorkerOptions options, Option option)
    {
        return options.get(option, Consumer.class);
    }

    /**
     * Starts a worker for a body; captured values are sent by the codec.
     *
     * @param options checked ones.
     * @param body    a serializable lambda or object.
     * @return its handle.
     */
    public static Worker startBody(WorkerOptions options, Callable<?> body)
    {
        if (body == null)
        {
            throw Errors.badArgument("A worker's body is a lambda or an object that is a Callable, not null.");
        }
        return placed(options, its -> start(Context.current(), its,
            work(its, Work.BODY, () -> Codec.bodyToBytes(body)), WorkerHandle::new));
    }

    /**
     * Starts a worker for a class.
     *
     * @param options   checked ones.
     * @param body      a Callable or Runnable with a public constructor that fits the arguments.
     * @param arguments for it.
     * @return its handle.
     */
    public static Worker startClass(WorkerOptions options, Class<?> body, Object... arguments)
    {
        ClassBody checked = ClassBody.checked(body, arguments);
        return placed(options, its -> start(Context.current(), its, work(its, Work.CLASS, checked::encode),
            WorkerHandle::new));
    }

    /**
     * As {@link #startClass(WorkerOptions, Class, Object...)}, for a context that need not be the calling thread's.
     *
     * @param context of the parent.
     * @param options checked ones.
     * @param body    a Callable or Runnable with a public constructor without arguments.
     * @return its handle.
     */
    public static Worker startClass(Context context, WorkerOptions options, Class<?> body)
    {
        return placed(options, its -> start(context, its, work(Work.CLASS, ClassBody.checked(body)::encode),
            WorkerHandle::new));
    }

    /**
     * Of several hosts one is chosen for each worker, before anything is written for it. One at a time: who comes next
     * counts the worker.
     */
    private static Worker placed(WorkerOptions options, Function<WorkerOptions, Worker> start)
    {
        if (!(checked(options).get(Option.IN, Object.class) instanceof List<?> hosts))
        {
            return start.apply(options);
        }
        Places.Choice choice = Places.choice();
        synchronized (choice)
        {
            return start.apply(in(options, choice.next(hosts)));
        }
    }

    private static WorkerOptions in(WorkerOptions options, Object host)
    {
        return options.toBuilder().in((Host)host).build();
    }

    private static WorkerOptions checked(WorkerOptions options)
    {
        if (options == null)
        {
            throw Errors.badArgument("A worker's options are made by WorkerOptions.builder(), not null.");
        }
        return options;
    }

    /**
     * A work whose encoding may fail: then what was to carry it out fails.
     *
     * @param kind   of the work.
     * @param encode makes its bytes.
     * @return the work.
     */
    public static Work work(byte kind, Supplier<byte[]> encode)
    {
        checkAgrona();
        try
        {
            return Work.of(kind, encode.get());
        }
        catch (UnserializableException e)
        {
            return Work.failed(Errors.notTransferable(e));
        }
        catch (ParallelException e)
        {
            return Work.failed(e);       // of what is to be sent, a shared array that is closed
        }
    }

    /** As {@link #work(byte, Supplier)}, for a worker with such options: what cannot go to its machine fails. */
    private static Work work(WorkerOptions options, byte kind, Supplier<byte[]> encode)
    {
        return destination(options).of(() -> work(kind, encode));
    }

    /**
     * Where goes what a worker with such options is given.
     *
     * @param options checked ones.
     * @return the destination.
     * @throws ParallelException with BAD_ARGUMENT if no worker can be started there.
     */
    public static Destination destination(WorkerOptions options)
    {
        return Places.destination(options);
    }

    /**
     * The JVMs that are kept for workers of a context.
     *
     * @param context of the parent.
     * @return always the same for one context.
     */
    public static Spares spares(Context context)
    {
        return ProcessMaker.OF_THIS_JVM.spares(context);
    }

    /**
     * The same for workers that are started from what another JVM has.
     *
     * @param context of this process.
     * @param bases   say what they are started from.
     * @return the spares.
     */
    public static Spares spares(Context context, Bases bases)
    {
        return new ProcessMaker(bases).spares(context);
    }

    /**
     * How many JVMs are kept for workers with such options that are yet to be started.
     *
     * @param options checked ones.
     * @param spares  0 or more; on each of several hosts so many.
     */
    public static void warm(WorkerOptions options, int spares)
    {
        Spares kept = spares(Context.current());
        if (checked(options).get(Option.IN, Object.class) instanceof List<?> hosts)
        {
            hosts.forEach(host -> kept.keep(in(options, host), spares));
        }
        else
        {
            kept.keep(options, spares);
        }
    }

    /** None are kept any more. */
    public static void warmNone()
    {
        spares(Context.current()).giveBack();
    }

    /**
     * The workers of the calling context, as the public type.
     *
     * @return a snapshot, by id.
     */
    public static List<Worker> children()
    {
        return List.copyOf(Children.of(Context.current()).all());
    }
}
