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
     * @throws UnserializableException if it cannot be read here.
     */
    public abstract Object decode();

    /** Whether the message is a primitive array that the target can take. */
    abstract boolean fits(Target target);

    /** Copies the elements, if they did not arrive there, to a target that they fit; returns their number. */
    abstract int copyInto(Target target);

    /**
     * Copies the elements; none need be copied where they arrived in that array.
     *
     * @param primitiveArray of the message's type and of at least its length.
     * @return the number of elements.
     */
    public final int copyInto(Object primitiveArray)
    {
        return copyInto(new Target(false).array(primitiveArray));
    }

    /**
     * The length of the whole message.
     *
     * @return in bytes.
     */
    public abstract long length();
}
