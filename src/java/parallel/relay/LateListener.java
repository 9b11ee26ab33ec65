package parallel.relay;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** Keeps what comes on a stream until somebody listens. Safe from any thread. */
final class LateListener implements StreamListener
{
    private final List<byte[]> early = new ArrayList<>();
    private final CountDownLatch opened = new CountDownLatch(1);
    private volatile Stream stream;
    private boolean isClosed;
    private StreamListener listener;
    private boolean hasEnded;
    private Throwable why;

    synchronized void connect(Stream itsStream)
    {
        stream = itsStream;
        opened.countDown();
        if (isClosed)
        {
            itsStream.close();
        }
    }

    /** Nothing more is said on it, also if it is only opened now. */
    synchronized void close()
    {
        isClosed = true;
        if (stream != null)
        {
            stream.close();
        }
    }

    /** Waits until it was opened. */
    Stream stream() throws InterruptedException
    {
        opened.await();
        return stream;
    }

    synchronized void listen(StreamListener itsListener)
    {
        listener = itsListener;
        early.forEach(itsListener::onFrame);
        early.clear();
        if (hasEnded)
        {
            itsListener.onEnd(why);
        }
    }

    @Override
    public synchronized void onFrame(byte[] frame)
    {
        if (listener == null)
        {
            early.add(frame);
        }
        else
        {
            listener.onFrame(frame);
        }
    }

    @Override
    public synchronized void onReady()
    {
        if (listener != null)
        {
            listener.onReady();
        }
    }

    @Override
    public synchronized void onEnd(Throwable itsEnd)
    {
        hasEnded = true;
        why = itsEnd;
        if (listener != null)
        {
            listener.onEnd(itsEnd);
        }
    }
}
