/**
 * Machines that workers can be started on. (A place is where a worker lives; one of a host is a {@code RemotePlace}.)
 *
 * <p>Begin with {@link parallel.hosts.HostRegistry}, the hosts of a session. A {@code LinkJvm} is the process that
 * holds the connections to all of them; nothing of the engine is loaded in this one. {@code RemotePlace} is the
 * parent's side of a worker there, {@code AgentPlaces} the agent's side of the same. {@code AgentLaunch} starts an
 * agent by an {@code AgentCommand}, which has a stdin and a stdout: {@code SshCommand}, {@code SrunCommand}, or any.
 * {@code SlurmHosts} brings in the nodes of an {@code Allocation} of Slurm; a {@code Salloc} holds one of our own.
 *
 * <p>May know: api, place, relay, child, runtime, control, codec, transport, process.
 */
package parallel.hosts;
