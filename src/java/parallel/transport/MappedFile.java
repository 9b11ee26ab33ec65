package parallel.transport;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A file that is shared by mapping it, held open by this process: others open it through our descriptor, as {@code
 * /proc/<pid>/fd/<n>}, whether or not it has a name.
 * <p>
 * Through {@code RandomAccessFile}: an interrupt closes a channel, and with it what the others need. Safe from any
 * thread.
 */
public class MappedFile implements AutoCloseable
{
    private static final int CHUNK = 64 * 1024;
    private static final Path OWN_DESCRIPTORS = Path.of("/proc/self/fd");
    private static final int NO_DESCRIPTOR = -1;
    private static final AtomicLong COUNT = new AtomicLong();
    /** Of strerror: no bytes, no inodes, a quota, a limit on the size of files (ulimit -f). */
    private static final List<String> NO_ROOM = List.of("No space left", "quota exceeded", "File too large");
    /**
     * Descriptors that belong to an object of this class, as long as that is there: the collector closes what nobody
     * closed, and the number is given again. Guarded by itself, which also keeps passing ones away from a search.
     */
    private static final Map<Integer, WeakReference<RandomAccessFile>> CLAIMED = new HashMap<>();

    /**
     * Maps a part of an open file.
     *
     * @param <T> of the map.
     */
    public interface Mapper<T>
    {
        /**
         * Maps it.
         *
         * @param channel of the file.
         * @return the map.
         * @throws IOException when it cannot be mapped.
         */
        T map(FileChannel channel) throws IOException;
    }

    /** What a new file holds. */
    public interface Content
    {
        /** Zeros. */
        Content ZEROS = (chunk, from, n) -> { };

        /**
         * Sets the first bytes of a chunk to those of the content.
         *
         * @param chunk has zeros, or what was there last.
         * @param from  the first byte's place in the content.
         * @param n     how many.
         */
        void fill(ByteBuffer chunk, long from, int n);
    }

    /** Writes what a new file holds. */
    protected interface Filling
    {
        /**
         * Writes it.
         *
         * @param file empty.
         * @throws IOException when there is no room.
         */
        void write(RandomAccessFile file) throws IOException;
    }

    /**
     * A file that was opened.
     *
     * @param open       the file.
     * @param path       by which it was opened.
     * @param descriptor that leads to it, -1 where that is not known.
     * @param named      whether its name goes when it is closed.
     */
    protected record Opened(RandomAccessFile open, Path path, int descriptor, boolean named)
    {
    }

    private final RandomAccessFile open;
    private final Path path;
    private final int descriptor;
    private boolean named;
    private boolean closed;

    protected MappedFile(Opened opened)
    {
        this.open = opened.open();
        this.path = opened.path();
        this.descriptor = opened.descriptor();
        this.named = opened.named();
    }

    // A new file of zeros.
    static MappedFile create(Path directory, String kind, long length) throws IOException
    {
        long usable = usable(directory);
        if (usable < length)
        {
            throw new NoRoomException(directory, length, usable, null);
        }
        try
        {
            return new MappedFile(make(directory, kind, file -> write(file, length, Content.ZEROS)));
        }
        catch (IOException e)
        {
            throw refusal(directory, length, e);
        }
    }

    // The system says in words why it takes no file, or no more of one.
    private static IOException refusal(Path directory, long length, IOException e)
    {
        long usable = usable(directory);
        if (usable < length || isNoRoom(e))
        {
            return new NoRoomException(directory, length, usable, e);
        }
        return new IOException("No file of " + length + " bytes can be made in " + directory + ": " +
            (e instanceof NoSuchFileException ? "it does not exist" : e.getMessage()) + ".", e);
    }

    /**
     * Whether the system has said that there is no room for a file.
     *
     * @param e what it has said.
     * @return true: no bytes, no inodes, a quota or a limit.
     */
    public static boolean isNoRoom(IOException e)
    {
        String message = String.valueOf(e.getMessage());
        return NO_ROOM.stream().anyMatch(message::contains);
    }

    /**
     * How many bytes a file system has left.
     *
     * @param directory in it.
     * @return bytes; the most there are, where the system does not say.
     */
    public static long usable(Path directory)
    {
        try
        {
            return Files.getFileStore(directory).getUsableSpace();
        }
        catch (IOException unknown)
        {
            return Long.MAX_VALUE;
        }
    }

    /**
     * Makes a file, its owner's alone, without a name where others can reach it without one.
     *
     * @param directory for it.
     * @param kind      the first word of its name.
     * @param filling   writes all of it: where there is no room, touching a hole through a mapping is SIGBUS, which
     *                  ends the JVM.
     * @return the file.
     * @throws IOException when it cannot be made; then nothing is left of it.
     */
    protected static Opened make(Path directory, String kind, Filling filling) throws IOException
    {
        Path path = newFile(directory.toRealPath(), kind);
        RandomAccessFile open = null;
        int descriptor = NO_DESCRIPTOR;
        try
        {
            open = new RandomAccessFile(path.toFile(), "rw");
            descriptor = claim(path, open);
            if (descriptor != NO_DESCRIPTOR)
            {
                // Before anything is written: who is killed meanwhile leaves no name, and so no memory.
                Files.delete(path);
            }
            filling.write(open);
            return new Opened(open, path, descriptor, descriptor == NO_DESCRIPTOR);
        }
        catch (IOException | RuntimeException | Error e)
        {
            if (open != null)
            {
                close(open, descriptor);
            }
            Files.deleteIfExists(path);
            throw e;
        }
    }

    private static Path newFile(Path directory, String kind) throws IOException
    {
        Path path = directory.resolve(kind + '-' + ProcessHandle.current().pid() + '-' + COUNT.incrementAndGet());
        Set<OpenOption> options = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        Files.newByteChannel(path, options, ownerOnly(directory)).close();
        return path;
    }

    private static FileAttribute<?>[] ownerOnly(Path directory)
    {
        return directory.getFileSystem().supportedFileAttributeViews().contains("posix") ?
            new FileAttribute<?>[]{ PosixFilePermissions.asFileAttribute(
            PosixFilePermissions.fromString("rw-------")) } :
            new FileAttribute<?>[0];
    }

    /**
     * Writes a content where the file is.
     *
     * @param file    to write to.
     * @param bytes   how many.
     * @param content what.
     * @throws IOException when there is no room.
     */
    protected static void write(RandomAccessFile file, long bytes, Content content) throws IOException
    {
        ByteBuffer chunk = ByteBuffer.allocate((int)Math.min(CHUNK, bytes)).order(ByteOrder.nativeOrder());
        for (long done = 0; done < bytes; done += chunk.capacity())
        {
            int n = (int)Math.min(chunk.capacity(), bytes - done);
            content.fill(chunk, done, n);
            file.write(chunk.array(), 0, n);
        }
    }

    // A file that another process made.
    static MappedFile attach(Path handedOn, String mode) throws IOException
    {
        if (!Files.exists(handedOn))
        {
            // Opening it to write would make it.
            throw new NoSuchFileException(handedOn + " is not there: the process that made it has ended or closed it.");
        }
        if (!Files.isRegularFile(handedOn))
        {
            // Opening a pipe waits for whoever opens its other end.
            throw new IOException(handedOn + " is not a file that can be mapped.");
        }
        return new MappedFile(
            new Opened(new RandomAccessFile(handedOn.toFile(), mode), handedOn, NO_DESCRIPTOR, false));
    }

    /**
     * Opens a file that is there, of another process or on disk, so that others can open it through our descriptor.
     *
     * @param path     of it.
     * @param writable whether it is to be written to.
     * @return the file.
     * @throws IOException when it cannot be opened.
     */
    protected static Opened open(Path path, boolean writable) throws IOException
    {
        if (!Files.exists(path))
        {
            // Opening it to write would make it.
            throw new NoSuchFileException(path.toString());
        }
        synchronized (CLAIMED)
        {
            RandomAccessFile open = new RandomAccessFile(path.toFile(), writable ? "rw" : "r");
            return new Opened(open, path, claim(real(path), open), false);
        }
    }

    // What /proc says of a descriptor that leads to it: for a file without a name no path.
    private static Path real(Path path) throws IOException
    {
        return path.startsWith("/proc") ? Files.readSymbolicLink(path) : path.toRealPath();
    }

    // The number of the new descriptor that leads to the file.
    private static int claim(Path real, RandomAccessFile open) throws IOException
    {
        if (!Files.isDirectory(OWN_DESCRIPTORS))
        {
            return NO_DESCRIPTOR;
        }
        synchronized (CLAIMED)
        {
            try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(OWN_DESCRIPTORS))
            {
                for (Path candidate : descriptors)
                {
                    int number = Integer.parseInt(candidate.getFileName().toString());
                    if (leadsTo(candidate, real) && !isClaimed(number))
                    {
                        CLAIMED.put(number, new WeakReference<>(open));
                        return number;
                    }
                }
            }
        }
        return NO_DESCRIPTOR;
    }

    private static boolean isClaimed(int number)
    {
        WeakReference<RandomAccessFile> owner = CLAIMED.get(number);
        return owner != null && owner.get() != null;
    }

    private static boolean leadsTo(Path descriptor, Path real)
    {
        try
        {
            return Files.readSymbolicLink(descriptor).equals(real);
        }
        catch (IOException closedMeanwhile)
        {
            return false;
        }
    }

    /** @return the file itself. */
    protected final RandomAccessFile open()
    {
        return open;
    }

    /** @return the number that leads to it; -1: there are no descriptors on this system, then the path is the way. */
    public final int descriptor()
    {
        return descriptor;
    }

    /** @return by which it was opened; it may have no name any more. */
    public final Path path()
    {
        return path;
    }

    /** @return how this process reaches it, whether or not it has a name. */
    public final Path own()
    {
        return descriptor == NO_DESCRIPTOR ? path : OWN_DESCRIPTORS.resolve(Integer.toString(descriptor));
    }

    // How another process reaches it.
    final String handOn()
    {
        return descriptor == NO_DESCRIPTOR ? path.toString() :
            "/proc/" + ProcessHandle.current().pid() + "/fd/" + descriptor;
    }

    final MappedByteBuffer map(MapMode mode, long position, long length) throws IOException
    {
        return map(mode, channel -> channel.map(mode, position, length));
    }

    /**
     * Maps through a descriptor of its own, which an interrupt may close: then it is tried again, and the descriptor
     * that others use stays as it is.
     *
     * @param mode   of the map.
     * @param mapper maps.
     * @param <T>    of the map.
     * @return the map.
     * @throws IOException when it cannot be mapped.
     */
    public final <T> T map(MapMode mode, Mapper<T> mapper) throws IOException
    {
        boolean interrupted = false;
        try
        {
            while (true)
            {
                interrupted |= Thread.interrupted();
                try
                {
                    return mapOnce(mode, mapper);
                }
                catch (ClosedByInterruptException e)
                {
                    interrupted = true;
                }
            }
        }
        finally
        {
            if (interrupted)
            {
                Thread.currentThread().interrupt();
            }
        }
    }

    private <T> T mapOnce(MapMode mode, Mapper<T> mapper) throws IOException
    {
        synchronized (CLAIMED)
        {
            try (RandomAccessFile file = new RandomAccessFile(own().toFile(), mode == MapMode.READ_ONLY ? "r" : "rw"))
            {
                return mapper.map(file.getChannel());
            }
        }
    }

    // Idempotent: the name is not needed any more.
    final synchronized void unlink() throws IOException
    {
        if (named)
        {
            named = false;
            Files.deleteIfExists(path);
        }
    }

    /** Idempotent: the descriptor may soon be another file's. */
    @Override
    public final synchronized void close() throws IOException
    {
        if (!closed)
        {
            closed = true;
            try
            {
                unlink();
            }
            finally
            {
                close(open, descriptor);
            }
        }
    }

    private static void close(RandomAccessFile open, int descriptor) throws IOException
    {
        synchronized (CLAIMED)
        {
            open.close();
            CLAIMED.remove(descriptor);
        }
    }
}
