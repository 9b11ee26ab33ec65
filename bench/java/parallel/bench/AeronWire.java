package parallel.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

import org.agrona.DirectBuffer;

import io.aeron.Aeron;
import io.aeron.ExclusivePublication;
import io.aeron.Subscription;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.logbuffer.BufferClaim;
import io.aeron.logbuffer.FragmentHandler;
import io.aeron.logbuffer.Header;

/**
 * Aeron's IPC, each end spinning; the measuring end holds the media driver, which takes no part in the way of a
 * message.
 */
final class AeronWire extends SpinningWire
{
    private static final String CHANNEL = "aeron:ipc";
    private static final int DOWN = 1001;
    private static final int UP = 1002;
    private static final int TERM = 16 * 1024 * 1024;
    private static final int MTU = 32 * 1024;
    /** Of Aeron's frame header. */
    private static final int HEADER = 32;
    private static final int FRAGMENT = MTU - HEADER;

    private final MediaDriver driver;
    private final Aeron aeron;
    private final ExclusivePublication out;
    private final Subscription in;
    private final BufferClaim claim = new BufferClaim();
    private final FragmentHandler longHandler = (buffer, offset, length, header) -> onLong(buffer, offset);
    private final FragmentHandler bytesHandler = (buffer, offset, length, header) -> onBytes(buffer, offset, length);
    private final FragmentHandler arrayHandler = this::onArray;
    private double[] arrayIn;
    private int arrayAt;

    private AeronWire(MediaDriver driver, String directory, Process other)
    {
        super(other);
        this.driver = driver;
        this.aeron = Aeron.connect(new Aeron.Context().aeronDirectoryName(directory));
        this.out = aeron.addExclusivePublication(CHANNEL, other != null ? DOWN : UP);
        this.in = aeron.addSubscription(CHANNEL, other != null ? UP : DOWN);
        while (!out.isConnected() || !in.isConnected())
        {
            Thread.yield();
        }
    }

    static Wire open() throws IOException
    {
        Path directory = Files.createTempDirectory(Path.of("/dev/shm"), "parallel-bench-aeron");
        MediaDriver driver = MediaDriver.launch(new MediaDriver.Context()
            .aeronDirectoryName(directory.toString())
            .threadingMode(ThreadingMode.SHARED)
            .ipcTermBufferLength(TERM)
            .ipcMtuLength(MTU)
            .termBufferSparseFile(false)
            .dirDeleteOnStart(true)
            .dirDeleteOnShutdown(true));
        return new AeronWire(driver, driver.aeronDirectoryName(), fork("aeron", driver.aeronDirectoryName()));
    }

    static Wire join(String directory)
    {
        return new AeronWire(null, directory, null);
    }

    @Override
    void put(DirectBuffer source, int length)
    {
        while (out.offer(source, 0, length) < 0)
        {
            Thread.onSpinWait();
        }
    }

    private void take(FragmentHandler handler, int times)
    {
        for (int taken = 0; taken < times;)
        {
            int now = in.poll(handler, times - taken);
            taken += now;
            if (now == 0)
            {
                Thread.onSpinWait();
            }
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
            while (out.tryClaim(count * Double.BYTES, claim) < 0)
            {
                Thread.onSpinWait();
            }
            // The claim's buffer is of the term; its own ByteBuffer is that of the frame.
            ByteBuffer term = claim.buffer().byteBuffer();
            int start = claim.buffer().wrapAdjustment() + claim.offset();
            term.slice(start, count * Double.BYTES).order(ByteOrder.nativeOrder()).asDoubleBuffer().put(
                array, at, count);
            claim.commit();
            at += count;
        }
    }

    @Override
    public void receiveArray(double[] array)
    {
        arrayIn = array;
        arrayAt = 0;
        take(arrayHandler, (array.length + FRAGMENT / Double.BYTES - 1) / (FRAGMENT / Double.BYTES));
    }

    private void onArray(DirectBuffer buffer, int offset, int length, Header header)
    {
        int count = length / Double.BYTES;
        buffer.byteBuffer().slice(buffer.wrapAdjustment() + offset, length).order(ByteOrder.nativeOrder())
            .asDoubleBuffer().get(arrayIn, arrayAt, count);
        arrayAt += count;
    }

    @Override
    void release()
    {
        aeron.close();
        if (driver != null)
        {
            driver.close();
        }
    }
}
