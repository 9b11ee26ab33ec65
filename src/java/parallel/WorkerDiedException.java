package parallel;

import java.util.Map;

/**
 * Thrown by calls of a worker that ended without finishing: it exited, was killed or crashed, or was stopped. The data
 * has what is known of its last moments: {@code "exit"}, {@code "signal"}, {@code "doing"}, {@code "stderr-tail"},
 * {@code "hs-err"}, {@code "stopped"}; {@code "status"} as it left it; {@code "last-sent"} and {@code "last-received"},
 * maps with {@code "bytes"} and {@code "at-ms"} (a second late at most, null where unknown); {@code "last-error"},
 * class and message of the last evaluation that failed.
 *
 * <pre>{@code
 * try {
 *     worker.join();
 * }
 * catch (WorkerDiedException e) {
 *     System.err.println("exit " + e.data().get("exit") + ", doing " + e.data().get("doing"));
 * }
 * }</pre>
 */
public class WorkerDiedException extends ParallelException
{
    private static final long serialVersionUID = 1L;

    /**
     * Makes an error with the code {@link Code#WORKER_DIED}.
     *
     * @param message what happened.
     * @param data    the facts by name.
     * @param cause   what led to it, or null.
     */
    public WorkerDiedException(String message, Map<String, ?> data, Throwable cause)
    {
        this(Code.WORKER_DIED, message, data, cause);
    }

    WorkerDiedException(Code code, String message, Map<String, ?> data, Throwable cause)
    {
        super(code, message, data, cause);
    }
}
