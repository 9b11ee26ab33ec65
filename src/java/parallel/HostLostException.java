package parallel;

import java.util.Map;

/**
 * Thrown by calls of a worker that is lost with its host: the connection broke, or nothing was heard of the host for
 * its time-out. What the worker did since is not known; it is ended. The data has {@code "host"}, {@code "why"} (such
 * as {@code "silent"}, {@code "agent-died"}, {@code "connection"}), {@code "silent-ms"}, and what a
 * {@link WorkerDiedException} has.
 *
 * <pre>{@code
 * try {
 *     worker.join();
 * }
 * catch (HostLostException e) {
 *     System.err.println(e.data().get("host") + " is lost: " + e.data().get("why"));
 * }
 * }</pre>
 */
public final class HostLostException extends WorkerDiedException
{
    private static final long serialVersionUID = 1L;

    /**
     * Makes an error with the code {@link ParallelException.Code#HOST_LOST}.
     *
     * @param message what happened.
     * @param data    the facts by name.
     * @param cause   what led to it, or null.
     */
    public HostLostException(String message, Map<String, ?> data, Throwable cause)
    {
        super(Code.HOST_LOST, message, data, cause);
    }
}
