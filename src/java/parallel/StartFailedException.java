package parallel;

import java.util.Map;

/**
 * Thrown when a worker did not start or did not become ready, when its code does not read, expand or compile, and when
 * a host could not be added. The data has {@code "command"}, {@code "exit"} and {@code "stderr-tail"}.
 *
 * <pre>{@code
 * try {
 *     Parallel.run(WorkerOptions.builder().java(Path.of("/no/such/java")).build(), () -> 42).join();
 * }
 * catch (StartFailedException e) {
 *     System.err.println(e.getMessage());     // says why, and what to do
 * }
 * }</pre>
 */
public final class StartFailedException extends ParallelException
{
    private static final long serialVersionUID = 1L;

    /**
     * Makes an error with the code {@link Code#START_FAILED}.
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
