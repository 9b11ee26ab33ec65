package parallel.cluster;

import parallel.relay.Stream;
import parallel.relay.StreamListener;
import parallel.relay.Streams;

/**
 * One end of a stream, whose window is counted here in frames, exactly, whatever the engine below has room for.
 *
 * <p>A sender has at most {@link Streams#WINDOW} frames that were not granted. The receiver tells what it has granted
 * with the next frame that goes the other way. Without one it does so when half a window has come together, or at once
 * when the sender has used up all of it. Both ends say END, each after its frames; then the stream is over.
 */
final class WindowedStream implements Stream
{
    /** What carries the messages. Called under the stream's lock: must not block and must not call back. */
    interface Wire
    {
        /**
         * Sends a message.
         *
         * @param head  how many frames are granted, or {@link #END}.
         * @param frame null: none.
         */
        void send(int head, byte[] frame);

        /** Both ends have said END. */
        void finish();

        /** Breaks the stream at once, so that the other end hears of it. */
        void abort(String why);
    }

    /** The head of the last message of an end. */
    static final int END = 255;

    private static final int GRANT_TOGETHER = Streams.WINDOW / 2;

    private final Wire wire;
    private StreamListener listener;
    /** Frames sent that were not granted. */
    private int sent;
    /** An offer was refused since the last onReady. */
    private boolean refused;
    /** Frames heard of which the sender does not know that they were granted. */
    private int heard;
    /** So many of those were granted. */
    private int granted;
    /** Nothing is sent any more: END was sent, or the stream is broken. */
    private boolean sentEnd;
    /** Nothing is heard any more: onEnd was called. */
    private boolean heardEnd;

    WindowedStream(Wire wire)
    {
        this.wire = wire;
    }

    /** Before anything is heard. */
    void listen(StreamListener listener)
    {
        this.listener = listener;
    }

    @Override
    public synchronized boolean offer(byte[] frame)
    {
        if (frame.length == 0 || frame.length > Streams.FRAME_BYTES)
        {
            throw new IllegalArgumentException(
                "A frame has 1 to " + Streams.FRAME_BYTES + " bytes, not " + frame.length);
        }
        if (sentEnd)
        {
            return true;
        }
        if (sent == Streams.WINDOW)
        {
            refused = true;
            return false;
        }
        sent++;
        wire.send(takeGranted(), frame);
        return true;
    }

    @Override
    public synchronized void grant()
    {
        if (heardEnd)
        {
            return;
        }
        if (granted == heard)
        {
            throw new IllegalStateException("No frame was heard that is not granted.");
        }
        granted++;
        tellGranted();
    }

    @Override
    public synchronized void close()
    {
        if (!sentEnd)
        {
            sentEnd = true;
            wire.send(END, null);
        }
    }

    /**
     * Takes a message of the other end. On the engine's thread, as is {@link #broken}: so the listener hears one thing
     * after the other.
     *
     * @param head  of the message.
     * @param frame null: it has none.
     */
    void hear(int head, byte[] frame)
    {
        boolean ready;
        synchronized (this)
        {
            if (heardEnd)
            {
                return;
            }
            if (head == END)
            {
                ready = false;
            }
            else if (head > sent || frame != null && heard == Streams.WINDOW)
            {
                fail("The other end does not keep to the window.");
                return;
            }
            else
            {
                sent -= head;
                ready = refused && sent < Streams.WINDOW;
                refused &= !ready;
                if (frame != null)
                {
                    heard++;
                    tellGranted();
                }
            }
        }
        if (head == END)
        {
            hearEnd();
            return;
        }
        if (frame != null)
        {
            listener.onFrame(frame);
        }
        if (ready)
        {
            listener.onReady();
        }
    }

    /** Breaks the stream here and at the other end; {@link #broken} follows from the engine. */
    synchronized void fail(String why)
    {
        sentEnd = true;
        wire.abort(why);
    }

    private void hearEnd()
    {
        synchronized (this)
        {
            heardEnd = true;
            close();
            wire.finish();
        }
        listener.onEnd(null);
    }

    /** The stream is broken: nothing goes either way. Nothing is done when it was over before. */
    void broken(Throwable why)
    {
        synchronized (this)
        {
            sentEnd = true;
            if (heardEnd)
            {
                return;
            }
            heardEnd = true;
        }
        listener.onEnd(why);
    }

    private void tellGranted()
    {
        boolean senderWaits = heard == Streams.WINDOW;
        if (!sentEnd && granted > 0 && (senderWaits || granted >= GRANT_TOGETHER))
        {
            wire.send(takeGranted(), null);
        }
    }

    private int takeGranted()
    {
        int told = granted;
        heard -= told;
        granted = 0;
        return told;
    }
}
