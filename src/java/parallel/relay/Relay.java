package parallel.relay;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import java.util.function.LongFunction;

import parallel.transport.MessageChannel;

/**
 * Joins one end of a pair of rings with a stream of frames: what comes out of the ring goes into frames, what comes in
 * frames goes into the ring, each as far as the other takes it. A frame is granted when its last byte is in the ring:
 * what is on its way is bounded by the window and the rings, and what was granted has arrived.
 * <p>
 * Moved by the thread of its {@link RelayLoop}; the other methods are safe from any thread.
 */
final class Relay implements StreamListener
{
    private final MessageChannel channel;
    private final FromRing fromRing;
    private final ToRing toRing;
    private final Queue<byte[]> arrived = new ConcurrentLinkedQueue<>();
    private final Consumer<Relay> overListener;
    private volatile Stream stream;
    private volatile boolean writerIsGone;
    private volatile boolean lost;
    private volatile Throwable failure;
    private final CountDownLatch sent = new CountDownLatch(1);
    private boolean told;

    /**
     * A relay that is not connected yet.
     *
     * @param channel      its end, which nobody else sends into or receives from.
     * @param bulks        messages that came on streams of their own, by number, to be put into the ring; null: none.
     * @param overListener called on the loop's thread, once, when the far side's last message is in the ring, or none
     *                     will come: see {@link #failure}.
     */
    Relay(MessageChannel channel, LongFunction<ArrivingBulk.Copy> bulks, Consumer<Relay> overListener)
    {
        this.channel = channel;
        this.fromRing = new FromRing(channel, () -> lost);
        this.toRing = new ToRing(channel, bulks);
        this.overListener = overListener;
    }

    MessageChannel channel()
    {
        return channel;
    }

    void connect(Stream data)
    {
        stream = data;
        channel.wakeLocal();
    }

    @Override
    public void onFrame(byte[] frame)
    {
        arrived.add(frame);
        channel.wakeLocal();
    }

    @Override
    public void onReady()
    {
        channel.wakeLocal();
    }

    @Override
    public void onEnd(Throwable why)
    {
        lost = true;
        channel.wakeLocal();
    }

    /** Nobody writes into the ring any more: its rest is sent, then that this was all. */
    void writerIsGone()
    {
        writerIsGone = true;
        channel.wakeLocal();
    }

    /** What ended it too early: what lies in the ring, or came in a frame, is none of ours. Null: nothing. */
    Throwable failure()
    {
        return failure;
    }

    /** Waits until the rest of what the ring held was sent, and that this was all; or nobody takes it any more. */
    void awaitSent() throws InterruptedException
    {
        sent.await();
    }

    /** For the loop's thread. True: something moved. */
    boolean pump()
    {
        Stream connected = stream;
        if (connected == null || failure != null)
        {
            return false;
        }
        boolean ends = lost;        // read first: what came before it is in the queue by now
        boolean moved = false;
        try
        {
            moved = pumpIn(connected);
            moved |= fromRing.pump(connected, writerIsGone);
        }
        catch (RuntimeException e)
        {
            failure = e;
        }
        if (fromRing.isOver() || failure != null || ends)
        {
            sent.countDown();
        }
        if (!told && (failure != null || toRing.isOver() || ends && !toRing.isBusy() && arrived.isEmpty()))
        {
            told = true;
            toRing.drop();
            overListener.accept(this);
        }
        return moved;
    }

    private boolean pumpIn(Stream connected)
    {
        boolean moved = false;
        for (int n = 0; n < Streams.WINDOW && (toRing.isBusy() || !arrived.isEmpty()); n++)
        {
            if (!toRing.isBusy())
            {
                toRing.take(arrived.remove());
            }
            if (!toRing.pump())
            {
                return moved || toRing.isOthersTurn();
            }
            connected.grant();
            moved = true;
        }
        return moved;
    }
}
