package parallel.child;

import java.io.IOException;
import java.lang.Thread.State;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

import javax.management.JMException;
import javax.management.ObjectName;

import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;
import parallel.control.RecordingNames;
import parallel.process.ThisProcess;
import parallel.process.Trees;
import parallel.runtime.Threads;
import parallel.runtime.WaitNote;
import parallel.runtime.Waits;

/**
 * Records what the threads of this process do, with the JDK's flight recorder. It is loaded when somebody first asks
 * for a recording: the JDK takes some hundred milliseconds for the first one. Safe from any thread.
 */
final class Recorder
{
    private static final String CPU_TIME = "jdk.CPUTimeSample";
    /** An event of each of these is a thread that waited. */
    private static final Set<String> WAITS = Set.of("jdk.ThreadPark", "jdk.ThreadSleep", "jdk.JavaMonitorWait",
        "jdk.JavaMonitorEnter", "jdk.SocketRead", "jdk.SocketWrite", "jdk.FileRead", "jdk.FileWrite", "jdk.FileForce");
    private static final Duration LEAST_WAIT = Duration.ofMillis(1);
    /** Of what is recorded all the time: a chunk is removed when there is more. */
    private static final long MOST_BYTES = 4 << 20;
    /** The recorder of JDK 17 loses texts of 16 to 128 characters where it begins another chunk. */
    private static final int LONG_TEXT = 129;
    /** Stacks of Clojure are deep, and a cut one lacks its root. */
    private static final String[] SETTINGS = {"stackdepth=256", "maxchunksize=1M"};

    private final Map<Long, Recording> running = new ConcurrentHashMap<>();
    private final AtomicInteger active = new AtomicInteger();
    private final Path files;

    /**
     * Makes the recorder of this process.
     *
     * @param directory of the session, for such files.
     * @throws IOException if there can be no files.
     */
    Recorder(Path directory) throws IOException
    {
        files = RecordingNames.ofProcess(directory, ThisProcess.pid());
        if (!FlightRecorder.isInitialized())    // else its user has asked for it, and said where its files are
        {
            Trees.remove(files);                // of a process that had our number before
            Files.createDirectories(files);
            configure(files);
        }
    }

    /** There is no other way to say where the files lie, once the JVM runs. */
    private static void configure(Path repository) throws IOException
    {
        String[] settings = {"repositorypath=" + repository, SETTINGS[0], SETTINGS[1]};
        try
        {
            ManagementFactory.getPlatformMBeanServer().invoke(
                new ObjectName("com.sun.management:type=DiagnosticCommand"), "jfrConfigure",
                new Object[]{settings}, new String[]{String[].class.getName()});
        }
        catch (JMException e)
        {
            throw new IOException("the flight recorder takes no directory: " + e, e);
        }
    }

    /** Begins a recording; see {@link #end}. */
    void begin(long number)
    {
        Recording recording = started();
        running.put(number, recording);
    }

    /** Records until the end of the process. What there is then is kept. */
    void beginFlight() throws IOException
    {
        Recording recording = started();
        recording.setMaxSize(MOST_BYTES);
        recording.setDestination(files.resolve(RecordingNames.AT_EXIT));
        recording.setDumpOnExit(true);
    }

    private Recording started()
    {
        Recording recording = new Recording();
        recording.setToDisk(true);
        if (hasCpuTime())
        {
            recording.enable(CPU_TIME).with("throttle", RecordingNames.PERIOD.toMillis() + " ms");
        }
        else
        {
            recording.enable("jdk.ExecutionSample").withPeriod(RecordingNames.PERIOD);
            recording.enable("jdk.NativeMethodSample").withPeriod(RecordingNames.PERIOD);
        }
        WAITS.forEach(name -> recording.enable(name).withStackTrace().withThreshold(LEAST_WAIT));
        recording.enable(WaitEvent.class).withStackTrace();
        recording.enable(OpenWaitEvent.class);
        recording.start();
        active.incrementAndGet();
        return recording;
    }

    /** The JDK samples by time of processors from 25 on, on Linux. */
    private static boolean hasCpuTime()
    {
        return System.getProperty("os.name").equals("Linux") && FlightRecorder.getFlightRecorder().getEventTypes()
            .stream().anyMatch(type -> type.getName().equals(CPU_TIME));
    }

    /**
     * Ends a recording.
     *
     * @param number that it was begun with.
     * @param file   is written.
     * @throws IOException if it cannot be.
     */
    void end(long number, Path file) throws IOException
    {
        try (Recording recording = running.remove(number))
        {
            if (recording != null)
            {
                noteOpenWaits();
                active.decrementAndGet();
                recording.stop();
                recording.dump(file);
            }
        }
    }

    /** A wait of the library has ended, on the calling thread. */
    void waited(String what, long nanos)
    {
        if (active.get() > 0 && nanos >= LEAST_WAIT.toNanos())
        {
            new WaitEvent(what, nanos).commit();
        }
    }

    private static void noteOpenWaits()
    {
        for (Map.Entry<Thread, StackTraceElement[]> each : Thread.getAllStackTraces().entrySet())
        {
            Thread thread = each.getKey();
            WaitNote note = Waits.noteOf(thread);
            if (note != null)
            {
                open(note.what(), System.nanoTime() - note.beganNanos(), each);
            }
            else if (isBlocked(thread.getState()) && !Threads.isOfLibrary(thread))
            {
                open(kind(thread, each.getValue()), -1, each);
            }
        }
    }

    private static void open(String what, long nanos, Map.Entry<Thread, StackTraceElement[]> thread)
    {
        StringBuilder frames = new StringBuilder();
        for (StackTraceElement frame : thread.getValue())
        {
            frames.append(frame.getClassName()).append(' ').append(frame.getMethodName()).append('\n');
        }
        while (frames.length() < LONG_TEXT)
        {
            frames.append('\n');
        }
        new OpenWaitEvent(what, nanos, thread.getKey(), frames.toString()).commit();
    }

    private static boolean isBlocked(State state)
    {
        return state == State.WAITING || state == State.TIMED_WAITING || state == State.BLOCKED;
    }

    private static String kind(Thread thread, StackTraceElement[] frames)
    {
        if (thread.getState() == State.BLOCKED)
        {
            return RecordingNames.LOCK;
        }
        String method = frames.length == 0 ? "" : frames[0].getMethodName().toLowerCase(Locale.ROOT);
        return method.startsWith("park") ? RecordingNames.PARK :
            method.startsWith("sleep") ? RecordingNames.SLEEP : RecordingNames.MONITOR;
    }
}
