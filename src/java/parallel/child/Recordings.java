package parallel.child;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.function.BiConsumer;

import parallel.codec.Codec;
import parallel.control.Frames;
import parallel.control.RecordingNames;
import parallel.process.SessionDirectory;
import parallel.runtime.Context;
import parallel.runtime.Threads;

/**
 * The recordings of this process: those that its parent asks for, and the one of a worker that records all the time.
 * The classes of the JDK's recorder are loaded once there is one. Safe from any thread.
 */
final class Recordings
{
    /** Of the session, for such files; null while there are none. */
    private static volatile Path ofSession;

    private final Context context;
    private final BiConsumer<Long, Evaluation> reply;
    /** Null until somebody asks for a recording. Written under the lock of this. */
    private volatile Recorder recorder;
    /** Plays the request before; null until there is one. Used by the control thread alone. */
    private Thread last;

    /**
     * None yet.
     *
     * @param context whose process it is.
     * @param reply   takes the number of a request and its answer.
     */
    Recordings(Context context, BiConsumer<Long, Evaluation> reply)
    {
        this.context = context;
        this.reply = reply;
    }

    /** Records all the time, if this worker was started so; blocks until that has begun. */
    void beginFlight() throws IOException
    {
        String directory = System.getProperty(RecordingNames.FLIGHT_PROPERTY);
        if (directory != null)
        {
            if (isMissing())
            {
                throw new IOException("The option flight needs the module " + RecordingNames.MODULE +
                    ", which the Java of this worker does not have.");
            }
            recorder(Path.of(directory)).beginFlight();
        }
    }

    private static boolean isMissing()
    {
        return ModuleLayer.boot().findModule(RecordingNames.MODULE).isEmpty();
    }

    /** Of a worker that has lost its parent: nobody will ask for the files. */
    static void removeIfOwnerGone()
    {
        Path directory = ofSession;
        if (directory != null)
        {
            SessionDirectory.removeIfOwnerGone(directory, directory);
        }
    }

    private synchronized Recorder recorder(Path directory) throws IOException
    {
        ofSession = directory;
        if (recorder == null)
        {
            recorder = new Recorder(directory);
        }
        return recorder;
    }

    /** A frame RECORD: false is answered where this Java cannot record. */
    void begin(ByteBuffer frame)
    {
        long number = Frames.number(frame);
        Path directory = Path.of((String)Codec.fromBytes(Frames.payload(frame)));
        answer(number, () ->
        {
            if (isMissing())
            {
                return false;
            }
            recorder(directory).begin(number);
            return true;
        });
    }

    /** A frame RECORDED. */
    void end(ByteBuffer frame)
    {
        Object[] which = (Object[])Codec.fromBytes(Frames.payload(frame));
        answer(Frames.number(frame), () ->
        {
            Recorder ours = recorder;
            if (ours != null)
            {
                ours.end((Long)which[0], Path.of((String)which[1]));
            }
            return ours != null;
        });
    }

    /** What is asked for. */
    private interface Request
    {
        Object play() throws IOException;
    }

    /** On a thread of its own, as it takes long, and one after the other. */
    private void answer(long number, Request request)
    {
        Thread before = last;
        last = Threads.start(RecordingNames.RECORDER_THREAD + context.id(), () ->
        {
            Evaluation answer;
            try
            {
                if (before != null)
                {
                    before.join();
                }
                answer = Evaluation.value(request.play());
            }
            catch (IOException | InterruptedException e)
            {
                answer = failure(e);
            }
            reply.accept(number, answer);
        }, e -> reply.accept(number, failure(e)));
    }

    private static Evaluation failure(Throwable e)
    {
        return WorkerSide.failure(e);
    }

    /** A wait of the library has ended, on the calling thread. */
    void waited(String what, long nanos)
    {
        Recorder ours = recorder;
        if (ours != null)
        {
            ours.waited(what, nanos);
        }
    }
}
