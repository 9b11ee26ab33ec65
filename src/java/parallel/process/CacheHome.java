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
    private static final int KEPT = 16;
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
        final Optional<Path> home = configured();
        if (home.isPresent())
        {
            makePrivate(home.get());
        }
        return home.filter(CacheHome::isPrivate);
    }

    private static Optional<Path> configured()
    {
        final String set = System.getenv(VARIABLE);
        if (set != null && !set.isBlank())
        {
            return set.equals(OFF) ? Optional.empty() : Optional.of(Path.of(Platform.absolute(set)).normalize());
        }
        return userCaches().map(caches -> caches.resolve("parallel/start"));
    }

    /** None for somebody who works with another's home directory, as sudo may leave it. */
    private static Optional<Path> userCaches()
    {
        final String xdg = System.getenv("XDG_CACHE_HOME");
        if (xdg != null && xdg.startsWith("/"))
        {
            return Optional.of(Path.of(xdg));
        }
        final Path user = Path.of(System.getProperty("user.home", "?"));
        return user.isAbsolute() && SessionName.belongsToThisUser(user) ?
            Optional.of(user.resolve(Platform.WINDOWS ? "AppData/Local" : Platform.LINUX ? ".cache" : "Library/Caches")) :
            Optional.empty();
    }

    static void makePrivate(final Path directory) throws IOException
    {
        if (!Files.isDirectory(directory))
        {
            Files.createDirectories(directory, Platform.WINDOWS ? new FileAttribute<?>[0] :
                new FileAttribute<?>[]{ PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")) });
        }
    }

    private static boolean isPrivate(final Path directory)
    {
        try
        {
            return Platform.WINDOWS || SessionName.belongsToThisUser(directory) &&
                Files.getPosixFilePermissions(directory).stream().noneMatch(OTHERS_WRITE::contains);
        }
        catch (final IOException unreadable)
        {
            return false;
        }
    }

    /** Notes that a cache is in use. */
    static void touch(final Path cache) throws IOException
    {
        if (used(cache).isBefore(Instant.now().minus(A_DAY)))
        {
            Files.setLastModifiedTime(cache, FileTime.from(Instant.now()));
        }
    }

    /** Removes the caches beside this one that have not been in use for long, or are too many. */
    static void prune(final Path cache) throws IOException
    {
        final List<Path> others;
        try (Stream<Path> all = Files.list(cache.getParent()))
        {
            others = all.filter(path -> !path.equals(cache) && Files.isDirectory(path))
                .sorted(Comparator.comparing(CacheHome::used).reversed()).toList();
        }
        final Instant oldest = Instant.now().minus(KEPT_FOR);
        for (int i = 0; i < others.size(); i++)
        {
            if (i + 1 >= KEPT || used(others.get(i)).isBefore(oldest))
            {
                Trees.remove(others.get(i));
            }
        }
    }

    private static Instant used(final Path cache)
    {
        try
        {
            return Files.getLastModifiedTime(cache).toInstant();
        }
        catch (final IOException gone)
        {
            return Instant.EPOCH;
        }
    }
}
