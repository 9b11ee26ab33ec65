package parallel.hosts;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

import parallel.runtime.Session;

/** The crash report of a JVM on a host: read there, kept here. */
final class CrashReport
{
    private static final System.Logger LOG = System.getLogger("parallel");
    /** A report has some 100 kB. */
    private static final int MOST_BYTES = 1 << 20;

    private CrashReport()
    {
    }

    /** Its first megabyte, null where it cannot be read. */
    static byte[] read(Path path)
    {
        try (InputStream in = Files.newInputStream(path))
        {
            return in.readNBytes(MOST_BYTES);
        }
        catch (IOException e)
        {
            return null;
        }
    }

    /**
     * Writes what the agent has read to a file in this session's directory, which goes with the session.
     *
     * @param host its name.
     * @param how  the worker has ended, as the agent told.
     * @return the file; null where there is no report.
     */
    static Path kept(String host, Map<String, Object> how)
    {
        if (!(how.get("hs-err-text") instanceof byte[] text) || !(how.get("hs-err") instanceof String path))
        {
            return null;
        }
        try
        {
            Path directory = Session.current().directory().memory();
            return Files.write(directory.resolve(host.replaceAll("[^A-Za-z0-9.-]", "_") + "-" +
                Path.of(path).getFileName()), text);
        }
        catch (IOException | UncheckedIOException e)
        {
            LOG.log(System.Logger.Level.WARNING, "The crash report " + path + " of host " + host +
                " cannot be kept here", e);
            return null;
        }
    }
}
