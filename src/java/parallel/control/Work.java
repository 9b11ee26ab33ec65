package parallel.control;

import parallel.ParallelException;

/**
 * What a worker is to evaluate, in bytes: the control stream carries it as it is, the worker decodes it where it
 * evaluates.
 *
 * @param kind    how to read the payload.
 * @param payload codec bytes.
 * @param failure why it could not be encoded, or null: the handle or reply that was to carry it out fails with it.
 */
public record Work(byte kind, byte[] payload, ParallelException failure)
{
    /** Nothing yet: a worker that waits for work. */
    public static final byte NONE = 0;
    /** A class with a public constructor, and its arguments. */
    public static final byte CLASS = 1;
    /** A serializable Callable. */
    public static final byte BODY = 2;
    /** Clojure code. */
    public static final byte FORM = 3;

    /** Nothing yet. */
    public static final Work IDLE = new Work(NONE, new byte[0], null);

    public static Work of(byte kind, byte[] payload)
    {
        return new Work(kind, payload, null);
    }

    /**
     * A work that could not be encoded.
     *
     * @param failure why.
     * @return the work.
     */
    public static Work failed(ParallelException failure)
    {
        return new Work(FORM, new byte[0], failure);
    }

    /**
     * Clojure code.
     *
     * @param payload its codec bytes.
     * @return the work.
     */
    public static Work form(byte[] payload)
    {
        return of(FORM, payload);
    }
}
