package parallel;

import java.util.Map;

/**
 * A worker did not start or did not become ready, or its code does not read, expand or compile.
 */
public final class StartFailedException extends ParallelException
{
    private static final long serialVersionUID = 1L;

    /**
     * An error with the code {@link Code#START_FAILED}.
     *
     * @param message what happened.
     * @param data    the facts by name.
     * @param cause   what led to it, or null.
     */
    public StartFailedException(String message, Map<String, ?> data, Throwable cause)
    {
        super(Code.START_FAILED, message, data, cause);
    }
}
