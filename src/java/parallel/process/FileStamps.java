package parallel.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;

/** Whether files are what they were: path, size and time of each. */
final class FileStamps
{
    /** What Clojure reads when it starts, and what every worker loads. */
    private static final List<String> READ_AT_START =
        List.of("user.clj", "user.cljc", "user__init.class", "data_readers.clj", "data_readers.cljc", "clojure", "parallel");
    private static final List<String> LOADS_OTHERS = List.of("user.clj", "user.cljc", "user__init.class");

    private FileStamps()
    {
    }

    static List<String> of(final Collection<String> entries)
    {
        final List<Path> directories = new ArrayList<>();
        final List<String> stamps = new ArrayList<>();
        for (final String entry : entries)
        {
            final Path path = Path.of(entry.endsWith("*") ? entry.substring(0, entry.length() - 1) : entry);
            if (Files.isDirectory(path))
            {
                directories.add(path);
            }
            else
            {
                add(path, stamps);
            }
        }
        final boolean all = directories.stream().anyMatch(FileStamps::loadsOthers);
        directories.forEach(directory -> addDirectory(directory, all, stamps));
        return stamps;
    }

    private static boolean loadsOthers(final Path directory)
    {
        return LOADS_OTHERS.stream().anyMatch(name -> Files.exists(directory.resolve(name)));
    }

    private static void addDirectory(final Path directory, final boolean all, final List<String> stamps)
    {
        if (all)
        {
            addTree(directory, stamps);
            return;
        }
        READ_AT_START.forEach(name -> addTree(directory.resolve(name), stamps));
    }

    private static void addTree(final Path top, final List<String> stamps)
    {
        if (!Files.exists(top))
        {
            return;
        }
        try (Stream<Path> files = Files.walk(top))
        {
            files.sorted().forEach(file -> add(file, stamps));
        }
        catch (final IOException | UncheckedIOException unreadable)
        {
            stamps.add(top + " unreadable");
        }
    }

    private static void add(final Path file, final List<String> stamps)
    {
        try
        {
            final BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            if (attributes.isRegularFile())
            {
                stamps.add(stamp(file, attributes));
            }
        }
        catch (final IOException notThere)
        {
            stamps.add(file + " missing");
        }
    }

    static String stamp(final Path file) throws IOException
    {
        return stamp(file, Files.readAttributes(file, BasicFileAttributes.class));
    }

    private static String stamp(final Path file, final BasicFileAttributes attributes)
    {
        return file + " " + attributes.size() + " " + attributes.lastModifiedTime().toMillis();
    }
}
