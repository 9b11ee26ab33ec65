package parallel.pool;

import parallel.Peer;

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
 *                     WATCH bytes bytes            looks at its heap: from where on it has outgrown it, and is full
 *                     LOAD keys                    makes these functions, and says WARM
 *                     LEAVE                        ends after the element that it is at, gives the rest back
 *   worker to pool    READY
 *                     VALUE id bytes nanos         in the order of the tasks
 *                     ERROR id bytes
 *                     GIVEN_BACK ids
 *                     LOADED id                    the function of the task can be called
 *                     OUTGROWN                     its live heap is above the first bound of WATCH
 *                     FULL                         it is above the second: it begins nothing more
 *                     WARM
 *                     STUCK id bytes               a value, of a task that does not end: the worker is lost
 * </pre>
 *
 * Bytes of more than {@link #LARGE} are a message of their own, behind one that has null in their place: where there is
 * no memory for them it is known whose they are.
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
    static final int LOADED = 12;
    static final int WATCH = 13;
    static final int LOAD = 14;
    static final int LEAVE = 15;
    static final int OUTGROWN = 16;
    static final int FULL = 17;
    static final int WARM = 18;

    static final long NO_FUNCTION = -1;
    /** In bytes. For what is smaller there is memory, or none for anything. */
    private static final int LARGE = 64 * 1024;
    /**
     * What a worker does begins so while it makes a function for its first task: that takes long in a new JVM, and is
     * not the task's fault.
     */
    static final String LOADING = "loading ";

    private Wire()
    {
    }

    static Object[] message(int kind, Object... parts)
    {
        Object[] message = new Object[parts.length + 1];
        message[0] = kind;
        System.arraycopy(parts, 0, message, 1, parts.length);
        return message;
    }

    /** The messages that say it: one, or a second for the bytes that stand at a place of the first. */
    static Object[][] messages(Object[] message, int at)
    {
        byte[] bytes = (byte[])message[at];
        if (bytes.length <= LARGE)
        {
            return new Object[][]{ message };
        }
        message[at] = null;
        return new Object[][]{ message, { bytes } };
    }

    /** What is sent of a message of {@link #messages}: the second is its bytes alone. */
    static Object sent(Object[] message)
    {
        return message.length == 1 && message[0] instanceof byte[] bytes ? bytes : message;
    }

    /**
     * The bytes at a place of a message, or those of the message behind it.
     *
     * @throws parallel.NotTransferableException if there is no memory for them.
     */
    static byte[] bytes(Object message, int at, Peer from) throws InterruptedException
    {
        byte[] bytes = bytes(message, at);
        return bytes != null ? bytes : (byte[])from.receive();
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
