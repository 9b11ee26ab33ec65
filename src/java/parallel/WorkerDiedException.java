package parallel;

import java.util.Map;

/**
 * A worker ended without finishing: it exited, was killed or crashed, or was stopped.
 */
public final class WorkerDiedException extends ParallelException
{
    private static final long serialVersionUID = 1L;

    /**
     * An error with the code {@link Code#WORKER_DIED}.
     *
     * @param message what happened.
     * @param data    the facts by name.
     * @param cause   what led to it, or null.
     */
    public WorkerDiedException(String message, Map<String, ?> data, Throwable cause)
    {
        super(Code.WORKER_DIED, message, data, cause);
    }
}
