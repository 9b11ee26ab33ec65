package parallel;

import java.util.List;

import parallel.hosts.Calibration;
import parallel.hosts.HostRegistry;
import parallel.hosts.HostsTogether;
import parallel.hosts.LocalHost;
import parallel.hosts.SlurmHosts;

/**
 * Adds other machines that workers can be started on. Needs the artifact {@code parallel-cluster} of the same version
 * on the class path. Only the root adds hosts, not a worker. Safe from any thread.
 *
 * <pre>{@code
 * try {
 *     Host big = Hosts.add(HostOptions.ssh("big1"));
 *     Worker worker = Parallel.run(WorkerOptions.builder().in(big).build(), () -> 42);
 * }
 * catch (StartFailedException e) {
 *     System.err.println(e.getMessage());     // says why, and what to do
 * }
 * }</pre>
 */
public final class Hosts
{
    private Hosts()
    {
    }

    /**
     * Adds a host: starts an agent there and connects to it. Blocks until the agent is up.
     *
     * @param options how the host is reached, and what it may do.
     * @return the host.
     * @throws StartFailedException if the host could not be added: the message says why, and what to do.
     * @throws ParallelException    with BAD_ARGUMENT if the artifact is missing, the name is taken, or this is a
     *                              worker.
     */
    public static Host add(HostOptions options)
    {
        return HostRegistry.current().add(options);
    }

    /**
     * Adds hosts at the same time: all of them, or none. Blocks until each of them is up or has failed.
     *
     * <pre>{@code
     * List<Host> hosts = Hosts.addAll(List.of(HostOptions.start("env").name("a"), HostOptions.start("env").name("b")));
     * }</pre>
     *
     * @param options those of each host.
     * @return the hosts, in that order.
     * @throws ParallelException with SEVERAL if one or more could not be added: its data has {@code "errors"}, and the
     *                           others are removed; with BAD_ARGUMENT if this is a worker.
     */
    public static List<Host> addAll(List<HostOptions> options)
    {
        return List.copyOf(HostsTogether.add(options));
    }

    /**
     * Adds the allocation of Slurm that this JVM runs in: a host for each of its nodes, named as the node; all of them,
     * or none. Blocks until each of them is up or has failed. An agent is a further step of the job, started by
     * {@code srun}; its keys are sent over the stdin of that. It listens on a port of its node, by TLS. A host has as
     * many cores as the allocation has there.
     *
     * @return the hosts, in the order of Slurm.
     * @throws ParallelException with BAD_ARGUMENT if this JVM runs in no allocation, is a worker, or finds no srun;
     *                           with SEVERAL as {@link #addAll} does.
     */
    public static List<Host> slurm()
    {
        return slurm(SlurmOptions.existing());
    }

    /**
     * Adds an allocation of Slurm, the one that this JVM runs in or a new one: a host for each of its nodes.
     * Blocks until they are up, for a new one first until it is granted: for {@link HostOptions#startTimeout} at most,
     * then as long again for the agents. A new allocation is given back with the last of its hosts, and when this JVM
     * ends, however it ends.
     *
     * <pre>{@code
     * List<Host> hosts = Hosts.slurm(SlurmOptions.nodes(4).time("01:00:00").args(List.of("--exclusive")));
     * }</pre>
     *
     * @param options those of the allocation, and of each host.
     * @return the hosts, in the order of Slurm.
     * @throws StartFailedException if no allocation is granted: the message has that of Slurm, and nothing is left in
     *                              the queue.
     * @throws ParallelException    with SEVERAL if one or more hosts could not be added: its data has
     *                              {@code "errors"}, the others are removed, and a new allocation is given back; with
     *                              BAD_ARGUMENT as {@link #slurm()} does.
     */
    public static List<Host> slurm(SlurmOptions options)
    {
        return List.copyOf(SlurmHosts.add(options));
    }

    /**
     * Returns this machine, where a host is wanted. Never blocks. Its workers are processes of this machine as without
     * a host: their status names no host, and closing it does nothing.
     *
     * @return always the same host.
     */
    public static Host local()
    {
        return LocalHost.INSTANCE;
    }

    /**
     * Returns the hosts of this session, those that were removed or lost included. Never blocks.
     *
     * @return a snapshot, in the order in which they were added.
     */
    public static List<Host> all()
    {
        return List.copyOf(HostRegistry.current().all());
    }

    /**
     * Measures hosts, one after the other, each with a worker on each of its cores: {@code d[i] += 13 * s[i]} over
     * 10000 doubles, compiled, for a second; the median of a host's workers counts. Their status then has the speed,
     * relative to the fastest of them, and what the connection moves; where several hosts share workers, a host of half
     * the speed gets half as many for its cores. Blocks for some three seconds for each host.
     *
     * <pre>{@code
     * Hosts.calibrate(Hosts.all());
     * double speed = Hosts.all().get(0).status().speed();
     * }</pre>
     *
     * @param hosts hosts that are up; {@link #local()} may be among them.
     * @throws ParallelException with BAD_ARGUMENT if one of them is not up, or there are none; with HOST_LOST if one is
     *                           lost meanwhile: then nothing is set.
     * @throws InterruptedException if interrupted: its workers are ended, and nothing is set.
     */
    public static void calibrate(List<? extends Host> hosts) throws InterruptedException
    {
        Calibration.of(hosts, null);
    }

    /** Closes all hosts and forgets them. Blocks until that is done. Idempotent. */
    public static void close()
    {
        HostRegistry.current().close();
    }
}
