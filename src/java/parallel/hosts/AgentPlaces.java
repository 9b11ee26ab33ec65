package parallel.hosts;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import parallel.WorkerOptions;
import parallel.WorkerOptions.Option;
import parallel.place.Places;
import parallel.place.Spares;
import parallel.place.Workers;
import parallel.process.Base;
import parallel.process.Output;
import parallel.process.ThisProcess;
import parallel.relay.ArrivingCode;
import parallel.relay.HostedPlaces;
import parallel.runtime.Context;
import parallel.runtime.Ending;
import parallel.runtime.Place;
import parallel.runtime.Session;
import parallel.runtime.StartSpec;
import parallel.runtime.Statuses;
import parallel.runtime.Threads;
import parallel.runtime.Undo;
import parallel.runtime.Waits;

/** Makes the places of an agent's workers: processes of its machine. */
public final class AgentPlaces implements HostedPlaces
{
    private static final System.Logger LOG = System.getLogger("parallel");

    private final ArrivingCode code;
    /** What each worker is started from: the spares of a process have one answer for all of its workers. */
    private final Map<WorkerOptions, Base> bases = Collections.synchronizedMap(new IdentityHashMap<>());
    private volatile Base last;

    /**
     * Of an agent; a session is made when its first worker is.
     *
     * @param code that they are started from.
     */
    public AgentPlaces(ArrivingCode code)
    {
        this.code = code;
    }

    @Override
    public Hosted make(int id, byte[] how, Output.Sink lines) throws IOException, InterruptedException
    {
        RemoteStart start = RemoteStart.decode(id, how, code);
        StartSpec spec = start.spec();
        last = start.base();
        bases.put(spec.options(), last);
        try (Undo undo = new Undo())
        {
            undo.by(() -> bases.remove(spec.options()));
            Output output = new Output(id, lines, Workers.OUTPUT_BYTES, Output.executor());
            Place place = Places.ofProcesses(this::base).make(spec, output, undo);
            int slot = Session.current().acquire(spec, place);
            place.channel().name("to worker " + id);
            return undo.done(new InProcess(spec, place, slot, () -> bases.remove(spec.options())));
        }
    }

    @Override
    public void keepSpares(byte[] how, int many)
    {
        Threads.POOL.execute(() ->
        {
            try
            {
                if (how == null)
                {
                    spares().giveBack();
                    return;
                }
                RemoteStart start = RemoteStart.decode(0, how, code);
                last = start.base();
                spares().keep(start.spec().options(), many);
            }
            catch (IOException e)
            {
                LOG.log(System.Logger.Level.WARNING, "No spares are kept: " + e.getMessage());
            }
            catch (InterruptedException e)
            {
                Thread.currentThread().interrupt();
            }
        });
    }

    private Spares spares()
    {
        return Workers.spares(Context.ofProcess(), this::base);
    }

    /**
     * How many JVMs wait to become workers.
     *
     * @return those that boot included.
     */
    public int spareCount()
    {
        return spares().statuses().size();
    }

    @Override
    public byte[] below(Collection<Integer> ids)
    {
        return ids.isEmpty() ? WorkersBelow.encode(List.of(), List.of()) :
            WorkersBelow.encode(Statuses.below(ids), Waits.all());
    }

    private Base base(WorkerOptions options)
    {
        Base its = bases.get(options);
        return its == null ? last : its;
    }

    private record InProcess(StartSpec spec, Place place, int slot, Runnable forget) implements Hosted
    {
        @Override
        public long deadline()
        {
            return System.nanoTime() +
                TimeUnit.MILLISECONDS.toNanos(spec.options().get(Option.START_TIMEOUT, Duration.class).toMillis());
        }

        @Override
        public void started()
        {
            if (slot >= 0)
            {
                Session.current().page().slotPid(slot, 0, place.pid(), ThisProcess.startMs(place.pid()));
            }
        }

        @Override
        public Map<String, Object> ended()
        {
            Map<String, Object> how = new HashMap<>(place.facts());
            Ending ending = place.ending();
            ending.exit().ifPresent(code -> how.put("exit", code));
            ending.signal().ifPresent(name -> how.put("signal", name));
            how.put("stderr-tail", List.copyOf(place.stderrTail()));
            how.put("out-of-memory", place.outOfMemory());
            how.put("suspicion", place.suspicion());
            if (how.get("hs-err") instanceof String path)
            {
                how.put("hs-err-text", CrashReport.read(Path.of(path)));
            }
            return how;
        }

        @Override
        public void release()
        {
            forget.run();
            if (slot >= 0)
            {
                Session.current().release(slot, spec.id());
            }
        }
    }
}
