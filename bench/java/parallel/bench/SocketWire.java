package parallel.bench;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ByteChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The JDK's sockets, blocking, with buffers of 64 KiB outside of the heap: of the Unix domain, or TCP on the loopback
 * interface. Or what else carries bytes.
 */
final class SocketWire extends ForkedWire
{
    private static final int BUFFER = 64 * 1024;

    private final ByteChannel channel;
    private final ByteBuffer out = ByteBuffer.allocateDirect(BUFFER).order(ByteOrder.nativeOrder());
    private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER).order(ByteOrder.nativeOrder()).flip();

    SocketWire(ByteChannel channel, Process other)
    {
        super(other);
        this.channel = channel;
    }

    static Wire open(String name) throws IOException
    {
        return "unix".equals(name) ? openUnix() : openTcp();
    }

    private static Wire openUnix() throws IOException
    {
        Path file = Files.createTempDirectory("parallel-bench").resolve("socket");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX))
        {
            server.bind(UnixDomainSocketAddress.of(file));
            Process other = fork("unix", file.toString());
            return new SocketWire(server.accept(), other);
        }
        finally
        {
            Files.deleteIfExists(file);
            Files.delete(file.getParent());
        }
    }

    private static Wire openTcp() throws IOException
    {
        try (ServerSocketChannel server = ServerSocketChannel.open())
        {
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            Process other = fork("tcp", String.valueOf(server.socket().getLocalPort()));
            return new SocketWire(withoutDelay(server.accept()), other);
        }
    }

    static Wire join(String name, String address) throws IOException
    {
        return new SocketWire("unix".equals(name) ?
            SocketChannel.open(UnixDomainSocketAddress.of(address)) :
            withoutDelay(
            SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(address)))),
            null);
    }

    private static SocketChannel withoutDelay(SocketChannel channel) throws IOException
    {
        return channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    }

    @Override
    public void flush() throws IOException
    {
        out.flip();
        while (out.hasRemaining())
        {
            channel.write(out);
        }
        out.clear();
    }

    private void fill(int least) throws IOException
    {
        in.compact();
        while (in.position() < least)
        {
            if (channel.read(in) < 0)
            {
                throw new EOFException();
            }
        }
        in.flip();
    }

    @Override
    public void sendLong(long value) throws IOException
    {
        if (out.remaining() < Long.BYTES)
        {
            flush();
        }
        out.putLong(value);
    }

    @Override
    public long receiveLong() throws IOException
    {
        if (in.remaining() < Long.BYTES)
        {
            flush();
            fill(Long.BYTES);
        }
        return in.getLong();
    }

    @Override
    public void sendBytes(byte[] bytes) throws IOException
    {
        if (out.remaining() < bytes.length)
        {
            flush();
        }
        out.put(bytes);
    }

    @Override
    public void receiveBytes(byte[] bytes, int times) throws IOException
    {
        for (int i = 0; i < times; i++)
        {
            if (in.remaining() < bytes.length)
            {
                fill(bytes.length);
            }
            in.get(bytes);
        }
    }

    @Override
    public void sendArray(double[] array) throws IOException
    {
        flush();
        for (int at = 0; at < array.length;)
        {
            int count = Math.min(BUFFER / Double.BYTES, array.length - at);
            out.asDoubleBuffer().put(array, at, count);
            out.position(count * Double.BYTES);
            flush();
            at += count;
        }
    }

    @Override
    public void receiveArray(double[] array) throws IOException
    {
        for (int at = 0; at < array.length;)
        {
            if (in.remaining() < Double.BYTES)
            {
                fill(Double.BYTES);
            }
            int count = Math.min(in.remaining() / Double.BYTES, array.length - at);
            in.asDoubleBuffer().get(array, at, count);
            in.position(in.position() + count * Double.BYTES);
            at += count;
        }
    }

    @Override
    void release() throws IOException
    {
        channel.close();
    }
}
