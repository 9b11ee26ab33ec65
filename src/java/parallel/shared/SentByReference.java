package parallel.shared;

/** What is sent as a reference to shared memory. */
public interface SentByReference
{
    // What is sent: for the codec, which calls it once for each place in a message.
    Object reference();

    // What to do where it cannot be sent, since the receiver is on another machine: a sentence; null where it can.
    String insteadElsewhere();
}
