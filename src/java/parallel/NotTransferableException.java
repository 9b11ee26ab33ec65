package parallel;

import java.util.Map;

/**
 * Thrown when a value cannot be sent, or cannot be read by its receiver. The data has {@code "class"}, the class of the
 * part, and {@code "path"}, the way to it. The channel stays usable.
 *
 * <pre>{@code
 * try {
 *     worker.send(List.of(1, new Thread()));
 * }
 * catch (NotTransferableException e) {
 *     System.err.println(e.data().get("class") + " at " + e.data().get("path"));     // java.lang.Thread at [1]
 * }
 * }</pre>
 */
public final class NotTransferableException extends ParallelException
{
    private static final long serialVersionUID = 1L;

    /**
     * Makes an error with the code {@link Code#NOT_TRANSFERABLE}.
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
