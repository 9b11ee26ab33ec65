package parallel.dashboard;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** What the system says of a process. */
final class ProcessTable
{
    private static final String RESIDENT = "VmRSS:";
    private static final String STATE = "State:";
    private static final long KILOBYTE = 1024;

    /**
     * A process.
     *
     * @param cpuMs   processor time that it has used; negative: not known.
     * @param memory  bytes of main memory that it has; negative: not known.
     * @param stopped whether a signal has stopped it.
     */
    record Facts(long cpuMs, long memory, boolean stopped)
    {
        static final Facts NONE = new Facts(-1, -1, false);
    }

    private ProcessTable()
    {
    }

    static Facts of(long pid)
    {
        long cpuMs = ProcessHandle.of(pid).flatMap(process -> process.info().totalCpuDuration())
            .map(Duration::toMillis).orElse(-1L);
        long memory = -1;
        boolean stopped = false;
        for (String line : status(pid).split("\n"))
        {
            if (line.startsWith(STATE))
            {
                stopped = line.substring(STATE.length()).trim().startsWith("T");
            }
            else if (line.startsWith(RESIDENT))
            {
                memory = KILOBYTE * Long.parseLong(line.replaceAll("[^0-9]", ""));
            }
        }
        return new Facts(cpuMs, memory, stopped);
    }

    /** Empty where there is no such process any more, or no /proc. */
    private static String status(long pid)
    {
        try
        {
            return new String(Files.readAllBytes(Path.of("/proc/" + pid + "/status")), StandardCharsets.ISO_8859_1);
        }
        catch (IOException e)
        {
            return "";
        }
    }
}
