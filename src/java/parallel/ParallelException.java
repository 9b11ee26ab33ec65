package parallel;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Every error of this library. {@link #code()} says which kind it is, {@link #data()} has the facts. The message says
 * what happened, the likely cause, and what to do.
 *
 * <pre>{@code
 * try {
 *     worker.join();
 * }
 * catch (ParallelException e) {
 *     System.err.println(e.code() + " of worker " + e.workerId() + ": " + e.getMessage());
 * }
 * }</pre>
 */
public class ParallelException extends RuntimeException
{
    private static final long serialVersionUID = 1L;

    /** The kinds of errors. */
    public enum Code
    {
        /** The worker's code threw. */
        REMOTE_EXCEPTION,
        /** The worker ended without finishing: exit, signal, crash. */
        WORKER_DIED,
        /** The worker's JVM did not start or did not become ready, or its code does not compile. */
        START_FAILED,
        /** A time-out passed. */
        TIMEOUT,
        /** Receive after the end, or send to an ended peer. */
        CLOSED,
        /** A value cannot be sent, or cannot be read by its receiver. */
        NOT_TRANSFERABLE,
        /** An argument or option is not of the allowed kind. */
        BAD_ARGUMENT,
        /** More than one worker failed. */
        SEVERAL,
        /** A worker was lost with its host. */
        HOST_LOST,
        /** The call belongs to a cycle of calls that wait for each other. */
        DEADLOCK
    }

    /** Which kind of error. */
    private final Code code;
    private final transient Map<String, Object> data;

    /**
     * Makes an error.
     *
     * @param code    which kind it is.
     * @param message what happened, likely why, and what to do.
     * @param data    the facts by name, such as {@code "worker/id"}, {@code "exit"}, {@code "stderr-tail"}.
     * @param cause   what led to it, or null.
     */
    public ParallelException(Code code, String message, Map<String, ?> data, Throwable cause)
    {
        super(message, cause);
        this.code = code;
        this.data = Collections.unmodifiableMap(new LinkedHashMap<>(data));
    }

    /**
     * Returns which kind of error it is.
     *
     * @return the code.
     */
    public Code code()
    {
        return code;
    }

    /**
     * Returns the id of the worker that the error is about.
     *
     * @return the id, or -1 if it is about no worker.
     */
    public int workerId()
    {
        return data().get("worker/id") instanceof Integer id ? id : -1;
    }

    /**
     * Returns the facts by name.
     *
     * @return an unmodifiable map.
     */
    public Map<String, Object> data()
    {
        return data == null ? Map.of() : data;
    }
}
