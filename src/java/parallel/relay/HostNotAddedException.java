package parallel.relay;

import java.util.Map;

/** A host could not be brought in. */
public final class HostNotAddedException extends Exception
{
    private static final long serialVersionUID = 1;

    private final transient Map<String, Object> data;

    /**
     * The exception.
     *
     * @param message a sentence for the user.
     * @param data    codec values by name, such as {@code "exit"} and {@code "stderr-tail"}.
     * @param cause   or null.
     */
    public HostNotAddedException(String message, Map<String, Object> data, Throwable cause)
    {
        super(message, cause);
        this.data = data;
    }

    /** What is known. */
    public Map<String, Object> data()
    {
        return data;
    }
}
