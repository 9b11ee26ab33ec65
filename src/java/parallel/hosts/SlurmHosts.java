package parallel.hosts;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

import parallel.HostOptions;
import parallel.HostOptions.Option;
import parallel.SlurmOptions;
import parallel.StartFailedException;
import parallel.control.Errors;

/** A host for each node of an allocation of Slurm: all of them, or none. */
public final class SlurmHosts
{
    /** Stands for a job until there is one: options are checked before anything is started. */
    private static final String NO_JOB = "0";

    private SlurmHosts()
    {
    }

    /**
     * Brings them in; blocks until each of them is up or could not be brought in. An allocation that is made for them
     * is given back with the last of them, or when one could not be brought in.
     *
     * @param options of the allocation, and of each host.
     * @return the hosts, in the order of Slurm.
     */
    public static List<HostHandle> add(SlurmOptions options)
    {
        if (options == null)
        {
            throw Errors.badArgument("Options of an allocation are made by SlurmOptions.existing() or " +
                "SlurmOptions.nodes(n), not null.");
        }
        HostRegistry.checkRoot();
        HostOptions each = of(NO_JOB, "node", options);
        LinkJvm.engine();
        try
        {
            return options.nodes() == 0 ? ofThis(options) : ofNew(options, each);
        }
        catch (InterruptedException e)
        {
            Thread.currentThread().interrupt();
            throw new StartFailedException("The hosts of an allocation were not added: interrupted.", Map.of(), e);
        }
    }

    private static List<HostHandle> ofThis(SlurmOptions options) throws InterruptedException
    {
        Slurm.check("srun", "scontrol");
        return HostsTogether.add(specs(Allocation.ofThisProcess(), options));
    }

    private static List<HostHandle> ofNew(SlurmOptions options, HostOptions each) throws InterruptedException
    {
        Slurm.check("srun", "salloc", "scontrol", "squeue", "scancel");
        Duration given = each.get(Option.START_TIMEOUT, Duration.class);
        Salloc salloc = Salloc.start(options);
        boolean added = false;
        try
        {
            Allocation allocation = salloc.await((given == null ? HostRegistry.START_TIMEOUT : given).toMillis());
            List<HostHandle> hosts = HostsTogether.add(specs(allocation, options));
            givenBackWithLast(hosts, salloc);
            added = true;
            return hosts;
        }
        finally
        {
            if (!added)
            {
                salloc.close();
            }
        }
    }

    private static List<HostOptions> specs(Allocation allocation, SlurmOptions options)
    {
        List<HostOptions> specs = new ArrayList<>();
        for (int i = 0; i < allocation.nodes().size(); i++)
        {
            HostOptions each = of(allocation.job(), allocation.nodes().get(i), options);
            boolean isSet = each.get(Option.CORES, Integer.class) != null || allocation.cpus().isEmpty();
            specs.add(isSet ? each : each.cores(allocation.cpus().get(i)));
        }
        return specs;
    }

    private static HostOptions of(String job, String node, SlurmOptions options)
    {
        HostOptions host = options.each().apply(HostOptions.slurm(job, node));
        if (host == null || host.get(Option.SLURM, List.class) == null)
        {
            throw Errors.badArgument("The function each of an allocation returned " +
                (host == null ? "null" : "options of another host") +
                "; allowed are the options that it is given, with others set.");
        }
        return host;
    }

    private static void givenBackWithLast(List<HostHandle> hosts, Salloc salloc)
    {
        AtomicInteger left = new AtomicInteger(hosts.size());
        hosts.forEach(host -> host.afterwards(() ->
            left.decrementAndGet() == 0 ? salloc.giveBack() : CompletableFuture.completedFuture(null)));
    }
}
