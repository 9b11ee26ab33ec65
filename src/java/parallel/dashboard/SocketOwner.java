package parallel.dashboard;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Whose the other end of a connection of this machine is, as its table of sockets says. */
final class SocketOwner
{
    private static final List<Path> TABLES = List.of(Path.of("/proc/net/tcp"), Path.of("/proc/net/tcp6"));
    private static final Path SELF = Path.of("/proc/self");
    private static final int LOCAL = 1;
    private static final int REMOTE = 2;
    private static final int USER = 7;
    private static final int HEX = 16;
    private static final int ROOT = 0;

    private SocketOwner()
    {
    }

    /**
     * Is it of this user, or of root, who may do anything? A socket that its owner has let go of counts as root's: then
     * nobody reads the answer.
     *
     * @param other  the other end of a connection.
     * @param ourEnd its port on this side.
     * @return false: it is another user's; true also where there is no such table, or nothing of it there.
     */
    static boolean isOurs(InetSocketAddress other, int ourEnd)
    {
        try
        {
            int own = (Integer)Files.getAttribute(SELF, "unix:uid");
            for (Path table : TABLES)
            {
                for (String line : Files.exists(table) ? lines(table) : List.<String>of())
                {
                    String[] columns = line.trim().split(" +");
                    if (columns.length > USER && port(columns[LOCAL]) == other.getPort() &&
                        port(columns[REMOTE]) == ourEnd && !isAllowed(Integer.parseInt(columns[USER]), own))
                    {
                        return false;
                    }
                }
            }
            return true;
        }
        catch (IOException | RuntimeException e)
        {
            return true;        // another system, which has no such table
        }
    }

    private static List<String> lines(Path table) throws IOException
    {
        List<String> lines = Files.readAllLines(table, StandardCharsets.ISO_8859_1);
        return lines.subList(Math.min(1, lines.size()), lines.size());
    }

    private static int port(String address)
    {
        return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1), HEX);
    }

    private static boolean isAllowed(int user, int own)
    {
        return user == own || user == ROOT;
    }
}
