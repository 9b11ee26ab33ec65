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

    /** Sends what the socket takes of the queue at once, then ends the link. Idempotent, never blocks. */
    void close();

    /**
     * What waits to be sent.
     *
     * @return bytes.
     */
    long queuedBytes();
}
