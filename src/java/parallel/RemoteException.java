package parallel;

import java.util.Map;

/**
 * Thrown when the worker's code threw. The cause chain ends in the original exception, rebuilt here where its class
 * loads.
 *
 * <pre>{@code
 * try {
 *     Parallel.run(() -> 1 / 0).join();
 * }
 * catch (RemoteException e) {
 *     System.err.println(e.getCause());     // java.lang.ArithmeticException: / by zero
 * }
 * }</pre>
 */
public final class RemoteException extends ParallelException
{
    private static final long serialVersionUID = 1L;

    /**
     * Makes an error with the code {@link Code#REMOTE_EXCEPTION}.
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
