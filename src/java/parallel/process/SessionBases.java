package parallel.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Where a session's directories may lie, and what is wrong with a place. */
final class SessionBases
{
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");
    /** Less than a few pairs of rings: not worth beginning with. */
    private static final long LEAST_BYTES = 8L << 20;
    /** A Unix socket's path has at most 104 bytes on macOS and 108 on Linux, its end included. */
    static final int LONGEST_SOCKET_PATH = 100;
    static final String LONGEST_SOCKET_NAME = "123456.s";

    private SessionBases()
    {
    }

    /** Memory that is no disk first. */
    static List<Path> memory()
    {
        List<Path> bases = new ArrayList<>();
        if (Platform.LINUX)
        {
            bases.add(SHARED_MEMORY);
        }
        bases.add(temporary());
        return bases;
    }

    static List<Path> sockets()
    {
        Set<Path> bases = new LinkedHashSet<>();
        if (Platform.LINUX)
        {
            bases.add(SHARED_MEMORY);
        }
        Optional.ofNullable(System.getenv("XDG_RUNTIME_DIR")).filter((path) -> path.startsWith("/"))
            .ifPresent((path) -> bases.add(Path.of(path)));
        if (!Platform.WINDOWS)
        {
            bases.add(Path.of("/tmp"));
        }
        bases.add(temporary());
        return List.copyOf(bases);
    }

    static Path temporary()
    {
        return Path.of(Platform.absolute(System.getProperty("java.io.tmpdir")));
    }

    /** Why no directory can be made there; empty when one can. */
    static Optional<String> problem(Path base)
    {
        if (!Files.exists(base))
        {
            return Optional.of("does not exist");
        }
        if (!Files.isDirectory(base))
        {
            return Optional.of("is not a directory");
        }
        return Files.isWritable(base) ? Optional.empty() : Optional.of("is not writable");
    }

    static Optional<String> problemOfSize(Path base)
    {
        long usable = usableBytes(base);
        return usable >= LEAST_BYTES ? Optional.empty() : Optional.of("has no room (" + sizes(base) + ")");
    }

    static Optional<String> problemOfLength(Path directory)
    {
        int length = directory.resolve(LONGEST_SOCKET_NAME).toString()
            .getBytes(StandardCharsets.UTF_8).length;
        return length < LONGEST_SOCKET_PATH ? Optional.empty() :
            Optional.of("is too long for a socket (" + length + " bytes, at most " + (LONGEST_SOCKET_PATH - 1) + ")");
    }

    /** "2 of 64 MiB free". */
    static String sizes(Path base)
    {
        try
        {
            FileStore store = Files.getFileStore(base);
            return (store.getUsableSpace() >> 20) + " of " + (store.getTotalSpace() >> 20) + " MiB free";
        }
        catch (IOException unknown)
        {
            return "size unknown";
        }
    }

    /** Rounded up. */
    static long mebibytes(long bytes)
    {
        return (bytes >> 20) + ((bytes & (1 << 20) - 1) == 0 ? 0 : 1);
    }

    private static long usableBytes(Path base)
    {
        try
        {
            return Files.getFileStore(base).getUsableSpace();
        }
        catch (IOException unknown)
        {
            return Long.MAX_VALUE;
        }
    }
}
