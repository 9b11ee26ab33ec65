package parallel.child;

import java.io.DataInputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

import parallel.runtime.Header;
import parallel.runtime.Language;
import parallel.runtime.WorkerProcess;

/**
 * A worker process. Its stdin begins with a {@link Header}; until control is connected the end of stdin is the end of the
 * parent, and so of this process. The worker's code reads an empty stdin.
 */
public final class Main
{
    private static final int NOT_CONNECTED = 70;

    private Main()
    {
    }

    /**
     * Started by the library only.
     *
     * @param arguments none.
     */
    public static void main(String[] arguments)
    {
        final InputStream stdin = System.in;
        System.setIn(InputStream.nullInputStream());
        System.setOut(utf8(FileDescriptor.out));
        System.setErr(utf8(FileDescriptor.err));
        loadAhead();
        WorkerProcess process = null;
        try
        {
            process = new WorkerProcess(Header.read(new DataInputStream(stdin)));
            watch(stdin, process);
            process.connect();
        }
        catch (final IOException e)
        {
            System.err.println("parallel: " + e.getMessage());
            System.err.flush();
            if (process != null)
            {
                process.removeWhatIsLeft();
            }
            Runtime.getRuntime().halt(NOT_CONNECTED);
        }
    }

    /** The language loads while files are mapped and sockets connected. What it throws, it throws again to the one who needs it. */
    private static void loadAhead()
    {
        final Thread loading = new Thread(null, () ->
        {
            final Language language = Language.find();
            if (language != null)
            {
                language.load();
            }
        }, "parallel-load-0", 0, false);
        loading.setDaemon(true);
        loading.setUncaughtExceptionHandler((thread, e) -> { });
        loading.start();
    }

    private static PrintStream utf8(FileDescriptor descriptor)
    {
        return new PrintStream(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
    }

    private static void watch(InputStream stdin, WorkerProcess process)
    {
        final Thread lifeline = new Thread(null, () -> awaitEnd(stdin, process), "parallel-lifeline-0", 0, false);
        lifeline.setDaemon(true);
        lifeline.start();
    }

    private static void awaitEnd(InputStream stdin, WorkerProcess process)
    {
        try
        {
            while (stdin.read() >= 0)
            {
                Thread.onSpinWait();
            }
        }
        catch (final IOException e)
        {
            // as good as its end
        }
        process.lifelineEnded();
    }
}
