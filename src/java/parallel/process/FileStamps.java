package parallel.process;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Whether files are what they were: path, size and time of each. */
final class FileStamps
{
    /** What Clojure reads when it loads itself; user.clj is read by clojure.main only. */
    private static final List<String> READ_AT_START = List.of("data_readers.clj", "data_readers.cljc");
    /** What every worker loads, where it lies in directories. */
    private static final List<String> LOADED_AT_START = List.of("clojure", "parallel", "org/agrona");

    private FileStamps()
    {
    }

    /**
     * The files that a JVM may have read before it has loaded any code of the user's.
     *
     * @param entries of a class path, absolute.
     * @param known   whether what every worker loads is stamped elsewhere.
     * @return their stamps.
     */
    static List<String> ofClassPath(Collection<String> entries, boolean known)
    {
        List<Path> directories = new ArrayList<>();
        List<String> stamps = new ArrayList<>();
        for (String entry : entries)
        {
            Path path = Path.of(entry.endsWith("*") ? entry.substring(0, entry.length() - 1) : entry);
            String stamp = stampOf(path);
            if (stamp == null)
            {
                directories.add(path);
            }
            else
            {
                stamps.add(stamp);
            }
        }
        for (Path directory : directories)
        {
            READ_AT_START.forEach(name -> stamps.add(stampOf(directory.resolve(name))));
            if (!known)
            {
                LOADED_AT_START.forEach(name -> stamps.addAll(ofTree(directory.resolve(name))));
            }
        }
        return stamps;
    }

    /**
     * The files of a directory, those below it included.
     *
     * @param top the directory; one that is not there has none.
     * @return their stamps, in the order of their names.
     */
    static Set<String> ofTree(Path top)
    {
        Set<String> stamps = new TreeSet<>();
        try
        {
            Files.walkFileTree(top, new SimpleFileVisitor<>()
            {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                {
                    stamps.add(stamp(file, attributes));
                    return FileVisitResult.CONTINUE;
                }
            });
        }
        catch (IOException unreadable)
        {
            stamps.add(top + " unreadable");    // or not there: which of the two may change
        }
        return stamps;
    }

    /** Null for a directory. */
    private static String stampOf(Path file)
    {
        try
        {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            return attributes.isDirectory() ? null : stamp(file, attributes);
        }
        catch (IOException notThere)
        {
            return file + " missing";
        }
    }

    static String stamp(Path file) throws IOException
    {
        return stamp(file, Files.readAttributes(file, BasicFileAttributes.class));
    }

    private static String stamp(Path file, BasicFileAttributes attributes)
    {
        return file + " " + attributes.size() + " " + attributes.lastModifiedTime().toMillis();
    }
}
