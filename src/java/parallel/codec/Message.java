package parallel.codec;

import parallel.transport.Assembly;

/**
 * A message that arrives, then has arrived: its bytes, or the primitive array that it is. Made by the readers of
 * {@link Messages}. One thread at a time.
 */
public abstract class Message implements Assembly
{
    Message()
    {
    }

    /**
     * The value. May load classes and, for Clojure records, their namespaces: user code may run. To be called once.
     *
     * @return the value, or null.
     * @throws NotTransferableException if it cannot be read here.
     */
    public abstract Object decode();

    /**
     * Whether the message is a primitive array that an array can take.
     *
     * @param primitiveArray any object.
     * @return true if it has the same type and at least the message's length.
     */
    public abstract boolean fits(Object primitiveArray);

    /**
     * Copies the elements; none need be copied where they arrived in that array.
     *
     * @param primitiveArray for which {@link #fits(Object)} is true.
     * @return the number of elements.
     */
    public abstract int copyInto(Object primitiveArray);

    /**
     * The length of the whole message.
     *
     * @return in bytes.
     */
    public abstract long length();
}
