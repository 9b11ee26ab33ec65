package parallel.relay;

/**
 * The connection between two machines: streams of frames, in order, each with a window of its own, so that one whose
 * frames nobody takes does not stop the others. Its streams end with it. Safe from any thread.
 */
public interface Streams extends AutoCloseable
{
    /** A frame has at most so many bytes. */
    int FRAME_BYTES = 64 * 1024;

    /** So many frames of a stream may be on their way, or not yet granted, in one direction. */
    int WINDOW = 16;

    /**
     * Opens a stream. Never blocks: what is offered before it is there waits.
     *
     * @param name     tells the other side what it is for; each name once.
     * @param listener of what comes the other way.
     * @return the stream.
     */
    Stream open(long name, StreamListener listener);

    /** When anything was heard of the other side last, a frame or a grant, as of {@link System#nanoTime}. */
    long heardNanos();

    /** Ends the connection at once, and so its streams. Idempotent. */
    @Override
    void close();

    /** Says who hears the streams that the other side opens. */
    interface Acceptor
    {
        /**
         * A stream was opened. Called on the engine's thread: must not block.
         *
         * @param name   that it was opened with.
         * @param stream to answer on.
         * @return the listener of what comes on it; null: refused, it ends.
         */
        StreamListener accept(long name, Stream stream);
    }
}
