package parallel.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** The directory of all start caches of this user, into which nobody else can write: a worker runs what lies there. */
final class CacheHome
{
    /** A directory in place of the user's cache directory, or {@code off}. */
    private static final String VARIABLE = "PARALLEL_CACHE";
    private static final String OFF = "off";
    /** Beside the start caches, where a directory is set. */
    private static final Set<String> OTHERS = Set.of("blobs", "packed", "sums");
    private static final int KEPT = 16;
    private static final int STICKY = 01000;
    private static final Duration KEPT_FOR = Duration.ofDays(30);
    private static final Duration A_DAY = Duration.ofDays(1);
    private static final Set<PosixFilePermission> OTHERS_WRITE =
        Set.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);

    private CacheHome()
    {
    }

    /** Made when it is not there; empty when caching is off, or the directory is not this user's alone. */
    static Optional<Path> find() throws IOException
    {
        return made(configured());
    }

    /** The same for what is no start cache, and lies next to those. */
    static Optional<Path> find(String name) throws IOException
    {
        String set = System.getenv(VARIABLE);
        return made(configured().map(start -> set == null || set.isBlank() ? start.resolveSibling(name) :
            start.resolve(name)));
    }

    private static Optional<Path> made(Optional<Path> home) throws IOException
    {
        if (home.isPresent())
        {
            makePrivate(home.get());
        }
        return home.filter(CacheHome::isPrivate).filter(path -> !Files.isSymbolicLink(path.getParent()));
    }

    private static Optional<Path> configured()
    {
        String set = System.getenv(VARIABLE);
        if (set != null && !set.isBlank())
        {
            return set.equals(OFF) ? Optional.empty() : Optional.of(Path.of(Platform.absolute(set)).normalize());
        }
        return userCaches().map(caches -> caches.resolve("parallel/start"));
    }

    /** That of XDG_CACHE_HOME. Without it, none for a user with another's home directory, as sudo may leave it. */
    private static Optional<Path> userCaches()
    {
        String xdg = System.getenv("XDG_CACHE_HOME");
        if (xdg != null && xdg.startsWith("/"))
        {
            return Optional.of(Path.of(xdg));
        }
        Path user = Path.of(System.getProperty("user.home", "?"));
        return user.isAbsolute() && SessionName.belongsToThisUser(user) ?
            Optional.of(user.resolve(Platform.WINDOWS ? "AppData/Local" : Platform.LINUX ? ".cache" :
            "Library/Caches")) :
            Optional.empty();
    }

    static void makePrivate(Path directory) throws IOException
    {
        if (!Files.isDirectory(directory))
        {
            Files.createDirectories(directory, Platform.WINDOWS ? new FileAttribute<?>[0] :
                new FileAttribute<?>[]{ PosixFilePermissions.asFileAttribute(
                PosixFilePermissions.fromString("rwx------")) });
        }
    }

    /**
     * Is a file or directory this user's own, no link, and nobody else can write to it or put another in its place?
     * Those above it may be the system's, and links on the way to the user's cache directory may lead where all of that
     * holds, too.
     */
    static boolean isPrivate(Path path)
    {
        try
        {
            return Platform.WINDOWS || SessionName.belongsToThisUser(path) && !Files.isSymbolicLink(path) &&
                nobodyElseWrites(path) &&
                isGuarded(path.toRealPath());
        }
        catch (IOException unreadable)
        {
            return false;
        }
    }

    /** Every directory above a path without links. */
    private static boolean isGuarded(Path real) throws IOException
    {
        for (Path above = real.getParent(); above != null; above = above.getParent())
        {
            // /tmp: one's own stay in their place
            boolean sticky = ((Integer)Files.getAttribute(above, "unix:mode") & STICKY) != 0;
            if (!(SessionName.belongsToThisUser(above) || SessionName.belongsToSystem(above)) || !sticky &&
                !nobodyElseWrites(above))
            {
                return false;
            }
        }
        return true;
    }

    private static boolean nobodyElseWrites(Path path) throws IOException
    {
        return Files.getPosixFilePermissions(path).stream().noneMatch(OTHERS_WRITE::contains);
    }

    /** Notes that a cache is in use. */
    static void touch(Path cache) throws IOException
    {
        if (used(cache).isBefore(Instant.now().minus(A_DAY)))
        {
            Files.setLastModifiedTime(cache, FileTime.from(Instant.now()));
        }
    }

    /** Removes the caches next to this one that have not been in use for long, or are too many. */
    static void prune(Path cache) throws IOException
    {
        List<Path> others;
        try (Stream<Path> all = Files.list(cache.getParent()))
        {
            others = all.filter(path -> !path.equals(cache) && Files.isDirectory(path) &&
                !OTHERS.contains(path.getFileName().toString()))
                .sorted(Comparator.comparing(CacheHome::used).reversed()).toList();
        }
        Instant oldest = Instant.now().minus(KEPT_FOR);
        for (int i = 0; i < others.size(); i++)
        {
            if (i + 1 >= KEPT || used(others.get(i)).isBefore(oldest))
            {
                Trees.remove(others.get(i));
            }
        }
    }

    private static Instant used(Path cache)
    {
        try
        {
            return Files.getLastModifiedTime(cache).toInstant();
        }
        catch (IOException gone)
        {
            return Instant.EPOCH;
        }
    }
}
