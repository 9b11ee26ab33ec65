package parallel;

import java.util.Map;

/**
 * The worker's code threw. The cause chain ends in the original exception, rebuilt here where its class loads.
 */
public final class RemoteException extends ParallelException
{
    private static final long serialVersionUID = 1L;

    /**
     * An error with the code {@link Code#REMOTE_EXCEPTION}.
     *
     * @param message what happened.
     * @param data    the facts by name.
     * @param cause   what led to it, or null.
     */
    public RemoteException(String message, Map<String, ?> data, Throwable cause)
    {
        super(Code.REMOTE_EXCEPTION, message, data, cause);
    }
}
