package parallel.shared;

/** What travels as a reference to shared memory. */
public interface Travelling
{
    /* What travels: for the codec, which calls it once for each place in a message. */
    Object reference();
}
