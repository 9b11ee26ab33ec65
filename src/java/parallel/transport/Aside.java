package parallel.transport;

/**
 * A message of a group send, for one member: it goes to the other ends of several members once, by a way that the
 * transport does not know. What goes through each ring is its number, where the message has its place. Safe from any
 * thread.
 */
public interface Aside
{
    /** How far it is. */
    enum State
    {
        /** Its number means nothing there yet. Who changes that wakes the channels. */
        UNDER_WAY,
        THERE,
        /** It will not be there: the message goes through the rings. */
        FAILED
    }

    /** How far it is now; once it is not UNDER_WAY it stays so. */
    State state();

    /** Which one it is, of those that go to the same place. */
    long number();

    /** The number is in the ring of the member whose this is. */
    void placed();
}
