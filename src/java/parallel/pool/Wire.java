package parallel.pool;

/**
 * What a pool and the task loops of its workers say to each other, as messages: arrays whose first element is the kind.
 *
 * <pre>
 *   pool to worker    DEFINE key body              a function, before the first task that calls it
 *                     FORGET key
 *                     TASK id key text payload     key of a function and its arguments, or NO_FUNCTION and a body
 *                     CANCEL id                    interrupts it if it is evaluated now, drops it if it waits
 *                     RECALL                       gives back what has not begun
 *                     QUIT                         ends after what it was given
 *   worker to pool    READY
 *                     VALUE id bytes nanos         in the order of the tasks
 *                     ERROR id bytes
 *                     GIVEN_BACK ids
 *                     STUCK id bytes               a value, of a task that does not end: the worker is lost
 * </pre>
 */
final class Wire
{
    static final int DEFINE = 1;
    static final int FORGET = 2;
    static final int TASK = 3;
    static final int CANCEL = 4;
    static final int RECALL = 5;
    static final int QUIT = 6;
    static final int READY = 7;
    static final int VALUE = 8;
    static final int ERROR = 9;
    static final int GIVEN_BACK = 10;
    static final int STUCK = 11;

    static final long NO_FUNCTION = -1;
    /** What a worker does begins so while it makes a function for its first task: that takes long in a new JVM, and is not the task's fault. */
    static final String LOADING = "loading ";

    private Wire()
    {
    }

    static Object[] message(int kind, Object... parts)
    {
        final Object[] message = new Object[parts.length + 1];
        message[0] = kind;
        System.arraycopy(parts, 0, message, 1, parts.length);
        return message;
    }

    /** The kind of a message, or 0 of what is none of ours: whoever has the worker's handle may send to it, too. */
    static int kind(Object message)
    {
        return message instanceof Object[] parts && parts.length > 0 && parts[0] instanceof Integer kind ? kind : 0;
    }

    static Object part(Object message, int at)
    {
        return ((Object[])message)[at];
    }

    static long number(Object message, int at)
    {
        return (Long)part(message, at);
    }

    static byte[] bytes(Object message, int at)
    {
        return (byte[])part(message, at);
    }
}
