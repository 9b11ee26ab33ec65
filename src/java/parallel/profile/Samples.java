package parallel.profile;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordedStackTrace;
import jdk.jfr.consumer.RecordedThread;
import parallel.control.RecordingNames;
import parallel.profile.FrameNames.Frame;

/** The stacks of one worker in a span of time, each with how long it was seen. One thread at a time. */
final class Samples
{
    /** What the JDK's waits are for, by its events. */
    private static final Map<String, String> WAITS = Map.of("jdk.ThreadPark", RecordingNames.PARK,
        "jdk.ThreadSleep", RecordingNames.SLEEP, "jdk.JavaMonitorWait", RecordingNames.MONITOR,
        "jdk.JavaMonitorEnter", RecordingNames.LOCK, "jdk.SocketRead", "socket", "jdk.SocketWrite", "socket",
        "jdk.FileRead", "file", "jdk.FileWrite", "file", "jdk.FileForce", "file");
    /** Native code that waits is told by an event of its own, or is idle. */
    private static final List<String> NATIVE_WAITS = List.of("sun.nio.", "java.net.", "java.io.", "java.lang.Process",
        "java.lang.Thread", "java.lang.Object", "jdk.internal.misc.Unsafe", "jdk.jfr.");

    private static final List<String> RECORDERS = List.of(RecordingNames.RECORDER_THREAD, "JFR ");

    private final Instant from;
    private final Instant to;
    private final Map<String, Long> nanos = new HashMap<>();
    /** When a thread was last seen to do something else than what it does at the end. */
    private final Map<Long, Instant> seen = new HashMap<>();
    /** The last of each thread: another recording of that time may have ended before. */
    private final Map<Long, RecordedEvent> open = new HashMap<>();

    Samples(Instant from, Instant to)
    {
        this.from = from;
        this.to = to;
    }

    /** Takes an event of any kind. */
    void add(RecordedEvent event)
    {
        String name = event.getEventType().getName();
        switch (name)
        {
            case "jdk.ExecutionSample" -> ran(event, event.getThread("sampledThread"), RecordingNames.PERIOD);
            case "jdk.NativeMethodSample" -> ranNative(event);
            case "jdk.CPUTimeSample" -> ran(event, event.getThread("eventThread"), event.getDuration("samplingPeriod"));
            case RecordingNames.WAIT ->
                waited(event, event.getString(RecordingNames.WHAT), false, event.getLong(RecordingNames.WAITED));
            case RecordingNames.OPEN_WAIT -> open.merge(threadOf(event), event,
                (one, other) -> one.getEndTime().isAfter(other.getEndTime()) ? one : other);
            default ->
            {
                if (WAITS.containsKey(name))
                {
                    waited(event, WAITS.get(name), true, event.getDuration().toNanos());
                }
            }
        }
    }

    private void ranNative(RecordedEvent event)
    {
        List<Frame> frames = frames(event.getStackTrace());
        if (!frames.isEmpty() && NATIVE_WAITS.stream().noneMatch(frames.get(0).type()::startsWith))
        {
            ran(event, event.getThread("sampledThread"), RecordingNames.PERIOD);
        }
    }

    private void ran(RecordedEvent event, RecordedThread thread, Duration period)
    {
        List<Frame> frames = frames(event.getStackTrace());
        Instant at = event.getStartTime();
        if (!frames.isEmpty() && !records(thread))
        {
            see(thread, at);
            if (!at.isBefore(from) && !at.isAfter(to))
            {
                nanos.merge(FrameNames.folded(frames), period.toNanos(), Long::sum);
            }
        }
    }

    /** What is only there since somebody looks. */
    private static boolean records(RecordedThread thread)
    {
        String name = thread == null ? null : thread.getJavaName();
        return name != null && RECORDERS.stream().anyMatch(name::startsWith);
    }

    private void waited(RecordedEvent event, String what, boolean ofJdk, long length)
    {
        Instant end = event.getEndTime();
        see(event.getThread(), end);
        wait(frames(event.getStackTrace()), what, ofJdk, end.minusNanos(length), end);
    }

    private void see(RecordedThread thread, Instant at)
    {
        if (thread != null)
        {
            seen.merge(thread.getId(), at, (one, other) -> one.isAfter(other) ? one : other);
        }
    }

    /**
     * A wait that is told by the JDK counts where the code of users waits, and one of the library where that called it:
     * the library's own threads wait for work, and its waits are told by itself.
     */
    private void wait(List<Frame> frames, String what, boolean ofJdk, Instant began, Instant ended)
    {
        int first = 0;
        while (first < frames.size() && frames.get(first).isOfJdk())
        {
            first++;
        }
        if (first == frames.size() || ofJdk && frames.get(first).isOfLibrary() ||
            frames.stream().allMatch(Frame::isPlumbing))
        {
            return;
        }
        int inner = 0;
        while (!ofJdk && (frames.get(inner).isOfLibrary() || frames.get(inner).isOfJdk()))
        {
            inner++;
        }
        Instant start = began.isBefore(from) ? from : began;
        Instant end = ended.isAfter(to) ? to : ended;
        if (end.isAfter(start))
        {
            nanos.merge(FrameNames.folded(frames.subList(inner, frames.size())) + ";[waits: " +
                what + "]", Duration.between(start, end).toNanos(), Long::sum);
        }
    }

    /** What was seen; a sample for each period. */
    Map<String, Long> counts()
    {
        open.values().forEach(this::wasOpen);
        Map<String, Long> counts = new TreeMap<>();
        nanos.forEach((stack, time) ->
        {
            long count = Math.round((double)time / RecordingNames.PERIOD.toNanos());
            if (count > 0)
            {
                counts.put(stack, count);
            }
        });
        return counts;
    }

    /** Where nobody has said since when it waits: since it was last seen to do something else. */
    private void wasOpen(RecordedEvent event)
    {
        long waited = event.getLong(RecordingNames.WAITED);
        Instant end = event.getEndTime();
        Instant began = waited >= 0 ? end.minusNanos(waited) : seen.getOrDefault(threadOf(event), from);
        List<Frame> frames = new ArrayList<>();
        for (String line : event.getString(RecordingNames.FRAMES).split("\n"))
        {
            int space = line.indexOf(' ');
            if (space > 0)
            {
                frames.add(new Frame(line.substring(0, space), line.substring(space + 1)));
            }
        }
        wait(frames, event.getString(RecordingNames.WHAT), waited < 0, began, end);
    }

    private static long threadOf(RecordedEvent event)
    {
        RecordedThread thread = event.getThread(RecordingNames.THREAD);
        return thread == null ? -1 : thread.getId();
    }

    private static List<Frame> frames(RecordedStackTrace stack)
    {
        List<Frame> frames = new ArrayList<>();
        if (stack != null)
        {
            for (RecordedFrame frame : stack.getFrames())
            {
                if (frame.isJavaFrame() && frame.getMethod() != null)
                {
                    frames.add(new Frame(frame.getMethod().getType().getName(), frame.getMethod().getName()));
                }
            }
        }
        return frames;
    }
}
