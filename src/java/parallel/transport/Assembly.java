package parallel.transport;

import org.agrona.DirectBuffer;

/**
 * Where the bytes of one arriving message go, in order. The total never exceeds the announced length.
 * <p>
 * An assembly that holds somebody's private target also implements {@link Abandonable}.
 */
public interface Assembly
{
    /**
     * Takes the next bytes. Called under a lock of the channel: must not block. The memory belongs to the ring and is
     * overwritten after the call.
     *
     * @param source memory to copy from.
     * @param index  of the first byte.
     * @param length number of bytes, 0 or more.
     */
    void append(DirectBuffer source, int index, int length);
}
