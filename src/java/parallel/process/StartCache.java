package parallel.process;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
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
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What lets a JVM start sooner than its class path alone, kept between sessions:
 *
 * <pre>
 *   ~/.cache/parallel/start/4f1d...9a/start.jar     code compiled in advance; first on the class path
 *                           |         start.jsa     an archive of the classes that a start loads (AppCDS)
 *                           |         *.sum         their lengths and checksums: a JVM that maps a broken archive crashes
 *                           |         failed        why one of them cannot be made; not tried again
 *                           |         lock          held by who makes them
 *                           key: of the JDK, and of the path, size and time of each file whose code is in them
 * </pre>
 *
 * An archive takes jars only, and those must be the first of the class path: so the jars that every worker loads from move
 * to the front, and what lies in directories of the library's own is packed into start.jar. Where one of these jars would then
 * hide a file of somebody else's that stood before it, there is no cache. Whatever is missing or broken is left out; a worker
 * then only starts more slowly.
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

    private StartCache(final Path directory, final List<Path> jars, final List<Path> directories)
    {
        this.directory = directory;
        this.jars = jars;
        this.directories = directories;
    }

    /**
     * The cache for workers with this JVM's java command and class path. Reads the attributes of the files the key is of.
     *
     * @param resources names of files of the class path; every worker loads code from the jars, or directories, they are in, and
     *                  what is beside or below one of them is of the same library.
     * @return empty where caching is off, has no private directory, or would change what a name of the class path means.
     */
    public static Optional<StartCache> find(final List<String> resources)
    {
        try
        {
            final Optional<Path> home = CacheHome.find();
            if (home.isEmpty())
            {
                return Optional.empty();
            }
            final Optional<StartCache> own = ofThisJvm(home.get());
            return own.isPresent() ? own : keyed(home.get(), resources);
        }
        catch (final IOException | URISyntaxException | RuntimeException unreadable)
        {
            return Optional.empty();
        }
    }

    /** This JVM was itself started from a cache: so are its workers, since their class path begins as its own does. */
    private static Optional<StartCache> ofThisJvm(final Path home)
    {
        final Path first = Path.of(System.getProperty("java.class.path", "").split(File.pathSeparator, 2)[0]);
        return first.endsWith(JAR) && first.startsWith(home) ?
            Optional.of(new StartCache(first.getParent(), List.of(), List.of())) : Optional.empty();
    }

    private static Optional<StartCache> keyed(final Path home, final List<String> resources) throws IOException, URISyntaxException
    {
        final Set<Path> jars = new LinkedHashSet<>();
        final Set<Path> directories = new LinkedHashSet<>();
        for (final String name : resources)
        {
            final URL url = ClassLoader.getSystemResource(name);
            if (url == null)
            {
                return Optional.empty();
            }
            final Path place = place(url, name);
            if (Files.isRegularFile(place))
            {
                jars.add(place);
            }
            else if (name.startsWith(OWN))
            {
                directories.add(place);
            }
            else
            {
                return Optional.empty();    // Clojure itself, say, is being worked on
            }
        }
        if (hidesOthers(resources, jars, directories))
        {
            return Optional.empty();
        }
        return Optional.of(new StartCache(home.resolve(key(jars, directories)), List.copyOf(jars), List.copyOf(directories)));
    }

    /** The jar or directory that a resource was found in. */
    private static Path place(final URL url, final String name) throws URISyntaxException
    {
        final String text = url.toString();
        return "jar".equals(url.getProtocol()) ?
            Path.of(new URI(text.substring("jar:".length(), text.length() - name.length() - "!/".length()))) :
            Path.of(new URI(text.substring(0, text.length() - name.length())));
    }

    /** Does a directory that is not ours hold a file that one of the jars has, too: a patch of Clojure's, say? */
    private static boolean hidesOthers(final List<String> resources, final Set<Path> jars, final Set<Path> directories) throws IOException
    {
        final Set<String> roots = new LinkedHashSet<>();
        resources.stream().filter(name -> !name.startsWith(OWN)).forEach(name -> roots.add(name.substring(0, name.lastIndexOf('/'))));
        for (final String entry : ClassPath.current())
        {
            final Path path = Path.of(entry);
            if (!jars.contains(path) && !directories.contains(path) && Files.isDirectory(path))
            {
                for (final String root : roots)
                {
                    if (hasOneOf(jars, path, path.resolve(root)))
                    {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    private static boolean hasOneOf(final Set<Path> jars, final Path directory, final Path root) throws IOException
    {
        if (!Files.isDirectory(root))
        {
            return false;
        }
        try (Stream<Path> files = Files.walk(root))
        {
            return files.filter(Files::isRegularFile)
                .map(file -> directory.relativize(file).toString().replace(File.separatorChar, '/'))
                .anyMatch(name -> ClassLoader.getSystemClassLoader().resources(name).count() > 1);
        }
    }

    private static String key(final Set<Path> jars, final Set<Path> directories) throws IOException
    {
        final MessageDigest digest = sha256();
        add(digest, System.getProperty("java.home") + " " + System.getProperty("java.vm.version"));
        for (final Path jar : jars)
        {
            add(digest, FileStamps.stamp(jar));
        }
        for (final Path directory : directories)
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
        catch (final NoSuchAlgorithmException everyJdkHasIt)
        {
            throw new IllegalStateException(everyJdkHasIt);
        }
    }

    private static void add(final MessageDigest digest, final String line)
    {
        digest.update((line + "\n").getBytes(StandardCharsets.UTF_8));
    }

    private static List<Path> ownFiles(final Path directory) throws IOException
    {
        try (Stream<Path> files = Files.walk(directory.resolve(OWN)))
        {
            return files.filter(Files::isRegularFile).sorted().toList();
        }
    }

    /** @return false while something can still be made. */
    public boolean isComplete()
    {
        return hasJar() && SummedFile.isWhole(archive()) || Files.exists(directory.resolve(FAILED));
    }

    /** @return is the jar made, and whole? */
    public boolean hasJar()
    {
        return SummedFile.isWhole(jar());
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
        final List<Packed> packed = new ArrayList<>();
        for (final Path from : directories)
        {
            for (final Path file : ownFiles(from))
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
    public List<String> classPath(final List<String> entries)
    {
        if (!hasJar())
        {
            return entries;
        }
        touch();
        final Set<String> all = new LinkedHashSet<>();
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
        catch (final IOException removed)
        {
            // Then it is made again.
        }
    }

    /** @return the JVM's options that name the archive; empty while there is none. */
    public List<String> flags()
    {
        // What the JVM says of an archive that it cannot use would go to the worker's stdout.
        return hasJar() && SummedFile.isWhole(archive()) ? List.of("-XX:SharedArchiveFile=" + archive(), "-Xlog:cds*=off") : List.of();
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
     * Lets the maker make what is missing, unless another process is at it, and removes caches that nobody uses. Blocks until it is made.
     *
     * @param maker of the files.
     * @throws IOException when the directory cannot be written to.
     */
    public void fill(final Maker maker) throws IOException
    {
        CacheHome.makePrivate(directory);
        try (FileChannel channel = FileChannel.open(directory.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = channel.tryLock())
        {
            if (lock == null || isComplete())
            {
                return;
            }
            final Path scratch = directory.resolve("scratch");
            Trees.remove(scratch);      // of a maker that was killed
            try
            {
                maker.make(Files.createDirectory(scratch));
            }
            catch (final Exception e)
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

    private void failed(final Exception e) throws IOException
    {
        final StringWriter trace = new StringWriter();
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
    public void publish(final Path part, final Path place) throws IOException
    {
        SummedFile.publish(part, place);
    }
}
