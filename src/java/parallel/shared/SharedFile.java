package parallel.shared;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A file held open by this process: others open it through our descriptor, whether or not it has a name.
 * <p>
 * Through {@code RandomAccessFile}: an interrupt closes a channel, and with it what the others need.
 */
final class SharedFile implements AutoCloseable
{
    private static final int CHUNK = 64 * 1024;
    private static final Path OWN_DESCRIPTORS = Path.of("/proc/self/fd");
    private static final AtomicLong COUNT = new AtomicLong();
    /** Descriptors that belong to an object of this class; guarded by itself, which also keeps passing ones away from a search. */
    private static final Set<Integer> CLAIMED = new HashSet<>();

    /** Maps a part of an open file. */
    interface Mapper<T>
    {
        T map(FileChannel channel) throws IOException;
    }

    /** What a new file holds behind its header. */
    interface Content
    {
        /** Of an array of zeros. */
        Content ZEROS = (chunk, from, n) -> { };

        /* Sets the first n bytes of the chunk, which are zeros or what was there last, to those of the content from there on. */
        void fill(ByteBuffer chunk, long from, int n);
    }

    private final RandomAccessFile open;
    private final Path path;
    private final boolean named;
    private final int descriptor;
    private Identity identity;

    private SharedFile(RandomAccessFile open, Path path, int descriptor, boolean named)
    {
        this.open = open;
        this.path = path;
        this.descriptor = descriptor;
        this.named = named;
    }

    /*
     * A file without a name, its owner's alone: a header of zeros and the content. Written, not left as a hole: where there is no room, touching a hole
     * through a mapping is SIGBUS, which ends the JVM.
     */
    static SharedFile create(Path directory, long bytes, Content content) throws IOException
    {
        final Path path = newFile(directory.toRealPath());
        RandomAccessFile open = null;
        try
        {
            open = new RandomAccessFile(path.toFile(), "rw");
            open.write(new byte[Layout.HEADER_BYTES]);
            write(open, bytes, content);
            final int descriptor = claim(path);
            if (descriptor >= 0)
            {
                Files.delete(path);
            }
            return new SharedFile(open, path, descriptor, descriptor < 0);
        }
        catch (final IOException | RuntimeException | Error e)
        {
            if (open != null)
            {
                open.close();
            }
            Files.deleteIfExists(path);
            throw e;
        }
    }

    /* One that is there: of another process, or on disk. */
    static SharedFile open(Path path, boolean writable) throws IOException
    {
        if (!Files.exists(path))
        {
            // Opening it to write would make it.
            throw new NoSuchFileException(path.toString());
        }
        synchronized (CLAIMED)
        {
            final RandomAccessFile open = new RandomAccessFile(path.toFile(), writable ? "rw" : "r");
            return new SharedFile(open, path, claim(real(path)), false);
        }
    }

    /* What /proc says of a descriptor that leads to it: for a file without a name no path. */
    private static Path real(Path path) throws IOException
    {
        return path.startsWith("/proc") ? Files.readSymbolicLink(path) : path.toRealPath();
    }

    private static Path newFile(Path directory) throws IOException
    {
        final Path path = directory.resolve("array-" + ProcessHandle.current().pid() + '-' + COUNT.incrementAndGet());
        final Set<OpenOption> options = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        final FileAttribute<?>[] owner = directory.getFileSystem().supportedFileAttributeViews().contains("posix") ?
            new FileAttribute<?>[]{ PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")) } :
            new FileAttribute<?>[0];
        Files.newByteChannel(path, options, owner).close();
        return path;
    }

    private static void write(RandomAccessFile file, long bytes, Content content) throws IOException
    {
        final ByteBuffer chunk = ByteBuffer.allocate((int)Math.min(CHUNK, bytes)).order(ByteOrder.nativeOrder());
        for (long done = 0; done < bytes; done += chunk.capacity())
        {
            final int n = (int)Math.min(chunk.capacity(), bytes - done);
            content.fill(chunk, done, n);
            file.write(chunk.array(), 0, n);
        }
    }

    /* The number of the new descriptor that leads to the file; -1 where the system does not say. */
    private static int claim(Path real) throws IOException
    {
        if (!Files.isDirectory(OWN_DESCRIPTORS))
        {
            return -1;
        }
        synchronized (CLAIMED)
        {
            try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(OWN_DESCRIPTORS))
            {
                for (final Path candidate : descriptors)
                {
                    final int number = Integer.parseInt(candidate.getFileName().toString());
                    if (leadsTo(candidate, real) && CLAIMED.add(number))
                    {
                        return number;
                    }
                }
            }
        }
        return -1;
    }

    private static boolean leadsTo(Path descriptor, Path real)
    {
        try
        {
            return Files.readSymbolicLink(descriptor).equals(real);
        }
        catch (final IOException closedMeanwhile)
        {
            return false;
        }
    }

    long length() throws IOException
    {
        return open.length();
    }

    void lengthen(long bytes) throws IOException
    {
        final long now = open.length();
        open.seek(now);
        write(open, bytes - now, Content.ZEROS);
    }

    /* How this process reaches it, whether or not it has a name. */
    Path own()
    {
        return descriptor < 0 ? path : OWN_DESCRIPTORS.resolve(Integer.toString(descriptor));
    }

    /* -1: there are no descriptors on this system; then the path is the way. */
    int descriptor()
    {
        return descriptor;
    }

    Path path()
    {
        return path;
    }

    /* Maps through a descriptor of its own, which an interrupt may close: then we try again. */
    <T> T map(MapMode mode, Mapper<T> mapper) throws IOException
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
                catch (final ClosedByInterruptException e)
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

    /* Of one in memory; null of one on disk. */
    Identity identity()
    {
        return identity;
    }

    void identity(Identity known)
    {
        identity = known;
    }

    void writeLong(long position, long value) throws IOException
    {
        final ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder()).putLong(value);
        synchronized (open)
        {
            open.seek(position);
            open.write(bytes.array());
        }
    }

    /* Also where it is mapped no more. */
    long readLong(long position) throws IOException
    {
        return read(position, Long.BYTES).getLong();
    }

    ByteBuffer read(long position, int n) throws IOException
    {
        final byte[] bytes = new byte[n];
        synchronized (open)
        {
            open.seek(position);
            open.readFully(bytes);
        }
        return ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
    }

    @Override
    public void close() throws IOException
    {
        synchronized (CLAIMED)
        {
            open.close();
            CLAIMED.remove(descriptor);
        }
        if (named)
        {
            Files.deleteIfExists(path);
        }
    }
}
