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
public final class ArgumentFile implements AutoCloseable
{
    private static final AtomicLong NEXT = new AtomicLong();
    private final Path path;
    private final RandomAccessFile open;
    private final String handOn;

    private ArgumentFile(Path path, RandomAccessFile open, String handOn)
    {
        this.path = path;
        this.open = open;
        this.handOn = handOn;
    }

    static ArgumentFile write(Path directory, List<String> arguments) throws IOException
    {
        Path path = directory.toRealPath().resolve("arguments-" + ThisProcess.pid() + "-" + NEXT.incrementAndGet());
        Files.createFile(path, ownerOnly());
        RandomAccessFile open = null;
        try
        {
            // Not a FileChannel: an interrupted thread would close it while writing.
            open = new RandomAccessFile(path.toFile(), "rw");
            String descriptor = descriptorOf(path);
            if (descriptor == null)
            {
                open.write(encode(arguments));
                open.close();
                return new ArgumentFile(path, null, path.toString());
            }
            Files.delete(path);     // before anything is written: who is killed meanwhile leaves no name
            open.write(encode(arguments));
            return new ArgumentFile(null, open, descriptor);
        }
        catch (IOException | RuntimeException | Error e)
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
        catch (IOException leftToTheSessionDirectory)
        {
            // Its directory is removed with all that is in it.
        }
    }

    private static FileAttribute<?>[] ownerOnly()
    {
        return Platform.WINDOWS ? new FileAttribute<?>[0] :
            new FileAttribute<?>[]{ PosixFilePermissions.asFileAttribute(
            PosixFilePermissions.fromString("rw-------")) };
    }

    /** Null where another process could not open it: no /proc, or one hardened so that it belongs to root. */
    private static String descriptorOf(Path path)
    {
        if (!SessionName.belongsToThisUser(Path.of("/proc/" + ThisProcess.pid())))
        {
            return null;
        }
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd")))
        {
            for (Path descriptor : descriptors)
            {
                if (pointsTo(descriptor, path))
                {
                    return "/proc/" + ThisProcess.pid() + "/fd/" + descriptor.getFileName();
                }
            }
        }
        catch (IOException | RuntimeException withoutProc)
        {
            return null;
        }
        return null;
    }

    private static boolean pointsTo(Path descriptor, Path path)
    {
        try
        {
            return Files.readSymbolicLink(descriptor).equals(path);
        }
        catch (IOException closedMeanwhile)
        {
            return false;
        }
    }

    /**
     * The lines of such a file.
     *
     * @param arguments each a word.
     * @return as many lines, without their ends.
     */
    public static List<String> lines(List<String> arguments)
    {
        return arguments.stream().map(argument -> quote(argument, new StringBuilder()).toString()).toList();
    }

    static byte[] encode(List<String> arguments)
    {
        StringBuilder text = new StringBuilder();
        arguments.forEach((argument) -> quote(argument, text).append('\n'));
        // The launcher passes the bytes on; the JVM reads them in this encoding.
        Charset platform = Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));
        return text.toString().getBytes(platform.newEncoder().canEncode(text) ? platform : StandardCharsets.UTF_8);
    }

    /** Quoted always: then spaces, {@code #} and {@code @} mean themselves. */
    private static StringBuilder quote(String argument, StringBuilder text)
    {
        text.append('"');
        for (int i = 0; i < argument.length(); i++)
        {
            char c = argument.charAt(i);
            int escaped = "\\\"\n\r\t\f".indexOf(c);
            text.append(escaped < 0 ? String.valueOf(c) : "\\" + "\\\"nrtf".charAt(escaped));
        }
        return text.append('"');
    }
}
