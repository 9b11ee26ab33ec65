package parallel.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * When a process was started and whether it still runs, from {@code /proc/<pid>/stat} where there is one.
 *
 * <p>{@code ProcessHandle.info().startInstant()} is no identity on Linux: it adds the boot time, which moves when the
 * clock is set. Field 22 (clock ticks since boot) never changes for a process.
 *
 * <pre>
 *   4242 (any (name) here) S 1 4242 ... 170261 ...
 *   |     |                |             |
 *   1     2, up to last )  3 state       22 start, in ticks of 10 ms (USER_HZ is 100 on every Linux)
 * </pre>
 */
final class ProcessStart
{
    private static final boolean PROC = Files.isReadable(Path.of("/proc/self/stat"));
    private static final int MS_PER_TICK = 10;
    private static final int FIELDS_FROM_STATE_TO_START = 22 - 3;

    private ProcessStart()
    {
    }

    static OptionalLong of(long pid)
    {
        if (!PROC)
        {
            return instantOf(pid);
        }
        try
        {
            return OptionalLong.of(start(fields(pid)));
        }
        catch (IOException | RuntimeException ignored)
        {
            return OptionalLong.empty();
        }
    }

    static boolean isAlive(long pid, long startMs)
    {
        return PROC ? isAliveInProc(pid, startMs) : isAliveAsHandle(pid, startMs);
    }

    private static boolean isAliveInProc(long pid, long startMs)
    {
        try
        {
            String[] fields = fields(pid);
            boolean ended = "Z".equals(fields[0]) || "X".equals(fields[0]);
            return !ended && (startMs == 0 || start(fields) == startMs);
        }
        catch (NoSuchFileException gone)
        {
            return false;
        }
        catch (IOException | RuntimeException unreadable)
        {
            // ESRCH while reading: it ended between open and read. Whatever else it is, the kernel knows.
            return isAliveAsHandle(pid, 0);
        }
    }

    private static boolean isAliveAsHandle(long pid, long startMs)
    {
        Optional<ProcessHandle> handle = ProcessHandle.of(pid);
        if (handle.isEmpty() || !handle.get().isAlive())
        {
            return false;
        }
        OptionalLong start = startMs == 0 ? OptionalLong.empty() : instantOf(pid);
        return start.isEmpty() || start.getAsLong() == startMs;
    }

    private static OptionalLong instantOf(long pid)
    {
        return ProcessHandle.of(pid)
            .flatMap((handle) -> handle.info().startInstant())
            .map((instant) -> OptionalLong.of(instant.toEpochMilli()))
            .orElse(OptionalLong.empty());
    }

    private static long start(String[] fields)
    {
        return Long.parseLong(fields[FIELDS_FROM_STATE_TO_START]) * MS_PER_TICK;
    }

    private static String[] fields(long pid) throws IOException
    {
        // One read of all bytes: reading /proc through a stream that asks for the position fails on some kernels.
        byte[] bytes = Files.readAllBytes(Path.of("/proc/" + pid + "/stat"));
        String stat = new String(bytes, StandardCharsets.ISO_8859_1);
        return stat.substring(stat.lastIndexOf(')') + 2).trim().split(" ");
    }
}
