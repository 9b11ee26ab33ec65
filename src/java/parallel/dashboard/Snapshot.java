package parallel.dashboard;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

import parallel.Host;
import parallel.HostStatus;
import parallel.Hosts;
import parallel.WaitStatus;
import parallel.Worker;
import parallel.WorkerOptions.Option;
import parallel.WorkerStatus;
import parallel.look.Deadlocks;
import parallel.look.Json;
import parallel.look.WorkerData;
import parallel.place.Workers;
import parallel.pool.Pool;
import parallel.pool.Pools;
import parallel.runtime.Children;
import parallel.runtime.Context;
import parallel.runtime.EndedWorkers;
import parallel.runtime.WorkerHandle;
import parallel.shared.SharedObjects;

/** All that the page shows, as JSON. Of one thread. */
final class Snapshot
{
    private static final long OWN_PID = ProcessHandle.current().pid();
    private static final int DEFAULT_RING = 1 << 20;
    private static final long NANOS_PER_MICRO = 1000;

    private final Context context;
    private final Findings findings;
    private final Profiles profiles;
    private final RecentEntries entries;
    private final Flow flow = new Flow();
    private Map<String, Object> data = Map.of();

    Snapshot(Context context, Findings findings, Profiles profiles)
    {
        this.context = context;
        this.findings = findings;
        this.profiles = profiles;
        this.entries = new RecentEntries(context);
    }

    Context context()
    {
        return context;
    }

    Profiles profiles()
    {
        return profiles;
    }

    /** Nobody has watched until now. */
    void begin()
    {
        flow.forget();
        findings.forget();
    }

    /**
     * Looks, now.
     *
     * @return what is so, and what is new of the timeline.
     */
    String next()
    {
        Instant now = Instant.now();
        data = new LinkedHashMap<>();
        data.put("at", now.toString());
        data.put("now", entries.now());
        data.put("self", self());
        data.put("health", findings.latest());
        data.put("workers", workers(now));
        data.put("spares", spares(now));
        data.put("waits", Deadlocks.waits().stream().map(Snapshot::wait).toList());
        data.put("cycles",
            findings.cycles().stream().map(cycle -> cycle.stream().map(Snapshot::wait).toList()).toList());
        data.put("pools", Pools.live().stream().map(Snapshot::pool).toList());
        data.put("hosts", Hosts.all().stream().map(Host::status).map(Snapshot::host).toList());
        data.put("shared", SharedObjects.all());
        data.put("profile", profiles.facts());
        List<Object> recent = entries.next();
        data.put("entries", recent == null ? List.of() : recent);
        data.put("read", recent != null);
        return json();
    }

    /** The same as the last one, with what came before of the timeline. */
    String whole()
    {
        data.put("entries", entries.whole());
        data.put("read", true);
        data.put("whole", true);
        return json();
    }

    private String json()
    {
        StringBuilder json = new StringBuilder();
        Json.write(json, data);
        return json.toString();
    }

    private Map<String, Object> self()
    {
        Runtime runtime = Runtime.getRuntime();
        Map<String, Object> self = new LinkedHashMap<>();
        self.put("id", context.id());
        self.put("pid", OWN_PID);
        self.put("heap", runtime.totalMemory() - runtime.freeMemory());
        self.put("memory", known(ProcessTable.of(OWN_PID).memory()));
        return self;
    }

    private List<Map<String, Object>> workers(Instant now)
    {
        Map<Integer, WorkerHandle> handles = new HashMap<>();
        Children.of(context).all().forEach(child -> handles.put(child.id(), child));
        List<WorkerStatus> live = Children.of(context).descendants();
        Map<Integer, ProcessTable.Facts> facts = new HashMap<>();
        flow.begin();
        for (WorkerStatus status : live)
        {
            ProcessTable.Facts own = facts(status);
            facts.put(status.id(), own);
            flow.count(status, own.cpuMs());
        }
        List<Map<String, Object>> all = new ArrayList<>();
        live.forEach(status -> all.add(worker(status, now, facts.get(status.id()), handles.get(status.id()))));
        EndedWorkers.last().stream().filter(ended -> !facts.containsKey(ended.status().id()))
            .forEach(ended -> all.add(WorkerData.of(ended.status(), now, ended.error())));
        Map<Integer, Long> printed = Printed.counts(handles.values());
        all.forEach(worker -> worker.put("lines", printed.getOrDefault(worker.get("id"), 0L)));
        return all;
    }

    /** Of a thread of this process, and of one on another machine, the process table says nothing. */
    private static ProcessTable.Facts facts(WorkerStatus status)
    {
        return status.pid() == 0 || status.pid() == OWN_PID || status.host().isPresent() ? ProcessTable.Facts.NONE :
            ProcessTable.of(status.pid());
    }

    private Map<String, Object> worker(
        WorkerStatus status, Instant now, ProcessTable.Facts facts, WorkerHandle handle)
    {
        Map<String, Object> worker = WorkerData.of(status, now, null);
        worker.put("memory", known(facts.memory()));
        worker.put("cpu", flow.cpuPercent(status.id()));
        worker.put("stopped", facts.stopped());
        worker.put("rates", flow.rates(status.id()));
        worker.put("ring", handle == null ? DEFAULT_RING :
            handle.life().spec().options().get(Option.RING_BYTES, Integer.class));
        worker.put("unread", handle == null ? null : List.of(handle.unreadMessages(), handle.unreadBytes()));
        worker.put("heapMost", handle == null || !handle.hasOwnHeap() || handle.heapLimitBytes() > 1L << 50 ? null :
            handle.heapLimitBytes());
        worker.put("own", handle != null);
        worker.put("here", handle != null && handle.isProcessHere());
        worker.put("flight", handle != null && handle.isProcessHere() && handle.has(Option.FLIGHT));
        return worker;
    }

    private List<Object> spares(Instant now)
    {
        List<Object> all = new ArrayList<>();
        for (WorkerStatus status : Workers.spares(context).statuses())
        {
            Map<String, Object> spare = WorkerData.of(status, now, null);
            spare.put("memory", status.pid() == 0 ? null : known(ProcessTable.of(status.pid()).memory()));
            all.add(spare);
        }
        return all;
    }

    private static Long known(long number)
    {
        return number < 0 ? null : number;
    }

    private static Map<String, Object> wait(WaitStatus status)
    {
        Map<String, Object> wait = new LinkedHashMap<>();
        wait.put("id", status.id());
        wait.put("thread", status.thread());
        wait.put("for", status.kind().name().toLowerCase(Locale.ROOT));
        wait.put("on", status.on());
        wait.put("ms", status.since().toMillis());
        wait.put("trace", status.trace().stream().map(StackTraceElement::toString).toList());
        return wait;
    }

    private static Map<String, Object> pool(Pool pool)
    {
        List<Integer> ids = pool.workers().stream().map(Worker::id).collect(Collectors.toList());
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("workers", ids);
        facts.put("size", pool.size());
        facts.put("most", pool.most());
        facts.put("queued", pool.queued());
        facts.put("running", pool.running());
        return facts;
    }

    private static Map<String, Object> host(HostStatus status)
    {
        Map<String, Object> host = new LinkedHashMap<>();
        host.put("name", status.name());
        host.put("state", status.state().name().toLowerCase(Locale.ROOT));
        host.put("via", status.via());
        host.put("cores", status.cores());
        host.put("free", status.freeCores());
        host.put("workers", status.workers());
        host.put("spares", status.spares());
        host.put("load", status.load() < 0 ? null : Math.round(status.load() * 100) / 100.0);
        host.put("roundTripUs", status.roundTrip() == null ? null : status.roundTrip().toNanos() / NANOS_PER_MICRO);
        host.put("heardMs", status.lastHeard() == null ? null : status.lastHeard().toMillis());
        host.put("error", status.error());
        return host;
    }
}
