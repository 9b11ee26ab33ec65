package parallel.process;

import java.util.List;

/** What is true of this JVM's process, and whether another one still is what it was. Safe from any thread. */
public final class ThisProcess
{
    private static final long PID = ProcessHandle.current().pid();
    private static final long START = ProcessStart.of(PID).orElse(0);

    private ThisProcess()
    {
    }

    /** @return the process id, as other processes of the same container see it. */
    public static long pid()
    {
        return PID;
    }

    /**
     * When this process was started, as a stamp that every process reads alike: on Linux milliseconds since the machine
     * was booted, elsewhere since 1970. For comparing only: a pid that is used again has another stamp.
     *
     * @return the stamp, 0 where the system tells nothing.
     */
    public static long startMs()
    {
        return START;
    }

    /**
     * The same stamp for another process.
     *
     * @param pid of it.
     * @return the stamp, 0 where there is no such process or the system tells nothing.
     */
    public static long startMs(long pid)
    {
        return ProcessStart.of(pid).orElse(0);
    }

    /**
     * Is the process still the one that was seen with this stamp? A zombie (ended, not yet reaped) is not alive. Never
     * blocks.
     *
     * @param pid     of it.
     * @param startMs its stamp; 0 when it is not known: then any process with that pid counts.
     * @return false only when it has certainly ended.
     */
    public static boolean isAlive(long pid, long startMs)
    {
        return ProcessStart.isAlive(pid, startMs);
    }

    /**
     * The flags of this JVM that a worker needs to load the same code: {@code --add-*}, {@code --enable-*} and the
     * assertion switches. Properties, agents, memory and debugger flags are not inherited; what every
     * worker gets anyway is left out.
     *
     * @return the flags, in order, each one word.
     */
    public static List<String> inheritedJvmFlags()
    {
        return JvmFlags.inherited();
    }
}
