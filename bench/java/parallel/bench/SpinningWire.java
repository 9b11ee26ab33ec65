package parallel.bench;

import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A wire of Agrona's buffers whose ends spin: what the bare ring and Aeron have in common.
 */
abstract class SpinningWire extends ForkedWire
{
    private final UnsafeBuffer scratch = new UnsafeBuffer(new byte[Long.BYTES]);
    private final UnsafeBuffer bytesOut = new UnsafeBuffer(new byte[0]);
    private long value;
    private byte[] bytesIn;

    SpinningWire(Process other)
    {
        super(other);
    }

    /**
     * Sends a message, spinning while there is no room.
     *
     * @param source its bytes, from 0 on.
     * @param length how many.
     */
    abstract void put(DirectBuffer source, int length);

    /**
     * Takes messages of longs, spinning until all have come, and calls {@link #onLong} for each.
     *
     * @param times how many.
     */
    abstract void takeLongs(int times);

    /**
     * The same of bytes and {@link #onBytes}.
     *
     * @param times how many.
     */
    abstract void takeBytes(int times);

    final void onLong(DirectBuffer buffer, int index)
    {
        value = buffer.getLong(index);
    }

    final void onBytes(DirectBuffer buffer, int index, int length)
    {
        buffer.getBytes(index, bytesIn, 0, length);
    }

    @Override
    public final void sendLong(long value)
    {
        scratch.putLong(0, value);
        put(scratch, Long.BYTES);
    }

    @Override
    public final long receiveLong()
    {
        takeLongs(1);
        return value;
    }

    @Override
    public final void receiveLongs(int times)
    {
        takeLongs(times);
    }

    @Override
    public final void sendBytes(byte[] bytes)
    {
        bytesOut.wrap(bytes);
        put(bytesOut, bytes.length);
    }

    @Override
    public final void receiveBytes(byte[] bytes, int times)
    {
        bytesIn = bytes;
        takeBytes(times);
    }
}
