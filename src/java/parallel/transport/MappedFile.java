package parallel.transport;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.MappedByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A file that is shared by mapping it: made of zeros, unlinked while open, handed on as {@code /proc/<pid>/fd/<n>}.
 * An interrupt never breaks what happens here: it would close the channel, and with it the file.
 */
final class MappedFile implements AutoCloseable
{
    private static final int CHUNK = 64 * 1024;
    private static final Path OWN_DESCRIPTORS = Path.of("/proc/self/fd");
    private static final AtomicLong COUNT = new AtomicLong();

    private final RandomAccessFile open;
    private final Path path;
    private String handOn;
    private boolean named = true;

    private MappedFile(RandomAccessFile open, Path path)
    {
        this.open = open;
        this.path = path;
        this.handOn = path.toString();
    }

    /* A new file of zeros, readable by its owner alone. */
    static MappedFile create(Path directory, String kind, long length) throws IOException
    {
        final long usable = Files.getFileStore(directory).getUsableSpace();
        if (usable < length)
        {
            throw new NoRoomException(directory, length, usable, null);
        }
        final Path path = newFile(directory.toRealPath(), kind);
        RandomAccessFile open = null;
        try
        {
            open = new RandomAccessFile(path.toFile(), "rw");
            writeZeros(open, length, directory);
            return new MappedFile(open, path);
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

    /* A file that another process made. */
    static MappedFile attach(Path handedOn, String mode) throws IOException
    {
        if (!Files.exists(handedOn))
        {
            // Opening it to write would make it.
            throw new NoSuchFileException(handedOn + " is not there: the process that made it has ended or closed it.");
        }
        final MappedFile file = new MappedFile(new RandomAccessFile(handedOn.toFile(), mode), handedOn);
        file.named = false;
        return file;
    }

    private static Path newFile(Path directory, String kind) throws IOException
    {
        final Path path = directory.resolve(kind + '-' + ProcessHandle.current().pid() + '-' + COUNT.incrementAndGet());
        final Set<OpenOption> options = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        Files.newByteChannel(path, options, ownerOnly(directory)).close();
        return path;
    }

    private static FileAttribute<?>[] ownerOnly(Path directory)
    {
        return directory.getFileSystem().supportedFileAttributeViews().contains("posix") ?
            new FileAttribute<?>[]{ PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")) } :
            new FileAttribute<?>[0];
    }

    /* Written, not touched through a mapping: where there is no room a touch is SIGBUS, which ends the JVM. */
    private static void writeZeros(RandomAccessFile file, long length, Path directory) throws IOException
    {
        final byte[] zeros = new byte[(int)Math.min(CHUNK, length)];
        try
        {
            for (long done = 0; done < length; done += zeros.length)
            {
                file.write(zeros, 0, (int)Math.min(zeros.length, length - done));
            }
        }
        catch (final IOException e)
        {
            throw new NoRoomException(directory, length, Files.getFileStore(directory).getUsableSpace(), e);
        }
    }

    RandomAccessFile open()
    {
        return open;
    }

    /*
     * Maps through a descriptor of its own: an interrupt closes that one, and we try again; the one that is handed on
     * stays as it is.
     */
    MappedByteBuffer map(MapMode mode, long position, long length) throws IOException
    {
        boolean interrupted = false;
        try
        {
            while (true)
            {
                interrupted |= Thread.interrupted();
                try (RandomAccessFile file = new RandomAccessFile(path.toFile(), mode == MapMode.READ_ONLY ? "r" : "rw"))
                {
                    return file.getChannel().map(mode, position, length);
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

    /* Removes the name where others can reach the file without it. Map first. */
    void unlinkIfReachable() throws IOException
    {
        final Path descriptor = ownDescriptor();
        if (descriptor != null)
        {
            handOn = "/proc/" + ProcessHandle.current().pid() + "/fd/" + descriptor.getFileName();
            unlink();
        }
    }

    private Path ownDescriptor() throws IOException
    {
        if (!Files.isDirectory(OWN_DESCRIPTORS))
        {
            return null;
        }
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(OWN_DESCRIPTORS))
        {
            for (final Path descriptor : descriptors)
            {
                if (leadsHere(descriptor))
                {
                    return descriptor;
                }
            }
        }
        return null;
    }

    private boolean leadsHere(Path descriptor)
    {
        try
        {
            return Files.readSymbolicLink(descriptor).equals(path);
        }
        catch (final IOException e)
        {
            // Another thread closed it meanwhile.
            return false;
        }
    }

    /* Idempotent: the name is not needed any more. */
    synchronized void unlink() throws IOException
    {
        if (named)
        {
            named = false;
            Files.deleteIfExists(path);
        }
    }

    String handOn()
    {
        return handOn;
    }

    @Override
    public void close() throws IOException
    {
        try
        {
            unlink();
        }
        finally
        {
            open.close();
        }
    }
}
