package parallel.process;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;

/** The few facts of the operating system that this room branches on. */
final class Platform
{
    static final boolean WINDOWS = File.separatorChar == '\\';
    static final boolean LINUX = System.getProperty("os.name", "").startsWith("Linux");
    static final Path SHELL = Path.of("/bin/sh");

    private Platform()
    {
    }

    /** An image without a shell exists (distroless); there a worker is started directly. */
    static boolean hasShell()
    {
        return !WINDOWS && Files.isExecutable(SHELL);
    }

    /** The path against the directory this JVM was started in, whatever the path is made of ({@code *} included). */
    static String absolute(String path)
    {
        return new File(path).isAbsolute() ? path : join(System.getProperty("user.dir"), path);
    }

    private static String join(String base, String path)
    {
        return path.isEmpty() ? base : base.endsWith(File.separator) ? base + path : base + File.separator + path;
    }
}
