package parallel.transport;

import org.agrona.MutableDirectBuffer;

/**
 * The bytes of one outgoing message. Random access, so that one encoding serves a whole group whose members are at
 * different places in it. Immutable while in use.
 */
public interface Payload
{
    /**
     * How long the message is.
     *
     * @return its length in bytes, 0 or more; the same at each call.
     */
    long length();

    /**
     * Copies a part of the message. Called with a lock of the channel held: must not block.
     *
     * @param offset of the first byte in the message.
     * @param target to copy to.
     * @param index  in the target of the first byte.
     * @param length number of bytes, never more than the message has after the offset.
     */
    void copy(long offset, MutableDirectBuffer target, int index, int length);
}
