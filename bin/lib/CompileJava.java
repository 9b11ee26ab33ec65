import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Compiles one source tree into one directory of classes, for the commands in bin/. Run by the source launcher:
 * {@code java CompileJava.java SOURCES CLASSES CLASSPATH FINGERPRINT [PROCESSOR]}, the last an annotation processor of the class path.
 *
 * <p>The fingerprint is that of the sources, computed by the caller; it is kept beside the classes (CLASSES.fingerprint) and
 * written last, so that a compilation that was broken off is done again. Two commands that run at once take turns by a file lock, which
 * the kernel releases when its holder dies. Classes are moved into place one by one, and those that did not change stay
 * untouched, so that a JVM that is loading them at the same moment always finds a whole class.
 */
final class CompileJava
{
    /** The newest javac whose warnings are known to be silent here; a later one may have new kinds, which must not stop a user. */
    private static final int NEWEST_STRICT_JAVAC = 25;
    /** Since then javac has a kind of warning that 17 does not: a handle that registers itself while it is made is meant here. */
    private static final int FIRST_WITH_THIS_ESCAPE = 21;

    public static void main(String[] args) throws IOException
    {
        final Path sources = Path.of(args[0]);
        final Path classes = Path.of(args[1]);
        final String fingerprint = args[3];
        final Path stamp = beside(classes, ".fingerprint");
        Files.createDirectories(classes.toAbsolutePath().getParent());
        final boolean done;
        try (FileChannel channel = FileChannel.open(beside(classes, ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock held = channel.lock())
        {
            done = isCurrent(stamp, classes, fingerprint) || compile(sources, classes, args[2], args.length > 4 ? args[4] : null);
            if (done)
            {
                Files.writeString(stamp, fingerprint);
            }
        }
        System.exit(done ? 0 : 1);
    }

    private static Path beside(Path classes, String suffix)
    {
        return classes.resolveSibling(classes.getFileName() + suffix);
    }

    private static boolean isCurrent(Path stamp, Path classes, String fingerprint) throws IOException
    {
        return Files.isDirectory(classes) && Files.exists(stamp) && Files.readString(stamp).equals(fingerprint);
    }

    private static boolean compile(Path sources, Path classes, String classPath, String processor) throws IOException
    {
        final Path fresh = beside(classes, ".new");
        final ToolProvider javac = ToolProvider.findFirst("javac").orElse(null);
        if (javac == null)
        {
            System.err.println("The Java runtime " + System.getProperty("java.home") + " has no compiler: a JDK is needed.");
            return false;
        }
        deleteTree(fresh);
        Files.createDirectories(fresh);
        try
        {
            final List<String> files = javaFiles(sources);
            final boolean compiled = files.isEmpty() || javac.run(System.err, System.err, command(files, fresh, classPath, processor)) == 0;
            if (compiled)
            {
                replace(classes, fresh);
            }
            return compiled;
        }
        finally
        {
            deleteTree(fresh);
        }
    }

    private static String[] command(List<String> files, Path fresh, String classPath, String processor)
    {
        final List<String> command = new ArrayList<>(List.of("--release", "17", "-encoding", "UTF-8", "-g"));
        if (processor != null)
        {
            // What it generates is not ours to keep free of warnings.
            command.addAll(List.of("-processor", processor, "-nowarn"));
        }
        else
        {
            command.addAll(List.of("-proc:none", lint()));
            if (Runtime.version().feature() <= NEWEST_STRICT_JAVAC)
            {
                command.add("-Werror");
            }
        }
        command.addAll(List.of("-d", fresh.toString(), "-classpath", existing(classPath)));
        command.addAll(files);
        return command.toArray(String[]::new);
    }

    private static String lint()
    {
        return Runtime.version().feature() < FIRST_WITH_THIS_ESCAPE ? "-Xlint:all" : "-Xlint:all,-this-escape";
    }

    private static List<String> javaFiles(Path sources) throws IOException
    {
        try (Stream<Path> files = Files.walk(sources))
        {
            return files.map(Path::toString).filter(file -> file.endsWith(".java")).sorted().collect(Collectors.toList());
        }
    }

    /** The entries that exist: javac warns of the others, and a warning is an error here. */
    private static String existing(String classPath)
    {
        final String separator = System.getProperty("path.separator");
        return Arrays.stream(classPath.split(separator))
            .filter(entry -> !entry.isEmpty() && Files.exists(Path.of(entry)))
            .collect(Collectors.joining(separator));
    }

    private static void replace(Path classes, Path fresh) throws IOException
    {
        Files.createDirectories(classes);
        final Set<Path> kept = new HashSet<>();
        for (Path file : filesIn(fresh))
        {
            final Path relative = fresh.relativize(file);
            final Path target = classes.resolve(relative);
            kept.add(relative);
            Files.createDirectories(target.getParent());
            if (!Files.exists(target) || Files.mismatch(file, target) >= 0)
            {
                Files.move(file, target, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
            }
        }
        for (Path file : filesIn(classes))
        {
            if (!kept.contains(classes.relativize(file)))
            {
                Files.delete(file);
            }
        }
    }

    private static List<Path> filesIn(Path directory) throws IOException
    {
        try (Stream<Path> files = Files.walk(directory))
        {
            return files.filter(Files::isRegularFile).collect(Collectors.toList());
        }
    }

    private static void deleteTree(Path directory) throws IOException
    {
        if (Files.exists(directory))
        {
            try (Stream<Path> files = Files.walk(directory))
            {
                for (Path file : files.sorted(Comparator.reverseOrder()).collect(Collectors.toList()))
                {
                    Files.delete(file);
                }
            }
        }
    }
}
