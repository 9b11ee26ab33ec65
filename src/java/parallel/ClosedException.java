package parallel;

import java.util.Map;

/**
 * A receive after the end of the stream, or a send after it or to an ended peer.
 */
public final class ClosedException extends ParallelException
{
    private static final long serialVersionUID = 1L;

    /**
     * An error with the code {@link Code#CLOSED}.
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
