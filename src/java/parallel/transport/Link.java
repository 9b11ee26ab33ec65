package parallel.transport;

import java.nio.ByteBuffer;

/** One end of a control stream: frames in order, each of any length. Safe from any thread. */
public interface Link
{
    /**
     * Sends one frame: the parts joined. Never blocks: what the socket does not take is queued. Does nothing after the
     * end.
     *
     * @param parts from position to limit of each; the link owns their bytes from now on and does not copy them.
     */
    void send(ByteBuffer... parts);

    /**
     * Ends the link, on the loop's thread. A socket's queue is dropped: only bytes that the socket has taken are sent.
     * Within a process, frames sent before are delivered first. Idempotent, never blocks.
     */
    void close();

    /**
     * What waits to be sent.
     *
     * @return bytes.
     */
    long queuedBytes();
}
