package parallel.runtime;

/**
 * What a worker is to evaluate, in bytes: the control stream carries it as it is, the worker decodes it where it evaluates.
 *
 * @param kind    how to read the payload.
 * @param payload codec bytes.
 * @param failure why it could not be encoded, or null: the handle or reply that was to carry it out fails with it.
 */
public record Job(byte kind, byte[] payload, parallel.ParallelException failure)
{
    /** Nothing yet: a worker that waits for jobs. */
    public static final byte NONE = 0;
    /** A class with a public constructor, and its arguments. */
    public static final byte CLASS = 1;
    /** A serializable Callable. */
    public static final byte BODY = 2;
    /** Clojure code. */
    public static final byte FORM = 3;

    /** Nothing yet. */
    public static final Job IDLE = new Job(NONE, new byte[0], null);

    static Job of(byte kind, byte[] payload)
    {
        return new Job(kind, payload, null);
    }

    /**
     * A job that could not be encoded.
     *
     * @param failure why.
     * @return the job.
     */
    public static Job failed(parallel.ParallelException failure)
    {
        return new Job(FORM, new byte[0], failure);
    }

    /**
     * Clojure code.
     *
     * @param payload its codec bytes.
     * @return the job.
     */
    public static Job form(byte[] payload)
    {
        return of(FORM, payload);
    }
}
