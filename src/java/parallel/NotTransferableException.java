package parallel;

import java.util.Map;

/**
 * A value cannot be sent, or cannot be read here; {@code data()} has its "class" and the "path" to it.
 */
public final class NotTransferableException extends ParallelException
{
    private static final long serialVersionUID = 1L;

    /**
     * An error with the code {@link Code#NOT_TRANSFERABLE}.
     *
     * @param message what happened.
     * @param data    the facts by name.
     * @param cause   what led to it, or null.
     */
    public NotTransferableException(String message, Map<String, ?> data, Throwable cause)
    {
        super(Code.NOT_TRANSFERABLE, message, data, cause);
    }
}
