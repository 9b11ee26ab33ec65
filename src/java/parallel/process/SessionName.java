package parallel.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of a session's directory, which tells whether its owner still lives:
 *
 * <pre>
 *   parallel-1000-4242-1702610-4026531836-1
 *            |    |    |       |          |
 *            uid  pid  start   pid        counts the sessions
 *                 |    stamp   namespace  of one process
 *                 of the owner
 * </pre>
 *
 * The pid namespace is there because a container may share /dev/shm with others, where our pids mean nothing.
 */
record SessionName(long uid, long pid, long startMs, long namespace, int count)
{
    private static final Pattern PATTERN = Pattern.compile("parallel-(\\d+)-(\\d+)-(\\d+)-(\\d+)-(\\d+)");
    private static final int EFFECTIVE = 2;      // Uid:  real  effective  saved  file system
    private static final long UID = readUid();
    private static final long NAMESPACE = readNamespace();

    static SessionName ofThisProcess(int count)
    {
        return new SessionName(UID, ThisProcess.pid(), ThisProcess.startMs(), NAMESPACE, count);
    }

    static Optional<SessionName> parse(Path directory)
    {
        Matcher matcher = PATTERN.matcher(directory.getFileName().toString());
        try
        {
            return matcher.matches() ? Optional.of(new SessionName(Long.parseLong(matcher.group(1)),
                Long.parseLong(matcher.group(2)), Long.parseLong(matcher.group(3)), Long.parseLong(matcher.group(4)),
                Integer.parseInt(matcher.group(5)))) : Optional.empty();
        }
        catch (NumberFormatException notOurs)
        {
            return Optional.empty();
        }
    }

    /** Could only we have made it, and is its owner certainly gone? */
    boolean isOfDeadOwner()
    {
        return uid == UID && namespace == NAMESPACE && !ThisProcess.isAlive(pid, startMs);
    }

    @Override
    public String toString()
    {
        return "parallel-" + uid + "-" + pid + "-" + startMs + "-" + namespace + "-" + count;
    }

    static boolean belongsToThisUser(Path directory)
    {
        try
        {
            return Platform.WINDOWS || ownerOf(directory) == UID;
        }
        catch (IOException | RuntimeException gone)
        {
            return false;
        }
    }

    static boolean belongsToSystem(Path path)
    {
        try
        {
            return ownerOf(path) == 0;
        }
        catch (IOException | RuntimeException gone)
        {
            return false;
        }
    }

    private static long ownerOf(Path path) throws IOException
    {
        return ((Number)Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS)).longValue();
    }

    private static long readUid()
    {
        try
        {
            // Not the owner of /proc/self, which is root when the process is hardened against being read by others.
            return new String(Files.readAllBytes(Path.of("/proc/self/status")), StandardCharsets.ISO_8859_1).lines()
                .filter((line) -> line.startsWith("Uid:"))
                .mapToLong((line) -> Long.parseLong(line.split("\\s+")[EFFECTIVE]))
                .findFirst().orElseThrow();
        }
        catch (IOException | RuntimeException withoutProc)
        {
            return readUidOfHome();
        }
    }

    private static long readUidOfHome()
    {
        try
        {
            return ownerOf(Path.of(System.getProperty("user.home")));
        }
        catch (IOException | RuntimeException unknown)
        {
            return Integer.toUnsignedLong(System.getProperty("user.name", "").hashCode());
        }
    }

    private static long readNamespace()
    {
        try
        {
            String link = Files.readSymbolicLink(Path.of("/proc/self/ns/pid")).toString();   // pid:[4026531836]
            return Long.parseLong(link.replaceAll("\\D", ""));
        }
        catch (IOException | RuntimeException withoutNamespaces)
        {
            return 0;
        }
    }
}
