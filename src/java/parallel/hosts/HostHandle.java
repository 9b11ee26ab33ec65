package parallel.hosts;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;

import parallel.HostOptions;
import parallel.HostOptions.Option;
import parallel.HostStatus;
import parallel.HostStatus.State;
import parallel.StartFailedException;
import parallel.WorkerOptions;
import parallel.WorkerStatus;
import parallel.codec.Codec;
import parallel.codec.Destination;
import parallel.control.Errors;
import parallel.control.Frames;
import parallel.control.Work;
import parallel.place.Channels;
import parallel.place.PlaceMaker;
import parallel.place.Places;
import parallel.process.Output;
import parallel.relay.RelayBell;
import parallel.relay.RelayFrames;
import parallel.runtime.Carrier;
import parallel.runtime.Children;
import parallel.runtime.Context;
import parallel.runtime.EventListener;
import parallel.runtime.Place;
import parallel.runtime.StartSpec;
import parallel.runtime.StopLadder;
import parallel.runtime.Undo;
import parallel.runtime.WorkerHandle;
import parallel.transport.WaitTable;

/** A host of this session. */
public final class HostHandle implements Calibration.Measured
{
    static
    {
        Places.enter(HostHandle.class, HostHandle::maker);
        Places.enter(Placement.CHOICE);
    }

    private static final System.Logger LOG = System.getLogger("parallel");
    /** Where its script turns to. */
    private static final String OTHER_CACHE = "/tmp/parallel-cache-";
    private static final long CLOSE_MS = 10_000;
    private static final long AFTERWARDS_MS = 5_000;

    private final int number;
    private final HostOptions options;
    private final LinkJvm linkJvm;
    private final EventListener listener;
    private final CompletableFuture<Void> up = new CompletableFuture<>();
    private final CompletableFuture<Void> gone = new CompletableFuture<>();
    /** Done when it is gone, and what comes afterwards is. */
    private volatile CompletableFuture<?> over = gone;
    /** Of those that live; the lock for the next as well. */
    private final Set<RemotePlace> places = new HashSet<>();
    private final Traffic ended = new Traffic();
    private final BulkMessages bulks;
    private final RemoteMaker remoteMaker = new RemoteMaker();
    private volatile String name;
    private volatile Map<String, Object> facts = Map.of();
    private volatile Map<String, Object> now = Map.of();
    private volatile Map<String, Object> below = Map.of();
    private volatile long roundTripMicros = -1;
    /** From its clock to ours; 0: it has not said yet. */
    private volatile long clockNanos;
    private volatile long heardNanos;
    private volatile State state = State.STARTING;
    private volatile Instant since = Instant.now();
    private volatile String why;
    private volatile double speed;
    private volatile double megabytesPerSecond;

    @SuppressWarnings("unchecked")  // HostOptions takes no other kind
    HostHandle(int number, HostOptions options, LinkJvm linkJvm)
    {
        this.listener = new EventListener(options.get(Option.ON_EVENT, Consumer.class));
        this.number = number;
        this.options = options;
        this.linkJvm = linkJvm;
        this.bulks = new BulkMessages(number, linkJvm, this::hasWorker);
        String given = options.get(Option.NAME, String.class);
        this.name = given != null ? given : "host-" + number;
        Double givenSpeed = options.get(Option.SPEED, Double.class);
        this.speed = givenSpeed != null ? givenSpeed : 0;
    }

    int number()
    {
        return number;
    }

    HostOptions options()
    {
        return options;
    }

    long timeoutMs()
    {
        Duration given = options.get(Option.HOST_TIMEOUT, Duration.class);
        return (given != null ? given : HostRegistry.HOST_TIMEOUT).toMillis();
    }

    /** Done when it is up; with an exception when it could not be brought in. */
    CompletableFuture<Void> up()
    {
        return up;
    }

    /** What is to be done when it is gone, however it ends: begins something that close waits for. Once. */
    void afterwards(Supplier<CompletableFuture<?>> what)
    {
        over = gone.thenCompose(nothing -> what.get());
    }

    /** Something was heard of it lately. */
    boolean isHeard()
    {
        return state == State.UP;
    }

    boolean isUsable()
    {
        return state == State.UP || state == State.SILENT;
    }

    /** It could not be brought in: nobody waits for it any more. */
    void abandon()
    {
        linkJvm.remove(this);
        linkJvm.forget(this);
    }

    /** Its name is taken. */
    boolean isPresent()
    {
        return state != State.LOST && state != State.CLOSED;
    }

    // ---- what the link process says of it

    void heard(byte kind, Map<String, Object> what)
    {
        switch (kind)
        {
            case RelayFrames.UP -> up(what);
            case RelayFrames.NOT_ADDED -> notAdded(what);
            case RelayFrames.STATE -> changed(what);
            case RelayFrames.BELOW -> below = what;
            case RelayFrames.BULK_IS -> bulks.heard(what);
            case RelayFrames.GONE -> gone((String)what.get("why"), (Long)what.get("silent-ms"));
            default -> LOG.log(System.Logger.Level.WARNING, "A frame of the unknown kind " + kind + " of a host");
        }
    }

    private void up(Map<String, Object> its)
    {
        facts = its;
        heardNanos = System.nanoTime();
        if (options.get(Option.NAME, String.class) == null)
        {
            name = String.valueOf(its.get("name"));
        }
        if (its.get("code") instanceof String code && code.startsWith(OTHER_CACHE))
        {
            LOG.log(System.Logger.Level.WARNING,
                "Host " + name + " keeps code in " + code + ": the user's cache directory there cannot be written");
        }
        enter(State.UP);
        emit("host-up");
        up.complete(null);
    }

    private void notAdded(Map<String, Object> what)
    {
        why = String.valueOf(what.get("message"));
        enter(State.LOST);
        Map<String, Object> data = new LinkedHashMap<>(what);
        data.remove("message");
        data.put("host", name);
        up.completeExceptionally(
            new StartFailedException("Host " + name + " could not be added. " + why, data, null));
        gone.complete(null);
    }

    @SuppressWarnings("unchecked")  // as the agent has put them
    private void changed(Map<String, Object> what)
    {
        if (what.get("silent") instanceof Boolean silent)
        {
            if (isUsable())
            {
                enter(silent ? State.SILENT : State.UP);
                emit(silent ? "host-silent" : "host-back");
            }
            return;
        }
        heardNanos = System.nanoTime();
        roundTripMicros = (Long)what.get("rtt-us");
        clockNanos = (Long)what.get("clock-ns");
        now = (Map<String, Object>)what.get("now");
    }

    void gone(String reason, long silentMs)
    {
        synchronized (this)
        {
            if (!isPresent())
            {
                return;
            }
            why = reason.equals("closed") ? null : reason;
            enter(reason.equals("closed") ? State.CLOSED : State.LOST);
        }
        bulks.over();
        emit(state == State.CLOSED ? "host-closed" : "host-lost");
        up.completeExceptionally(
            new StartFailedException("Host " + name + " is lost: " + reason, Map.of("host", name), null));
        gone.complete(null);
    }

    private synchronized void enter(State next)
    {
        state = next;
        since = Instant.now();
    }

    private void emit(String event)
    {
        if (listener.isThere())
        {
            Map<String, Object> what = new LinkedHashMap<>();
            what.put("event", event);
            what.put("host", name);
            what.put("host/id", number);
            if (event.equals("host-lost"))
            {
                what.put("why", why);
            }
            what.put("at-ms", System.currentTimeMillis());
            listener.tell(what, "host " + name);
        }
    }

    /** A worker is about to be started there. */
    void entered(RemotePlace place)
    {
        synchronized (places)
        {
            places.add(place);
        }
    }

    /** It has ended. */
    void left(RemotePlace place)
    {
        synchronized (places)
        {
            if (places.remove(place))
            {
                ended.add(place.channel().status().counts());
            }
        }
        bulks.left(place.id());
    }

    private boolean hasWorker(int id)
    {
        synchronized (places)
        {
            return places.stream().anyMatch(place -> place.id() == id);
        }
    }

    /** What goes to several of its workers. */
    Carrier carrier()
    {
        return bulks;
    }

    private HostStatus.Traffic traffic()
    {
        Traffic all = new Traffic();
        synchronized (places)
        {
            places.forEach(place -> all.add(place.channel().status().counts()));
            all.add(ended.now());
        }
        return all.now();
    }

    /** The workers below one of its workers. */
    List<WorkerStatus> below(int id)
    {
        return WorkersBelow.of(below, id, name, age());
    }

    /** What its threads, and those of the workers below it, wait for. */
    List<WaitTable.Wait> waits(int id)
    {
        long clock = clockNanos;
        return clock == 0 ? List.of() : WorkersBelow.waits(below, id, clock);
    }

    /** What is to be added to its times; 0: that is not known yet. */
    long clockNanos()
    {
        return clockNanos;
    }

    /** Time since anything was heard of it. */
    Duration age()
    {
        return Duration.ofNanos(System.nanoTime() - heardNanos);
    }

    // ---- for its workers

    private PlaceMaker maker()
    {
        if (!isUsable())
        {
            throw Errors.badArgument("No worker can be started on " + this + ". Hosts that can be used are " +
                HostRegistry.current().usable() + ".");
        }
        return remoteMaker;
    }

    private final class RemoteMaker implements PlaceMaker
    {
        @Override
        public Place make(StartSpec spec, Output output, Undo undo) throws IOException
        {
            if (linkJvm.isGone())
            {
                throw new IOException("The process that holds the connections to the hosts has died.");
            }
            return new RemotePlace(spec, HostHandle.this, linkJvm,
                Channels.parentEnd(spec.options(), new RelayBell(linkJvm.link(), spec.id()), undo), output);
        }

        @Override
        public Destination destination()
        {
            return Destination.ELSEWHERE;
        }

        @Override
        public void keepSparesThere(WorkerOptions workers, int wanted)
        {
            try
            {
                byte[] how = workers == null ? null :
                    RemoteStart.encode(new StartSpec(Context.ofProcess(), 0, workers, Work.IDLE), name, options,
                    linkJvm::offer);
                linkJvm.send(Frames.frame(RelayFrames.WARM, number, Codec.toBytes(new Object[]{ how, wanted })));
            }
            catch (IOException e)
            {
                throw Errors.badArgument("No spares can be kept on host " + name + ": " + e.getMessage() + ".");
            }
        }
    }

    // ---- as of any host

    @Override
    public String name()
    {
        return name;
    }

    @Override
    public int cores()
    {
        Integer given = options.get(Option.CORES, Integer.class);
        return given != null ? given : number("cores");
    }

    @Override
    public void measured(double its, double ofItsLink)
    {
        speed = its;
        megabytesPerSecond = ofItsLink;
    }

    private int number(String fact)
    {
        return facts.get(fact) instanceof Number value ? value.intValue() : 0;
    }

    private List<WorkerHandle> workers()
    {
        return Children.of(Context.ofProcess()).all().stream()
            .filter(worker -> worker.life().place() instanceof RemotePlace place && place.host() == number).toList();
    }

    @Override
    public HostStatus status()
    {
        int workers = workers().size();
        long heard = heardNanos;
        String ssh = options.get(Option.SSH, String.class);
        boolean isSlurm = options.get(Option.SLURM, List.class) != null;
        return new HostStatus(number, name, state, isSlurm ? "slurm" : ssh == null ? "start" : "ssh",
            ssh == null ? (String)facts.get("address") : ssh,
            facts.get("pid") instanceof Number pid ? pid.longValue() : 0, cores(), Math.max(0, cores() - workers),
            facts.get("memory-bytes") instanceof Number bytes ? bytes.longValue() : 0,
            now.get("load") instanceof Number load ? load.doubleValue() : -1, number("jdk"),
            (String)facts.get("java"), (String)facts.get("dir"), speed,
            roundTripMicros < 0 ? null : Duration.ofNanos(roundTripMicros * 1000), megabytesPerSecond, workers,
            now.get("spares") instanceof Integer spares ? spares : 0,
            traffic(), since, heard == 0 ? null : age(), why);
    }

    @Override
    public void close()
    {
        if (!isPresent())
        {
            return;
        }
        StopLadder.stop(workers(), -1);
        linkJvm.remove(this);
        try
        {
            gone.get(CLOSE_MS, TimeUnit.MILLISECONDS);
            over.get(AFTERWARDS_MS, TimeUnit.MILLISECONDS);
        }
        catch (InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
        catch (ExecutionException | TimeoutException e)
        {
            LOG.log(System.Logger.Level.WARNING, gone.isDone() ?
                "The allocation of " + name + " was not given back in time" :
                "The agent of " + name + " did not end in time");
        }
    }

    @Override
    public String toString()
    {
        return "host " + name + " (" + state.name().toLowerCase(Locale.ROOT) +
            (why == null ? "" : ": " + why) + ")";
    }
}
