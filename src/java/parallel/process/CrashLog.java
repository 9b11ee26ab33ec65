package parallel.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Finds the {@code hs_err_pid<pid>.log} that HotSpot writes when it crashes. */
final class CrashLog
{
    private static final String ERROR_FILE = "-XX:ErrorFile=";
    private static final long CLOCK_MS = 2000;     // file systems round

    private CrashLog()
    {
    }

    /** HotSpot tries the named file, its working directory, then the temp dir. */
    static Optional<Path> find(Launch launch, long pid, long sinceMs)
    {
        Path directory = Path.of(Platform.absolute(launch.directory() == null ? "" : launch.directory().toString()));
        String name = "hs_err_pid" + pid + ".log";
        List<Path> candidates = new ArrayList<>();
        for (String option : launch.jvmOpts())
        {
            if (option.startsWith(ERROR_FILE))
            {
                addNamed(directory, option.substring(ERROR_FILE.length()).replace("%p", String.valueOf(pid)),
                    candidates);
            }
        }
        candidates.add(directory.resolve(name));
        candidates.add(Path.of("/tmp", name));
        candidates.add(Path.of(System.getProperty("java.io.tmpdir"), name));
        return candidates.stream().filter((path) -> isWrittenSince(path, sinceMs)).findFirst();
    }

    /** A pid is used again, and logs stay for years. */
    private static boolean isWrittenSince(Path path, long sinceMs)
    {
        try
        {
            return Files.isRegularFile(path) && Files.getLastModifiedTime(path).toMillis() >= sinceMs - CLOCK_MS;
        }
        catch (IOException removedMeanwhile)
        {
            return false;
        }
    }

    private static void addNamed(Path directory, String name, List<Path> candidates)
    {
        try
        {
            candidates.add(directory.resolve(name));
        }
        catch (InvalidPathException ignored)
        {
            // HotSpot could not have written there either.
        }
    }
}
