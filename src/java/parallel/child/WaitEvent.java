package parallel.child;

import jdk.jfr.Category;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import parallel.control.RecordingNames;

/** A wait of the library that has ended, written by the thread that waited. */
@Name(RecordingNames.WAIT)
@Label("Wait")
@Category("parallel")
final class WaitEvent extends Event
{
    @Name(RecordingNames.WHAT)
    private final String what;
    @Name(RecordingNames.WAITED)
    private final long waited;

    WaitEvent(String what, long waited)
    {
        this.what = what;
        this.waited = waited;
    }

    String what()
    {
        return what;
    }

    long waited()
    {
        return waited;
    }
}
