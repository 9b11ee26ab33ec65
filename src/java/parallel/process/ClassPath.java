package parallel.process;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** The class path this JVM works with now, and class paths made absolute. Safe from any thread. */
public final class ClassPath
{
    private static final String WILDCARD = File.separator + "*";

    private ClassPath()
    {
    }

    /**
     * This JVM's class path: that of its command line, its module path, then what class loaders on the way from the
     * calling thread's context class loader have been given since (libraries added at a prompt). Reads directories of
     * the module path, and unpacks jars within a jar; else nothing.
     *
     * @return absolute entries, each once, in the order they are searched.
     */
    public static List<String> current()
    {
        Set<String> entries = new LinkedHashSet<>();
        String path = System.getProperty("java.class.path", "");
        String modules = System.getProperty("jdk.module.path", "");
        if (!path.isEmpty() || modules.isEmpty())
        {
            entries.addAll(absolute(List.of(path)));
        }
        absolute(modules.isEmpty() ? List.of() : List.of(modules)).forEach((entry) -> addModules(entry, entries));
        addLoaded(Thread.currentThread().getContextClassLoader(), entries);
        addLoaded(ClassPath.class.getClassLoader(), entries);
        return entries.stream().flatMap((entry) -> NestedJars.unpacked(entry).stream()).distinct().toList();
    }

    /**
     * Makes entries absolute against the directory this JVM was started in. An entry may itself be a path list; an
     * empty one means that directory; a wildcard ({@code lib/*}) stays one.
     *
     * @param entries of a class path.
     * @return single absolute entries, in order, each once.
     */
    public static List<String> absolute(Collection<String> entries)
    {
        Set<String> absolute = new LinkedHashSet<>();
        for (String entry : entries)
        {
            for (String part : entry.split(File.pathSeparator, -1))
            {
                absolute.add(Platform.absolute(part));
            }
        }
        return List.copyOf(absolute);
    }

    /**
     * Entries that are not there: java passes over them in silence.
     *
     * @param entries of a class path.
     * @return those that do not exist, absolute; of a wildcard its directory counts.
     */
    public static List<String> missing(Collection<String> entries)
    {
        return absolute(entries).stream()
            .filter((entry) ->
            !new File(entry.endsWith(WILDCARD) ? entry.substring(0, entry.length() - 1) : entry).exists())
            .toList();
    }

    /** An entry of a module path is a jar, an exploded module, or a directory of those. */
    private static void addModules(String entry, Set<String> entries)
    {
        Path path = Path.of(entry);
        if (!Files.isDirectory(path) || Files.exists(path.resolve("module-info.class")))
        {
            entries.add(entry);
            return;
        }
        try (DirectoryStream<Path> modules = Files.newDirectoryStream(path))
        {
            Set<String> sorted = new TreeSet<>();
            modules.forEach((module) -> sorted.add(module.toString()));
            sorted.removeIf((module) -> !module.endsWith(".jar") && !Files.isDirectory(Path.of(module)));
            entries.addAll(sorted);
        }
        catch (IOException unreadable)
        {
            entries.add(entry);
        }
    }

    private static void addLoaded(ClassLoader loader, Set<String> entries)
    {
        Deque<URLClassLoader> parentsFirst = new ArrayDeque<>();
        for (ClassLoader next = loader; next != null; next = next.getParent())
        {
            if (next instanceof URLClassLoader)
            {
                parentsFirst.push((URLClassLoader)next);
            }
        }
        parentsFirst.forEach((each) -> addFiles(each.getURLs(), entries));
    }

    private static void addFiles(URL[] urls, Set<String> entries)
    {
        for (URL url : urls)
        {
            if (url != null && "file".equals(url.getProtocol()))
            {
                entries.add(pathOf(url));
            }
        }
    }

    private static String pathOf(URL url)
    {
        try
        {
            return Path.of(url.toURI()).toString();
        }
        catch (URISyntaxException | IllegalArgumentException unescaped)
        {
            return new File(url.getPath()).getAbsolutePath();   // made by hand, say with a space in it
        }
    }
}
