package parallel.transport;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Where one blocked thread sleeps: a selector on the bells it waits for. One thread at a time; only {@link #wake} may
 * come from any.
 */
final class Parker implements AutoCloseable
{
    private final Selector selector;

    Parker()
    {
        try
        {
            selector = Selector.open();
        }
        catch (IOException e)
        {
            throw new UncheckedIOException("A thread cannot wait: no selector can be opened.", e);
        }
    }

    // Ends the sleep of the thread, or its next one.
    void wake()
    {
        selector.wakeup();
    }

    // Selects on the bells as they are now: one may have been connected or have ended since the last look.
    void listen(List<MessageChannel> channels)
    {
        for (MessageChannel channel : channels)
        {
            SelectableChannel bell = channel.bell().channel();
            if (bell != null && bell.keyFor(selector) == null)
            {
                register(bell, channel);
            }
        }
    }

    private void register(SelectableChannel bell, MessageChannel channel)
    {
        try
        {
            bell.register(selector, SelectionKey.OP_READ, channel);
        }
        catch (ClosedChannelException e)
        {
            // Closed just now; whoever closed it wakes us.
        }
    }

    // Sleeps until a bell rings, wake was called, the deadline has passed or the thread is interrupted.
    void sleep(long deadlineNanos)
    {
        try
        {
            selector.select(this::rang, timeoutMs(deadlineNanos));
        }
        catch (IOException e)
        {
            throw new UncheckedIOException(e);
        }
    }

    // Rounded up, as 0 means without limit.
    private static long timeoutMs(long deadlineNanos)
    {
        return deadlineNanos == Long.MAX_VALUE ? 0 :
            1 + TimeUnit.NANOSECONDS.toMillis(Math.max(0, deadlineNanos - System.nanoTime()));
    }

    private void rang(SelectionKey key)
    {
        MessageChannel channel = (MessageChannel)key.attachment();
        Bell bell = channel.bell();
        bell.drain();
        if (bell.channel() == null)
        {
            // At its end it would stay readable.
            key.cancel();
        }
        channel.wakeOthers(this);
    }

    // Keeps the bell of one channel, whose pool the parker goes back to. A socket is not closed while a key is left.
    void forgetAllBut(MessageChannel kept)
    {
        boolean forgotten = false;
        for (SelectionKey key : selector.keys())
        {
            if (key.attachment() != kept)
            {
                key.cancel();
                forgotten = true;
            }
        }
        if (forgotten)
        {
            flush();
        }
    }

    private void flush()
    {
        try
        {
            selector.selectNow();
        }
        catch (IOException e)
        {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close()
    {
        try
        {
            selector.close();
        }
        catch (IOException e)
        {
            throw new UncheckedIOException(e);
        }
    }
}
