package parallel.process;

import java.io.InputStream;

/** The streams of a process as a system without {@code /proc} gives them. */
public final class Streams
{
    private Streams()
    {
    }

    /** @return the process's standard output. */
    public static InputStream polledOutput(Process process)
    {
        return new PolledInput(process, process.getInputStream());
    }

    /** @return the process's standard error. */
    public static InputStream polledError(Process process)
    {
        return new PolledInput(process, process.getErrorStream());
    }
}
