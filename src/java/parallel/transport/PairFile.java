package parallel.transport;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;

import org.agrona.BufferUtil;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;

/**
 * The mapped file of one parent and one child: a ring in each direction, what the two ends tell each other about
 * waiting and ending, and the worker's status page. {@link PairLayout} draws it.
 * <p>
 * Safe from any thread. The memory stays mapped until {@link #close()} was called and every {@link MessageChannel} on
 * this object has been retired.
 */
public final class PairFile implements AutoCloseable
{
    static
    {
        Agrona.open();
    }

    private final MappedFile file;
    private final int ringBytes;
    private final MappedByteBuffer[] memory;
    private final UnsafeBuffer header;
    private final UnsafeBuffer down;
    private final UnsafeBuffer up;
    private final StatusPage status;
    private int users;
    private boolean closed;
    private boolean unmapped;

    private PairFile(MappedFile file, int ringBytes) throws IOException
    {
        this.file = file;
        this.ringBytes = ringBytes;
        this.memory = new MappedByteBuffer[3];
        try
        {
            header = map(0, 0, PairLayout.HEADER_BYTES);
            down = map(1, PairLayout.ringOffset(PairLayout.DOWN, ringBytes), PairLayout.ringLength(ringBytes));
            up = map(2, PairLayout.ringOffset(PairLayout.UP, ringBytes), PairLayout.ringLength(ringBytes));
        }
        catch (IOException | RuntimeException | Error e)
        {
            free();
            throw e;
        }
        this.status = new StatusPage(header, null);
    }

    private UnsafeBuffer map(int part, long position, int length) throws IOException
    {
        memory[part] = file.map(MapMode.READ_WRITE, position, length);
        touch(memory[part]);
        return new UnsafeBuffer(memory[part]);
    }

    // The pages exist; this brings them into our page table before the first message needs them.
    private static void touch(MappedByteBuffer buffer)
    {
        for (int i = 0; i < buffer.capacity(); i += 4096)
        {
            buffer.get(i);
        }
    }

    /**
     * Makes the file of a new worker, readable by this user alone, and unlinks it at once where it can be reached
     * through {@code /proc}; elsewhere its name stays until {@link #attached()} or {@link #close()}.
     *
     * @param directory    for the file.
     * @param ringBytes    bytes of each ring: a power of two from 8192 to 2^30.
     * @param ownerPid     who makes it.
     * @param ownerStartMs when that process started, in ms since the epoch.
     * @return the mapped file.
     * @throws NoRoomException          when the file system has too little space.
     * @throws IOException              when the file cannot be made or mapped.
     * @throws IllegalArgumentException when ringBytes is none of the sizes above.
     */
    public static PairFile create(Path directory, int ringBytes, long ownerPid, long ownerStartMs) throws IOException
    {
        if (!PairLayout.isRingSize(ringBytes))
        {
            throw new IllegalArgumentException("A ring has a power of two of bytes, from " + PairLayout.MIN_RING_BYTES +
                " to " + PairLayout.MAX_RING_BYTES + ", not " + ringBytes + ".");
        }
        MappedFile file = MappedFile.create(directory, "pair", PairLayout.fileBytes(ringBytes));
        PairFile pair = null;
        try
        {
            pair = new PairFile(file, ringBytes);
            pair.publish(ownerPid, ownerStartMs);
            return pair;
        }
        catch (IOException | RuntimeException | Error e)
        {
            if (pair != null)
            {
                pair.free();
            }
            file.close();
            throw e;
        }
    }

    /**
     * Maps a file that another process, or this one, has made.
     *
     * @param handedOn what its {@link #handOn()} returned there.
     * @return the mapped file.
     * @throws IOException when it is not there, or is no pair file of this version and byte order, or not whole.
     */
    public static PairFile attach(Path handedOn) throws IOException
    {
        MappedFile file = MappedFile.attach(handedOn, "rw");
        try
        {
            return new PairFile(file, check(file.open(), handedOn));
        }
        catch (IOException | RuntimeException | Error e)
        {
            file.close();
            throw e;
        }
    }

    /**
     * What a pair file takes.
     *
     * @param ringBytes bytes of each ring.
     * @return bytes of the file.
     */
    public static long bytes(int ringBytes)
    {
        return PairLayout.fileBytes(ringBytes);
    }

    private void publish(long ownerPid, long ownerStartMs)
    {
        header.putLong(PairLayout.MAGIC_OFFSET, PairLayout.MAGIC);
        header.putInt(PairLayout.BYTE_ORDER_OFFSET, PairLayout.BYTE_ORDER_MARK);
        header.putInt(PairLayout.RING_BYTES_OFFSET, ringBytes);
        header.putInt(PairLayout.HEADER_BYTES_OFFSET, PairLayout.HEADER_BYTES);
        header.putLong(PairLayout.FILE_BYTES_OFFSET, PairLayout.fileBytes(ringBytes));
        header.putLong(PairLayout.OWNER_PID_OFFSET, ownerPid);
        header.putLong(PairLayout.OWNER_START_OFFSET, ownerStartMs);
        status.blockedOn(-1);
        // Pairs with the read of the version in check, which comes through a system call.
        header.putIntRelease(PairLayout.VERSION_OFFSET, PairLayout.VERSION);
    }

    // Reads the header through the file: a mapping of a file that is too short ends the JVM when it is touched.
    static int check(RandomAccessFile file, Path path) throws IOException
    {
        ByteBuffer bytes = ByteBuffer.allocate(64).order(ByteOrder.nativeOrder());
        if (file.length() < PairLayout.HEADER_BYTES)
        {
            throw new IOException(path + " is no pair file: it has " + file.length() + " bytes.");
        }
        file.seek(0);
        file.readFully(bytes.array());
        require(bytes.getLong(PairLayout.MAGIC_OFFSET) == PairLayout.MAGIC, path, "is no pair file: wrong magic");
        require(bytes.getInt(PairLayout.BYTE_ORDER_OFFSET) == PairLayout.BYTE_ORDER_MARK, path,
            "was written with another byte order");
        int version = bytes.getInt(PairLayout.VERSION_OFFSET);
        require(version != 0, path, "is not finished");
        require(version == PairLayout.VERSION, path,
            "has layout version " + version + ", this library reads " + PairLayout.VERSION +
                ": parent and worker need the same version of the library");
        int ringBytes = bytes.getInt(PairLayout.RING_BYTES_OFFSET);
        require(PairLayout.isRingSize(ringBytes), path, "has rings of " + ringBytes + " bytes");
        require(bytes.getInt(PairLayout.HEADER_BYTES_OFFSET) == PairLayout.HEADER_BYTES &&
            bytes.getLong(PairLayout.FILE_BYTES_OFFSET) == PairLayout.fileBytes(ringBytes) &&
            file.length() >= PairLayout.fileBytes(ringBytes), path, "is not whole: it has " + file.length() + " bytes");
        return ringBytes;
    }

    private static void require(boolean ok, Path path, String what) throws IOException
    {
        if (!ok)
        {
            throw new IOException(path + " " + what + ".");
        }
    }

    /**
     * How another process reaches the file.
     *
     * @return {@code /proc/<pid>/fd/<n>}, or the path of the file where that does not exist.
     */
    public String handOn()
    {
        return file.handOn();
    }

    /** The other side has mapped the file: a name that had to stay is removed. Idempotent. */
    public void attached()
    {
        try
        {
            file.unlink();
        }
        catch (IOException e)
        {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * The size of each ring.
     *
     * @return bytes.
     */
    public int ringBytes()
    {
        return ringBytes;
    }

    /**
     * The worker's status page.
     *
     * @return the same one at each call; it outlives the mapping.
     */
    public StatusPage status()
    {
        return status;
    }

    UnsafeBuffer header()
    {
        return header;
    }

    OneToOneRingBuffer ring(int direction)
    {
        return new OneToOneRingBuffer(direction == PairLayout.DOWN ? down : up);
    }

    // A channel uses the memory from now on.
    synchronized void retain()
    {
        if (unmapped)
        {
            throw new IllegalStateException("The pair file " + handOn() + " is closed.");
        }
        users++;
    }

    // A channel has left the memory for good. The last one out unmaps.
    synchronized void release()
    {
        users--;
        closed = true;
        unmapIfUnused();
    }

    /**
     * Closes the file and unmaps it, at once or when the last channel on it has been retired. Its status page goes on
     * with a copy. Idempotent, does not block.
     */
    @Override
    public synchronized void close()
    {
        closed = true;
        unmapIfUnused();
    }

    private void unmapIfUnused()
    {
        if (!closed || users > 0 || unmapped)
        {
            return;
        }
        unmapped = true;
        status.freeze();
        try
        {
            file.close();
        }
        catch (IOException e)
        {
            throw new UncheckedIOException(e);
        }
        finally
        {
            free();
        }
    }

    // The buffers are wrapped around nothing first: a forgotten use is then an exception, not the end of the JVM.
    private void free()
    {
        for (UnsafeBuffer buffer : new UnsafeBuffer[]{ header, down, up })
        {
            if (buffer != null)
            {
                buffer.wrap(new byte[0]);
            }
        }
        for (MappedByteBuffer buffer : memory)
        {
            BufferUtil.free(buffer);
        }
    }
}
