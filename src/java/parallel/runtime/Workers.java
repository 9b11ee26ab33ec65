package parallel.runtime;

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

import parallel.ParallelException;
import parallel.StartFailedException;
import parallel.Worker;
import parallel.WorkerOptions;
import parallel.WorkerOptions.Option;
import parallel.codec.Codec;
import parallel.codec.Messages;
import parallel.process.Output;
import parallel.runtime.WorkerHandle.Birth;
import parallel.transport.LocalBell;
import parallel.transport.MessageChannel;
import parallel.transport.PairFile;
import parallel.transport.Side;

/**
 * The composition root: makes files, channel, host and handle of a worker, and undoes them when a step fails.
 */
public final class Workers
{
    private static final long OUTPUT_BYTES = 8L << 20;
    private static final AtomicInteger WITHOUT_SESSION = new AtomicInteger();

    private Workers()
    {
    }

    /**
     * Starts a worker; returns at once.
     *
     * @param context of the parent.
     * @param options checked ones.
     * @param job     what it evaluates.
     * @param maker   makes the handle.
     * @param <W>     the kind of handle.
     * @return the handle. All that goes wrong from here on makes it fail.
     * @throws ParallelException with BAD_ARGUMENT if a guard against accidental recursion says no.
     */
    public static <W extends WorkerHandle> W start(Context context, WorkerOptions options, Job job, Function<Birth, W> maker)
    {
        final Session session;
        try
        {
            session = Session.current();
        }
        catch (final UncheckedIOException e)
        {
            final W handle = maker.apply(new Birth(context, WITHOUT_SESSION.incrementAndGet(), options, job));
            handle.life().stillborn(() -> new StartFailedException(handle.name() + " did not start. " + e.getMessage(), handle.who(), e));
            return handle;
        }
        guard(context, options, session);
        final W handle = maker.apply(new Birth(context, session.page().nextId(), options, job));
        begin(handle, session);
        return handle;
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
        final int maxWorkers = options.get(Option.MAX_WORKERS, Integer.class);
        final int live = live();
        if (wanted > maxWorkers - live)
        {
            throw Errors.badArgument("The session has " + live + " live workers, and " + wanted + " are to be started; max-workers is " + maxWorkers +
                ". If that is meant, raise the option max-workers (1024 at most).");
        }
    }

    private static int live()
    {
        try
        {
            return Session.current().page().slots().size();
        }
        catch (final UncheckedIOException e)
        {
            return 0;       // without a session each of them fails, and says why
        }
    }

    private static void guard(Context context, WorkerOptions options, Session session)
    {
        if (context.isEnded())
        {
            throw Errors.badArgument("Worker " + context.id() + " has ended; its code, which goes on in a thread, starts no more workers.");
        }
        final int depth = context.depth() + 1;
        final int maxDepth = options.get(Option.MAX_DEPTH, Integer.class);
        if (depth > maxDepth)
        {
            throw Errors.badArgument("This worker would be " + depth + " deep, workers within workers; max-depth is " + maxDepth +
                ". Does a worker's code start itself again? If that is meant, raise the option max-depth.");
        }
        final int live = session.page().slots().size();
        final int maxWorkers = options.get(Option.MAX_WORKERS, Integer.class);
        if (live >= maxWorkers)
        {
            throw Errors.badArgument("The session has " + live + " live workers; max-workers is " + maxWorkers +
                ". Does a worker's code start itself again? If that is meant, raise the option max-workers (1024 at most).");
        }
    }

    private static void begin(WorkerHandle handle, Session session)
    {
        final Birth birth = handle.life().birth();
        if (birth.job().failure() != null)
        {
            handle.life().stillborn(() -> failed(handle, birth.job().failure()));
            return;
        }
        final Output output = new Output(handle.id(), sink(birth), OUTPUT_BYTES, Output.executor());
        final Made made;
        try
        {
            made = birth.options().get(Option.IN_THREAD, Boolean.class) ? inThread(birth, session, output) : inProcess(birth, output);
        }
        catch (final IOException e)
        {
            handle.life().stillborn(startFailed(handle, e));
            return;
        }
        final int slot = session.page().acquireSlot(handle.id(), birth.context().id(), birth.options().get(Option.NAME, String.class),
            System.currentTimeMillis());
        if (slot >= 0)
        {
            session.page().slotPair(slot, made.channel().pair().handOn());
        }
        handle.life().begin(made.channel(), made.host(), slot);
    }

    private record Made(MessageChannel channel, Host host)
    {
    }

    private static Made inThread(Birth birth, Session session, Output output) throws IOException
    {
        final PairFile pair = session.newPair(birth.options().get(Option.RING_BYTES, Integer.class));
        final LocalBell[] bells = LocalBell.pair();
        final long inboxBytes = birth.options().get(Option.INBOX_BYTES, Long.class);
        final MessageChannel channel = new MessageChannel(pair, Side.PARENT, bells[0], inboxBytes, Messages.inbox(inboxBytes));
        bells[0].attach(channel);
        return new Made(channel, new ThreadHost(birth, pair, bells[1], output));
    }

    private static Made inProcess(Birth birth, Output output) throws IOException
    {
        final Spare spare = birth.context().spares().take(birth.options());
        final WorkerJvm jvm = spare != null ? spare.jvm() : new WorkerJvm(birth.context(), birth.options());
        return new Made(jvm.channel(), new ProcessHost(birth, jvm, spare, output));
    }

    private static ParallelException failed(WorkerHandle handle, ParallelException e)
    {
        if (e.code() != ParallelException.Code.START_FAILED)
        {
            return e;
        }
        final Map<String, Object> data = new LinkedHashMap<>(handle.who());
        data.put("command", List.of());     // there was none
        data.put("stderr-tail", List.of());
        data.putAll(e.data());
        return new StartFailedException(handle.name() + " did not start. " + e.getMessage(), data, e.getCause());
    }

    private static Supplier<ParallelException> startFailed(WorkerHandle handle, IOException e)
    {
        return () -> new StartFailedException(handle.name() + " did not start. " + e.getMessage(), handle.who(), e);
    }

    private static Output.Sink sink(Birth birth)
    {
        final Lines fallback = birth.context().linesOfWorkers();
        final Consumer<String> out = consumer(birth.options(), Option.OUT);
        final Consumer<String> err = consumer(birth.options(), Option.ERR);
        return (stream, id, line) ->
        {
            final Consumer<String> given = stream == Output.Stream.OUT ? out : err;
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
     * Starts a worker for a body; captured values travel by the codec.
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
        return start(Context.current(), checked(options), job(Job.BODY, () -> Codec.bodyToBytes(body)), WorkerHandle::new);
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
        final ClassBody checked = ClassBody.checked(body, arguments);
        return start(Context.current(), checked(options), job(Job.CLASS, checked::encode), WorkerHandle::new);
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
        return start(context, options, job(Job.CLASS, ClassBody.checked(body)::encode), WorkerHandle::new);
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
     * A job whose encoding may fail: then what was to carry it out fails.
     *
     * @param kind   of the job.
     * @param encode makes its bytes.
     * @return the job.
     */
    public static Job job(byte kind, Supplier<byte[]> encode)
    {
        try
        {
            return Job.of(kind, encode.get());
        }
        catch (final parallel.codec.NotTransferableException e)
        {
            return Job.failed(Errors.notTransferable(e));
        }
        catch (final ParallelException e)
        {
            return Job.failed(e);       // of what is to travel, a shared array that is closed
        }
    }

    /**
     * How many JVMs are kept for workers with such options that are yet to be started.
     *
     * @param options checked ones.
     * @param spares  0 or more.
     */
    public static void warm(WorkerOptions options, int spares)
    {
        Context.current().spares().keep(checked(options), spares);
    }

    /** None are kept any more. */
    public static void warmNone()
    {
        Context.current().spares().giveBack();
    }

    /**
     * The workers of the calling context, as the public type.
     *
     * @return a snapshot, by id.
     */
    public static List<Worker> children()
    {
        return List.copyOf(Context.current().children());
    }
}
