package parallel.relay;

import java.io.IOException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** Gives the frames of a stream to a thread that may block. */
final class ArrivingFrames implements StreamListener
{
    private static final byte[] END = {};

    private final Stream stream;
    private final BlockingQueue<byte[]> frames = new LinkedBlockingQueue<>();

    ArrivingFrames(Stream stream)
    {
        this.stream = stream;
    }

    /** The next one; waits for it. */
    byte[] next() throws InterruptedException, IOException
    {
        byte[] frame = frames.take();
        if (frame == END)
        {
            throw new IOException("Its stream has ended.");
        }
        stream.grant();
        return frame;
    }

    void close()
    {
        stream.close();
    }

    @Override
    public void onFrame(byte[] frame)
    {
        frames.add(frame);
    }

    @Override
    public void onReady()
    {
        // nothing is sent
    }

    @Override
    public void onEnd(Throwable why)
    {
        frames.add(END);
    }
}
