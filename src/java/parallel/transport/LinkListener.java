package parallel.transport;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** Hears what arrives on a {@link Link}, on the loop's thread: must not block. What it throws is logged. */
public interface LinkListener
{
    /**
     * A frame has arrived, whole.
     *
     * @param frame its bytes, which the listener owns.
     */
    void onFrame(ByteBuffer frame);

    /**
     * A frame of more bytes than one buffer can hold has arrived.
     *
     * @param parts its bytes in order, which the listener owns.
     */
    default void onLargeFrame(List<ByteBuffer> parts)
    {
        throw new UnsupportedOperationException("A control frame of more than 2 GiB was dropped.");
    }

    /**
     * A frame has arrived for which there is no memory. The stream goes on with the next.
     *
     * @param beginning its first bytes, 64 at most; to be read during the call only.
     * @param length    how many it has.
     * @param e         what the JVM said.
     */
    default void onUnread(ByteBuffer beginning, long length, OutOfMemoryError e)
    {
        onError(new IOException("There is no memory for a control frame of " + length + " bytes.", e));
    }

    /**
     * The thread that reads what arrives ends, or a call of this listener has thrown: it may have missed something.
     * Does nothing by default.
     *
     * @param e what was thrown.
     */
    default void onLost(Throwable e)
    {
    }

    /**
     * The stream is broken: what arrived is no frame. {@link #onEnd} follows.
     *
     * @param error what is wrong with it.
     */
    default void onError(IOException error)
    {
        System.getLogger(LinkListener.class.getName()).log(System.Logger.Level.WARNING, "A control stream is broken.",
            error);
    }

    /** Nothing more will come: end of file, reset, or close by either side. Once. */
    void onEnd();
}
