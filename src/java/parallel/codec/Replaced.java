package parallel.codec;

/**
 * An object that is never sent itself: in every message its {@link #replacement()} stands for it.
 * <p>
 * For handles of things that live in one process, such as workers.
 */
public interface Replaced
{
    /**
     * Returns what is sent in place of this object.
     *
     * @return any transferable value. Called on the sending thread, once for each place the object has in a message.
     */
    Object replacement();
}
