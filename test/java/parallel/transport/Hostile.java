package parallel.transport;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.util.Random;
import java.util.Set;

import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

/**
 * What a broken or malicious end of a channel writes: into the memory that both map, past every class that would keep
 * it from that, and into the sockets. Used within workers and within their parents. Keeps the memory mapped until it is
 * closed: it takes none of the channel's locks, which do that for others.
 */
public final class Hostile implements AutoCloseable
{
    private static final int[] LIKELY =
        {-1, 0, 1, 2, 3, 4, 8, 9, 16, 24, 1024, 8192, Integer.MAX_VALUE, Integer.MIN_VALUE};

    private final MessageChannel channel;
    private final int out;

    private Hostile(MessageChannel channel, Side side)
    {
        channel.pair().retain();
        this.channel = channel;
        this.out = PairLayout.outDirection(side);
    }

    /** Of a peer: a worker's handle, or in a worker its parent. */
    public static Hostile of(Object peer, boolean worker) throws ReflectiveOperationException
    {
        Method channel = Class.forName("parallel.runtime.ChannelPeer").getDeclaredMethod("channel");
        channel.setAccessible(true);
        return new Hostile((MessageChannel)channel.invoke(peer), worker ? Side.PARENT : Side.CHILD);
    }

    @Override
    public void close()
    {
        channel.pair().release();
    }

    private OneToOneRingBuffer ring()
    {
        return channel.pair().ring(out);
    }

    /** A record of any type with any body; waits for room. */
    public void record(int type, byte[] body) throws InterruptedException
    {
        while (!ring().write(type, new UnsafeBuffer(body), 0, body.length))
        {
            channel.bell().ring();
            Thread.sleep(1);
        }
        channel.bell().ring();
    }

    /** The first part of a message, with what it announces. */
    public void begin(long announced, int bytes) throws InterruptedException
    {
        byte[] body = new byte[Long.BYTES + bytes];
        ByteBuffer.wrap(body).order(ByteOrder.nativeOrder()).putLong(announced);
        record(PairLayout.FIRST, body);
    }

    /** One large message that never ends. */
    public void endless(long announced) throws InterruptedException
    {
        begin(announced, 64);
        while (true)
        {
            record(PairLayout.MIDDLE, new byte[4000]);
        }
    }

    /** Messages that are none, for ever. */
    public void endlessRecords(int type) throws InterruptedException
    {
        while (true)
        {
            record(type, new byte[0]);
        }
    }

    /** A length where the next record will be. */
    public void length(int length)
    {
        OneToOneRingBuffer ring = ring();
        ring.buffer().putIntVolatile((int)ring.producerPosition() & (ring.capacity() - 1), length);
        channel.bell().ring();
    }

    /** Ints anywhere in the ring we write, its positions included. */
    public void ints(long seed, int count)
    {
        scatter(ring().buffer(), 0, ring().buffer().capacity(), seed, count);
        channel.bell().ring();
    }

    /** The positions of the ring that the other side writes. */
    public void positionsOfOther(long seed)
    {
        OneToOneRingBuffer other = channel.pair().ring(out == PairLayout.UP ? PairLayout.DOWN : PairLayout.UP);
        scatter(other.buffer(), other.capacity(), RingBufferDescriptor.TRAILER_LENGTH, seed, 40);
        channel.bell().ring();
    }

    /** Flags, ends of stream, counts and the status page. */
    public void header(long seed, int count)
    {
        scatter(channel.pair().header(), PairLayout.DOWN, PairLayout.HEADER_BYTES - PairLayout.DOWN, seed, count);
        channel.bell().ring();
    }

    private static void scatter(AtomicBuffer memory, int from, int bytes, long seed, int count)
    {
        Random random = new Random(seed);
        for (int i = 0; i < count; i++)
        {
            int value = random.nextBoolean() ? LIKELY[random.nextInt(LIKELY.length)] : random.nextInt();
            memory.putIntVolatile(from + 4 * random.nextInt(bytes / 4), value);
        }
    }

    /** A message whose bytes are of any kind. */
    public void noise(long seed) throws InterruptedException
    {
        Random random = new Random(seed);
        byte[] body = new byte[1 + random.nextInt(60)];
        random.nextBytes(body);
        record(PairLayout.WHOLE, body);
    }

    /** Bytes on the bell's socket. */
    public void ring(int times)
    {
        for (int i = 0; i < times; i++)
        {
            channel.bell().ring();
        }
    }

    // ---- control

    private static Object field(Object of, String name) throws ReflectiveOperationException
    {
        Field field = of.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return field.get(of);
    }

    /** The control stream of a worker process, in it. */
    public static Link toParent() throws ReflectiveOperationException
    {
        Class<?> session = Class.forName("parallel.runtime.Session");
        Method current = session.getDeclaredMethod("current");
        current.setAccessible(true);
        return (Link)((Set<?>)field(field(current.invoke(null), "loop"), "links")).iterator().next();
    }

    /** That of a worker, in its parent. */
    public static Link toWorker(Object handle) throws ReflectiveOperationException
    {
        Field life = Class.forName("parallel.runtime.WorkerHandle").getDeclaredField("life");
        life.setAccessible(true);
        return (Link)field(field(life.get(handle), "control"), "link");
    }

    /** A frame with any bytes. */
    public static void frame(Link link, byte[] bytes)
    {
        link.send(ByteBuffer.wrap(bytes));
    }

    /** Bytes that need not be frames; endless: for ever. */
    public static void raw(Link link, byte[] bytes, boolean endless) throws ReflectiveOperationException, IOException
    {
        SocketChannel socket = (SocketChannel)field(link, "socket");
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        do
        {
            buffer.clear();
            while (buffer.hasRemaining())
            {
                socket.write(buffer);
            }
        }
        while (endless);
    }

    /** The length of a frame as it stands before it. */
    public static byte[] announce(long length, int more)
    {
        return ByteBuffer.allocate(Long.BYTES + more).putLong(length).array();
    }
}
