package parallel;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a worker is doing, read from shared memory.
 *
 * <pre>{@code
 * WorkerStatus status = worker.status();
 * if (status.state() == WorkerStatus.State.DEAD) {
 *     System.err.println("worker " + status.id() + " was ended by " + status.signal().orElse("its exit"));
 * }
 * }</pre>
 *
 * @param id               the id of the worker in the session.
 * @param pid              its process id, 0 until it was started.
 * @param parent           the id of the process that started it.
 * @param name             its name, null if it was given none.
 * @param state            the state that it is in.
 * @param startedAt        the time at which it was started.
 * @param doing            the text of what it evaluates, null while it evaluates nothing.
 * @param messagesSent     number of messages that it has sent to its parent.
 * @param bytesSent        bytes of these messages.
 * @param messagesReceived number of messages that it has received from its parent.
 * @param bytesReceived    bytes of these messages.
 * @param queuedMessages   number of messages that wait for it.
 * @param queuedBytes      bytes of these messages.
 * @param heapBytes        bytes of heap in use, as it reports once a second.
 * @param exit             the exit code, once it has ended.
 * @param signal           the signal that ended it, such as {@code "KILL"}.
 * @param host             the name of the host that it lives on; empty: this machine.
 * @param age              for a worker on a host, the time since anything was heard of the host.
 * @param cpus             the processors that it was given, by their numbers; empty: it was given none.
 * @param nice             the niceness that was asked for; empty for a worker that is a thread.
 */
public record WorkerStatus(
    int id, long pid, int parent, String name, State state, Instant startedAt, String doing,
    long messagesSent, long bytesSent, long messagesReceived, long bytesReceived,
    long queuedMessages, long queuedBytes, long heapBytes, OptionalInt exit, Optional<String> signal,
    Optional<String> host, Optional<Duration> age, List<Integer> cpus, OptionalInt nice)
{
    /**
     * Makes the status of a worker whose processors and niceness are not known.
     *
     * @param id               the id of the worker in the session.
     * @param pid              its process id, 0 until it was started.
     * @param parent           the id of the process that started it.
     * @param name             its name, null if it was given none.
     * @param state            the state that it is in.
     * @param startedAt        the time at which it was started.
     * @param doing            the text of what it evaluates, null while it evaluates nothing.
     * @param messagesSent     number of messages that it has sent to its parent.
     * @param bytesSent        bytes of these messages.
     * @param messagesReceived number of messages that it has received from its parent.
     * @param bytesReceived    bytes of these messages.
     * @param queuedMessages   number of messages that wait for it.
     * @param queuedBytes      bytes of these messages.
     * @param heapBytes        bytes of heap in use, as it reports once a second.
     * @param exit             the exit code, once it has ended.
     * @param signal           the signal that ended it, such as {@code "KILL"}.
     * @param host             the name of the host that it lives on; empty: this machine.
     * @param age              for a worker on a host, the time since anything was heard of the host.
     */
    public WorkerStatus(
        int id, long pid, int parent, String name, State state, Instant startedAt, String doing,
        long messagesSent, long bytesSent, long messagesReceived, long bytesReceived,
        long queuedMessages, long queuedBytes, long heapBytes, OptionalInt exit, Optional<String> signal,
        Optional<String> host, Optional<Duration> age)
    {
        this(id, pid, parent, name, state, startedAt, doing, messagesSent, bytesSent, messagesReceived, bytesReceived,
            queuedMessages, queuedBytes, heapBytes, exit, signal, host, age, List.of(), OptionalInt.empty());
    }

    /**
     * Makes the status of a worker on this machine.
     *
     * @param id               the id of the worker in the session.
     * @param pid              its process id, 0 until it was started.
     * @param parent           the id of the process that started it.
     * @param name             its name, null if it was given none.
     * @param state            the state that it is in.
     * @param startedAt        the time at which it was started.
     * @param doing            the text of what it evaluates, null while it evaluates nothing.
     * @param messagesSent     number of messages that it has sent to its parent.
     * @param bytesSent        bytes of these messages.
     * @param messagesReceived number of messages that it has received from its parent.
     * @param bytesReceived    bytes of these messages.
     * @param queuedMessages   number of messages that wait for it.
     * @param queuedBytes      bytes of these messages.
     * @param heapBytes        bytes of heap in use, as it reports once a second.
     * @param exit             the exit code, once it has ended.
     * @param signal           the signal that ended it, such as {@code "KILL"}.
     */
    public WorkerStatus(
        int id, long pid, int parent, String name, State state, Instant startedAt, String doing,
        long messagesSent, long bytesSent, long messagesReceived, long bytesReceived,
        long queuedMessages, long queuedBytes, long heapBytes, OptionalInt exit, Optional<String> signal)
    {
        this(id, pid, parent, name, state, startedAt, doing, messagesSent, bytesSent, messagesReceived, bytesReceived,
            queuedMessages, queuedBytes, heapBytes, exit, signal, Optional.empty(), Optional.empty());
    }

    /** What a worker does. */
    public enum State
    {
        /** The JVM boots. */
        STARTING,
        /** Waits for something to evaluate. */
        IDLE,
        /** Evaluates. */
        RUNNING,
        /** A thread of it is blocked in receive. */
        RECEIVING,
        /** A thread of it is blocked in send. */
        SENDING,
        /** It has finished. */
        ENDED,
        /** Its code threw, or it never became ready. */
        FAILED,
        /** It ended without finishing. */
        DEAD
    }
}
