package parallel.control;

import java.nio.file.Path;
import java.time.Duration;

/** What a parent and its worker agree on of the recordings of the JDK's flight recorder. Loads no class of that. */
public final class RecordingNames
{
    /** A property of a worker that records all the time: the directory of its session for such files. */
    public static final String FLIGHT_PROPERTY = "parallel.flight";
    /** The module of the JDK that records. */
    public static final String MODULE = "jdk.jfr";
    /** How often a thread that runs is looked at. A wait counts as many samples as it has such periods. */
    public static final Duration PERIOD = Duration.ofMillis(10);
    /** The event of a wait of the library that has ended. Its fields are WHAT and WAITED. */
    public static final String WAIT = "parallel.Wait";
    /** The event of a wait of any thread that goes on when the recording ends. It has FRAMES and THREAD, too. */
    public static final String OPEN_WAIT = "parallel.OpenWait";
    /** What is waited for. */
    public static final String WHAT = "what";
    /** For how long, in nanoseconds; negative where that is not known. */
    public static final String WAITED = "waited";
    /** Class and method of each frame, the innermost first, a line for each. */
    public static final String FRAMES = "frames";
    /** The thread that waits. */
    public static final String THREAD = "of";
    /** What waits of the JDK are for: {@code LockSupport.park}. Shorter than 16 characters, as all of these. */
    public static final String PARK = "park";
    /** {@code Thread.sleep}. */
    public static final String SLEEP = "sleep";
    /** {@code Object.wait}. */
    public static final String MONITOR = "monitor";
    /** {@code synchronized}. */
    public static final String LOCK = "jvm-lock";
    /** How the names of threads begin that play the requests for recordings. */
    public static final String RECORDER_THREAD = "parallel-record-";
    /** In the directory of a process: what it has recorded, if it ended as it should. */
    public static final String AT_EXIT = "exit.jfr";

    private RecordingNames()
    {
    }

    /**
     * Where a process keeps the files of its recorder.
     *
     * @param directory of the session, for such files.
     * @param pid       of the process.
     * @return a directory, which may not be there.
     */
    public static Path ofProcess(Path directory, long pid)
    {
        return directory.resolve("recorder-" + pid);
    }
}
