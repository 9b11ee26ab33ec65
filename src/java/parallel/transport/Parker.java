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
 * Where one blocked thread sleeps: a selector on the bells of the channels it waits for. One thread at a time; only
 * {@link #wake} may come from any.
 */
final class Parker implements AutoCloseable
{
    private final List<MessageChannel> channels;
    private final Selector selector;

    Parker(List<MessageChannel> channels)
    {
        this.channels = List.copyOf(channels);
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
    void listen()
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

    List<MessageChannel> channels()
    {
        return channels;
    }

    // Does it listen to these, in this order?
    boolean isFor(List<MessageChannel> others)
    {
        boolean same = others.size() == channels.size();
        for (int i = 0; same && i < channels.size(); i++)
        {
            same = others.get(i) == channels.get(i);
        }
        return same;
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
