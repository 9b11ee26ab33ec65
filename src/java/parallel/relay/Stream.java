package parallel.relay;

/** One end of a stream of a {@link Streams}. Safe from any thread, but for offer, which one thread at a time calls. */
public interface Stream
{
    /**
     * Sends a frame if the window has room for it. Never blocks.
     *
     * @param frame 1 to {@link Streams#FRAME_BYTES} bytes, which belong to the stream from now on.
     * @return false: no room now, nothing was sent; {@link StreamListener#onReady} follows when there is. After the end
     *     of the stream it is true, and the frame is dropped.
     */
    boolean offer(byte[] frame);

    /** A frame that was heard is dealt with: the other end may send one more. */
    void grant();

    /** Ends the stream after what was offered. Idempotent. */
    void close();
}
