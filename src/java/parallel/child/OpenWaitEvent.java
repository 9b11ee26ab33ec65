package parallel.child;

import jdk.jfr.Category;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import parallel.control.RecordingNames;

/** A wait that goes on when a recording ends. The JDK tells of a wait only when it is over. */
@Name(RecordingNames.OPEN_WAIT)
@Label("Open wait")
@Category("parallel")
@StackTrace(false)
final class OpenWaitEvent extends Event
{
    @Name(RecordingNames.WHAT)
    private final String what;
    @Name(RecordingNames.WAITED)
    private final long waited;
    @Name(RecordingNames.THREAD)
    private final Thread of;
    @Name(RecordingNames.FRAMES)
    private final String frames;

    OpenWaitEvent(String what, long waited, Thread of, String frames)
    {
        this.what = what;
        this.waited = waited;
        this.of = of;
        this.frames = frames;
    }

    String what()
    {
        return what;
    }

    long waited()
    {
        return waited;
    }

    Thread of()
    {
        return of;
    }

    String frames()
    {
        return frames;
    }
}
