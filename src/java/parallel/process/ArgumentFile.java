package parallel.process;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The arguments of a {@code java} command in a private file ({@code java @file}): nobody reads them in a process list,
 * and no limit on the length of one argument applies.
 *
 * <p>The file loses its name as soon as it is written and is handed over as {@code /proc/<pid>/fd/<n>}, so nothing is
 * left however this process ends; without {@code /proc} it keeps its name until {@link #close()}.
 */
final class ArgumentFile implements AutoCloseable
{
    private static final AtomicLong NEXT = new AtomicLong();
    private final Path path;
    private final RandomAccessFile open;
    private final String handOn;

    private ArgumentFile(final Path path, final RandomAccessFile open, final String handOn)
    {
        this.path = path;
        this.open = open;
        this.handOn = handOn;
    }

    static ArgumentFile write(final Path directory, final List<String> arguments) throws IOException
    {
        final Path path = directory.toRealPath().resolve("arguments-" + ThisProcess.pid() + "-" + NEXT.incrementAndGet());
        Files.createFile(path, ownerOnly());
        RandomAccessFile open = null;
        try
        {
            // Not a FileChannel: an interrupted thread would close it while writing.
            open = new RandomAccessFile(path.toFile(), "rw");
            open.write(encode(arguments));
            final String descriptor = descriptorOf(path);
            if (descriptor == null)
            {
                open.close();
                return new ArgumentFile(path, null, path.toString());
            }
            Files.delete(path);
            return new ArgumentFile(null, open, descriptor);
        }
        catch (final IOException | RuntimeException e)
        {
            if (open != null)
            {
                open.close();
            }
            Files.deleteIfExists(path);
            throw e;
        }
    }

    /** What the {@code java} command can open until {@link #close()}. */
    String handOn()
    {
        return handOn;
    }

    @Override
    public void close()
    {
        try
        {
            if (open != null)
            {
                open.close();
            }
            else
            {
                Files.deleteIfExists(path);
            }
        }
        catch (final IOException leftToTheSessionDirectory)
        {
            // Its directory is removed with all that is in it.
        }
    }

    private static FileAttribute<?>[] ownerOnly()
    {
        return Platform.WINDOWS ? new FileAttribute<?>[0] :
            new FileAttribute<?>[]{ PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")) };
    }

    /** Null where another process could not open it: no /proc, or one hardened so that it belongs to root. */
    private static String descriptorOf(final Path path)
    {
        if (!SessionName.belongsToThisUser(Path.of("/proc/" + ThisProcess.pid())))
        {
            return null;
        }
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd")))
        {
            for (final Path descriptor : descriptors)
            {
                if (pointsTo(descriptor, path))
                {
                    return "/proc/" + ThisProcess.pid() + "/fd/" + descriptor.getFileName();
                }
            }
        }
        catch (final IOException | RuntimeException withoutProc)
        {
            return null;
        }
        return null;
    }

    private static boolean pointsTo(final Path descriptor, final Path path)
    {
        try
        {
            return Files.readSymbolicLink(descriptor).equals(path);
        }
        catch (final IOException closedMeanwhile)
        {
            return false;
        }
    }

    static byte[] encode(final List<String> arguments)
    {
        final StringBuilder text = new StringBuilder();
        arguments.forEach((argument) -> quote(argument, text).append('\n'));
        // The launcher passes the bytes on; the JVM reads them in this encoding.
        final Charset platform = Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));
        return text.toString().getBytes(platform.newEncoder().canEncode(text) ? platform : StandardCharsets.UTF_8);
    }

    /** Quoted always: then spaces, {@code #} and {@code @} mean themselves. */
    private static StringBuilder quote(final String argument, final StringBuilder text)
    {
        text.append('"');
        for (int i = 0; i < argument.length(); i++)
        {
            final char c = argument.charAt(i);
            final int escaped = "\\\"\n\r\t\f".indexOf(c);
            text.append(escaped < 0 ? String.valueOf(c) : "\\" + "\\\"nrtf".charAt(escaped));
        }
        return text.append('"');
    }
}
