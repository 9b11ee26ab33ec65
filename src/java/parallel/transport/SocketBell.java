package parallel.transport;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SocketChannel;

/**
 * A bell over one Unix-domain socket. It may be connected after the channel is in use: a thread that waits by then
 * looks again. Safe from any thread.
 */
public final class SocketBell implements Bell, AutoCloseable
{
    private final ByteBuffer out = ByteBuffer.allocateDirect(1);
    private final ByteBuffer in = ByteBuffer.allocateDirect(256);
    private volatile SelectableChannel offered;
    private SocketChannel socket;
    private MessageChannel channel;
    private boolean closed;

    /** A bell that is not connected: it remembers that it was rung. */
    public SocketBell()
    {
    }

    /**
     * Connects the bell and rings it once, for what was missed. Does not block.
     *
     * @param nonBlocking a connected socket in non-blocking mode; the bell closes it.
     * @throws IllegalArgumentException when it is in blocking mode.
     */
    public void connect(SocketChannel nonBlocking)
    {
        if (nonBlocking.isBlocking())
        {
            throw new IllegalArgumentException("The socket of a bell must be non-blocking.");
        }
        MessageChannel own;
        synchronized (this)
        {
            socket = nonBlocking;
            own = channel;
            if (closed)
            {
                closeSocket();
                return;
            }
            offered = nonBlocking;
        }
        ring();
        if (own != null)
        {
            own.wakeLocal();
        }
    }

    // Whom to wake when the bell is connected.
    synchronized void attach(MessageChannel ownEnd)
    {
        channel = ownEnd;
    }

    @Override
    public synchronized void ring()
    {
        if (socket == null || closed)
        {
            return;
        }
        try
        {
            out.clear();
            // No room in the socket: there are bytes the other end has not read yet, which wake it as well.
            socket.write(out);
        }
        catch (IOException e)
        {
            // The other end is gone; the control stream tells so.
        }
    }

    @Override
    public SelectableChannel channel()
    {
        return offered;
    }

    @Override
    public synchronized void drain()
    {
        if (offered == null)
        {
            return;
        }
        try
        {
            int read;
            do
            {
                in.clear();
                read = socket.read(in);
            }
            while (read == in.capacity());
            if (read < 0)
            {
                offered = null;
            }
        }
        catch (IOException e)
        {
            offered = null;
        }
    }

    /** Closes the socket. Idempotent. */
    @Override
    public synchronized void close()
    {
        closed = true;
        offered = null;
        closeSocket();
    }

    private void closeSocket()
    {
        if (socket != null)
        {
            try
            {
                socket.close();
            }
            catch (IOException e)
            {
                // Nothing is written to it any more.
            }
        }
    }
}
