package parallel.bench;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

import org.zeromq.SocketType;
import org.zeromq.ZContext;
import org.zeromq.ZMQ;

/**
 * JeroMQ: a pair of sockets of type PAIR. Its {@code ipc://} is TCP on the loopback interface.
 */
final class JeroWire extends ForkedWire
{
    private static final int FRAGMENT = 64 * 1024;

    private final ZContext context;
    private final ZMQ.Socket socket;

    private JeroWire(ZContext context, ZMQ.Socket socket, Process other)
    {
        super(other);
        this.context = context;
        this.socket = socket;
    }

    static Wire open() throws Exception
    {
        ZContext context = new ZContext();
        ZMQ.Socket socket = context.createSocket(SocketType.PAIR);
        int port = socket.bindToRandomPort("tcp://127.0.0.1");
        return new JeroWire(context, socket, fork("jeromq", "tcp://127.0.0.1:" + port));
    }

    static Wire join(String address)
    {
        ZContext context = new ZContext();
        ZMQ.Socket socket = context.createSocket(SocketType.PAIR);
        socket.connect(address);
        return new JeroWire(context, socket, null);
    }

    private static ByteBuffer buffer(byte[] bytes)
    {
        return ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
    }

    @Override
    public void sendLong(long value)
    {
        byte[] bytes = new byte[Long.BYTES];
        buffer(bytes).putLong(value);
        socket.send(bytes, 0);
    }

    @Override
    public long receiveLong()
    {
        return buffer(socket.recv(0)).getLong();
    }

    @Override
    public void sendBytes(byte[] bytes)
    {
        socket.send(bytes, 0);
    }

    @Override
    public void receiveBytes(byte[] bytes, int times)
    {
        for (int i = 0; i < times; i++)
        {
            socket.recv(bytes, 0, bytes.length, 0);
        }
    }

    @Override
    public void sendArray(double[] array)
    {
        for (int at = 0; at < array.length;)
        {
            int count = Math.min(FRAGMENT / Double.BYTES, array.length - at);
            byte[] bytes = new byte[count * Double.BYTES];
            buffer(bytes).asDoubleBuffer().put(array, at, count);
            socket.send(bytes, 0);
            at += count;
        }
    }

    @Override
    public void receiveArray(double[] array)
    {
        for (int at = 0; at < array.length;)
        {
            byte[] bytes = socket.recv(0);
            buffer(bytes).asDoubleBuffer().get(array, at, bytes.length / Double.BYTES);
            at += bytes.length / Double.BYTES;
        }
    }

    @Override
    void release()
    {
        context.close();
    }
}
