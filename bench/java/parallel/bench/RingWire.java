package parallel.bench;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.MessageHandler;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

/**
 * The bare ring: two of Agrona's {@link OneToOneRingBuffer}s of the library's default capacity in a mapped file, each
 * end spinning.
 */
final class RingWire extends SpinningWire
{
    private static final int CAPACITY = 1 << 20;
    private static final int LENGTH = CAPACITY + RingBufferDescriptor.TRAILER_LENGTH;
    private static final int FRAGMENT = 16 * 1024;
    private static final int TYPE = 1;

    private final Path file;
    private final MappedByteBuffer map;
    private final OneToOneRingBuffer out;
    private final OneToOneRingBuffer in;
    private final MessageHandler longHandler = (type, buffer, index, length) -> onLong(buffer, index);
    private final MessageHandler bytesHandler = (type, buffer, index, length) -> onBytes(buffer, index, length);
    private final MessageHandler arrayHandler = this::onArray;
    private final DoubleBuffer inDoubles;
    private final DoubleBuffer outDoubles;
    private double[] arrayIn;
    private int arrayAt;

    private RingWire(Path file, Process other) throws IOException
    {
        super(other);
        boolean first = other != null;
        this.file = first ? file : null;
        try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw"))
        {
            map = access.getChannel().map(FileChannel.MapMode.READ_WRITE, 0, 2L * LENGTH);
        }
        OneToOneRingBuffer down = new OneToOneRingBuffer(new UnsafeBuffer(map, 0, LENGTH));
        OneToOneRingBuffer up = new OneToOneRingBuffer(new UnsafeBuffer(map, LENGTH, LENGTH));
        out = first ? down : up;
        in = first ? up : down;
        inDoubles = doubles(first ? LENGTH : 0);
        outDoubles = doubles(first ? 0 : LENGTH);
    }

    private DoubleBuffer doubles(int offset)
    {
        return map.slice(offset, LENGTH).order(ByteOrder.nativeOrder()).asDoubleBuffer();
    }

    static Wire open() throws IOException
    {
        Path file = Files.createTempFile(Path.of("/dev/shm"), "parallel-bench", ".ring");
        try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw"))
        {
            access.getChannel().write(ByteBuffer.allocate(2 * LENGTH));
        }
        return new RingWire(file, fork("ring", file.toString()));
    }

    static Wire join(String file) throws IOException
    {
        return new RingWire(Path.of(file), null);
    }

    private void onArray(int type, MutableDirectBuffer buffer, int index, int length)
    {
        inDoubles.get(index / Double.BYTES, arrayIn, arrayAt, length / Double.BYTES);
        arrayAt += length / Double.BYTES;
    }

    private void take(MessageHandler handler, int times)
    {
        for (int taken = 0; taken < times;)
        {
            int now = in.read(handler, times - taken);
            taken += now;
            if (now == 0)
            {
                Thread.onSpinWait();
            }
        }
    }

    @Override
    void put(DirectBuffer source, int length)
    {
        while (!out.write(TYPE, source, 0, length))
        {
            Thread.onSpinWait();
        }
    }

    @Override
    void takeLongs(int times)
    {
        take(longHandler, times);
    }

    @Override
    void takeBytes(int times)
    {
        take(bytesHandler, times);
    }

    @Override
    public void sendArray(double[] array)
    {
        for (int at = 0; at < array.length;)
        {
            int count = Math.min(FRAGMENT / Double.BYTES, array.length - at);
            int index = out.tryClaim(TYPE, count * Double.BYTES);
            while (index < 0)
            {
                Thread.onSpinWait();
                index = out.tryClaim(TYPE, count * Double.BYTES);
            }
            outDoubles.put(index / Double.BYTES, array, at, count);
            out.commit(index);
            at += count;
        }
    }

    @Override
    public void receiveArray(double[] array)
    {
        arrayIn = array;
        arrayAt = 0;
        take(arrayHandler, (array.length * Double.BYTES + FRAGMENT - 1) / FRAGMENT);
    }

    @Override
    void release() throws IOException
    {
        if (file != null)
        {
            Files.delete(file);
        }
    }
}
