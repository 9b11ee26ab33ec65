package parallel.hosts;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

import parallel.HostStatus;
import parallel.HostStatus.State;
import parallel.place.Places;
import parallel.process.Base;
import parallel.process.ThisProcess;
import parallel.runtime.Children;
import parallel.runtime.Context;
import parallel.runtime.WorkerHandle;

/** This machine, where a host is wanted: its workers are processes as those of any parent. */
public final class LocalHost implements Calibration.Measured
{
    static
    {
        Places.enter(LocalHost.class, local -> Places.ofThisJvm());
        Places.enter(Placement.CHOICE);
    }

    public static final LocalHost INSTANCE = new LocalHost();

    private static final String NAME = "local";

    private volatile double speed;
    private volatile double megabytesPerSecond;

    private LocalHost()
    {
    }

    @Override
    public String name()
    {
        return NAME;
    }

    @Override
    public int cores()
    {
        return Runtime.getRuntime().availableProcessors();
    }

    @Override
    public HostStatus status()
    {
        List<WorkerHandle> workers = Children.of(Context.current()).all().stream()
            .filter(worker -> worker.status().host().isEmpty()).toList();
        Traffic traffic = new Traffic();
        workers.forEach(worker -> traffic.add(worker.status()));
        return new HostStatus(0, NAME, State.UP, NAME, null, ThisProcess.pid(), cores(),
            Math.max(0, cores() - workers.size()), memoryBytes(),
            ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage(), Runtime.version().feature(),
            Base.ofThisJvm(List.of(), Optional.empty()).javaCommand(), System.getProperty("user.dir"), speed,
            Duration.ZERO, megabytesPerSecond, workers.size(), 0, traffic.now(),
            Instant.ofEpochMilli(ThisProcess.startMs()), Duration.ZERO, null);
    }

    @Override
    public void measured(double its, double ofItsLink)
    {
        speed = its;
        megabytesPerSecond = ofItsLink;
    }

    /** 0 where the system does not tell. */
    private static long memoryBytes()
    {
        try (Stream<String> lines = Files.lines(Path.of("/proc/meminfo")))
        {
            return lines.filter(line -> line.startsWith("MemTotal:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10).findFirst().orElse(0);
        }
        catch (IOException | RuntimeException e)
        {
            return 0;
        }
    }

    /** Does nothing: this machine is no host that could be removed. */
    @Override
    public void close()
    {
        // it stays
    }

    @Override
    public String toString()
    {
        return "host " + NAME + " (this machine)";
    }
}
