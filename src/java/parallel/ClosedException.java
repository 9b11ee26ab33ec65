package parallel;

import java.util.Map;

/**
 * Thrown by a receive after the end of the stream, and by a send after the end or to a peer that has ended. Also by the
 * use of a shared array or a pool that was closed.
 *
 * <pre>{@code
 * try {
 *     while (true) {
 *         System.out.println(worker.receive());
 *     }
 * }
 * catch (ClosedException e) {
 *     System.out.println("the worker has ended");
 * }
 * }</pre>
 */
public final class ClosedException extends ParallelException
{
    private static final long serialVersionUID = 1L;

    /**
     * Makes an error with the code {@link Code#CLOSED}.
     *
     * @param message what happened.
     * @param data    the facts by name.
     * @param cause   what led to it, or null.
     */
    public ClosedException(String message, Map<String, ?> data, Throwable cause)
    {
        super(Code.CLOSED, message, data, cause);
    }
}
