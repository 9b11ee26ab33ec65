package parallel;

import java.time.Duration;
import java.time.Instant;

/**
 * What is known of a host.
 *
 * <pre>{@code
 * HostStatus status = host.status();
 * if (status.state() != HostStatus.State.UP) {
 *     System.err.println(status.name() + ": " + status.error());
 * }
 * }</pre>
 *
 * @param number      the number of the host in this session, 1 or more; never used again.
 * @param name        its name.
 * @param state       its state: whether it can be used.
 * @param via         how it was added, such as {@code "start"}.
 * @param address     where its agent listens, null until it is up.
 * @param pid         process id of its agent, 0 until it is up.
 * @param cores       number of processors that workers may use, 0 until it is up.
 * @param freeCores   cores less its live workers, 0 at least.
 * @param memoryBytes bytes of memory of the machine, or of the control group that the agent is in.
 * @param load        load average of the last minute, negative where it is not known.
 * @param jdk         major version of its Java, 0 until it is up.
 * @param java        its java command, null until it is up.
 * @param directory   where its workers start, null until it is up.
 * @param speed       the speed of its cores, relative to the fastest host's; 0 until it was measured.
 * @param roundTrip   the last round trip to its agent, null until it is up.
 * @param megabytesPerSecond throughput of its connection in MB/s, 0 until it was measured.
 * @param workers     number of live workers that this process has there.
 * @param spares      number of JVMs there that wait to become workers.
 * @param traffic     what its workers have sent and received, those that have ended included.
 * @param since       the time at which it came into its state.
 * @param lastHeard   time since anything was heard of it, null until it is up.
 * @param error       why it was lost or could not be added, else null.
 */
public record HostStatus(
    int number, String name, State state, String via, String address, long pid, int cores, int freeCores,
    long memoryBytes, double load, int jdk, String java, String directory, double speed,
    Duration roundTrip, double megabytesPerSecond, int workers, int spares, Traffic traffic,
    Instant since, Duration lastHeard, String error)
{
    /**
     * What workers have exchanged with this process.
     *
     * @param messagesSent     number of messages that they have sent.
     * @param bytesSent        bytes of these messages.
     * @param messagesReceived number of messages that they have received.
     * @param bytesReceived    bytes of these messages.
     */
    public record Traffic(long messagesSent, long bytesSent, long messagesReceived, long bytesReceived)
    {
    }

    /** Whether a host can be used. */
    public enum State
    {
        /** Its agent is being started. */
        STARTING,
        /** Workers can be started there. */
        UP,
        /** Nothing was heard of it for a third of its time-out; calls of its workers wait. */
        SILENT,
        /** Its connection broke, or nothing was heard for its time-out. */
        LOST,
        /** It was removed. */
        CLOSED
    }
}
