package parallel.process;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.jar.JarFile;
import java.util.stream.Stream;

/**
 * What lets a JVM start sooner than its class path alone, kept between sessions:
 *
 * <pre>
 *   ~/.cache/parallel/start/4f1d...9a/start.jar     code compiled in advance; first on the class path
 *                           |         start.jsa     an archive of the classes that a start loads (AppCDS)
 *                           |         *.sum         their lengths and checksums: a JVM that maps a broken archive
 *                           crashes
 *                           |         failed        why one of them cannot be made; not tried again
 *                           |         lock          held by who makes them
 *                           key: of the JDK, and of the path, size and time of each file whose code is in them
 * </pre>
 *
 * An archive takes jars only, and those must be the first of the class path: so the jars that every worker loads from
 * move to the front, and what lies in directories of the library's own is packed into start.jar. Where one of these
 * jars would then hide a file of somebody else's that stood before it, there is no cache. Whatever is missing or broken
 * is left out; a worker then only starts more slowly.
 *
 * <p>Immutable, but for what lies in the directory; safe from any thread. Several processes may make one cache at once.
 */
public final class StartCache
{
    private static final String JAR = "start.jar";
    private static final String ARCHIVE = "start.jsa";
    private static final String FAILED = "failed";
    private static final String LOCK = "lock";
    private static final String OWN = "parallel/";

    private final Path directory;
    private final List<Path> jars;
    private final List<Path> directories;

    private StartCache(Path directory, List<Path> jars, List<Path> directories)
    {
        this.directory = directory;
        this.jars = jars;
        this.directories = directories;
    }

    /**
     * The cache for workers that are started from a base, with its java command and class path. Reads the attributes of
     * the files the key is of.
     *
     * @param base what they are started from.
     * @return empty where caching is off, has no private directory, or would change what a name of the class path
     *     means.
     */
    public static Optional<StartCache> find(Base base)
    {
        if (base.startCode().isEmpty())
        {
            return Optional.empty();
        }
        try
        {
            Optional<Path> home = CacheHome.find();
            if (home.isEmpty())
            {
                return Optional.empty();
            }
            Optional<StartCache> own = startedFrom(home.get(), base);
            return own.isPresent() ? own : keyed(home.get(), base, base.startCode().get().places());
        }
        catch (IOException | RuntimeException unreadable)
        {
            return Optional.empty();
        }
    }

    /** The JVM was itself started from a cache: so are its workers, since their class path begins as its own does. */
    private static Optional<StartCache> startedFrom(Path home, Base base)
    {
        Path first = Path.of(base.classPath().get(0));
        return first.endsWith(JAR) && first.startsWith(home) ?
            Optional.of(new StartCache(first.getParent(), List.of(), List.of())) : Optional.empty();
    }

    private static Optional<StartCache> keyed(Path home, Base base, Map<String, Path> places) throws IOException
    {
        Set<Path> jars = new LinkedHashSet<>();
        Set<Path> directories = new LinkedHashSet<>();
        for (Map.Entry<String, Path> each : places.entrySet())
        {
            if (Files.isRegularFile(each.getValue()))
            {
                jars.add(each.getValue());
            }
            else if (each.getKey().startsWith(OWN))
            {
                directories.add(each.getValue());
            }
            else
            {
                return Optional.empty();    // Clojure itself, say, is being worked on
            }
        }
        if (hidesOthers(base.classPath(), places.keySet(), jars, directories))
        {
            return Optional.empty();
        }
        return Optional.of(
            new StartCache(home.resolve(key(base, jars, directories)), List.copyOf(jars), List.copyOf(directories)));
    }

    /**
     * Does a directory that is not ours hold a file that one of the jars behind it has, too: a patch of Clojure's, say?
     */
    private static boolean hidesOthers(
        List<String> classPath, Set<String> names, Set<Path> jars, Set<Path> directories) throws IOException
    {
        Set<String> roots = new LinkedHashSet<>();
        names.stream().filter(name -> !name.startsWith(OWN)).forEach(
            name -> roots.add(name.substring(0, name.lastIndexOf('/'))));
        Set<Path> behind = new LinkedHashSet<>(jars);
        for (String entry : classPath)
        {
            Path path = Path.of(entry);
            behind.remove(path);
            if (!directories.contains(path) && Files.isDirectory(path))
            {
                for (String root : roots)
                {
                    if (haveOneOf(behind, path, path.resolve(root)))
                    {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    private static boolean haveOneOf(Set<Path> jars, Path directory, Path root) throws IOException
    {
        if (!Files.isDirectory(root))
        {
            return false;
        }
        List<String> names;
        try (Stream<Path> files = Files.walk(root))
        {
            names = files.filter(Files::isRegularFile)
                .map(file -> directory.relativize(file).toString().replace(File.separatorChar, '/')).toList();
        }
        for (Path jar : jars)
        {
            try (JarFile file = new JarFile(jar.toFile()))
            {
                if (names.stream().anyMatch(name -> file.getEntry(name) != null))
                {
                    return true;
                }
            }
        }
        return false;
    }

    private static String key(Base base, Set<Path> jars, Set<Path> directories) throws IOException
    {
        MessageDigest digest = sha256();
        add(digest, base.javaHome() + " " + base.vmVersion());
        for (Path jar : jars)
        {
            add(digest, FileStamps.stamp(jar));
        }
        for (Path directory : directories)
        {
            FileStamps.ofTree(directory.resolve(OWN)).forEach(stamp -> add(digest, stamp));
        }
        return HexFormat.of().formatHex(digest.digest(), 0, 16);
    }

    private static MessageDigest sha256()
    {
        try
        {
            return MessageDigest.getInstance("SHA-256");
        }
        catch (NoSuchAlgorithmException everyJdkHasIt)
        {
            throw new IllegalStateException(everyJdkHasIt);
        }
    }

    private static void add(MessageDigest digest, String line)
    {
        digest.update((line + "\n").getBytes(StandardCharsets.UTF_8));
    }

    private static List<Path> ownFiles(Path directory) throws IOException
    {
        try (Stream<Path> files = Files.walk(directory.resolve(OWN)))
        {
            return files.filter(Files::isRegularFile).sorted().toList();
        }
    }

    /** @return false while something can still be made. */
    public boolean isComplete()
    {
        return hasJar() && isOurs(archive()) || Files.exists(directory.resolve(FAILED));
    }

    /** @return is the jar made, and whole? */
    public boolean hasJar()
    {
        return isOurs(jar());
    }

    /** A file that somebody else could have put there is not there. */
    private boolean isOurs(Path file)
    {
        return CacheHome.isPrivate(directory) && CacheHome.isPrivate(file) && SummedFile.isWhole(file);
    }

    /** @return where the jar is or would be. */
    public Path jar()
    {
        return directory.resolve(JAR);
    }

    /** @return where the archive is or would be. */
    public Path archive()
    {
        return directory.resolve(ARCHIVE);
    }

    /** @return files of the library that are not in a jar, and have to be packed: each with its name in a jar. */
    public List<Packed> toPack() throws IOException
    {
        List<Packed> packed = new ArrayList<>();
        for (Path from : directories)
        {
            for (Path file : ownFiles(from))
            {
                if (file.toString().endsWith(".class"))
                {
                    packed.add(new Packed(from.relativize(file).toString().replace(File.separatorChar, '/'), file));
                }
            }
        }
        return packed;
    }

    /**
     * A file of a jar.
     *
     * @param name in the jar.
     * @param file its bytes.
     */
    public record Packed(String name, Path file)
    {
    }

    /**
     * The class path of a worker that starts from this cache, if the jar is there.
     *
     * @param entries its class path without the cache.
     * @return all of the entries, ours first.
     */
    public List<String> classPath(List<String> entries)
    {
        if (!hasJar())
        {
            return entries;
        }
        touch();
        Set<String> all = new LinkedHashSet<>();
        all.add(jar().toString());
        jars.forEach(jar -> all.add(jar.toString()));
        all.addAll(entries);
        return List.copyOf(all);
    }

    private void touch()
    {
        try
        {
            CacheHome.touch(directory);
        }
        catch (IOException removed)
        {
            // Then it is made again.
        }
    }

    /** @return the JVM's options that name the archive; empty while there is none. */
    public List<String> flags()
    {
        // What the JVM says of an archive that it cannot use would go to the worker's stdout.
        return hasJar() && isOurs(archive()) ? List.of("-XX:SharedArchiveFile=" + archive(), "-Xlog:cds*=off") :
            List.of();
    }

    /** Makes what a cache holds; see {@link #fill}. */
    @FunctionalInterface
    public interface Maker
    {
        /**
         * Makes the files that are not there.
         *
         * @param scratch a directory for parts; each part becomes the cache's by {@link StartCache#publish}.
         * @throws Exception when it cannot be done; it is not tried again.
         */
        void make(Path scratch) throws Exception;
    }

    /**
     * Lets the maker make what is missing, unless another process is at it, and removes caches that nobody uses. Blocks
     * until it is made.
     *
     * @param maker of the files.
     * @throws IOException when the directory cannot be written to.
     */
    public void fill(Maker maker) throws IOException
    {
        CacheHome.makePrivate(directory);
        try (FileChannel channel =
            FileChannel.open(directory.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = channel.tryLock())
        {
            if (lock == null || isComplete())
            {
                return;
            }
            Path scratch = directory.resolve("scratch");
            Trees.remove(scratch);      // of a maker that was killed
            try
            {
                maker.make(Files.createDirectory(scratch));
            }
            catch (Exception e)
            {
                failed(e);
            }
            finally
            {
                Trees.remove(scratch);
            }
            CacheHome.prune(directory);
        }
    }

    private void failed(Exception e) throws IOException
    {
        StringWriter trace = new StringWriter();
        e.printStackTrace(new PrintWriter(trace));
        Files.writeString(directory.resolve(FAILED), trace.toString());
    }

    /**
     * A made file takes its place in the cache.
     *
     * @param part  the file, in the scratch directory.
     * @param place {@link #jar()} or {@link #archive()}.
     * @throws IOException when there is no such file.
     */
    public void publish(Path part, Path place) throws IOException
    {
        SummedFile.publish(part, place);
    }
}
